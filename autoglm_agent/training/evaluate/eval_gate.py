"""Rows of the cross-modal gate and of hearing and seeing together: each part dropped, weights by kind of input.

Whether the image's weight tells needed frames from distractors is a ranking, scored by the area under its curve.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from autoglm_agent.training.corpus import random_distractor
from autoglm_agent.training.evaluate.eval_cases import Ask, is_spoken, prompt_of, typed
from autoglm_agent.training.evaluate.eval_replies import made, right
from autoglm_agent.training.evaluate.eval_rows import Context, Group, Measured, Spec, gain, share
from autoglm_agent.training.pictures import joint

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from autoglm_agent.training.sample import Sample

JOINT_ASKS: Final[Mapping[str, Ask]] = {
    "joint": Ask(),
    "joint_no_picture": Ask(image=False),
    "joint_no_speech": Ask(speech_features=False),
    "joint_uniform": Ask(uniform=True),
    "joint_uniform_detail": Ask(uniform=True, detail=True),
}
NOISY_SNR_DB = 3.0
"""Loud enough that transcripts have errors, so that the speech tokens have something to add."""
BESIDE_SHARE = 0.25
"""Of the joint set: a camera is on all the time, and much that is said is not about what it shows."""
Weights = tuple[float, float, float]


def auc(positive: Sequence[float], negative: Sequence[float]) -> float:
    """The probability that a positive ranks above a negative, ties counting half (Mann and Whitney 1947)."""
    scores = np.array([*positive, *negative])
    order = scores.argsort(kind="stable")
    ranks = np.empty(len(scores))
    ranks[order] = np.arange(1, len(scores) + 1)
    for value in np.unique(scores):
        same = scores == value
        ranks[same] = ranks[same].mean()
    count = len(positive)
    return float((ranks[:count].sum() - count * (count + 1) / 2) / (count * len(negative)))


def _spoken_joint(context: Context, name: str, count: int) -> list[Sample]:
    stream = joint.samples(context.material.rng(name), "eval")
    found: list[Sample] = []
    while len(found) < count:
        sample = next(stream)
        if is_spoken(sample):
            found.append(sample)
    return found


def _joint_set(context: Context) -> list[Sample]:
    """Spoken turns while a picture is shown: most are about it, some are a command or a word to the assistant itself."""
    beside = round(BESIDE_SHARE * context.amounts.joint)
    others = [sample for task in ("tool_call", "talk") for sample in made(context, task, (beside + 1) // 2, spoken=True)]
    about = _spoken_joint(context, "joint", context.amounts.joint - beside)
    return [*about, *_with_distractor(context, others[:beside], "joint_beside")]


def _accuracies(context: Context, asks: Mapping[str, Ask], name: str, snr_db: float | None) -> dict[str, Measured]:
    samples = _joint_set(context)
    cases = context.material.cases(samples, lambda _: tuple(asks.values()), name, snr_db=snr_db)
    replies = context.subject.answer(cases)
    found = {}
    for i, (key, ask) in enumerate(asks.items()):
        of_ask = [(case.sample, each[i]) for case, each in zip(cases, replies, strict=True)]
        tokens = np.mean([reply.image_tokens for _, reply in of_ask])
        found[key] = replace(right(of_ask), detail=f"{tokens:.0f} visual tokens a turn" if ask.image else "")
    return found


def hearing_and_seeing(context: Context) -> Mapping[str, Measured]:
    """Spoken questions over pictures, whole and with each part dropped; the same in noise."""
    found = _accuracies(context, JOINT_ASKS, "joint", None)
    noisy = _accuracies(
        context, {"joint_noisy": Ask(), "joint_noisy_no_speech": Ask(speech_features=False)}, "joint_noisy", NOISY_SNR_DB
    )
    for key in ("no_picture", "uniform"):
        found[f"joint_gain_{key}"] = gain(found["joint"], found[f"joint_{key}"])
    # Where the transcript is right the speech tokens repeat it; what they add shows where it is not.
    found["joint_gain_no_speech"] = gain(noisy["joint_noisy"], noisy["joint_noisy_no_speech"])
    return {**found, **noisy}


def _with_distractor(context: Context, samples: Sequence[Sample], name: str) -> list[Sample]:
    """A picture that does not matter, shown with the last user message."""
    rng = context.material.rng(name)
    shown = []
    for sample in samples:
        last = max(i for i, message in enumerate(prompt_of(sample)) if message.role == "user")
        messages = list(sample.messages)
        picture = random_distractor(rng, "eval")
        while type(picture).__name__ == "PhotoPicture":  # the bank of photographs is not always there
            picture = random_distractor(rng, "eval")
        messages[last] = replace(messages[last], picture=picture)
        shown.append(replace(sample, messages=tuple(messages), needs_image=False))
    return shown


def _weights(context: Context, samples: Sequence[Sample], name: str) -> list[Weights]:
    cases = context.material.cases(samples, lambda _: (Ask(gate_only=True),), name)
    return [replies[0].gate for replies in context.subject.answer(cases) if replies[0].gate is not None]


def gate(context: Context) -> Mapping[str, Measured]:
    """The gate's weights (text, image, speech) by kind of input."""
    count = context.amounts.gate
    narrated = _weights(context, _spoken_joint(context, "narrated", count), "narrated")
    shown = _weights(context, [typed(each) for each in _spoken_joint(context, "shown", count)], "shown")
    commands = made(context, "tool_call", count, spoken=True)
    spoken = _weights(context, _with_distractor(context, commands, "distracted"), "distracted")
    abstract = [each for task in ("memory", "zoo", "talk") for each in made(context, task, max(1, count // 3))]
    leaning = _weights(context, _with_distractor(context, abstract, "abstract"), "abstract")
    alone = _weights(context, abstract, "alone")
    kinds = {"narrated": narrated, "distracted": spoken, "shown": shown, "abstract": leaning, "alone": alone}
    if not all(kinds.values()):
        return {}
    needed, distractors = [w[1] for w in narrated + shown], [w[1] for w in spoken + leaning]
    both = sum(image > text and speech > text for text, image, speech in narrated)
    found = {
        "gate_auc": Measured(auc(needed, distractors), len(needed) + len(distractors)),
        "gate_narrated": share(both, len(narrated), _means(narrated)),
    }
    for (kind, place), key in _MEANS.items():
        mean = 100.0 * float(np.mean([weights[place] for weights in kinds[kind]]))
        found[key] = Measured(mean, len(kinds[kind]), _means(kinds[kind]))
    return found


def _means(weights: Sequence[Weights]) -> str:
    """Mean weights in per cent, in words."""
    means = np.mean(np.array(weights), axis=0)
    return ", ".join(f"{name} {100 * mean:.0f}" for name, mean in zip(_NAMES, means, strict=True))


_NAMES: Final = ("text", "image", "speech")
_MEANS: Final[Mapping[tuple[str, int], str]] = {
    ("distracted", 1): "gate_distracted", ("abstract", 0): "gate_abstract", ("alone", 0): "gate_alone",
}

GROUPS: Final[tuple[Group, ...]] = (
    Group(
        name="joint", title="hearing and seeing", measure=hearing_and_seeing, needs=("voice", "fonts"),
        specs=(
            Spec(key="joint", title="spoken turn while a picture is shown, three of four about it", at_least=80.0),
            Spec(key="joint_no_picture", title="without the picture"),
            Spec(key="joint_no_speech", title="without speech tokens, transcript kept"),
            Spec(key="joint_uniform", title="with a uniform gate (it gives no picture all its tokens)"),
            Spec(key="joint_uniform_detail", title="with a uniform gate, but every picture in all its tokens"),
            Spec(key="joint_gain_no_picture", title="gained by the picture", unit="points", at_least=3.0),
            Spec(key="joint_gain_uniform", title="gained by the gate", unit="points", at_least=3.0),
            Spec(key="joint_noisy", title=f"the same at {NOISY_SNR_DB:g} dB"),
            Spec(key="joint_noisy_no_speech", title=f"at {NOISY_SNR_DB:g} dB without speech tokens"),
            Spec(key="joint_gain_no_speech", title="gained by the speech tokens there", unit="points", at_least=3.0),
        ),
    ),
    Group(
        name="gate", title="gate", measure=gate, needs=("voice", "fonts"),
        specs=(
            Spec(key="gate_auc", title="image weight: needed frame or distractor", unit="AUC", at_least=0.9),
            Spec(key="gate_narrated", title="narrated scenes whose image and speech both outweigh text", at_least=80.0),
            Spec(key="gate_distracted", title="spoken command beside a distractor: image weight"),
            Spec(key="gate_abstract", title="abstract question beside a distractor: text weight", at_least=60.0),
            Spec(key="gate_alone", title="text alone: text weight", at_least=100.0),
        ),
    ),
)
