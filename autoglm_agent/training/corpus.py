"""Everything nano learns from, in its shares: text and tools, scenes, labels, photographs, speech over pictures.

The streams are endless and seeded. What a sample says is decided in the modules named here; how often is decided here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from autoglm_agent.training.pictures import joint, labels, photos, scene_steps, scenes, tool_pictures
from autoglm_agent.training.pictures.scene_layout import random_scene
from autoglm_agent.training.text.mix import text_samples

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

    from autoglm_agent.training.pictures.pictures import Picture
    from autoglm_agent.training.sample import Sample, Split

SHARES: dict[str, float] = {
    "text": 0.45, "scenes": 0.12, "tool_pictures": 0.01, "scene_steps": 0.09, "scene_talks": 0.07, "labels": 0.10, "label_talks": 0.04, "photos": 0.06,
    "joint": 0.06,
}  # fmt: skip
"""Of typed training samples; spoken ones come from their own pool. Talks ask several questions of one picture: the
picture costs more than they do."""
SPOKEN_SHARES: dict[str, float] = {
    "text": 0.33, "joint": 0.3, "scenes": 0.08, "scene_steps": 0.04, "labels": 0.13, "photos": 0.12,
}  # fmt: skip


def _streams(rng: random.Random, split: Split) -> dict[str, Iterator[Sample]]:
    return {
        "text": text_samples(rng, split),
        "scenes": scenes.samples(rng, split),
        "scene_steps": scene_steps.samples(rng, split),
        "tool_pictures": tool_pictures.samples(rng, split),
        "scene_talks": scenes.talks(rng, split),
        "labels": labels.samples(rng, split),
        "label_talks": labels.talks(rng, split),
        "photos": photos.samples(rng, split),
        "joint": joint.samples(rng, split),
    }


def training_samples(rng: random.Random, split: Split) -> Iterator[Sample]:
    """Samples of every kind in their shares."""
    streams = _streams(rng, split)
    names, shares = list(SHARES), list(SHARES.values())
    while True:
        yield next(streams[rng.choices(names, shares)[0]])


def spoken_samples(rng: random.Random, split: Split) -> Iterator[Sample]:
    """Samples with at least one spoken message."""
    streams = _streams(rng, split)
    names, shares = list(SPOKEN_SHARES), list(SPOKEN_SHARES.values())
    while True:
        stream = streams[rng.choices(names, shares)[0]]
        while True:
            sample = next(stream)
            if any(message.spoken for message in sample.messages):
                yield sample
                break


def random_distractor(rng: random.Random, split: Split) -> Picture:
    """A picture that has nothing to do with what is said: a scene, a label or a photograph."""
    draw = rng.random()
    if draw < 0.6:
        return random_scene(rng, split)
    stream = labels.samples(rng, split) if draw < 0.8 else photos.samples(rng, split)
    picture = next(stream).messages[0].picture
    return picture if picture is not None else random_scene(rng, split)
