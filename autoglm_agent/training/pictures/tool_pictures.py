"""Pictures that tools bring, and several pictures in one conversation, with English requests.

A tool's result is text; the picture it brings stands in the user's turn behind it, without words.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from autoglm_agent.training.evaluate.answer_keys import AnswerKey
from autoglm_agent.training.pictures.labels import random_label
from autoglm_agent.training.pictures.scene_layout import Scene, make_scene, random_pairs
from autoglm_agent.training.pictures.scene_phrases import ENGLISH, phrase
from autoglm_agent.training.pictures.scenes import told_in_english
from autoglm_agent.training.sample import Message, Sample, Split
from autoglm_agent.training.text.english_params import of_split
from autoglm_agent.training.text.english_tools import cased
from autoglm_agent.training.text.strings import pick

_SOURCES: Final = "camera snapshot sketch drawing photo screenshot frame view poster map_view scene webcam slide page".split()
_VERBS: Final = "take get fetch show draw load open capture grab".split()
_ASK: Final = {
    "train": (
        "Use {f} and say what it shows.", "{v} a {s} and describe it.", "Call {f}, then tell me what you see.", "What is on the {s}?",
        "{v} the {s}. What is in it?", "I want to know what the {s} shows.", "Please {v} a {s} and list what is there.",
    ),
    "eval": ("{v} one {s} and tell me about it.",),
}  # fmt: skip
_RESULTS: Final = ("", "ok", "done", '{"status":"ok"}', "see the picture", '{"picture":"attached"}', "Here it is.", "1 image")
_SECOND: Final = ("And this one?", "And here?", "What about this?", "Now this one.", "The next picture?", "And what is this?")


def samples(rng: random.Random, split: Split) -> Iterator[Sample]:
    """Endless samples of all kinds."""
    while True:
        yield rng.choices((brought, several, a_label), (0.55, 0.3, 0.15))[0](rng, split)


def _scene(rng: random.Random, split: Split) -> Scene:
    return make_scene(rng, random_pairs(rng, split, rng.randint(1, 4)))


def _tell(scene: Scene) -> tuple[Message, AnswerKey]:
    reply, key = told_in_english(scene)
    return Message(role="assistant", text=reply), key


def brought(rng: random.Random, split: Split) -> Sample:
    """A tool is called for a picture, brings it, and the picture is told."""
    source, verb = pick(rng, _SOURCES), pick(rng, _VERBS)
    forms = ("{v}_{s}", "{v}_new_{s}", "{s}_tool", "{v}_one_{s}", "{s}_service", "{v}_my_{s}")
    name = of_split(rng, split, lambda drawn: cased(drawn, pick(drawn, forms).format(v=verb, s=source)))
    schema = {
        "name": name, "description": pick(rng, ("Brings a {s}.", "{V} a {s}.", "Returns a picture.")).format(s=source, V=verb.capitalize()),
        "parameters": {"type": "object", "properties": {}} if rng.random() < 0.5 else {"properties": {}, "type": "object"},
    }  # fmt: skip
    asked = pick(rng, _ASK[split]).format(f=name, s=source.replace("_", " "), v=verb)
    scene = _scene(rng, split)
    reply, key = _tell(scene)
    messages = (
        Message(role="user", text=asked[0].upper() + asked[1:]),
        Message(role="assistant", reasoning=f"用{name}，没有参数。", tool_calls=({"name": name, "arguments": {}},)),
        Message(role="tool", text=pick(rng, _RESULTS)),
        Message(role="user", text="", picture=scene.picture),
        reply,
    )
    return Sample(task="tool_picture", messages=messages, tools=(schema,), needs_image=True, answer=key)


def a_label(rng: random.Random, split: Split) -> Sample:
    """A label described in English: that it is one, and the name it bears, which stays as it is printed."""
    label = random_label(rng, split)
    content = label.content
    reply = f"It shows a product label with Chinese text: {content.brand}{content.name}."
    shown = Message(role="user", text=phrase(rng, split, ENGLISH, "describe"), picture=label.picture)
    key: AnswerKey = {"all": [["(?i)label"], [re.escape(content.name)]]}
    return Sample(task="label_english", messages=(shown, Message(role="assistant", text=reply)), needs_image=True, answer=key)


def several(rng: random.Random, split: Split) -> Sample:
    """Two pictures, one after the other, each told; or both first, and the later one is asked about."""
    first, second = _scene(rng, split), _scene(rng, split)
    asked = phrase(rng, split, ENGLISH, "describe")
    before, _ = _tell(first)
    reply, key = _tell(second)
    shown = Message(role="user", text=asked, picture=first.picture)
    again = Message(role="user", text=pick(rng, _SECOND), picture=second.picture)
    if rng.random() < 0.3:
        again = replace(again, text=pick(rng, ("What is in the second picture?", "Describe the last picture.", "Tell me about the second one.")))
        return Sample(task="several_pictures", messages=(replace(shown, text=""), again, reply), needs_image=True, answer=key)
    return Sample(task="several_pictures", messages=(shown, before, again, reply), needs_image=True, answer=key)
