"""Endpointing: from the probability of speech in each window to when an utterance starts, pauses and stops.

A pure state machine. Time is the count of samples seen; there is no clock, no audio and no model here. Whether a stop
ends the user's turn is the runtime's decision.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from autoglm_agent.audio.clock import ms_to_samples, samples_to_ms
from autoglm_agent.audio.vad import SAMPLE_RATE_HZ, WINDOW
from autoglm_agent.events import SilenceBegan, SpeechResumed, SpeechStarted, SpeechStopped, VoiceEvent

HYSTERESIS = 0.15
"""Speech goes on down to this far below the threshold: Silero's own default, it bridges the closures of stops."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointingConfig:
    """The Realtime API's server_vad, with its defaults, and two thresholds of our own."""

    threshold: float = 0.5
    prefix_padding_ms: int = 300
    silence_duration_ms: int = 500
    min_speech_ms: int = 64
    """Voice shorter than this never starts an utterance: a click of the mouse, a knock. Two windows."""
    silence_onset_ms: int = 64
    """Silence shorter than this is not worth trying the end of the turn: the gap inside a word. Two windows."""


class _Phase(Enum):
    QUIET = auto()  # nobody speaks
    RISING = auto()  # voice, but not yet for `min_speech_ms`
    SPEAKING = auto()
    FALLING = auto()  # silence, but not yet for `silence_onset_ms`
    HOLDING = auto()  # silence was told; the utterance stops when the hold is over


class Endpointer:
    """One stream. `config` may be replaced between windows, for instance when the client changes the hold."""

    def __init__(
        self,
        config: EndpointingConfig | None = None,
        *,
        window: int = WINDOW,
        sample_rate_hz: int = SAMPLE_RATE_HZ,
    ) -> None:
        self.config = config or EndpointingConfig()
        self._window = window
        self._rate = sample_rate_hz
        self._phase = _Phase.QUIET
        self._now = 0
        self._edge = 0  # where the voice or the silence at hand began
        self._free_from = 0  # prefix padding does not reach back into the utterance before

    @property
    def in_speech(self) -> bool:
        """Between `SpeechStarted` and `SpeechStopped`."""
        return self._phase not in (_Phase.QUIET, _Phase.RISING)

    @property
    def is_holding(self) -> bool:
        """Between `SilenceBegan` and what follows it: `SpeechResumed` or `SpeechStopped`."""
        return self._phase is _Phase.HOLDING

    @property
    def num_samples(self) -> int:
        """Samples seen."""
        return self._now

    def push(self, probability: float) -> tuple[VoiceEvent, ...]:
        """Take the probability of speech in the next window; return what it made happen, in order."""
        begin, self._now = self._now, self._now + self._window
        voiced = probability >= self.config.threshold
        silent = probability < self.config.threshold - HYSTERESIS
        match self._phase:
            case _Phase.QUIET | _Phase.RISING:
                return self._while_quiet(begin, voiced=voiced, silent=silent)
            case _Phase.SPEAKING | _Phase.FALLING | _Phase.HOLDING:
                return self._while_speaking(begin, voiced=voiced, silent=silent)

    def finish(self) -> tuple[VoiceEvent, ...]:
        """The input ended or fell silent by another clock: close the utterance, if one is open, without a hold."""
        if not self.in_speech:
            self._phase = _Phase.QUIET
            return ()
        speech_end = self._edge if self._phase in (_Phase.FALLING, _Phase.HOLDING) else self._now
        return self._stop(speech_end)

    def reset(self) -> None:
        """Forget an open utterance without telling: its audio was cleared or committed by the client."""
        self._phase = _Phase.QUIET
        self._free_from = self._now

    def _while_quiet(self, begin: int, *, voiced: bool, silent: bool) -> tuple[VoiceEvent, ...]:
        if self._phase is _Phase.QUIET:
            if not voiced:
                return ()
            self._phase, self._edge = _Phase.RISING, begin
        elif silent:
            self._phase = _Phase.QUIET
            return ()
        if self._now - self._edge < self._samples(self.config.min_speech_ms):
            return ()
        self._phase = _Phase.SPEAKING
        start = max(self._free_from, self._edge - self._samples(self.config.prefix_padding_ms))
        return (SpeechStarted(audio_start_ms=self._ms(start)),)

    def _while_speaking(self, begin: int, *, voiced: bool, silent: bool) -> tuple[VoiceEvent, ...]:
        if self._phase is _Phase.SPEAKING:
            if not silent:
                return ()
            self._phase, self._edge = _Phase.FALLING, begin
        elif voiced:
            told = self._phase is _Phase.HOLDING
            self._phase = _Phase.SPEAKING
            return (SpeechResumed(audio_ms=self._ms(begin)),) if told else ()
        return self._on_silence()

    def _on_silence(self) -> tuple[VoiceEvent, ...]:
        lasted = self._now - self._edge
        hold = self._samples(self.config.silence_duration_ms)
        events: tuple[VoiceEvent, ...] = ()
        if self._phase is _Phase.FALLING and lasted >= min(hold, self._samples(self.config.silence_onset_ms)):
            self._phase = _Phase.HOLDING
            events = (SilenceBegan(audio_end_ms=self._ms(self._edge)),)
        if lasted >= hold:
            events += self._stop(self._edge)
        return events

    def _stop(self, speech_end: int) -> tuple[VoiceEvent, ...]:
        self._phase = _Phase.QUIET
        self._free_from = self._now
        return (SpeechStopped(audio_end_ms=self._ms(self._now), speech_end_ms=self._ms(speech_end)),)

    def _samples(self, ms: int) -> int:
        return ms_to_samples(ms, self._rate)

    def _ms(self, num_samples: int) -> int:
        return samples_to_ms(num_samples, self._rate)
