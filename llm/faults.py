"""What went wrong between us and a model server: one clear error for each fault, and whether waiting can mend it."""

from __future__ import annotations

import json
import random
import re
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from docqa.answers import one_line
from docqa.errors import (
    ContextTooLong,
    ModelError,
    ModelRejected,
    ModelUnreachable,
    NetworkForbidden,
    NoCompletion,
)
from docqa.llm.server import Patience, Server, not_running

if TYPE_CHECKING:
    import httpx2
    from openai import APIConnectionError, APIStatusError

_N_SHOWN_CHARS = 300
_MALFORMED_RETRIES = 1
_PASSING_STATUS = frozenset({408, 409, 425, 429})

_TOO_LONG = re.compile(
    r"context.{0,10}(length|size|window)|(maximum|max).{0,10}(context|model.{0,3}len|input)|too many (input )?tokens|"
    r"(prompt|input|messages?)\b.{0,40}\b(too long|too large|longer than|exceeds?)|exceed_context|reduce the length",
    re.IGNORECASE,
)
_ABOUT_FORMAT = re.compile(r"response_format|json_schema|json_object|schema|grammar|structured|guided", re.IGNORECASE)
# llama.cpp parses what its own grammar has let the model write, and fails with status 500 where the two disagree.
_OUT_OF_FORM = re.compile(r"model produced output|does not match the expected", re.IGNORECASE)
_UNSUPPORTED = re.compile(r"unsupported|not supported|unknown|unrecogni[sz]ed|not permitted|unexpected", re.IGNORECASE)
_PARAMETERS = ("max_tokens", "temperature", "seed", "stream_options")


class BadRequest(ModelRejected):
    """The server takes something in the request amiss."""


class FormatRejected(BadRequest):
    """The server does not offer the form of reply that was asked for, or not for this schema."""


class ParameterRejected(BadRequest):
    """The server or the model does not take the parameter `name`."""

    def __init__(self, message: str, name: str) -> None:
        super().__init__(message)
        self.name = name


class UnusableReply(Exception):
    """A reply with status 200 that is no chat completion; the message says what it is instead."""


class BrokenOff(Exception):
    """A stream that ended before the model did."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What to tell the user, how often it pays to try again, and how long the server asks to wait first."""

    error: ModelError
    max_retries: int = 0
    retry_after_s: float | None = None


class Attempts:
    """Counts the attempts of one request; `wait` sleeps before the next, or raises when there is none."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._n_failed = 0

    def wait(self, fault: Fault) -> None:
        """Raises the fault's error when trying again is of no use any more."""
        patience = self._patience
        if self._n_failed >= min(fault.max_retries, patience.max_retries):
            raise fault.error
        if (fault.retry_after_s or 0.0) > patience.max_retry_after_s:
            raise ModelUnreachable(f"{fault.error} (the server asks to wait {fault.retry_after_s:.0f} s)")
        delay_s = min(patience.max_delay_s, patience.first_delay_s * 2**self._n_failed)
        jittered_s = delay_s * random.uniform(0.75, 1.0)  # so that many clients do not come back at once
        self._n_failed += 1
        patience.sleep(jittered_s if fault.retry_after_s is None else fault.retry_after_s)


def faults() -> tuple[type[Exception], ...]:
    """Every exception that a request can end with and `diagnosed` knows."""
    import httpx2
    from openai import OpenAIError

    return (
        OpenAIError, httpx2.HTTPError, json.JSONDecodeError, UnicodeDecodeError, UnusableReply, BrokenOff,
        NetworkForbidden,
    )  # fmt: skip


def diagnosed(error: Exception, server: Server, model: str) -> Fault:
    """What an exception of `faults` means. Raises NetworkForbidden when it was --offline that stopped the request."""
    import httpx2
    from openai import APIConnectionError, APIError, APIStatusError

    _raise_if_forbidden(error)
    if isinstance(error, APIStatusError):
        return _of_status(error, server, model)
    if isinstance(error, APIConnectionError):
        return _of_connection(error, server)
    if isinstance(error, BrokenOff | httpx2.HTTPError):
        cause = _line(error) or type(error).__name__
        return Fault(ModelUnreachable(f"{server.base_url}: the reply broke off: {cause}"), server.patience.max_retries)
    if isinstance(error, APIError) and error.body is not None:  # sent in the middle of a stream
        return _of_message(_line(error), server)
    what = str(error) if isinstance(error, UnusableReply) else "its body is no valid JSON"
    message = f"{server.base_url} does not speak the OpenAI protocol in its reply: {what}; is the address right?"
    return Fault(NoCompletion(message), _MALFORMED_RETRIES)


def _raise_if_forbidden(error: BaseException | None) -> None:
    while error is not None:
        if isinstance(error, NetworkForbidden):
            raise error
        error = error.__cause__ or error.__context__


def _of_connection(error: APIConnectionError, server: Server) -> Fault:
    import httpx2

    cause = error.__cause__
    if isinstance(cause, httpx2.TimeoutException) and not isinstance(cause, httpx2.ConnectTimeout):
        # The model is at work on it; sending the same again would have it work twice.
        message = f"{server.base_url} sent nothing for {server.patience.timeout_s:g} s; raise the time-out or ask less"
        return Fault(ModelUnreachable(message))
    if isinstance(cause, httpx2.ConnectError | httpx2.ConnectTimeout):
        return Fault(not_running(server, cause))
    message = f"{server.base_url} dropped the connection ({_line(cause or error)})"
    return Fault(ModelUnreachable(message), server.patience.max_retries)


def _of_status(error: APIStatusError, server: Server, model: str) -> Fault:
    status, said = error.status_code, server.masked(_said(error))
    if status in (401, 403):
        return Fault(ModelRejected(f"{server.base_url} refuses the key ({status}: {said}); set api_key"))
    if status == 429 and error.code in ("insufficient_quota", "billing_hard_limit_reached"):
        return Fault(ModelRejected(f"{server.base_url}: the account's quota is used up: {said}"))
    if status != 429 and _is_too_long(error, said):
        return Fault(ContextTooLong(f"the messages are longer than {model} can read: {said}"))
    if status == 501 or (status >= 500 and (_ABOUT_FORMAT.search(said) or _OUT_OF_FORM.search(said))):
        return Fault(FormatRejected(f"{server.base_url} cannot do what was asked ({status}: {said})"))
    if status in _PASSING_STATUS or status >= 500:
        message = f"{server.base_url} cannot answer now ({status}: {said})"
        return Fault(ModelUnreachable(message), server.patience.max_retries, _retry_after_s(error.response))
    if status == 404:
        return Fault(ModelRejected(f"{server.base_url} knows no model {model!r} or no chat completions: {said}"))
    if 300 <= status < 400:
        target = error.response.headers.get("location", "elsewhere")
        return Fault(
            ModelRejected(f"{server.base_url} redirects to {_line(target)}; set base_url to where it should go")
        )
    return Fault(_of_bad_request(error, said, server))


def _of_bad_request(error: APIStatusError, said: str, server: Server) -> BadRequest:
    message = f"{server.base_url} refuses the request ({error.status_code}: {said})"
    parameter = error.param or ""
    if _UNSUPPORTED.search(f"{error.code} {said}"):
        for name in _PARAMETERS:
            if parameter == name or (not parameter and name in said):
                return ParameterRejected(message, name)
    if parameter.startswith("response_format") or _ABOUT_FORMAT.search(said):
        return FormatRejected(message)
    return BadRequest(message)


def _of_message(said: str, server: Server) -> Fault:
    said = server.masked(said)
    if _TOO_LONG.search(said):
        return Fault(ContextTooLong(f"the messages are longer than the model can read: {said}"))
    return Fault(ModelUnreachable(f"{server.base_url} broke off its reply: {said}"), server.patience.max_retries)


def _is_too_long(error: APIStatusError, said: str) -> bool:
    kind = f"{error.code} {error.type}"
    return (
        error.status_code == 413 or "context_length" in kind or "exceed_context" in kind or bool(_TOO_LONG.search(said))
    )


def _retry_after_s(response: httpx2.Response) -> float | None:
    """Seconds that the server asks to wait: `Retry-After` as a number or a date, or the finer `retry-after-ms`."""
    try:
        if "retry-after-ms" in response.headers:
            return max(0.0, float(response.headers["retry-after-ms"]) / 1000)
        asked = response.headers.get("retry-after", "")
        if not asked:
            return None
        if re.fullmatch(r"\s*\d+(\.\d+)?\s*", asked):
            return float(asked)
        return max(0.0, parsedate_to_datetime(asked).timestamp() - time.time())
    except ValueError:
        return None


def _said(error: APIStatusError) -> str:
    """The server's own words, wherever it puts them."""
    body = error.body
    if isinstance(body, dict):
        body = next((body[key] for key in ("message", "detail", "error") if body.get(key)), body)
    return _line(body or error.response.reason_phrase)


def _line(said: object) -> str:
    line = one_line(str(said))
    return line if len(line) <= _N_SHOWN_CHARS else f"{line[:_N_SHOWN_CHARS]}…"
