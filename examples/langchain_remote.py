"""The chat model over HTTP, to a server that runs (`autoglm serve`): `python examples/langchain_remote.py [URL]`."""

import json
import sys
from contextlib import aclosing
from pathlib import Path

import anyio

from langchain_autoglm import ChatAutoGLM, ReasoningPrinter

TOOLS = json.loads(Path(__file__).with_name("tools.json").read_text(encoding="utf-8"))
QUESTIONS = ["你是谁？", "大熊猫吃什么？", "企鹅住在哪里？"]


async def main(url: str) -> None:
    """Stream one answer with its reasoning, stop another early, then ask three questions at once and for a call."""
    model = ChatAutoGLM(base_url=url, model="nano", temperature=0, timeout=60)
    async for chunk in model.astream(QUESTIONS[0], {"callbacks": [ReasoningPrinter(facts=False)]}):
        print(chunk.text, end="", flush=True)
    print()

    async with aclosing(model.astream(QUESTIONS[1])) as stream:
        async for _ in stream:
            break  # leaving the stream stops the server's engine, too

    for question, answer in zip(QUESTIONS, await model.abatch(QUESTIONS), strict=True):
        print(question, answer.text)

    called = await model.bind_tools(TOOLS).ainvoke("把空调调到二十六度")
    print(called.tool_calls[0]["name"], called.tool_calls[0]["args"])


if __name__ == "__main__":
    anyio.run(main, sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000")
