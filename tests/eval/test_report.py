"""The report names what its figures depend on, shows every failure, and loads nothing."""

from __future__ import annotations

import itertools
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from docqa.answers import Support
from docqa.errors import UsageError
from docqa.eval import comparison, plots, report, saved_report
from docqa.eval import measures as measures
from docqa.eval.cited_text import punkt
from docqa.eval.examples import Example, Record, TextSource
from docqa.eval.metrics import Judge, Setting, parse
from docqa.eval.scoring import Evaluation, SavedScores, compare, evaluate, read_scores, write_scores, write_whole

from .examples_of_ours import BRIDGE, answer, example, setting

ABOUT = {"task": "bridges", "strategy": "rag", "model": "embedded"}
METRICS = [parse("citation_f1"), parse("token_recall"), parse("evidence_hit"), parse("citation_number")]
RIGHT = answer(("The Aurora Bridge was completed in 1932.", [0]))


def long_example(n: int) -> Example:
    source = TextSource(f"d{n}", BRIDGE.parts)
    return replace(example(str(n), source), task="lciteeval/niah", length=1000 * (1 + n % 4), depth=n % 5 / 4)


def evaluation(examples: Sequence[Example] = (), records: Sequence[Record] = ()) -> Evaluation:
    examples = examples or [example("1"), example("2"), example("<3>")]
    records = records or [
        Record("1", RIGHT, "", 0.5),
        Record("2", answer(), "", 0.2),
        Record("<3>", None, "ModelUnreachable: <b>down</b> | again", 0.1),
    ]
    return evaluate(ABOUT, examples, records, METRICS, setting())


def test_a_failed_example_lowers_every_figure() -> None:
    found = evaluation()
    assert [found.interval(metric).value for metric in METRICS[:3]] == [pytest.approx(1 / 3)] * 3
    assert found.n_failed == 1


def test_the_report_names_mode_judge_splitter_strategy_and_model() -> None:
    for text in (report.markdown(evaluation()), report.html(evaluation())):
        for name in ("strict", "stand-in", "docqa", "rag", "embedded", "bridges", "deberta-base-long-nli"):
            assert name in text
        assert "3 examples, 1 failed" in text


def test_failures_are_listed_and_escaped() -> None:
    assert "- `<3>`: ModelUnreachable" in report.markdown(evaluation())
    html = report.html(evaluation())
    assert "&lt;b&gt;down&lt;/b&gt;" in html
    assert "<b>down" not in html


def test_dropped_answers_are_told_in_parity() -> None:
    parity = Setting("parity", punkt(), Judge("none", lambda premise, claim: True))
    found = evaluate(ABOUT, [example()], [Record("1", answer())], METRICS, parity)
    assert found.n_dropped(METRICS[0]) == 1
    assert "1 empty answers enter no mean" in report.markdown(found)


def test_the_html_report_loads_nothing_and_its_plots_are_well_formed() -> None:
    examples = [long_example(n) for n in range(20)]
    given = replace(RIGHT, statements=(replace(RIGHT.statements[0], citations=()),))
    records = [Record(e.id, RIGHT if int(e.id) % 3 else given, "", 0.1 + int(e.id) / 10) for e in examples]
    found = evaluation(examples, records)
    html = report.html(found)
    assert not re.search(r"\b(src=|href=|@import|url\()", html.replace("http://www.w3.org/2000/svg", ""))
    drawn = re.findall(r"<svg.*?</svg>", html, re.DOTALL)
    assert len(drawn) == len(report.drawings(found)) >= 4
    for drawing in drawn:
        assert ElementTree.fromstring(drawing).tag.endswith("svg")
    assert {"figures", "length", "depth", "cost"} <= report.drawings(found).keys()


def test_cost_is_tokens_where_a_language_model_was_asked() -> None:
    examples = [long_example(n) for n in range(6)]
    answers = [replace(RIGHT, usage={"input_tokens": 100 * (n + 1), "output_tokens": 5}) for n in range(6)]
    records = [Record(e.id, given, "", 0.1) for e, given in zip(examples, answers, strict=True)]
    assert "tokens per question" in report.drawings(evaluation(examples, records))["cost"]
    timed = [replace(record, answer=RIGHT, seconds=n + 1.0) for n, record in enumerate(records)]
    assert "seconds per question" in report.drawings(evaluation(examples, timed))["cost"]


def test_many_lengths_share_the_columns_of_the_heat_map() -> None:
    examples = [replace(long_example(n), length=1000 + 17 * n) for n in range(60)]
    drawn = report.drawings(evaluation(examples, [Record(e.id, RIGHT, "", 0.1) for e in examples]))["depth"]
    assert 0 < len(set(re.findall(r'<rect x="([\d.]+)" y="64"', drawn))) <= 8
    assert ">2,003<" in drawn  # the longest


def test_quotations_do_not_count_as_calibration() -> None:
    examples = [replace(example(str(n)), gold=(("bridge", 0),)) for n in range(4)]
    assert "calibration" in report.drawings(evaluation(examples, [Record(e.id, RIGHT) for e in examples]))
    (statement,) = RIGHT.statements
    quoting = replace(statement.citations[0], support=Support("supports", 1.0, "quotation"))
    quoted = replace(RIGHT, statements=(replace(statement, citations=(quoting,)),))
    assert "calibration" not in report.drawings(evaluation(examples, [Record(e.id, quoted) for e in examples]))


def test_a_benchmark_of_several_tasks_has_a_table_by_task() -> None:
    examples = [example("1"), replace(example("2"), task="tunnels")]
    text = report.markdown(evaluation(examples, [Record("1", RIGHT), Record("2", answer())]))
    assert "| tunnels | 1 | 0.00 | 0.00 | 0.00 | 0.00 |" in text


def test_whiskers_and_shades_stand_where_the_values_say() -> None:
    drawn = plots.line("t", "x", "y", [plots.Point(0.0, 0.0, 0.0, 0.5, 3), plots.Point(10.0, 1.0, 0.5, 1.0, 4)])
    (low, high) = [float(y) for y in re.findall(r'<circle cx="[\d.]+" cy="([\d.]+)"', drawn)]
    assert low > high
    grid = plots.Grid(("0%",), ("100", "200", "300"), ((0.0, 1.0, None),))
    drawn = plots.heat_map("t", "r", "c", grid)
    assert [">0<" in drawn, ">100<" in drawn, ">–<" in drawn] == [True, True, True]
    assert len(set(re.findall(r'height="32" fill="([^"]+)"', drawn))) == 3


def test_names_of_points_that_lie_close_do_not_cover_each_other() -> None:
    point = plots.Point(3.0, 1.0, 1.0, 1.0, 3)
    drawn = plots.scatter(
        "t", "x", "y", [("one", point), ("two", point), ("three", plots.Point(3.1, 1.0, 1.0, 1.0, 3))]
    )
    heights = [float(y) for y in re.findall(r'y="([\d.]+)" text-anchor="end" >(?:one|two|three)<', drawn)]
    assert len(heights) == 3
    assert all(abs(a - b) >= 12 for a, b in itertools.combinations(heights, 2))


def test_lengths_that_differ_by_factors_get_equal_room() -> None:
    drawn = plots.line("t", "x", "y", [plots.Point(x, 0.5, 0.4, 0.6, 3) for x in (500, 4000, 32000)])
    low, middle, high = [float(x) for x in re.findall(r'<circle cx="([\d.]+)"', drawn)]
    assert middle - low == pytest.approx(high - middle, abs=0.2)
    assert ">4,000<" in drawn
    near = plots.line("t", "x", "y", [plots.Point(x, 0.5, 0.4, 0.6, 3) for x in (0, 10, 20)])
    assert ">15<" in near


def test_scores_are_read_back_one_by_one(tmp_path: Path) -> None:
    write_scores(evaluation(), tmp_path / "scores.jsonl")
    saved = read_scores(tmp_path)
    assert saved.about == {**ABOUT, "mode": "strict", "judge": "stand-in", "splitter": "docqa"}
    assert saved.scores["evidence_hit"] == {"1": ("bridge", 1.0), "2": ("bridge", 0.0), "<3>": ("bridge", 0.0)}


def test_only_runs_of_one_kind_are_compared() -> None:
    a = SavedScores({**ABOUT, "mode": "strict", "judge": "x"}, {"token_f1": {"1": ("d", 0.25)}})
    b = SavedScores({**ABOUT, "mode": "strict", "judge": "x", "strategy": "chain"}, {"token_f1": {"1": ("d", 0.75)}})
    differences = compare(a, b)
    assert differences["token_f1"].value == 0.5
    runs = [comparison.ComparedRun("a", a, 1.0, 20), comparison.ComparedRun("b", b, 3.0, 400)]
    assert "| token_f1 | +50.00 | +50.00 to +50.00 | 1.000 | 1 |" in comparison.markdown(runs)
    assert "tokens per question" in comparison.quality_against_cost(runs)
    with pytest.raises(UsageError, match="judge"):
        compare(a, replace(b, about={**b.about, "judge": "y"}))
    with pytest.raises(UsageError, match="in common"):
        compare(a, replace(b, scores={"token_f1": {"2": ("d", 1.0)}}))


def test_a_folder_without_scores_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"scores\.jsonl"):
        read_scores(tmp_path)
    (tmp_path / "scores.jsonl").write_text("[]\n", encoding="utf-8")
    with pytest.raises(UsageError, match="cannot be read"):
        read_scores(tmp_path)


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    write_whole(tmp_path / "new" / "r.md", "one")
    write_whole(tmp_path / "new" / "r.md", "two")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["r.md"]
    assert (tmp_path / "new" / "r.md").read_text(encoding="utf-8") == "two"


def test_the_report_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    examples = [long_example(n) for n in range(20)]
    made = evaluation(examples, [Record(str(n), RIGHT, "", 0.1 + n) for n in range(20)])
    saved_report.write_report(made, tmp_path)
    found = saved_report.read_report(tmp_path)
    assert found.about == made.described
    assert [list(row) for row in found.figures] == report.figures(made)
    assert found.drawings == report.drawings(made)
    assert {"figures", "length", "depth", "cost"} <= set(found.drawings)


@pytest.mark.parametrize("text", ["", "[]", '{"schema": "other"}', '{"schema": "docqa.eval.report/1", "figures": 3}'])
def test_what_is_no_report_is_refused_in_one_line(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match=r"no report\.json is there"):
        saved_report.read_report(tmp_path)
    (tmp_path / saved_report.FILE).write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=r"cannot be read|expected the schema") as caught:
        saved_report.read_report(tmp_path)
    assert "\n" not in str(caught.value)
