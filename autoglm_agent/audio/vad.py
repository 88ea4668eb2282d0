"""Voice activity: Silero's ONNX model over windows of 32 ms, batched over sessions. What it means is `endpointing`'s.

One model is shared by all; a stream's state belongs to its session, is passed in and returned. The file lies in the
installed `silero_vad` package, which is not imported because it would load torch.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime

from autoglm_agent.audio.pcm import Samples, decode
from autoglm_agent.errors import CheckpointError

SAMPLE_RATE_HZ = 16_000
WINDOW = 512
"""Samples of a window: the model is trained on exactly 32 ms."""
CONTEXT = 64
"""Samples of the window before that the model also sees."""
HIDDEN = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class VadState:
    """What the model remembers of B streams: `hidden float32 [2, B, 128]`, `context float32 [B, 64]`."""

    hidden: Samples
    context: Samples

    @classmethod
    def initial(cls, batch: int = 1) -> VadState:
        """Before the first window."""
        return cls(
            hidden=np.zeros((2, batch, HIDDEN), dtype=np.float32), context=np.zeros((batch, CONTEXT), dtype=np.float32)
        )

    @classmethod
    def stack(cls, states: Sequence[VadState]) -> VadState:
        """Several streams as one batch."""
        return cls(
            hidden=np.concatenate([state.hidden for state in states], axis=1),
            context=np.concatenate([state.context for state in states], axis=0),
        )

    def split(self) -> list[VadState]:
        """The batch as streams of one each. Copies, so that no stream keeps the whole batch alive."""
        return [
            VadState(hidden=self.hidden[:, i : i + 1].copy(), context=self.context[i : i + 1].copy())
            for i in range(len(self.context))
        ]


class SileroVad:
    """The model. Holds no stream's state, so one object serves any number of them, one call at a time."""

    def __init__(self) -> None:
        options = onnxruntime.SessionOptions()
        # A window costs 0.15 ms; threads would cost more than they save, and take the engine's cores.
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            str(model_path()), sess_options=options, providers=["CPUExecutionProvider"]
        )
        self._rate: npt.NDArray[np.int64] = np.array(SAMPLE_RATE_HZ, dtype=np.int64)

    def step(self, windows: Samples, state: VadState) -> tuple[Samples, VadState]:
        """One window of each of B streams.

        Args:
            windows: `float32 [B, 512]` at 16 kHz.
            state: of the same B streams, from the step before.

        Returns:
            The probability of speech in each window, `float32 [B]`, and the state after it.
        """
        if windows.ndim != 2 or windows.shape[1] != WINDOW:
            raise ValueError(f"windows must be [B, {WINDOW}], not {list(windows.shape)}")
        seen = np.concatenate([state.context, windows], axis=1)
        probability: Any
        hidden: Any
        probability, hidden = self._session.run(None, {"input": seen, "state": state.hidden, "sr": self._rate})
        return probability[:, 0], VadState(hidden=hidden, context=windows[:, -CONTEXT:].copy())

    def initial_state(self) -> VadState:
        """The state of one stream before its first window."""
        return VadState.initial()

    def __call__(self, windows: Sequence[bytes], states: Sequence[VadState]) -> tuple[list[float], list[VadState]]:
        """`step` for streams that come and go: a window of s16le bytes and a state for each of them."""
        probabilities, after = self.step(np.stack([decode(window) for window in windows]), VadState.stack(states))
        return probabilities.tolist(), after.split()


class Windower:
    """Cuts a stream into whole windows; the rest waits. Holds less than one window."""

    def __init__(self, window: int = WINDOW) -> None:
        self._window = window
        self._rest: Samples = np.zeros(0, dtype=np.float32)

    def push(self, samples: Samples) -> Samples:
        """The windows that are full by now, `float32 [n, window]`, n from 0."""
        joined = np.concatenate([self._rest, samples])
        whole = len(joined) - len(joined) % self._window
        self._rest = joined[whole:].copy()
        return joined[:whole].reshape(-1, self._window)


def model_path() -> Path:
    """Where the ONNX file lies.

    Raises:
        CheckpointError: the `silero-vad` package, or the file in it, is missing.
    """
    spec = importlib.util.find_spec("silero_vad")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / "data" / "silero_vad.onnx"
        if path.is_file():
            return path
    raise CheckpointError("the voice activity model is missing; install it again: pip install 'silero-vad>=6,<7'")
