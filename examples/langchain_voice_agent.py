"""A voice agent for a car, from a recording: `python examples/langchain_voice_agent.py [RECORDING [ANSWER.wav]]`.

The runtime's ears hear the recording in real time; a LangChain agent with the car's tools answers, on nano like the
ears; what it says is written to the second file. With a microphone, give `astream` an async iterable of its sound.
"""

import asyncio
import json
import sys
import wave

from langchain.agents import create_agent
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver

from langchain_autoglm import ChatAutoGLM, RealtimeVoice, recording

CAR = {"temperature": 22.0, "window": "closed"}


@tool("set_ac_temperature", description="设置空调温度")
def set_ac_temperature(temperature: float) -> str:
    """Set the air conditioner, in °C."""
    CAR["temperature"] = temperature
    return json.dumps({"ok": True, "temperature": temperature})


@tool("open_window", description="打开车窗")
def open_window() -> str:
    """Open the driver's window."""
    CAR["window"] = "open"
    return json.dumps({"ok": True})


async def main(source: str, answer: str | None) -> None:
    """Let the agent hear the recording, and print what happens."""
    agent = create_agent(ChatAutoGLM(model="nano"), [set_ac_temperature, open_window], checkpointer=InMemorySaver())
    sound, last = b"", ""
    async for event in RealtimeVoice(agent).astream(recording(source)):
        match event.type:
            case "stt_output":
                print(f"hears  {event.text}", end="")
            case "reasoning_chunk" | "agent_chunk":
                label = "thinks" if event.type == "reasoning_chunk" else "says  "
                print(event.text if event.type == last else f"\n{label} {event.text.lstrip()}", end="", flush=True)
                last = event.type
            case "tool_call":
                print(f"\ncalls  {event.name} {event.arguments}", end="")
            case "tool_result":
                print(f"\ngets   {event.output}", end="")
                last = event.type
            case "tts_chunk":
                sound += event.audio  # to a loudspeaker; `speech_started` is when to fall silent
            case "turn_end":
                print(f"\ncar    {CAR}")
            case "error":
                print(f"error: {event.message}", file=sys.stderr)
    if answer is not None:
        with wave.open(answer, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(24_000)
            file.writeframes(sound)


if __name__ == "__main__":
    paths = sys.argv[1:] or ["autoglm_agent/media/car.flac"]
    asyncio.run(main(paths[0], paths[1] if len(paths) > 1 else None))
