"""`/v1/responses`: make a response, read a stored one, forget it."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from autoglm_agent.protocol.chat import ChatMessage, ChatTurns
from autoglm_agent.protocol.reply import Reply
from autoglm_agent.protocol.responses_reply import ResponsesReply
from autoglm_agent.protocol.responses_request import decode_responses, not_stored, parse_responses
from autoglm_agent.protocol.wire.responses_objects import DeletedResponse
from autoglm_agent.server import auth
from autoglm_agent.server.rest.access import admitted
from autoglm_agent.server.rest.answering import Answering
from autoglm_agent.server.service import Service
from autoglm_agent.server.stored import Stored

router = APIRouter()


@router.post("/v1/responses")
async def create(request: Request) -> Response:
    """Answer, whole or streamed as the official events; remember the conversation unless `store` is false."""
    return ResponsesAnswering(admitted(request), auth.presented_key(request))


@router.get("/v1/responses/{response_id}")
async def retrieve(request: Request, response_id: str) -> JSONResponse:
    """A stored response."""
    stored = _find(admitted(request), response_id, auth.presented_key(request))
    return JSONResponse(stored.response.model_dump(mode="json"))


@router.delete("/v1/responses/{response_id}")
async def delete(request: Request, response_id: str) -> JSONResponse:
    """Forget a stored response. Those that went on from it keep what they need of it."""
    service = admitted(request)
    _find(service, response_id, auth.presented_key(request))
    service.stored.forget(response_id)
    return JSONResponse(DeletedResponse(id=response_id).model_dump(mode="json"))


def _find(service: Service, response_id: str, key: str | None) -> Stored:
    stored = service.stored.find(response_id, key)
    if stored is None:
        raise HTTPException(404, f"There is no stored response {response_id!r}.")
    return stored


class ResponsesAnswering(Answering):
    """One response."""

    door = "responses"

    def __init__(self, service: Service, key: str | None) -> None:
        super().__init__(service)
        self._key = key
        self._reply: ResponsesReply | None = None
        self._conversation: tuple[ChatMessage, ...] = ()

    def decode(self, body: bytes) -> tuple[ChatTurns, Reply]:
        """The conversation behind the stored one, and who tells its answer."""
        request, service = parse_responses(body), self.service
        previous: tuple[ChatMessage, ...] = ()
        if request.previous_response_id is not None:
            stored = service.stored.find(request.previous_response_id, self._key)
            if stored is None:
                raise not_stored(request.previous_response_id)
            previous = stored.conversation
        turns = decode_responses(request, previous)
        self._conversation = turns.conversation
        self._reply = ResponsesReply(request, model=service.model, new_id=service.ids.new, clock=service.wall_clock)
        return turns.chat, self._reply

    def ended(self) -> None:
        """Remember the response, if it may be."""
        reply = self._reply
        if reply is not None and reply.is_stored:
            conversation = (*self._conversation, reply.message())
            self.service.stored.keep(Stored(response=reply.response, conversation=conversation), self._key)
