"""The events of `session.autoglm.events`: from facts to their wire form."""

from __future__ import annotations

from autoglm_agent.protocol import facts
from autoglm_agent.protocol.wire import server_events as events

OptionalFact = facts.GateUpdated | facts.FrameEncoded | facts.TurnPredicted | facts.LatencyMeasured | facts.AudioShed


def optional_event(fact: OptionalFact, event_id: str) -> tuple[str, events.ServerEvent]:
    """Return the name a client must have asked for, and the event."""
    match fact:
        case facts.GateUpdated():
            return "autoglm.fusion.updated", events.FusionUpdated(
                event_id=event_id,
                item_id=fact.item_id,
                weights=events.FusionWeights(text=fact.text, image=fact.image, speech=fact.speech),
                audio_end_ms=fact.audio_end_ms,
                frame_id=fact.frame_id,
            )
        case facts.FrameEncoded():
            return "autoglm.vision.frame_encoded", events.VisionFrameEncoded(
                event_id=event_id, frame_id=fact.frame_id, skipped=fact.skipped, latency_ms=fact.latency_ms
            )
        case facts.TurnPredicted():
            return "autoglm.turn.predicted", events.EndOfTurnPredicted(
                event_id=event_id, end_of_turn_probability=fact.end_of_turn_probability
            )
        case facts.LatencyMeasured():
            return "autoglm.latency", events.StageLatency(event_id=event_id, stage=fact.stage, ms=fact.ms)
        case facts.AudioShed():
            return "autoglm.audio.shed", events.InputAudioShed(event_id=event_id, ms=fact.ms)
