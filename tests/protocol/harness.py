"""A client's end of a connection, without a socket: sends JSON, keeps every server event, checks each one's form."""

import base64
import json

import openai.types.realtime as openai_realtime
from pydantic import TypeAdapter

from autoglm_agent.protocol import facts
from autoglm_agent.protocol.config import SessionDefaults
from autoglm_agent.protocol.connection import RealtimeConnection
from autoglm_agent.protocol.ids import CountingIds
from autoglm_agent.protocol.wire.server_events import server_event_adapter

OURS = ("autoglm.", "response.reasoning_text.", "session.resumed", "session.resync_required")
openai_event = TypeAdapter(openai_realtime.RealtimeServerEvent)

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
)
JPEG = b"\xff\xd8\xff\xe0 not decoded here"


def data_uri(image=JPEG, mime="image/jpeg"):
    return f"data:{mime};base64,{base64.b64encode(image).decode()}"


def pcm(ms, rate=24_000):
    return base64.b64encode(b"\x01\x00" * (rate * ms // 1_000)).decode()


class Peer:
    """A connection with someone at the other end."""

    def __init__(self, defaults=None, ask_openai=True, **options):
        self.ask_openai = ask_openai
        self.connection = RealtimeConnection(
            defaults or SessionDefaults(voices=("mandarin", "english")),
            ids=CountingIds(),
            clock=lambda: 1_000.0,
            **options,
        )
        self.log = []
        self.connection.open()
        self.drain()

    def drain(self):
        """Take the new events, each checked against our models and the `openai` package's."""
        fresh = []
        for text in self.connection.events_to_send():
            assert len(text.encode()) < 1024 * 1024
            event = json.loads(text)
            parsed = server_event_adapter.validate_json(text)
            assert json.loads(parsed.model_dump_json()) == event
            if self.ask_openai and not event["type"].startswith(OURS):
                understood = openai_event.validate_json(text)
                assert understood.type == event["type"]
            fresh.append(event)
        self.log += fresh
        return fresh

    def give(self, kind, **fields):
        """Send a client event; return the commands."""
        return self.give_raw(json.dumps({"type": kind, **fields}))

    def give_raw(self, text):
        self.commands = self.connection.receive_text(text)
        self.fresh = self.drain()
        return self.commands

    def ask(self, kind, **fields):
        """Send a client event; return the events it got."""
        self.give(kind, **fields)
        return self.fresh

    def tell(self, *things):
        """Let facts happen; return the events."""
        events = []
        for fact in things:
            self.connection.send(fact)
            events += self.drain()
        return events

    def error(self, kind, **fields):
        """Send a client event that must be refused; return the error."""
        events = self.ask(kind, **fields)
        assert [event["type"] for event in events] == ["error"], events
        assert self.commands == ()
        return events[0]["error"]

    def speak(self, ms=1_000, transcript=None):
        """Append audio and let turn detection find one utterance in it. Return the item's id."""
        self.give("input_audio_buffer.append", audio=pcm(ms))
        item_id = self.connection.input_item_id
        end_ms = self.connection.received_ms
        self.tell(
            facts.SpeechStarted(audio_start_ms=end_ms - ms),
            facts.SpeechStopped(audio_end_ms=end_ms),
            facts.AudioCommitted(),
        )
        if transcript is not None:
            self.tell(facts.TranscriptCompleted(item_id=item_id, transcript=transcript, audio_seconds=ms / 1_000))
        return item_id

    def type_text(self, text="你好", **item):
        """Create a user's text item; return its id."""
        events = self.ask("conversation.item.create", item=user_text(text, **item))
        return events[0]["item"]["id"]

    def begin(self, **params):
        """Create and start a response; return its id."""
        (command,) = self.give("response.create", response=params)
        self.tell(facts.ResponseStarted(response_id=command.response_id))
        return command.response_id


def user_text(text="你好", **item):
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}], **item}


def user_image(image=JPEG, **item):
    content = [{"type": "input_image", "image_url": data_uri(image)}]
    return {"type": "message", "role": "user", "content": content, **item}


def names(events):
    return [event["type"] for event in events]


def short(events):
    """Types as the table writes them: the namespace that says nothing is dropped."""
    return [name.removeprefix("response.").removeprefix("input_audio_buffer.") for name in names(events)]
