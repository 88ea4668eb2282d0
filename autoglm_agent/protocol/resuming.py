"""What a client is told that comes back over another socket: `session.resumed`, or how things stand now.

Which events it missed, and whether they can still be repeated, is known to the runtime's journal.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from pydantic_core import from_json

from autoglm_agent.protocol.config import AudioFormat
from autoglm_agent.protocol.conversation import Conversation
from autoglm_agent.protocol.item_codec import to_wire
from autoglm_agent.protocol.requests import Parts
from autoglm_agent.protocol.wire import server_events as events
from autoglm_agent.protocol.wire.items import Item

#: A snapshot must fit into one frame (1 MiB): the settings, and as many items as there is room for.
MAX_SNAPSHOT_BYTES = 1_000_000

VOICE = "response.output_audio.delta"


def welcome_back(parts: Parts, *, is_complete: bool, received_events: int) -> None:
    """Queue the first event for the new socket. `is_complete`: all that the client missed follows."""
    parts.input_audio.reconnected()
    session, event_id = parts.session.echo(), parts.outbox.event_id()
    received_ms = parts.input_audio.received_ms
    if is_complete:
        parts.outbox.put(
            events.SessionResumed(
                event_id=event_id, session=session, received_audio_ms=received_ms, received_events=received_events
            )
        )
        return
    shown, previous = _newest_items(parts.conversation, MAX_SNAPSHOT_BYTES - len(session.model_dump_json().encode()))
    parts.outbox.put(
        events.SessionResyncRequired(
            event_id=event_id,
            session=session,
            items=shown,
            previous_item_id=previous,
            received_audio_ms=received_ms,
            received_events=received_events,
        )
    )


def voice_ms(texts: Iterable[str], audio_format: AudioFormat) -> dict[str, float]:
    """How much voice events carry, in milliseconds by item."""
    found: dict[str, float] = defaultdict(float)
    for text in texts:
        if VOICE not in text:
            continue
        event = from_json(text)
        if event["type"] == VOICE:
            num_samples = len(event["delta"]) * 3 // 4 // audio_format.bytes_per_sample
            found[event["item_id"]] += num_samples * 1_000 / audio_format.sample_rate_hz
    return dict(found)


def _newest_items(conversation: Conversation, room_bytes: int) -> tuple[list[Item], str | None]:
    """As many of the last items as fit, in order, and the id in front of them."""
    shown: list[Item] = []
    for item in conversation.newest():
        wire_item = to_wire(item)
        room_bytes -= len(wire_item.model_dump_json().encode()) + 1
        if room_bytes < 0:
            return shown[::-1], item.id
        shown.append(wire_item)
    return shown[::-1], None
