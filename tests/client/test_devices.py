"""Devices: files and memory as they are, hardware by stand-ins for the packages that drive it."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import ClassVar

import anyio
import numpy as np
import pytest

from autoglm_agent.audio.files import read_audio, write_wav
from autoglm_agent.client import (
    PictureCamera,
    RecordedMicrophone,
    RecordingLoudspeaker,
    open_sound_card,
    open_web_camera,
    read_recording,
)
from autoglm_agent.client.devices import BLOCK, BLOCK_S
from autoglm_agent.client.sound_card import AHEAD
from autoglm_agent.commands.scenes import MEDIA_DIR
from autoglm_agent.errors import DeviceError, InputError
from autoglm_agent.runtime.virtual_time import VirtualTimeLoop

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend():
    return "asyncio", {"loop_factory": VirtualTimeLoop}


# --- Files and memory ------------------------------------------------------------------------------------------------


async def test_a_recorded_microphone_gives_what_is_said_at_the_speed_of_sound_and_silence_around_it() -> None:
    microphone, said = RecordedMicrophone(), np.arange(1, 1_001, dtype=np.float32)
    heard, ended_s = [], []

    async def listen() -> None:
        for _ in range(8):
            heard.append(await microphone.read())  # noqa: PERF401 - one after the other

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(listen)
        await anyio.sleep(2.5 * BLOCK_S)
        for piece in (said[:700], said[700:]):
            await microphone.say(piece)
            ended_s.append(anyio.current_time())
    assert ended_s == [pytest.approx(4 * BLOCK_S), pytest.approx(5 * BLOCK_S)]
    assert anyio.current_time() == pytest.approx(8 * BLOCK_S)
    whole = np.concatenate(heard)
    assert (whole[whole > 0] == said).all()
    assert not whole[: 2 * BLOCK].any()


async def test_what_a_loudspeaker_played_can_be_saved(tmp_path) -> None:
    loudspeaker = RecordingLoudspeaker()
    await loudspeaker.write(np.full(BLOCK, 0.25, np.float32))
    await loudspeaker.write(np.zeros(BLOCK, np.float32))
    loudspeaker.save(tmp_path / "out.wav")
    assert len(loudspeaker.played) == 2 * BLOCK
    assert len(read_audio(tmp_path / "out.wav")) == 2 * BLOCK * 2 // 3


async def test_a_recording_is_read_at_the_wire_s_rate_and_a_silent_one_is_refused(tmp_path) -> None:
    assert len(read_recording(MEDIA_DIR / "car.flac")) == len(read_audio(MEDIA_DIR / "car.flac")) * 3 // 2
    write_wav(tmp_path / "mute.wav", np.zeros(16_000, np.float32))
    with pytest.raises(InputError, match="silent"):
        read_recording(tmp_path / "mute.wav")
    with pytest.raises(InputError, match="does not exist"):
        read_recording(tmp_path / "none.wav")


async def test_a_picture_camera_sees_the_picture_until_another_is_shown(tmp_path) -> None:
    camera = PictureCamera(MEDIA_DIR / "toys.png")
    assert await camera.look() == (MEDIA_DIR / "toys.png").read_bytes()
    camera.show((MEDIA_DIR / "photo.jpg").read_bytes())
    assert await camera.look() == (MEDIA_DIR / "photo.jpg").read_bytes()
    with pytest.raises(InputError, match=r"nothing\.png"):
        camera.show(tmp_path / "nothing.png")


# --- A sound card: in real time, since worker threads take some -------------------------------------------------------


class PortAudioError(Exception):
    pass


class Stream:
    """A card that gives blocks counted from 1, and stops when told."""

    latency = (0.01, 0.03)
    opened: ClassVar[list] = []

    def __init__(self, **wanted) -> None:
        if wanted["device"] in ("broken", ("broken", None)):
            raise PortAudioError("Illegal combination of I/O devices")
        self.wanted, self.log, self.count = wanted, [], 0
        Stream.opened.append(self)

    def start(self) -> None:
        self.log.append("start")

    def read(self, frames):
        self.count += 1
        if self.count == 4:
            raise PortAudioError("Device unavailable")
        return np.full((frames, 1), self.count, np.float32), False

    def write(self, block) -> None:
        assert block.shape[1] == 1
        self.log.append(len(block))

    def abort(self) -> None:
        self.log.append("abort")

    def close(self) -> None:
        self.log.append("close")


def fake_sounddevice(devices=("Built-in",)):
    module = ModuleType("sounddevice")
    module.PortAudioError = PortAudioError
    module.Stream = module.InputStream = Stream
    module.query_devices = lambda: [{"name": name} for name in devices]
    return module


def test_a_sound_card_reads_and_writes_blocks_in_one_stream_and_tells_its_latency(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", fake_sounddevice())

    async def use():
        async with open_sound_card(microphone="USB") as card:
            first, second = await card.read(), await card.read()
            await card.write(np.zeros(BLOCK, np.float32))
            return first, second, card.latency_s

    first, second, latency_s = anyio.run(use)
    stream = Stream.opened[-1]
    assert (first.shape, first[0], second[0]) == ((BLOCK,), 1, 2)
    assert latency_s == pytest.approx(0.03 + AHEAD * BLOCK_S)
    assert stream.wanted["device"] == ("USB", None)
    assert (stream.wanted["samplerate"], stream.wanted["channels"]) == (24_000, 1)
    assert stream.log == ["start", AHEAD * BLOCK, BLOCK, "abort", "close"]


def test_a_card_that_only_listens_swallows_what_is_written(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", fake_sounddevice())

    async def use():
        async with open_sound_card(speaks=False) as card:
            await card.read()
            await card.write(np.zeros(BLOCK, np.float32))
            return card.latency_s

    assert anyio.run(use) == 0.0
    assert Stream.opened[-1].log == ["start", "abort", "close"]


async def opened(**wanted) -> None:
    async with open_sound_card(**wanted) as card:
        for _ in range(4):
            await card.read()


@pytest.mark.parametrize(
    ("module", "wanted", "says"),
    [
        (None, {}, r"pip install 'autoglm-agent\[audio\]'.*recording"),
        (fake_sounddevice(devices=()), {"microphone": "broken"}, "no sound device; plug in a microphone"),
        (fake_sounddevice(devices=("A", "B")), {"microphone": "broken"}, "Illegal combination.*choose among: A; B"),
        (fake_sounddevice(), {}, "Device unavailable.*unplugged"),
    ],
)
def test_what_is_wrong_with_a_sound_card_is_told_with_the_remedy(monkeypatch, module, wanted, says) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", module)  # None: as if not installed
    with pytest.raises(DeviceError, match=says):
        anyio.run(lambda: opened(**wanted))


def test_a_missing_portaudio_library_is_told_with_the_remedy(monkeypatch) -> None:
    def no_library(name):
        raise OSError("PortAudio library not found")

    monkeypatch.setattr("autoglm_agent.client.sound_card.importlib.import_module", no_library)
    with pytest.raises(DeviceError, match="apt-get install libportaudio2"):
        anyio.run(opened)


# --- A camera --------------------------------------------------------------------------------------------------------


def fake_cv2(*, is_there=True, sees=True):
    log = []
    capture = SimpleNamespace(
        isOpened=lambda: is_there,
        set=lambda what, value: log.append((what, value)),
        read=lambda: (sees, "frame"),
        release=lambda: log.append("release"),
    )
    module = ModuleType("cv2")
    for name in ("CAP_PROP_FRAME_WIDTH", "CAP_PROP_FRAME_HEIGHT", "CAP_PROP_BUFFERSIZE", "IMWRITE_JPEG_QUALITY"):
        setattr(module, name, name)
    module.VideoCapture = lambda number: capture
    module.imencode = lambda kind, frame, options: (True, np.frombuffer(f"{kind}:{frame}".encode(), np.uint8))
    module.log = log
    return module


async def looked() -> bytes:
    async with open_web_camera() as camera:
        return await camera.look()


def test_a_camera_gives_jpegs_and_is_released(monkeypatch) -> None:
    cv2 = fake_cv2()
    monkeypatch.setitem(sys.modules, "cv2", cv2)
    assert anyio.run(looked) == b".jpg:frame"
    assert cv2.log == [
        ("CAP_PROP_FRAME_WIDTH", 640), ("CAP_PROP_FRAME_HEIGHT", 480), ("CAP_PROP_BUFFERSIZE", 1), "release",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("module", "says"),
    [
        (None, r"pip install 'autoglm-agent\[camera\]'"),
        (fake_cv2(is_there=False), "no camera 0; plug one in"),
        (fake_cv2(sees=False), "unplugged"),
    ],
)
def test_what_is_wrong_with_a_camera_is_told_with_the_remedy(monkeypatch, module, says) -> None:
    monkeypatch.setitem(sys.modules, "cv2", module)
    with pytest.raises(DeviceError, match=says):
        anyio.run(looked)
