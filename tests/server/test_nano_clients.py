"""Stock clients against the server with nano: what comes back is true, by every door.

The questions are those of the shipped media. One server and one loading for all of it.
"""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path

import pytest
import soundfile
from langchain_deepseek import ChatDeepSeek
from langchain_openai import ChatOpenAI
from openai import OpenAI

import autoglm_agent
from autoglm_agent.commands.scenes import AIR_CONDITIONING

pytestmark = [pytest.mark.trained, pytest.mark.timeout(180)]

MEDIA = Path(autoglm_agent.__file__).parent / "media"
MODEL = "autoglm-phone-9b"
FLAT_TOOL = {"type": "function", **{k: AIR_CONDITIONING[k] for k in ("name", "description", "parameters")}}
CHAT_TOOL = {"type": "function", "function": {k: v for k, v in FLAT_TOOL.items() if k != "type"}}
COUNT = {
    "type": "object",
    "properties": {"count": {"type": "integer"}},
    "required": ["count"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def client(nano_url):
    with OpenAI(base_url=f"{nano_url}/v1", api_key="EMPTY", max_retries=0) as client:
        yield client


def picture(name):
    kind = "jpeg" if name.endswith("jpg") else "png"
    return f"data:image/{kind};base64,{base64.b64encode((MEDIA / name).read_bytes()).decode()}"


def sound(name):
    samples, rate_hz = soundfile.read(MEDIA / name)
    file = io.BytesIO()
    soundfile.write(file, samples, rate_hz, format="WAV")
    return {"data": base64.b64encode(file.getvalue()).decode(), "format": "wav"}


def ask(client, content, **more):
    messages = content if isinstance(content, list) and "role" in content[0] else [{"role": "user", "content": content}]
    return client.chat.completions.create(model=MODEL, messages=messages, **more)


# --- Chat -----------------------------------------------------------------------------------------------------------


def test_chat_with_its_trace_and_counts(client):
    reply = ask(client, "你是谁?", extra_body={"enable_thinking": True, "return_reasoning": True})
    message = reply.choices[0].message
    assert "AutoGLM" in message.content
    assert "谁" in message.reasoning_content
    assert reply.model == "nano"
    assert 0 < reply.usage.completion_tokens_details.reasoning_tokens < reply.usage.completion_tokens


def test_a_stream_says_the_same_and_counts_at_its_end(client):
    *chunks, last = ask(client, "你是谁?", stream=True, stream_options={"include_usage": True})
    deltas = [chunk.choices[0].delta for chunk in chunks]
    whole = ask(client, "你是谁?")
    assert "".join(delta.content or "" for delta in deltas) == whole.choices[0].message.content
    thought = "".join(getattr(delta, "reasoning_content", None) or "" for delta in deltas)
    assert thought == whole.choices[0].message.reasoning_content
    assert (last.choices, last.usage) == ([], whole.usage)


def test_a_stop_ends_the_answer_before_it(client):
    reply = ask(client, "你是谁?", stop=["能听"], extra_body={"enable_thinking": False})
    assert reply.choices[0].message.content.startswith("我是AutoGLM")
    assert "能听" not in reply.choices[0].message.content
    assert (reply.choices[0].finish_reason, reply.choices[0].message.model_extra) == ("stop", {})


def test_a_seed_repeats_a_sampled_answer(client):
    replies = [ask(client, "你好", temperature=1.0, seed=7).choices[0].message.content for _ in range(2)]
    assert replies[0] == replies[1] != ""


def test_a_tool_is_called_and_its_result_told(client):
    said = [{"role": "user", "content": "把空调调到二十六度"}]
    choice = ask(client, said, tools=[CHAT_TOOL]).choices[0]
    (call,) = choice.message.tool_calls
    assert (call.function.name, json.loads(call.function.arguments)) == ("set_ac_temperature", {"temperature": 26})
    assert choice.finish_reason == "tool_calls"
    said += [choice.message.model_dump(), {"role": "tool", "tool_call_id": call.id, "content": '{"status":"ok"}'}]
    after = ask(client, said, tools=[CHAT_TOOL]).choices[0].message.content
    assert "26" in after or "二十六" in after
    none = ask(client, "把空调调到二十六度", tools=[CHAT_TOOL], tool_choice="none").choices[0].message
    assert not none.tool_calls


@pytest.mark.parametrize("mode", ["required", "named", "allowed"])
def test_tool_choice_makes_it_call(client, mode):
    named = {"type": "function", "function": {"name": "set_ac_temperature"}}
    allowed = {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [named]}}
    other = {"type": "function", "function": {"name": "open_window", "description": "打开车窗"}}
    choice = {"required": "required", "named": named, "allowed": allowed}[mode]
    tools = [CHAT_TOOL] if mode == "required" else [CHAT_TOOL, other]
    (call,) = ask(client, "空调二十二度", tools=tools, tool_choice=choice).choices[0].message.tool_calls
    assert (call.function.name, json.loads(call.function.arguments)) == ("set_ac_temperature", {"temperature": 22})


def test_an_answer_by_a_schema_fits_it_and_is_right(client):
    schema = {"type": "json_schema", "json_schema": {"name": "count", "schema": COUNT, "strict": True}}
    reply = ask(client, "买了三个苹果", response_format=schema, max_completion_tokens=96)
    assert json.loads(reply.choices[0].message.content) == {"count": 3}


def test_a_picture_is_seen(client):
    content = [
        {"type": "image_url", "image_url": {"url": picture("photo.jpg")}},
        {"type": "text", "text": "这是什么？"},
    ]
    reply = ask(client, content)
    assert "香蕉" in reply.choices[0].message.content
    assert reply.autoglm_gate["image"] > 0


def test_speech_over_a_picture_is_heard(client):
    content = [
        {"type": "image_url", "image_url": {"url": picture("toys.png")}},
        {"type": "input_audio", "input_audio": sound("toys.flac")},
    ]
    reply = ask(client, content)
    assert all(word in reply.choices[0].message.content for word in ("右下角", "红色", "遥控车"))
    assert reply.usage.prompt_tokens_details.audio_tokens > 0


# --- Responses ------------------------------------------------------------------------------------------------------


def test_responses_keep_the_trace_and_the_conversation(client):
    first = client.responses.create(model=MODEL, input="我叫小明。", reasoning={"summary": "auto"})
    second = client.responses.create(model=MODEL, input="我叫什么名字？", previous_response_id=first.id)
    assert "小明" in second.output_text
    who = client.responses.create(model=MODEL, input="你是谁?", reasoning={"summary": "auto"})
    assert "谁" in who.output[0].summary[0].text
    assert "AutoGLM" in who.output_text
    assert who.usage.output_tokens_details.reasoning_tokens > 0


def test_responses_see_hear_call_and_write_by_a_schema(client):
    seen = [
        {"type": "input_image", "image_url": picture("label.png")},
        {"type": "input_text", "text": "看一下这个标签"},
    ]
    label = client.responses.create(model=MODEL, input=[{"role": "user", "content": seen}])
    assert all(word in label.output_text for word in ("水", "白砂糖", "柠檬酸"))
    heard = [{"type": "input_audio", "input_audio": sound("car.flac")}]
    with client.responses.stream(model=MODEL, input=[{"role": "user", "content": heard}], tools=[FLAT_TOOL]) as stream:
        response = stream.get_final_response()
    (call,) = [item for item in response.output if item.type == "function_call"]
    assert (call.name, json.loads(call.arguments)) == ("set_ac_temperature", {"temperature": 26})
    text = {"format": {"type": "json_schema", "name": "count", "schema": COUNT, "strict": True}}
    counted = client.responses.create(model=MODEL, input="买了三个苹果", text=text, max_output_tokens=96)
    assert json.loads(counted.output_text) == {"count": 3}


# --- Transcriptions -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "words"),
    [("who", "你是谁"), ("toys", "我想要那个红色的玩具车"), ("car", "把空调调到二十六度"), ("human", "中国")],
)
def test_what_was_said_is_written_down(client, name, words):
    written = client.audio.transcriptions.create(model=MODEL, file=MEDIA / f"{name}.flac", language="zh")
    assert written.text == words


def test_a_transcription_grows_as_it_is_heard(client):
    *deltas, done = client.audio.transcriptions.create(model=MODEL, file=MEDIA / "car.flac", stream=True)
    assert done.text == "把空调调到二十六度"
    assert len(deltas) > 3
    assert "".join(event.delta for event in deltas) == done.text  # nothing had to be corrected here


# --- Who shows the trace --------------------------------------------------------------------------------------------


def chat_openai(url, **more):
    return ChatOpenAI(
        model="autoglm-phone-9b",
        temperature=0.5,
        base_url=f"{url}/v1",
        api_key="EMPTY",
        extra_body={"enable_thinking": True, "return_reasoning": True},
        streaming=True,
        **more,
    )


def traces(message):
    return [block["reasoning"] for block in message.content_blocks if block["type"] == "reasoning"]


def test_the_line_as_it_stands_answers_and_hides_the_trace(nano_url):
    message = chat_openai(nano_url).invoke("你是谁?")
    assert "AutoGLM" in message.text
    assert traces(message) == []
    assert "reasoning_content" not in message.additional_kwargs
    counted = chat_openai(nano_url, stream_usage=True).invoke("你是谁?")
    assert counted.usage_metadata["output_token_details"]["reasoning"] > 0  # it did think


@pytest.mark.parametrize("streams", [False, True])
def test_over_responses_the_same_line_shows_it(nano_url, streams):
    model = chat_openai(nano_url, use_responses_api=True)
    if streams:
        message = None
        for chunk in model.stream("你是谁?"):
            message = chunk if message is None else message + chunk
    else:
        message = model.invoke("你是谁?")
    assert "AutoGLM" in message.text
    assert "谁" in "".join(traces(message))
    again = model.invoke([("human", "你是谁?"), message, ("human", "再说一遍")])  # a trace sent back is taken
    assert again.text


def test_chat_deepseek_shows_it(nano_url):
    model = ChatDeepSeek(
        model="autoglm-phone-9b", api_base=f"{nano_url}/v1", api_key="EMPTY", extra_body={"enable_thinking": True}
    )
    message = model.invoke("你是谁?")
    streamed = "".join(chunk.additional_kwargs.get("reasoning_content", "") for chunk in model.stream("你是谁?"))
    assert "谁" in message.additional_kwargs["reasoning_content"]
    assert streamed == message.additional_kwargs["reasoning_content"]
    assert "".join(traces(message)) == streamed
