"""The model inside a program of yours, without a server: `python examples/in_process.py [MODEL]`."""

import sys

import anyio

from autoglm_agent.engine.messages import ReasoningDelta, Result, TextDelta
from autoglm_agent.protocol.chat import ChatMessage, ChatTurns
from autoglm_agent.protocol.ids import RandomIds
from autoglm_agent.protocol.items import TextContent
from autoglm_agent.runtime import ComputeBridge, EngineSpec, complete


async def show(result: Result) -> None:
    """Print a piece of the reasoning or of the answer."""
    if isinstance(result, ReasoningDelta | TextDelta):
        print(result.text, end="", flush=True)


async def main(model: str) -> None:
    """Load the model in a thread and ask once."""
    question = ChatMessage(role="user", content=(TextContent(text="你是谁？"),))
    async with ComputeBridge.thread(EngineSpec(model=model, device="auto", dtype="auto")) as bridge:
        await bridge.ready()
        chat = ChatTurns(model=model, messages=(question,), max_tokens=256)
        finished = await complete(bridge, chat, show, new_id=RandomIds().new)
    print(f"\n{finished.usage.output_tokens} tokens, {finished.decode_ms:.0f} ms")


if __name__ == "__main__":
    anyio.run(main, sys.argv[1] if len(sys.argv) > 1 else "nano")
