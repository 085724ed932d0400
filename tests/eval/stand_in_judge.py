"""The deterministic judge with which the golden scores were made, as their file describes it, and the file itself."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

GOLDEN_FOLDER = Path(__file__).resolve().parent.parent / "golden"
GOLDEN: dict[str, Any] = json.loads((GOLDEN_FOLDER / "lciteeval_golden.json").read_text(encoding="utf-8"))
OTHERS: dict[str, Any] = json.loads((GOLDEN_FOLDER / "other_metrics_golden.json").read_text(encoding="utf-8"))
STOPWORDS = frozenset(GOLDEN["stub_nli"]["stopwords"])


@dataclass
class StandInJudge:
    """Entailment when four fifths of the claim's content words are in the premise; remembers what it was asked.

    With `max_premise_tokens`, longer premises entail nothing: a judge that is not monotone.
    """

    max_premise_tokens: int | None = None
    calls: list[dict[str, str]] = field(default_factory=list)

    def entails(self, premise: str, claim: str) -> bool:
        premise_tokens = re.findall("[a-z0-9]+", premise.lower())
        content = set(re.findall("[a-z0-9]+", claim.lower())) - STOPWORDS
        too_long = self.max_premise_tokens is not None and len(premise_tokens) > self.max_premise_tokens
        holds = bool(content) and not too_long and 5 * len(content & set(premise_tokens)) >= 4 * len(content)
        self.calls.append({"premise": premise, "claim": claim, "label": "entailment" if holds else "neutral"})
        return holds
