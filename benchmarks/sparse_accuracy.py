"""What sparse attention costs in accuracy, on a model that was trained to look things up.

Documents of the tiny language (training/tiny) are read once, densely and sparsely, and asked many questions: one
look-up, two look-ups, counting. A reply is right when every word and the number of its line is right. Everything runs
through LocalLLM: prompt, reading, kept keys and values, writing. The density is the share of all pairs of query and
key that was computed: of reading, for the part of a prompt that is kept for the next question, and of writing.
What the choices lose is not made good: attention is not computed again where a sample shows that it missed much, unless
`--min-recall` says so, as it does outside this benchmark.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import torch

from docqa.llm.attention.base import Attended, Operands
from docqa.llm.attention.paging import PageBudget
from docqa.llm.attention.policy import Policy
from docqa.llm.attention.report import AttentionReport
from docqa.llm.attention.scoring import KeyCopy
from docqa.llm.attention.selection import BlockBudget
from docqa.llm.attention.sparse import DecodingState, SparseAttention
from docqa.llm.base import Message, Sampling
from docqa.llm.local.loading import Loaded, load
from docqa.llm.local.local_llm import LocalLLM
from docqa.llm.local.readings import Attending
from docqa.llm.local.sequence import ReadingPlan
from training.tiny.conversations import Exchange, behind, count_reply, find_reply, follow_reply
from training.tiny.documents import Document, Shape, document

MODEL = "tests/llm/tiny_model"
TASKS = {"one look-up": "find", "two look-ups": "follow", "counting": "count"}
MOST_LINES = 999  # numbers of lines are one token up to here
SHARE_OF_KEYS = 0.12


@dataclass(frozen=True, slots=True)
class Counted(SparseAttention):
    """Sparse attention that remembers what reading and writing have computed."""

    reading: list[AttentionReport] = field(default_factory=list)
    writing: list[AttentionReport] = field(default_factory=list)

    def prefill(self, operands: Operands, layer: int) -> tuple[Attended, AttentionReport]:
        attended, report = SparseAttention.prefill(self, operands, layer)
        self.reading.append(report)
        return attended, report

    def decode(
        self, operands: Operands, copy: Callable[[], KeyCopy], layer: int, state: DecodingState
    ) -> tuple[Attended, AttentionReport]:
        attended, report = SparseAttention.decode(self, operands, copy, layer, state)
        self.writing.append(report)
        return attended, report


def policy_of(n_tokens: int, min_recall: float = 0.0) -> tuple[Policy, ReadingPlan]:
    """Budgets of at most an eighth of the keys: blocks of 1/128 of the text to read, pages to write.

    Texts of less than 4,096 tokens get more, as the first and last tokens would be all that fits.
    """
    block = max(32, n_tokens // 128)
    blocks = BlockBudget(n_blocks=7, n_local=2)
    pages = PageBudget(n_tokens=max(480, min(1024, int(SHARE_OF_KEYS * n_tokens))))
    policy = Policy(block=block, blocks=blocks, pages=pages, min_recall=min_recall)
    return policy, ReadingPlan(block=block, chunk=16 * block, n_dense=block)


def document_of(n_tokens: int, seed: int, count_tokens: Callable[[str], int]) -> Document:
    """A document of nearly so many tokens, question and reply included."""
    share_of_facts = 0.3 if n_tokens <= 8192 else 0.2
    wanted = aimed = n_tokens - 30
    for _ in range(8):
        shape = Shape(aimed, share_of_facts, n_series=n_tokens // 400)
        made = document(random.Random(f"{n_tokens}/{seed}"), shape)
        n_found = count_tokens(behind(made.text))
        if 0.97 * wanted < n_found <= wanted and len(made.lines) <= MOST_LINES:
            break
        aimed = int(aimed * min(0.985 * wanted / n_found, MOST_LINES / len(made.lines)))
    return made


def questions_about(made: Document, most: int, seed: int) -> dict[str, list[Exchange]]:
    """Up to so many questions of each task, without those whose name is not there."""
    chance = random.Random(seed)

    def some(names: Sequence[str]) -> list[str]:
        return chance.sample(list(names), min(most, len(names)))

    return {
        "find": [find_reply(made, name) for name in some(made.names)],
        "follow": [follow_reply(made, name) for name in some(made.chains)],
        "count": [count_reply(made, first) for first in some([f for f, items in made.series.items() if items])],
    }


def llm_of(loaded: Loaded, n_tokens: int, *, sparse: bool, min_recall: float = 0.0) -> tuple[LocalLLM, Counted]:
    """The model, reading and writing as `policy_of` says, or densely."""
    policy, plan = policy_of(n_tokens, min_recall)
    attending = Attending(policy if sparse else None, plan, guarded=False)
    llm = LocalLLM(loaded, Sampling(max_output_tokens=120), attending=attending)
    counted = Counted(policy, llm._readings._attention.backend)
    llm._readings.__dict__["_attention"] = counted
    return llm, counted


def asked(llms: Mapping[str, LocalLLM], made: Document, exchanges: Sequence[Exchange]) -> Iterator[tuple[str, bool]]:
    """For each question and way of attending whether the reply was right."""
    for exchange in exchanges:
        for name, llm in llms.items():
            reply = llm.complete([Message("user", f"{made.text}\n\n{exchange.question}")])
            yield name, reply.text == exchange.reply


def run(loaded: Loaded, n_tokens: int, n_questions: int, min_recall: float) -> None:
    """Print the accuracy at one length."""
    (dense, _), (sparse, counted) = (
        llm_of(loaded, n_tokens, sparse=sparse, min_recall=min_recall) for sparse in (False, True)
    )
    llms = {"dense": dense, "sparse": sparse}
    right: dict[tuple[str, str], list[bool]] = {}
    began, seed = time.process_time(), 0
    while any(len(right.get((task, "dense"), ())) < n_questions for task in TASKS.values()):
        made = document_of(n_tokens, seed, dense.count_tokens)
        for task, exchanges in questions_about(made, 40, seed).items():
            missing = n_questions - len(right.get((task, "dense"), ()))
            for way, is_right in asked(llms, made, exchanges[:missing]):
                right.setdefault((task, way), []).append(is_right)
        seed += 1
        print(f"  {seed} documents, {time.process_time() - began:.0f} s", end="\r", flush=True)
    print(f"{n_tokens} tokens, {seed} documents, {time.process_time() - began:.0f} s of processor time")
    for name, task in TASKS.items():
        shares = {way: sum(right[task, way]) / len(right[task, way]) for way in llms}
        print(f"  {name:14}{len(right[task, 'dense']):5} questions  dense {shares['dense']:.3f}", end="")
        print(f"  sparse {shares['sparse']:.3f}  {100 * (shares['sparse'] - shares['dense']):+.1f} points")
    for what, reports in (("reading", counted.reading), ("writing", counted.writing)):
        total = sum(reports, AttentionReport())
        print(f"  {what}: density {total.density:.1%}, lowest sampled recall {total.recall:.2f}", end="")
        print(f", {total.n_dense} of {total.n_sampled} samples below the threshold and computed again", flush=True)


def main() -> None:
    """Print what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--model", default=MODEL)
    parser.add_argument("--tokens", type=int, nargs="+", default=[4096, 8192, 16384])
    parser.add_argument("--questions", type=int, default=400)
    parser.add_argument("--min-recall", type=float, default=0.0, help="of a sample; below it everything is computed")
    options = parser.parse_args()
    torch.set_num_threads(1)
    loaded = load(options.model, dtype="float32")
    for n_tokens in options.tokens:
        run(loaded, n_tokens, options.questions, options.min_recall)


if __name__ == "__main__":
    main()
