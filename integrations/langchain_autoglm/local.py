"""A model in this process, shared by all who name the same model, device and precision; loaded by the first request."""

from __future__ import annotations

from autoglm_agent.runtime import ChatEngine, EngineSpec
from langchain_autoglm.transports import Put, Request


class LocalTransport:
    """The way to the engine of `spec`."""

    def __init__(self, spec: EngineSpec) -> None:
        self.engine = ChatEngine.shared(spec)

    async def ready(self) -> None:
        """Wait until the model is loaded."""
        await self.engine.ready()

    async def answer(self, request: Request, put: Put) -> None:
        """Answer a request."""
        await self.engine.answer(request, put)
