"""A recording, written down as it is heard, by `openai`: `python examples/transcriptions.py [URL] [FILE]`."""

import sys
from pathlib import Path

from openai import OpenAI

RECORDING = Path(__file__).parents[1] / "autoglm_agent" / "media" / "zoo1.flac"


def main(url: str, recording: Path) -> None:
    """Print each piece when it is heard, then the whole, in which what sounds alike may be corrected."""
    with OpenAI(base_url=f"{url}/v1", api_key="none") as client:
        for event in client.audio.transcriptions.create(model="nano", file=recording, language="zh", stream=True):
            if event.type == "transcript.text.delta":
                print(event.delta, end=" ", flush=True)
            else:
                print(f"\n{event.text}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000", Path(*sys.argv[2:3] or [RECORDING]))
