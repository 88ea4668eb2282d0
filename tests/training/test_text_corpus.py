"""The text corpus: calls fit their schemas, splits are apart, what is spoken can be said, keys accept the replies."""

from __future__ import annotations

import random
from itertools import islice

import jsonschema
import pytest

from autoglm_agent.training.evaluate.answers import check_reply, exact_tool_match
from autoglm_agent.training.sample import Sample, Split
from autoglm_agent.training.text import zoo
from autoglm_agent.training.text.mix import MAKERS, TASK_WEIGHTS, text_samples
from autoglm_agent.training.text.tools_corpus import INTENTS

SPLITS: tuple[Split, Split] = ("train", "eval")


def draw(count: int, split: Split, seed: int = 7) -> list[Sample]:
    return list(islice(text_samples(random.Random(seed), split), count))


@pytest.fixture(scope="module")
def corpus() -> dict[Split, list[Sample]]:
    return {split: draw(3000, split) for split in SPLITS}


def test_a_seed_gives_the_same_samples_again() -> None:
    assert draw(200, "train") == draw(200, "train")
    assert draw(200, "train") != draw(200, "train", seed=8)


def test_every_call_fits_the_schema_of_a_tool_in_the_prompt(corpus: dict[Split, list[Sample]]) -> None:
    calls = 0
    for sample in corpus["train"] + corpus["eval"]:
        schemas = {tool["name"]: tool for tool in sample.tools}
        assert len(schemas) == len(sample.tools), "names of tools are unique"
        for message in sample.messages:
            for call in message.tool_calls:
                calls += 1
                parameters = schemas[call["name"]]["parameters"]
                jsonschema.validate(call["arguments"], parameters | {"additionalProperties": False})
    assert calls > 1000


def test_every_schema_is_a_valid_schema_with_its_required_names_described(corpus: dict[Split, list[Sample]]) -> None:
    for sample in corpus["train"]:
        for tool in sample.tools:
            jsonschema.Draft202012Validator.check_schema(tool["parameters"])
            assert set(tool["parameters"].get("required", ())) <= set(tool["parameters"]["properties"])


def test_spoken_texts_hold_chinese_characters_only(corpus: dict[Split, list[Sample]]) -> None:
    spoken = [message.text for sample in corpus["train"] for message in sample.messages if message.spoken]
    assert len(spoken) > 1000
    for text in spoken:
        assert all("\u4e00" <= char <= "\u9fff" for char in text), text


def test_the_keys_accept_the_replies_themselves_and_reject_another(corpus: dict[Split, list[Sample]]) -> None:
    checked = 0
    for sample in corpus["train"] + corpus["eval"]:
        last = sample.messages[-1]
        assert last.role == "assistant"
        if sample.answer:
            checked += 1
            assert check_reply(sample.answer, last.text), (sample.answer, last.text)
            assert not check_reply(sample.answer, "～")
    assert checked > 1000


def test_phrasings_of_the_splits_are_disjoint() -> None:
    for intent in INTENTS:
        for phrases in (intent.say, intent.english):
            if phrases is not None:
                assert phrases.train
                assert phrases.eval
                if len(phrases.train) + len(phrases.eval) > 2:
                    assert not {each.source for each in phrases.train} & {each.source for each in phrases.eval}


def test_requests_of_tools_in_one_split_do_not_come_in_the_other() -> None:
    asked: dict[Split, set[str]] = {}
    for split in SPLITS:
        rng = random.Random(3)
        samples = [MAKERS["tool_call"](rng, split) for _ in range(3000)]
        asked[split] = {
            sample.messages[-2].text.rstrip("。？")
            for sample in samples
            if sample.messages[-1].tool_calls[0]["arguments"]
        }
    shared = asked["train"] & asked["eval"]
    assert len(shared) <= len(asked["eval"]) * 0.005, sorted(shared)[:10]


def test_every_phrasing_of_an_intent_names_all_required_arguments() -> None:
    for intent in INTENTS:
        required = {param.key for param in intent.params if param.required}
        known = {param.key for param in intent.params}
        for phrases in (intent.say, intent.english):
            for phrase in () if phrases is None else (*phrases.train, *phrases.eval):
                for _ in range(40):
                    named = {piece.key for piece in phrase.expand(random.Random(_)) if not isinstance(piece, str)}
                    assert required <= named <= known, (intent.key, phrase.source)


def test_the_shown_zoo_talk_is_never_trained_on() -> None:
    rng = random.Random(0)
    wordings = {text.rstrip("？").replace("，", "") for text in zoo.FIXED}
    for _ in range(3000):
        users = {m.text.rstrip("？。！").replace("，", "") for m in zoo.zoo(rng, "train").messages if m.role == "user"}
        assert len(users & wordings) < 2
    assert check_reply(zoo.fixed().answer, zoo.fixed().messages[-1].text)


def test_replies_and_prompts_are_short(corpus: dict[Split, list[Sample]]) -> None:
    longest = max(
        len(message.text)
        for sample in corpus["train"]
        if sample.task not in ("json_output", "english_record", "english_loop", "english_talk")
        for message in sample.messages
        if message.role == "assistant"
    )
    assert longest <= 64
    totals = sorted(sum(len(str(tool)) for tool in sample.tools) for sample in corpus["train"])
    assert totals[len(totals) // 2] < 500


def test_the_weights_name_makers_and_all_kinds_come() -> None:
    assert set(TASK_WEIGHTS) == set(MAKERS)
    assert abs(sum(TASK_WEIGHTS.values()) - 1) < 0.02
    tasks = {sample.task for sample in draw(3000, "train")}
    assert {
        "tool_call",
        "tool_none",
        "tool_result",
        "tool_parallel",
        "identity",
        "memory",
        "zoo",
        "arithmetic",
        "choice",
        "repeat_request",
        "unknown",
    } <= tasks


@pytest.mark.parametrize(
    ("answer", "reply", "right"),
    [
        ([["26"]], "空调已调到26度。", True),
        ([["26"]], "空调已调到126度。", False),
        ([["26"]], "空调已调到26.5度。", False),
        ([["1.5"]], "走1.5米", True),
        ([["好", "行"], ["AutoGLM"]], "行，我是autoglm", True),
        ([["好"], ["AutoGLM"]], "好", False),
        ({"all": [["红|赤"]], "none": ["蓝"]}, "红色", True),
        ({"all": [["红|赤"]], "none": ["蓝"]}, "红色和蓝色", False),
        (None, " ", False),
    ],
)
def test_a_reply_is_right_when_each_group_is_in_it(answer: object, reply: str, right: bool) -> None:
    assert check_reply(answer, reply) is right  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("expected", "got", "same"),
    [
        ([{"name": "f", "arguments": {"x": 26}}], [{"name": "f", "arguments": {"x": 26.0}}], True),
        ([{"name": "f", "arguments": {"x": 26}}], [{"name": "f", "arguments": '{"x": 26}'}], True),
        ([{"name": "f", "arguments": {"x": 26}}], [{"name": "f", "arguments": {"x": "26"}}], False),
        ([{"name": "f", "arguments": {"x": True}}], [{"name": "f", "arguments": {"x": 1}}], False),
        ([{"name": "f", "arguments": {}}], [{"name": "g", "arguments": {}}], False),
        ([{"name": "f", "arguments": {}}], [], False),
        ([{"name": "f", "arguments": {"a": [1, "二"]}}], [{"name": "f", "arguments": {"a": [1, "二"]}}], True),
    ],
)
def test_calls_are_compared_as_json_values(
    expected: list[dict[str, object]], got: list[dict[str, object]], same: bool
) -> None:
    assert exact_tool_match(expected, got) is same
