"""The speech front end as a small protocol: open a recognition, push samples, say that it was the last.

Two implementations: our own Conformer, one stream at a time (the engine batches it differently), and the published
cache-aware streaming transducer of `transformers` (`NemotronAsrStreamingForRNNT`), which gives text, no speech tokens.
State belongs to the recognition, weights are shared. Not here: endpointing and the stability of partial text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from autoglm_agent.errors import CheckpointError, ModelNotFoundError
from autoglm_agent.model.speech import FRAME_SAMPLES, SAMPLE_RATE_HZ, SpeechEncoder
from autoglm_agent.model.transducer_mel import TransducerMel

Samples = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """The text of all audio so far, and how much of it has been encoded."""

    text: str
    audio_ms: int


class Recognition(Protocol):
    """One utterance. Any chunking of the same samples gives the same final text."""

    def push(self, samples: Samples) -> Heard:
        """Take more audio: float32 [N] at 16 kHz in [-1, 1]."""
        ...

    def final(self) -> Heard:
        """Encode what is left. The recognition is over."""
        ...


class Recogniser(Protocol):
    """A model that recognises speech as it comes."""

    @property
    def chunk_ms(self) -> int:
        """How much audio it takes at a time: its algorithmic latency."""
        ...

    def open(self) -> Recognition:
        """Begin an utterance."""
        ...


class ConformerRecogniser:
    """Our own encoder with greedy CTC."""

    def __init__(self, encoder: SpeechEncoder, decode: Callable[[Sequence[int]], str], *, chunk_ms: int = 320) -> None:
        if chunk_ms <= 0 or chunk_ms % encoder.config.frame_ms:
            raise ValueError(f"chunk_ms {chunk_ms} is not a multiple of {encoder.config.frame_ms}")
        self.encoder, self.decode, self.chunk_ms = encoder, decode, chunk_ms

    def open(self) -> ConformerRecognition:
        """Begin an utterance."""
        return ConformerRecognition(self)


class ConformerRecognition:
    """One utterance through our own encoder."""

    def __init__(self, model: ConformerRecogniser) -> None:
        self._model = model
        self._state = model.encoder.initial_state()
        self._chunk = model.chunk_ms * SAMPLE_RATE_HZ // 1000
        self._waiting = np.zeros(0, np.float32)
        self._num_samples = 0
        self._ids: list[int] = []
        self._last = 0

    def push(self, samples: Samples) -> Heard:
        """Take more audio."""
        self._waiting = np.concatenate((self._waiting, samples))
        while len(self._waiting) >= self._chunk:
            self._encode(self._waiting[: self._chunk])
            self._waiting = self._waiting[self._chunk :]
        return self._heard()

    def final(self) -> Heard:
        """Encode what is left."""
        if len(self._waiting):
            self._encode(self._waiting)
            self._waiting = self._waiting[:0]
        return self._heard()

    @torch.inference_mode()
    def _encode(self, chunk: Samples) -> None:
        frames = -(-len(chunk) // FRAME_SAMPLES)
        padded = torch.from_numpy(np.pad(chunk, (0, self._chunk - len(chunk))))[None]
        device = self._state.num_frames.device
        output, self._state = self._model.encoder.stream(
            padded.to(device), torch.tensor([frames], device=device), self._state
        )
        for index in output.tokens[0, :frames].argmax(-1).tolist():
            if index and index != self._last:  # 0 is the blank
                self._ids.append(index)
            self._last = index
        self._num_samples += len(chunk)

    def _heard(self) -> Heard:
        text = self._model.decode(self._ids)
        return Heard(text=text, audio_ms=self._num_samples * 1000 // SAMPLE_RATE_HZ)


class TransducerRecogniser:
    """A published streaming transducer. `lookahead` is its right context in encoder frames of 80 ms."""

    def __init__(self, model: Any, decode: Callable[[Sequence[int]], str], *, lookahead: int | None = None) -> None:
        encoder = model.config.encoder_config
        self.model, self.decode = model, decode
        self.lookahead: int = encoder.default_num_lookahead_tokens if lookahead is None else lookahead
        self.factor: int = encoder.subsampling_factor
        self.mel = TransducerMel(encoder.num_mel_bins)

    @property
    def chunk_ms(self) -> int:
        """Its algorithmic latency."""
        return (self.lookahead + 1) * self.factor * self.mel.hop_samples * 1000 // SAMPLE_RATE_HZ

    def open(self) -> TransducerRecognition:
        """Begin an utterance."""
        return TransducerRecognition(self)

    def chunk_frames(self, *, first: bool) -> int:
        """Mel frames of a chunk; the first of a stream carries the frame that the causal subsampling begins with."""
        return 1 + self.factor * self.lookahead if first else self.factor * (self.lookahead + 1)


class TransducerRecognition:
    """One utterance through a transducer: encoder caches, and greedy decoding with the prediction network's state."""

    def __init__(self, recogniser: TransducerRecogniser) -> None:
        self._recogniser = recogniser
        self._mel = recogniser.mel.initial_state()
        self._waiting = torch.zeros(0, recogniser.mel.num_mel_bins)
        self._num_encoded = 0
        self._caches: dict[str, Any] = {"past_key_values": None, "padding_cache": None}
        self._memory: tuple[Tensor, Tensor] | None = None
        self._predicted = self._predict(recogniser.model.config.blank_token_id)
        self.ids: list[int] = []

    def push(self, samples: Samples) -> Heard:
        """Take more audio."""
        self._take(self._recogniser.mel.push(self._mel, torch.from_numpy(np.array(samples, np.float32))))
        return self._heard()

    def final(self) -> Heard:
        """Encode what is left, padded with the zeros that the model was trained to see behind the end."""
        self._take(self._recogniser.mel.flush(self._mel))
        if len(self._waiting):
            self._encode(self._waiting, valid=len(self._waiting))
            self._waiting = self._waiting[:0]
        return self._heard()

    def _take(self, mel: Tensor) -> None:
        self._waiting = torch.cat((self._waiting, mel))
        while len(self._waiting) >= (size := self._recogniser.chunk_frames(first=not self._num_encoded)):
            self._encode(self._waiting[:size], valid=size)
            self._waiting = self._waiting[size:]

    @torch.inference_mode()
    def _encode(self, mel: Tensor, valid: int) -> None:
        """Encode a chunk of mel frames, of which the first `valid` are audio, and decode what comes out."""
        model, factor = self._recogniser.model, self._recogniser.factor
        first = not self._num_encoded
        padded = torch.nn.functional.pad(mel, (0, 0, 0, self._recogniser.chunk_frames(first=first) - valid))
        output = model.get_audio_features(
            input_features=padded[None].to(model.device, model.dtype),
            num_lookahead_tokens=self._recogniser.lookahead,
            use_cache=True,
            output_attention_mask=False,
            **self._caches,
        )
        self._caches = {"past_key_values": output.past_key_values, "padding_cache": output.padding_cache}
        before = -(-self._num_encoded // factor)
        self._num_encoded += valid
        num_frames = -(-self._num_encoded // factor) - before
        for frame in output.pooler_output[0, :num_frames]:
            self._decode(frame)

    def _decode(self, frame: Tensor) -> None:
        """Emit symbols at one encoder frame until the blank, or until the model's bound."""
        model = self._recogniser.model
        for _ in range(model.max_symbols_per_step):
            logits = model.joint(
                encoder_hidden_states=frame.view(1, 1, 1, -1), decoder_hidden_states=self._predicted[:, None]
            )
            symbol = int(logits.argmax(-1))
            if symbol == model.config.blank_token_id:
                return
            self.ids.append(symbol)
            self._predicted = self._predict(symbol)

    @torch.inference_mode()
    def _predict(self, symbol: int) -> Tensor:
        """The prediction network's output [1, 1, hidden] after a symbol."""
        decoder = self._recogniser.model.decoder
        embedded = decoder.embedding(torch.tensor([[symbol]], device=decoder.embedding.weight.device))
        out, self._memory = decoder.lstm(embedded, self._memory)
        projected: Tensor = decoder.decoder_projector(out)
        return projected

    def _heard(self) -> Heard:
        audio_ms = self._num_encoded * self._recogniser.mel.hop_samples * 1000 // SAMPLE_RATE_HZ
        return Heard(text=self._recogniser.decode(self.ids), audio_ms=audio_ms)


def load_transducer(directory: str | Path, *, lookahead: int | None = None) -> TransducerRecogniser:
    """A published streaming transducer from a checkpoint directory.

    Raises:
        ModelNotFoundError: no such directory.
        CheckpointError: not a checkpoint of this kind.
    """
    from transformers import AutoTokenizer, NemotronAsrStreamingForRNNT

    if not Path(directory).is_dir():
        raise ModelNotFoundError(f"{directory} is not a directory; give a downloaded NemotronAsrStreaming checkpoint.")
    try:
        model = NemotronAsrStreamingForRNNT.from_pretrained(directory).eval()
        tokenizer = AutoTokenizer.from_pretrained(directory)
    except (OSError, ValueError, KeyError) as error:
        raise CheckpointError(f"{directory} is no NemotronAsrStreaming checkpoint ({error}).") from error
    return TransducerRecogniser(
        model, lambda ids: str(tokenizer.decode(list(ids), skip_special_tokens=True)), lookahead=lookahead
    )
