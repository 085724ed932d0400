"""The web application: routes, keys, errors. Everything is answered in the form of OpenAI's chat completions."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from docqa.app.serving.desk import Desk
from docqa.app.serving.replies import Head, event, model_card
from docqa.app.serving.requests import ChatRequest, Refused, read_chat_request, read_text
from docqa.errors import ContextTooLong, DocqaError, ModelRejected
from docqa.llm.base import Completion
from docqa.llm.generation import Generation, Generator

_MAX_BODY_BYTES = 64 * 2**20
_GONE = 499  # nobody reads it
_log = logging.getLogger("docqa")


@dataclass(frozen=True, slots=True)
class Access:
    """Who may ask: with a key, when there is one, and by the names that the server is reached under ("*" for any).

    The names keep a web page from reaching a server on the reader's own machine through a name of its own.
    """

    api_key: str = field(default="", repr=False)
    hosts: tuple[str, ...] = ("127.0.0.1", "localhost", "[::1]")


class Service:
    """The answers to requests for one model."""

    def __init__(self, model: Generator, name: str, access: Access) -> None:
        self._model, self._name, self._access = model, name, access
        self._desk = Desk(model)
        self._created = int(time.time())
        self._fingerprint = "docqa-" + hashlib.sha256(model.fingerprint.encode()).hexdigest()[:12]

    def application(self) -> Starlette:
        """The application that a web server runs."""
        routes = [
            Route("/health", self._health),
            Route("/v1/models", self._guarded(self._models)),
            Route("/v1/models/{name:path}", self._guarded(self._one_model)),
            Route("/tokenize", self._guarded(self._tokenize), methods=["POST"]),
            Route("/v1/chat/completions", self._guarded(self._chat), methods=["POST"]),
        ]
        return Starlette(
            routes=routes,
            middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=self._access.hosts, www_redirect=False)],
            exception_handlers={HTTPException: _http_error, Refused: _refused},
            lifespan=self._lifespan,
        )

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        yield
        self._desk.close()

    def _guarded(self, handler: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        async def handle(request: Request) -> Response:
            key = self._access.api_key
            if key and not secrets.compare_digest(
                request.headers.get("authorization", "").encode(), f"Bearer {key}".encode()
            ):
                raise Refused(401, "Incorrect API key provided", code="invalid_api_key")
            return await handler(request)

        return handle

    async def _health(self, _: Request) -> Response:
        return JSONResponse({"status": "ok", "requests": self._desk.n_waiting})

    async def _models(self, _: Request) -> Response:
        return JSONResponse({"object": "list", "data": [self._card()]})

    async def _one_model(self, request: Request) -> Response:
        self._check_name(request.path_params["name"])
        return JSONResponse(self._card())

    async def _tokenize(self, request: Request) -> Response:
        text = read_text(await _body(request))
        n_tokens = await asyncio.to_thread(self._model.count_tokens, text)
        return JSONResponse({"count": n_tokens, "max_model_len": self._model.context_length})

    async def _chat(self, request: Request) -> Response:
        asked = read_chat_request(await _body(request))
        self._check_name(asked.model)
        generation = await asyncio.to_thread(self._that_fits, asked)
        head = Head(self._name, self._fingerprint)
        if asked.stream:
            events = self._events(generation, head, asked.include_usage)
            return StreamingResponse(events, media_type="text/event-stream", headers={"Cache-Control": "no-cache"})
        completion = await _unless_gone(request, self._completion(generation))
        return JSONResponse(head.whole(completion)) if completion else Response(status_code=_GONE)

    def _that_fits(self, asked: ChatRequest) -> Generation:
        """The generation with a reply as long as asked for, or as there is room for. Raises Refused without any."""
        generation, limit = asked.generation, self._model.context_length
        n_prompt = self._model.prompt_tokens(generation.messages)
        if n_prompt >= limit:
            raise _too_long(f"This model's maximum context length is {limit} tokens, and the messages have {n_prompt}.")
        n_output = min(asked.max_tokens or limit, limit - n_prompt)
        return replace(generation, sampling=replace(generation.sampling, max_output_tokens=n_output))

    async def _completion(self, generation: Generation) -> Completion:
        try:
            async with aclosing(self._desk.pieces(generation)) as pieces:
                async for piece in pieces:
                    if isinstance(piece, Completion):
                        return piece
        except Exception as error:
            raise _diagnosed(error) from error
        raise Refused(500, "the model gave no reply")

    async def _events(self, generation: Generation, head: Head, include_usage: bool) -> AsyncIterator[str]:
        """The reply as server-sent events; what goes wrong on the way is the last of them."""
        yield event(head.chunk({"role": "assistant", "content": ""}))
        try:
            async with aclosing(self._desk.pieces(generation)) as pieces:
                async for piece in pieces:
                    if isinstance(piece, str):
                        yield event(head.chunk({"content": piece}))
                        continue
                    yield event(head.chunk({}, piece.finish_reason))
                    if include_usage:
                        yield event(head.usage_chunk(piece))
        except Exception as error:
            yield event(_diagnosed(error).body)
            return
        yield event("[DONE]")

    def _check_name(self, name: str) -> None:
        if name != self._name:
            message = f"The model '{name}' does not exist; this server has '{self._name}'"
            raise Refused(404, message, param="model", code="model_not_found")

    def _card(self) -> dict[str, object]:
        return model_card(self._name, self._model.context_length, self._created)


async def _body(request: Request) -> bytes:
    """The body. A web page can send JSON to another server only after asking it, which this one does not allow."""
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
        raise Refused(415, "the content type must be application/json")
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > _MAX_BODY_BYTES:
            raise Refused(413, f"the body is larger than {_MAX_BODY_BYTES} bytes")
    return bytes(body)


async def _unless_gone(request: Request, reply: Awaitable[Completion]) -> Completion | None:
    """The reply, or None as soon as the client has left."""
    working, leaving = asyncio.ensure_future(reply), asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        return await working if working.done() else None
    finally:
        for task in (working, leaving):
            task.cancel()


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _diagnosed(error: Exception) -> Refused:
    if isinstance(error, Refused):
        return error
    if isinstance(error, ContextTooLong):
        return _too_long(str(error))
    if isinstance(error, ModelRejected):
        return Refused(400, str(error))
    if isinstance(error, DocqaError):
        return Refused(500, str(error))
    _log.exception("the model failed")
    return Refused(500, f"the model failed: {type(error).__name__}; the server's log says more")


def _too_long(message: str) -> Refused:
    return Refused(400, message, param="messages", code="context_length_exceeded")


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    headers = {401: {"WWW-Authenticate": "Bearer"}, 503: {"Retry-After": "5"}}.get(error.status)
    return JSONResponse(error.body, error.status, headers)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    refusal = Refused(error.status_code, f"{request.method} {request.url.path}: {error.detail}")
    return JSONResponse(refusal.body, error.status_code, error.headers)
