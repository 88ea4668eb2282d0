"""Synthesis, recordings, the pack and joined syllables: small amounts of real audio."""

from __future__ import annotations

import io
import random
import tarfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

from autoglm_agent.training.speech import pack, speech_natural, synthesis
from autoglm_agent.training.speech.speech_natural import Recording
from autoglm_agent.training.speech.speech_wave import (
    SAMPLE_RATE_HZ,
    frame_rms,
    joined,
    levelled,
    resampled,
    to_16k,
    to_float,
    to_int16,
    trimmed,
)
from autoglm_agent.training.speech.syllable_bank import (
    SyllableBank,
    concatenated_speech,
    concatenated_syllables,
    joined_words,
    shortened,
    spoken_by_people,
    spoken_by_people_many,
)
from autoglm_agent.training.speech.synthesis import EVAL_VARIANTS, VARIANTS, Utterance, random_utterance, synthesise


def _tone(hertz: float, seconds: float, rate_hz: int = SAMPLE_RATE_HZ) -> np.ndarray:
    return (0.3 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate_hz)) / rate_hz)).astype(np.float32)


def _loudest_hertz(wave: np.ndarray) -> float:
    spectrum = np.abs(np.fft.rfft(wave * np.hanning(wave.size)))
    return float(spectrum.argmax()) * SAMPLE_RATE_HZ / wave.size


def test_resampling_keeps_pitch_level_and_duration() -> None:
    wave = to_16k(_tone(440, 1.0, 22_050), 22_050)
    assert wave.size == 16_000
    assert _loudest_hertz(wave) == pytest.approx(440, abs=1)
    assert float(wave[2_000:14_000].std()) == pytest.approx(0.3 / 2**0.5, rel=0.01)


def test_resampling_by_a_ratio_moves_the_pitch() -> None:
    wave = resampled(_tone(400, 1.0), 4, 5)
    assert wave.size == 12_800
    assert _loudest_hertz(wave) == pytest.approx(500, abs=2)


def test_trimming_removes_silence_and_steady_noise_but_keeps_a_margin() -> None:
    noise = np.random.default_rng(1).normal(0, 0.001, 48_000).astype(np.float32)
    noise[16_000:32_000] += _tone(300, 1.0)
    assert trimmed(noise).size == pytest.approx(16_000 + 1_600 + 2_400, abs=320)


def test_levelling_gives_one_loudness_and_never_clips() -> None:
    quiet = levelled(_tone(300, 0.5) * np.float32(0.01))
    assert float(frame_rms(quiet).mean()) == pytest.approx(0.08, rel=0.02)
    spiky = np.zeros(1_600, np.float32)
    spiky[800] = 0.5
    assert float(np.abs(levelled(spiky)).max()) <= 0.95


def test_crossfaded_parts_overlap_by_what_was_asked() -> None:
    parts = [np.ones(1_000, np.float32), np.ones(500, np.float32), np.ones(100, np.float32)]
    result = joined(parts, [200, 300])
    assert result.size == 1_000 + 500 + 100 - 200 - 50
    assert np.allclose(result[800:1_000], 1.0, atol=0.01)
    assert joined(parts[:2], [-80]).size == 1_580
    assert joined([], []).size == 0


def test_shortening_halves_the_time_and_keeps_the_pitch() -> None:
    wave = shortened(_tone(220, 1.0), 2.0)
    assert wave.size == pytest.approx(8_000, rel=0.06)
    assert _loudest_hertz(wave) == pytest.approx(220, abs=4)


def test_synthetic_speech_has_a_plausible_length_and_level() -> None:
    wave = synthesise(Utterance(text="请把客厅的空调打开", voice="f2"))
    assert wave.dtype == np.int16
    assert 1.2 < wave.size / SAMPLE_RATE_HZ < 3.0
    assert 0.03 < float(to_float(wave).std()) < 0.1


def test_polyphones_are_spoken_by_their_phrase() -> None:
    said = synthesis.spoken_input(Utterance(text="银行的空调"))
    assert said == "yin2 hang2 de5 kong1 tiao2"
    assert synthesis.spoken_input(Utterance(text="hello", lang="en")) == "hello"


def test_rate_and_warp_change_the_length() -> None:
    plain = synthesise(Utterance(text="今天天气很好", voice="m1"))
    assert synthesise(Utterance(text="今天天气很好", voice="m1", rate=260)).size < 0.85 * plain.size
    assert synthesise(Utterance(text="今天天气很好", voice="m1", warp=1.134)).size < 0.95 * plain.size


def test_unknown_voice_is_refused() -> None:
    with pytest.raises(ValueError, match="no voice"):
        synthesise(Utterance(text="好", voice="nobody"))


def test_every_language_and_every_variant_speaks() -> None:
    for name in VARIANTS:
        assert synthesise(Utterance(text="你好", voice=name)).size > 4_000, name
    assert synthesise(Utterance(text="open the door", lang="en", voice="f1")).size > 8_000
    assert synthesise(Utterance(text="打开客厅的灯", lang="yue")).size > 8_000


def test_voices_of_training_and_evaluation_are_disjoint() -> None:
    def voices(split: speech_natural.Split) -> set[str]:
        return {random_utterance(f"第{index}句", split, index).voice for index in range(600)}

    assert EVAL_VARIANTS < set(VARIANTS)
    assert voices("eval") == EVAL_VARIANTS
    assert not voices("train") & EVAL_VARIANTS
    assert random_utterance("你好", "train", 3) == random_utterance("你好", "train", 3)
    assert random_utterance("hello", "train", 3).lang == "en"


def test_many_utterances_come_in_order_and_do_not_depend_on_the_workers() -> None:
    utterances = [random_utterance(text, "train", 5) for text in ("你好", "今天天气很好", "打开空调", "再见")]
    seen: list[tuple[int, int]] = []
    one = list(synthesis.synthesise_many(utterances, 1, chunk=2))
    two = list(synthesis.synthesise_many(utterances, 2, chunk=2, progress=lambda *at: seen.append(at)))
    assert [wave.size for wave in one] == [wave.size for wave in two]
    assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))
    assert one[1].size > one[0].size
    assert seen == [(2, 4), (4, 4)]


def _recording(text: str, source: speech_natural.Source, hertz: float, split: speech_natural.Split) -> Recording:
    wave = to_int16(_tone(hertz, 0.5))
    return Recording(wave=wave, text=text, source=source, speaker="one", split=split)


@pytest.fixture
def bank() -> SyllableBank:
    """Every syllable is a tone of its own height, so that one hears which was taken."""
    syllables = {"da3": 200, "kai1": 300, "kong1": 400, "tiao2": 500, "men2": 600, "de4": 700}
    items = [_recording(text, "syllable", hertz, "train") for text, hertz in syllables.items()]
    words = [_recording("空调", "word", 900, "train"), _recording("大门", "word", 1_000, "eval")]
    return SyllableBank.of([*items, *words])


def test_bank_holds_nothing_that_was_held_out(bank: SyllableBank) -> None:
    assert set(bank.words) == {"空调"}
    assert bank.has_syllable("da3")
    assert bank.has_syllable("de5")
    assert not bank.has_syllable("da1")


def test_syllables_are_joined_into_a_sentence_by_seed(bank: SyllableBank) -> None:
    pinyin = ["da3", "kai1", "men2", "de5"]
    wave = concatenated_syllables(pinyin, bank, random.Random(1))
    assert np.array_equal(wave, concatenated_syllables(pinyin, bank, random.Random(1)))
    assert not np.array_equal(wave, concatenated_syllables(pinyin, bank, random.Random(2)))
    assert 0.4 < wave.size / SAMPLE_RATE_HZ < 2.4
    with pytest.raises(KeyError):
        concatenated_syllables(["da1"], bank, random.Random(1))


def test_recorded_words_are_preferred_to_syllables(bank: SyllableBank) -> None:
    text, phrase = joined_words(bank, random.Random(3), 2)
    assert text == "空调空调"
    assert _loudest_hertz(to_float(phrase)) > 650
    spoken = concatenated_speech("打开空调", bank, random.Random(3))
    spectrum = np.abs(np.fft.rfft(to_float(spoken)))
    place = np.arange(spectrum.size) * SAMPLE_RATE_HZ / spoken.size
    assert spectrum[(place > 700) & (place < 1_200)].max() > 5 * spectrum[(place > 420) & (place < 640)].max()


def test_people_say_the_same_in_any_number_of_processes() -> None:
    syllables = {"da3": 200, "kai1": 300, "kong1": 400, "tiao2": 500, "men2": 600}
    items = [_recording(text, "syllable", hertz, "train") for text, hertz in syllables.items()]
    texts = ["打开门", "空调", "今天", "开门"]
    waves = list(spoken_by_people_many(texts, items, 2, seed=4, chunk=1))
    alone = [spoken_by_people(text, SyllableBank.of(items), 4) for text in texts]
    assert waves[2] is None
    assert [wave is None for wave in waves] == [wave is None for wave in alone]
    assert all(np.array_equal(a, b) for a, b in zip(waves, alone, strict=True) if a is not None)


def _encoded(wave: np.ndarray, rate_hz: int) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, wave, rate_hz, format="MP3")
    return buffer.getvalue()


def _archive(path: Path, files: dict[str, bytes]) -> None:
    with tarfile.open(path, "w") as archive:
        for name, payload in files.items():
            info = tarfile.TarInfo(f"folder/{name}")
            info.size = len(payload)
            archive.addfile(info, io.BytesIO(payload))


def test_pack_gives_back_the_recordings_at_their_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    speech, out = tmp_path / "data" / "speech", tmp_path / "pack"
    speech.mkdir(parents=True)
    out.mkdir()
    heights = {"门": 300.0, "开门": 500.0, "关门": 700.0, "空调": 900.0, "打开": 1_100.0}
    files = {f"{word}.mp3": _encoded(_tone(hertz, 0.4, 22_050), 22_050) for word, hertz in heights.items()}
    _archive(speech / "audio_cmn_words.tar", files)
    _archive(speech / "audio_cmn_syllables.tar", {"da3.mp3": files["门.mp3"], "_m1.mp3": files["门.mp3"]})
    monkeypatch.setattr(pack, "SHARD_SAMPLES", 20_000)
    pack.build_source(tmp_path / "data", out, "word")
    pack.build_source(tmp_path / "data", out, "syllable")
    before = {path.name: path.stat().st_mtime_ns for path in out.iterdir()}
    pack.build_source(tmp_path / "data", out, "word")
    assert before == {path.name: path.stat().st_mtime_ns for path in out.iterdir()}
    speech_pack = pack.load_pack(out)
    words = {item.text: item for item in speech_pack.select("word")}
    assert set(words) == set(heights)
    assert len(list(out.glob("word-*.opus"))) > 1
    for word, hertz in heights.items():
        assert _loudest_hertz(to_float(words[word].wave)) == pytest.approx(hertz, abs=15)
        assert words[word].split == speech_natural.word_split(word)
    assert [item.text for item in speech_pack.select("syllable")] == ["da3"]
    assert speech_pack.hours("word") == pytest.approx(5 * 0.4 / 3_600, rel=0.4)
