"""Watch the model think, in a terminal: `python examples/langchain_trace.py [QUESTION]`."""

import base64
import sys
import time
from pathlib import Path
from uuid import UUID

from langchain_core.messages import HumanMessage

from langchain_autoglm import ChatAutoGLM, ReasoningPrinter, ReasoningTraceHandler, TurnFacts

PICTURE = Path(__file__).parents[1] / "autoglm_agent" / "media" / "toys.png"


class Stopwatch(ReasoningTraceHandler):
    """A handler of one's own: how long the model thought, and what its gate let through most."""

    def on_reasoning_start(self, run_id: UUID) -> None:
        """Start the watch."""
        self.started_s = time.perf_counter()

    def on_reasoning_end(self, text: str, run_id: UUID) -> None:
        """Stop it; the answer has not begun yet."""
        self.thought_ms = (time.perf_counter() - self.started_s) * 1000

    def on_turn_end(self, facts: TurnFacts, run_id: UUID) -> None:
        """Tell the result."""
        heaviest = max(facts.gate, key=facts.gate.get)
        print(f"{self.thought_ms:.0f} ms of thought, mostly on the {heaviest}")


def main(question: str) -> None:
    """Ask about a picture; the reasoning is printed as it comes, then the answer."""
    picture = {"type": "image", "base64": base64.b64encode(PICTURE.read_bytes()).decode(), "mime_type": "image/png"}
    message = HumanMessage([picture, {"type": "text", "text": question}])
    model = ChatAutoGLM(model="nano", temperature=0)
    for chunk in model.stream([message], {"callbacks": [ReasoningPrinter(), Stopwatch()]}):
        print(chunk.text, end="", flush=True)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "红色的玩具车在哪里？")
