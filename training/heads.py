"""The two trained models: an evidence reader and a support checker, each a trunk with small heads."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.trunk import Trunk

UNKNOWN = -100


class EvidenceModel(nn.Module):
    """Says which sentences of a window answer the question, where the answer stands, and whether there is one.

    A sentence's score joins its mean state with the softest maximum of a score for each of its tokens.
    """

    def __init__(self, trunk: Trunk) -> None:
        super().__init__()
        width = trunk.shape.width
        self.trunk = trunk
        self.span = nn.Linear(width, 2)
        self.token_evidence = nn.Linear(width, 1)
        self.sentence_inner = nn.Linear(width, width)
        self.sentence = nn.Linear(width, 1)
        self.answerable_inner = nn.Linear(width, width)
        self.answerable = nn.Linear(width, 1)
        nn.init.constant_(self.token_evidence.bias, -4.0)  # the softest maximum over many tokens begins near zero

    def forward(self, token_ids: Tensor, segments: Tensor, membership: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Span logits (batch, n_tokens, 2), sentence logits (batch, n_sentences), answerable logits (batch,).

        `membership` (batch, n_sentences, n_tokens) is 1 where a token belongs to a sentence. Padding has token id 0.
        """
        states = self.trunk(token_ids, segments, token_ids != 0)
        evidence = self.token_evidence(states).float().squeeze(-1)
        outside = (1 - membership.float()) * -1e4
        softest = torch.logsumexp(evidence[:, None, :] + outside, dim=-1)
        counts = membership.float().sum(-1, keepdim=True).clamp(min=1)
        means = torch.bmm(membership.to(states.dtype), states) / counts.to(states.dtype)
        inner = functional.gelu(self.sentence_inner(means))
        sentence = softest + self.sentence(inner).float().squeeze(-1)
        answerable = self.answerable(functional.gelu(self.answerable_inner(states[:, 0])))
        return self.span(states).float(), sentence, answerable.float().squeeze(-1)


class SupportModel(nn.Module):
    """Says whether a text supports a claim: logits of supported, unrelated and contradicted."""

    def __init__(self, trunk: Trunk) -> None:
        super().__init__()
        width = trunk.shape.width
        self.trunk = trunk
        self.inner = nn.Linear(2 * width, width)
        self.verdict = nn.Linear(width, 3)

    def forward(self, token_ids: Tensor, segments: Tensor) -> Tensor:
        """Logits (batch, 3). The claim stands in segment 0, the text in segment 1."""
        present = token_ids != 0
        states = self.trunk(token_ids, segments, present)
        weights = present.to(states.dtype)
        means = (states * weights[..., None]).sum(1) / weights.sum(1, keepdim=True)
        pooled = torch.cat([states[:, 0], means], dim=-1)
        verdict: Tensor = self.verdict(functional.gelu(self.inner(pooled)))
        return verdict.float()


def evidence_loss(outputs: tuple[Tensor, Tensor, Tensor], targets: dict[str, Tensor]) -> dict[str, Tensor]:
    """The three losses of the evidence reader, each a mean over the examples that are labelled for it."""
    span, sentence, answerable = outputs
    readable = targets["readable"]
    starts, ends = (_known_place(span[..., i] + readable, targets[side]) for i, side in enumerate(("start", "end")))
    return {
        "span": (starts + ends) / 2,
        "sentence": _known_bce(sentence, targets["labels"]),
        "answerable": _known_bce(answerable, targets["answerable"]),
    }


def mean_over(losses: Tensor, counted: Tensor) -> Tensor:
    """The mean of the losses that count, 0 when none does; by a mask, since picking them out would wait for a GPU."""
    return torch.where(counted, losses, 0.0).sum() / counted.sum().clamp(min=1)


def _known_place(logits: Tensor, places: Tensor) -> Tensor:
    losses = functional.cross_entropy(logits, places, ignore_index=UNKNOWN, reduction="none")
    return mean_over(losses, places != UNKNOWN)


def _known_bce(logits: Tensor, labels: Tensor) -> Tensor:
    wanted = labels.clamp(min=0).float()
    losses = functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
    return mean_over(losses, labels != UNKNOWN)


SUPPORTED, UNRELATED, CONTRADICTED, NOT_SUPPORTED = range(4)


def support_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy over three verdicts; NOT_SUPPORTED counts the sum of the last two as right."""
    log_p = functional.log_softmax(logits, dim=-1)
    either = torch.logsumexp(log_p[:, UNRELATED:], dim=-1)
    exact = log_p.gather(1, labels.clamp(max=CONTRADICTED)[:, None]).squeeze(1)
    return -torch.where(labels == NOT_SUPPORTED, either, exact).mean()
