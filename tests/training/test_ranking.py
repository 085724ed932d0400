# mypy: ignore-errors
"""Passages of one question compete with each other and with no other question's."""

from __future__ import annotations

import random
from importlib import import_module

import pytest

torch = pytest.importorskip("torch")

ranking, negatives, corpora, windows, text, documents, trunk, heads, optimise = (
    import_module(name)
    for name in (
        "training.ranking", "training.negatives", "training.corpora", "training.windows", "docqa.text",
        "docqa.documents", "training.trunk", "training.heads", "training.optimise",
    )
)  # fmt: skip

TWO_GROUPS = torch.tensor([[0.0, 0.0, -1e4], [-1e4, -1e4, 0.0]])


def test_the_sentences_of_a_questions_windows_share_one_softmax() -> None:
    logits = torch.tensor([[1.0, 2.0], [3.0, -9.0], [0.5, 0.0]])
    labels = torch.tensor([[1, 0], [0, -100], [0, 0]])  # the second question has no sentence that answers
    expected = torch.nn.functional.cross_entropy(torch.tensor([[1.0, 2.0, 3.0]]), torch.tensor([0]))
    assert ranking._listwise(logits, labels, TWO_GROUPS).item() == pytest.approx(expected.item(), abs=1e-5)


def test_the_tokens_of_a_questions_windows_share_one_softmax() -> None:
    logits = torch.tensor([[9.0, 1.0, 2.0], [9.0, 3.0, 9.0], [9.0, 0.0, 1.0]])
    readable = torch.tensor([[0.0, 0.0, 0.0], [0.0, 0.0, -1e4], [0.0, 0.0, 0.0]])
    targets = {"start": torch.tensor([2, 0, 0]), "readable": readable}
    expected = torch.nn.functional.cross_entropy(torch.tensor([[1.0, 2.0, 3.0]]), torch.tensor([1]))
    assert ranking._placed(logits, targets, "start", TWO_GROUPS).item() == pytest.approx(expected.item(), abs=1e-5)


class Pieces:
    """Every word a token of its own."""

    def __call__(self, said: str) -> object:
        starts, ids = [], []
        for word in said.split():
            starts.append(said.index(word, starts[-1] + 1 if starts else 0))
            ids.append(200 + len(word))
        return windows.Tokens(ids, starts, [start + len(w) for start, w in zip(starts, said.split(), strict=True)])


def context(said: str, group: str) -> object:
    return corpora.Context(said, tuple(text.sentences(said)), group)


def test_a_group_is_a_question_with_its_passage_and_others_that_lack_the_answer() -> None:
    own = context("The mill opened in 1901. It burned down.", "mills")
    others = [context(f"Mill number {i} was never opened. It stands still.", "mills") for i in range(8)]
    also = context("Another mill opened in 1901.", "mills")
    start = own.text.index("1901")
    row = corpora.QaRow("squad/dev-v1.1", "When did it open?", own, documents.Span(start, start + 4), frozenset({0}))
    near = negatives.Neighbours((own, also, *others), {row.question: tuple(range(10))})
    maker = windows.WindowMaker(Pieces(), narrow=0)
    epochs = ranking.GroupEpochs((row,), maker, near, negatives.find_names([row]), n_near=3, swap_share=0)
    ((group,),) = epochs.draw(random.Random(0), 4096)
    assert [window.answerable for window in group] == [1, 0, 0, 0]
    assert group[0].start > 0
    assert all(window.start == 0 for window in group[1:])

    torch.manual_seed(0)
    torch.set_num_threads(1)
    model = heads.EvidenceModel(trunk.Trunk(trunk.TrunkShape(n_layers=2, n_words=300)))
    precision = optimise.HalfPrecision(model, optimise.Schedule(30, 1, rate=2e-3, n_warmup=1))
    seen = []
    for step in range(20):
        losses = ranking.ranking_losses(precision.model, ranking.collate_groups([group, group]))
        seen.append(losses["ranked"].item() + losses["placed"].item())
        torch.stack(list(losses.values())).sum().backward()
        precision.step(2e-3, step)
    assert seen[-1] < 0.5 * seen[0]
