"""What sparse attention did, as it is reported with every reply. Loads no PyTorch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AttentionReport:
    """Of one or several calls: `attended` of `causal` pairs of query and key were computed.

    `recall` is the lowest share of attention mass that a sampled query of a layer received, 1 when none was sampled;
    `n_sampled` counts these samples, `n_dense` those after which attention was computed again over all keys.
    """

    attended: int = 0
    causal: int = 0
    recall: float = 1.0
    n_sampled: int = 0
    n_dense: int = 0

    @property
    def density(self) -> float:
        """The share of pairs that was computed; 1 before anything was."""
        return min(1.0, self.attended / self.causal) if self.causal else 1.0

    def __add__(self, other: AttentionReport) -> AttentionReport:
        return AttentionReport(
            self.attended + other.attended,
            self.causal + other.causal,
            min(self.recall, other.recall),
            self.n_sampled + other.n_sampled,
            self.n_dense + other.n_dense,
        )
