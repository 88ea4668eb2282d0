"""The English share of the corpus: true calls under free names, records that fit, splits apart, nothing of a public test suite."""

from __future__ import annotations

import ast
import importlib.util
import json
import random
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import jsonschema
import pytest

from autoglm_agent.model.chat import ChatLayout
from autoglm_agent.model.config import AutoGLMConfig
from autoglm_agent.model.tokenizer import NANO_DIR, AutoGLMTokenizer
from autoglm_agent.training.corpus import random_distractor
from autoglm_agent.training.evaluate.answers import check_reply
from autoglm_agent.training.pictures import tool_pictures
from autoglm_agent.training.sample import Sample, Split
from autoglm_agent.training.stages.fusion_rows import RowMaker, RowOptions, Utterance
from autoglm_agent.training.text.mix import ENGLISH_SHARE, MAKERS, TASK_WEIGHTS, text_samples

SPLITS: tuple[Split, Split] = ("train", "eval")
ENGLISH = tuple(name for name in MAKERS if name.startswith("english_"))


@pytest.fixture(scope="module")
def english() -> dict[Split, dict[str, list[Sample]]]:
    """400 samples of each kind and split."""
    return {
        split: {name: [MAKERS[name](random.Random(f"{name}{i}"), split) for i in range(400)] for name in ENGLISH}
        for split in SPLITS
    }


def every(english: dict[Split, dict[str, list[Sample]]]) -> Iterator[Sample]:
    for kinds in english.values():
        for samples in kinds.values():
            yield from samples


def names(sample: Sample) -> set[str]:
    return {call["name"] for message in sample.messages for call in message.tool_calls}


def test_english_is_between_a_tenth_and_a_seventh_of_the_text_and_the_rest_keeps_its_proportions() -> None:
    assert 0.10 <= ENGLISH_SHARE <= 0.25
    assert sum(TASK_WEIGHTS[name] for name in ENGLISH) == pytest.approx(ENGLISH_SHARE)
    assert TASK_WEIGHTS["tool_call"] / TASK_WEIGHTS["memory"] == pytest.approx(0.235 / 0.075)


def test_calls_fit_their_schemas_and_names_are_unique(english: dict[Split, dict[str, list[Sample]]]) -> None:
    calls = 0
    for sample in every(english):
        schemas = {tool["name"]: tool for tool in sample.tools}
        assert len(schemas) == len(sample.tools)
        for tool in sample.tools:
            jsonschema.Draft202012Validator.check_schema(tool["parameters"])
        for message in sample.messages:
            for call in message.tool_calls:
                calls += 1
                parameters = schemas[call["name"]]["parameters"]
                jsonschema.validate(call["arguments"], parameters | {"additionalProperties": False})
                order = [key for key in parameters["properties"] if key in call["arguments"]]
                assert list(call["arguments"]) == order, "values come in the order of the schema"
    assert calls > 2000


def test_what_a_call_says_is_in_what_was_said(english: dict[Split, dict[str, list[Sample]]]) -> None:
    """Every word and number of a call can be copied; only what a demand for a call leaves open is made up."""
    checked = 0
    for split in SPLITS:
        for name in ("english_call", "english_parallel"):
            for sample in english[split][name]:
                if sample.task == "english_must":
                    continue
                said = next(m.text for m in reversed(sample.messages) if m.role == "user").lower()
                for call in sample.messages[-1].tool_calls:
                    for leaf in leaves(call["arguments"]):
                        checked += 1
                        assert str(leaf).lower() in said, (call, said)
    assert checked > 1500


def leaves(value: object) -> Iterator[object]:
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from leaves(each)
    elif not isinstance(value, bool):
        yield value


def test_tools_and_classes_that_are_called_in_one_split_never_are_in_the_other(
    english: dict[Split, dict[str, list[Sample]]],
) -> None:
    called = {split: {name for each in english[split].values() for s in each for name in names(s)} for split in SPLITS}
    assert len(called["train"]) > 800
    assert len(called["eval"]) > 200
    assert not called["train"] & called["eval"]


def test_records_are_compact_json_of_their_schema(english: dict[Split, dict[str, list[Sample]]]) -> None:
    by_schema = 0
    for sample in english["train"]["english_record"]:
        if sample.task == "english_record_call":
            continue
        reply = sample.messages[-1].text
        record = json.loads(reply)
        assert reply == json.dumps(record, ensure_ascii=False, separators=(",", ":"))
        found = re.search(r"\{.*\}", sample.messages[0].text)
        if found:
            by_schema += 1
            jsonschema.validate(record, json.loads(found[0]))
        else:
            assert all(key in sample.messages[-2].text for key in record)
    assert by_schema > 80


def test_keys_accept_the_replies(english: dict[Split, dict[str, list[Sample]]]) -> None:
    checked = 0
    for sample in every(english):
        if sample.answer is not None:
            checked += 1
            assert check_reply(sample.answer, sample.messages[-1].text), (sample.answer, sample.messages[-1].text)
            assert not check_reply(sample.answer, "～")
    assert checked > 2000


def test_all_kinds_of_values_and_histories_come(english: dict[Split, dict[str, list[Sample]]]) -> None:
    samples = [sample for each in english["train"].values() for sample in each]
    arguments = [call["arguments"] for s in samples for m in s.messages for call in m.tool_calls]
    values = [value for each in arguments for value in each.values()]
    for kind in (int, str, list, dict, bool, float):
        assert sum(type(value) is kind for value in values) > 10, kind
    assert sum(not each for each in arguments) > 20, "tools without arguments"
    assert sum(bool(re.search("[\u3040-\u30ff]", str(value))) for value in values) > 10, "Japanese is carried over"
    assert sum(len(m.tool_calls) > 1 for s in samples for m in s.messages) > 100
    assert any(m.tool_calls and m.text for s in samples for m in s.messages), "words beside a call"
    for role in ("system", "user", "assistant", "tool"):
        assert any(
            a.role == b.role == role for s in samples for a, b in zip(s.messages, s.messages[1:], strict=False)
        ), role


@pytest.fixture(scope="module")
def layout() -> ChatLayout:
    return ChatLayout(AutoGLMTokenizer.from_pretrained(NANO_DIR), AutoGLMConfig.from_pretrained(NANO_DIR))


def test_hardly_any_sample_is_too_long_for_a_row(
    english: dict[Split, dict[str, list[Sample]]], layout: ChatLayout
) -> None:
    maker = RowMaker(layout, random_distractor, "train", RowOptions(distractor_share=0.0))
    for name, samples in english["train"].items():
        rows = [maker.row(sample, random.Random(1)) for sample in samples]
        assert sum(row is None for row in rows) <= len(rows) * 0.08, name


def test_a_typed_question_beside_speech_stands_before_the_transcript(layout: ChatLayout) -> None:
    maker = RowMaker(
        layout,
        random_distractor,
        "train",
        RowOptions(think=False, distractor_share=0, damage_share=0, mute_share=0, deaf_share=0),
    )
    sample = MAKERS["english_heard"](random.Random(0), "train")
    row = maker.row(sample, random.Random(0), [Utterance(3, 7, "听写", sample.messages[0].text)])
    assert row is not None
    text = layout.tokenizer.decode(row.input_ids.tolist())
    assert f"{sample.messages[0].beside}\n听写" in text
    assert text.count("<|audio|>") == 7
    assert row.utterances == (3,)


def test_pictures_of_tools_are_told_by_what_is_in_them() -> None:
    for split in SPLITS:
        for sample in islice(tool_pictures.samples(random.Random(4), split), 60):
            assert check_reply(sample.answer, sample.messages[-1].text), (sample.answer, sample.messages[-1].text)
            assert sample.messages[-2].picture is not None
            shown = sum(message.picture is not None for message in sample.messages)
            assert shown == (2 if sample.task == "several_pictures" else 1)


def suite() -> tuple[set[str], set[str]]:
    """Prompts (of four words or more: a greeting belongs to nobody) and names of tools and classes of langchain-tests."""
    found = importlib.util.find_spec("langchain_tests")
    if found is None or not found.submodule_search_locations:
        pytest.skip("langchain-tests is not installed: pip install 'autoglm-agent[test]'")
    folder = Path(next(iter(found.submodule_search_locations)))
    prompts, tools = set[str](), set[str]()
    for part in ("integration_tests", "unit_tests"):
        tree = ast.parse((folder / part / "chat_models.py").read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            tools.update(named(node))
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and 4 <= len(node.value.split()) <= 40:
                prompts.add(node.value.strip())
    return prompts, tools


def named(node: ast.AST) -> list[str]:
    """Names that a piece of source gives to tools and schemas."""
    if isinstance(node, ast.FunctionDef):
        return [node.name] if any("tool" in ast.unparse(each) for each in node.decorator_list) else []
    if isinstance(node, ast.ClassDef):
        return [node.name] if any(re.search("Model|Dict", ast.unparse(base)) for base in node.bases) else []
    given: list[ast.expr] = []
    if isinstance(node, ast.Dict):
        pairs = zip(node.keys, node.values, strict=True)
        given = [value for key, value in pairs if isinstance(key, ast.Constant) and key.value == "name"]
    elif isinstance(node, ast.keyword) and node.arg == "name":
        given = [node.value]
    return [str(value.value) for value in given if isinstance(value, ast.Constant)]


def test_nothing_of_the_standard_suite_is_learnt_by_heart(english: dict[Split, dict[str, list[Sample]]]) -> None:
    prompts, tools = suite()
    assert len(prompts) > 30
    assert len(tools) > 5
    whole = [sample for split in SPLITS for sample in islice(text_samples(random.Random(11), split), 6000)]
    for sample in [*every(english), *whole, *islice(tool_pictures.samples(random.Random(2), "train"), 300)]:
        assert not {tool["name"] for tool in sample.tools} & tools
        for message in sample.messages:
            text = message.text + "\n" + message.beside
            assert not any(prompt.lower() in text.lower() for prompt in prompts), text
            assert not set(re.findall(r"\w+", text)) & {tool for tool in tools if "_" in tool}
