"""Conversations that the tests of the layout share."""

TOOL = {
    "name": "set_light",
    "description": "调节灯光",
    "parameters": {
        "type": "object",
        "properties": {
            "room": {"type": "string", "enum": ["客厅", "bed_room"]},
            "level": {"type": "integer", "minimum": 0, "maximum": 100},
        },
        "required": ["room"],
    },
}
CALL = {"name": "set_light", "arguments": {"room": "客厅", "level": 50}}
SPOKEN = {"type": "audio", "transcript": "把客厅的灯调到五十", "num_tokens": 7}

TOOL_DIALOGUE = [
    {"role": "system", "content": "你是小智。"},
    {"role": "user", "content": [{"type": "text", "text": "看图。"}, SPOKEN, {"type": "image"}]},
    {"role": "assistant", "content": "", "reasoning_content": "要调灯", "tool_calls": [CALL]},
    {"role": "tool", "content": '{"ok":true}'},
    {"role": "assistant", "content": "好的，调到50%了。"},
    {"role": "system", "content": "现在是晚上。"},
    {"role": "user", "content": "谢谢"},
    {"role": "assistant", "content": "不客气。", "reasoning_content": "礼貌"},
]
PLAIN_DIALOGUE = [
    {"role": "user", "content": "Hello, who are you?"},
    {"role": "assistant", "content": "我是 AutoGLM。\n\n很高兴认识你 🤖"},
    {"role": "user", "content": [{"type": "image"}, {"type": "image"}]},
]
TWO_SYSTEMS = [
    {"role": "system", "content": "一。"},
    {"role": "system", "content": "二。"},
    {"role": "user", "content": "1+1=?"},
    {"role": "assistant", "content": "等等", "tool_calls": [CALL, CALL]},
    {"role": "tool", "content": "x"},
    {"role": "tool", "content": [{"type": "text", "text": "y"}]},
]
ALL = (TOOL_DIALOGUE, PLAIN_DIALOGUE, TWO_SYSTEMS)


def audio_tokens(messages):
    """The token counts of the audio parts, in reading order."""
    parts = [part for m in messages if not isinstance(m["content"], str) for part in m["content"]]
    return [part["num_tokens"] for part in parts if part["type"] == "audio"]
