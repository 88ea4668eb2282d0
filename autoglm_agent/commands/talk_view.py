"""How a talk looks: its events cut into turns, each shown as the demonstration shows one. What happens is in `talk`."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from autoglm_agent.client import Event
from autoglm_agent.commands.demo_view import View
from autoglm_agent.commands.turn import Turn

STOPPED = "turn_detected"


class TalkView:
    """A turn goes from the user's first word to the end of the answer, or to the word that stopped it."""

    def __init__(self, view: View, console: Console) -> None:
        self._view, self._console = view, console
        self._turn: Turn | None = None
        self._responding = self._interrupted = False
        self._frame: Event | None = None
        self.words = ""
        """What is going to be said, if that is known: shown with the next turn."""

    def show(self, event: Event) -> None:
        """Take an event of the server."""
        match event["type"]:
            case "input_audio_buffer.speech_started":
                self._interrupted = self._responding
                if not self._responding:
                    self._begin()
            case "response.created":
                self._responding = True
                if self._turn is None:
                    self._begin()
        if self._turn is not None:
            self._take(event)
        elif event["type"] == "autoglm.vision.frame_encoded":
            self._frame = event if not event["skipped"] else self._frame
        elif event["type"] == "error":
            self._console.print(Text(f"  error   {event['error']['message']}", style="red"))
        if event["type"] == "response.done":
            self._done(event["response"])

    def finish(self) -> None:
        """The talk is over."""
        if self._turn is not None:
            self._view.end(self._turn)
            self._turn = None

    def _begin(self) -> None:
        if self._turn is not None and not self._turn.transcript:
            return  # nothing was understood so far: still the same turn
        self.finish()
        self._turn = Turn()
        self._view.begin(self.words, self._turn)
        self.words = ""
        if self._frame is not None:  # it came before the first word
            self._take(self._frame)
            self._frame = None

    def _take(self, event: Event) -> None:
        assert self._turn is not None
        self._turn.take(event)
        self._view.show(event, self._turn)

    def _done(self, response: Event) -> None:
        self._responding = False
        is_call = any(item["type"] == "function_call" for item in response["output"])
        if is_call and response["status"] == "completed":
            return  # the answer to its result belongs to the same turn
        problem = self._turn.problem if self._turn is not None else ""
        self.finish()
        if STOPPED in problem:
            self._console.print(Text("  stopped since you spoke", style="dim"))
        elif problem:
            self._console.print(Text(f"  error   {problem}", style="red"))
        if self._interrupted:
            self._interrupted = False
            self._begin()
