"""The Responses API through the `openai` package, over two turns: `python examples/responses.py [URL]`."""

import sys

from openai import OpenAI

QUESTIONS = ("我叫小明。", "我叫什么名字？")


def main(url: str) -> None:
    """Say something, ask about it; print the reasoning and the answers as they come."""
    previous = None
    with OpenAI(base_url=f"{url}/v1", api_key="none") as client:
        for question in QUESTIONS:
            print(f"> {question}")
            stream = client.responses.create(
                model="nano", input=question, previous_response_id=previous, reasoning={"summary": "auto"}, stream=True
            )
            for event in stream:
                match event.type:
                    case "response.reasoning_summary_text.delta" | "response.output_text.delta":
                        print(event.delta, end="", flush=True)
                    case "response.reasoning_summary_text.done" | "response.output_text.done":
                        print()
                    case "response.completed":
                        previous = event.response.id


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000")
