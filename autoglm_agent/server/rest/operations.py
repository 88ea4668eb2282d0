"""What the REST doors take and give, as data: the source of the OpenAPI document (`schema`) and its page (`docs`).

A test holds it against the routes, another calls every operation with what its schema allows.
"""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel

from autoglm_agent.protocol.chat_reply import ChatCompletion, ChatCompletionChunk
from autoglm_agent.protocol.handshake import ClientSecret, ClientSecretRequest
from autoglm_agent.protocol.models import Model, ModelList
from autoglm_agent.protocol.status import Health, Readiness
from autoglm_agent.protocol.wire.chat import ChatRequest
from autoglm_agent.protocol.wire.responses import ResponsesRequest
from autoglm_agent.protocol.wire.responses_objects import (
    ContentPartEvent,
    DeletedResponse,
    FunctionArgumentsDelta,
    FunctionArgumentsDone,
    OutputItemEvent,
    OutputTextDelta,
    OutputTextDone,
    ReasoningTextDelta,
    ReasoningTextDone,
    ResponseObject,
    ResponseStateChanged,
    SummaryPartEvent,
    SummaryTextDelta,
    SummaryTextDone,
)
from autoglm_agent.protocol.wire.transcriptions import (
    TranscriptionForm,
    TranscriptionJson,
    TranscriptionVerbose,
    TranscriptTextDelta,
    TranscriptTextDone,
)

Schema = type[BaseModel]

JSON = "application/json"
TEXT = "text/plain"
EVENTS = "text/event-stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One way to call the server.

    `replies` are the bodies of a 200 in JSON, any of them. `events` are what a stream's `data` may be. `texts` are
    other types of content of a 200. `errors` are statuses with an error as their body; 401 comes with `needs_key`.
    """

    method: str
    path: str
    tag: str
    summary: str
    description: str = ""
    body: Schema | None = None
    has_file: bool = False
    parameter: str | None = None
    replies: tuple[Schema, ...] = ()
    events: tuple[Schema, ...] = ()
    texts: tuple[str, ...] = ()
    unready: Schema | None = None
    errors: tuple[int, ...] = ()
    needs_key: bool = True


ANSWERING = (400, 404, 413, 500, 503)

OPERATIONS = (
    Operation(
        method="post",
        path="/v1/chat/completions",
        tag="Answers",
        summary="Answer a conversation",
        description="Reasoning stands in `reasoning_content`, beside the content. With `stream` the answer comes as "
        "server-sent events and ends with `data: [DONE]`. Pictures are data URIs; addresses are refused, this server "
        "fetches nothing. A client that hangs up cancels the work.",
        body=ChatRequest,
        replies=(ChatCompletion,),
        events=(ChatCompletionChunk,),
        errors=ANSWERING,
    ),
    Operation(
        method="post",
        path="/v1/responses",
        tag="Answers",
        summary="Make a response",
        description="The answer as items: reasoning, message, function calls. With `stream` as the official events. "
        "`reasoning.summary`, or `return_reasoning: true`, tells the trace as a summary as well. Stored responses live "
        "in memory, within bounds, for the key that made them.",
        body=ResponsesRequest,
        replies=(ResponseObject,),
        events=(
            ResponseStateChanged,
            OutputItemEvent,
            ContentPartEvent,
            OutputTextDelta,
            OutputTextDone,
            ReasoningTextDelta,
            ReasoningTextDone,
            SummaryPartEvent,
            SummaryTextDelta,
            SummaryTextDone,
            FunctionArgumentsDelta,
            FunctionArgumentsDone,
        ),
        errors=ANSWERING,
    ),
    Operation(
        method="get",
        path="/v1/responses/{response_id}",
        tag="Answers",
        summary="Read a stored response",
        parameter="response_id",
        replies=(ResponseObject,),
        errors=(404,),
    ),
    Operation(
        method="delete",
        path="/v1/responses/{response_id}",
        tag="Answers",
        summary="Forget a stored response",
        parameter="response_id",
        replies=(DeletedResponse,),
        errors=(404,),
    ),
    Operation(
        method="post",
        path="/v1/audio/transcriptions",
        tag="Speech",
        summary="Write down a recording",
        description="WAV, MP3, FLAC, OGG or Opus, up to 25 MiB and an hour. With `stream` the text comes as it is "
        "heard.",
        body=TranscriptionForm,
        has_file=True,
        replies=(TranscriptionJson, TranscriptionVerbose),
        events=(TranscriptTextDelta, TranscriptTextDone),
        texts=(TEXT,),
        errors=(*ANSWERING, 415),
    ),
    Operation(
        method="post",
        path="/v1/realtime/client_secrets",
        tag="Realtime",
        summary="Make a short-lived key for a browser",
        description="It opens a session at the WebSocket `/v1/realtime`, with the settings given here.",
        body=ClientSecretRequest,
        replies=(ClientSecret,),
        errors=(400, 413),
    ),
    Operation(
        method="get",
        path="/v1/models",
        tag="Models",
        summary="The names the loaded model answers to",
        replies=(ModelList,),
    ),
    Operation(
        method="get",
        path="/v1/models/{model_id}",
        tag="Models",
        summary="One of them",
        parameter="model_id",
        replies=(Model,),
        errors=(404,),
    ),
    Operation(
        method="get",
        path="/health",
        tag="Operation",
        summary="Whether the server lives",
        replies=(Health,),
        needs_key=False,
    ),
    Operation(
        method="get",
        path="/ready",
        tag="Operation",
        summary="Whether one more client could be served",
        description="503 while the model loads and while all places are taken.",
        replies=(Readiness,),
        unready=Readiness,
        needs_key=False,
    ),
    Operation(
        method="get",
        path="/metrics",
        tag="Operation",
        summary="What was done, for Prometheus",
        texts=(TEXT,),
        needs_key=False,
    ),
)
