"""A citation is shown only if its words stand at its place; what does not hold is mended or left out, and counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from docqa.agents.citing import cite, point_to
from docqa.agents.embedded import EmbeddedReasoner
from docqa.agents.reasoner import COUNT, DraftStatement, Evidence
from docqa.answers import Citation, Support, SupportLabel
from docqa.checks import Check, check_from_json, check_to_json
from docqa.citation_scores import CitationScore
from docqa.documents import Box, Document, Health, Page, Passage, Span
from docqa.errors import OutOfBudget
from docqa.llm.reader import LexicalReader
from docqa.retrieval.retriever import Retrieval

from .library_of_pages import PagesCorpus, document_of

TEXT = "The lease began in 2019. It ends on 31 May 2027. Renewal takes notice of six months."
DOCUMENT = Document("d" * 64, "lease.pdf", (Page(0, TEXT, number=1, label="i"),))
PASSAGE = Passage(DOCUMENT.id, 0, 0, 0, len(TEXT), TEXT, (Span(0, 24), Span(25, 48), Span(49, 84)))
END = Evidence(PASSAGE, Span(25, 48), 1.0)
REASONER = EmbeddedReasoner(LexicalReader())


@dataclass
class Watched(PagesCorpus):
    """A corpus whose boxes tell which span they were asked for, and that counts searches."""

    document: Document
    n_searches: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        PagesCorpus.__init__(self, self.document)

    def search(self, documents: Sequence[Document], query: str, k: int) -> Retrieval:
        self.n_searches += 1
        return super().search(documents, query, k)

    def boxes(self, document_id: str, page_index: int, spans: Sequence[Span]) -> list[tuple[Box, ...]]:
        return [(Box(span.start_char, 0, span.end_char, 1),) for span in spans]


CORPUS = Watched(DOCUMENT)


def test_a_quote_gets_its_place_its_box_and_its_verdict() -> None:
    (statement,) = cite([DraftStatement(END.quote, (END,))], [DOCUMENT], CORPUS, REASONER).statements
    (citation,) = statement.citations
    assert citation.quote == "It ends on 31 May 2027." == TEXT[citation.start_char : citation.end_char]
    assert (citation.page, citation.page_label, citation.locator) == (1, "i", "p. i (PDF 1)")
    assert citation.boxes == (Box(25, 0, 48, 1),)
    assert citation.verdict == "verbatim"
    assert citation.support == Support("supports", 1.0, "quotation")


def test_a_quote_that_stands_nowhere_is_refused_with_its_statement() -> None:
    lie = Evidence(replace(PASSAGE, text=TEXT.replace("2027", "2029")), Span(25, 48), 1.0)
    cited = cite([DraftStatement("It ends in 2029.", (lie,))], [DOCUMENT], CORPUS, REASONER)
    assert cited.statements == ()
    (refused,) = cited.check.refused
    assert (refused.statement, refused.action) == ("It ends in 2029.", "statement_removed")
    assert [(c.verdict, c.quote, c.document) for c in refused.citations] == [("absent", lie.quote, "lease.pdf")]
    assert point_to([lie], [DOCUMENT], CORPUS) == ()


@pytest.mark.parametrize(
    ("place", "verdict"),
    [({"page": 7}, "other_page"), ({"document_id": "e" * 64}, "other_document")],
    ids=["page that is not there", "another document"],
)
def test_a_quote_that_stands_elsewhere_is_cited_where_it_stands(place: dict[str, object], verdict: str) -> None:
    lie = Evidence(replace(PASSAGE, **place), Span(25, 48), 1.0)  # type: ignore[arg-type]
    cited = cite([DraftStatement(END.quote, (lie,))], [DOCUMENT], CORPUS, REASONER)
    (citation,) = cited.statements[0].citations
    assert (citation.sha256, citation.page, citation.quote, citation.verdict) == (DOCUMENT.id, 1, END.quote, "verbatim")
    (refused,) = cited.check.refused
    assert refused.action == "citations_replaced"
    assert [c.verdict for c in refused.citations] == [verdict]
    assert point_to([lie], [DOCUMENT], CORPUS) == ()


def test_a_quote_that_is_shifted_by_a_blank_is_snapped_to_its_words() -> None:
    shifted = Evidence(replace(PASSAGE, text="x" + TEXT[:-1]), Span(25, 48), 1.0)
    cited = cite([DraftStatement("It ends on 31 May 2027", (shifted,))], [DOCUMENT], CORPUS, REASONER)
    assert cited.statements[0].citations[0].quote == "It ends on 31 May 2027"
    assert cited.check.refused == ()


def test_a_quote_with_a_typing_error_is_snapped_to_the_real_words() -> None:
    page = Page(0, "The committee granted the licence for another period of nine years without a debate.", number=1)
    document, quote = document_of(page), "The comittee granted the licence for another period of nine years"
    wrong = Evidence(Passage(document.id, 0, 0, 0, len(quote), quote, (Span(0, len(quote)),)), Span(0, len(quote)), 1.0)
    cited = cite([DraftStatement(quote, (wrong,))], [document], PagesCorpus(document), REASONER)
    assert [c.verdict for c in cited.check.refused[0].citations] == ["close"]
    assert cited.statements[0].citations[0].quote == quote.replace("comittee", "committee")


def test_a_statement_keeps_the_citations_that_hold() -> None:
    lie = Evidence(replace(PASSAGE, text=TEXT.upper()), Span(0, 24), 1.0)
    cited = cite([DraftStatement("It ends on 31 May 2027.", (lie, END))], [DOCUMENT], CORPUS, REASONER)
    assert [citation.quote for citation in cited.statements[0].citations] == [END.quote]
    assert [(r.action, len(r.citations)) for r in cited.check.refused] == [("citations_removed", 1)]


def test_an_empty_quote_is_no_citation() -> None:
    nothing = Evidence(PASSAGE, Span(25, 25), 1.0)
    assert cite([DraftStatement("It ends.", (nothing,))], [DOCUMENT], CORPUS, REASONER).statements == ()


def test_a_quote_from_a_scan_carries_the_confidence_of_the_ocr() -> None:
    health = Health(source="ocr", ocr_engine="tesseract", ocr_confidence=0.87)
    scan = replace(DOCUMENT, pages=(replace(DOCUMENT.pages[0], health=health),))
    (statement,) = cite([DraftStatement(END.quote, (END,))], [scan], CORPUS, REASONER).statements
    assert statement.citations[0].ocr_confidence == 0.87


def test_quotations_are_neither_judged_nor_searched_for() -> None:
    class NeverAsked(EmbeddedReasoner):
        def supports(self, claim: str, passages: Sequence[Passage]) -> Support:
            raise AssertionError("a quotation needs no judge")

    corpus = Watched(DOCUMENT)
    pieces = [Evidence(PASSAGE, span, 1.0) for span in PASSAGE.sentences]
    drafts = [DraftStatement(piece.quote, (piece,)) for piece in pieces]
    cited = cite(drafts, [DOCUMENT], corpus, NeverAsked(LexicalReader()))
    assert len(cited.statements) == 3
    assert corpus.n_searches == 0
    assert cited.check == Check(3, 3, 0, (), cited.check.score)
    assert cited.check.score is not None
    assert cited.check.score.score == CitationScore(1.0, 1.0, 1.0, 3)
    assert cited.check.score.judge == "quotation"
    assert str(cited.check) == ""


# A judge that goes by facts: a passage bears out what its facts imply, two passages together what both imply.

LARCH = "The hall stands on larch piles. They were driven in 1802."
GRANITE = "The piles of the tower are of granite. The tower is round."
COST = "The larch came by sea. It cost nine hundred crowns in all."
FILLER = "Swans nest by the weir every spring. Nobody feeds them."
WORKS = document_of(*(Page(i, text, number=i + 1) for i, text in enumerate((LARCH, GRANITE, COST, FILLER))))
WORKS_CORPUS = PagesCorpus(WORKS)
PASSAGES = WORKS_CORPUS.passages(WORKS)


@dataclass(frozen=True)
class Factual(EmbeddedReasoner):
    """Believes a claim when passages hold all of its facts together, half of it when they hold one."""

    facts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def supports(self, claim: str, passages: Sequence[Passage]) -> Support:
        self.asked.append(claim)
        text = " ".join(passage.text for passage in passages)
        held = [fact in text for fact in self.facts[claim]]
        label: SupportLabel = "supports" if all(held) else "partly" if any(held) else "unrelated"
        return Support(label, sum(held) / len(held), "facts")


def factual(**facts: tuple[str, ...]) -> Factual:
    return Factual(LexicalReader(), facts={key.replace("_", " "): value for key, value in facts.items()})


def of(*numbers: int) -> tuple[Evidence, ...]:
    """The first sentence of each of these passages."""
    return tuple(Evidence(PASSAGES[n], PASSAGES[n].sentences[0], 1.0) for n in numbers)


def pages(citations: Sequence[Citation]) -> list[int | None]:
    return [citation.page for citation in citations]


def test_a_statement_that_its_citation_does_not_bear_out_gets_one_that_does() -> None:
    reasoner = factual(The_hall_stands_on_larch=("larch piles",))
    cited = cite([DraftStatement("The hall stands on larch", of(1))], [WORKS], WORKS_CORPUS, reasoner)
    (statement,) = cited.statements
    assert pages(statement.citations) == [1]
    assert statement.citations[0].quote == "The hall stands on larch piles."
    assert statement.citations[0].support == Support("supports", 1.0, "facts")
    (refused,) = cited.check.refused
    assert (refused.action, pages(refused.citations)) == ("citations_replaced", [2])
    assert refused.citations[0].support == Support("unrelated", 0.0, "facts")
    assert "1 proved by another passage" in str(cited.check)


def test_a_statement_that_is_borne_out_in_part_gets_the_passage_that_is_missing() -> None:
    reasoner = factual(The_larch_piles_cost_nine_hundred_crowns=("larch piles", "nine hundred crowns"))
    draft = DraftStatement("The larch piles cost nine hundred crowns", of(0))
    cited = cite([draft], [WORKS], WORKS_CORPUS, reasoner)
    assert pages(cited.statements[0].citations) == [1, 3]
    assert cited.check.count("citations_replaced") == 0  # nothing was taken away
    assert cited.check.n_flagged == 0
    assert cited.check.score is not None
    assert cited.check.score.score == CitationScore(1.0, 1.0, 1.0, 2)


def test_a_statement_for_which_nothing_can_be_found_is_left_out() -> None:
    reasoner = factual(The_tower_has_a_bell=("bell",), The_tower_is_a_round_one=("tower is round",))
    drafts = [DraftStatement("The tower has a bell", of(1)), DraftStatement("The tower is a round one", of(1))]
    cited = cite(drafts, [WORKS], WORKS_CORPUS, reasoner)
    assert [statement.text for statement in cited.statements] == ["The tower is a round one"]
    (refused,) = cited.check.refused
    assert (refused.statement, refused.action) == ("The tower has a bell", "statement_removed")
    assert cited.check.n_removed_citations == 1


def test_a_statement_that_stays_borne_out_in_part_is_shown_and_flagged() -> None:
    reasoner = factual(The_hall_stands_on_larch_and_glass=("larch piles", "glass"))
    cited = cite([DraftStatement("The hall stands on larch and glass", of(0))], [WORKS], WORKS_CORPUS, reasoner)
    assert [c.support and c.support.label for c in cited.statements[0].citations] == ["partly"]
    assert (cited.check.n_flagged, cited.check.refused) == (1, ())
    assert cited.check.score is not None
    assert cited.check.score.score == CitationScore(0.0, 0.0, 0.0, 1)
    assert "1 borne out in part only" in str(cited.check)


def test_a_citation_that_adds_nothing_is_removed_and_one_of_two_that_are_needed_is_not() -> None:
    claim = "The larch piles cost nine hundred crowns"
    reasoner = factual(The_larch_piles_cost_nine_hundred_crowns=("larch piles", "nine hundred crowns"))
    cited = cite([DraftStatement(claim, of(0, 3, 2, 1))], [WORKS], WORKS_CORPUS, reasoner)
    assert pages(cited.statements[0].citations) == [1, 3]
    (refused,) = cited.check.refused
    assert (refused.action, pages(refused.citations)) == ("citations_removed", [4, 2])
    assert "2 citations removed" in str(cited.check)


def test_passages_of_which_any_one_would_do_are_not_all_removed() -> None:
    twice = document_of(Page(0, LARCH, number=1), Page(1, FILLER, number=2), Page(2, LARCH, number=3), name="twice.pdf")
    corpus = PagesCorpus(twice)
    pieces = tuple(Evidence(p, p.sentences[0], 1.0) for p in corpus.passages(twice))
    reasoner = factual(The_hall_stands_on_larch=("larch piles",))
    cited = cite([DraftStatement("The hall stands on larch", pieces)], [twice], corpus, reasoner)
    assert pages(cited.statements[0].citations) == [1, 3]


@pytest.mark.parametrize(
    ("claim", "label"),
    [
        ("The piles were driven in 1803", "partly"),
        ("They were driven in 1812", "unrelated"),
        ("They were not driven in 1802", "unrelated"),
        ("The piles were driven in 1802", "supports"),
    ],
)
def test_a_judge_is_overruled_where_the_words_speak_against_it(claim: str, label: str) -> None:
    class Agreeable(EmbeddedReasoner):
        def supports(self, claim: str, passages: Sequence[Passage]) -> Support:
            return Support("supports", 0.99, "agreeable")

    cited = cite([DraftStatement(claim, of(0))], [WORKS], WORKS_CORPUS, Agreeable(LexicalReader()))
    if label == "unrelated":
        assert cited.statements == ()
        support = cited.check.refused[0].citations[0].support
    else:
        support = cited.statements[0].citations[0].support
    assert support is not None
    assert support.label == label
    assert support.judge == ("agreeable" if label == "supports" else "agreeable + exact")


def test_what_docqa_counted_counts_what_is_left_and_cites_the_same() -> None:
    reasoner = factual(larch_wood=("larch",), a_bell=("bell",))
    count = DraftStatement(f"{COUNT} items found.", of(0, 1), Support("supports", 1.0, "counted"))
    drafts = [count, DraftStatement("larch wood", of(0)), DraftStatement("a bell", of(1))]
    cited = cite(drafts, [WORKS], WORKS_CORPUS, reasoner)
    assert [statement.text for statement in cited.statements] == ["1 items found.", "larch wood"]
    assert cited.statements[0].citations == cited.statements[1].citations
    nothing = cite([count, DraftStatement("a bell", of(1))], [WORKS], WORKS_CORPUS, reasoner)
    assert nothing.statements == ()


def test_what_docqa_knows_itself_is_scored_without_a_judge() -> None:
    quoted = Support("supports", 1.0, "quotation")
    drafts = [DraftStatement(f"Hall: {piece.quote}", (piece,), quoted) for piece in of(0, 1)]
    cited = cite(drafts, [WORKS], WORKS_CORPUS, factual())
    assert cited.check.score is not None
    assert cited.check.score.score == CitationScore(1.0, 1.0, 1.0, 2)
    assert cited.check.score.judge == "quotation"


def test_the_words_of_a_model_are_never_taken_for_a_count() -> None:
    reasoner = Factual(LexicalReader(), facts={f"{COUNT} larch piles": ("larch",)})
    cited = cite([DraftStatement(f"{COUNT} larch piles", of(0))], [WORKS], WORKS_CORPUS, reasoner)
    assert cited.statements[0].text == f"{COUNT} larch piles"


def test_a_judge_that_may_not_be_asked_any_more_leaves_the_rest_flagged_and_says_why() -> None:
    class Exhausted(EmbeddedReasoner):
        def supports(self, claim: str, passages: Sequence[Passage]) -> Support:
            raise OutOfBudget("the limit of 10 tokens is reached")

    drafts = [DraftStatement("The hall stands on larch", of(0)), DraftStatement(of(1)[0].quote, of(1))]
    cited = cite(drafts, [WORKS], WORKS_CORPUS, Exhausted(LexicalReader()))
    assert [[c.support for c in s.citations] for s in cited.statements] == [
        [None],
        [Support("supports", 1.0, "quotation")],
    ]
    assert (cited.limit, cited.check.n_flagged) == ("the limit of 10 tokens is reached", 1)
    assert cited.check.score is None


def test_a_draft_of_many_false_statements_does_not_cost_a_search_each() -> None:
    corpus = Watched(WORKS)
    claims = [f"Bell {chr(97 + n)} rings" for n in range(20)]
    reasoner = Factual(LexicalReader(), facts=dict.fromkeys(claims, ("no such fact",)))
    cited = cite([DraftStatement(claim, of(1)) for claim in claims], [WORKS], corpus, reasoner)
    assert cited.check.count("statement_removed") == 20
    assert corpus.n_searches == 8


def test_the_check_of_an_answer_survives_the_way_through_json() -> None:
    reasoner = factual(The_tower_has_a_bell=("bell",), The_hall_stands_on_larch=("larch piles",))
    drafts = [DraftStatement("The tower has a bell", of(1)), DraftStatement("The hall stands on larch", of(1))]
    cited = cite(drafts, [WORKS], WORKS_CORPUS, reasoner)
    data = check_to_json(cited.check)
    assert data is not None
    assert check_from_json(data) == cited.check
    assert (data["statements_removed"], data["statements_repaired"], data["citations_removed"]) == (1, 1, 2)
