"""A spoken question over a picture, to a server that runs: `python examples/realtime_client.py [URL]`."""

import sys
from pathlib import Path

import anyio
import numpy as np

from autoglm_agent.audio.files import SAMPLE_RATE_HZ, read_audio
from autoglm_agent.client import connect

MEDIA = Path(__file__).parents[1] / "autoglm_agent" / "media"


async def main(url: str) -> None:
    """Show the picture, play the recording at its own speed, print what comes back meanwhile."""
    speech = read_audio(MEDIA / "toys.flac")
    silence = np.zeros(SAMPLE_RATE_HZ, np.float32)  # ends the turn, as a pause of the speaker does
    async with connect(url) as client, anyio.create_task_group() as tasks:
        await client.update_session(
            output_modalities=["text"],
            audio={"input": {"transcription": {"model": "nano"}, "turn_detection": {"type": "server_vad"}}},
            autoglm={"events": ["response.reasoning_text", "autoglm.fusion.updated"]},
        )
        await client.send_image((MEDIA / "toys.png").read_bytes())
        tasks.start_soon(client.play, np.concatenate([speech, silence]), SAMPLE_RATE_HZ)
        async for event in client:
            match event["type"]:
                case "conversation.item.input_audio_transcription.delta":
                    print("heard", event["delta"])
                case "autoglm.fusion.updated":
                    print("gate ", event["weights"])
                case "response.reasoning_text.done":
                    print("think", event["text"])
                case "response.output_text.done":
                    print("reply", event["text"])
                case "response.done":
                    break


if __name__ == "__main__":
    anyio.run(main, sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000")
