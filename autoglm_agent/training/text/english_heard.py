"""English questions, typed, on what a speaker says in Mandarin: the words, whether there are any, or simply to answer."""

from __future__ import annotations

import random
from typing import Final

from autoglm_agent.training.sample import Message, Sample, Split
from autoglm_agent.training.text import dialogues, refusals, tools_corpus
from autoglm_agent.training.text.phrases import phrases
from autoglm_agent.training.text.slots import Style
from autoglm_agent.training.text.strings import pick
from autoglm_agent.training.text.tools_base import utter

_WORDS: Final = phrases(
    "What (does|did) the speaker say?", "Write down what is said.", "Transcribe the recording[.|, please.]", "What is said here?",
    "Tell me the words of the recording.", "What do you hear?", "What words are spoken?", "Put the speech into text.", "What am I saying?",
)
_ANSWER: Final = phrases(
    "Answer the speaker.", "Reply to what is said.", "Listen and answer.", "What would you say to that?", "Answer the recording[, please].",
)
_SOUND: Final = phrases(
    "Describe the sound.", "What is in this recording?", "What can be heard?", "Tell me about this audio.", "Describe what you hear.", "What sound is it?",
)
_SAYS: Final = ("The speaker says: {}", "The speaker says: {}", "I hear: {}")


def english_heard(rng: random.Random, split: Split) -> Sample:
    """A spoken remark or command with a typed question beside it."""
    draw = rng.random()
    if draw < 0.15:
        return _no_speech(rng, split)
    if draw < 0.4:
        while True:
            talk = dialogues.a_talk(rng)
            said, reply = dialogues.exchange(rng, split, talk, spoken=True)
            if said.spoken:
                break
        heard = Message(role="user", text=said.text, spoken=True, beside=_ANSWER.text(rng, split))
        return Sample(task="english_heard", messages=(heard, reply), answer=talk.answer)
    text = _remark(rng, split)
    heard = Message(role="user", text=text, spoken=True, beside=_WORDS.text(rng, split))
    reply = Message(role="assistant", text=pick(rng, _SAYS).format(text), reasoning=f"说的是{text}。")
    return Sample(task="english_heard", messages=(heard, reply), answer=[[text]])


def _no_speech(rng: random.Random, split: Split) -> Sample:
    """Noise or scraps of speech beside the question: task `repeat_request`, so that noise is what is heard."""
    noise = refusals.noise(rng, split)
    asked = (_WORDS if rng.random() < 0.6 else _SOUND).text(rng, split)
    reply = pick(rng, ("I hear no words that I understand.", "There is no speech that I understand."))
    heard = Message(role="user", text=noise, spoken=True, beside=asked)
    messages = (heard, Message(role="assistant", text=reply, reasoning="听不出意思，用英语说。"))
    return Sample(task="repeat_request", messages=messages, answer=[["that I understand"]])


def _remark(rng: random.Random, split: Split) -> str:
    """Something sayable in Mandarin, of up to 20 characters."""
    style: Style = "spoken"
    while True:
        text = utter(rng, split, pick(rng, tools_corpus.INTENTS), style).text  # type: ignore[arg-type]
        if len(text) <= 20 and all("\u4e00" <= char <= "\u9fff" for char in text):
            return text
