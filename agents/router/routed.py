"""The router as one more Answerer: it looks at the question, takes a strategy, and tries another if that one fails."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from docqa.agents.corpus import Corpus
from docqa.agents.events import Event, Finished, LimitReached, Routed
from docqa.agents.router.estimates import Economics
from docqa.agents.router.features import DocumentTokens, Features, measure, tokens_by_chars
from docqa.agents.router.rules import Decision, Policy, Rules
from docqa.agents.strategy import GIVEN_UP, Strategy, last_answer
from docqa.answers import Answer
from docqa.documents import Document
from docqa.errors import ContextTooLong, DocumentsTooLong, UsageError
from docqa.llm.budget import Budget

EXHAUSTIVE = "exhaustive"
"""The form of `chain` that questions for all of something get; not a route of its own."""

TOO_LONG = (DocumentsTooLong, ContextTooLong)
"""How `full_context` says that the documents do not fit: by its own count, or by the server's."""


@dataclass(frozen=True, slots=True)
class Router:
    """Routes a question over `strategies`, which are known by name; `route` other than "auto" is taken as it is.

    Raises UsageError for a route that is not known.
    """

    strategies: Mapping[str, Strategy]
    corpus: Corpus
    route: str = "auto"
    economics: Economics = field(default_factory=Economics)
    budget: Budget = field(default_factory=Budget)
    policy: Policy = field(default_factory=Rules)
    n_tokens: DocumentTokens = tokens_by_chars

    def __post_init__(self) -> None:
        known = [name for name in self.strategies if name != EXHAUSTIVE]
        if self.route not in ("auto", *known):
            raise UsageError(f"unknown route {self.route!r}; known: auto, {', '.join(known)}")

    def __call__(self, question: str, documents: Sequence[Document]) -> Answer:
        """The answer of the strategy that was taken last."""
        return last_answer(self.stream(question, documents))

    def stream(self, question: str, documents: Sequence[Document]) -> Iterator[Event]:
        """The events of every strategy that was tried, and one `Finished` at the end."""
        features = measure(question, documents, self.corpus, self.n_tokens)
        decision: Decision | None = self.decide(features)
        tried: list[str] = []
        answer: Answer | None = None
        while decision is not None:
            tried.append(decision.strategy)
            try:
                new = yield from self._run(decision, features, question, documents)
            except GIVEN_UP as error:
                if answer is None:
                    raise
                yield LimitReached(str(error))
                answer = cut_short(answer, str(error))
                break
            except TOO_LONG:
                decision = self.instead(decision, features)
                if decision is None:
                    raise
                continue
            answer = new if answer is None else later(answer, new)
            decision = self.second_thought(answer, features, tried)
        assert answer is not None
        yield Finished(answer)

    def decide(self, features: Features) -> Decision:
        """Where the question is sent first."""
        decision = self.policy.decide(features, self.economics, self.budget)
        return decision if self.route == "auto" else Decision(self.route, "it was asked for", decision.estimates)

    def instead(self, failed: Decision, features: Features) -> Decision | None:
        """Where the question is sent when the documents were too long for `failed`; None where that is an error.

        Only full_context has another way to go, and only where the router had chosen it.
        """
        if self.route != "auto" or failed.strategy != "full_context":
            return None
        n_tokens = max(features.n_tokens, self.economics.context_length or 0)
        decision = self.policy.decide(replace(features, n_tokens=n_tokens), self.economics, self.budget)
        return replace(decision, reason=f"the whole text does not fit the model's window, and {decision.reason}")

    def second_thought(self, answer: Answer, features: Features, tried: Sequence[str]) -> Decision | None:
        """What to try after an answer that does not hold; a route that was asked for is not left."""
        return None if self.route != "auto" else self.policy.reconsider(answer, features, tried)

    def strategy(self, decision: Decision, features: Features) -> Strategy:
        """The strategy that a decision means for this question."""
        exhaustive = decision.strategy == "chain" and features.kind == "aggregation"
        chosen = self.strategies[EXHAUSTIVE if exhaustive and EXHAUSTIVE in self.strategies else decision.strategy]
        return replace(chosen, reason=decision.reason)

    def _run(
        self, decision: Decision, features: Features, question: str, documents: Sequence[Document]
    ) -> Generator[Event, None, Answer]:
        answer: Answer | None = None
        for event in self.strategy(decision, features).stream(question, documents):
            if isinstance(event, Finished):
                answer = event.answer
            elif isinstance(event, Routed):
                yield replace(event, estimates=tuple(map(str, decision.estimates)))
            else:
                yield event
        assert answer is not None
        return answer


def later(before: Answer, after: Answer) -> Answer:
    """The second answer with the time of both; the first one when the second has nothing to say.

    What the check of either refused stays with it.
    """
    seconds = {name: before.seconds.get(name, 0.0) + after.seconds.get(name, 0.0) for name in
               (*before.seconds, *after.seconds)}  # fmt: skip
    chosen, other = (before, after) if after.status == "not_found" and before.statements else (after, before)
    passages = before.usage.get("passages", 0) + after.usage.get("passages", 0)
    check = chosen.check and chosen.check.joined(other.check, {statement.text for statement in chosen.statements})
    return replace(chosen, seconds=seconds, usage={**after.usage, "passages": passages}, check=check)


def cut_short(answer: Answer, limit: str) -> Answer:
    """The answer when a limit has kept a second strategy from looking further: partial, and it says why."""
    return replace(answer, status="partial" if answer.statements else "not_found", warnings=(*answer.warnings, limit))
