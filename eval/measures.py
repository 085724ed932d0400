"""All metrics: importing this module fills `docqa.eval.metrics.FAMILIES`."""

from __future__ import annotations

from docqa.eval import answer_measures as answer_measures
from docqa.eval import citation_measures as citation_measures
