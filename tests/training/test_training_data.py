"""What may be trained on: licences, hold-outs, and where answers stand."""

import gzip
import json
import random
from pathlib import Path

import pytest

from docqa.documents import Span
from docqa.text import sentences
from training.corpora import ClaimRow, Context, QaRow, answered_row, held_out_squad_titles, load_qa
from training.holdouts import HoldOuts, without_held_out_claims, without_held_out_questions
from training.licences import CLAIM_HOLDOUTS, CLAIM_SETS, QA_HOLDOUTS, QA_SETS
from training.negatives import NameSwaps, find_names, names_and_numbers

_RESTRICTED = ("NC", "research", "none stated")


def context(text: str, group: str = "g") -> Context:
    return Context(text, tuple(sentences(text)), group)


@pytest.mark.parametrize("source", [s for s in (*QA_SETS, *CLAIM_SETS) if s.used], ids=lambda s: s.name)
def test_every_set_in_use_has_a_licence_for_commercial_use(source: object) -> None:
    licence = getattr(source, "licence")  # noqa: B009 - a parametrised object
    assert not any(word in licence for word in _RESTRICTED)


def test_a_set_that_is_not_used_says_why() -> None:
    assert all(source.why for source in (*QA_SETS, *CLAIM_SETS) if not source.used)


def test_no_set_is_both_trained_on_and_held_out() -> None:
    used = {source.name.split("/")[1] for source in (*QA_SETS, *CLAIM_SETS) if source.used}
    assert not used.intersection(QA_HOLDOUTS)
    assert not used.intersection(CLAIM_HOLDOUTS)


LONG = (
    "the reservoir above the town was filled for the first time in the wet spring of that year and held through the "
    "dry summer while the lower one ran empty by the middle of august and had to be closed for a month of repairs"
)


def test_a_context_that_shares_a_run_of_words_with_a_held_out_text_is_dropped() -> None:
    held_out = HoldOuts([f"Something before it. {LONG.capitalize()} ever since, said the keeper of the dam."])
    near = QaRow(
        "s", "When?", context(f"Records say {LONG.upper()} for months, to the surprise of everyone there."), None
    )
    far = QaRow("s", "When?", context("The reservoir was filled. The town lies below it, and the dam held."), None)
    assert without_held_out_questions([near, far], held_out) == [far]


def test_a_claim_is_dropped_when_either_side_is_held_out() -> None:
    held_out = HoldOuts(["The dam is old.", "Bread is baked daily."])
    rows = [
        ClaimRow("s", "the dam is old", "Some text.", "entailment"),
        ClaimRow("s", "Some claim.", "Bread is baked daily!", "entailment"),
        ClaimRow("s", "Some claim.", "Some text.", "entailment"),
    ]
    assert without_held_out_claims(rows, held_out) == rows[2:]


def _write_squad(folder: Path) -> None:
    (folder / "squad").mkdir(parents=True)
    articles = [
        {
            "title": f"Article_{number:02d}",
            "paragraphs": [
                {
                    "context": f"Town {number} was founded in {1800 + number}. It has a mill.",
                    "qas": [
                        {
                            "id": "1",
                            "question": "When was it founded?",
                            "answers": [str(1800 + number)],
                            "is_impossible": False,
                        }
                    ],
                }
            ],
        }
        for number in range(20)
    ]
    for name in ("dev-v1.1", "dev-v2.0"):
        (folder / "squad" / f"{name}.json").write_text(json.dumps(articles))


def _write_empty_sets(folder: Path) -> None:
    for source in QA_SETS:
        if source.used and not source.name.startswith("squad/"):
            path = folder / "train" / f"{source.name}.jsonl.gz"
            path.parent.mkdir(parents=True, exist_ok=True)
            with gzip.open(path, "wt") as lines:
                if source.name == "qa/squadshifts_new_wiki.test":
                    row = {"title": "article 15", "context": "It has a mill.", "question": "What has it?"}
                    lines.write(json.dumps({**row, "answers": [{"text": "a mill"}], "unanswerable": False}) + "\n")


def test_the_last_twelve_articles_by_title_are_never_loaded_from_any_set(tmp_path: Path) -> None:
    _write_squad(tmp_path)
    _write_empty_sets(tmp_path)
    rows, _ = load_qa(tmp_path)
    assert held_out_squad_titles(tmp_path) == tuple(f"Article_{number:02d}" for number in range(8, 20))
    assert {row.context.group for row in rows} == {f"squad/Article_{number:02d}" for number in range(8)}
    assert all(row.answer is not None and row.positive == {0} for row in rows)


def test_of_several_occurrences_the_one_near_the_questions_words_is_taken_and_the_others_stay_open() -> None:
    text = context("In 1950 the mill burned down. The new bridge opened in 1950. Nothing else happened.")
    row = answered_row("s", "When did the new bridge open?", text, ["1950", "1950", "in 1950"])
    assert row is not None
    assert row.answer == Span(55, 59)
    assert (row.positive, row.unsure) == (frozenset({1}), frozenset({0}))


def test_an_answer_that_is_part_of_a_longer_word_is_not_preferred() -> None:
    text = context("The artisan came late. Her art was admired.")
    row = answered_row("s", "What was admired?", text, ["art"])
    assert row is not None
    assert row.positive == {1}


def test_a_swapped_question_asks_for_something_that_the_context_does_not_name() -> None:
    rows = [
        QaRow("s", "What did Marta Kessler design?", context("In town Marta Kessler designed a bridge."), Span(0, 4)),
        QaRow("s", "What did they build?", context("Later on Peter Lorne built a tower."), Span(0, 4)),
    ]
    swapped = find_names(rows).draw(rows[0], random.Random(0))
    assert swapped is not None
    assert swapped.question == "What did Peter Lorne design?"
    assert (swapped.answer, swapped.positive) == (None, frozenset())


def test_a_question_without_a_name_of_its_context_is_not_swapped() -> None:
    row = QaRow("s", "What did they build?", context("Later on Peter Lorne built a tower."), Span(0, 4))
    assert NameSwaps({"g": ("Ada",)}).draw(row, random.Random(0)) is None


def test_names_are_runs_of_capitals_but_not_the_first_word() -> None:
    assert names_and_numbers("The Bank of England opened in 1694 near Old Street.") == [
        "Bank of England",
        "1694",
        "Old Street",
    ]
