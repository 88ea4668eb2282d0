"""`POST /v1/audio/transcriptions`: a recording in a form, written down whole or as it is heard."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from autoglm_agent.protocol.reply import server_sent
from autoglm_agent.protocol.rest_errors import ErrorBody, ErrorDetail
from autoglm_agent.protocol.transcriptions import MANDARIN, encode_whole, parse_form, spoken_language
from autoglm_agent.protocol.wire.transcriptions import TranscriptionForm, TranscriptTextDelta, TranscriptTextDone
from autoglm_agent.runtime.transcribing import transcribe
from autoglm_agent.server.rest.access import admitted, check_model
from autoglm_agent.server.rest.bodies import read_upload
from autoglm_agent.server.rest.exchange import EventStream, Exchange
from autoglm_agent.server.service import Service

WHOLE_CHUNK_MS = 640
"""Chunk + lookahead where nobody waits for partial results: the more is heard at a time, the better."""
OWN_MODEL = "nano"

router = APIRouter()


@router.post("/v1/audio/transcriptions")
async def create(request: Request) -> Response:
    """Write down a recording."""
    return Transcribing(admitted(request))


class Transcribing(Exchange):
    """One recording."""

    def __init__(self, service: Service) -> None:
        super().__init__(service)
        self._form = TranscriptionForm()
        self._file = b""
        self._language = ""

    async def read(self, request: Request) -> None:
        """Read the form."""
        upload = await read_upload(request)
        self._form, self._file = parse_form(upload.fields), upload.file
        check_model(self.service, self._form.model)
        self._language = spoken_language(self._form, MANDARIN if self.service.model == OWN_MODEL else None)

    async def answer(self, stream: EventStream) -> Response | None:
        """Listen."""
        service, form = self.service, self._form

        async def on_text(text: str) -> None:
            if form.stream:
                await stream.write(server_sent(TranscriptTextDelta(delta=text)))

        heard = await transcribe(
            service.bridge,
            self._file,
            chunk_ms=service.settings.speech_chunk_ms if form.stream else WHOLE_CHUNK_MS,
            new_id=service.ids.new,
            on_text=on_text,
            work=service.work,
        )
        if form.stream:
            await stream.write(server_sent(TranscriptTextDone(text=heard.text)))
            return None
        if form.response_format == "text":
            return PlainTextResponse(heard.text)
        return JSONResponse(encode_whole(form, heard.text, heard.audio_s, self._language).model_dump(mode="json"))

    def fail(self, error: ErrorDetail) -> str:
        """The event that ends a stream which breaks."""
        return server_sent(ErrorBody(error=error))
