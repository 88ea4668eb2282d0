"""The same model through the `openai` package, streaming: `python examples/chat_completions.py [URL]`."""

import base64
import sys
from pathlib import Path

from openai import OpenAI

PICTURE = Path(__file__).parents[1] / "autoglm_agent" / "media" / "toys.png"


def main(url: str) -> None:
    """Ask about a picture; print the reasoning and the answer as they come."""
    picture = f"data:image/png;base64,{base64.b64encode(PICTURE.read_bytes()).decode()}"
    question = [
        {"type": "image_url", "image_url": {"url": picture}},
        {"type": "text", "text": "我想要那个红色的玩具车"},
    ]
    with OpenAI(base_url=f"{url}/v1", api_key="none") as client:
        stream = client.chat.completions.create(
            model="nano", messages=[{"role": "user", "content": question}], stream=True
        )
        for chunk in stream:
            delta = chunk.choices[0].delta
            print(getattr(delta, "reasoning_content", None) or delta.content or "", end="", flush=True)
    print()


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000")
