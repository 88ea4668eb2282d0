"""Transcripts of the user's speech: told when the client can know the item, kept in the history always."""

from __future__ import annotations

from autoglm_agent.protocol.conversation import Conversation
from autoglm_agent.protocol.facts import TranscriptCompleted, TranscriptDelta, TranscriptFailed
from autoglm_agent.protocol.input_audio import InputAudio
from autoglm_agent.protocol.outbox import Outbox
from autoglm_agent.protocol.session import SessionState
from autoglm_agent.protocol.wire import server_events as events

TranscriptFact = TranscriptDelta | TranscriptCompleted | TranscriptFailed


class Transcripts:
    """Tells transcripts in time. What comes before its item is announced waits; it is one utterance's at most."""

    def __init__(
        self, session: SessionState, conversation: Conversation, input_audio: InputAudio, outbox: Outbox
    ) -> None:
        self._session = session
        self._conversation = conversation
        self._input_audio = input_audio
        self._outbox = outbox
        self._held: list[TranscriptFact] = []
        self._early: str | None = None

    def take(self, fact: TranscriptFact) -> None:
        """Tell a fact now, or hold it until `committed`. Facts of items that are gone are dropped."""
        buffered = fact.item_id == self._input_audio.item_id
        if buffered and not self._input_audio.announced:
            self._held.append(fact)
            return
        if buffered and isinstance(fact, TranscriptCompleted):
            self._early = fact.transcript
        if not buffered and self._conversation.get(fact.item_id) is None:
            return
        if isinstance(fact, TranscriptCompleted):
            self._conversation.transcribe(fact.item_id, fact.transcript)
        self._tell(fact)

    def committed(self, item_id: str) -> None:
        """The buffer became `item_id`: tell what was held."""
        held, self._held = self._held, []
        early, self._early = self._early, None
        if early is not None:
            self._conversation.transcribe(item_id, early)
        for fact in held:
            self.take(fact)

    def forget(self) -> None:
        """The buffer was cleared."""
        self._held, self._early = [], None

    def _tell(self, fact: TranscriptFact) -> None:
        config = self._session.config
        if config.transcription is None and config.kind == "realtime":
            return
        event_id = self._outbox.event_id()
        match fact:
            case TranscriptDelta():
                event: events.ServerEvent = events.TranscriptionDelta(
                    event_id=event_id, item_id=fact.item_id, delta=fact.text
                )
            case TranscriptCompleted():
                usage = events.DurationUsage(seconds=fact.audio_seconds)
                event = events.TranscriptionCompleted(
                    event_id=event_id, item_id=fact.item_id, transcript=fact.transcript, usage=usage
                )
            case TranscriptFailed():
                error = events.TranscriptionError(type="server_error", code=fact.code, message=fact.message)
                event = events.TranscriptionFailed(event_id=event_id, item_id=fact.item_id, error=error)
        self._outbox.put(event)
