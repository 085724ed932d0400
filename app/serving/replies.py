"""What the server sends: chat completions, their chunks, the list of models. Plain JSON objects of the protocol."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

from docqa.llm.base import Completion, Usage


@dataclass(frozen=True, slots=True)
class Head:
    """What every part of one reply repeats."""

    model: str
    fingerprint: str
    id: str = field(default_factory=lambda: f"chatcmpl-{uuid.uuid4().hex}")
    created: int = field(default_factory=lambda: int(time.time()))

    def whole(self, completion: Completion) -> dict[str, Any]:
        """A chat completion."""
        message = {"role": "assistant", "content": completion.text, "refusal": None}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": completion.finish_reason}
        return {**self._common("chat.completion"), "choices": [choice], "usage": usage(completion.usage)}

    def chunk(self, delta: dict[str, str], finish_reason: str | None = None) -> dict[str, Any]:
        """A chunk of a streamed one."""
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return {**self._common("chat.completion.chunk"), "choices": [choice]}

    def usage_chunk(self, completion: Completion) -> dict[str, Any]:
        """The chunk that says what was used; it has no choices."""
        return {**self._common("chat.completion.chunk"), "choices": [], "usage": usage(completion.usage)}

    def _common(self, kind: str) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": kind,
            "created": self.created,
            "model": self.model,
            "system_fingerprint": self.fingerprint,
        }


def usage(used: Usage) -> dict[str, Any]:
    """Tokens read and written; `cached_tokens` were read before and kept."""
    return {
        "prompt_tokens": used.input_tokens,
        "completion_tokens": used.output_tokens,
        "total_tokens": used.input_tokens + used.output_tokens,
        "prompt_tokens_details": {"cached_tokens": used.cached_tokens},
    }


def model_card(name: str, context_length: int, created: int) -> dict[str, Any]:
    """What the list of models says of one."""
    return {"id": name, "object": "model", "created": created, "owned_by": "docqa", "max_model_len": context_length}


def event(data: dict[str, Any] | str) -> str:
    """A server-sent event."""
    return f"data: {data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)}\n\n"
