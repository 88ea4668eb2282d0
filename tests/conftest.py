"""What every test shares: the async backend, and no way to a model hub."""

import os

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # tests pass without a network, and say so when they would need one
os.environ.setdefault("LANGSMITH_TRACING", "false")


@pytest.fixture(scope="session")
def anyio_backend():
    """Asyncio in debug mode: a coroutine never awaited or a blocking callback shows itself."""
    return "asyncio", {"debug": True}
