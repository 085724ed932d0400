"""A language model on any OpenAI-compatible server (vLLM, SGLang, llama.cpp, Ollama, hosted), by chat completions.

What servers do differently is found out and not asked of the user: the context length, how replies are held to a
schema, and how tokens are counted. The `openai` package is loaded when the first RemoteLLM is made.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from docqa.errors import ContextTooLong, ModelError, ModelRejected, ModelUnreachable, NoCompletion
from docqa.llm.base import Completion, FinishReason, Message, Sampling, Schema, Usage
from docqa.llm.context_length import ContextLength, found_context_length
from docqa.llm.faults import (
    Attempts,
    BrokenOff,
    FormatRejected,
    ParameterRejected,
    UnusableReply,
    diagnosed,
    faults,
)
from docqa.llm.response_formats import FormatLadder, response_format
from docqa.llm.server import Connection, Server
from docqa.llm.server_notes import Notes
from docqa.llm.structured import complete_structured
from docqa.llm.token_counting import TokenCounter, least_tokens

if TYPE_CHECKING:
    from openai.types.chat import ChatCompletionChunk

_LEAST_CHECKED_TOKENS = 400
"""Below this many tokens no server truncates, and short texts scatter."""


class RemoteLLM:
    """The model `model` on a server. `context_length` is found out when it is not given.

    `notes` remember across processes what was found out about the server. When the context length had to be assumed,
    the logger "docqa" says so, and `found_context.assumed` is true.
    """

    def __init__(
        self,
        model: str,
        server: Server,
        sampling: Sampling | None = None,
        *,
        context_length: int | None = None,
        notes: Notes | None = None,
    ) -> None:
        from openai import OpenAI

        self.model, self.server = model, server
        self.sampling = sampling or Sampling()
        self._given_length = context_length
        self._connection = Connection(server)
        # The key is set by the connection; whatever else the package reads from the environment is stripped there.
        self._openai = OpenAI(
            base_url=server.base_url, api_key="unused", max_retries=0, http_client=self._connection.client
        )
        self._lock = threading.RLock()
        self._counter = TokenCounter(self._connection, model)
        self._ladder = FormatLadder(f"{server.base_url} {model}", {} if notes is None else notes, self._ask)
        self._parameters: dict[str, Any] = {
            "max_tokens": self.sampling.max_output_tokens,
            "temperature": self.sampling.temperature,
            **({} if self.sampling.seed is None else {"seed": self.sampling.seed}),
        }
        self._stream_options: dict[str, Any] = {"stream_options": {"include_usage": True}}

    @property
    def name(self) -> str:
        """`openai:` and the model's name, as `--model` takes it."""
        return f"openai:{self.model}"

    @property
    def fingerprint(self) -> str:
        """The model, the server's address and the sampling."""
        s = self.sampling
        return json.dumps([self.name, self.server.base_url, s.temperature, s.max_output_tokens, s.seed])

    @property
    def max_output_tokens(self) -> int:
        """Where replies are cut off."""
        return self.sampling.max_output_tokens

    @property
    def context_length(self) -> int:
        """In tokens, input and output together; asks the server when it is first needed."""
        with self._lock:
            return self.found_context.n_tokens

    @cached_property
    def found_context(self) -> ContextLength:
        """The context length with its source."""
        if self._given_length is not None:
            return ContextLength(self._given_length, "settings")
        found = found_context_length(self._connection, self.model)
        if found.assumed:
            logging.getLogger("docqa").warning(
                "%s does not say how much %s can read: %d tokens are assumed; set context_length",
                self.server.base_url,
                self.model,
                found.n_tokens,
            )
        return found

    def count_tokens(self, text: str) -> int:
        """What the server's `/tokenize` says of a long text, otherwise an estimate on the high side."""
        return self._counter.count(text)

    def complete(self, messages: Sequence[Message], schema: Schema | None = None) -> Completion:
        """The whole reply, with valid `data` when a schema is given."""
        self._refuse_surely_too_long(messages)
        if schema is None:
            return self._ask(messages)
        while True:
            level = self._ladder.level(schema)
            ask = partial(self._ask, form=response_format(level, schema))
            try:
                return complete_structured(ask, messages, schema, level)
            except FormatRejected:
                if not self._ladder.step_down(schema, level):
                    raise

    def stream(self, messages: Sequence[Message]) -> Iterator[str | Completion]:
        """Pieces of the reply, then the whole. Raises ModelUnreachable when the connection is lost on the way.

        As long as nothing has been given out, a lost connection is tried again like any other request.
        """
        self._refuse_surely_too_long(messages)
        attempts = Attempts(self.server.patience)
        while True:
            given: list[str] = []
            try:
                for item in self._streamed(messages):
                    if isinstance(item, str):
                        given.append(item)
                    yield item
                return
            except faults() as error:
                fault = diagnosed(error, self.server, self.model)
                if given:
                    raise self._lost(messages, "".join(given), fault.error) from error
                if not self._done_without(fault.error):
                    attempts.wait(fault)

    def close(self) -> None:
        """Close the connections to the server."""
        self._connection.close()

    def _ask(self, messages: Sequence[Message], form: dict[str, Any] | None = None) -> Completion:
        """One reply, the request being sent again as long as that can mend it."""
        attempts = Attempts(self.server.patience)
        while True:
            try:
                return self._asked_once(messages, form)
            except faults() as error:
                fault = diagnosed(error, self.server, self.model)
                if not self._done_without(fault.error):
                    attempts.wait(fault)

    def _asked_once(self, messages: Sequence[Message], form: dict[str, Any] | None) -> Completion:
        extra = self._parameters if form is None else {**self._parameters, "response_format": form}
        reply: Any = self._openai.chat.completions.create(model=self.model, messages=_as_sent(messages), **extra)
        text, ending = _content(reply)
        return self._checked(messages, Completion(text, self._usage(reply.usage, messages, text), ending))

    def _streamed(self, messages: Sequence[Message]) -> Iterator[str | Completion]:
        extra = {**self._parameters, **self._stream_options}
        pieces: list[str] = []
        reported, ending = None, None
        chunk: ChatCompletionChunk
        with self._openai.chat.completions.create(
            model=self.model, messages=_as_sent(messages), stream=True, **extra
        ) as chunks:
            for chunk in chunks:
                reported = getattr(chunk, "usage", None) or reported
                for choice in getattr(chunk, "choices", None) or ():
                    ending = choice.finish_reason or ending
                    piece = getattr(choice.delta, "content", None)
                    if piece:
                        pieces.append(piece)
                        yield piece
        if ending is None:
            raise BrokenOff("it ended without saying why")
        text = "".join(pieces)
        yield self._checked(messages, Completion(text, self._usage(reported, messages, text), _ending(ending)))

    def _usage(self, reported: Any, messages: Sequence[Message], text: str) -> Usage:
        """What the server says it has read and written, or our own count when it says nothing."""
        n_input, n_output = (getattr(reported, name, None) for name in ("prompt_tokens", "completion_tokens"))
        cached = getattr(getattr(reported, "prompt_tokens_details", None), "cached_tokens", None)
        if not isinstance(n_input, int) or n_input <= 0:  # old versions of Ollama report 0 for a cached prompt
            n_input = self._count(messages)
        if not isinstance(n_output, int):
            n_output = self.count_tokens(text)
        return Usage(n_input, n_output, cached if isinstance(cached, int) else 0, n_calls=1)

    def _checked(self, messages: Sequence[Message], completion: Completion) -> Completion:
        """Raises ContextTooLong when the server's own count shows that it has dropped a part of the messages.

        A count may also be low as it leaves out what was in the prefix cache (Ollama 0.30): where the server says that
        the whole fits its context, nothing was dropped, and our own count stands.
        """
        usage, n_least = completion.usage, _least_count(messages)
        if n_least < _LEAST_CHECKED_TOKENS or usage.input_tokens + usage.cached_tokens >= n_least:
            return completion
        n_sent = self._count(messages)
        told = found_context_length(self._connection, self.model)
        if not told.assumed and told.n_tokens >= n_sent + self.max_output_tokens:
            return replace(completion, usage=replace(usage, input_tokens=n_sent))
        raise ContextTooLong(
            f"{self.server.base_url} has read {usage.input_tokens} tokens where at least {n_least} were sent, in "
            "silence; its context is too small: raise it (Ollama: OLLAMA_CONTEXT_LENGTH or num_ctx) and set "
            "context_length",
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            n_calls=1,
        )

    def _count(self, messages: Sequence[Message]) -> int:
        return sum(self.count_tokens(message.content) for message in messages)

    def _refuse_surely_too_long(self, messages: Sequence[Message]) -> None:
        n_least = _least_count(messages)
        if n_least > self.context_length and not self.found_context.assumed:
            raise ContextTooLong(
                f"the messages have at least {n_least} tokens, and {self.model} reads {self.context_length}"
            )

    def _done_without(self, error: Exception) -> bool:
        """Leave out, from now on, a parameter that the server does not take; False when that is not the matter."""
        if not isinstance(error, ParameterRejected):
            return False
        with self._lock:
            if error.name == "stream_options":
                return bool(self._stream_options.pop(error.name, None))
            parameters = dict(self._parameters)
            value = parameters.pop(error.name, None)
            if error.name == "max_tokens" and value is not None:
                parameters["max_completion_tokens"] = value  # what the reasoning models of OpenAI want instead
            self._parameters = parameters
            return value is not None

    def _lost(self, messages: Sequence[Message], given: str, error: ModelError) -> ModelError:
        usage = self._usage(None, messages, given)
        kind = NoCompletion if isinstance(error, NoCompletion) else ModelUnreachable
        return kind(
            f"{error} (after {len(given)} characters; ask again)",
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            n_calls=1,
        )


def _as_sent(messages: Sequence[Message]) -> Any:
    return [{"role": message.role, "content": message.content} for message in messages]


def _content(reply: Any) -> tuple[str, FinishReason]:
    """The text of a chat completion and why it ended; the package hands on whatever the server has sent."""
    choices = getattr(reply, "choices", None)
    if not isinstance(choices, list) or not choices:
        raise UnusableReply("it holds no choices")
    message = getattr(choices[0], "message", None)
    text = getattr(message, "content", None)
    if message is None or not isinstance(text, str | None):
        raise UnusableReply("it holds no message of text")
    return text or "", _ending(getattr(choices[0], "finish_reason", None))


def _ending(reason: str | None) -> FinishReason:
    if reason == "content_filter":
        raise ModelRejected("the model server's content filter has cut off the reply")
    return "length" if reason == "length" else "stop"


def _least_count(messages: Sequence[Message]) -> int:
    return sum(least_tokens(message.content) for message in messages)
