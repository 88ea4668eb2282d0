"""Whether a voice wants the floor, by its first sounds: a small recurrent network over mel frames, in numpy.

Somebody who speaks over an answer either wants something or only shows that they listen (嗯, 好的), and the recogniser
knows a first word when it is 400 ms old. Its beginning tells earlier: few syllables can begin a sign of listening, and
no hum or cough sounds like the others. A gated recurrent unit (Cho et al., 2014) reads 16 ms at a time and tells after
each how likely more than listening is meant, either being equally likely beforehand; it stays undecided while the
sounds fit both. A window of 32 ms takes a tenth of a millisecond. Trained by `autoglm train first-sounds`. Not here:
what to do about it (`runtime.turn_policy`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from autoglm_agent.errors import CheckpointError

FIRST_SOUNDS_FILE = "first_sounds.npz"
SAMPLE_RATE_HZ = 16_000
HOP = 256
"""Samples between frames, 16 ms: two frames a window of voice activity."""
FRAME = 512
"""Samples of a frame: half of them are the hop before."""
BANDS = 40
LOWEST_HZ, HIGHEST_HZ = 60.0, 7_600.0
JOINED = 3
"""Frames that the network sees at once: the change between them is what a consonant is."""
FORMAT_VERSION = 1
INT8_LEVELS = 127
TABLES = ("joined", "joined_bias", "input", "recurrent", "input_bias", "recurrent_bias", "output", "bias")

Array = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class SoundState:
    """Between windows: the last `HOP` samples, the last `JOINED - 1` frames, the units [H]."""

    samples: Array
    frames: Array
    units: Array


class FirstSounds:
    """The network. Holds no stream's state. H units, C wide before them.

    `tables`: `joined` [C, JOINED * BANDS], `joined_bias` [C], `input` [3H, C], `recurrent` [3H, H], `input_bias` and
    `recurrent_bias` [3H], in the order of gates reset, update, new; `output` [H], `bias` [1].
    """

    def __init__(self, tables: dict[str, Array]) -> None:
        self._tables = tables
        self._joined = np.ascontiguousarray(tables["joined"].T)
        self._input = np.ascontiguousarray(tables["input"].T)
        self._recurrent = np.ascontiguousarray(tables["recurrent"].T)

    @classmethod
    def load(cls, path: Path) -> FirstSounds:
        """Read what `save` wrote. Raises CheckpointError for a file that is missing or broken."""
        try:
            with path.open("rb") as file, np.load(file) as stored:
                if int(stored["version"]) != FORMAT_VERSION:
                    raise ValueError(f"version {int(stored['version'])}, not {FORMAT_VERSION}")
                return cls({name: _unpacked(stored, name) for name in TABLES})
        except (OSError, EOFError, ValueError, KeyError, BadZipFile) as error:
            raise CheckpointError(f"{path} is broken ({error}); copy or save it again.") from error

    def save(self, path: Path) -> None:
        """Write the tables: matrices in int8 with a scale for each row, vectors as they are."""
        arrays: dict[str, Any] = {}
        for name in TABLES:
            table = self._tables[name]
            if table.ndim == 1:
                arrays[name] = table
                continue
            scale = np.abs(table).max(1, keepdims=True).clip(1e-8) / INT8_LEVELS
            arrays[name] = (table / scale).round().astype(np.int8)
            arrays[f"{name}_scale"] = scale.astype(np.float32)
        np.savez_compressed(path, version=np.array(FORMAT_VERSION), **arrays)

    def initial_state(self) -> SoundState:
        """Before the first sample: silence."""
        quiet = mel_frames(np.zeros(FRAME, np.float32))
        units = np.zeros(self._recurrent.shape[0], np.float32)
        return SoundState(np.zeros(HOP, np.float32), np.repeat(quiet, JOINED - 1, axis=0), units)

    def __call__(self, pcm: bytes, state: SoundState) -> tuple[float, SoundState]:
        """Hear on.

        Args:
            pcm: s16le at 16 kHz, a multiple of `HOP` samples.
            state: from `initial_state` or the call before.

        Returns:
            How likely more than listening is meant, from 0 to 1, by all that was heard; and the state after it.
        """
        heard = np.concatenate([state.samples, np.frombuffer(pcm, "<i2").astype(np.float32) / 32768.0])
        frames = np.concatenate([state.frames, mel_frames(heard)])
        wide = np.lib.stride_tricks.sliding_window_view(frames, JOINED, axis=0)  # [T, BANDS, JOINED]
        inner = np.maximum(wide.reshape(len(wide), -1) @ self._joined + self._tables["joined_bias"], 0.0)
        units = state.units
        size = len(units)
        for given in inner @ self._input + self._tables["input_bias"]:
            own = units @ self._recurrent + self._tables["recurrent_bias"]
            both = 1.0 / (1.0 + np.exp(-(given[: 2 * size] + own[: 2 * size])))
            new = np.tanh(given[2 * size :] + both[:size] * own[2 * size :])
            units = new + both[size:] * (units - new)
        score = float(units @ self._tables["output"] + self._tables["bias"][0])
        after = SoundState(heard[-HOP:], frames[-(JOINED - 1) :], units)
        return float(1.0 / (1.0 + np.exp(-score))), after


def shipped_file() -> Path:
    """The network that came with nano. It hears for every model: voices are the same whoever answers them."""
    return Path(__file__).parent.parent / "checkpoints" / "nano" / FIRST_SOUNDS_FILE


def mel_frames(samples: npt.NDArray[np.floating[Any]]) -> Array:
    """Log-mel energies, about zero mean and unit variance: [..., HOP * (T + 1)] in [-1, 1] -> float32 [..., T, BANDS].

    Frame t covers the samples [HOP * t, HOP * t + FRAME): nothing looks ahead.
    """
    frames = np.lib.stride_tricks.sliding_window_view(samples, FRAME, axis=-1)[..., ::HOP, :]
    power = np.abs(np.fft.rfft(frames * _window())) ** 2
    mel: Array = ((np.log(power @ _bank() + 1e-4) + 2.0) / 3.0).astype(np.float32)
    return mel


@lru_cache(1)
def _window() -> Array:
    return np.hanning(FRAME).astype(np.float32)


@lru_cache(1)
def _bank() -> Array:
    """Triangles on the mel scale [FRAME / 2 + 1, BANDS] (O'Shaughnessy, 1987)."""
    low, high = (2595.0 * np.log10(1 + hz / 700.0) for hz in (LOWEST_HZ, HIGHEST_HZ))
    edges = 700.0 * (10 ** (np.linspace(low, high, BANDS + 2) / 2595.0) - 1)
    hz = np.fft.rfftfreq(FRAME, 1 / SAMPLE_RATE_HZ)[:, None]
    rising, falling = (hz - edges[:-2]) / np.diff(edges)[:-1], (edges[2:] - hz) / np.diff(edges)[1:]
    return np.maximum(0.0, np.minimum(rising, falling)).astype(np.float32)


def _unpacked(stored: Any, name: str) -> Array:
    table: npt.NDArray[Any] = stored[name]
    return (table * stored[f"{name}_scale"] if table.ndim > 1 else table).astype(np.float32)
