"""Small inventions for structured output: a question with a silly answer, a tip, a fact, an idea for a meal, a one-line story."""

from __future__ import annotations

import random
from typing import Any, Final, NamedTuple

from autoglm_agent.training.sample import Split
from autoglm_agent.training.text import english_words as words
from autoglm_agent.training.text.english_params import Param, label, of_split
from autoglm_agent.training.text.english_talk import CAPITALS, EATS, LEGS
from autoglm_agent.training.text.phrases import PhraseSet, phrases
from autoglm_agent.training.text.strings import pick

DRESS: Final = ("{}", "{}", "{}Info", "{}Data", "{}Record", "My{}", "{}Model", "New{}", "{}Schema", "{}Entry", "Simple{}", "{}Details")


class Record(NamedTuple):
    """A class with its description, its fields with their values, and the request."""

    name: str
    about: str
    fields: list[Param]
    text: str


_PAIR_FIELDS: Final[tuple[tuple[str, ...], ...]] = (
    ("question", "reply"), ("riddle", "solution"), ("opening", "ending"), ("first_line", "second_line"), ("ask", "answer"), ("start", "finish"),
    ("lead", "twist"), ("part_one", "part_two"), ("front", "back"), ("call", "response"), ("hook", "payoff"), ("problem", "surprise"),
    ("build_up", "end_line"), ("question", "answer"), ("prelude", "laugh_line"),
)  # fmt: skip
_PAIR_CLASSES: Final = "Riddle Gag FunnyPair TwoLiner Pun Teaser Laugh QuizCard Wit Banter PartyLine KnockKnock".split()
_ABOUT: Final = ("{} to read out.", "A {}.", "{} for the listener.", "{} for the user to hear.", "One {}.", "")
_PAIR_NOTES: Final[tuple[tuple[str, ...], ...]] = (
    ("what is asked first", "what makes people laugh"), ("the first part", "the second part"), ("how it begins", "how it ends"),
    ("text that comes first", "text that comes last"), ("the question", "the funny reply"),
)  # fmt: skip
_PAIR_ASK: Final = phrases(
    "Give me a riddle about {xs}.", "I'd like a joke on {xs}[, please].", "Make me laugh about {xs}.", "Something funny about {ax}, please.",
    "Do you know a good one about {xs}?", "A short joke with {ax}[, please].", "Invent a riddle on {xs}.", "Say something silly about {xs}.",
    "Can you joke about {xs}?", "(Tell|Tell us|Give us) a riddle on {xs}.", "Joke about {xs}", "Let me hear something funny: {xs}.",
)
_ONLY: Final = (" Only the first part.", " Leave out the second part.", " Not the ending yet.", " Keep the last part to yourself.",
                " Without the {b}.", " No {b}, please.")  # fmt: skip
_BOTH: Final = ("", "", " With the {b}.", " Both parts.", " Tell the {b}, too.")
_JOKES: Final[tuple[tuple[str, str], ...]] = (
    ("Why did the {x} go to the {p}?", "To buy {f}!"), ("What does {ax} like best?", "{AA} {t}!"),
    ("Where do {xs} go on holiday?", "To the {p}!"), ("Why does the {x} need {at}?", "To eat {f}!"),
    ("What do you call {aa} {x}?", "Mr. {A}!"), ("Why is the {x} so {a}?", "It had too much {f}!"),
    ("What did the {x} say to the {t}?", "You look {a} today!"), ("How does {ax} pay?", "With {f}!"),
    ("Who took the {t}?", "It was the {x}!"), ("What is {a} and has {at}?", "My {x}!"),
)  # fmt: skip
_TIPS: Final[dict[str, tuple[str, ...]]] = {
    "sleep": ("Go to bed at the same time.", "Keep the room dark and cold.", "No phone in bed."),
    "cooking": ("Add the salt last.", "Taste it before you serve it.", "Keep the knife sharp."),
    "gardening": ("Water the plants early.", "Cut the roses in spring.", "Give tomatoes much sun."),
    "travel": ("Pack one bag only.", "Book the train early.", "Keep a copy of your papers."),
    "reading": ("Read ten pages a day.", "Take a book on the bus.", "Stop a book you do not like."),
    "cleaning": ("Start at the top.", "Clean one room a day.", "Open the window first."),
    "learning": ("Practice a little every day.", "Write new words on cards.", "Teach it to a friend."),
    "running": ("Start slowly.", "Drink water before you run.", "Buy good shoes."),
    "saving": ("Write down what you spend.", "Put money away each month.", "Cook at home."),
    "music": ("Play slowly first.", "Count with your foot.", "Sing the tune before you play it."),
    "work": ("Do the hard thing first.", "Take a break each hour.", "Make a short list."),
    "driving": ("Keep your distance.", "Check the mirror often.", "Rest every two hours."),
}
_TIP_FIELDS: Final[tuple[tuple[str, ...], ...]] = (
    ("title", "body"), ("headline", "advice"), ("topic", "tip"), ("name", "text"), ("heading", "hint"), ("subject", "content"),
)  # fmt: skip
_TIP_ASK: Final = phrases(
    "Give me a tip on {x}.", "I need advice about {x}.", "How can I get better at {x}?", "One good hint for {x}, please.", "A tip for {x}?", "Help me with {x}.",
    "What should I know about {x}?",
)
_FACT_FIELDS: Final[tuple[tuple[str, ...], ...]] = (
    ("subject", "fact"), ("topic", "statement"), ("about", "info"), ("name", "fact_text"), ("thing", "detail"), ("title", "fact"),
)  # fmt: skip
_FACT_ASK: Final = phrases(
    "Tell me a fact about {x}.", "A fun fact on {x}, please.", "What do you know about {x}?", "Teach me something about {x}.", "Something true about {x}.",
    "One fact: {x}.", "Give me an interesting fact about {x}.",
)
_MEAL_FIELDS: Final[tuple[tuple[str, ...], ...]] = (
    ("dish", "ingredients"), ("name", "items"), ("title", "parts"), ("meal", "things_needed"), ("recipe", "list_of_food"), ("label", "shopping_list"),
)  # fmt: skip
_MEAL_ASK: Final = phrases(
    "Give me an idea for a meal with {x}.", "What can I cook with {x}?", "A recipe idea with {x}, please.", "I have {x}. What can I make?", "Dinner with {x}?",
    "Suggest a dish with {x}.",
)
_STORY_FIELDS: Final[tuple[tuple[str, ...], ...]] = (
    ("title", "story"), ("heading", "text"), ("hero", "plot"), ("name", "tale"), ("headline", "body"), ("title", "one_line"),
)  # fmt: skip
_STORY_ASK: Final = phrases(
    "Tell a one-line story about {ax}.", "A very short story with {ax}, please.", "Make up a tale of {ax}.", "One sentence about {ax}, as a story.",
    "Story: {ax}.", "I want a tiny story with {ax}.",
)


def invention(rng: random.Random, split: Split) -> Record:
    """A request for something small and the record that answers it."""
    draw = rng.random()
    if draw < 0.5:
        return _pair(rng, split)
    if draw < 0.63:
        topic = pick(rng, tuple(_TIPS))
        title = pick(rng, ("Better {}", "Tip for {}", "About {}", "{}", "Good {}")).format(topic).capitalize()
        return _made(rng, split, "Tip Advice Hint Help Lesson", _TIP_FIELDS, (title, pick(rng, _TIPS[topic])), _TIP_ASK, {"x": topic})
    if draw < 0.76:
        about, fact = _fact(rng)
        return _made(rng, split, "Fact FunFact Knowledge Trivia Note", _FACT_FIELDS, (about.capitalize(), fact), _FACT_ASK, {"x": about})
    if draw < 0.88:
        food, *more = rng.sample(words.FOODS, 3)
        dish = pick(rng, ("{} soup", "{} salad", "Fried {}", "{} with {m}", "Warm {}", "{} pie")).format(food, m=more[0]).capitalize()
        return _made(rng, split, "Meal Recipe Dish Menu DinnerIdea", _MEAL_FIELDS, (dish, [food, *more]), _MEAL_ASK, {"x": food})
    animal, adjective = pick(rng, words.ANIMALS), pick(rng, words.ADJECTIVES)
    story = pick(rng, ("{N} the {x} found {t}.", "{a} {x} went to {c} and slept.", "The {x} lost {t} and was sad.")).format(
        N=pick(rng, words.FIRST_NAMES), x=animal, t=words.a(pick(rng, words.THINGS)), a=words.a(adjective).capitalize(), c=pick(rng, words.CITIES)
    )
    title = f"The {adjective} {animal}"
    return _made(rng, split, "Story Tale ShortStory Fable Plot", _STORY_FIELDS, (title, story), _STORY_ASK, {"ax": words.a(animal)})


def _fact(rng: random.Random) -> tuple[str, str]:
    draw = rng.random()
    if draw < 0.4:
        animal = pick(rng, tuple(EATS))
        return f"the {animal}", f"The {animal} eats {EATS[animal]}."
    if draw < 0.7:
        animal = pick(rng, tuple(LEGS))
        return f"the {animal}", f"The {animal} has {LEGS[animal]} legs."
    country = pick(rng, tuple(CAPITALS))
    return country, f"Its capital is {CAPITALS[country]}."


def _made(
    rng: random.Random, split: Split, classes: str, names: tuple[tuple[str, ...], ...], values: tuple[Any, ...],
    ask: PhraseSet, slots: dict[str, str],
) -> Record:  # fmt: skip
    keys = list(pick(rng, names))  # type: ignore[arg-type]
    fields = [
        Param("title", key, {"type": "array", "items": {"type": "string"}} if isinstance(value, list) else {"type": "string"}, value, True)
        for key, value in zip(keys, values, strict=True)
    ]
    if rng.random() < 0.4:
        for field in fields:
            field.schema["description"] = pick(rng, ("the {}", "{} to show", "short {}", "{}")).format(label(field.name))
    name = of_split(rng, split, lambda source: pick(source, DRESS).format(pick(source, classes.split())))
    return Record(name, pick(rng, _ABOUT).format(label(name).capitalize()), fields, ask.text(rng, split, slots))


def _pair(rng: random.Random, split: Split) -> Record:
    animal, ask, answer = a_joke(rng)
    names: tuple[str, ...] = _PAIR_FIELDS[int(rng.random() * len(_PAIR_FIELDS))]
    if rng.random() < 0.2:
        names = (rng.choice(_PAIR_FIELDS)[0], rng.choice(_PAIR_FIELDS)[1])
    notes = _PAIR_NOTES[int(rng.random() * len(_PAIR_NOTES))]
    described = rng.random() < 0.6
    schemas: list[dict[str, Any]] = [{"description": note, "type": "string"} if described else {"type": "string"} for note in notes]
    request = _PAIR_ASK.text(rng, split, {"xs": words.many(animal), "ax": words.a(animal)})
    second, needed = answer, True
    if rng.random() < 0.3:
        needed = False
        optional: dict[str, Any] = {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None}
        schemas[1] = {**optional, **({"description": notes[1]} if described else {})}
        left_out = rng.random() < 0.4
        request += pick(rng, _ONLY if left_out else _BOTH).format(b=label(names[1]))
        second = "" if left_out else answer
    fields = [Param("title", names[0], schemas[0], ask, True), Param("title", names[1], schemas[1], second or None, needed)]
    name = of_split(rng, split, lambda source: pick(source, DRESS).format(pick(source, _PAIR_CLASSES)))
    return Record(name, pick(rng, _ABOUT).format(label(name).capitalize()), fields, request)


def a_joke(rng: random.Random) -> tuple[str, str, str]:
    """An animal, a question about it, and a silly answer."""
    animal, adjective, thing = pick(rng, words.ANIMALS), pick(rng, words.ADJECTIVES), pick(rng, words.THINGS)
    ask, answer = _JOKES[int(rng.random() * len(_JOKES))]
    slots = {
        "x": animal, "xs": words.many(animal), "ax": words.a(animal), "a": adjective, "A": adjective.title(), "aa": words.a(adjective),
        "AA": words.a(adjective).capitalize(), "t": thing, "at": words.a(thing), "f": pick(rng, words.FOODS),
        "p": pick(rng, ("zoo", "park", "beach", "market", "library", "bakery")),
    }  # fmt: skip
    return animal, ask.format(**slots), answer.format(**slots)
