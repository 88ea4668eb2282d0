"""Whatever a client sends, the connection answers with commands or an error, and never raises."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from autoglm_agent.protocol import facts
from autoglm_agent.protocol.wire.client_events import CLIENT_EVENTS
from tests.protocol.harness import Peer, data_uri, pcm, user_image, user_text
from tests.protocol.test_wire import CLIENT_EXAMPLES

KEYS = sorted(
    {name for event in CLIENT_EVENTS.values() for name in event.model_fields}
    | set(
        "role content text image_url id status audio input output format voice turn_detection threshold autoglm events "
        "tools name parameters tool_choice metadata conversation instructions transcription rate speed".split()
    )
)
leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(
        ["message", "user", "assistant", "system", "root", "server_vad", "semantic_vad", "audio/pcm", "inf"]
    )
    | st.sampled_from(
        ["input_text", "input_image", "input_audio", "function_call", "item_reference", "realtime", "auto"]
    )
    | st.sampled_from([pcm(5), data_uri(), "data:,", "item_2", "resp_7", "f1"])
)
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=5), inner, max_size=6)
    ),
    max_leaves=25,
)
messages = st.fixed_dictionaries(
    {"type": st.sampled_from(sorted(CLIENT_EVENTS))},
    optional={
        key: values for key in ("session", "item", "response", "audio", "item_id", "event_id", "previous_item_id")
    },
)


@st.composite
def mutated(draw):
    """A legal message with one value, somewhere inside, replaced."""
    message = json.loads(json.dumps(draw(st.sampled_from(CLIENT_EXAMPLES))))
    place = message
    while True:
        key = draw(st.sampled_from(sorted(place)) if isinstance(place, dict) else st.integers(0, len(place) - 1))
        if not isinstance(place[key], dict | list) or not place[key] or draw(st.booleans()):
            place[key] = draw(values)
            return message
        place = place[key]


def settle(peer, text):
    """Send a text; assert that it was answered with commands and events, or with exactly one error."""
    commands = peer.connection.receive_text(text)
    events = peer.drain()
    errors = [event for event in events if event["type"] == "error"]
    assert len(errors) <= 1
    assert not (errors and (commands or len(events) > 1))
    for command in commands:
        if type(command).__name__ == "CreateResponse":
            peer.tell(
                facts.ResponseStarted(response_id=command.response_id),
                facts.TextDelta(response_id=command.response_id, text="好"),
                facts.ResponseFinished(response_id=command.response_id),
            )


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.text() | st.binary().map(lambda data: data.decode("utf-8", "surrogateescape")))
def test_any_text(text):
    settle(Peer(ask_openai=False), text)


@settings(max_examples=250, deadline=None, derandomize=True)
@given(st.lists(values.map(json.dumps) | messages.map(json.dumps) | mutated().map(json.dumps), min_size=1, max_size=8))
def test_any_json(texts):
    peer = Peer(ask_openai=False)
    peer.give("conversation.item.create", item=user_text(id="a"))
    peer.give("conversation.item.create", item=user_image(id="f1"))
    for text in texts:
        settle(peer, text)
    peer.connection.history()


FACTS = st.sampled_from(
    [
        lambda r: facts.ReasoningDelta(response_id=r, text="想"),
        lambda r: facts.TextDelta(response_id=r, text="好"),
        lambda r: facts.AudioDelta(response_id=r, audio=b"\0\0" * 240),
        lambda r: facts.ToolCallDone(response_id=r, name="f", arguments="{}"),
        lambda r: facts.OwnToolCalled(response_id=r, call_id="call_own", name="g", arguments="{}"),
        lambda r: facts.OwnToolAnswered(response_id=r, call_id="call_own", output="42"),
        lambda r: facts.ResponseFinished(response_id=r, status="cancelled", reason="turn_detected"),
        lambda r: facts.ResponseFinished(response_id=r),
    ]
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.lists(FACTS, max_size=20), st.booleans())
def test_any_order_of_output_opens_and_closes_in_pairs_and_ends_once(steps, show_reasoning):
    peer = Peer(ask_openai=False)
    if show_reasoning:
        peer.give("session.update", session={"autoglm": {"events": ["response.reasoning_text"]}})
    response_id = peer.begin()
    peer.tell(*(step(response_id) for step in steps), facts.ResponseFinished(response_id=response_id))
    types = [event["type"] for event in peer.log]
    assert types.count("response.done") == types.count("response.created") == 1
    assert types[-1] == "response.done"
    for name in ("response.output_item", "response.content_part", "conversation.item"):
        assert types.count(f"{name}.added") == types.count(f"{name}.done")
    done = peer.log[-1]["response"]
    added = [event for event in peer.log if event["type"] == "response.output_item.added"]
    assert [item["id"] for item in done["output"]] == [event["item"]["id"] for event in added]
    assert [event["output_index"] for event in added] == list(range(len(added)))
    assert sum(item["type"] == "message" for item in done["output"]) <= 1
