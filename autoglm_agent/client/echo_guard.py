"""An echo guard: takes our own voice out of what the microphone hears, so that it does not interrupt us.

The played signal is the reference. A Kalman filter in the frequency domain learns how the room carries it from the
loudspeaker to the microphone (delay included) and subtracts that; its own uncertainty says how much echo may be left.
What is not clearly louder than that is silenced while we are heard; what is, is somebody else and passes, without the
echo. The filter's step falls by itself while both speak, so no other double-talk detection is needed. While nothing is
played the microphone passes untouched.

After Enzner and Vary, "Frequency-domain adaptive Kalman filter for acoustic echo control in hearing aids" (2006), in
the partitioned form of Kuech, Mabande and Enzner (ICASSP 2014). Not here: devices, or when to stop the answer.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from autoglm_agent.audio.pcm import Samples
from autoglm_agent.client.devices import BLOCK, SAMPLE_RATE_HZ

Spectrum = npt.NDArray[np.complex128]
Power = npt.NDArray[np.float64]

PARTITIONS = 20
"""The filter's length in blocks: 200 ms for the sound's way through drivers, buffers and air, 200 ms for the room."""
LOUDEST_ECHO = 1.0
"""Before anything is learnt, the microphone may hear us as loud as we play (0 dB); so until then nobody interrupts."""
FORGETTING = 0.998
"""Per block: a room is trusted to stay itself for about 10 s; people move."""
NEAR_SMOOTHING = 0.85
"""Per block: how fast the estimate of what else is heard follows; 130 ms, about a syllable."""
STANDS_OUT = 8.0
"""9 dB: what is this much above the echo that may be left is somebody else."""
LEFT_OF_ECHO = 0.1
"""−10 dB: so much of the echo may stay however well it is learnt: small loudspeakers distort, rooms are long."""
SILENT = 1e-6
"""−60 dBFS: what is played below this cannot be heard back."""
HANGOVER_BLOCKS = 8
"""160 ms: somebody who speaks is not cut off in the closures between syllables."""
BAND_HZ = (200.0, 5_000.0)
"""Where a voice is told from echo; below it is the room's rumble, above little but hiss."""


class EchoGuard:
    """One microphone and one loudspeaker, block by block; both signals by the same clock."""

    def __init__(self) -> None:
        bins = BLOCK + 1
        hz = np.fft.rfftfreq(2 * BLOCK, 1 / SAMPLE_RATE_HZ)
        self._band = (hz >= BAND_HZ[0]) & (hz <= BAND_HZ[1])
        self._played: Samples = np.zeros(BLOCK, dtype=np.float32)
        self._spectra: Spectrum = np.zeros((PARTITIONS, bins), dtype=np.complex128)
        self._filter: Spectrum = np.zeros((PARTITIONS, bins), dtype=np.complex128)
        self._doubt: Power = np.full((PARTITIONS, 1), LOUDEST_ECHO / PARTITIONS)
        self._near: Power = np.full(bins, 1e-3)
        self._audible = 0
        self._open = 0

    def push(self, heard: Samples, played: Samples) -> Samples:
        """What was heard in a block without what was played.

        Args:
            heard: `float32 [BLOCK]` of the microphone at 24 kHz.
            played: `float32 [BLOCK]`, what the loudspeaker was given in the same time; its delay is learnt.

        Returns:
            `float32 [BLOCK]`, without further delay: untouched while nothing of ours can be heard.
        """
        both = np.concatenate([self._played, played])
        self._played = both[BLOCK:]
        self._spectra = np.roll(self._spectra, 1, axis=0)
        self._spectra[0] = np.fft.rfft(both)
        is_audible = float(np.mean(np.square(played))) > SILENT
        self._audible = PARTITIONS + 1 if is_audible else max(0, self._audible - 1)
        if not self._audible:
            self._open = 0
            return heard
        return self._without_echo(heard)

    def _without_echo(self, heard: Samples) -> Samples:
        echo = np.fft.irfft(np.sum(self._spectra * self._filter, axis=0))[BLOCK:]
        rest = heard - echo
        error = np.fft.rfft(np.concatenate([np.zeros(BLOCK), rest]))
        powers = np.square(np.abs(self._spectra))
        left = 0.5 * np.sum(powers * self._doubt, axis=0)
        told = np.square(np.abs(np.fft.rfft(np.concatenate([np.zeros(BLOCK), echo]))))
        self._listen(error, left + LEFT_OF_ECHO * told)
        self._learn(error, powers, left)
        clean: Samples = (rest if self._open else np.zeros(BLOCK)).astype(np.float32)
        return clean

    def _listen(self, error: Spectrum, left: Power) -> None:
        """Whether what is heard is more than the echo that may be left."""
        loud = float(np.sum(np.square(np.abs(error[self._band]))))
        if loud > STANDS_OUT * float(np.sum(left[self._band])) + SILENT:
            self._open = HANGOVER_BLOCKS
        else:
            self._open = max(0, self._open - 1)

    def _learn(self, error: Spectrum, powers: Power, left: Power) -> None:
        """One Kalman step. `near` is what else is heard: the more of it, the less is learnt."""
        seen = np.square(np.abs(error))
        self._near = NEAR_SMOOTHING * self._near + (1 - NEAR_SMOOTHING) * seen
        gain = self._doubt / (left + self._near + 1e-10)
        step = gain * np.conj(self._spectra) * error
        change = np.fft.irfft(step, axis=1)
        change[:, BLOCK:] = 0.0  # a partition is one block long
        self._filter = FORGETTING * (self._filter + np.fft.rfft(change, axis=1))
        kept = np.maximum(1 - 0.5 * gain * powers, 0.0)
        doubt = FORGETTING**2 * kept * self._doubt + (1 - FORGETTING**2) * np.square(np.abs(self._filter))
        self._doubt = np.mean(doubt, axis=1, keepdims=True)
