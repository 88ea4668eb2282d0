"""Whether the user has finished, by the words so far: a small recurrent network over characters, in numpy.

A gated recurrent unit (Cho et al., 2014) reads the transcript; its last state gives the probability that nothing
follows, a pause inside a turn and its end being equally likely beforehand. 20 characters take a third of a
millisecond, so it runs beside the transcript. Trained by `autoglm train turns`. Not here: what to do about it
(`runtime.turn_policy`).
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from autoglm_agent.errors import CheckpointError

TURN_ENDS_FILE = "turn_ends.npz"
CONTEXT = 40
"""Characters that are read, the last ones: training sentences are no longer, and it bounds the time."""
MAX_CACHED = 1_024
"""Answers remembered: sessions repeat their last partial, and say the same things."""
FORMAT_VERSION = 1
INT8_LEVELS = 127

Array = npt.NDArray[np.float32]
_NOT_HEARD = re.compile(r"[^一-鿿a-z']+")
_BESIDE_HAN = re.compile(r"(?<=[一-鿿]) | (?=[一-鿿])")


def heard(text: str) -> str:
    """The text as it is read: lower case, no punctuation, one space between Latin words and none beside a Hanzi."""
    return _BESIDE_HAN.sub("", _NOT_HEARD.sub(" ", text.lower())).strip()


class TurnEnds:
    """Reads transcripts. V characters, E wide; H units.

    `characters`: row i + 1 of the embedding is for the ith; row 0 stands for all others.
    `tables`: `embedding` [V + 1, E], `input` [3H, E], `recurrent` [3H, H], `input_bias` and `recurrent_bias` [3H],
    in the order of gates reset, update, new; `output` [H], `bias` [1].
    """

    def __init__(self, characters: str, tables: dict[str, Array]) -> None:
        self._index = {character: i for i, character in enumerate(characters, start=1)}
        self._tables = tables
        # The input's part of the gates is a table of its own, so that only the recurrence is left to compute.
        self._from_input = tables["embedding"] @ tables["input"].T + tables["input_bias"]
        self._recurrent = np.ascontiguousarray(tables["recurrent"].T)
        self.probability = lru_cache(MAX_CACHED)(self._probability)

    @classmethod
    def load(cls, path: Path) -> TurnEnds:
        """Read what `save` wrote. Raises CheckpointError for a file that is broken."""
        try:
            with path.open("rb") as file, np.load(file) as stored:
                if int(stored["version"]) != FORMAT_VERSION:
                    raise ValueError(f"version {int(stored['version'])}, not {FORMAT_VERSION}")
                tables = {name: _unpacked(stored, name) for name in TABLES}
                return cls(stored["characters"].tobytes().decode(), tables)
        except (OSError, EOFError, ValueError, KeyError, BadZipFile) as error:
            raise CheckpointError(f"{path} is broken ({error}); copy or save it again.") from error

    def save(self, path: Path) -> None:
        """Write the tables: matrices in int8 with a scale for each row, vectors as they are."""
        arrays: dict[str, Any] = {"characters": np.frombuffer("".join(self._index).encode(), np.uint8)}
        for name in TABLES:
            table = self._tables[name]
            if table.ndim == 1:
                arrays[name] = table
                continue
            scale = np.abs(table).max(1, keepdims=True).clip(1e-8) / INT8_LEVELS
            arrays[name] = (table / scale).round().astype(np.int8)
            arrays[f"{name}_scale"] = scale.astype(np.float32)
        np.savez_compressed(path, version=np.array(FORMAT_VERSION), **arrays)

    def _probability(self, text: str) -> float:
        """How likely nothing follows `text`, from 0 to 1. Nothing understood yet is undecided: 0.5."""
        characters = heard(text)[-CONTEXT:]
        if not characters:
            return 0.5
        gates = self._from_input[[self._index.get(character, 0) for character in characters]]
        recurrent, bias = self._recurrent, self._tables["recurrent_bias"]
        units = recurrent.shape[0]
        state = np.zeros(units, np.float32)
        for given in gates:
            own = state @ recurrent + bias
            both = 1.0 / (1.0 + np.exp(-(given[: 2 * units] + own[: 2 * units])))
            new = np.tanh(given[2 * units :] + both[:units] * own[2 * units :])
            state = new + both[units:] * (state - new)
        score = float(state @ self._tables["output"] + self._tables["bias"][0])
        return float(1.0 / (1.0 + np.exp(-score)))


TABLES = ("embedding", "input", "recurrent", "input_bias", "recurrent_bias", "output", "bias")


def _unpacked(stored: Any, name: str) -> Array:
    table: npt.NDArray[Any] = stored[name]
    return (table * stored[f"{name}_scale"] if table.ndim > 1 else table).astype(np.float32)
