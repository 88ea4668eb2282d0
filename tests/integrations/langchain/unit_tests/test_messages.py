"""Every spelling of LangChain's messages as the one that a chat completion has."""

import pytest
from langchain_core.exceptions import ModelInvalidRequestError
from langchain_core.messages import (
    AIMessage,
    ChatMessage,
    FunctionMessage,
    HumanMessage,
    RemoveMessage,
    SystemMessage,
    ToolMessage,
)

from langchain_autoglm.messages import to_chat_messages

PNG = "iVBORw0KGgo="
PICTURE = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}
ADDRESS = {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}
SOUND = {"type": "audio_url", "audio_url": {"url": "data:audio/wav;base64,UklGRg=="}}


@pytest.mark.parametrize(
    ("block", "part"),
    [
        ({"type": "image", "base64": PNG, "mime_type": "image/png"}, PICTURE),
        ({"type": "image", "base64": PNG}, PICTURE),
        ({"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}, PICTURE),
        ({"type": "image", "source_type": "base64", "data": PNG, "mime_type": "image/png"}, PICTURE),
        ({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}, PICTURE),
        ({"type": "file", "base64": PNG, "mime_type": "image/png"}, PICTURE),
        ({"type": "file", "file": {"file_data": f"data:image/png;base64,{PNG}", "filename": "a.png"}}, PICTURE),
        ({"type": "media", "mime_type": "image/png", "data": PNG}, PICTURE),
        ({"type": "input_image", "image_url": f"data:image/png;base64,{PNG}"}, PICTURE),
        ({"type": "image", "url": "https://example.org/a.png"}, ADDRESS),
        ({"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}, ADDRESS),
        ({"type": "image_url", "image_url": "https://example.org/a.png"}, ADDRESS),
        ({"type": "audio", "base64": "UklGRg==", "mime_type": "audio/wav"}, SOUND),
        ({"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}}, SOUND),
        ({"type": "media", "mime_type": "audio/wav", "data": "UklGRg=="}, SOUND),
        (
            {"type": "audio_url", "audio_url": {"url": "https://example.org/a.mp3"}},
            {"type": "audio_url", "audio_url": {"url": "https://example.org/a.mp3"}},
        ),
        (
            {"type": "video_url", "video_url": {"url": "https://example.org/a.mp4"}},
            {"type": "video_url", "video_url": {"url": "https://example.org/a.mp4"}},
        ),
        (
            {"type": "video", "base64": "AAAA", "mime_type": "video/mp4"},
            {"type": "video_url", "video_url": {"url": "data:video/mp4;base64,AAAA"}},
        ),
        (
            {"type": "media", "mime_type": "video/mp4", "file_uri": "https://example.org/a.mp4"},
            {"type": "video_url", "video_url": {"url": "https://example.org/a.mp4"}},
        ),
    ],
)
def test_every_spelling_of_a_medium(block, part):
    assert to_chat_messages([HumanMessage([block])]) == [{"role": "user", "content": [part]}]


def test_the_frames_of_a_video_are_pictures():
    block = {"type": "video", "frames": [PNG, f"data:image/png;base64,{PNG}", {"type": "image", "base64": PNG}]}
    assert to_chat_messages([HumanMessage([block])]) == [{"role": "user", "content": [PICTURE] * 3}]


def test_text_alone_is_plain_text():
    blocks = [{"type": "text", "text": "你好"}, {"type": "text-plain", "text": "再见", "mime_type": "text/plain"}]
    sent = to_chat_messages([SystemMessage("简短"), HumanMessage(["你好", "再见"]), HumanMessage(blocks)])
    assert [message["content"] for message in sent] == ["简短", "你好\n再见", "你好\n再见"]


def test_a_conversation_with_a_tool_and_a_trace():
    call = {"name": "look", "args": {"where": "窗外"}, "id": "call_1", "type": "tool_call"}
    answer = AIMessage([{"type": "reasoning", "reasoning": "要看"}, {"type": "text", "text": "好"}], tool_calls=[call])
    sent = to_chat_messages([HumanMessage("看看"), answer, ToolMessage("晴天", tool_call_id="call_1")])
    assert sent[1:] == [
        {
            "role": "assistant",
            "content": "好",
            "reasoning_content": "要看",
            "tool_calls": [
                {
                    "id": "call_1",
                    "type": "function",
                    "function": {"name": "look", "arguments": '{"where": "窗外"}'},
                }
            ],
        },
        {"role": "tool", "content": "晴天", "tool_call_id": "call_1"},
    ]


@pytest.mark.parametrize(
    "message",
    [
        AIMessage([{"type": "thinking", "thinking": "要看", "signature": "x"}, {"type": "text", "text": "好"}]),
        AIMessage("好", additional_kwargs={"reasoning_content": "要看"}),
    ],
    ids=["thinking block", "reasoning_content"],
)
def test_traces_of_other_providers_are_kept(message):
    expected = {"role": "assistant", "content": "好", "reasoning_content": "要看"}
    assert to_chat_messages([message]) == [expected]


def test_a_call_that_could_not_be_read_keeps_its_place_in_the_history():
    broken = {"name": "look", "args": '{"where":', "id": "call_1", "error": "", "type": "invalid_tool_call"}
    (sent,) = to_chat_messages([AIMessage("", invalid_tool_calls=[broken])])
    assert sent["tool_calls"][0]["function"] == {"name": "look", "arguments": '{"where":'}


def test_pictures_that_tools_returned_follow_all_their_answers():
    shown = ToolMessage([{"type": "image", "base64": PNG, "mime_type": "image/png"}], tool_call_id="1")
    sent = to_chat_messages([shown, ToolMessage("晴天", tool_call_id="2"), HumanMessage("然后呢")])
    assert sent == [
        {"role": "tool", "content": "(shown below)", "tool_call_id": "1"},
        {"role": "tool", "content": "晴天", "tool_call_id": "2"},
        {"role": "user", "content": [PICTURE]},
        {"role": "user", "content": "然后呢"},
    ]


def test_roles_by_name():
    roles = ["developer", "system", "user", "human", "assistant", "ai"]
    sent = to_chat_messages([ChatMessage("好", role=role) for role in roles])
    assert [message["role"] for message in sent] == ["developer", "system", "user", "user", "assistant", "assistant"]
    assert {message["content"] for message in sent} == {"好"}
    with pytest.raises(ModelInvalidRequestError, match="'tool' cannot be sent; use user, assistant"):
        to_chat_messages([ChatMessage("好", role="tool")])


@pytest.mark.parametrize(
    ("message", "named"),
    [
        (HumanMessage([{"type": "file", "base64": "JVBERg==", "mime_type": "application/pdf"}]), "application/pdf"),
        (HumanMessage([{"type": "smell", "value": "rose"}]), "smell"),
        (HumanMessage([{"type": "image", "file_id": "file_1"}]), "file_1"),
        (HumanMessage([{"type": "image"}]), "neither base64 nor url"),
        (HumanMessage([{"type": "image_url"}]), "the image block has neither base64 nor url"),
        (HumanMessage([{"type": "video_url"}]), "the video block has neither base64 nor url"),
        (HumanMessage([{"type": "input_audio"}]), "the audio block has neither base64 nor url"),
        (HumanMessage([{"type": "input_audio", "input_audio": {}}]), "the audio block has neither base64 nor url"),
        (SystemMessage([{"type": "image", "base64": PNG}]), "show pictures and sound as the user"),
        (FunctionMessage("x", name="f"), "FunctionMessage"),
        (RemoveMessage(id="1"), "RemoveMessage"),
    ],
)
def test_what_cannot_be_sent_is_named(message, named):
    with pytest.raises(ModelInvalidRequestError, match=named):
        to_chat_messages([message])
