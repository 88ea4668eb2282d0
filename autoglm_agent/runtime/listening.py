"""Listening: the client's audio, in order, through resampling and voice activity to utterances and turns.

Overflow policy: `QUEUE_BYTES` of audio may wait; then `room` makes the socket's reader wait, so TCP pushes back on the
client. Marks (commit, clear, settings) travel in the same queue, in order, and are never dropped.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import Any

import anyio

from autoglm_agent.audio import pcm
from autoglm_agent.audio.endpointing import HYSTERESIS, Endpointer, EndpointingConfig
from autoglm_agent.audio.foreground import Foreground
from autoglm_agent.audio.resample import Resampler
from autoglm_agent.audio.vad import SAMPLE_RATE_HZ, WINDOW
from autoglm_agent.events import SilenceBegan, SpeechResumed, SpeechStarted, SpeechStopped, VoiceEvent
from autoglm_agent.protocol import facts as f
from autoglm_agent.protocol.commands import AppendAudio, ClearAudio, CommitAudio
from autoglm_agent.protocol.config import AudioFormat, SessionConfig
from autoglm_agent.runtime import turn_policy
from autoglm_agent.runtime.features import BYTES_PER_MS
from autoglm_agent.runtime.idling import IdleTimer, NobodySpoke
from autoglm_agent.runtime.line import Line
from autoglm_agent.runtime.overheard import BEFORE_MS
from autoglm_agent.runtime.recognising import Outlook, Recogniser
from autoglm_agent.runtime.responding import Responder
from autoglm_agent.runtime.vad_hub import VadStream

QUEUE_BYTES = 10 * 48_000
"""Ten seconds at 24 kHz: a client that uploads faster than real time is read at the speed it is heard."""
SLICE_MS = 100
"""A large append is heard in slices, so that a cancel or another session never waits for all of it."""
MUTED_AFTER_S = 1.0
"""When packets stop in mid-speech for this long beyond the hold, the microphone was muted: the turn is over."""
MAX_UTTERANCE_MS = 60_000
"""A minute without a pause is music or an engine, not a turn; it is committed so that nothing grows without end."""
TRIAL_AFTER_MS = 200
"""Silence after which the end of the turn is tried: longer than the gaps between words, well inside the hold."""
BEHIND_MS = 1_000
"""An engine further behind cannot tell a cough from a word in time: usually it lags by a chunk of 320 ms or two."""
GRAIN_MS = 30
"""Packets are joined up to this length before they are heard: voice activity thinks in windows of 32 ms anyway."""
WINDOW_BYTES = 2 * WINDOW

SHORTEST_TURN_BYTES = 100 * BYTES_PER_MS
"""Of the silence that stands for a turn in which nobody spoke: as much as a commit needs, even from a muted client."""

Entry = AppendAudio | CommitAudio | ClearAudio | SessionConfig | NobodySpoke


class Listener:
    """Hears one session. Its state belongs to the task that runs `run`; `put` and `room` are the socket's side."""

    def __init__(
        self, line: Line, recogniser: Recogniser, responder: Responder, vad: VadStream[Any], idle: IdleTimer
    ) -> None:
        self._line = line
        self._idle = idle
        self._recogniser = recogniser
        self._responder = responder
        self._vad = vad
        self._queue: deque[Entry] = deque()
        self._queued_bytes = 0
        self._marks: deque[str] = deque()
        self._arrived = anyio.Event()
        self._room = anyio.Event()
        self._endpointer = Endpointer()
        self._foreground = Foreground()
        self._rest = b""
        self._recent = bytearray()
        self._start_ms = self._voiced_ms = 0
        self._announced = False
        self._weighed: Outlook | None = None
        config = line.connection.config
        self._format: AudioFormat = config.input_format
        self._to_16k = Resampler(self._format.sample_rate_hz, SAMPLE_RATE_HZ)
        self._settings: turn_policy.TurnSettings | None = None
        self._configure(config)

    def put(self, entry: Entry) -> None:
        """Queue audio or a mark."""
        if isinstance(entry, AppendAudio):
            self._queued_bytes += len(entry.audio)
            last = self._queue[-1] if self._queue else None
            if isinstance(last, AppendAudio) and last.format == entry.format and len(last.audio) < _grain(entry):
                entry = replace(entry, audio=last.audio + entry.audio)
                self._queue.pop()
            self._queue.append(entry)
            if len(entry.audio) < _grain(entry):
                return
        else:
            self._queue.append(entry)
            if isinstance(entry, CommitAudio | ClearAudio):
                self._marks.append(entry.item_id)
        self._arrived.set()

    @property
    def is_idle(self) -> bool:
        """Whether all that came was heard and nobody speaks."""
        return not (self._queue or self._queued_bytes or self._endpointer.in_speech or self._recogniser.current)

    async def room(self) -> None:
        """Wait until there is room for more audio."""
        while self._queued_bytes > QUEUE_BYTES:
            self._room = anyio.Event()
            await self._room.wait()

    async def run(self) -> None:
        """Listen until cancelled."""
        while True:
            while self._queue:
                await self._handle(self._queue.popleft())
                self._room.set()
            if not await self._something_arrived():
                await self._end_by_force()

    async def _something_arrived(self) -> bool:
        """Wait for the next entry; False when speech broke off and nothing followed."""
        self._arrived = anyio.Event()
        if not self._endpointer.in_speech:
            await self._arrived.wait()
            return True
        with anyio.move_on_after(self._endpointer.config.silence_duration_ms / 1000 + MUTED_AFTER_S):
            await self._arrived.wait()
            return True
        return self._line.is_lost  # not muted: the rest of the utterance comes when the client does

    def reconnected(self) -> None:
        """The client is back: it has as long to go on speaking as if it had just spoken."""
        self._arrived.set()

    async def _handle(self, entry: Entry) -> None:
        match entry:
            case AppendAudio(audio=audio):
                self._set_format(entry.format)
                step = entry.format.sample_rate_hz * entry.format.bytes_per_sample * SLICE_MS // 1000
                for start in range(0, len(audio), step):
                    samples = pcm.decode(audio[start : start + step], pcm.Encoding(entry.format.name))
                    await self._hear(pcm.encode(self._to_16k.push(samples)))
                self._queued_bytes -= len(audio)
            case CommitAudio(item_id=item_id):
                await self._commit(item_id)
            case ClearAudio():
                self._recogniser.drop()
                self._forget()
            case SessionConfig():
                self._configure(entry)
            case NobodySpoke(audio_start_ms=start_ms):
                await self._prompt(start_ms)

    def _configure(self, config: SessionConfig) -> None:
        detection = config.turn_detection
        settings = turn_policy.settings_for(detection) if detection is not None else None
        if (settings is None) != (self._settings is None):  # who ends turns has changed: start afresh
            if self._announced:  # nobody will end this speech now, and the next must be able to begin
                now_ms = self._endpointer.num_samples * 1000 // SAMPLE_RATE_HZ
                self._line.tell(f.SpeechStopped(audio_end_ms=now_ms))
            self._recogniser.drop()
            self._responder.resume()
            self._endpointer.reset()
            self._announced = False
        self._settings = settings
        if settings is not None:
            self._endpointer.config = EndpointingConfig(
                threshold=settings.threshold,
                prefix_padding_ms=settings.prefix_padding_ms,
                silence_duration_ms=settings.hold_ms,
                silence_onset_ms=TRIAL_AFTER_MS,
            )

    def _set_format(self, audio_format: AudioFormat) -> None:
        if audio_format != self._format:
            self._format = audio_format
            self._to_16k = Resampler(audio_format.sample_rate_hz, SAMPLE_RATE_HZ)

    # --- Audio at 16 kHz ---------------------------------------------------------------------------------------------

    async def _hear(self, audio: bytes) -> None:
        if self._settings is None:
            if self._recogniser.current is None:
                await self._recogniser.begin(self._item_id(), b"")
            await self._recogniser.push(audio)
            return
        audio = self._rest + audio
        whole = len(audio) - len(audio) % WINDOW_BYTES
        self._rest = audio[whole:]
        if not whole:
            return
        windows = [audio[start : start + WINDOW_BYTES] for start in range(0, whole, WINDOW_BYTES)]
        for window, probability in zip(windows, await self._vad.probabilities(windows), strict=True):
            await self._take(window, probability)

    async def _take(self, window: bytes, probability: float) -> None:
        """One window: to the utterance if one is open, to the pre-roll in any case."""
        is_voiced = probability >= self._endpointer.config.threshold - HYSTERESIS
        if not self._foreground.heed(window, is_voiced=is_voiced, in_speech=self._endpointer.in_speech):
            probability = 0.0
        self._recent += window
        del self._recent[: max(0, len(self._recent) - self._recent_bytes())]
        await self._recogniser.push(window)
        self._vad.overheard.hear(window)
        if self._endpointer.is_holding:
            self._weigh_the_end()
        for event in self._endpointer.push(probability):
            await self._on_voice(event)
        if self._recogniser.current is None:
            return
        if probability >= self._endpointer.config.threshold:
            self._voiced_ms += WINDOW * 1000 // SAMPLE_RATE_HZ
        self._announce()
        if len(self._recogniser.current.pcm or b"") > MAX_UTTERANCE_MS * BYTES_PER_MS:
            await self._end_by_force()

    def _recent_bytes(self) -> int:
        config = self._endpointer.config
        return (max(config.prefix_padding_ms, BEFORE_MS) + config.min_speech_ms) * BYTES_PER_MS + WINDOW_BYTES

    def _item_id(self) -> str:
        """The item that the audio being heard belongs to: the next mark's, if the client is ahead of us."""
        return self._marks[0] if self._marks else self._line.connection.input_item_id

    # --- Turns -------------------------------------------------------------------------------------------------------

    async def _on_voice(self, event: VoiceEvent) -> None:
        match event:
            case SpeechStarted():
                now_ms = self._endpointer.num_samples * 1000 // SAMPLE_RATE_HZ
                self._start_ms, self._voiced_ms = event.audio_start_ms, self._endpointer.config.min_speech_ms
                pre_roll = bytes(self._recent[-(now_ms - event.audio_start_ms) * BYTES_PER_MS :])
                await self._recogniser.begin(self._item_id(), pre_roll, announced=False)
                if self._settings is not None and self._settings.interrupt_response:
                    self._responder.pause()
                    if self._responder.has_floor:
                        since_ms = self._voiced_ms + BEFORE_MS
                        self._vad.overheard.begin(bytes(self._recent[-since_ms * BYTES_PER_MS :]))
            case SilenceBegan():
                self._weighed = None
                self._weigh_the_end()
            case SpeechResumed():
                self._recogniser.resume()
            case SpeechStopped():
                self._stop(event.audio_end_ms)

    def _announce(self) -> None:
        """Tell of speech, at once when the floor is free; over our own answer only when it takes the floor."""
        settings = self._settings
        if self._announced or self._marks or settings is None:
            return
        answering = settings.interrupt_response and self._responder.has_floor
        if answering and not turn_policy.takes_the_floor(
            voiced_ms=self._voiced_ms,
            transcript=self._recogniser.partial,
            is_understood=self._recogniser.lag_ms < BEHIND_MS,
            wants_floor=self._vad.overheard.wants_floor,
        ):
            return
        self._announced = True
        self._vad.overheard.end()
        self._idle.acted()
        self._line.tell(f.SpeechStarted(audio_start_ms=self._start_ms))
        if answering:
            self._responder.interrupt()
        self._recogniser.announce()

    def _weigh_the_end(self) -> None:
        """How long to hold, by the newest words: at the first silence, and whenever they change within the hold."""
        settings, outlook = self._settings, self._recogniser.outlook
        if settings is None:
            return
        if outlook != self._weighed:
            self._weighed = outlook
            probability = outlook.end_of_turn
            if probability is None:
                probability = turn_policy.end_of_turn_probability(outlook.transcript)
            if self._line.connection.wants("autoglm.turn.predicted"):
                self._line.tell(f.TurnPredicted(end_of_turn_probability=probability))
            hold_ms = turn_policy.hold_ms(settings, probability, is_settled=outlook.is_settled)
            if not self._announced:  # the answer is paused for what has not taken the floor: not for long
                hold_ms = min(hold_ms, settings.hold_ms)
            self._endpointer.config = replace(self._endpointer.config, silence_duration_ms=hold_ms)
        if self._announced and settings.create_response and self._line.connection.active_response_id is None:
            self._recogniser.try_end()

    def _stop(self, audio_end_ms: int) -> None:
        """The turn is over: commit it and answer. Speech that never took the floor is forgotten."""
        if self._marks:
            return  # the client commits or clears this very audio; its mark is on the way
        self._announce()
        self._vad.overheard.end()
        settings, connection = self._settings, self._line.connection
        if not self._announced or settings is None:
            self._recogniser.drop()
            self._responder.resume()
            return
        self._announced = False
        self._line.tell(f.SpeechStopped(audio_end_ms=audio_end_ms))
        item_id = connection.input_item_id
        self._line.tell(f.AudioCommitted())
        self._recogniser.end(item_id)
        if settings.create_response and connection.active_response_id is None:
            self._responder.start(connection.open_response())

    async def _prompt(self, start_ms: int) -> None:
        """Nobody spoke for too long: the silence is a turn, and is answered. Too late if somebody did something."""
        settings, connection = self._settings, self._line.connection
        if self._marks or settings is None or self._endpointer.in_speech or connection.active_response_id is not None:
            return
        item_id, end_ms = connection.input_item_id, connection.received_ms
        self._line.tell(f.IdleTimedOut(audio_start_ms=min(start_ms, end_ms), audio_end_ms=end_ms), f.AudioCommitted())
        await self._recogniser.begin(item_id, bytes(self._recent).rjust(SHORTEST_TURN_BYTES, b"\0"))
        self._recogniser.end(item_id)
        if settings.create_response and connection.active_response_id is None:
            self._responder.start(connection.open_response())

    async def _end_by_force(self) -> None:
        """The microphone was muted, or the utterance has become too long."""
        for event in self._endpointer.finish():
            await self._on_voice(event)

    async def _commit(self, item_id: str) -> None:
        """The client ended the turn itself; what the resampler held back belongs to it."""
        tail = self._rest + pcm.encode(self._to_16k.flush())
        self._to_16k = Resampler(self._format.sample_rate_hz, SAMPLE_RATE_HZ)
        if self._recogniser.current is None:  # voice activity has found no speech in it: the client knows better
            await self._recogniser.begin(item_id, bytes(self._recent))
        self._recogniser.announce()
        self._recogniser.resume()
        await self._recogniser.push(tail)
        self._recogniser.end(item_id)
        self._forget()

    def _forget(self) -> None:
        """The buffer is empty: what came before the mark no longer counts."""
        self._marks.popleft()
        self._endpointer.reset()
        self._vad.overheard.end()
        self._responder.resume()
        self._rest = b""
        self._recent.clear()
        self._announced = False


def _grain(entry: AppendAudio) -> int:
    """`GRAIN_MS` in bytes of the entry's format."""
    return entry.format.sample_rate_hz * entry.format.bytes_per_sample * GRAIN_MS // 1000
