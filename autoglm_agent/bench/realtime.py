"""`autoglm bench realtime`: many users at once over real sockets, who speak in real time and interrupt every reply.

Server, engine and users have a process each; processor time and memory are those of the server alone. With the
scripted engine the sessions' own cost shows, with a model that of the whole. Not here: one session's best case
(`engine`).
"""

from __future__ import annotations

import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import anyio
from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn

from autoglm_agent.audio import pcm
from autoglm_agent.audio.pcm import Samples
from autoglm_agent.audio.resample import resample
from autoglm_agent.audio.vad import WINDOW, SileroVad
from autoglm_agent.bench import voice as voices
from autoglm_agent.bench.microphone import packets, silence
from autoglm_agent.bench.report import Figure, hardware, num_cores, show, versions
from autoglm_agent.bench.server_process import ServerProcess, Usage, server_process
from autoglm_agent.bench.talking import Delays, Said, User, user
from autoglm_agent.engine.scripted import Script, ScriptedReply
from autoglm_agent.engine.spec import EngineSpec
from autoglm_agent.settings import Settings, load_settings
from autoglm_agent.voice.espeak import EspeakSynthesiser
from autoglm_agent.voice.speech import SAMPLE_RATE_HZ as SPEECH_RATE_HZ

SCRIPTED = "scripted"
UTTERANCE_S = 1.5
PAUSE_S = 1.2  # the hold of half a second, then a reply that has that long to begin before it is cut off
FIRST_PAUSE_S = 0.1
SETTLE_S = 1.0  # after connecting: what a session allocates for good is there by then
SCRIPT = Script(
    utterances=("把客厅的灯打开一些", "今天天气怎么样呢"),
    replies=(ScriptedReply(text="好的，我这就来告诉你：" + "今天多云，气温适中，适合出门走走。" * 3, stalls=True),),
)
"""The reply never ends by itself, so every utterance after the first one interrupts."""
FIRST_AUDIO = "first sound of the answer, beyond the hold"
VAD_TICKS = 100
PARTIAL = "partial, from the character's last sample"
QUESTION = "请把客厅的灯调亮一点"
"""Said by the synthesiser, whose marks tell when each character ends: one for each of these."""


def run(
    *,
    sessions: int = 8,
    seconds: float = 15.0,
    engine: str = SCRIPTED,
    device: str = "cpu",
    dtype: str = "auto",
    voice: bool = True,
    json: bool = False,
    recording: Path | None = None,
) -> dict[str, Any]:
    """Measure, print a table and with `json` one last JSON line; return what that line holds.

    `engine` is `scripted`, or a model by its name; with `voice` the answers are spoken; `recording` is what the users
    say, a shipped one by default.

    Raises:
        AutoGLMError: the model cannot be loaded, or the recording cannot be read.
    """
    scripted = engine == SCRIPTED
    model = "nano" if scripted else engine
    spec = EngineSpec(script=SCRIPT) if scripted else EngineSpec(model=engine, device=device, dtype=dtype)
    settings = load_settings(
        model=model, device=device, dtype=dtype, port=0, max_sessions=sessions + 1, api_keys=(),
        voice="espeak" if voice else "none",
    )  # fmt: skip
    said: Said | None = None
    if scripted or recording is not None:
        samples, source = voices.speech(recording, seconds=UTTERANCE_S)
    else:
        samples, said = anyio.run(_spoken, QUESTION)
        source = f"espeak-ng: {QUESTION}"
    bench = _Realtime(settings, spec, sessions, seconds, packets(samples), said)
    anyio.run(bench.run)
    facts = {
        "engine": engine,
        "sessions": sessions,
        "seconds": seconds,
        "voice": voice,
        "replies": bench.delays.num_replies,
        "replies_interrupted": len(bench.delays.interrupt),
        "replies_failed": bench.delays.num_failed,
        "audio_shed_ms": bench.delays.shed_ms,
        "speech_source": source,
        "hardware": hardware(),
        "cores": num_cores(),
        "versions": versions(),
    }
    return show(f"realtime: {sessions} users, {engine}", bench.figures(scripted), facts, as_json=json)


class _Realtime:
    """One run: everybody connects, settles, talks, leaves."""

    def __init__(
        self,
        settings: Settings,
        spec: EngineSpec,
        sessions: int,
        seconds: float,
        speech: list[bytes],
        said: Said | None = None,
    ) -> None:
        self.delays, self._said = Delays(), said
        self._settings, self._spec = settings, spec
        self._sessions, self._seconds = sessions, seconds
        self._speech, self._pause = speech, silence(PAUSE_S)
        self._usages: list[Usage] = []

    async def run(self) -> None:
        """Measure; `delays` and `figures` tell afterwards."""
        async with server_process(self._settings, self._spec) as server:
            await self._warm_up(server)
            self._usages.append(await server.usage())
            async with AsyncExitStack() as stack:
                users = [await stack.enter_async_context(self._user(server)) for _ in range(self._sessions)]
                await anyio.sleep(SETTLE_S)
                self._usages.append(await server.usage())
                await self._talk(users)
                self._usages.append(await server.usage())

    async def _warm_up(self, server: ServerProcess) -> None:
        """One user who is not counted: what is imported, compiled or allocated once is there afterwards."""
        counted, self.delays = self.delays, Delays()
        async with self._user(server) as first:
            await self._together([first], until_s=anyio.current_time() + 0.1)
        self.delays = counted

    async def _talk(self, users: list[User]) -> None:
        console = Console(stderr=True)
        text = f"{len(users)} users talk for about {self._seconds:.0f} s"
        with Progress(TextColumn("{task.description}"), TimeElapsedColumn(), console=console) as progress:
            progress.add_task(text)
            await self._together(users, until_s=anyio.current_time() + self._seconds)

    async def _together(self, users: list[User], *, until_s: float) -> None:
        """Each begins a little later than the one before, so that not all speak at once."""
        cycle_s = (len(self._speech) + len(self._pause)) * 0.02
        async with anyio.create_task_group() as listening:
            for one in users:
                listening.start_soon(one.listen)
                listening.start_soon(one.probe)
            async with anyio.create_task_group() as talking:
                for number, one in enumerate(users):
                    after_s = FIRST_PAUSE_S + cycle_s * number / len(users)
                    talking.start_soon(self._one, one, after_s, until_s)
            listening.cancel_scope.cancel()

    async def _one(self, one: User, after_s: float, until_s: float) -> None:
        await one.talk(self._speech, self._pause, after_s=after_s, until_s=until_s)

    def _user(self, server: ServerProcess) -> Any:
        script = self._spec.script
        pace_ms = script.ms_per_character if script is not None else None
        voiced = self._settings.voice != "none"
        return user(
            server.url,
            self.delays,
            model=self._settings.model,
            ms_per_character=pace_ms,
            hears_voice=voiced,
            said=self._said,
        )

    def figures(self, scripted: bool) -> list[Figure]:
        """What is to be told. The targets of the scripted engine are the session plane's, the others the model's."""
        before, idle, after = self._usages
        wall_s = after.wall_s - idle.wall_s
        cpu = (after.cpu_s - idle.cpu_s) / wall_s / self._sessions * 100
        delays = self.delays
        target = 900.0 if self._sessions == 1 and not scripted else None
        return [
            _one_value(
                "cpu_per_session_percent",
                "processor per session, voice activity included",
                "% of a core",
                cpu,
                1.6 if scripted else None,
            ),
            _one_value(
                "vad_per_session_percent", "  of it voice activity", "% of a core", _vad_percent(self._sessions)
            ),
            _one_value(
                "memory_per_session_mb",
                "memory per session, connected",
                "MB",
                max(0.0, idle.rss_mb - before.rss_mb) / self._sessions,
                0.2 if scripted else None,
            ),
            _one_value(
                "memory_per_session_end_mb",
                "  at the end, audio and history kept",
                "MB",
                max(0.0, after.rss_mb - before.rss_mb) / self._sessions,
            ),
            _one_value("memory_server_mb", "memory of the session process", "MB", after.rss_mb),
            _delays("event_overhead_ms", "event overhead, there and back", delays.overhead, 10.0 if scripted else None),
            _delays("partial_ms", PARTIAL, delays.partial, 700.0 if delays.partial else None),
            _delays("interrupt_ms", "interruption, from its first sample", delays.interrupt, 300.0),
            _delays("final_transcript_ms", "final transcript, beyond the hold", delays.final),
            _delays("first_token_ms", "first token, beyond the hold", delays.first_token),
            *([_delays("first_audio_ms", FIRST_AUDIO, delays.first_audio, target)] if delays.first_audio else []),
            _delays("client_lag_ms", "lateness of the users themselves", delays.client_lag),
        ]


async def _spoken(text: str) -> tuple[Samples, Said]:
    """A sentence at 16 kHz, and when each of its characters ends."""
    async with EspeakSynthesiser() as synthesiser:
        speech = await synthesiser.speak(text, voice=synthesiser.voices[0])
    ends_ms = [*(float(mark.audio_ms) for mark in speech.marks[1:]), float(speech.duration_ms)]
    samples = resample(pcm.decode(speech.pcm), SPEECH_RATE_HZ, voices.SAMPLE_RATE_HZ)
    return samples, Said(text, tuple(ends_ms))


def _one_value(key: str, label: str, unit: str, value: float, target: float | None = None) -> Figure:
    return Figure(key=key, label=label, unit=unit, values=(value,), target=target)


def _delays(key: str, label: str, values: list[float], target: float | None = None) -> Figure:
    return Figure(key=key, label=label, unit="ms", values=tuple(values), target=target, is_distribution=True)


def _vad_percent(sessions: int) -> float:
    """What voice activity costs each of so many sessions whose windows are heard together, in percent of a core."""
    vad = SileroVad()
    window = pcm.encode(voices.voiced(WINDOW / voices.SAMPLE_RATE_HZ))
    states = [vad.initial_state() for _ in range(sessions)]
    start = time.perf_counter()
    for _ in range(VAD_TICKS):
        _, states = vad([window] * sessions, states)
    spent_s = time.perf_counter() - start
    return spent_s / (VAD_TICKS * WINDOW / voices.SAMPLE_RATE_HZ) / sessions * 100
