"""Rows of turn taking: how often a pause inside a sentence ends the turn, and how long the end of a turn is waited for.

A sentence is said by a held-out voice whole, and again with one pause of 300 to 1500 ms where a word may end. Our end of
turn (`semantic_vad`, eagerness auto) stands beside plain silence of 500 ms (`server_vad`), on the same windows of voice
activity. The clock is that of the audio, so runs agree; the engine's answer at a silence counts as `ANSWER_MS` late.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from autoglm_agent.audio.endpointing import Endpointer, EndpointingConfig
from autoglm_agent.audio.vad import SAMPLE_RATE_HZ, WINDOW, SileroVad, VadState
from autoglm_agent.events import SilenceBegan, SpeechResumed, SpeechStarted
from autoglm_agent.protocol.config import SemanticVad, ServerVad
from autoglm_agent.runtime import turn_policy
from autoglm_agent.runtime.listening import TRIAL_AFTER_MS
from autoglm_agent.training.evaluate.eval_rows import Context, Group, Measured, Spec, share
from autoglm_agent.training.evaluate.eval_sets import VOICE_CHUNK, require_voice
from autoglm_agent.training.speech.synthesis import random_utterance, synthesise_many
from autoglm_agent.training.text.task_text import spoken_texts
from autoglm_agent.training.turns.turn_texts import WordGaps, dialogue_sentences

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from autoglm_agent.audio.pcm import Samples
    from autoglm_agent.training.evaluate.eval_sets import Material

SHORTEST_PAUSE_MS, LONGEST_PAUSE_MS = 300, 1500
ANSWER_MS = 128
"""From asking the engine for the words before a silence to having them, four windows: nano's time on two busy cores."""
CHUNK_MS = 320
LEAD_MS, TAIL_MS = 400, 4_500
"""Silence before the first word, and behind the last: longer than anybody waits."""
ROOM_NOISE = 8
"""Standard deviation of what no microphone is without, of 32768: 72 dB below the loudest."""
_VOICED = 0.01  # of the peak, 40 dB below, as in `eval_speech`
_SAMPLES_PER_MS = SAMPLE_RATE_HZ // 1000
WINDOW_MS = WINDOW // _SAMPLES_PER_MS


@dataclass(frozen=True, slots=True)
class Take:
    """A sentence as recorded, int16; where its speech ends, and where its pause lies (ms), if it has one."""

    wave: NDArray[np.int16]
    end_ms: float
    pause_ms: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Silence:
    """A silence that was noticed: where it began by voice activity, whether and when speech went on (ms).

    `end_of_turn` is the model's judgement of the words before it.
    """

    take: int
    begin_ms: int
    resumed_ms: int | None
    start_ms: int
    end_of_turn: float | None = None


def tasks(context: Context) -> Mapping[str, Measured]:
    """What is said in the tasks: unseen phrasings and values."""
    texts = list(spoken_texts(context.amounts.speech, context.material.seed + 3, "eval"))
    return _measured(context, "turns_tasks", texts)


def dialogues(context: Context) -> Mapping[str, Measured]:
    """Held-out sentences of the public dialogues."""
    assert context.material.data is not None  # the group needs it
    found = list(dict.fromkeys(said.text for said in dialogue_sentences(context.material.data.directory, "eval")))
    context.material.rng("turns").shuffle(found)
    return _measured(context, "turns_dialogues", found[: context.amounts.speech])


def _measured(context: Context, key: str, texts: Sequence[str]) -> dict[str, Measured]:
    takes = recorded(context.material, texts, key)
    return rows(key, takes, judged(context, takes, silences(takes)))


def rows(key: str, takes: Sequence[Take], noticed: Sequence[Silence]) -> dict[str, Measured]:
    """The values of a set's rows."""
    found: dict[str, Measured] = {}
    values: dict[str, tuple[float, float]] = {}
    for name, detection in (("plain", ServerVad()), ("ours", SemanticVad())):
        settings = turn_policy.settings_for(detection)
        decided = first_decisions(noticed, settings)
        paused = [(i, take.pause_ms) for i, take in enumerate(takes) if take.pause_ms is not None]
        cuts = sum(decided.get(i, np.inf) < pause[1] for i, pause in paused)
        late = [decided[i] - take.end_ms for i, take in enumerate(takes) if take.pause_ms is None and i in decided]
        if not paused or not late:
            return {}
        found[f"{key}_cuts_{name}"] = share(cuts, len(paused))
        found[f"{key}_delay_{name}"] = Measured(float(np.median(late)), len(late), f"p95 {np.percentile(late, 95):.0f} ms")
        values[name] = (float(cuts), float(np.median(late)))
    (plain_cuts, plain_ms), (our_cuts, our_ms) = values["plain"], values["ours"]
    found[f"{key}_cuts_left"] = share(round(our_cuts), round(plain_cuts))
    found[f"{key}_delay_more"] = Measured(our_ms - plain_ms, found[f"{key}_delay_ours"].n)
    return found


def recorded(material: Material, texts: Sequence[str], name: str) -> list[Take]:
    """Each text whole, and once more with a pause if it has a place for one; held-out voices."""
    require_voice()
    rng, gaps = material.rng(name), WordGaps()
    utterances, cuts = [], []
    for i, text in enumerate(texts):
        whole = random_utterance(text, "eval", material.seed + i)
        places = gaps.of(text)
        at = rng.choice(places) if places else 0
        cuts.append(at)
        utterances += [whole, *([replace(whole, text=text[:at]), replace(whole, text=text[at:])] if at else ())]
    waves = synthesise_many(utterances, material.workers, chunk=VOICE_CHUNK)
    noise = np.random.default_rng(rng.randrange(1 << 31))
    takes = []
    for at in cuts:
        takes.append(_take([next(waves)], 0, noise))
        if at:
            pause_ms = rng.uniform(SHORTEST_PAUSE_MS, LONGEST_PAUSE_MS)
            takes.append(_take([next(waves), next(waves)], pause_ms, noise))
    return takes


def silences(takes: Sequence[Take]) -> list[Silence]:
    """Every silence that voice activity notices, in the order of the takes."""
    found = []
    config = EndpointingConfig(silence_onset_ms=TRIAL_AFTER_MS, silence_duration_ms=1_000_000)
    for number, probabilities in enumerate(_voiced([take.wave for take in takes])):
        endpointer, start_ms = Endpointer(config), 0
        open_at: int | None = None
        for probability in probabilities:
            for event in endpointer.push(float(probability)):
                match event:
                    case SpeechStarted():
                        start_ms = event.audio_start_ms
                    case SilenceBegan():
                        open_at = event.audio_end_ms
                    case SpeechResumed() if open_at is not None:
                        found.append(Silence(number, open_at, event.audio_ms, start_ms))
                        open_at = None
                    case _:
                        pass
        if open_at is not None:
            found.append(Silence(number, open_at, None, start_ms))
    return found


def judged(context: Context, takes: Sequence[Take], noticed: Sequence[Silence]) -> list[Silence]:
    """The silences with what the model makes of the words before them, as a session asks it."""
    said = [takes[each.take].wave[_at(each.start_ms) : _at(each.begin_ms + TRIAL_AFTER_MS)] for each in noticed]
    heard = context.subject.hear(said, CHUNK_MS)
    probabilities = (
        turn_policy.end_of_turn_probability(each.text) if each.end_of_turn is None else each.end_of_turn for each in heard
    )
    return [replace(each, end_of_turn=p) for each, p in zip(noticed, probabilities, strict=True)]


def first_decisions(noticed: Sequence[Silence], settings: turn_policy.TurnSettings) -> dict[int, int]:
    """When the turn of each take was first held to be over (ms into it), as the listener decides it."""
    found: dict[int, int] = {}
    for each in noticed:
        assert each.end_of_turn is not None  # `judged` gave it
        hold_ms = turn_policy.hold_ms(settings, each.end_of_turn)
        if settings.longest_hold_ms > settings.hold_ms:
            hold_ms = max(hold_ms, TRIAL_AFTER_MS + ANSWER_MS)
        decided_ms = each.begin_ms + -(-hold_ms // WINDOW_MS) * WINDOW_MS
        if each.resumed_ms is None or decided_ms <= each.resumed_ms:
            found.setdefault(each.take, decided_ms)
    return found


def _take(parts: Sequence[NDArray[np.int16]], pause_ms: float, noise: np.random.Generator) -> Take:
    """The parts, cut to their speech, with the pause between them and silence around."""
    cut = [_speech(part) for part in parts]
    lead, tail = np.zeros(_at(LEAD_MS), np.int16), np.zeros(_at(TAIL_MS), np.int16)
    pause = np.zeros(_at(pause_ms), np.int16)
    joined = [lead, cut[0], *(piece for part in cut[1:] for piece in (pause, part))]
    wave = np.concatenate([*joined, tail])
    hum = noise.normal(0, ROOM_NOISE, len(wave))
    end_ms = (len(wave) - len(tail)) / _SAMPLES_PER_MS
    begin_ms = (len(lead) + len(cut[0])) / _SAMPLES_PER_MS
    between = (begin_ms, begin_ms + pause_ms) if len(parts) > 1 else None
    return Take((wave + hum).clip(-32768, 32767).astype(np.int16), end_ms, between)


def _speech(wave: NDArray[np.int16]) -> NDArray[np.int16]:
    loudness = np.abs(wave.astype(np.int32))
    loud = np.flatnonzero(loudness > _VOICED * loudness.max())
    return wave[loud[0] : loud[-1] + 1] if len(loud) else wave


def _voiced(waves: Sequence[NDArray[np.int16]]) -> list[Samples]:
    """The probability of speech in each whole window of each wave."""
    counts = [len(wave) // WINDOW for wave in waves]
    padded = np.zeros((len(waves), max(counts, default=0) * WINDOW), np.float32)
    for row, (wave, count) in enumerate(zip(waves, counts, strict=True)):
        padded[row, : count * WINDOW] = wave[: count * WINDOW] / 32768.0
    vad, state = SileroVad(), VadState.initial(len(waves))
    columns = []
    for at in range(0, padded.shape[1], WINDOW):
        probabilities, state = vad.step(padded[:, at : at + WINDOW], state)
        columns.append(probabilities)
    return [row[:count] for row, count in zip(np.stack(columns, axis=1), counts, strict=True)] if columns else []


def _at(ms: float) -> int:
    return round(ms * _SAMPLES_PER_MS)


def _specs(key: str, title: str) -> tuple[Spec, ...]:
    plain, ours = "500 ms of silence", "semantic_vad"
    return (
        Spec(key=f"{key}_cuts_plain", title=f"{title}: turns cut at a pause, {plain}"),
        Spec(key=f"{key}_cuts_ours", title=f"{title}: turns cut at a pause, {ours}"),
        Spec(key=f"{key}_cuts_left", title=f"{title}: cuts that {ours} leaves", at_most=50.0),
        Spec(key=f"{key}_delay_plain", title=f"{title}: end told after it, median, {plain}", unit="ms"),
        Spec(key=f"{key}_delay_ours", title=f"{title}: end told after it, median, {ours}", unit="ms"),
        Spec(key=f"{key}_delay_more", title=f"{title}: median told later by {ours}", unit="ms", at_most=150.0),
    )


GROUPS: Final[tuple[Group, ...]] = (
    Group(
        name="turns", title="turns", measure=tasks, needs=("voice",), specs=_specs("turns_tasks", "tasks"),
    ),
    Group(
        name="turns_dialogues", title="turns", measure=dialogues, needs=("voice", "data"),
        specs=_specs("turns_dialogues", "dialogues"),
    ),
)  # fmt: skip
