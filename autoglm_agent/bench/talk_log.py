"""What happened in one conversation: what the user did, and what the session told, each with its moment.

Data only. All times are seconds since the conversation began, as the user's clock shows them; in virtual time nothing
takes any on its way.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from autoglm_agent.bench.talk_scripts import Burst, TalkScript, TurnKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """The user spoke: from the first to the last sample of a sentence, its pauses included. A muted one ends there."""

    kind: TurnKind
    text: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Interjection:
    """A backchannel or a noise. `text` is empty for a noise."""

    text: str
    burst: Burst | None
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Told:
    """An event of the session as JSON, its sound replaced by `audio_ms`."""

    at_s: float
    event: dict[str, Any]

    @property
    def kind(self) -> str:
        """Its type."""
        return str(self.event["type"])


@dataclass(slots=True, kw_only=True)
class TalkLog:
    """One conversation. `remembered` is what the session holds of each reply at the end, by item."""

    script: TalkScript
    done: list[Turn | Interjection] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    remembered: dict[str, str] = field(default_factory=dict)
    end_s: float = 0.0

    @property
    def turns(self) -> list[Turn]:
        """What was said to be answered."""
        return [act for act in self.done if isinstance(act, Turn)]

    @property
    def interjections(self) -> list[Interjection]:
        """What was not."""
        return [act for act in self.done if isinstance(act, Interjection)]

    def times(self, kind: str) -> list[float]:
        """When events of a type were told."""
        return [told.at_s for told in self.told if told.kind == kind]


@dataclass(slots=True, kw_only=True)
class Reply:
    """A reply as its listener had it. `until_s` is when its sound ended: played out, or stopped by new speech."""

    response_id: str
    item_id: str = ""
    text: str = ""
    start_s: float | None = None
    until_s: float = 0.0
    heard_ms: float = 0.0
    done_s: float | None = None
    status: str = ""


def replies(log: TalkLog) -> list[Reply]:
    """The replies of a conversation, played as a client plays them.

    At once, with gaps where nothing came; all that waits is thrown away when new speech is told.
    """
    found: dict[str, Reply] = {}
    for told in log.told:
        event = told.event
        match told.kind:
            case "response.created":
                found[event["response"]["id"]] = Reply(response_id=event["response"]["id"])
            case "response.output_audio_transcript.delta":
                reply = found[event["response_id"]]
                reply.item_id = event["item_id"]
                reply.text += event["delta"]
            case "response.output_audio.delta":
                reply = found[event["response_id"]]
                reply.start_s = told.at_s if reply.start_s is None else reply.start_s
                reply.until_s = max(reply.until_s, told.at_s) + event["audio_ms"] / 1000
                reply.heard_ms += event["audio_ms"]
            case "response.done":
                reply = found[event["response"]["id"]]
                reply.done_s, reply.status = told.at_s, event["response"]["status"]
            case "input_audio_buffer.speech_started":
                for reply in found.values():
                    if reply.until_s > told.at_s:
                        reply.heard_ms -= (reply.until_s - told.at_s) * 1000
                        reply.until_s = told.at_s
            case _:
                pass
    return list(found.values())
