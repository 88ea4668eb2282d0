"""A spoken question over a picture, in LangChain: `python examples/langchain_see_and_hear.py [RECORDING PICTURE]`."""

import base64
import mimetypes
import sys
from pathlib import Path
from typing import Any

from langchain_core.messages import HumanMessage

from langchain_autoglm import ChatAutoGLM, ReasoningRecorder

MEDIA = Path(__file__).parents[1] / "autoglm_agent" / "media"


def block(kind: str, path: Path) -> dict[str, Any]:
    """The file as a content block of LangChain's."""
    mime_type = mimetypes.guess_type(path.name)[0] or f"{kind}/{path.suffix[1:]}"
    return {"type": kind, "base64": base64.b64encode(path.read_bytes()).decode(), "mime_type": mime_type}


def main(recording: Path, picture: Path) -> None:
    """Ask by voice; print what the model thought, what it answers, and what its gate let through."""
    recorder = ReasoningRecorder()
    model = ChatAutoGLM(model="nano", temperature=0)
    question = HumanMessage([block("image", picture), block("audio", recording)])
    answer = model.invoke([question], {"callbacks": [recorder]})

    facts = recorder.last.facts
    print("thinks", recorder.last.text)
    print("says  ", answer.text)
    print("gate  ", ", ".join(f"{name} {weight:.2f}" for name, weight in facts.gate.items()))
    print("took  ", ", ".join(f"{stage} {ms:.0f} ms" for stage, ms in facts.latency_ms.items()))
    print("tokens", answer.usage_metadata)


if __name__ == "__main__":
    files = [Path(name) for name in sys.argv[1:3]] or [MEDIA / "toys.flac", MEDIA / "toys.png"]
    main(*files)
