"""Structured output: facts in a sentence, a JSON schema in the system prompt, the JSON as the reply."""

from __future__ import annotations

import json
import random
from typing import Any, Final

from autoglm_agent.training.sample import Message, Sample, Split
from autoglm_agent.training.text import strings
from autoglm_agent.training.text.phrases import phrases
from autoglm_agent.training.text.strings import pick

_FIELDS: Final = {
    "name": (("name", "person", "full_name", "who"), strings.full_name),
    "city": (("city", "location", "home", "lives_in"), strings.city),
    "item": (("item", "product", "thing", "goods"), strings.item),
    "food": (("food", "dish", "favorite_food"), strings.dish),
    "age": (("age", "years", "years_old"), None),
    "price": (("price", "cost", "amount"), None),
    "count": (("count", "quantity", "number"), None),
}
_SAY: Final = (
    (
        ("name", "age"),
        phrases("{name}今年{age}岁", "我叫{name}，{age}岁了", "{name}，{age}岁", "有个人叫{name}，年纪{age}"),
    ),
    (("name", "city"), phrases("{name}住在{city}", "我是{name}，家在{city}", "{name}是{city}人", "来自{city}的{name}")),
    (
        ("name", "age", "city"),
        phrases("{name}{age}岁，住在{city}", "我叫{name}，今年{age}，在{city}", "{city}的{name}，{age}岁"),
    ),
    (
        ("item", "price"),
        phrases("{item}{price}元", "一个{item}卖{price}块", "{item}的价钱是{price}元", "花{price}元买了{item}"),
    ),
    (
        ("item", "count"),
        phrases("买了{count}个{item}", "{item}还有{count}个", "我要{count}个{item}", "{count}个{item}"),
    ),
    (
        ("name", "food"),
        phrases("{name}爱吃{food}", "{food}是{name}最爱的菜", "我叫{name}，喜欢{food}", "{name}点了{food}"),
    ),
)
_ASK: Final = (
    "Answer in JSON with this schema: {s}", "Answer in JSON with this schema: {s}",
    "按这个JSON格式输出：{s}", "只输出JSON，结构：{s}", "Extract the facts as JSON: {s}",
    "Answer in JSON with this schema: {s}", "用JSON回答，schema是{s}",
)


def json_output(rng: random.Random, split: Split) -> Sample:
    """Facts to be put into the JSON that the schema asks for."""
    kinds, say = _SAY[int(rng.random() * len(_SAY))]
    values: dict[str, Any] = {}
    keys: dict[str, str] = {}
    properties: dict[str, Any] = {}
    for kind in kinds:
        names, make = _FIELDS[kind]
        keys[kind] = pick(rng, names)
        if make is None:
            values[kind] = 1 + int(rng.random() * 99)
            properties[keys[kind]] = {"type": "integer"}
        else:
            values[kind] = strings.draw(make, rng, split)
            properties[keys[kind]] = {"type": "string"}
    text = say.text(rng, split, {kind: str(value) for kind, value in values.items()})
    order = list(kinds)
    rng.shuffle(order)
    schema: dict[str, Any] = {"type": "object", "properties": {keys[kind]: properties[keys[kind]] for kind in order}}
    if rng.random() < 0.6:
        schema["required"] = [keys[kind] for kind in order]
    if rng.random() < 0.4:  # as pydantic writes it: sorted, titled
        titled = {key: {"title": key.replace("_", " ").title(), **each} for key, each in schema["properties"].items()}
        named = {"title": "".join(kind.title() for kind in kinds), "properties": titled}
        schema = dict(sorted((schema | named).items()))
    asked = pick(rng, _ASK).replace("{s}", json.dumps(schema, ensure_ascii=False, separators=(",", ":")))
    wanted = {keys[kind]: values[kind] for kind in order}
    messages = (
        Message(role="system", text=asked),
        Message(role="user", text=text),
        Message(
            role="assistant",
            text=json.dumps(wanted, ensure_ascii=False, separators=(",", ":")),  # as grammars write it
            reasoning="，".join(f"{key}是{value}" for key, value in wanted.items()) + "。",
        ),
    )
    return Sample(task="json_output", messages=messages, answer=[[str(value)] for value in wanted.values()])
