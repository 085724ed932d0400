"""The router as a LangGraph graph with checkpoints: route -> work (-> work) -> check -> (repair -> work) -> answer.

The plain twin is `agents.router.routed.Router`, which takes the same decisions and gives the same answer; the graph
adds that a run survives its process. The state holds ids, spans and numbers. A node that was in flight is run again, so
that a chain of forty parts would begin anew, were its model not behind a cache of replies: with that, at most the one
call that was under way is repeated.

Importing this module imports langgraph, which takes most of a second: only who wants it does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from typing import Annotated, Any, NotRequired, cast

from langchain_core.runnables import RunnableConfig
from langgraph.channels import UntrackedValue
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.config import get_stream_writer
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langsmith import tracing_context
from typing_extensions import TypedDict  # pydantic takes no other before Python 3.12

from docqa.agents.events import Event, Finished, LimitReached, Routed
from docqa.agents.interruptible import interruptible
from docqa.agents.router.features import Features, measure
from docqa.agents.router.routed import TOO_LONG, Router, later
from docqa.agents.router.rules import Decision
from docqa.agents.saved_findings import Saved, restored, saved
from docqa.agents.strategy import GIVEN_UP, Clock, Strategy, Task, Work, checked_event
from docqa.answers import Answer
from docqa.documents import Document
from docqa.errors import UsageError

_MAX_STEPS = 20  # three strategies at most, four nodes each


class Asked(TypedDict):
    """What goes in."""

    question: str


class AskedToKeep(Asked):
    """What goes into a graph with checkpoints. `about` is kept with the run for whoever takes it up again: ids of
    documents, names of settings."""

    about: NotRequired[dict[str, Any]]


class Answered(TypedDict):
    """What comes out: an answer as JSON, schema `docqa.answer/1`."""

    answer: dict[str, Any]


class State(TypedDict, total=False):
    """What is kept after every step. `answer` is not: it quotes the documents, and `findings` can give it again."""

    question: str
    about: dict[str, Any]
    features: dict[str, Any]
    strategy: str
    reason: str
    estimates: list[str]
    tried: list[str]
    findings: Saved
    before: Saved | None
    first: list[str]
    seconds: dict[str, float]
    answer: Annotated[dict[str, Any], UntrackedValue]


Graph = CompiledStateGraph[State, None, AskedToKeep, Answered]


@dataclass(frozen=True, slots=True)
class _Nodes:
    """The steps over fixed documents; `router` is asked for by each step."""

    router: Callable[[], Router]
    documents: Sequence[Document]

    def route(self, state: State) -> State:
        router = self.router()
        features = measure(state["question"], self.documents, router.corpus, router.n_tokens)
        decision = router.decide(features)
        return {"features": asdict(features), **_taken(decision, [])}

    def work(self, state: State) -> State:
        strategy, clock = self._strategy(state), Clock()
        writer = get_stream_writer()
        writer(Routed(strategy.name, strategy.reason, tuple(state["estimates"])))
        work = strategy.work(self._task(state), clock)
        try:
            findings = _drained(work, writer)
        except GIVEN_UP as error:
            before = state.get("before")
            if before is None:
                raise
            writer(LimitReached(str(error)))
            strategy_name, reason = state["first"]
            # What the first strategy found is still an answer.
            findings = {**before, "limit": str(error)}
            return {"findings": findings, "before": None, "strategy": strategy_name, "reason": reason}
        except TOO_LONG:
            decision = self._instead(state)
            if decision is None:
                raise
            return _taken(decision, state["tried"])
        seconds = {name: value + state.get("seconds", {}).get(name, 0.0) for name, value in clock.seconds.items()}
        return {"findings": saved(findings), "seconds": {**state.get("seconds", {}), **seconds}}

    def check(self, state: State) -> State:
        answer = self._composed(state)  # after a second strategy, the answer of the first check is no longer it
        get_stream_writer()(checked_event(len(state["findings"]["statements"]), answer))
        return {"answer": answer.to_json()}

    def repair(self, state: State) -> State:
        decision = self._second_thought(state, self._answer(state))
        assert decision is not None
        return {
            "strategy": decision.strategy,
            "reason": decision.reason,
            "tried": [*state["tried"], decision.strategy],
            "before": state["findings"],
            "first": [state["strategy"], state["reason"]],
        }

    def answer(self, state: State) -> State:
        return {"answer": self._answer(state).to_json()}

    def after_work(self, state: State) -> str:
        return "check" if "findings" in state else "work"

    def after_check(self, state: State) -> str:
        return "answer" if self._second_thought(state, self._answer(state)) is None else "repair"

    def _instead(self, state: State) -> Decision | None:
        failed = Decision(state["strategy"], state["reason"])
        return self.router().instead(failed, Features(**state["features"]))

    def _second_thought(self, state: State, answer: Answer) -> Decision | None:
        return self.router().second_thought(answer, Features(**state["features"]), state["tried"])

    def _answer(self, state: State) -> Answer:
        """The answer of the last check; made again in a process that took the run up after it."""
        return Answer.from_json(state["answer"]) if state.get("answer") else self._composed(state)

    def _composed(self, state: State) -> Answer:
        """The answer that the findings give; the first strategy's where the second has nothing to say."""
        answer = self._checked(state, state["findings"], self._strategy(state))
        before = state.get("before")
        if before is not None:
            name, reason = state["first"]
            first = self._strategy(state, Decision(name, reason))
            answer = later(self._checked(state, before, first), answer)
        return replace(answer, seconds={**answer.seconds, **state.get("seconds", {})})

    def _checked(self, state: State, findings: Saved, strategy: Strategy) -> Answer:
        corpus = self.router().corpus
        return strategy.checked(self._task(state), restored(findings, self.documents, corpus), Clock())

    def _strategy(self, state: State, decision: Decision | None = None) -> Strategy:
        chosen = decision or Decision(state["strategy"], state["reason"])
        return self.router().strategy(chosen, Features(**state["features"]))

    def _task(self, state: State) -> Task:
        return Task(state["question"], self.documents)


def _taken(decision: Decision, tried: Sequence[str]) -> State:
    return {
        "strategy": decision.strategy,
        "reason": decision.reason,
        "estimates": [str(estimate) for estimate in decision.estimates],
        "tried": [*tried, decision.strategy],
    }


def build_graph(
    router: Callable[[], Router], documents: Sequence[Document], checkpointer: BaseCheckpointSaver[str] | None = None
) -> Graph:
    """The compiled graph over these documents: `{"question": …}` in, `{"answer": {…}}` out.

    `router` is called for every step; give the same one each time to let a budget span the whole question.
    """
    nodes = _Nodes(router, documents)
    asked = cast(type[AskedToKeep], Asked if checkpointer is None else AskedToKeep)
    graph = StateGraph(State, input_schema=asked, output_schema=Answered)
    for name in ("route", "work", "check", "repair", "answer"):
        graph.add_node(name, getattr(nodes, name))
    graph.add_edge(START, "route")
    graph.add_edge("route", "work")
    graph.add_conditional_edges("work", nodes.after_work, ["work", "check"])
    graph.add_conditional_edges("check", nodes.after_check, ["repair", "answer"])
    graph.add_edge("repair", "work")
    graph.add_edge("answer", END)
    compiled = graph.compile(checkpointer=checkpointer, name="docqa")
    return compiled.with_config({"recursion_limit": _MAX_STEPS})


def run(
    graph: Graph, asked: AskedToKeep | None, run_id: str, abandon: Callable[[], None] = lambda: None
) -> Iterator[Event]:
    """The events of a run under this id, `Finished` last; `asked` None takes up the run that was interrupted.

    Nothing is sent to a tracing service, whatever the environment says. When the events are not read to their end,
    `abandon` is called: the work should then raise Interrupted at its next step, and the run can be taken up again.
    """
    config = _config(run_id)
    if asked is None and not graph.get_state(config).next:  # it had come to its end: give the answer once more
        graph.update_state(config, {}, as_node="check")
    answer: dict[str, Any] | None = None
    for mode, item in interruptible(lambda: _steps(graph, asked, config), abandon):
        if mode == "custom":
            yield cast(Event, item)
        else:
            answer = next((part["answer"] for part in item.values() if "answer" in (part or {})), answer)
    assert answer is not None
    yield Finished(Answer.from_json(answer))


def _steps(graph: Graph, asked: AskedToKeep | None, config: RunnableConfig) -> Iterator[tuple[str, Any]]:
    """What LangGraph tells of a run: ("custom", event) and ("updates", what a node has changed)."""
    with cast(AbstractContextManager[None], tracing_context(enabled=False)):
        steps = graph.stream(asked, config, stream_mode=["custom", "updates"], durability="sync")
        yield from cast(Iterator[tuple[str, Any]], steps)


def about(checkpointer: BaseCheckpointSaver[str], run_id: str) -> dict[str, Any]:
    """What was kept with a run. Raises UsageError when there is no such run."""
    found = checkpointer.get(_config(run_id))
    if found is None:
        raise UsageError(f"there is no run {run_id!r} to resume")
    return dict(found["channel_values"].get("about") or found["channel_values"].get("__start__", {}).get("about", {}))


def _config(run_id: str) -> RunnableConfig:
    return {"configurable": {"thread_id": run_id}, "recursion_limit": _MAX_STEPS}


def _drained(work: Work, writer: Callable[[Any], None]) -> Any:
    """What the work comes to, with its events written out."""
    while True:
        try:
            writer(next(work))
        except StopIteration as end:
            return end.value
