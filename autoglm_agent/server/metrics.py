"""What the server did, as Prometheus metrics: counters and histograms that are told, gauges that are read when asked.

All names begin with `autoglm_`; times are in seconds. The numbers of the engine are taken from the messages that cross
the bridge, so they hold for every door, and an engine elsewhere is measured as well. One registry per service.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from autoglm_agent.engine import messages as m
from autoglm_agent.protocol import facts as f

if TYPE_CHECKING:
    from autoglm_agent.server.service import Service

BYTES_PER_SECOND = 32_000
"""s16le mono at 16 kHz, as the engine hears."""
FAST_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""For a stage of a turn: from an event to a slow answer."""
SLOW_S = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
"""For a whole request: from a list of models to an hour of speech."""

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Metrics:
    """The metrics of one service. Everything here is called on the event loop and never waits."""

    media_type = CONTENT_TYPE_PLAIN_0_0_4

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self._requests = Counter(
            "autoglm_http_requests", "REST requests answered.", ["route", "method", "status"], registry=registry
        )
        self._request_s = _histogram(
            registry, "http_request_seconds", "From request to the reply's end.", SLOW_S, "route"
        )
        self._first_token_s = _histogram(
            registry, "first_token_seconds", "From a decoded REST request to its first token.", FAST_S, "door"
        )
        self._stage_s = _histogram(registry, "turn_seconds", "Stages of realtime turns.", FAST_S, "stage")
        self._queue_s = _histogram(registry, "generation_queue_seconds", "Waiting for a slot.", FAST_S)
        self._prefill_s = _histogram(registry, "generation_prefill_seconds", "Reading the prompt.", FAST_S)
        self._decode_s = _histogram(registry, "generation_decode_seconds", "Writing the answer.", SLOW_S)
        self._frame_s = _histogram(registry, "frame_seconds", "Encoding a picture.", FAST_S)
        self._speech_s = _histogram(registry, "speech_chunk_seconds", "Recognising a batch of chunks.", FAST_S)
        self._generations = Counter(
            "autoglm_generations", "Answers of all doors by how they ended.", ["reason"], registry=registry
        )
        self._tokens = Counter(
            "autoglm_tokens",
            "Tokens. cached, audio and image are among the input, reasoning among the output.",
            ["kind"],
            registry=registry,
        )
        self._failures = Counter("autoglm_engine_failures", "What the engine refused.", ["code"], registry=registry)
        self._audio_s = Counter("autoglm_audio_seconds", "Speech given to the recogniser.", registry=registry)
        self._shed_s = Counter("autoglm_audio_shed_seconds", "Speech dropped under load.", registry=registry)
        self._barge_ins = Counter("autoglm_barge_ins", "Answers that speech interrupted.", registry=registry)
        for kind in ("input", "cached", "audio", "image", "output", "reasoning"):
            self._tokens.labels(kind)  # zero is a value, too

    # --- Told --------------------------------------------------------------------------------------------------------

    def on_request(self, request: m.Request) -> None:
        """Something went to the engine."""
        if isinstance(request, m.PushAudio):
            self._audio_s.inc(len(request.pcm) / BYTES_PER_SECOND)

    def on_result(self, result: m.Result) -> None:
        """Something came from the engine."""
        match result:
            case m.Finished():
                self._finished(result)
            case m.FrameEncoded():
                self._frame_s.observe(result.latency_ms / 1000)
            case m.Transcript():
                self._speech_s.observe(result.compute_ms / 1000)
            case m.Failed():
                self._failures.labels(result.code).inc()
            case _:
                pass

    def on_fact(self, fact: f.Fact) -> None:
        """Something happened in a realtime session."""
        match fact:
            case f.LatencyMeasured():
                self._stage_s.labels(fact.stage).observe(fact.ms / 1000)
            case f.AudioShed():
                self._shed_s.inc(fact.ms / 1000)
            case f.ResponseFinished(reason="turn_detected"):
                self._barge_ins.inc()
            case _:
                pass

    def first_token(self, door: str, seconds: float) -> None:
        """The first token of a REST answer came."""
        self._first_token_s.labels(door).observe(seconds)

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """A REST request was answered."""
        self._requests.labels(route, method, str(status)).inc()
        self._request_s.labels(route).observe(seconds)

    def _finished(self, finished: m.Finished) -> None:
        self._generations.labels(finished.reason).inc()
        self._queue_s.observe(finished.queue_ms / 1000)
        self._prefill_s.observe(finished.prefill_ms / 1000)
        if finished.reason != "prefilled":
            self._decode_s.observe(finished.decode_ms / 1000)
        usage = finished.usage
        self._tokens.labels("input").inc(usage.input_tokens)
        self._tokens.labels("cached").inc(usage.cached_tokens)
        self._tokens.labels("audio").inc(usage.audio_tokens)
        self._tokens.labels("image").inc(usage.image_tokens)
        self._tokens.labels("output").inc(usage.output_tokens)
        self._tokens.labels("reasoning").inc(usage.reasoning_tokens)

    # --- Asked -------------------------------------------------------------------------------------------------------

    def exposition(self, service: Service) -> bytes:
        """Everything, in Prometheus' text format."""
        now = CollectorRegistry()
        now.register(_Present(service))
        return generate_latest(self._registry) + generate_latest(now)


class _Present:
    """What is read off the service when it is asked."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def collect(self) -> Iterator[Metric]:
        service = self._service
        sessions, chats, bridge = service.lobby.places, service.chats, service.bridge
        for name, value, help_text in (
            ("sessions", sessions.taken, "Realtime sessions."),
            ("sessions_limit", sessions.limit, "Realtime sessions there may be."),
            ("requests", chats.taken, "Answers and transcriptions under way over REST."),
            ("requests_limit", chats.limit, "Answers and transcriptions there may be at a time."),
            ("engine_up", int(bridge.is_ready), "1 when the engine takes requests."),
            ("engine_queue", bridge.in_flight, "Requests the engine has not answered yet."),
            ("stored_responses", len(service.stored), "Responses kept to go on from."),
            ("stored_responses_bytes", service.stored.size_bytes, "About what they take."),
        ):
            yield GaugeMetricFamily(f"autoglm_{name}", help_text, value=value)
        yield CounterMetricFamily(
            "autoglm_engine_restarts", "Engines that died and were replaced.", value=bridge.restarts
        )
        turned_away = CounterMetricFamily(
            "autoglm_turned_away", "Clients told that all places are taken.", labels=["what"]
        )
        turned_away.add_metric(["sessions"], sessions.turned_away)
        turned_away.add_metric(["requests"], chats.turned_away)
        yield turned_away


def _histogram(
    registry: CollectorRegistry, name: str, help_text: str, buckets: tuple[float, ...], *labels: str
) -> Histogram:
    return Histogram(f"autoglm_{name}", help_text, labels, buckets=buckets, registry=registry)


class Measured:
    """ASGI middleware: counts and times REST requests by their route. WebSockets pass untouched."""

    def __init__(self, app: ASGIApp, metrics: Metrics, clock: Callable[[], float] = time.perf_counter) -> None:
        self._app = app
        self._metrics = metrics
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start_s, status = self._clock(), 499  # 499, as nginx has it: the client went before there was an answer

        async def measured(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, measured)
        except Exception:
            status = 500  # the layer around us answers it
            raise
        finally:
            # The route's pattern and known methods only: what a client may invent makes no new series.
            route = getattr(scope.get("route"), "path", "other")
            method = scope["method"] if scope["method"] in METHODS else "other"
            self._metrics.answered(route, method, status, self._clock() - start_s)
