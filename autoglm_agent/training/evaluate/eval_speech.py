"""Rows of hearing: error rates by set and latency, and how late a partial shows the last word.

Latency is chunk + lookahead, as the engine's streams take it. Words have homophones, so they are scored by syllable.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from autoglm_agent.training.evaluate.eval_rows import Context, Group, Measured, Spec
from autoglm_agent.training.evaluate.eval_sets import at_snr, open_sentences
from autoglm_agent.training.evaluate.scoring import character_error_rate, syllable_error_rate
from autoglm_agent.training.text.task_text import command_texts, spoken_texts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from autoglm_agent.training.evaluate.eval_cases import Heard
    from autoglm_agent.training.evaluate.eval_recordings import HumanSource

LATENCIES: Final[tuple[tuple[str, int | None], ...]] = (("320", 320), ("640", 640), ("whole", None))
JUDGED = "640"
"""The targets hold at 640 ms of chunk + lookahead."""
_SAID: Final = {"320": "320 ms", "640": "640 ms", "whole": "whole utterance"}
_TAIL_SAMPLES = 32_000  # two seconds of silence: longer than any latency measured
_VOICED = 0.01  # of the peak, 40 dB below: what is quieter is no longer the word


def _specs(key: str, title: str, unit: str, at_most: float | None) -> tuple[Spec, ...]:
    return tuple(
        Spec(key=f"{key}_{name}", title=f"{title}, {_SAID[name]}", unit=unit, at_most=at_most if name == JUDGED else None)
        for name, _ in LATENCIES
    )


def _error_rates(context: Context, key: str, waves: Sequence[NDArray[Any]], texts: Sequence[str]) -> dict[str, Measured]:
    if not waves:
        return {}
    found = {}
    for name, chunk_ms in LATENCIES:
        heard = [each.text for each in context.subject.hear(waves, chunk_ms)]
        found[f"{key}_{name}"] = Measured(character_error_rate(texts, heard), len(waves))
    return found


def synthetic(context: Context) -> Mapping[str, Measured]:
    """Unseen sentences in unseen voices, clean and at 10 dB."""
    texts = open_sentences(context.amounts.speech)
    waves = context.material.speak(texts)
    noisy = at_snr(waves, 10.0, context.material.rng("noise"))
    return {
        **_error_rates(context, "cer_synthetic", waves, texts),
        **_error_rates(context, "cer_noisy", noisy, texts),
    }


def commands(context: Context) -> Mapping[str, Measured]:
    """Unseen commands to the home, the car and the robot; and all that is said in the tasks, made-up names among it."""
    texts = list(command_texts(context.amounts.speech, context.material.seed, "eval"))
    talk = list(spoken_texts(context.amounts.speech, context.material.seed, "eval"))
    return {
        **_error_rates(context, "cer_commands", context.material.speak(texts), texts),
        **_error_rates(context, "cer_talk", context.material.speak(talk), talk),
    }


def cantonese(context: Context) -> Mapping[str, Measured]:
    """The same kind of text read by the Cantonese voice, written in standard characters."""
    texts = list(spoken_texts(context.amounts.speech, context.material.seed + 1, "eval"))
    return _error_rates(context, "cer_cantonese", context.material.speak(texts, lang="yue"), texts)


def delay(context: Context) -> Mapping[str, Measured]:
    """When the last character first shows in a partial, in audio received after the end of the speech."""
    texts = list(spoken_texts(context.amounts.speech, context.material.seed + 2, "eval"))
    waves = context.material.speak(texts)
    padded = [np.concatenate([wave, np.zeros(_TAIL_SAMPLES, np.int16)]) for wave in waves]
    found = {}
    for name, chunk_ms in LATENCIES[:2]:
        heard = context.subject.hear(padded, chunk_ms)
        late = [ms for wave, each in zip(waves, heard, strict=True) if (ms := last_word_delay_ms(wave, each)) is not None]
        if late:
            detail = f"p90 {np.percentile(late, 90):.0f} ms"
            found[f"delay_{name}"] = Measured(float(np.median(late)), len(late), detail)
    return found


def last_word_delay_ms(wave: NDArray[Any], heard: Heard) -> float | None:
    """Audio received when the last partial stood first, after the speech's last sample; None if nothing was heard."""
    loud = np.flatnonzero(np.abs(wave.astype(np.int32)) > _VOICED * np.abs(wave.astype(np.int32)).max())
    if not heard.partials or not heard.partials[-1][1] or not len(loud):
        return None
    shown_ms = next(audio_ms for audio_ms, text in heard.partials if text == heard.partials[-1][1])
    return shown_ms - (int(loud[-1]) + 1) / 16


def _recordings(context: Context, source: HumanSource) -> tuple[list[NDArray[Any]], list[str]]:
    assert context.material.data is not None  # the group needs it
    found = context.material.data.recordings(source, context.amounts.speech, context.material.seed)
    return [each.wave for each in found], [each.text for each in found]


def hsk(context: Context) -> Mapping[str, Measured]:
    """Held-out HSK sentences in a natural voice."""
    return _error_rates(context, "cer_hsk", *_recordings(context, "hsk"))


def human(context: Context) -> Mapping[str, Measured]:
    """Held-out words, and known words by held-out speakers, by syllable without and with tones."""
    found: dict[str, Measured] = {}
    sources: tuple[tuple[HumanSource, str], ...] = (("word", "words"), ("speaker", "speakers"))
    for source, key in sources:
        waves, texts = _recordings(context, source)
        for name, chunk_ms in LATENCIES if waves else ():
            heard = [each.text for each in context.subject.hear(waves, chunk_ms)]
            found[f"ser_{key}_{name}"] = Measured(syllable_error_rate(texts, heard), len(waves))
            found[f"ser_{key}_toned_{name}"] = Measured(syllable_error_rate(texts, heard, tones=True), len(waves))
    return found


def _delay_spec(name: str) -> Spec:
    return Spec(key=f"delay_{name}", title=f"last word shown after its end, median, {_SAID[name]}", unit="ms")


GROUPS: Final[tuple[Group, ...]] = (
    Group(
        name="synthetic", title="hearing", measure=synthetic, needs=("voice",),
        specs=(
            *_specs("cer_synthetic", "CER, unseen sentences and voices", "%", 5.0),
            *_specs("cer_noisy", "CER, the same at 10 dB", "%", 12.0),
        ),
    ),
    Group(
        name="commands", title="hearing", measure=commands, needs=("voice",),
        specs=(
            *_specs("cer_commands", "CER, commands to home, car, robot", "%", 2.0),
            *_specs("cer_talk", "CER, all talk, invented names in it", "%", None),
        ),
    ),
    Group(
        name="hsk", title="hearing", measure=hsk, needs=("data",),
        specs=_specs("cer_hsk", "CER, HSK sentences, natural voice", "%", 20.0),
    ),
    Group(
        name="human", title="hearing", measure=human, needs=("data", "voice"),
        specs=(
            *_specs("ser_words", "syllables without tones, human words", "%", 25.0),
            *_specs("ser_words_toned", "syllables with tones, human words", "%", None),
            *_specs("ser_speakers", "syllables without tones, new speakers", "%", 15.0),
            *_specs("ser_speakers_toned", "syllables with tones, new speakers", "%", None),
        ),
    ),
    Group(
        name="cantonese", title="hearing", measure=cantonese, needs=("voice",),
        specs=_specs("cer_cantonese", "CER, Cantonese-style", "%", None),
    ),
    Group(
        name="delay", title="hearing", measure=delay, needs=("voice",),
        specs=(_delay_spec("320"), _delay_spec("640")),
    ),
)
