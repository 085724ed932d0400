"""Each benchmark is read in the format in which it was published; the files are made here."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from docqa.errors import UsageError
from docqa.eval.examples import Example, FileSource, TextSource
from docqa.eval.loaders.files import in_parts, part_at, parts_with
from docqa.eval.loaders.lciteeval import one_shot_prompt
from docqa.eval.tasks import TABLE, task


def write(path: Path, value: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


def write_lines(path: Path, *values: Any) -> Path:
    path.write_text("\n".join(map(json.dumps, values)) + "\n", encoding="utf-8")
    return path


def load(name: str, path: Path) -> list[Example]:
    return list(task(name).load(path))


def parts(example: Example) -> tuple[str, ...]:
    (source,) = example.sources
    assert isinstance(source, TextSource)
    return source.parts


def test_lciteeval_items_keep_passages_titles_and_answers(tmp_path: Path) -> None:
    docs = [{"title": "A", "text": "A\nabout a", "length": 3}, {"title": "B", "text": "B\nabout b", "length": 3}]
    write(tmp_path / "hotpotqa.json", [{"id": "x", "question": "Which?", "answer": ["a", "the a"], "docs": docs}])
    (found,) = load("lciteeval/hotpotqa", tmp_path)
    assert (found.question, found.references, parts(found)) == ("Which?", ("a", "the a"), ("A\nabout a", "B\nabout b"))
    assert found.sources == (TextSource("hotpotqa-1", ("A\nabout a", "B\nabout b"), ("A", "B")),)


def test_lciteeval_needles_and_stars_have_gold_passages(tmp_path: Path) -> None:
    needle = {"id": 1, "question": "Where?", "answer": "at home", "docs": ["x", "y", "he is at home"], "length": 900}
    stars = {"id": 1, "question": "★?", "answer": [3], "docs": ["x", "The little penguin counted 3 ★"]}
    write(tmp_path / "niah.json", [needle])
    write(tmp_path / "counting_stars.json", [stars])
    found = {example.task: example for example in load("lciteeval", tmp_path)}
    assert found["lciteeval/niah"].gold == (("niah-1", 2),)
    assert (found["lciteeval/niah"].depth, found["lciteeval/niah"].length) == (1.0, 900)
    assert found["lciteeval/counting_stars"].gold == (("counting_stars-1", 1),)
    assert found["lciteeval/counting_stars"].references == ("3",)


def test_a_summary_item_without_a_question_asks_for_a_summary(tmp_path: Path) -> None:
    write(tmp_path / "gov_report.json", [{"id": 1, "question": None, "answer": "Short.", "docs": ["Long text."]}])
    assert load("lciteeval/gov_report", tmp_path)[0].question == "Summarize the document."


def test_the_one_shot_prompt_is_put_together_as_by_the_benchmark(tmp_path: Path) -> None:
    demo = {"question": "Q0?", "answer": "A0 [1].", "docs": [{"title": "T", "text": "T\nd0"}]}
    frame = {
        "instruction": "You are <<<chatbox>>>. Answer.",
        "demo_sep": "\n\n\n",
        "demo_prompt": "{D}\n\n{INST}\n\nQuestion: {Q}\nAnswer: {A}",
        "doc_prompt": "Conversation [{ID}]: {P}\n",
        "demo_role": "Ann",
        "demos": [demo],
    }
    file = write(tmp_path / "dialsim_default.json", frame)
    prompt = one_shot_prompt(
        file, {"question": "Q1?", "answer": "secret", "docs": ["d1", "d2"], "role": "Bob"}, "dialsim"
    )
    assert prompt == (
        "Conversation [1]: d0\n\n\nYou are Ann. Answer.\n\nQuestion: Q0?\nAnswer:A0 [1].\n\n\n"
        "Conversation [1]: d1\nConversation [2]: d2\n\n\nYou are Bob. Answer.\n\nQuestion: Q1?\nAnswer:"
    )


SQUAD_QAS = [
    {"id": "1", "question": " Who? ", "answers": [{"text": "Ann", "answer_start": 0}], "is_impossible": False},
    {"id": "2", "question": "Why?", "answers": [], "is_impossible": True},
]
SQUAD_ARTICLE = {
    "title": "T",
    "paragraphs": [{"context": "Nothing.", "qas": []}, {"context": "Ann.", "qas": SQUAD_QAS}],
}


@pytest.mark.parametrize("wrapped", [True, False])
def test_a_squad_article_is_one_document_and_its_paragraphs_are_parts(tmp_path: Path, wrapped: bool) -> None:
    file = write(tmp_path / "dev-v2.0.json", {"data": [SQUAD_ARTICLE]} if wrapped else [SQUAD_ARTICLE])
    who, why = load("squad", file)
    assert (who.question, who.references, who.gold) == ("Who?", ("Ann",), (("T", 1),))
    assert (why.answerable, why.references, why.gold) == (False, (), ())
    assert parts(who) == ("Nothing.", "Ann.")


def test_xquad_is_read_from_its_folder(tmp_path: Path) -> None:
    write(tmp_path / "xquad.en.json", {"data": [SQUAD_ARTICLE]})
    assert {example.task for example in load("xquad", tmp_path)} == {"xquad"}


def test_covidqa_spans_are_searched_where_the_offset_is_off(tmp_path: Path) -> None:
    context = "\n\n".join(f"Paragraph {n} " + "word " * 120 for n in range(6)) + "\n\nThe cure is rest."
    qa = {"id": 7, "question": "What?", "answers": [{"text": "rest", "answer_start": 3}], "is_impossible": False}
    article = {"paragraphs": [{"context": context, "document_id": 9, "qas": [qa]}]}
    (found,) = load("covidqa", write(tmp_path / "covidqa_docs.json", {"data": [article]}))
    assert found.gold == (("covidqa-9", len(parts(found)) - 1),)
    assert "".join(parts(found)) == context


def test_hotpotqa_supporting_titles_are_gold(tmp_path: Path) -> None:
    raw = {
        "_id": "h1",
        "question": "Which?",
        "answer": "yes",
        "supporting_facts": [["B", 0]],
        "context": [["A", ["One. ", "Two."]], ["B", ["Three."]]],
    }
    (found,) = load("hotpotqa", write(tmp_path / "hotpot_dev_distractor_v1.json", [raw]).parent)
    assert (found.gold, parts(found)) == ((("h1", 1),), ("One. Two.", "Three."))
    with pytest.raises(UsageError, match="no context"):
        load("hotpotqa", write(tmp_path / "simplified.json", [{"question": "Which?", "answer": "yes"}]))


def test_each_qasper_annotator_has_gold_paragraphs(tmp_path: Path) -> None:
    def given(**values: Any) -> dict[str, Any]:
        empty = {"unanswerable": False, "extractive_spans": [], "yes_no": None, "free_form_answer": "", "evidence": []}
        return {"answer": {**empty, **values}}

    answers = [given(extractive_spans=["one", "two"], evidence=["P2"]), given(yes_no=True, evidence=["P1", "FLOAT x"])]
    qa = {"question": "Which?", "question_id": "q1", "answers": [*answers, given(unanswerable=True)]}
    paper = {"title": "T", "abstract": "Abs", "full_text": [{"section_name": "S", "paragraphs": ["P1", "", "P2"]}]}
    (found,) = load("qasper", write(tmp_path / "q.json", {"123": {**paper, "qas": [qa]}}))
    assert found.references == ("one, two", "Yes", "Unanswerable")
    assert (found.gold, found.other_gold) == ((("123", 2),), ((("123", 1),), ()))
    assert found.answerable


def test_fairytale_sections_are_parts(tmp_path: Path) -> None:
    def rows(path: Path, *values: dict[str, str]) -> None:
        path.parent.mkdir(exist_ok=True)
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, values[0].keys())
            writer.writeheader()
            writer.writerows(values)

    rows(
        tmp_path / "section-stories" / "a-story.csv",
        {"section": "1", "text": "Once."},
        {"section": "2", "text": "End."},
    )
    answers = {f"answer{n}": "the end" if n in (1, 4) else "" for n in range(1, 7)}
    rows(
        tmp_path / "questions" / "a-questions.csv",
        {"question_id": "1", "cor_section": "1, 2", "question": "What?", **answers},
    )
    (found,) = load("fairytaleqa", tmp_path)
    assert (found.references, found.gold) == (("the end",), (("a", 0), ("a", 1)))


def test_longbench_and_leval_are_read_line_by_line(tmp_path: Path) -> None:
    line = {
        "input": "Q?",
        "context": "Text.",
        "answers": ["a"],
        "length": 5,
        "dataset": "trec",
        "all_classes": ["x", "y"],
    }
    (found,) = load("longbench", write_lines(tmp_path / "trec.jsonl", {**line, "_id": "7"}))
    assert (found.id, found.task, found.references, found.classes) == ("7", "longbench/trec", ("a",), ("x", "y"))
    line = {
        "input": "Text.",
        "instructions": ["One?", "Two?"],
        "outputs": ["A", "B"],
        "source": "s",
        "evaluation": "exam",
    }
    one, two = load("leval", write_lines(tmp_path / "quality.jsonl", line))
    assert (one.id, two.question, two.references) == ("quality-1-1", "Two?", ("B",))


def test_loogle_pairs_written_as_python_are_read(tmp_path: Path) -> None:
    pairs = [{"Q": "Who?", "A": "Ann", "S": "['Ann\\ncame in.', 'nowhere']", "type": "x"}]
    text = "\n\n".join(["word " * 300, "Then Ann came in. She left."])
    (found,) = load("loogle", write_lines(tmp_path / "l.jsonl", {"input": text, "title": "t", "qa_pairs": str(pairs)}))
    assert found.gold == (("l-1", 1),)
    with pytest.raises(UsageError, match="no questions"):
        load("loogle", write_lines(tmp_path / "s.jsonl", {"input": text, "qa_pairs": "[{'A': {'<mask-0>': 'x'}}]"}))


def test_a_folder_of_loogle_has_questions_and_summaries(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no file of LooGLE"):
        load("loogle", tmp_path)
    pairs = [{"Q": "Who?", "A": "Ann", "S": ["came"]}]
    write_lines(tmp_path / "shortdep_qa.jsonl", {"input": "Ann came.", "qa_pairs": pairs})
    write_lines(tmp_path / "longdep_summarization.jsonl", {"input": "Ann.", "qa_pairs": "none", "output": "She came."})
    question, summary = load("loogle", tmp_path)
    assert (question.id, question.task, question.gold) == (
        "shortdep_qa-1-1",
        "loogle/shortdep_qa",
        (("shortdep_qa-1", 0),),
    )
    assert (summary.question, summary.references) == ("Summarize the document.", ("She came.",))


def test_qmsum_turns_are_gold_by_their_part(tmp_path: Path) -> None:
    turns = [{"speaker": f"S{n}", "content": "word " * 80} for n in range(6)]
    meeting = {
        "meeting_transcripts": turns,
        "general_query_list": [{"query": "All?", "answer": "a"}],
        "specific_query_list": [{"query": "Some?", "answer": "b", "relevant_text_span": [["2", "3"]]}],
    }
    general, specific = load("qmsum", write_lines(tmp_path / "val.jsonl", meeting))
    assert (general.gold, specific.gold) == ((), (("qmsum-1", 1),))
    assert len(parts(general)) == 3


def test_mmlongbench_questions_point_to_pages_of_real_files(tmp_path: Path) -> None:
    sample = {
        "doc_id": "a.pdf",
        "question": "How many?",
        "answer": "3",
        "evidence_pages": "[5, 6]",
        "answer_format": "Int",
    }
    file = write(tmp_path / "samples.json", [sample, {**sample, "answer": "Not answerable", "evidence_pages": "[]"}])
    with pytest.raises(UsageError, match=r"a\.pdf: not found"):
        load("mmlongbench-doc", file.parent)
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "a.pdf").write_bytes(b"%PDF-")
    there, nowhere = load("mmlongbench-doc", tmp_path)
    assert there.gold == (("a.pdf", 4), ("a.pdf", 5))
    assert there.sources == (FileSource(tmp_path / "documents" / "a.pdf"),)
    assert (there.answerable, nowhere.answerable) == (True, False)


def test_financebench_pages_count_from_zero(tmp_path: Path) -> None:
    raw = {"financebench_id": "f1", "doc_name": "X_2020", "question": "How much?", "answer": "$3"}
    write_lines(tmp_path / "financebench_open_source.jsonl", {**raw, "evidence": [{"evidence_page_num": 0}]})
    (tmp_path / "pdfs").mkdir()
    (tmp_path / "pdfs" / "X_2020.pdf").write_bytes(b"%PDF-")
    (found,) = load("financebench", tmp_path)
    assert (found.gold, found.references) == ((("X_2020.pdf", 0),), ("$3",))


def test_summhay_insights_know_their_documents(tmp_path: Path) -> None:
    documents = [{"document_text": "d1", "insights_included": ["i1"]}, {"document_text": "d2", "insights_included": []}]
    subtopic = {"query": "What about?", "insights": [{"insight_id": "i1", "insight": "It is so."}]}
    write(tmp_path / "topic_1.json", {"topic_id": "t1", "documents": documents, "subtopics": [subtopic]})
    (found,) = load("summhay", tmp_path)
    assert found.question == "What about?"
    assert [(insight.text, insight.documents) for insight in found.insights] == [("It is so.", (1,))]


def test_nocha_claims_are_paired(tmp_path: Path) -> None:
    claims = [{"book_title": "B", "claim": f"Claim {n}.", "type": n == 0, "index": 4} for n in range(2)]
    write(tmp_path / "claims.json", claims)
    (tmp_path / "books").mkdir()
    (tmp_path / "books" / "B.txt").write_text("Once upon a time.", encoding="utf-8")
    true, false = load("nocha", tmp_path)
    assert (true.references, false.references, true.pair) == (("True",), ("False",), false.pair)


NEED_DATA = [name for name in TABLE if not name.startswith("ruler/")]


@pytest.mark.parametrize("name", NEED_DATA)
def test_absent_data_is_told_with_the_path(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="absent"):
        load(name, tmp_path / "absent")
    with pytest.raises(UsageError, match="--data"):
        list(task(name).load(None))


@pytest.mark.parametrize(
    ("name", "file", "value"),
    [
        ("squad", "a.json", {"x": 1}),
        ("squad", "a.json", [1, 2]),
        ("lciteeval/niah", "niah.json", {"x": 1}),
        ("longbench", "a.jsonl", {"input": 3}),
        ("leval", "a.jsonl", {"input": 3, "instructions": [], "outputs": []}),
        ("loogle", "a.jsonl", {"input": None}),
        ("qmsum", "a.jsonl", {}),
        ("covidqa", "a.json", [1]),
        ("hotpotqa", "a.json", [1]),
        ("qasper", "a.json", [1]),
        ("summhay", "topic_1.json", {}),
    ],
)
def test_data_of_another_format_is_told_in_one_line(tmp_path: Path, name: str, file: str, value: Any) -> None:
    path = write(tmp_path / file, value)
    with pytest.raises(UsageError, match=f"not in the format in which {name} was published") as caught:
        load(name, path)
    assert "\n" not in str(caught.value)


def test_damaged_data_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text("\n{broken\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"x\.jsonl"):
        load("longbench", tmp_path / "x.jsonl")


@pytest.mark.parametrize("text", ["", "one two", "a\n\nb" * 400, "word " * 2000, "line of words\n" * 900])
def test_parts_joined_are_the_text_again(text: str) -> None:
    found = in_parts(text)
    assert "".join(found) == text
    assert max(len(part.split()) for part in found) < 900
    offset = len(found[0])
    assert part_at(found, offset) == min(1, len(found) - 1)


def test_a_quote_is_found_whatever_its_line_breaks() -> None:
    assert parts_with(("He came\n", "in and\nsat down. "), "came in and sat") == (0, 1)
    assert parts_with(("He came", "in"), "went") == ()
    assert parts_with(("He came", "in"), " ") == ()
