"""English words for requests, names and facts; drawn freely, and parted between the splits by the hash of the value."""

from __future__ import annotations

import random
from typing import Final

from autoglm_agent.training.text import strings
from autoglm_agent.training.text.strings import pick

FIRST_NAMES: Final = (
    "Anna Ben Clara David Emma Frank Grace Henry Iris Jack Kate Leo Mia Noah Olga Paul Rosa Sam Tina Victor Wendy Oscar "
    "Lucy Mark Nina Peter Ruth Simon Helen Adam Julia Karl Lena Max Nora Otto Priya Omar Yuki Chen Carlos Fatima Ivan"
).split()
LAST_NAMES: Final = (
    "Reed Stone Baker Cole Fisher Grant Hill Lane Miller North Parker Quinn Rivers Shaw Turner Wood Young Bell Carter Dunn "
    "Ellis Ford Gray Hart King Lopez Moreau Novak Olsen Patel Rossi Silva Tanaka Weber Kim Costa Haas Brandt"
).split()
CITIES: Final = (
    "Rome Oslo Paris London Berlin Madrid Lisbon Dublin Vienna Boston Chicago Denver Seattle Toronto Sydney Tokyo Beijing "
    "Shanghai Seoul Delhi Cairo Athens Prague Warsaw Zurich Geneva Milan Munich Austin Dallas Miami Lyon Porto Bergen"
).split()
ANIMALS: Final = (
    "dog fox bear owl duck frog horse cow pig sheep goat hen mouse rabbit tiger lion panda monkey snail bee ant whale seal "
    "penguin parrot turtle camel zebra wolf deer"
).split()
THINGS: Final = (
    "lamp chair table book phone laptop bag box cup bottle pen desk clock mirror camera printer keyboard bike tent jacket "
    "shirt hat umbrella blanket towel candle kettle vase guitar radio drone speaker sofa shelf mug notebook backpack"
).split()
FOODS: Final = (
    "apples bread cheese rice soup pasta salad honey eggs milk tea coffee butter beans carrots onions lemons fish noodles "
    "pears grapes tomatoes potatoes yoghurt cake pizza mushrooms garlic pepper salt"
).split()
TOPICS: Final = (
    "budget review|team lunch|yearly report|garden party|product launch|music lesson|board meeting|book club|city walk|"
    "safety training|dentist visit|chess night|yoga class|client call|paint workshop|school play|road trip|movie night|"
    "rent payment|house cleaning|flower market|open day|job interview|piano concert|winter sale|staff survey"
).split("|")
ADJECTIVES: Final = (
    "red blue green small big old new quiet happy silver golden lazy brave clever shiny tiny warm cold bright gentle"
).split()
STREETS: Final = "Oak Elm Park Mill Lake Hill River Church Garden Station Castle Bridge Maple Cedar Rose".split()
JOBS: Final = "teacher doctor driver baker nurse lawyer painter farmer pilot engineer writer cook plumber singer".split()


def person(rng: random.Random) -> str:
    """A person's name, now and then made up or one name alone."""
    draw = rng.random()
    if draw < 0.15:
        return strings.syllables(rng, 2, 2).title() + " " + strings.syllables(rng, 2, 3).title()
    first = pick(rng, FIRST_NAMES)
    return first if draw < 0.35 else f"{first} {pick(rng, LAST_NAMES)}"


def city(rng: random.Random) -> str:
    """A city, now and then made up."""
    return pick(rng, CITIES) if rng.random() < 0.75 else strings.syllables(rng, 2, 3).title()


def title(rng: random.Random) -> str:
    """A title of two to four words."""
    draw = rng.random()
    if draw < 0.4:
        text = pick(rng, TOPICS)
    elif draw < 0.7:
        text = f"{pick(rng, ADJECTIVES)} {pick(rng, THINGS + ANIMALS)}"
    elif draw < 0.85:
        text = f"the {pick(rng, ADJECTIVES)} {pick(rng, THINGS + ANIMALS)} of {city(rng)}"
    else:
        text = f"{strings.syllables(rng, 2, 2)} {pick(rng, THINGS)}"
    return text.title() if rng.random() < 0.4 else text


def item(rng: random.Random) -> str:
    """A thing one orders or looks for."""
    draw = rng.random()
    if draw < 0.5:
        return pick(rng, THINGS)
    return f"{pick(rng, ADJECTIVES)} {pick(rng, THINGS)}" if draw < 0.85 else pick(rng, FOODS)


def code(rng: random.Random) -> str:
    """An identifier such as A-1043."""
    letters = "".join(pick(rng, "ABCDEFGHKLMNPRSTXYZ") for _ in range(1 + int(rng.random() * 3)))
    return f"{letters}{pick(rng, ('-', '', '_'))}{int(rng.random() * 10 ** (2 + int(rng.random() * 3)))}"


def email(rng: random.Random) -> str:
    """An address at a domain kept for examples."""
    return f"{pick(rng, FIRST_NAMES).lower()}.{pick(rng, LAST_NAMES).lower()}@example.{pick(rng, ('org', 'com', 'net'))}"


def date(rng: random.Random) -> str:
    """A day, as ISO has it or as people do."""
    if rng.random() < 0.6:
        return f"20{20 + int(rng.random() * 15)}-{1 + int(rng.random() * 12):02d}-{1 + int(rng.random() * 28):02d}"
    day = pick(rng, "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split())
    return pick(rng, ("next {d}", "{d}", "tomorrow", "today", "this {d}")).format(d=day)


def clock(rng: random.Random) -> str:
    """A time of day."""
    hour, minute = int(rng.random() * 24), 5 * int(rng.random() * 12)
    return f"{hour:02d}:{minute:02d}" if rng.random() < 0.6 else f"{1 + hour % 12} {'am' if hour < 12 else 'pm'}"


def street(rng: random.Random) -> str:
    """A street with a number."""
    return f"{1 + int(rng.random() * 99)} {pick(rng, STREETS)} {pick(rng, ('Street', 'Road', 'Lane', 'Avenue'))}"


def native(rng: random.Random) -> str:
    """A Chinese or Japanese name, title or sentence: to be carried over as it is."""
    draw = rng.random()
    if draw < 0.25:
        return strings.full_name(rng)
    if draw < 0.45:
        return strings.company(rng)
    if draw < 0.6:
        return strings.message(rng)
    if draw < 0.7:
        return strings.song(rng)
    return strings.japanese(rng)


def a(noun: str) -> str:
    """The noun with its article."""
    return f"{'an' if noun[0].lower() in 'aeiou' else 'a'} {noun}"


_PLURALS: Final = {"mouse": "mice", "wolf": "wolves", "sheep": "sheep", "deer": "deer", "fox": "foxes"}


def many(animal: str) -> str:
    """The plural of an animal of `ANIMALS`."""
    return _PLURALS.get(animal, animal + "s")
