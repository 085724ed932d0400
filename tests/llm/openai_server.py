"""A real HTTP server on the loopback that speaks the OpenAI protocol, with a ScriptedLLM behind it.

What kinds of servers do differently is set by `Kind`; what goes wrong is queued by `fail`, one fault for each chat
request. Every request is kept, so that tests can assert how many there were and what they carried.
"""

from __future__ import annotations

import json
import math
import socket
import sys
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Literal

from docqa.errors import ContextTooLong, DocqaError
from docqa.llm.base import Completion, Message, Sampling
from docqa.llm.remote import RemoteLLM
from docqa.llm.response_formats import PROBE
from docqa.llm.scripted import ScriptedLLM
from docqa.llm.server import Patience, Server
from docqa.llm.server_notes import Notes

Enforcement = Literal["enforced", "ignored", "rejected"]


@dataclass(frozen=True, slots=True)
class Kind:
    """What kind of server this is. `pages` are fixed JSON answers by path ("/props"); `reads` cuts longer prompts in
    silence, as Ollama does; `rejected_parameters` are answered with 400.
    """

    json_schema: Enforcement = "enforced"
    json_object: Enforcement = "enforced"
    model_card: Mapping[str, Any] = field(default_factory=lambda: {"max_model_len": 8192})
    pages: Mapping[str, Any] = field(default_factory=dict)
    tokenize_key: Literal["prompt", "content"] | None = None
    tokens_per_char: float = 0.25
    api_key: str = ""
    reads: int | None = None
    rejected_parameters: tuple[str, ...] = ()
    reports_usage: bool = True


@dataclass(frozen=True, slots=True)
class Fault:
    """What one chat request meets instead of an answer.

    With `drop_after` set the connection is closed after so many bytes of the body (-1: before the head); otherwise
    the answer is `status`, `headers` and `body`. A stream that has a `last_event` is not dropped there: that event is
    sent, if it is not empty, and the stream ends in order.
    """

    status: int = 200
    body: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    content_type: str = "application/json"
    drop_after: int | None = None
    last_event: str | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it came."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Any

    @property
    def is_probe(self) -> bool:
        """Whether it only tries out what the server can do."""
        schema = (self.body.get("response_format") or {}).get("json_schema") or {}
        return schema.get("name") == PROBE.name or "Greet the reader" in self.body["messages"][-1]["content"]


def status(http_status: int, message: str = "something is wrong", **more: Any) -> Fault:
    """An error in the form that OpenAI gives it; a `retry_after` becomes a header."""
    retry_after = more.pop("retry_after", None)
    headers = () if retry_after is None else (("Retry-After", str(retry_after)),)
    return Fault(http_status, json.dumps({"error": {"message": message, **more}}), headers)


class OpenAIServer:
    """Serves `llm` while the with block lasts. `url` is what a user would set as base_url."""

    def __init__(self, llm: ScriptedLLM, kind: Kind | None = None, model: str = "test-model") -> None:
        self.llm, self.kind, self.model = llm, kind or Kind(), model
        self.requests: list[Request] = []
        self.faults: deque[Fault | None] = deque()
        handler = type("Handler", (_Handler,), {"owner": self})
        self._http = _HttpServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._remotes: list[RemoteLLM] = []

    @property
    def url(self) -> str:
        """The address with /v1."""
        return f"http://127.0.0.1:{self._http.server_port}/v1"

    def fail(self, *faults: Fault | None) -> None:
        """What the next chat requests meet, in this order; None lets one pass. Probes are never failed."""
        self.faults.extend(faults)

    @property
    def chats(self) -> list[Request]:
        """The chat requests, but for probes."""
        return [r for r in self.requests if r.path.endswith("/chat/completions") and not r.is_probe]

    @property
    def probes(self) -> list[Request]:
        """The chat requests that tried out what the server can do."""
        return [r for r in self.requests if r.path.endswith("/chat/completions") and r.is_probe]

    def remote(
        self,
        *,
        sampling: Sampling | None = None,
        context_length: int | None = None,
        patience: Patience | None = None,
        notes: Notes | None = None,
        api_key: str = "",
    ) -> RemoteLLM:
        """A RemoteLLM for this server that does not really sleep between attempts; closed with the server."""
        patience = patience or Patience(timeout_s=10, sleep=lambda _: None)
        server = Server(self.url, api_key, patience)
        remote = RemoteLLM(self.model, server, sampling, context_length=context_length, notes=notes)
        self._remotes.append(remote)
        return remote

    def __enter__(self) -> OpenAIServer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for remote in self._remotes:
            remote.close()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


class _HttpServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing to say when it is the client that has left."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    owner: OpenAIServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # a reply in several small writes would wait 40 ms for each acknowledgement

    def do_GET(self) -> None:
        self._note(None)
        kind = self.owner.kind
        if self.path == "/v1/models":
            card = {"id": self.owner.model, "object": "model", **kind.model_card}
            return self._json(200, {"object": "list", "data": [card]})
        if self.path in kind.pages:
            return self._json(200, kind.pages[self.path])
        return self._json(404, {"error": {"message": "no such page"}})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        request = self._note(body)
        kind = self.owner.kind
        if self.path == "/v1/chat/completions":
            return self._chat(request)
        if self.path == "/tokenize" and kind.tokenize_key:
            n_tokens = math.ceil(len(str(body.get(kind.tokenize_key, ""))) * kind.tokens_per_char)
            listed = {"tokens": list(range(n_tokens))}
            return self._json(200, {"count": n_tokens, **listed} if kind.tokenize_key == "prompt" else listed)
        if self.path in kind.pages:
            return self._json(200, kind.pages[self.path])
        return self._json(404, {"error": {"message": "no such page"}})

    def _chat(self, request: Request) -> None:
        kind, body = self.owner.kind, request.body
        if kind.api_key and request.headers.get("authorization") != f"Bearer {kind.api_key}":
            return self._json(401, {"error": {"message": "Incorrect API key provided"}})
        fault = self.owner.faults.popleft() if self.owner.faults and not request.is_probe else None
        if fault is not None and (fault.drop_after is None or not body.get("stream")):
            return self._fail(fault)
        for name in kind.rejected_parameters:
            if name in body:
                error = {"message": f"Unsupported parameter: '{name}'", "param": name, "code": "unsupported_parameter"}
                return self._json(400, {"error": error})
        form = str((body.get("response_format") or {}).get("type"))
        enforcement = {"json_schema": kind.json_schema, "json_object": kind.json_object}.get(form, "ignored")
        if enforcement == "rejected":
            return self._json(400, {"error": {"message": f"response_format {form} is not supported here"}})
        if request.is_probe:
            text = {"json_schema": '{"shade": "heliotrope"}', "json_object": '{"greeting": "Hello."}'}.get(form, "")
            return self._reply(body, Completion(text if enforcement == "enforced" else "Hello!"), None)
        return self._scripted(body, fault)

    def _scripted(self, body: Any, fault: Fault | None) -> None:
        messages = self._read([Message(m["role"], m["content"]) for m in body["messages"]])
        try:
            completion = self.owner.llm.complete(messages)
        except ContextTooLong as error:
            message = f"This model's maximum context length is {self.owner.llm.context_length} tokens. {error}"
            return self._json(400, {"error": {"message": message, "code": "context_length_exceeded"}})
        except (DocqaError, AssertionError) as error:
            return self._json(400, {"error": {"message": f"the script says: {error}"}})
        return self._reply(body, completion, fault)

    def _read(self, messages: Sequence[Message]) -> list[Message]:
        """The messages that fit: the oldest are left out, but for the last, which loses its beginning."""
        if self.owner.kind.reads is None:
            return list(messages)
        n_left, kept = self.owner.kind.reads, list[Message]()
        for message in reversed(messages):
            words = message.content.split()[-n_left:] if n_left else []
            kept.insert(0, Message(message.role, " ".join(words)))
            n_left -= len(words)
        return kept

    def _reply(self, body: Any, completion: Completion, fault: Fault | None) -> None:
        usage = {
            "prompt_tokens": completion.usage.input_tokens,
            "completion_tokens": completion.usage.output_tokens,
            "total_tokens": completion.usage.input_tokens + completion.usage.output_tokens,
            "prompt_tokens_details": {"cached_tokens": completion.usage.cached_tokens},
        }
        if body.get("stream"):
            wants_usage = bool((body.get("stream_options") or {}).get("include_usage"))
            return self._events(completion, usage if wants_usage and self.owner.kind.reports_usage else None, fault)
        message = {"role": "assistant", "content": completion.text}
        choice = {"index": 0, "message": message, "finish_reason": completion.finish_reason}
        reply = {**_HEAD, "object": "chat.completion", "model": self.owner.model, "choices": [choice]}
        return self._json(200, {**reply, "usage": usage} if self.owner.kind.reports_usage else reply)

    def _events(self, completion: Completion, usage: Any, fault: Fault | None) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        n_sent = 0
        for event in self._chunks(completion, usage):
            data = f"data: {event}\n\n".encode()
            if fault is not None and fault.drop_after is not None and n_sent + len(data) > fault.drop_after:
                if fault.last_event is None:
                    return self._hang_up()
                if fault.last_event:
                    self._chunk(f"data: {fault.last_event}\n\n".encode())
                break
            self._chunk(data)
            n_sent += len(data)
        self.wfile.write(b"0\r\n\r\n")
        return None

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def _chunks(self, completion: Completion, usage: Any) -> Iterator[str]:
        head = {**_HEAD, "object": "chat.completion.chunk", "model": self.owner.model}
        for number, word in enumerate(completion.text.split(" ")):
            delta = {"content": f" {word}" if number else word}
            yield json.dumps({**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
        yield json.dumps({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": completion.finish_reason}]})
        if usage is not None:
            yield json.dumps({**head, "choices": [], "usage": usage})
        yield "[DONE]"

    def _fail(self, fault: Fault) -> None:
        if fault.drop_after == -1:
            return self._hang_up()
        body = fault.body.encode()
        self.send_response(fault.status)
        self.send_header("Content-Type", fault.content_type)
        for name, value in fault.headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if fault.drop_after is None else 10_000))
        self.end_headers()
        self.wfile.write(body if fault.drop_after is None else b"x" * fault.drop_after)
        if fault.drop_after is not None:
            self._hang_up()
        return None

    def _hang_up(self) -> None:
        self.wfile.flush()
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def _json(self, code: int, data: Any) -> None:
        body = json.dumps(data).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _note(self, body: Any) -> Request:
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, self.path, headers, body)
        self.owner.requests.append(request)
        return request

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: what came is in `requests`."""


_HEAD: Mapping[str, Any] = {"id": "chatcmpl-test", "created": 0}
