"""Makes what `autoglm demo` plays and shows: `python -m autoglm_agent.training.demo_media --data D --pictures P`.

Recordings by espeak-ng in voices kept out of training, pictures by `demo_pictures`, and one recording of a human
speaker who is kept out too. The same inputs give the same files. What is asked and checked is in `commands.scenes`.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Annotated, Final

import soundfile
import typer

from autoglm_agent.training.pictures.demo_pictures import write_demo_pictures
from autoglm_agent.training.speech.speech_natural import HELD_OUT_SPEAKERS, read_wave
from autoglm_agent.training.speech.synthesis import EVAL_VARIANTS, Utterance, synthesise_many
from autoglm_agent.training.text import zoo

MEDIA_DIR: Final = Path(__file__).parents[1] / "media"
SAMPLE_RATE_HZ: Final = 16_000
VOICES: Final = ("f4", "m3")
"""A woman and a man of the held-out voices, who take turns."""
SPEECH: Final = {
    "toys.flac": "我想要那个红色的玩具车",
    "label.flac": "看一下这个标签，总结一下",
    "car.flac": "把空调调到二十六度",
    "who.flac": "你是谁",
    "photo.flac": "这是什么",
    **{f"zoo{number}.flac": text for number, text in enumerate(zoo.FIXED, start=1)},
}
HUMAN: Final = ("human.flac", "spk17", "中国", 4)
"""File, speaker, word and take of DSPSpeech-20."""
PICTURES: Final = ("toys.png", "label.png", "photo.jpg")


def write_speech(out: Path) -> list[Path]:
    """Synthesise all questions, a little slower than the voices' own speed."""
    assert set(VOICES) <= EVAL_VARIANTS
    said = [
        Utterance(text=text, voice=VOICES[number % len(VOICES)], rate=160, pitch=50, range=60, seed=number)
        for number, text in enumerate(SPEECH.values())
    ]
    for name, wave in zip(SPEECH, synthesise_many(said, workers=1), strict=True):
        soundfile.write(out / name, wave, SAMPLE_RATE_HZ, subtype="PCM_16")
    return [out / name for name in SPEECH]


def write_human(data: Path, out: Path) -> Path:
    """Cut the human recording out of its speaker's file, as it is."""
    name, speaker, word, take = HUMAN
    assert speaker in HELD_OUT_SPEAKERS
    folder = data / "speech" / "dspspeech20"
    with (folder / "clips.tsv").open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(lines, delimiter="\t")
        clips = [row for row in rows if row["file"] == f"{speaker}.opus" and row["text"] == word]
    begin, end = (int(clips[take][f"{edge}_sample_16k"]) for edge in ("start", "end"))
    soundfile.write(out / name, read_wave(folder / f"{speaker}.opus")[begin:end], SAMPLE_RATE_HZ, subtype="PCM_16")
    return out / name


def main(
    data: Annotated[Path, typer.Option(help="Folder of the public sets (speech/, vision/, text/).")],
    pictures: Annotated[Path, typer.Option(help="The picture pack of `autoglm train prepare`.")],
    out: Annotated[Path, typer.Option(help="Where the files go.")] = MEDIA_DIR,
) -> None:
    """Make the demonstration's media."""
    out.mkdir(parents=True, exist_ok=True)
    files = [*write_speech(out), write_human(data, out)]
    for path in write_demo_pictures(pictures, out):
        if path.name in PICTURES:
            files.append(path)
        else:
            path.unlink()
    for path in files:
        typer.echo(f"{path.stat().st_size / 1024:7.1f} KiB  {path}")


if __name__ == "__main__":
    typer.run(main)
