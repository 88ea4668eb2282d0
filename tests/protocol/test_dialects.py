"""The dialects over a connection without a socket: what clients send, what they are told, and audio that adds up."""

import base64
import io
import json
import wave

import numpy as np
import pytest

from autoglm_agent.audio import pcm as samples_of
from autoglm_agent.audio.resample import resample
from autoglm_agent.protocol import commands, facts
from autoglm_agent.protocol.config import SessionDefaults
from autoglm_agent.protocol.connection import RealtimeConnection
from autoglm_agent.protocol.dialects import glm
from autoglm_agent.protocol.dialects.detect import GA_PATH, GLM_PATH, QWEN_PATH, Detector, dialect_of
from autoglm_agent.protocol.dialects.glm import GlmDialect
from autoglm_agent.protocol.dialects.qwen import QwenDialect
from autoglm_agent.protocol.ids import CountingIds
from tests.protocol.harness import JPEG, names, user_text

TOOL = {"type": "function", "name": "turn_on", "parameters": {"type": "object", "properties": {}}}
PATHS = {"glm": GLM_PATH, "qwen": QWEN_PATH}


class DialectPeer:
    """A client that speaks a dialect to a connection; time is `now` and moves by hand."""

    def __init__(self, path, voices=("mandarin", "english")):
        self.now = 0.0
        ids = CountingIds()
        self.detector = Detector(path, ids=ids, clock=lambda: self.now)
        dialect = self.detector.dialect
        self.connection = RealtimeConnection(
            SessionDefaults(voices=voices),
            ids=ids,
            clock=lambda: 1_000.0,
            preset=dialect.preset(None) if dialect else None,
        )
        self.connection.open()
        self.opening = self.drain()

    @property
    def dialect(self):
        return self.detector.dialect

    def drain(self):
        texts = self.connection.events_to_send()
        if self.dialect is not None:
            texts = [out for text in texts for out in self.dialect.encode(text)]
        return [json.loads(text) for text in texts]

    def give_raw(self, text):
        dialect = self.detector.see(text)
        if dialect is None:
            self.commands = list(self.connection.receive_text(text))
            return self.drain()
        decoded = dialect.decode(text)
        replies = [json.loads(out) for reply in decoded.replies for out in dialect.encode(reply)]
        self.commands = [c for frame in decoded.frames for c in self.connection.receive_text(frame)]
        return replies + self.drain()

    def ask(self, kind, **fields):
        return self.give_raw(json.dumps({"type": kind, "client_timestamp": 1731999464667, **fields}))

    def update(self, **session):
        return self.ask("session.update", event_id="u1", session=session)[0]

    def error(self, kind, **fields):
        (event,) = self.ask(kind, **fields)
        assert event["type"] == "error", event
        assert self.commands == []
        return event["error"]

    def tell(self, *things):
        for fact in things:
            self.connection.send(fact)
        return self.drain()

    def heard(self, *frames):
        """The 24 kHz samples that these appends made."""
        data = b""
        for frame in frames:
            assert self.ask("input_audio_buffer.append", audio=frame) == []
            data += b"".join(c.audio for c in self.commands if isinstance(c, commands.AppendAudio))
        return data

    def begin(self, **params):
        self.ask("response.create", response=params)
        (command,) = self.commands
        return command.response_id, self.tell(facts.ResponseStarted(response_id=command.response_id))

    def due(self):
        return [json.loads(text) for text in self.dialect.due()]


@pytest.fixture(params=list(PATHS))
def peer(request):
    return DialectPeer(PATHS[request.param])


@pytest.fixture
def glm_peer():
    return DialectPeer(GLM_PATH)


@pytest.fixture
def qwen_peer():
    return DialectPeer(QWEN_PATH)


def encoded(data):
    return base64.b64encode(data).decode()


def noise(seconds, rate_hz):
    return samples_of.encode(np.random.default_rng(7).normal(0, 0.1, int(seconds * rate_hz)))


def wav(data, rate_hz=16_000, channels=1, width=2):
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(width)
        out.setframerate(rate_hz)
        out.writeframes(data)
    return buffer.getvalue()


# --- Which dialect ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("session", "dialect"),
    [
        ({"type": "realtime", "output_modalities": ["text"]}, None),
        ({"type": "realtime", "modalities": ["text"]}, None),
        ({"instructions": "短"}, None),
        ({"beta_fields": {"chat_mode": "audio"}}, GlmDialect),
        ({"modalities": ["text"]}, QwenDialect),
        ({"turn_detection": {"type": "client_vad"}}, GlmDialect),
        ({"modalities": ["text"], "input_audio_format": "wav"}, GlmDialect),
        ({"input_audio_format": "pcm16", "turn_detection": None}, QwenDialect),
        ("no object", None),
    ],
)
def test_a_first_update_tells_the_dialect(session, dialect):
    assert dialect_of(session) is dialect


def test_the_first_update_on_the_ga_path_decides_for_good():
    peer = DialectPeer(GA_PATH)
    assert names(peer.opening) == ["session.created"]
    assert "audio" in peer.opening[0]["session"]
    events = peer.ask("session.update", session={"beta_fields": {"chat_mode": "video_passive"}})
    assert names(events) == ["session.updated", "heartbeat"]
    assert events[0]["session"]["turn_detection"] == {"type": "client_vad"}
    assert peer.connection.config.turn_detection is None
    assert peer.connection.config.transcription is not None
    ga = DialectPeer(GA_PATH)
    ga.give_raw("{broken")
    ga.give_raw('{"type": "session.update", "session": {"type": "realtime"}}')
    ga.give_raw('{"type": "session.update", "session": {"beta_fields": {}}}')
    assert ga.dialect is None


def test_the_settings_of_a_client_secret_win_over_the_dialect_s(peer):
    preset = peer.dialect.preset(
        {"instructions": "短", "audio": {"input": {"turn_detection": {"type": "semantic_vad"}}}}
    )
    assert preset["instructions"] == "短"
    assert preset["audio"]["input"]["turn_detection"]["type"] == "semantic_vad"
    assert preset["audio"]["input"]["transcription"] == {}


# --- Sessions ---------------------------------------------------------------------------------------------------------


def test_glm_begins_with_client_vad_wav_and_a_heartbeat(glm_peer):
    created, heartbeat = glm_peer.opening
    session = created["session"]
    assert heartbeat == {"type": "heartbeat"}
    assert session["turn_detection"] == {"type": "client_vad"}
    assert session["input_audio_format"] == "wav"
    assert session["output_audio_format"] == "pcm"
    assert session["beta_fields"] == {"chat_mode": "audio", "tts_source": "e2e", "auto_search": False}
    assert {"id", "model", "instructions", "voice", "tool_choice", "temperature"} <= session.keys()
    assert not {"audio", "input_audio_transcription"} & session.keys()
    asked = {"model": "whisper-1"}
    assert glm_peer.update(input_audio_transcription=asked)["session"]["input_audio_transcription"] == asked
    assert glm_peer.update(instructions="短")["session"]["input_audio_transcription"] == asked


def test_qwen_begins_with_server_vad_and_transcription(qwen_peer):
    (created,) = qwen_peer.opening
    session = created["session"]
    assert session["object"] == "realtime.session"
    assert session["modalities"] == ["text", "audio"]
    assert session["turn_detection"]["type"] == "server_vad"
    assert session["turn_detection"]["silence_duration_ms"] == 800
    assert session["input_audio_transcription"] == {"model": session["model"]}


def test_a_glm_update_is_told_back_as_it_is_used(glm_peer):
    updated = glm_peer.update(
        modalities=["audio", "text"],
        voice="english",
        temperature=0.3,
        input_audio_format="pcm16",
        output_audio_format="mp3",
        instructions="短",
        turn_detection={"type": "server_vad", "threshold": 0.0, "prefix_padding_ms": 0, "silence_duration_ms": 0},
        beta_fields={"chat_mode": "video_passive", "auto_search": True},
        tools=[TOOL],
        tool_choice="",
        max_output_tokens=None,
        unknown=1,
    )
    session = updated["session"]
    assert session["input_audio_format"] == "pcm16"
    assert session["output_audio_format"] == "pcm"
    assert session["temperature"] == 0.3
    assert session["voice"] == "english"
    assert session["tools"] == [TOOL]
    assert session["beta_fields"] == {"chat_mode": "video_passive", "tts_source": "e2e", "auto_search": False}
    assert session["turn_detection"]["silence_duration_ms"] == 500
    assert session["turn_detection"]["threshold"] == 0.5
    assert glm_peer.connection.config.instructions == "短"


@pytest.mark.parametrize("detection", [{}, {"turn_detection": None}, {"turn_detection": {"type": "client_vad"}}])
def test_glm_goes_back_to_client_vad_without_a_server_s(glm_peer, detection):
    glm_peer.update(turn_detection={"type": "server_vad"})
    assert glm_peer.connection.config.turn_detection is not None
    assert glm_peer.update(**detection)["session"]["turn_detection"] == {"type": "client_vad"}
    assert glm_peer.connection.config.turn_detection is None


def test_a_qwen_update_is_told_back_as_it_is_used(qwen_peer):
    nested = {"type": "function", "function": {key: TOOL[key] for key in ("name", "parameters")}}
    session = qwen_peer.update(
        modalities=["text"],
        voice=None,
        input_audio_format="pcm16",
        output_audio_format="pcm24",
        input_audio_transcription={"model": None},
        turn_detection={"type": "server_vad", "threshold": -0.5, "silence_duration_ms": 400},
        tools=[nested],
        max_tokens=16384,
        seed=1314,
        top_k=50,
        enable_search=True,
    )["session"]
    assert session["modalities"] == ["text"]
    assert session["output_audio_format"] == "pcm24"
    assert session["tools"] == [TOOL]
    assert session["turn_detection"]["threshold"] == 0.0
    assert session["max_response_output_tokens"] == 4096
    assert qwen_peer.update(instructions="短")["session"]["turn_detection"]["silence_duration_ms"] == 400
    session = qwen_peer.update(turn_detection=None, input_audio_transcription=None)["session"]
    assert session["turn_detection"] is None
    assert session["input_audio_transcription"] is None


@pytest.mark.parametrize(
    ("session", "param", "code"),
    [
        ({"modalities": []}, "session.modalities", "invalid_value"),
        ({"input_audio_format": "opus"}, "session.input_audio_format", "invalid_value"),
        ({"turn_detection": {"type": "magic"}}, "session.turn_detection", "invalid_value"),
        ({"tools": [{"type": "function"}]}, "session.tools[0].name", "missing_required_parameter"),
        ("no object", "session", "invalid_type"),
    ],
)
def test_a_wrong_update_is_refused_in_the_dialect_s_words_and_changes_nothing(peer, session, param, code):
    before = peer.connection.config
    error = peer.error("session.update", event_id="e1", session=session)
    assert (error["param"], error["code"], error["event_id"]) == (param, code, "e1")
    assert "audio.input" not in error["message"]
    assert peer.connection.config == before


def test_wrong_beta_fields_are_refused(glm_peer):
    assert glm_peer.error("session.update", session={"beta_fields": 1})["param"] == "session.beta_fields"


def test_qwen_takes_the_rate_that_newer_clients_name(qwen_peer):
    qwen_peer.update(modalities=["text"], audio={"input": {"format": {"type": "pcm", "sample_rate": 48_000}}})
    assert len(qwen_peer.heard(encoded(noise(1, 48_000)))) == pytest.approx(48_000, rel=0.1)
    error = qwen_peer.error("session.update", session={"input_audio_format": "pcm", "sample_rate": 1})
    assert error["param"] == "session.sample_rate"


# --- Audio ------------------------------------------------------------------------------------------------------------

PACKINGS = [
    ("glm", {"input_audio_format": "pcm"}, 16_000),
    ("glm", {"input_audio_format": "pcm16"}, 16_000),
    ("glm", {"input_audio_format": "pcm24"}, 24_000),
    ("qwen", {"input_audio_format": "pcm16"}, 16_000),
    ("qwen", {"input_audio_format": "pcm", "sample_rate": 8_000}, 8_000),
]


@pytest.mark.parametrize(("dialect", "session", "rate_hz"), PACKINGS)
@pytest.mark.parametrize("step", [7, 640, 3_201, 1 << 20])
def test_any_chunking_gives_the_same_24_khz_audio(dialect, session, rate_hz, step):
    peer = DialectPeer(PATHS[dialect])
    peer.ask("session.update", session={"modalities": ["text"], "turn_detection": None, **session})
    data = noise(0.5, rate_hz)
    heard = peer.heard(*(encoded(data[start : start + step]) for start in range(0, len(data), step)))
    peer.ask("input_audio_buffer.commit")
    heard += b"".join(c.audio for c in peer.commands if isinstance(c, commands.AppendAudio))
    assert isinstance(peer.commands[-1], commands.CommitAudio)
    assert heard == samples_of.encode(resample(samples_of.decode(data), rate_hz, 24_000))


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 24_000, 44_100, 48_000])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("step", [160, 1_536, 1 << 20])
def test_wav_chunks_add_up_to_one_stream(glm_peer, rate_hz, channels, step):
    data = noise(0.4, rate_hz)
    stereo = np.repeat(np.frombuffer(data, "<i2"), channels).tobytes()
    step *= 2 * channels
    heard = glm_peer.heard(
        *(encoded(wav(stereo[start : start + step], rate_hz, channels)) for start in range(0, len(stereo), step))
    )
    glm_peer.ask("input_audio_buffer.commit")
    heard += b"".join(c.audio for c in glm_peer.commands if isinstance(c, commands.AppendAudio))
    assert heard == samples_of.encode(resample(samples_of.decode(data), rate_hz, 24_000))


def test_a_change_of_rate_loses_nothing(glm_peer):
    heard = glm_peer.heard(encoded(wav(noise(0.4, 16_000))), encoded(wav(noise(0.4, 48_000), 48_000)))
    glm_peer.ask("input_audio_buffer.commit")
    heard += b"".join(c.audio for c in glm_peer.commands if isinstance(c, commands.AppendAudio))
    assert len(heard) == 2 * 24_000 * 8 // 10


def test_a_streamed_wav_with_an_open_length_is_read_to_its_end(glm_peer):
    data = bytearray(wav(noise(0.4, 24_000), 24_000))
    data[40:44] = b"\xff\xff\xff\xff"
    open_ended = glm_peer.heard(encoded(bytes(data)))
    data[40:44] = bytes(4)
    assert glm_peer.heard(encoded(bytes(data))) == open_ended == noise(0.4, 24_000)


def test_clear_forgets_what_the_resampler_holds(qwen_peer):
    qwen_peer.heard(encoded(noise(0.3, 16_000)))
    assert names(qwen_peer.ask("input_audio_buffer.clear")) == ["input_audio_buffer.cleared"]
    fresh, again = noise(0.3, 16_000), DialectPeer(QWEN_PATH)
    assert qwen_peer.heard(encoded(fresh)) == again.heard(encoded(fresh))


def test_a_long_append_goes_in_as_several(qwen_peer):
    qwen_peer.ask("input_audio_buffer.append", audio=encoded(bytes(2 * 16_000 * 25)))
    appended = [c.audio for c in qwen_peer.commands if isinstance(c, commands.AppendAudio)]
    assert len(appended) == 3
    assert max(map(len, appended)) == 480_000


@pytest.mark.parametrize(
    "audio",
    [
        b"",
        b"RIFF",
        noise(0.1, 16_000),
        wav(b"")[:36],
        wav(noise(0.1, 16_000), rate_hz=1),
        wav(noise(0.1, 16_000), width=1),
        wav(b"")[:20],
        wav(b"").replace(b"fmt ", b"junk"),
    ],
)
def test_a_bad_wav_is_an_error_and_not_the_end(glm_peer, audio):
    error = glm_peer.error("input_audio_buffer.append", event_id="e1", audio=encoded(audio))
    assert (error["code"], error["param"], error["event_id"]) == ("invalid_value", "audio", "e1")
    assert glm_peer.heard(encoded(wav(noise(0.2, 16_000))))


@pytest.mark.parametrize(
    ("audio", "code"), [("%%%", "invalid_value"), (None, "missing_required_parameter"), (1, "invalid_type")]
)
def test_bad_base64_is_an_error(peer, audio, code):
    assert peer.error("input_audio_buffer.append", audio=audio)["code"] == code


# --- Frames -----------------------------------------------------------------------------------------------------------


def show(peer, image=None, **fields):
    event, name = peer.dialect.frame_event
    return peer.ask(event, **{name: encoded(JPEG) if image is None else image}, **fields)


def test_a_frame_is_the_camera_s_and_only_the_newest_is_used(peer):
    peer.ask("session.update", session={"modalities": ["text"], "turn_detection": None, "input_audio_format": "pcm"})
    peer.heard(encoded(noise(0.5, 16_000)))
    for _ in range(3):
        assert show(peer) == []
        assert isinstance(peer.commands[0], commands.ShowFrame)
        assert peer.commands[0].image == JPEG
    events = peer.ask("input_audio_buffer.commit")
    assert names(events) == ["input_audio_buffer.committed", "conversation.item.created"]
    assert events[0]["previous_item_id"] is None
    assert [type(item.content[0]).__name__ for item in peer.connection.history()] == ["ImageContent", "AudioContent"]
    show(peer, image="data:image/jpeg;base64," + encoded(JPEG))
    assert isinstance(peer.commands[0], commands.ShowFrame)


@pytest.mark.parametrize(
    ("image", "code"), [("", "missing_required_parameter"), ("%%", "invalid_value"), (3, "missing_required_parameter")]
)
def test_a_bad_frame_is_refused_by_its_own_name(peer, image, code):
    name = peer.dialect.frame_event[1]
    (event,) = show(peer, image, event_id="f1")
    error = event["error"]
    assert (error["code"], error["param"], error["event_id"]) == (code, name, "f1")
    assert "content" not in error["message"]


# --- Conversation and answers -----------------------------------------------------------------------------------------


def test_a_text_turn_has_the_beta_s_order(peer):
    peer.ask("session.update", session={"modalities": ["text"]})
    assert names(peer.ask("conversation.item.create", item=user_text())) == ["conversation.item.created"]
    response_id, created = peer.begin()
    events = created + peer.tell(
        facts.TextDelta(response_id=response_id, text="好"), facts.ResponseFinished(response_id=response_id)
    )
    assert names(events) == [
        "response.created",
        "response.output_item.added",
        "conversation.item.created",
        "response.content_part.added",
        "response.text.delta",
        "response.text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.done",
    ]
    assert events[-1]["response"]["output"][0]["content"] == [{"type": "text", "text": "好"}]
    assert events[-1]["response"]["modalities"] == ["text"]
    assert all("event_id" in event for event in events)


def test_a_spoken_answer_has_the_beta_s_names(peer):
    response_id, _ = peer.begin(instructions=None, modalities=["text", "audio"])
    events = peer.tell(
        facts.TextDelta(response_id=response_id, text="好"),
        facts.AudioDelta(response_id=response_id, audio=b"\x01\x00"),
        facts.ResponseFinished(response_id=response_id),
    )
    assert [name for name in names(events) if "audio" in name] == [
        "response.audio_transcript.delta",
        "response.audio.delta",
        "response.audio.done",
        "response.audio_transcript.done",
    ]
    response = events[-1]["response"]
    assert response["output"][0]["content"] == [{"type": "audio", "transcript": "好"}]
    assert (response["voice"], response["output_audio_format"]) == ("mandarin", "pcm")
    assert "output_modalities" not in response


def test_usage_has_each_dialect_s_names(glm_peer, qwen_peer):
    for peer, name in ((glm_peer, "input_token_details"), (qwen_peer, "input_tokens_details")):
        response_id, _ = peer.begin()
        done = peer.tell(facts.ResponseFinished(response_id=response_id))[-1]
        assert done["response"]["usage"][name]["text_tokens"] == 0


def test_glm_items_have_no_status_that_its_clients_cannot_read(glm_peer):
    response_id, _ = glm_peer.begin()
    events = glm_peer.tell(facts.TextDelta(response_id=response_id, text="好"))
    (created,) = [event for event in events if event["type"] == "conversation.item.created"]
    assert "status" not in created["item"]


def test_glm_tells_a_cancelled_response_twice(glm_peer, qwen_peer):
    for peer, expected in ((glm_peer, ["response.cancelled", "response.done"]), (qwen_peer, ["response.done"])):
        response_id, _ = peer.begin()
        events = peer.ask("response.cancel", response_id=None)
        assert names(events) == expected
        assert {event["response"]["id"] for event in events} == {response_id}
        assert events[-1]["response"]["status_details"]["reason"] == "client_cancelled"


def test_cancelling_nothing_is_an_error(peer):
    error = peer.error("response.cancel", event_id="c1")
    assert (error["code"], error["event_id"]) == ("response_cancel_not_active", "c1")


def test_an_error_gives_the_client_its_own_id_back(peer):
    peer.begin()
    error = peer.error("response.create", event_id="r2")
    assert (error["code"], error["event_id"]) == ("conversation_already_has_active_response", "r2")
    assert "event_id" not in peer.error("input_audio_buffer.commit", event_id="")


def test_the_steps_of_an_agent_on_the_server_are_items_that_nobody_has_to_answer(peer):
    peer.ask("session.update", session={"modalities": ["text"]})
    response_id, _ = peer.begin()
    events = peer.tell(
        facts.OwnToolCalled(response_id=response_id, call_id="call_own", name="look", arguments="{}"),
        facts.OwnToolAnswered(response_id=response_id, call_id="call_own", output="42"),
        facts.TextDelta(response_id=response_id, text="好"),
        facts.ResponseFinished(response_id=response_id),
    )
    created = [event["item"] for event in events if event["type"] == "conversation.item.created"]
    assert [item["type"] for item in created] == ["function_call", "function_call_output", "message"]
    assert (created[0]["arguments"], created[1]["output"]) == ("{}", "42")
    assert not [event for event in events if "function_call_arguments" in event["type"]]
    response_id, _ = peer.begin()
    peer.tell(facts.ToolCallDone(response_id=response_id, name="turn_on", arguments="{}", call_id="call_a"))
    item = {"type": "function_call_output", "output": "on", "call_id": ""}
    answered = peer.ask("conversation.item.create", previous_item_id="", item=item)
    assert answered[0]["item"]["call_id"] == "call_a"


def test_a_tool_s_result_without_a_call_id_belongs_to_the_oldest_call(peer):
    peer.ask("session.update", session={"modalities": ["text"], "tools": [TOOL]})
    response_id, _ = peer.begin()
    events = peer.tell(
        facts.ToolCallDone(response_id=response_id, name="turn_on", arguments="{}", call_id="call_a"),
        facts.ToolCallDone(response_id=response_id, name="turn_on", arguments="{}", call_id="call_b"),
        facts.ResponseFinished(response_id=response_id),
    )
    done = [event for event in events if event["type"] == "response.function_call_arguments.done"]
    assert [(event["name"], event["arguments"]) for event in done] == [("turn_on", "{}")] * 2
    results = [{"id": "", "call_id": "call_b"}, {"call_id": "", "status": None}]
    for result in results:
        item = {"type": "function_call_output", "output": "on", **result}
        assert names(peer.ask("conversation.item.create", previous_item_id="", item=item)) == [
            "conversation.item.created"
        ]
    assert [item.call_id for item in peer.connection.history()[-2:]] == ["call_b", "call_a"]
    assert peer.error("conversation.item.create", item={"type": "function_call_output", "output": "on"})


def test_items_with_audio_and_the_assistant_s_words_are_read(qwen_peer):
    audio = noise(0.5, 16_000)
    content = [{"type": "input_audio", "audio": encoded(audio)}, {"type": "text", "text": "你好"}]
    qwen_peer.ask("conversation.item.create", item={"type": "message", "role": "user", "content": content})
    said = {"type": "message", "role": "assistant", "content": [{"type": "text", "text": "好"}]}
    (created,) = qwen_peer.ask("conversation.item.create", item=said)
    assert created["item"]["content"] == [{"type": "text", "text": "好"}]
    heard, typed = qwen_peer.connection.history()[0].content
    assert heard.audio == samples_of.encode(resample(samples_of.decode(audio), 16_000, 24_000))
    assert typed.text == "你好"


def test_items_can_be_retrieved_and_deleted(peer):
    (created,) = peer.ask("conversation.item.create", item=user_text())
    item_id = created["item"]["id"]
    assert names(peer.ask("conversation.item.retrieve", item_id=item_id)) == ["conversation.item.retrieved"]
    assert names(peer.ask("conversation.item.delete", item_id=item_id)) == ["conversation.item.deleted"]
    assert peer.error("conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=1)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{broken", "invalid_json"),
        ("[]", "invalid_json"),
        ("{}", "missing_required_parameter"),
        ('{"type": "no.such.event"}', "invalid_value"),
        ('{"type": "conversation.item.create", "item": 1}', "invalid_type"),
        ('{"type": "response.create", "response": 1}', "invalid_type"),
        ('{"type": "conversation.item.retrieve"}', "missing_required_parameter"),
    ],
)
def test_nonsense_is_an_error_and_the_next_frame_is_read(peer, text, code):
    (event,) = peer.give_raw(text)
    assert event["error"]["code"] == code
    assert None not in event["error"].values()
    assert names(peer.ask("conversation.item.create", unknown=1, item=user_text())) == ["conversation.item.created"]


def test_each_dialect_has_its_own_frame_event(glm_peer, qwen_peer):
    assert glm_peer.error("input_image_buffer.append", image=encoded(JPEG))["param"] == "type"
    assert qwen_peer.error("input_audio_buffer.append_video_frame", video_frame=encoded(JPEG))["param"] == "type"
    assert glm_peer.ask("input_audio_buffer.pre_commit") == []
    assert qwen_peer.error("input_audio_buffer.pre_commit")


# --- Speech -----------------------------------------------------------------------------------------------------------


def speak(peer):
    peer.ask("session.update", session={"turn_detection": {"type": "server_vad"}, "input_audio_format": "pcm"})
    peer.heard(encoded(noise(1, 16_000)))
    item_id = peer.connection.input_item_id
    events = peer.tell(facts.SpeechStarted(audio_start_ms=0), facts.TranscriptDelta(item_id=item_id, text="你"))
    events += peer.tell(facts.TranscriptDelta(item_id=item_id, text="好"))
    events += peer.tell(facts.SpeechStopped(audio_end_ms=900), facts.AudioCommitted())
    done = facts.TranscriptCompleted(item_id=item_id, transcript="你好。", audio_seconds=0.9)
    return item_id, events + peer.tell(done)


def test_qwen_tells_the_transcript_so_far(qwen_peer):
    item_id, events = speak(qwen_peer)
    partials = [event for event in events if event["type"].endswith("transcription.text")]
    assert [(event["item_id"], event["text"], event["stash"]) for event in partials] == [
        (item_id, "你", ""),
        (item_id, "你好", ""),
    ]
    assert events[-1]["type"].endswith("transcription.completed")
    assert events[-1]["transcript"] == "你好。"


def test_glm_tells_the_final_transcript_only(glm_peer):
    _, events = speak(glm_peer)
    assert names(events) == [
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "conversation.item.created",
        "conversation.item.input_audio_transcription.completed",
    ]
    assert events[3]["item"]["content"] == [{"type": "input_audio", "transcript": None}]


# --- Time -------------------------------------------------------------------------------------------------------------


def test_glm_beats_every_thirty_seconds(glm_peer, qwen_peer):
    beats = []
    for second in range(1, 100):
        glm_peer.now = qwen_peer.now = float(second)
        assert qwen_peer.due() == []
        beats += [(second, event) for event in glm_peer.due()]
    assert beats == [(second, {"type": "heartbeat"}) for second in (30, 60, 90)]
    assert glm.HEARTBEAT_S == 30.0


def test_finish_waits_for_answers_and_transcripts(qwen_peer):
    peer = qwen_peer
    peer.update(turn_detection=None, input_audio_format="pcm16")
    peer.heard(encoded(noise(0.5, 16_000)))
    peer.ask("input_audio_buffer.commit")
    item_id = peer.commands[-1].item_id
    response_id, _ = peer.begin()
    assert peer.ask("session.finish") == []
    assert peer.ask("conversation.item.create", item=user_text()) == []  # nothing more is taken
    peer.now = 1.0
    assert peer.due() == []
    peer.tell(facts.ResponseFinished(response_id=response_id))
    peer.now = 2.0
    assert peer.due() == []
    peer.tell(facts.TranscriptCompleted(item_id=item_id, transcript="你", audio_seconds=0.5))
    assert peer.due() == []
    peer.now = 3.0
    (finished,) = peer.due()
    assert finished["type"] == "session.finished"
    assert finished["event_id"]
    assert peer.dialect.finished
    assert peer.due() == []


def test_finish_gives_turn_detection_the_rest_and_silence(qwen_peer):
    heard = qwen_peer.heard(encoded(noise(0.5, 16_000)))
    qwen_peer.ask("session.finish")
    heard += b"".join(c.audio for c in qwen_peer.commands)
    assert len(heard) == 2 * (12_000 + 48_000)
    qwen_peer.tell(facts.SpeechStarted(audio_start_ms=0))
    qwen_peer.now = 10.0
    assert qwen_peer.due() == []
    qwen_peer.now = 15.0
    assert names(qwen_peer.due()) == ["session.finished"]
