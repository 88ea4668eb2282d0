"""Synchronous inference: speech streams, frames, the text scheduler, cache reuse, placement, lazy loading.

Requests and results are serialisable messages with a session's key, so the engine may be a thread, a process or another
machine. It knows nothing of sockets, turns or the wire's events, and contains no `async`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autoglm_agent.engine.core import Engine
    from autoglm_agent.engine.spec import EngineSpec


def load_engine(spec: EngineSpec) -> Engine:
    """Load the model of `spec` and make its engine. Imports torch; importing this package does not.

    Raises:
        AutoGLMError: the model, device or precision cannot be used; the message names cause and remedy.
    """
    from autoglm_agent.engine.load import load

    return load(spec)
