"""The knobs of sparse attention, in one place, with a name for everything that a cache of keys depends on."""

from __future__ import annotations

from dataclasses import dataclass, field

from docqa.llm.attention.paging import PageBudget
from docqa.llm.attention.scoring import KEY_COPIES
from docqa.llm.attention.selection import ESTIMATES, BlockBudget


@dataclass(frozen=True, slots=True)
class Policy:
    """How prefill and decoding choose what to read.

    Prefill: `estimate` (a key of ESTIMATES) over blocks of `block` tokens, kept as `blocks` allows. Decoding: pages
    scored by a `key_copy` (a key of KEY_COPIES), kept as `pages` allows, chosen anew every `reselect_every` steps
    (LServe, arXiv:2502.14866) in every layer, or in those of `scoring_layers`, whose choice the layers above them share
    (TidalDecode, arXiv:2410.05076). `streaming` names heads, as (layer, KV head), that read first and last tokens only.

    Where a sampled query received less than `min_recall` of its attention mass, attention is computed again over all
    keys; decoding samples every `check_every`-th step, its first included, and then stays dense in that layer.
    """

    estimate: str = "antidiagonals"
    block: int = 128
    blocks: BlockBudget = field(default_factory=lambda: BlockBudget(top_p=0.95))
    key_copy: str = "int4"
    pages: PageBudget = field(default_factory=PageBudget)
    reselect_every: int = 1
    scoring_layers: frozenset[int] | None = None
    streaming: frozenset[tuple[int, int]] = frozenset()
    min_recall: float = 0.5
    check_every: int = 32

    def __post_init__(self) -> None:
        assert self.estimate in ESTIMATES, f"unknown estimate {self.estimate!r}"
        assert self.key_copy in KEY_COPIES, f"unknown key copy {self.key_copy!r}"
        assert min(self.reselect_every, self.check_every) >= 1
        assert self.block % 16 == 0
        assert self.scoring_layers is None or 0 in self.scoring_layers, "the first layer has nothing to share"

    @property
    def prefill_key(self) -> str:
        """Everything that keys and values depend on; what decoding reads does not change those of a document."""
        streaming = sorted(self.streaming)
        return repr(("sparse", self.estimate, self.block, self.blocks, streaming, self.min_recall))
