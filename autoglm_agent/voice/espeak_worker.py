"""The synthesis process: `python -m autoglm_agent.voice.espeak_worker`, with one socket as its standard input.

Each request is answered before the next is read. It ends when the socket does; a text on which the library hangs ends
it too, by an alarm that no C code can miss. Whoever started it starts another (`espeak`).
"""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from typing import Any

from autoglm_agent.voice.espeak_library import EspeakLibrary
from autoglm_agent.voice.espeak_rendering import render
from autoglm_agent.voice.espeak_voices import PLAIN, VOICES
from autoglm_agent.voice.framing import READY_ID, RECEIVE_BYTES, Decoder, encode
from autoglm_agent.voice.pinyin import syllables

STALL_S = 10
"""A clause takes some 10 ms and the start half a second; what takes ten seconds will never end."""


def main() -> None:
    """Serve the socket on standard input until it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt from the terminal is the parent's affair
    signal.alarm(STALL_S)
    library = EspeakLibrary()
    syllables("好")  # reads the dictionaries now, so that the first clause need not wait for them
    signal.alarm(0)
    with socket.socket(fileno=0) as end:
        try:
            end.sendall(encode({"id": READY_ID}))
            for request in _requests(end):
                end.sendall(answer(library, request))
        except (BrokenPipeError, ConnectionResetError):
            return  # the parent is gone


def answer(library: EspeakLibrary, request: dict[str, Any]) -> bytes:
    """One clause: `{id, text, voice, speed}` to `{id, marks}` with PCM, or `{id, error}`. No voice: the plain one."""
    signal.alarm(STALL_S)
    try:
        voice = VOICES[request["voice"]] if request["voice"] else PLAIN
        speech = render(library, request["text"], voice, request["speed"])
    except Exception as error:  # costs this clause alone
        return encode({"id": request["id"], "error": f"{type(error).__name__}: {error}"})
    finally:
        signal.alarm(0)
    marks = [[mark.offset, mark.audio_ms] for mark in speech.marks]
    return encode({"id": request["id"], "marks": marks}, speech.pcm)


def _requests(end: socket.socket) -> Iterator[dict[str, Any]]:
    decoder = Decoder()
    while data := end.recv(RECEIVE_BYTES):
        for header, _ in decoder.feed(data):
            yield header


if __name__ == "__main__":
    main()
