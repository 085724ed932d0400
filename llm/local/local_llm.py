"""A Hugging Face model in this process as an LLM: sparse attention, one reading of a document for many questions."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import takewhile

from docqa.errors import ContextTooLong, Interrupted, ModelError, ModelRejected, UsageError
from docqa.llm.base import Completion, Message, Sampling, Schema, Usage
from docqa.llm.cache.block_chain import fingerprint
from docqa.llm.cache.store import KVStore
from docqa.llm.generation import Generation
from docqa.llm.local import guard
from docqa.llm.local.constraints import Constraints, SchemaNotEnforced
from docqa.llm.local.generation import Choice, Ending, Form, Written, generate, written_text
from docqa.llm.local.loading import Loaded
from docqa.llm.local.prompts import prompt_tokens
from docqa.llm.local.readings import Attending, Readings
from docqa.llm.local.sequence import Abandoned
from docqa.llm.server_notes import Notes
from docqa.llm.structured import complete_structured
from docqa.llm.waiting import is_abandoned

_PROBE_TOKENS = 16


@dataclass(frozen=True, slots=True)
class Memory:
    """What is kept beyond the process: readings of documents, and what the guard has found out."""

    readings: KVStore | None = None
    notes: Notes = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Limits:
    """`context_length` is what the model was made for when it is None; `stop` are texts that end a reply."""

    context_length: int | None = None
    stop: tuple[str, ...] = ()


class LocalLLM:
    """A loaded model. Several threads may call it; whole replies are written one after the other.

    A prompt that begins like the last one, or like one in the store, is read from where it differs. Sparse attention
    begins where a prompt is longer than its budget and is probed first at that length; prompts that fail are read
    densely, or refused when the model finds nothing at this length either way.
    """

    def __init__(
        self,
        loaded: Loaded,
        sampling: Sampling | None = None,
        *,
        attending: Attending | None = None,
        memory: Memory | None = None,
        limits: Limits | None = None,
    ) -> None:
        self._loaded, self.sampling = loaded, sampling or Sampling()
        self._attending = attending or Attending.suited_to(loaded.model.device.type)
        self._memory = memory or Memory()
        limits = limits or Limits()
        self._context_length = _context_length(loaded, limits.context_length)
        self._end_tokens, self._stop = _end_tokens(loaded), limits.stop
        self._turn = threading.Lock()
        self._readings = Readings(loaded, self._attending, self._memory.readings)

    @property
    def name(self) -> str:
        """`local:` and the folder or hub name, as `--model` takes it."""
        return f"local:{self._loaded.name}"

    @property
    def fingerprint(self) -> str:
        """Weights, sampling and way of attending."""
        s = self.sampling
        sampled = [s.temperature, s.max_output_tokens, s.seed, self._stop]
        return json.dumps([self.name, self._loaded.digest, self._context_length, sampled, repr(self._attending)])

    @property
    def context_length(self) -> int:
        """In tokens, input and output together; less than before once the guard has seen the model fail."""
        return self._context_length

    @property
    def max_output_tokens(self) -> int:
        """Where replies are cut off."""
        return self.sampling.max_output_tokens

    def count_tokens(self, text: str) -> int:
        """By the model's own tokenizer."""
        return len(self._loaded.tokenizer(text, add_special_tokens=False, verbose=False).input_ids)

    def complete(self, messages: Sequence[Message], schema: Schema | None = None) -> Completion:
        """The whole reply. With a schema no other tokens can be written than those that follow it."""
        with self._turn:
            if schema is None:
                return self._reply(messages, None)
            try:
                self._constraints.of(schema)
            except SchemaNotEnforced as error:
                logging.getLogger("docqa").warning("the form %r is not enforced: %s", schema.name, error)
                return complete_structured(lambda asked: self._reply(asked, None), messages, schema, "tagged")
            return complete_structured(lambda asked: self._reply(asked, schema), messages, schema, "json_schema")

    def stream(self, messages: Sequence[Message]) -> Iterator[str | Completion]:
        """Pieces of the reply as they are written, then the whole."""
        return self.generate(Generation(tuple(messages), self.sampling, self._stop))

    def generate(self, generation: Generation) -> Iterator[str | Completion]:
        """The same, drawn as the generation says. Raises ModelRejected for a schema that cannot be enforced."""
        tokens = prompt_tokens(self._loaded.tokenizer, generation.messages)
        self._room_for(tokens)
        sparse = self._reads_sparsely(len(tokens))
        n_output = min(generation.sampling.max_output_tokens, self._room_for(tokens))  # the guard may have shortened it
        try:
            constraint = None if generation.schema is None else self._constraints.of(generation.schema)
        except SchemaNotEnforced as error:
            raise ModelRejected(f"no reply of {self._loaded.name} can be held to this schema: {error}") from error
        ending = Ending(self._end_tokens, generation.stop, n_output)
        yield from self._written(tokens, sparse, generation, Form(ending, constraint))

    def prompt_tokens(self, messages: Sequence[Message]) -> int:
        """How many tokens the messages have by the model's own template."""
        return len(prompt_tokens(self._loaded.tokenizer, messages))

    def _reply(self, messages: Sequence[Message], schema: Schema | None) -> Completion:
        if is_abandoned():  # while another reply was written
            raise Interrupted("nobody waits for this reply any more")
        *_, last = self.generate(Generation(tuple(messages), self.sampling, self._stop, schema, is_abandoned))
        assert isinstance(last, Completion)
        return last

    def _room_for(self, tokens: Sequence[int]) -> int:
        room = self._context_length - len(tokens)
        if room < 1:
            raise ContextTooLong(
                f"the messages have {len(tokens)} tokens, and {self._loaded.name} reads {self._context_length}"
            )
        return room

    def _written(
        self, tokens: list[int], sparse: bool, generation: Generation, form: Form
    ) -> Iterator[str | Completion]:
        sequence, n_cached = self._readings.begin(tokens, sparse, form.ending.n_tokens)
        written, pieces = Written(), []
        try:
            choose = Choice(generation.sampling.temperature, generation.sampling.seed)
            logits = sequence.read(tokens, generation.cancelled)
            stepped = generate(sequence, logits, choose, form)
            wanted = takewhile(lambda _: not generation.cancelled(), stepped)
            for piece in written_text(wanted, self._loaded.tokenizer, form.ending, written):
                pieces.append(piece)
                yield piece
        except Abandoned:
            pass
        except (RuntimeError, MemoryError) as error:
            cause = next(iter(str(error).splitlines()), type(error).__name__)
            raise ModelRejected(f"{self._loaded.name} could not read {len(tokens)} tokens: {cause}") from error
        finally:
            self._readings.keep(sequence, n_cached)
        usage = Usage(len(tokens), written.n_tokens, n_cached, n_calls=1, attention=sequence.report)
        yield Completion("".join(pieces), usage, written.finish_reason)

    def _reads_sparsely(self, n_tokens: int) -> bool:
        """Whether a prompt of this length is read sparsely. Raises ContextTooLong where it must not be read at all."""
        policy = self._attending.policy
        if policy is None or self._loaded.reason:
            return False
        if not self._attending.guarded or n_tokens <= policy.blocks.n_blocks * policy.block:
            return True
        length = guard.length_class(n_tokens, self._context_length)
        verdict = self._verdict(length)
        if verdict == "retrieval":
            self._context_length = max(guard.SHORT, length // 2)
            logging.getLogger("docqa").warning(
                "%s finds nothing in %d tokens: it is given %d at most", self.name, length, self._context_length
            )
        return verdict == "sparse"

    def _verdict(self, length: int) -> guard.Verdict:
        policy = self._attending.policy
        key = f"guard {fingerprint({'model': self._loaded.digest, 'policy': repr(policy)})} {length}"
        noted = self._memory.notes.get(key)
        for verdict in ("sparse", "dense", "retrieval"):
            if verdict == noted:
                return verdict
        probes = guard.Probes.of(self._loaded.name)
        room = length - _PROBE_TOKENS - guard.SHORT // 4
        found = guard.judged(probes, room, self.count_tokens, self._probe_reply)
        if found != "sparse":
            logging.getLogger("docqa").warning(
                "%s at %d tokens: %s instead of sparse attention", self.name, length, found
            )
        self._memory.notes[key] = found
        return found

    def _probe_reply(self, messages: Sequence[Message], sparse: bool) -> str:
        """The beginning of the reply to a probe, whose reading is kept in memory alone."""
        tokens = prompt_tokens(self._loaded.tokenizer, messages)
        sequence, _ = self._readings.begin(tokens, sparse, _PROBE_TOKENS)
        ending = Ending(self._end_tokens, (), _PROBE_TOKENS)
        stepped = generate(sequence, sequence.read(tokens), Choice(0.0, 0), Form(ending))
        text = "".join(written_text(stepped, self._loaded.tokenizer, ending, Written()))
        self._readings.keep(sequence, len(tokens))
        return text

    @cached_property
    def _constraints(self) -> Constraints:
        return Constraints(self._loaded.tokenizer, self._end_tokens, self._loaded.config.vocab_size)


def _context_length(loaded: Loaded, asked: int | None) -> int:
    n_tokens = int(loaded.config.max_position_embeddings)
    if asked is None:
        return n_tokens
    if asked > n_tokens:
        raise UsageError(f"{loaded.name} was made for {n_tokens} tokens; set context_length to that or less")
    return asked


def _end_tokens(loaded: Loaded) -> frozenset[int]:
    """What ends a reply, by the model's own settings and its tokenizer's."""
    given = getattr(loaded.model.generation_config, "eos_token_id", None)
    tokens = {*(given if isinstance(given, list) else [given]), loaded.tokenizer.eos_token_id} - {None}
    if not tokens:
        raise ModelError(f"{loaded.name} does not say which token ends a reply")
    return frozenset(tokens)
