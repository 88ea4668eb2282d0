"""`POST /v1/chat/completions`."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from autoglm_agent.protocol.chat import ChatTurns, decode_chat, parse_chat
from autoglm_agent.protocol.chat_reply import ChatReply
from autoglm_agent.protocol.reply import Reply
from autoglm_agent.server.rest.access import admitted
from autoglm_agent.server.rest.answering import Answering

router = APIRouter()


@router.post("/v1/chat/completions")
async def chat_completions(request: Request) -> Response:
    """Answer a conversation, whole or streamed as server-sent events."""
    return ChatAnswering(admitted(request))


class ChatAnswering(Answering):
    """One chat completion."""

    door = "chat"

    def decode(self, body: bytes) -> tuple[ChatTurns, Reply]:
        """The conversation, and who tells its answer."""
        chat, service = decode_chat(parse_chat(body)), self.service
        return chat, ChatReply(
            completion_id=service.ids.new("chatcmpl"),
            model=service.model,
            created=round(service.wall_clock()),
            include_usage=chat.include_usage,
            return_reasoning=chat.return_reasoning,
        )
