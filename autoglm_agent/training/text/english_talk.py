"""Short English talk: greetings, plain questions, a system prompt obeyed, follow-ups, doubled messages, small pieces of writing."""

from __future__ import annotations

import random
from typing import Final

from autoglm_agent.training.sample import Message, Sample, Split
from autoglm_agent.training.text import english_words as words
from autoglm_agent.training.text import strings
from autoglm_agent.training.text.phrases import PhraseSet, phrases
from autoglm_agent.training.text.strings import pick

Turn = tuple[str, str, str, list[list[str]]]
"""What is said, the reply, the trace, the reply's key."""

CAPITALS: Final = dict(
    France="Paris", Italy="Rome", Spain="Madrid", Germany="Berlin", Japan="Tokyo", China="Beijing", Norway="Oslo", Egypt="Cairo",
    Greece="Athens", Austria="Vienna", Portugal="Lisbon", Ireland="Dublin", Poland="Warsaw", Sweden="Stockholm", Russia="Moscow",
    Canada="Ottawa", Korea="Seoul", India="Delhi", Cuba="Havana", Peru="Lima",
)  # fmt: skip
COLORS_OF: Final = dict(
    grass="green", snow="white", coal="black", blood="red", milk="white", gold="yellow", honey="yellow", spinach="green",
    chocolate="brown", sugar="white", salt="white", rice="white", ink="blue", butter="yellow", ketchup="red",
)  # fmt: skip
OPPOSITES: Final = dict(
    big="small", hot="cold", up="down", day="night", black="white", fast="slow", old="new", open="closed", full="empty",
    happy="sad", high="low", left="right", good="bad", light="dark", wet="dry", early="late", loud="quiet", long="short",
)  # fmt: skip
LEGS: Final = dict(dog=4, horse=4, cow=4, goose=2, duck=2, beetle=6, bee=6, spider=8, snake=0, fish=0, pig=4, hen=2, sheep=4)
SOUNDS: Final = dict(dog="woof", cow="moo", duck="quack", sheep="baa", pig="oink", cat="meow", frog="croak", lion="roar")
EATS: Final = dict(panda="bamboo", cow="grass", rabbit="carrots", bear="honey", horse="hay", monkey="bananas", fox="mice", seal="fish", bee="nectar")
IN_CHINESE: Final = dict(
    apple="苹果", water="水", book="书", dog="狗", house="房子", tea="茶", milk="牛奶", friend="朋友", school="学校", car="车",
    sun="太阳", moon="月亮", fish="鱼", rice="米饭", door="门", hand="手", red="红色", thanks="谢谢",
)  # fmt: skip
DAYS: Final = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
MONTHS: Final = "January February March April May June July August September October November December".split()

_MANNERS: Final[tuple[tuple[PhraseSet, tuple[str, ...], str, str], ...]] = (
    (phrases("[Oh ](hello|hi|hey)[ there|, AutoGLM|, assistant][!|.]", "good (morning|afternoon|evening)[!|.]", "greetings", "hello again",
             "hey, are you there?", "nice to meet you[!|.]", "hi, it is me", "hello, my friend", "anyone there?", "Hi!"),
     ("Hello! How can I help you?",), "打招呼。", "hello"),
    (phrases("how do you do?", "how is it going?", "how are you doing[ today]?", "are you well?", "how do you feel[ today]?",
             "is everything all right?", "how was your day?", "all good with you?"),
     ("I am fine, thank you. And you?", "I am well, thank you!"), "问我好不好。", "thank"),
    (phrases("thanks[ a lot|!|.]", "thank you[ very much|, that helps|!|.]", "many thanks", "that was helpful", "great help, thanks"),
     ("You are welcome!",), "谢我。", "welcome"),
    (phrases("bye[ bye|!|.]", "goodbye[!|.]", "see you [soon|later|tomorrow]", "good night[!|.]", "I have to go", "until next time"),
     ("Goodbye!", "Goodbye, see you soon!"), "告别。", "goodbye"),
    (phrases("I am (fine|well|good|great)[, thanks|, thank you][!|.]", "very well[!|.]", "not bad[, thanks]", "doing great", "all good here"),
     ("Good to hear! How can I help you?",), "他很好。", "good"),
    (phrases("I am (tired|sad|bored|cold|hungry)", "I feel (bad|sad|ill) today", "it was a hard day", "I had a bad day"),
     ("I am sorry to hear that.",), "他不太好。", "sorry"),
    (phrases("can you (talk|speak) English?", "do you (know|understand) English?", "is English fine?", "English, please"),
     ("Yes, a little English.",), "问会不会英语。", "yes"),
)  # fmt: skip
_FACTS: Final[tuple[tuple[PhraseSet, dict[str, str], str], ...]] = (
    (phrases("[And ]what is the capital of {x}?", "which city is the capital of {x}?", "capital of {x}?", "name the capital of {x}.",
             "do you know the capital of {x}?"), CAPITALS, "The capital of {x} is {y}."),
    (phrases("(what color is|which colour has) {x}?", "the color of {x}?", "tell me the colour of {x}.", "what is the color of {x}?"),
     COLORS_OF, "It is {y}."),
    (phrases("what is the opposite of {x}?", "the opposite of {x}?", "opposite of {x}", "give me the opposite of '{x}'."), OPPOSITES,
     "The opposite of {x} is {y}."),
    (phrases("how many legs does (a|the) {x} have?", "a {x} has how many legs?", "number of legs of a {x}?", "count the legs of a {x}."),
     {key: str(value) for key, value in LEGS.items()}, "It has {y} legs."),
    (phrases("what (sound|noise) does a {x} make?", "how does a {x} sound?", "what does the {x} say?"), SOUNDS, "It says {y}."),
    (phrases("what does a {x} eat?", "the {x} eats what?", "the food of a {x}?", "what should I feed a {x}?"), EATS, "It eats {y}."),
    (phrases("what is {x} in Chinese?", "translate '{x}' to Chinese", "how do I say {x} in Chinese?", "{x} in Chinese, please"), IN_CHINESE,
     "It is {y}."),
    (phrases("what day comes after {x}?", "which day follows {x}?", "the day after {x}?"),
     {DAYS[i]: DAYS[(i + 1) % 7] for i in range(7)}, "{y} comes after {x}."),
    (phrases("what month comes after {x}?", "which month follows {x}?", "the month after {x}?"),
     {MONTHS[i]: MONTHS[(i + 1) % 12] for i in range(12)}, "{y} comes after {x}."),
)  # fmt: skip
_SUMS: Final = phrases("how much is {x}?", "what do you get for {x}?", "{x}, please", "compute {x}.", "what does {x} make?", "solve {x}")


def _cap(rng: random.Random, text: str) -> str:
    return text[0].upper() + text[1:] if rng.random() < 0.7 else text


def manners(rng: random.Random, split: Split) -> Turn:
    """A greeting, thanks, a farewell, how one is."""
    say, replies, why, key = _MANNERS[int(rng.random() * len(_MANNERS))] if rng.random() < 0.7 else _MANNERS[0]
    return _cap(rng, say.text(rng, split)), pick(rng, replies), why, [[key]]


def question(rng: random.Random, split: Split) -> Turn:
    """A plain question with a short answer."""
    if rng.random() < 0.15:
        x, y = int(rng.random() * 20), int(rng.random() * 20)
        total, said = (x + y, "plus") if rng.random() < 0.6 or x < y else (x - y, "minus")
        text = _SUMS.text(rng, split, {"x": f"{x} {said} {y}"})
        return _cap(rng, text), f"{x} {said} {y} is {total}.", f"{x}{'加' if said == 'plus' else '减'}{y}得{total}。", [[str(total)]]
    say, table, reply = _FACTS[int(rng.random() * len(_FACTS))]
    key = pick(rng, tuple(table))
    text = reply.format(x=key, y=table[key])
    return _cap(rng, say.text(rng, split, {"x": key})), text[0].upper() + text[1:], f"答{table[key]}。", [[table[key]]]


_STORIES: Final = phrases(
    "Tell me a [short ]story about {x}.", "[Please ]make up a tale about {x}", "A story with {x}, please.", "I want to hear about {x}, as a story.",
    "Invent a small story on {x}.", "Can you tell a story of {x}?",
)
_POEMS: Final = phrases(
    "Write a [short ]poem about {x}.", "A poem on {x}, please.", "Make me two lines of verse about {x}.", "Can you rhyme about {x}?", "(A haiku|Three lines) about {x}.", "Compose [a few ]verses on {x}[, no more].", "A few lines on {x}.",
)


def writing(rng: random.Random, split: Split) -> Turn:
    """A story in two sentences, or a poem in two lines."""
    adjective, animal, thing = pick(rng, words.ADJECTIVES), pick(rng, words.ANIMALS), pick(rng, words.THINGS)
    if rng.random() < 0.6:
        name = pick(rng, words.FIRST_NAMES)
        text = pick(rng, (
            "Once {a} {x} found {t}. It was very happy.", "{N} the {x} lost {t}. A friend brought it back.",
            "A {x} named {N} went to {c}. There it slept.", "There was {a} {x}. It shared {t} with {N}.",
        )).format(a=words.a(adjective), x=animal, t=words.a(thing), N=name, c=pick(rng, words.CITIES))  # fmt: skip
        return _STORIES.text(rng, split, {"x": words.a(animal)}), text, f"讲{animal}的小故事。", [[animal]]
    subject = pick(rng, ("rain", "the sea", "winter", "the moon", "the wind", "spring", "a tree", "the night", "snow", "summer"))
    text = pick(rng, (
        "I look at {x} and smile,\nI stay with it a while.", "Oh {x}, so {a} and free,\nyou sing a song for me.",
        "{x} comes softly to my door,\nand I ask for more.", "{x} today, {x} tomorrow,\nyou take away my sorrow.",
    )).format(x=subject, a=adjective)  # fmt: skip
    return _POEMS.text(rng, split, {"x": subject}), text[0].upper() + text[1:], f"写{subject}的短诗。", [[subject]]


def small_talk(rng: random.Random, split: Split) -> tuple[Message, Message]:
    """One remark and its reply."""
    draw = rng.random()
    said, reply, why, _ = manners(rng, split) if draw < 0.5 else question(rng, split) if draw < 0.95 else writing(rng, split)
    return Message(role="user", text=said), Message(role="assistant", text=reply, reasoning=why)


def _pair(turn: Turn) -> list[Message]:
    return [Message(role="user", text=turn[0]), Message(role="assistant", text=turn[1], reasoning=turn[2])]


_SYSTEMS: Final = (
    "You are a helpful assistant.", "You are a friendly assistant.", "Answer briefly.", "Answer in English.", "You are a good listener.", "Be kind and short.",
)


def english_talk(rng: random.Random, split: Split) -> Sample:
    """Talk of one or several turns."""
    draw = rng.random()
    if draw < 0.22:
        return _obeyed(rng, split)
    if draw < 0.32:
        return _doubled(rng, split)
    count = 1 if draw < 0.75 else 2 + int(rng.random() * 2.5)
    turns = [_turn(rng, split) for _ in range(count)]
    if count > 1 and rng.random() < 0.5:
        turns[0] = manners(rng, split)
    if rng.random() < 0.15:
        turns += _about_user(rng, split)
    messages = [message for turn in turns for message in _pair(turn)]
    system = (Message(role="system", text=pick(rng, _SYSTEMS)),) if rng.random() < 0.3 else ()
    return Sample(task="english_talk", messages=(*system, *messages), answer=turns[-1][3])


def _turn(rng: random.Random, split: Split) -> Turn:
    draw = rng.random()
    return manners(rng, split) if draw < 0.45 else question(rng, split) if draw < 0.85 else writing(rng, split)


_TOLD: Final = phrases("My name is {x}.", "I am {x}.", "Call me {x}", "Hello, I'm {x}.", "{x} is my name.", "This is {x}.")
_ASKED: Final = phrases("What is my name?", "Who am I?", "Do you remember my name?", "Say my name.", "How am I called?")


def _about_user(rng: random.Random, split: Split) -> list[Turn]:
    name = strings.draw(words.person, rng, split)
    told = (_TOLD.text(rng, split, {"x": name}), f"Nice to meet you, {name}!", f"他叫{name}。", [[name]])
    between = [_turn(rng, split) for _ in range(int(rng.random() * 2))]
    return [told, *between, (_ASKED.text(rng, split), f"Your name is {name}.", f"他说过叫{name}。", [[name]])]


def _obeyed(rng: random.Random, split: Split) -> Sample:
    """A system prompt that changes the reply: a name, a first or last word, one word alone, capitals."""
    said, reply, why, key = _turn(rng, split)
    word, draw = pick(rng, ("Beep", "Well", "Sure", "Yes", "Meow", "Ahoy", "Sir", "Captain", "Friend", "Okay")), rng.random()
    if draw < 0.25:
        name = strings.syllables(rng, 2, 2).title() if rng.random() < 0.5 else pick(rng, words.FIRST_NAMES)
        system = pick(rng, ("Your name is {}.", "You are {}, an assistant.", "You are called {}.", "You play {}.")).format(name)
        said = pick(rng, ("Who are you?", "What is your name?", "Your name?", "Tell me your name.", "How are you called?"))
        reply, why, key = f"I am {name}.", f"我叫{name}。", [[name]]
    elif draw < 0.5:
        system = pick(rng, ("Begin every answer with '{}'.", "Start with the word {}.", "First say {}.", "Always begin with {}.")).format(word)
        reply, key = f"{word}. {reply}", [[word], *key]
    elif draw < 0.65:
        system = pick(rng, ("End every answer with '{}'.", "Always end with the word {}.", "Finish by saying {}.")).format(word)
        reply, key = f"{reply} {word}.", [[word], *key]
    elif draw < 0.8:
        system = pick(rng, ("Write in capital letters.", "Use capitals only.", "Answer in upper case.", "SHOUT."))
        reply = reply.upper()
    else:
        said, _, why, key = question(rng, split)
        system = pick(rng, ("Answer in one word.", "Only one word.", "Give just the answer, one word.", "Reply with a single word."))
        reply = key[0][0]
    messages = (Message(role="system", text=system), Message(role="user", text=said), Message(role="assistant", text=reply, reasoning=why))
    return Sample(task="english_talk", messages=messages, answer=key)


def _doubled(rng: random.Random, split: Split) -> Sample:
    """Messages of one side that follow one another: system, user or assistant twice; the last wish is answered."""
    first, last = _turn(rng, split), question(rng, split)
    messages = [Message(role="system", text=pick(rng, _SYSTEMS)) for _ in range(int(rng.random() * 3))]
    messages.append(Message(role="user", text=manners(rng, split)[0]))
    if rng.random() < 0.5:
        messages += [*_pair(first)]
        if rng.random() < 0.5:
            messages.append(Message(role="assistant", text=pick(rng, ("What else?", "Anything else?", "Go on.")), reasoning="再问一句。"))
    messages += _pair(last)
    return Sample(task="english_talk", messages=tuple(messages), answer=last[3])
