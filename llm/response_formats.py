"""Which level of the ladder of `docqa.llm.structured` a server keeps to, found out by trying and remembered.

A server that does not know a form of reply often ignores it in silence. So the probe asks for a greeting and demands a
form in which no model would greet of its own accord: only a server that enforces the form gives the expected reply.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from docqa.errors import MalformedReply
from docqa.llm.base import Completion, Message, Schema
from docqa.llm.faults import BadRequest, FormatRejected
from docqa.llm.server_notes import Notes
from docqa.llm.structured import LEVELS, InvalidJson, Level, parsed

PROBE = Schema(
    "docqa_probe",
    {
        "type": "object",
        "properties": {"shade": {"type": "string", "enum": ["heliotrope"]}},
        "required": ["shade"],
        "additionalProperties": False,
    },
)
_ANY_OBJECT = Schema("docqa_object", {"type": "object"})
_PROBES: tuple[tuple[Level, Schema, tuple[Message, ...]], ...] = (
    ("json_schema", PROBE, (Message("user", "Greet the reader in one short sentence."),)),
    ("json_object", _ANY_OBJECT, (Message("user", "Greet the reader, as a JSON object with the one key greeting."),)),
)

AskInForm = Callable[[Sequence[Message], dict[str, Any] | None], Completion]


def response_format(level: Level, schema: Schema) -> dict[str, Any] | None:
    """What a request says to have its reply held to this level."""
    if level == "json_schema":
        definition = {"name": schema.name, "schema": dict(schema.definition), "strict": True}
        return {"type": "json_schema", "json_schema": definition}
    return {"type": "json_object"} if level == "json_object" else None


class FormatLadder:
    """The level that one model on one server keeps to; `key` names the two in the notes."""

    def __init__(self, key: str, notes: Notes, ask: AskInForm) -> None:
        self._key, self._notes, self._ask = f"structured {key}", notes, ask
        self._lock = threading.Lock()
        self._lower: dict[str, Level] = {}

    def level(self, schema: Schema) -> Level:
        """The level for a schema; one or two small requests when nothing is known yet."""
        with self._lock:
            if schema.name in self._lower:
                return self._lower[schema.name]
            noted = self._notes.get(self._key)
            for level in LEVELS:
                if level == noted:
                    return level
            found, in_doubt = self._probed()
            if in_doubt:
                self._lower[schema.name] = found
            else:
                self._notes[self._key] = found
            return found

    def step_down(self, schema: Schema, refused: Level) -> bool:
        """Go below the level at which the server has refused a schema; False when there is none.

        Threads that are refused at the same level together go down one step, not several.
        """
        below = LEVELS.index(refused) + 1
        if below == len(LEVELS):
            return False
        with self._lock:
            now = self._lower.get(schema.name, refused)
            self._lower[schema.name] = LEVELS[max(below, LEVELS.index(now))]
        return True

    def _probed(self) -> tuple[Level, bool]:
        """The level, and whether it is in doubt as the server refused the probes without saying that it is the form."""
        in_doubt = False
        for level, schema, greeting in _PROBES:
            try:
                parsed(self._ask(greeting, response_format(level, schema)).text, schema)
                return level, False
            except (InvalidJson, FormatRejected, MalformedReply):
                continue
            except BadRequest:
                in_doubt = True
        return "tagged", in_doubt
