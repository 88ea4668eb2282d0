"""The class by itself: what it sends, what it is cached by, what it says it can do. No engine is started."""

import pickle
import subprocess
import sys
from typing import TypedDict

import pytest
from langchain_core.messages import HumanMessage
from langchain_core.tools import tool
from pydantic import BaseModel

from autoglm_agent.engine.messages import ToolCall
from autoglm_agent.engine.scripted import ScriptedReply
from autoglm_agent.model.tokenizer import AutoGLMTokenizer
from langchain_autoglm import ChatAutoGLM, parameters
from tests.integrations.langchain.scripts import engine
from tests.integrations.langchain.standard import ROOT

QUESTION = [HumanMessage("你好")]
CITY = ToolCall(call_id="call_1", name="answer", arguments='{"city": "上海"}')


class Riddle(BaseModel):
    """A riddle."""

    question: str
    answer: str


class RiddleDict(TypedDict):
    """A riddle."""

    question: str
    answer: str


@tool
def look(where: str) -> str:
    """Look somewhere."""
    return where


def sent(model, stop=None, /, **keywords):
    return model._request(QUESTION, stop, keywords)


def test_what_is_not_said_is_not_sent():
    assert sent(ChatAutoGLM()) == {"model": "nano", "messages": [{"role": "user", "content": "你好"}]}


def test_parameters_by_their_usual_names():
    model = ChatAutoGLM(
        model_name="m", temperature=0.5, top_p=0.9, max_tokens=7, stop_sequences=["。"], seed=3, reasoning=False
    )
    assert sent(model) == {
        "model": "m",
        "messages": [{"role": "user", "content": "你好"}],
        "temperature": 0.5,
        "top_p": 0.9,
        "max_tokens": 7,
        "stop": ["。"],
        "seed": 3,
        "enable_thinking": False,
    }


def test_a_call_goes_before_the_model():
    model = ChatAutoGLM(model="m", temperature=0.5, stop=["。"], reasoning=True)
    body = sent(model, ["！"], model="other", temperature=0.0, reasoning=False, max_tokens=3)
    assert (body["model"], body["temperature"], body["stop"]) == ("other", 0.0, ["！"])
    assert (body["enable_thinking"], body["max_tokens"]) == (False, 3)


def test_a_call_knows_the_constructor_s_names():
    model = ChatAutoGLM(model="m", stop="。")
    body = sent(model, model_name="other", stop_sequences=["！"], max_retries=0)
    assert (body["model"], body["stop"]) == ("other", ["！"])
    assert "max_retries" not in body
    _, _, patience = model._plan(QUESTION, None, {"max_retries": 0})
    assert patience.max_retries == 0
    params = model._get_ls_params(model_name="other", stop_sequences=["！"])
    assert (params["ls_model_name"], params["ls_stop"]) == ("other", ["！"])


def test_one_stop_may_stand_alone():
    assert ChatAutoGLM(stop="。").stop == ChatAutoGLM(stop_sequences="。").stop == ["。"]
    assert sent(ChatAutoGLM(), "。")["stop"] == ["。"]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("temprature", "did you mean 'temperature'"),
        ("request_timeout", "did you mean 'timeout'"),
        ("zzz", "use one of model, base_url"),
    ],
)
def test_a_parameter_that_is_none_is_refused_and_the_key_not_shown(name, told):
    with pytest.raises(ValueError, match=f"'{name}' is no parameter; {told}") as caught:
        ChatAutoGLM(**{name: 3}, api_key="hidden")
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("tempreature", "no parameter of a call to ChatAutoGLM: it is ignored; did you mean 'temperature'"),
        ("fetch_urls", "ignored in a call; give it to ChatAutoGLM"),
    ],
)
def test_a_keyword_of_a_call_that_does_nothing_is_warned_of_once(name, told):
    parameters._warn_once.cache_clear()
    with pytest.warns(UserWarning, match=told) as warned:
        for _ in range(2):
            sent(ChatAutoGLM(), **{name: 1})
    assert len(warned) == 1
    assert "temperature" not in sent(ChatAutoGLM(), ls_structured_output_format={}, ls_other=1, strict=True)


def test_its_repr_tells_which_model_where_and_what_was_set():
    assert repr(ChatAutoGLM()) == "ChatAutoGLM(model='nano')"
    model = ChatAutoGLM(
        base_url="http://me:hidden@host/v1", api_key="hidden", temperature=0.5, default_headers={"X-Key": "hidden"}
    )
    assert repr(model) == "ChatAutoGLM(model='nano', base_url='http://host/v1', temperature=0.5)"


@pytest.mark.parametrize(
    ("choice", "wanted"),
    [
        (None, None),
        ("auto", "auto"),
        ("none", "none"),
        ("any", "required"),
        ("required", "required"),
        (True, "required"),
        ("look", {"type": "function", "function": {"name": "look"}}),
    ],
)
def test_tool_choice(choice, wanted):
    bound = ChatAutoGLM().bind_tools([look], tool_choice=choice)
    assert bound.kwargs.get("tool_choice") == wanted
    assert [tool["function"]["name"] for tool in bound.kwargs["tools"]] == ["look"]


def test_a_choice_that_is_not_offered_is_refused():
    with pytest.raises(ValueError, match="'listen' is none of the tools: look"):
        ChatAutoGLM().bind_tools([look], tool_choice="listen")


@pytest.mark.parametrize("schema", [Riddle, RiddleDict, Riddle.model_json_schema()], ids=["class", "typed", "json"])
def test_a_schema_reaches_the_engine(schema):
    body = sent(ChatAutoGLM(), **ChatAutoGLM().with_structured_output(schema).first.kwargs)
    wanted = body["response_format"]
    assert (wanted["type"], wanted["json_schema"]["name"]) in [("json_schema", "Riddle"), ("json_schema", "RiddleDict")]
    assert set(wanted["json_schema"]["schema"]["properties"]) == {"question", "answer"}
    assert wanted["json_schema"]["schema"]["additionalProperties"] is False  # these fields and no others
    assert "ls_structured_output_format" not in body


@pytest.mark.parametrize("method", ["json_schema", "function_calling"])
def test_a_json_schema_needs_no_title(method):
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    replies = {
        "json_schema": ScriptedReply(text='{"city": "上海"}', json=True),
        "function_calling": ScriptedReply(tool_calls=(CITY,)),
    }
    model = ChatAutoGLM(engine=engine(replies[method]))
    assert model.with_structured_output(schema, method=method).invoke("哪里？") == {"city": "上海"}
    assert "title" not in schema


def test_an_unknown_method_is_refused():
    with pytest.raises(ValueError, match="'magic' is unknown; use one of json_schema"):
        ChatAutoGLM().with_structured_output(Riddle, method="magic")


@pytest.mark.parametrize(
    "other",
    [
        {"model": "m"},
        {"device": "cuda"},
        {"dtype": "int8"},
        {"engine": engine(ScriptedReply(text="好"))},
        {"base_url": "http://localhost:8000"},
        {"temperature": 0.5},
        {"top_p": 0.5},
        {"max_tokens": 5},
        {"stop": ["。"]},
        {"seed": 1},
        {"reasoning": False},
        {"reasoning_effort": "low"},
    ],
    ids=lambda other: next(iter(other)),
)
def test_all_that_changes_the_answer_changes_the_cache_key(other):
    assert ChatAutoGLM(**other)._get_llm_string() != ChatAutoGLM()._get_llm_string()


def test_the_key_is_a_secret():
    model = ChatAutoGLM(api_key="hidden")
    assert "hidden" not in repr(model) + str(model._identifying_params) + str(model._get_invocation_params())
    assert not ChatAutoGLM.is_lc_serializable()


def test_a_model_can_be_pickled():
    model = ChatAutoGLM(engine=engine(ScriptedReply(text="好的")), api_key="hidden", temperature=0.5)
    assert model.invoke("你好").content == "好的"
    again = pickle.loads(pickle.dumps(model))
    assert again == model
    assert again.invoke("你好").content == "好的"
    assert again.local_engine() is model.local_engine()


def test_what_nano_can_do():
    profile = ChatAutoGLM().profile
    assert profile["max_input_tokens"] == 4096
    assert all(profile[f"{kind}_inputs"] for kind in ("text", "image", "image_url", "audio", "video"))
    assert all(profile[what] for what in ("tool_calling", "tool_choice", "structured_output", "reasoning_output"))
    assert not profile["pdf_inputs"]
    assert ChatAutoGLM(model="autoglm-phone-9b").profile["name"] == "nano"


def test_a_hub_id_is_known_by_what_the_engine_gives_every_model():
    profile = ChatAutoGLM(model="zai-org/unknown").profile
    assert profile["structured_output"]
    assert "max_input_tokens" not in profile


@pytest.mark.parametrize("name", ["nano", "autoglm-phone-9b"])
def test_tokens_are_counted_by_the_model_s_own_tokenizer(name):
    text = "你好，hello"
    ids = AutoGLMTokenizer.from_pretrained(ROOT / "autoglm_agent/checkpoints/nano").encode(text)
    assert ChatAutoGLM(model=name).get_token_ids(text) == ids
    assert ChatAutoGLM(model=name, base_url="http://127.0.0.1:9").get_num_tokens(text) == len(ids)
    assert ChatAutoGLM(model=name).get_num_tokens_from_messages(QUESTION) > 0


@pytest.mark.parametrize("name", ["owner/never-here", "/no/where", "gpt"])
def test_tokens_of_a_model_that_is_not_here_are_refused_at_once(name):
    with pytest.raises(NotImplementedError, match="custom_get_token_ids"):
        ChatAutoGLM(model=name).get_num_tokens("你好")
    assert ChatAutoGLM(model=name, custom_get_token_ids=lambda text: [1, 2]).get_num_tokens("你好") == 2


def test_there_is_no_local_engine_of_a_model_behind_a_server():
    with pytest.raises(ValueError, match="answers at http://localhost:1"):
        ChatAutoGLM(base_url="http://localhost:1").local_engine()


def test_importing_and_making_a_model_loads_no_torch():
    code = (
        "import sys, langchain_autoglm as l; l.ChatAutoGLM().profile; print({'torch', 'transformers'} & {*sys.modules})"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"
