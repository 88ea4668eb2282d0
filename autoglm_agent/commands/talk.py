"""`autoglm talk`: a voice loop in the terminal, by microphone and loudspeaker, or by recordings and without hardware.

Without an address it starts a server of its own, its engine in a process beside this one. The talk itself is
`client.voice_loop`'s; here it gets its devices and its looks.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
from rich.console import Console
from rich.text import Text

from autoglm_agent.audio.pcm import Samples
from autoglm_agent.client import (
    EchoGuard,
    PictureCamera,
    RealtimeClient,
    RecordedMicrophone,
    RecordingLoudspeaker,
    VoiceLoop,
    connect,
    open_sound_card,
    open_web_camera,
    read_recording,
)
from autoglm_agent.client.devices import Camera, Loudspeaker, Microphone
from autoglm_agent.commands.demo_view import make_view
from autoglm_agent.commands.talk_view import TalkView
from autoglm_agent.errors import InputError
from autoglm_agent.settings import load_settings

OPENED_WITHIN_S = 10.0
"""For a server that has let us in to tell its settings."""
ANSWERED_WITHIN_S = 60.0
"""After a recording; an answer takes seconds, a minute leaves room for a loaded machine."""
EVENTS = ("response.reasoning_text", "autoglm.fusion.updated", "autoglm.vision.frame_encoded", "autoglm.latency")


@dataclass(frozen=True, slots=True, kw_only=True)
class TalkOptions:
    """What was asked for on the command line. `camera`, `microphone` and `loudspeaker` are devices of this machine."""

    url: str | None = None
    api_key: str | None = None
    model: str | None = None
    recordings: Sequence[Path] = ()
    image: Path | None = None
    camera: int | None = None
    microphone: int | str | None = None
    loudspeaker: int | str | None = None
    save: Path | None = None
    voice: str | None = None
    think: bool = True
    speak: bool = True
    guard: bool = True
    plain: bool = False


def run_talk(options: TalkOptions) -> bool:
    """Talk until interrupted, or until all recordings were answered. Returns whether they were.

    Raises:
        AutoGLMError: a file or a device cannot be used, or there is no server.
    """
    spoken = [(path, read_recording(path)) for path in options.recordings]
    if options.image is not None:
        PictureCamera(options.image)  # names what is wrong with it before a model is loaded
    if options.image is not None and options.camera is not None:
        raise InputError("--image and --camera exclude each other; give one of them.")
    if options.save is not None and not spoken:
        raise InputError("--save needs --wav: what the sound card plays is not kept.")
    console = Console(highlight=False)
    try:
        return anyio.run(_talk, options, spoken, console)
    except KeyboardInterrupt:
        console.print()
        return True


async def _talk(options: TalkOptions, spoken: list[tuple[Path, Samples]], console: Console) -> bool:
    async with AsyncExitStack() as stack:
        # The devices first: what is missing is told before a model is loaded.
        camera = await _camera(options, stack)
        microphone, loudspeaker = await _sound(options, stack)
        client = await _client(options, stack, console)
        view = TalkView(make_view(console, plain=options.plain), console)
        loop = VoiceLoop(
            client,
            microphone=microphone,
            loudspeaker=loudspeaker,
            camera=camera,
            guard=EchoGuard() if options.guard and not spoken else None,
            on_event=view.show,
        )
        unanswered: list[Path] = []

        async def play() -> None:
            assert isinstance(microphone, RecordedMicrophone)
            for path, samples in spoken:
                view.words, answers = path.name, loop.answers
                with anyio.move_on_after(ANSWERED_WITHIN_S + len(samples) / 24_000) as limit:
                    await microphone.say(samples)
                    await loop.answered(answers)
                if limit.cancelled_caught:
                    unanswered.append(path)

        try:
            await loop.run(play if spoken else None)
        finally:
            view.finish()
        if options.save is not None and isinstance(loudspeaker, RecordingLoudspeaker):
            loudspeaker.save(options.save)
            console.print(Text(f"saved {options.save}", style="dim"))
        for path in unanswered:
            line = Text(f"{path} was not answered within {ANSWERED_WITHIN_S:.0f} s", style="red")
            console.print(line, soft_wrap=True)
        return not unanswered


async def _camera(options: TalkOptions, stack: AsyncExitStack) -> Camera | None:
    if options.camera is not None:
        return await stack.enter_async_context(open_web_camera(options.camera))
    return PictureCamera(options.image) if options.image is not None else None


async def _sound(options: TalkOptions, stack: AsyncExitStack) -> tuple[Microphone, Loudspeaker]:
    if options.recordings:
        return RecordedMicrophone(), RecordingLoudspeaker()
    card = await stack.enter_async_context(
        open_sound_card(microphone=options.microphone, loudspeaker=options.loudspeaker, speaks=options.speak)
    )
    return card, card


async def _client(options: TalkOptions, stack: AsyncExitStack, console: Console) -> RealtimeClient:
    """A session with its settings made."""
    url = options.url or await _own_server(options, stack, console)
    connection = connect(url, model=options.model or "nano", api_key=options.api_key, resume=True)
    client = await stack.enter_async_context(connection)
    audio: dict[str, Any] = {"input": {"transcription": {"model": "nano"}, "turn_detection": {"type": "semantic_vad"}}}
    if options.voice is not None:
        audio["output"] = {"voice": options.voice}
    await client.update_session(
        output_modalities=["audio" if options.speak else "text"],
        audio=audio,
        autoglm={"enable_thinking": options.think, "events": list(EVENTS)},
    )
    with anyio.fail_after(OPENED_WITHIN_S):
        await client.until("session.updated")
    if not options.recordings:
        console.print("Speak; Ctrl-C ends.")
    return client


async def _own_server(options: TalkOptions, stack: AsyncExitStack, console: Console) -> str:
    """Start one, for this talk alone; its address."""
    from autoglm_agent.server.run import serving

    settings = load_settings(host="127.0.0.1", port=0, model=options.model, api_keys=(), log_level="error")
    url, service = await stack.enter_async_context(serving(settings))
    console.print(Text(f"{service.model} is here, at {url}", style="dim"))
    return url
