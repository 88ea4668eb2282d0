"""The standard suite fetches a picture and a recording from the web: here they are local, so that no network is needed."""

from pathlib import Path

import httpx
import pytest
from langchain_tests.integration_tests import chat_models as suite

from langchain_autoglm import fetching

MEDIA = Path(__file__).parents[3] / "autoglm_agent" / "media"
PICTURE, RECORDING = MEDIA / "label.png", MEDIA.parents[1] / "tests" / "media" / "birds.wav"


@pytest.fixture(autouse=True)
def local_media(monkeypatch):
    """What the suite and what the model fetch, by the ending of the address."""
    monkeypatch.setenv("LANGCHAIN_TESTS_USER_AGENT", "autoglm-agent tests")

    def content(url):
        return {"png": PICTURE, "wav": RECORDING}[url.rpartition(".")[2]].read_bytes()

    def get(url, **options):
        return httpx.Response(200, content=content(url))

    async def fetch(url):
        return "image/png", content(url)

    monkeypatch.setattr(suite.httpx, "get", get)
    monkeypatch.setattr(fetching, "fetch", fetch)
