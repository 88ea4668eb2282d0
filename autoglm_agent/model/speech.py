"""The ears: a streaming Conformer with explicit state, a phone CTC in the middle and a token CTC at the end.

16 kHz samples -> 10 ms log-mel frames -> two causal convolutions to 40 ms frames -> Conformer layers whose attention
sees its own chunk and a bounded left context. The state is passed in and returned, so that any chunking of the samples,
once cut into chunks of the same size, gives the same output as the whole recording with the chunk mask (`forward`).
Shapes: B batch, T encoder frames (40 ms), C frames of a chunk, D hidden, H heads.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import torch
import torchaudio
from torch import Tensor, nn
from torch.nn import functional

from autoglm_agent.model.conformer import ConformerLayer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Self

    from autoglm_agent.model.config import AutoGLMSpeechConfig

SAMPLE_RATE_HZ = 16_000
HOP_SAMPLES = 160
WINDOW_SAMPLES = 400
OVERLAP_SAMPLES = WINDOW_SAMPLES - HOP_SAMPLES
FRAME_SAMPLES = 640  # One encoder frame: four mel hops, 40 ms.
SUBSAMPLE_KERNEL = 4
SUBSAMPLE_STATE = 2


@dataclass(slots=True)
class SpeechState:
    """What a stream must remember between chunks. Every tensor has the stream as its first axis.

    samples [B, 240]; mel [B, mels, 2]; half [B, D, 2] (inputs of the two subsampling convolutions);
    keys, values [B, layers, H, left, D/H]; conv [B, layers, D, kernel-1]; num_frames int64 [B].
    """

    samples: Tensor
    mel: Tensor
    half: Tensor
    keys: Tensor
    values: Tensor
    conv: Tensor
    num_frames: Tensor

    @classmethod
    def stack(cls, states: Sequence[SpeechState]) -> SpeechState:
        """Join streams into one batch."""
        return cls(*(torch.cat([getattr(s, f.name) for s in states]) for f in fields(cls)))

    def split(self) -> list[SpeechState]:
        """Part a batch into its streams again."""
        parts = [getattr(self, f.name).split(1) for f in fields(self)]
        return [SpeechState(*(part[i].clone() for part in parts)) for i in range(len(self.num_frames))]


@dataclass(slots=True)
class SpeechOutput:
    """hidden [B, T, D]; tokens [B, T, vocab] and phones [B, T, phones]: CTC logits; lengths int64 [B] in frames."""

    hidden: Tensor
    tokens: Tensor
    phones: Tensor
    lengths: Tensor


class LogMel(nn.Module):
    """Log-mel energies, not centred: frame n covers the samples [160n - 240, 160n + 160), so nothing looks ahead."""

    window: Tensor
    bank: Tensor

    def __init__(self, num_mel_bins: int) -> None:
        super().__init__()
        with torch.device("cpu"):  # Constants are made even where a checkpoint will bring the weights (meta device).
            window = torch.hann_window(WINDOW_SAMPLES, periodic=False)
            bank = torchaudio.functional.melscale_fbanks(257, 20.0, 7800.0, num_mel_bins, SAMPLE_RATE_HZ)
        self.register_buffer("window", window, persistent=False)
        self.register_buffer("bank", bank, persistent=False)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """Follow the module to another device, but stay in full precision: the logarithm needs it."""
        window, bank = self.window, self.bank
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        self.window, self.bank = window.to(self.window.device), bank.to(self.bank.device)
        return self

    def forward(self, samples: Tensor) -> Tensor:
        """Samples [B, 240 + 160n] in [-1, 1], the first 240 from before -> [B, n, mels], about zero mean, unit var."""
        frames = samples.unfold(-1, WINDOW_SAMPLES, HOP_SAMPLES) * self.window
        power = torch.fft.rfft(frames, 512).abs().square()
        return (torch.log(power @ self.bank + 1e-5) + 3.0) / 4.0


class SpeechEncoder(nn.Module):
    """Samples to hidden frames, CTC logits and, through `adapt`, speech tokens for the backbone."""

    def __init__(self, config: AutoGLMSpeechConfig, vocab_size: int, output_size: int) -> None:
        super().__init__()
        self.config = config
        size = config.hidden_size
        self.features = LogMel(config.num_mel_bins)
        self.halve = nn.Conv1d(config.num_mel_bins, size, SUBSAMPLE_KERNEL, stride=2)
        self.quarter = nn.Conv1d(size, size, SUBSAMPLE_KERNEL, stride=2)
        self.embed = nn.Linear(size, size)
        self.layers = nn.ModuleList(ConformerLayer(config) for _ in range(config.num_hidden_layers))
        self.phone_head = nn.Linear(size, config.num_phones)
        self.phone_feedback = nn.Linear(config.num_phones, size)
        self.token_head = nn.Linear(size, vocab_size)
        self.adapter_in = nn.Linear(size * config.token_frames, output_size)
        self.adapter_out = nn.Linear(output_size, output_size)

    def initial_state(self, batch: int = 1) -> SpeechState:
        """The state before the first sample: silence."""
        c, where = self.config, self.embed.weight
        heads = c.num_attention_heads
        past = (batch, c.num_hidden_layers, heads, c.left_context_frames, c.hidden_size // heads)
        return SpeechState(
            samples=torch.zeros(batch, OVERLAP_SAMPLES, device=where.device),
            mel=where.new_zeros(batch, c.num_mel_bins, SUBSAMPLE_STATE),
            half=where.new_zeros(batch, c.hidden_size, SUBSAMPLE_STATE),
            keys=where.new_zeros(past),
            values=where.new_zeros(past),
            conv=where.new_zeros(batch, c.num_hidden_layers, c.hidden_size, c.conv_kernel_size - 1),
            num_frames=torch.zeros(batch, dtype=torch.long, device=where.device),
        )

    def stream(self, samples: Tensor, lengths: Tensor, state: SpeechState) -> tuple[SpeechOutput, SpeechState]:
        """Encode the next chunk of each stream.

        Args:
            samples: float [B, 640·C] in [-1, 1]; all rows have the same chunk size C.
            lengths: int64 [B], valid frames of each row: C, or fewer in a stream's last chunk.
            state: from `initial_state` or the previous call.

        Returns:
            Output over C frames (those past `lengths` mean nothing) and the new state. A stream whose length was
            below C has ended: its state must not be used again.
        """
        c = self.config
        joined = torch.cat((state.samples, samples), dim=1)
        mel = self.features(joined).transpose(1, 2).to(self.embed.weight.dtype)
        mel_in = torch.cat((state.mel, mel), dim=2)
        half = functional.gelu(self.halve(mel_in))
        half_in = torch.cat((state.half, half), dim=2)
        x = self.embed(functional.gelu(self.quarter(half_in)).transpose(1, 2))

        frames = torch.arange(x.shape[1], device=x.device)
        keep = frames < lengths[:, None]
        left = torch.arange(c.left_context_frames, device=x.device)
        filled = left >= c.left_context_frames - state.num_frames[:, None]
        mask = torch.cat((filled, keep), dim=1)[:, None, None].expand(-1, 1, x.shape[1], -1)
        keys, values, convs = [], [], []
        phones = x.new_zeros(0)
        for i, layer in enumerate(self.layers):
            past = state.keys[:, i], state.values[:, i]
            x, (k, v, inputs) = layer(x, mask, keep, past, state.conv[:, i])
            keys.append(k[:, :, -c.left_context_frames :])
            values.append(v[:, :, -c.left_context_frames :])
            convs.append(inputs[:, :, -(c.conv_kernel_size - 1) :])
            if i + 1 == c.phone_layer:
                phones, x = self._phones(x)
        after = SpeechState(
            samples=joined[:, -OVERLAP_SAMPLES:],
            mel=mel_in[:, :, -SUBSAMPLE_STATE:],
            half=half_in[:, :, -SUBSAMPLE_STATE:],
            keys=torch.stack(keys, 1),
            values=torch.stack(values, 1),
            conv=torch.stack(convs, 1),
            num_frames=state.num_frames + lengths,
        )
        return SpeechOutput(x, self.token_head(x), phones, lengths), after

    def forward(self, samples: Tensor, lengths: Tensor, chunk_frames: int | None) -> SpeechOutput:
        """Encode whole recordings under the chunk mask; None sees everything.

        Args:
            samples: float [B, N] in [-1, 1], zero beyond each length.
            lengths: int64 [B] in samples.
            chunk_frames: frames per chunk (latency in 40 ms steps).
        """
        padding = -samples.shape[1] % FRAME_SAMPLES
        mel = self.features(functional.pad(samples, (OVERLAP_SAMPLES, padding))).to(self.embed.weight.dtype)
        return self.encode_mel(mel, (lengths + FRAME_SAMPLES - 1) // FRAME_SAMPLES, chunk_frames)

    def encode_mel(self, mel: Tensor, lengths: Tensor, chunk_frames: int | None) -> SpeechOutput:
        """As `forward`, from log-mel frames [B, 4T, mels] and lengths in encoder frames (training augments mels)."""
        pad = (SUBSAMPLE_STATE, 0)
        half = functional.gelu(self.halve(functional.pad(mel.transpose(1, 2), pad)))
        x = self.embed(functional.gelu(self.quarter(functional.pad(half, pad))).transpose(1, 2))
        frames = torch.arange(x.shape[1], device=x.device)
        keep = frames < lengths[:, None]
        mask = (chunk_mask(frames, chunk_frames, self.config.left_context_frames) & keep[:, None])[:, None]
        past_conv = x.new_zeros(x.shape[0], x.shape[2], self.config.conv_kernel_size - 1)
        phones = x.new_zeros(0)
        for i, layer in enumerate(self.layers):
            x, _ = layer(x, mask, keep, None, past_conv)
            if i + 1 == self.config.phone_layer:
                phones, x = self._phones(x)
        return SpeechOutput(x, self.token_head(x), phones, lengths)

    def adapt(self, hidden: Tensor) -> Tensor:
        """Join frames [B, T, D] by fours into speech tokens [B, ceil(T/4), backbone size]; the last is zero-padded."""
        batch, length, size = hidden.shape
        count = self.config.token_frames
        grouped = functional.pad(hidden, (0, 0, 0, -length % count)).reshape(batch, -1, size * count)
        adapted: Tensor = self.adapter_out(functional.gelu(self.adapter_in(grouped)))
        return adapted

    def _phones(self, x: Tensor) -> tuple[Tensor, Tensor]:
        logits = self.phone_head(x)
        return logits, x + self.phone_feedback(torch.softmax(logits.float(), dim=-1).to(x.dtype))


def chunk_mask(frames: Tensor, chunk_frames: int | None, left_context_frames: int) -> Tensor:
    """Mask [1, T, T], bool: a frame sees its own chunk whole and `left_context_frames` before the chunk."""
    if chunk_frames is None:
        return torch.ones(1, len(frames), len(frames), dtype=torch.bool, device=frames.device)
    begin = frames // chunk_frames * chunk_frames
    keys = frames[None]
    return ((keys < (begin + chunk_frames)[:, None]) & (keys >= (begin - left_context_frames)[:, None]))[None]
