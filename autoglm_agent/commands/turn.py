"""One turn as a client sees it: the server's events gathered into what was heard, seen, thought and said."""

from __future__ import annotations

from dataclasses import dataclass, field

from autoglm_agent.client import Event

TRANSCRIPTION = "conversation.item.input_audio_transcription"


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of the model. `arguments` is JSON as text."""

    call_id: str
    name: str
    arguments: str


@dataclass(slots=True)
class Turn:
    """What has been seen so far. `gate` has the newest weights, `latency_ms` the stages after the end of speech."""

    transcript: str = ""
    partials: int = 0
    frame_ms: float | None = None
    gate: dict[str, float] | None = None
    reasoning: str = ""
    text: str = ""
    calls: list[ToolCall] = field(default_factory=list)
    latency_ms: dict[str, float] = field(default_factory=dict)
    problem: str = ""

    def take(self, event: Event) -> None:
        """Add an event; what a turn does not show is ignored."""
        match event["type"]:
            case "error":
                self.problem = event["error"]["message"]
            case "autoglm.latency":
                self.latency_ms[event["stage"]] = event["ms"]
            case kind if kind.startswith("response."):
                self._answered(event)
            case _:
                self._perceived(event)

    def _perceived(self, event: Event) -> None:
        match event["type"]:
            case "conversation.item.input_audio_transcription.delta":
                self.transcript += event["delta"]
                self.partials += 1
            case "conversation.item.input_audio_transcription.completed":
                self.transcript = event["transcript"]
            case "conversation.item.input_audio_transcription.failed":
                self.problem = event["error"]["message"]
            case "autoglm.vision.frame_encoded" if not event["skipped"] or self.frame_ms is None:
                self.frame_ms = event["latency_ms"]
            case "autoglm.fusion.updated":
                self.gate = event["weights"]

    def _answered(self, event: Event) -> None:
        match event["type"]:
            case "response.reasoning_text.delta":
                self.reasoning += event["delta"]
            case "response.output_text.delta" | "response.output_audio_transcript.delta":
                self.text += event["delta"]
            case "response.function_call_arguments.done":
                self.calls.append(ToolCall(event["call_id"], event["name"], event["arguments"]))
            case "response.done":
                self._end(event["response"])

    def _end(self, response: Event) -> None:
        if response["status"] == "completed":
            return
        details = response.get("status_details") or {}
        why = (details.get("error") or {}).get("message") or details.get("reason") or "no reason given"
        self.problem = f"the response is {response['status']}: {why}"
