"""Rows of answering: tool calls, dialogue and memory, refusals, scenes, labels, photographs, thinking on and off.

Earlier turns of a dialogue are the corpus's own; the last reply is the model's and is what is scored. Typed unless a
title says spoken: then every spoken turn goes through a speech stream.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, cast

from autoglm_agent.training.evaluate.answer_keys import item_counts, micro_f1
from autoglm_agent.training.evaluate.answers import check_reply
from autoglm_agent.training.evaluate.eval_cases import Ask, Case, is_right, is_spoken, thinks, typed
from autoglm_agent.training.evaluate.eval_rows import Context, Group, Measured, Spec, gain, share
from autoglm_agent.training.pictures import labels, photos, scene_steps, scenes
from autoglm_agent.training.pictures.pictures import LabelPicture
from autoglm_agent.training.pictures.sprites import EVAL_FONTS
from autoglm_agent.training.text.mix import MAKERS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from autoglm_agent.training.evaluate.answer_keys import AnswerKey
    from autoglm_agent.training.evaluate.eval_cases import Reply
    from autoglm_agent.training.sample import Sample

CALLS: Final = (("tool_call", 6), ("tool_free", 2), ("tool_parallel", 1), ("tool_choice_think", 1))
"""Kinds of samples that want calls, in the proportions of the row of all calls."""
BLUR_PX = 1.2  # on top of what every picture goes through: a camera slightly out of focus


def once(sample: Sample) -> tuple[Ask, ...]:
    """Asked in the mode of its task."""
    return (Ask(think=thinks(sample)),)


def answered(
    context: Context, samples: Sequence[Sample], name: str, *, blur_px: float = 0.0
) -> list[tuple[Sample, Reply]]:
    """Samples with the model's replies."""
    cases = context.material.cases(samples, once, name, blur_px=blur_px)
    return [(case.sample, replies[0]) for case, replies in zip(cases, context.subject.answer(cases), strict=True)]


def right(pairs: Sequence[tuple[Sample, Reply]], judge: Callable[[Sample, Reply], bool] = is_right) -> Measured:
    """The share of right replies."""
    return share(sum(judge(sample, reply) for sample, reply in pairs), len(pairs))


def made(context: Context, maker: str, count: int, *, spoken: bool = False) -> list[Sample]:
    """Held-out samples of one maker of the text corpus; spoken ones only, or all of them typed."""
    rng = context.material.rng(maker + ("/spoken" if spoken else ""))
    if not spoken:
        return [typed(MAKERS[maker](rng, "eval")) for _ in range(count)]
    drawn = (MAKERS[maker](rng, "eval") for _ in range(100 * count))
    return [sample for sample in drawn if is_spoken(sample)][:count]


def tools(context: Context) -> Mapping[str, Measured]:
    """Calls must be the same, in order, name and arguments; and what surrounds calls."""
    each = max(1, context.amounts.replies // 5)
    wanted = [sample for maker, parts in CALLS for sample in made(context, maker, parts * each)]
    wanted = [sample for sample in wanted if sample.messages[-1].tool_calls]
    pairs = answered(context, wanted, "tools")
    found = {"tools_exact": right(pairs)}
    for task in ("tool_free", "tool_parallel"):
        found[f"{task}_exact"] = right([pair for pair in pairs if pair[0].task == task])
    for task in ("tool_result", "tool_none", "tool_missing"):
        found[task] = right(answered(context, made(context, task, context.amounts.replies), task))
    return found


def tools_spoken(context: Context) -> Mapping[str, Measured]:
    """Commands said by unseen voices."""
    samples = made(context, "tool_call", context.amounts.replies, spoken=True)
    return {"tools_spoken": right(answered(context, samples, "tools_spoken"))}


def dialogue(context: Context) -> Mapping[str, Measured]:
    """Typed: who it is and small talk, facts told some turns before, the zoo, sums, what it cannot know."""
    tasks = {"memory": "memory", "zoo": "zoo", "talk": "talk", "arithmetic": "arithmetic", "unknown": "unknown"}
    return {
        key: right(answered(context, made(context, maker, context.amounts.replies), key)) for key, maker in tasks.items()
    }


def dialogue_spoken(context: Context) -> Mapping[str, Measured]:
    """Dialogues in which every user turn is heard."""
    count = max(1, context.amounts.replies // 2)
    return {
        f"{task}_spoken": right(answered(context, made(context, task, count, spoken=True), f"{task}_spoken"))
        for task in ("memory", "zoo")
    }


def refusals(context: Context) -> Mapping[str, Measured]:
    """Noise and scraps of speech, typed gibberish; and sensible commands that were not understood for no reason."""
    count = context.amounts.replies
    noise = answered(context, made(context, "repeat_request", count, spoken=True), "noise")
    gibberish = answered(context, made(context, "repeat_request", max(1, count // 2)), "gibberish")
    sensible = answered(context, made(context, "tool_call", count, spoken=True), "sensible")
    again = [(sample, reply) for sample, reply in sensible if "再说一遍" in reply.text]
    return {
        "refusals": right([*noise, *gibberish]),
        "refusals_noise": right(noise),
        "refusals_needless": share(len(again), len(sensible)),
    }


def scene_questions(context: Context) -> Mapping[str, Measured]:
    """Questions about unseen scenes in the shares of the corpus."""
    stream = scenes.samples(context.material.rng("scenes"), "eval")
    pairs = answered(context, [typed(next(stream)) for _ in range(context.amounts.scenes)], "scenes")
    found = {"scenes": right(pairs)}
    for task in SCENE_TASKS:
        mine = [pair for pair in pairs if pair[0].task == task]
        if mine:
            found[task] = right(mine)
    return found


def label_questions(context: Context) -> Mapping[str, Measured]:
    """Ingredient lists of unseen combinations, by micro-F1; and what a label says otherwise."""
    rng = context.material.rng("labels")
    lists = [typed(labels.ingredient_list(rng, "eval")) for _ in range(context.amounts.labels)]
    pairs = answered(context, lists, "labels")
    unseen = [pair for pair in pairs if _has_unseen_font(pair[0])]
    found = {"labels": f1(pairs)}
    if unseen:
        found["labels_fonts"] = f1(unseen)
    found["labels_blurred"] = f1(answered(context, lists, "labels", blur_px=BLUR_PX))
    stream = labels.samples(rng, "eval")
    others = [sample for sample in (typed(next(stream)) for _ in range(3 * context.amounts.labels)) if sample.task in _FACTS]
    found["label_facts"] = right(answered(context, others[: context.amounts.labels], "facts"), _says_facts)
    return found


_FACTS = frozenset({"label_sum", "label_has", "label_name", "label_weight"})


def _says_facts(sample: Sample, reply: Reply) -> bool:
    """The list of a summary is scored by F1 elsewhere; here what follows from it."""
    key = cast("AnswerKey", {name: value for name, value in sample.answer.items() if name != "items"})
    return not reply.calls and check_reply(key, reply.text) and bool(reply.text)


def _has_unseen_font(sample: Sample) -> bool:
    picture = sample.messages[0].picture
    return isinstance(picture, LabelPicture) and any(line.font in EVAL_FONTS for line in picture.texts)


def f1(pairs: Sequence[tuple[Sample, Reply]]) -> Measured:
    """Micro-F1 in per cent over lists of items."""
    return Measured(100.0 * micro_f1([item_counts(sample.answer, reply.text) for sample, reply in pairs]), len(pairs))


def photographs(context: Context) -> Mapping[str, Measured]:
    """Held-out photographs of the shop, sent as they are; the reply must name the coarse class in Chinese."""
    material = context.material
    assert material.data is not None  # the group needs it
    rng = material.rng("photos")
    cases = []
    for each, image in material.data.photographs(context.amounts.photos, material.seed):
        sample = typed(photos.photo_sample(rng, "eval", each, each.rows("eval")[0]))
        while sample.messages[0].text.isascii():
            sample = typed(photos.photo_sample(rng, "eval", each, each.rows("eval")[0]))
        cases.append(Case(sample=sample, asks=once(sample), images=(image,)))
    replies = context.subject.answer(cases)
    return {"photos": right([(case.sample, each[0]) for case, each in zip(cases, replies, strict=True)])}


def thinking(context: Context) -> Mapping[str, Measured]:
    """The same weights and questions on counting and position, with the trace and without."""
    rng = context.material.rng("thinking")
    makers = (scenes.count, scenes.where, scenes.relation, *scene_steps.MAKERS)
    samples = [typed(makers[i % len(makers)](rng, "eval")) for i in range(context.amounts.thinking)]
    cases = context.material.cases(samples, lambda _: (Ask(think=True), Ask(think=False)), "thinking")
    replies = context.subject.answer(cases)
    pairs = [(case.sample, each) for case, each in zip(cases, replies, strict=True)]

    def on_and_off(asked: Sequence[tuple[Sample, Sequence[Reply]]]) -> tuple[Measured, Measured]:
        on, off = (right([(sample, each[mode]) for sample, each in asked]) for mode in (0, 1))
        return on, off

    on, off = on_and_off(pairs)
    found = {"thinking_on": on, "thinking_off": off, "thinking_gain": gain(on, off)}
    for key, tasks in THINKING_KINDS.items():
        mine = [pair for pair in pairs if pair[0].task in tasks]
        if mine:
            on, off = on_and_off(mine)
            found[key] = Measured(on.value, on.n, f"not thinking {off.value:.1f}")
    return found


THINKING_KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "thinking_glance": ("scene_count", "scene_where", "scene_relation"),
    "thinking_steps": ("scene_line", "scene_compare", "scene_beside"),
}
SCENE_TASKS: Final[Mapping[str, str]] = {
    "scene_what": "what is there", "scene_colour": "colour", "scene_count": "count", "scene_where": "where",
    "scene_yesno": "yes or no", "scene_relation": "relation", "scene_empty": "nothing there", "scene_describe": "describe",
}

GROUPS: Final[tuple[Group, ...]] = (
    Group(
        name="tools", title="tools", measure=tools,
        specs=(
            Spec(key="tools_exact", title="tool calls exact, unseen phrasings and values", at_least=85.0),
            Spec(key="tool_free_exact", title="of these, schemas made up freely"),
            Spec(key="tool_parallel_exact", title="of these, two calls"),
            Spec(key="tool_result", title="answer from a tool's result"),
            Spec(key="tool_none", title="no call where none fits"),
            Spec(key="tool_missing", title="asks for a missing argument, then calls"),
        ),
    ),
    Group(
        name="tools_spoken", title="tools", measure=tools_spoken, needs=("voice",),
        specs=(Spec(key="tools_spoken", title="tool calls exact, spoken"),),
    ),
    Group(
        name="scenes", title="scenes", measure=scene_questions, needs=("fonts",),
        specs=(
            Spec(key="scenes", title="scene questions, all", at_least=90.0),
            *(Spec(key=key, title=title) for key, title in SCENE_TASKS.items()),
        ),
    ),
    Group(
        name="labels", title="labels", measure=label_questions, needs=("fonts",),
        specs=(
            Spec(key="labels", title="ingredient lists, micro-F1", at_least=80.0),
            Spec(key="labels_fonts", title="of these, unseen fonts"),
            Spec(key="labels_blurred", title="the same, blurred further"),
            Spec(key="label_facts", title="what follows from a label, its name, its weight"),
        ),
    ),
    Group(
        name="photos", title="photographs", measure=photographs, needs=("data",),
        specs=(Spec(key="photos", title="coarse class named", at_least=70.0),),
    ),
    Group(
        name="thinking", title="thinking", measure=thinking, needs=("fonts",),
        specs=(
            Spec(key="thinking_on", title="counting and position, thinking"),
            Spec(key="thinking_off", title="counting and position, not thinking"),
            Spec(key="thinking_glance", title="of these, one count or place, thinking"),
            Spec(key="thinking_steps", title="of these, in several steps, thinking"),
            Spec(key="thinking_gain", title="what thinking gains", unit="points", at_least=5.0),
        ),
    ),
    Group(
        name="dialogue", title="dialogue", measure=dialogue,
        specs=(
            Spec(key="memory", title="remembers what was told"),
            Spec(key="zoo", title="the zoo talk"),
            Spec(key="talk", title="who it is, manners, facts"),
            Spec(key="arithmetic", title="sums and comparisons"),
            Spec(key="unknown", title="says what it does not know"),
        ),
    ),
    Group(
        name="dialogue_spoken", title="dialogue", measure=dialogue_spoken, needs=("voice",),
        specs=(
            Spec(key="memory_spoken", title="remembers, spoken"),
            Spec(key="zoo_spoken", title="the zoo talk, spoken"),
        ),
    ),
    Group(
        name="refusals", title="refusals", measure=refusals, needs=("voice",),
        specs=(
            Spec(key="refusals", title="noise or gibberish: asks to repeat", at_least=90.0),
            Spec(key="refusals_noise", title="of these, sounds"),
            Spec(key="refusals_needless", title="sensible commands asked to repeat"),
        ),
    ),
)
