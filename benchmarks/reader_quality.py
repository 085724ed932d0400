"""What the embedded reader is worth, with the untrained retriever beside it, on sets that it never saw.

    python -m benchmarks.reader_quality DATA [--weights FOLDER] [--limit N] [--claims N] [--records FILE]

- answer: the 12 held-out SQuAD articles, each as one long document, and COVID-QA. Rank of the gold passage, of the
  sentence that holds the answer (strict: in the gold passage), and EM / F1 of the span within the chosen sentence,
  end to end.
- refuse: questions of another article, and SQuAD 2.0's near misses: area under the ROC curve against answerable ones.
- support: held-out entailment sets, area under the ROC curve beside those of a majority, of the claim alone and of the
  share of shared words.

`--limit` takes that many questions of each set, `--claims` that many pairs of each entailment set.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.reader_scores import at, auc, f1, hypothesis_only, normal_answer, overlap, rank_of
from benchmarks.reader_sets import (
    ClaimPair,
    Question,
    TestDocument,
    answer_pairs,
    changed_claims,
    claim_pairs,
    covid,
    held_out_squad,
)
from docqa.documents import Document, Page
from docqa.llm.evidence_reading import SentenceReading
from docqa.llm.onnx_encoder import OnnxEncoder
from docqa.llm.onnx_parts import WEIGHTS, Parts
from docqa.llm.onnx_reader import OnnxReader, joint_score
from docqa.llm.reader import Candidate
from docqa.retrieval.lexical import LexicalIndex
from docqa.retrieval.retriever import Hit, HybridRetriever, IndexedDocument

CLAIM_SETS = (
    "wice_claim_oraclechunk.test fool_me_twice.test fever_symmetric.dev healthver.test control.test qags_cnndm.test "
    "qags_xsum.test frank_cnndm.test begin_wow.dev averitec_qa.dev snli_cad.test mctest_statements.test curr_drop.dev "
    "rte.dev scitail.test summedits_sales_call.test summedits_scitldr.test summedits_news.test summedits_samsum.test "
    "summedits_qmsumm.test"
).split()
SETS = {"squad": held_out_squad, "covid": covid}
N_PASSAGES = 10


@dataclass(frozen=True, slots=True)
class Brain:
    """What is measured."""

    reader: OnnxReader
    encoder: OnnxEncoder | None
    kept: KeptVectors


@dataclass(frozen=True, slots=True)
class Found:
    """One sentence that was read: where it stands, what the retriever and the network say, and whether it is gold."""

    passage: int
    text: str
    retrieved: float
    reading: SentenceReading
    is_gold: bool
    cosine: float


@dataclass(frozen=True, slots=True)
class Read:
    """A question with everything that was read for it."""

    question: Question
    found: tuple[Found, ...]
    passages: tuple[int, ...]


class KeptVectors:
    """Vectors by key, read from a file and written back: the encoder does not change while readers are compared."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._vectors: dict[str, npt.NDArray[np.float32]] = {}
        if path is not None and path.exists():
            with np.load(path) as stored:
                self._vectors = dict(zip(stored["keys"].tolist(), stored["vectors"], strict=True))

    def get(self, keys: Sequence[str]) -> Mapping[str, npt.NDArray[np.float32]]:
        """Those that are known."""
        return {key: self._vectors[key] for key in keys if key in self._vectors}

    def put(self, vectors: Mapping[str, npt.NDArray[np.float32]]) -> None:
        """Remember more."""
        self._vectors.update(vectors)

    def save(self) -> None:
        """Write all to the file."""
        if self._path is not None and self._vectors:
            np.savez(self._path, keys=np.asarray(list(self._vectors)), vectors=np.stack(list(self._vectors.values())))


def retriever_of(document: TestDocument, encoder: OnnxEncoder | None, kept: KeptVectors) -> HybridRetriever:
    """The product's own retriever over the document."""
    index = LexicalIndex.build(document.passages, "en")
    pages = (Page(0, "\n".join(passage.text for passage in document.passages), number=1),)
    source = IndexedDocument(Document(document.name, document.name, pages), document.passages, index)
    return HybridRetriever([source], encoder, kept)


def read_question(question: Question, hits: Sequence[Hit], reader: OnnxReader) -> Read:
    """Let the reader judge every sentence of the passages found."""
    sentences = [(hit.passage, sentence) for hit in hits for sentence in hit.sentences]
    candidates = [
        Candidate(
            passage.text[s.span.start_char - passage.start_char : s.span.end_char - passage.start_char],
            passage.text,
            s.score,
        )
        for passage, s in sentences
    ]
    readings = reader.read(question.text, candidates)
    found = tuple(
        Found(p.number, c.text, s.score, r, _is_gold(question, p.number, c.text, s.span), s.cosine or 0.0)
        for (p, s), c, r in zip(sentences, candidates, readings, strict=True)
    )
    return Read(question, found, tuple(hit.passage.number for hit in hits))


def _is_gold(question: Question, passage: int, text: str, span: Sequence[int]) -> bool:
    if question.gold_span is not None:
        return span[0] < question.gold_span.end_char and question.gold_span.start_char < span[1]
    return passage == question.passage and any(answer in text for answer in question.gold)


def fused(read: Read, weight: float) -> list[Found]:
    """The sentences in the order of network and retriever together."""
    best = max((f.retrieved for f in read.found), default=1.0)
    return sorted(read.found, key=lambda f: -(f.reading.score + weight * f.retrieved / best))


def print_answers(name: str, reads: Sequence[Read], weight: float) -> None:
    """Ranks of passages and sentences, untrained and trained."""
    if any(read.question.passage >= 0 for read in reads):
        orders = {
            "untrained": [list(read.passages) for read in reads],
            "trained": [list(dict.fromkeys(f.passage for f in fused(read, weight))) for read in reads],
        }
        for label, passages in orders.items():
            ranks = [rank_of([p == r.question.passage for p in o]) for o, r in zip(passages, reads, strict=True)]
            print(f"{name:9} passage  {label:9} @1 {at(ranks, 1):5.1f}  @3 {at(ranks, 3):5.1f}  @5 {at(ranks, 5):5.1f}")
    untrained = [rank_of([f.is_gold for f in sorted(r.found, key=lambda f: -f.retrieved)]) for r in reads]
    trained = [rank_of([f.is_gold for f in fused(r, weight)]) for r in reads]
    for label, ranks in (("untrained", untrained), ("trained", trained)):
        print(f"{name:9} sentence {label:9} @1 {at(ranks, 1):5.1f}  @3 {at(ranks, 3):5.1f}  @5 {at(ranks, 5):5.1f}")


def print_spans(reads: Sequence[Read], reader: OnnxReader, weight: float) -> None:
    """EM and F1 of the span in the best sentence: read within its passage, or the sentence read alone."""
    results: dict[str, list[tuple[bool, float]]] = {"in passage": [], "alone": []}
    for read in reads:
        best = fused(read, weight)[0]
        spans = {"in passage": best.reading.span, "alone": reader.find_spans(read.question.text, [best.text])[0]}
        for label, span in spans.items():
            answer = best.text[slice(*span)]
            exact = any(normal_answer(answer) == normal_answer(gold) for gold in read.question.gold)
            results[label].append((exact, max(f1(answer, gold) for gold in read.question.gold)))
    for label, scores in results.items():
        em, mean_f1 = 100 * np.mean(scores, axis=0)
        print(f"squad     span {label:11}  EM {em:5.1f}  F1 {mean_f1:5.1f}")


def answerability(read: Read) -> float:
    """The reader's logit that there is an answer among what was found."""
    return max((joint_score(f.reading) for f in read.found), default=-20.0)


def print_refusals(name: str, answerable: Sequence[Read], others: Sequence[Read]) -> None:
    """Area under the curve of the best cosine (untrained) and of the reader, and the refusals at 5 % false ones."""
    scores = {
        "cosine": lambda read: max((f.cosine for f in read.found), default=0.0),
        "reader": answerability,
    }
    for label, score in scores.items():
        positive, negative = [score(r) for r in answerable], [score(r) for r in others]
        line = np.quantile(positive, 0.05) if positive else 0.0
        caught = 100 * float(np.mean([s < line for s in negative]))
        area = auc(positive, negative)
        print(f"refuse    {name:10} {label:7} AUC {area:.3f}  caught {caught:5.1f} % at 5 % false refusals")


def print_support(name: str, pairs: Sequence[ClaimPair], reader: OnnxReader) -> tuple[float, float, bool]:
    """Areas under the curve of the reader and of the baselines; whether the reader is ahead of them all.

    The claims alone are judged with what all of the set's claims give away; a majority has an area of one half.
    """
    scores = {
        "reader": [verdict.supported for verdict in reader.verdicts([(pair.claim, pair.text) for pair in pairs])],
        "shared words": [overlap(pair) for pair in pairs],
        "claim alone": hypothesis_only(pairs),
    }
    areas = {
        label: auc(
            [v for v, pair in zip(values, pairs, strict=True) if pair.entailed],
            [v for v, pair in zip(values, pairs, strict=True) if not pair.entailed],
        )
        for label, values in scores.items()
    }
    share = np.mean([pair.entailed for pair in pairs])
    each = "  ".join(f"{label} {area:.3f}" for label, area in areas.items())
    print(f"support   {name:28} AUC: {each}  majority .500 ({max(share, 1 - share):.2f})  n {len(pairs)}")
    best = max(0.5, areas["shared words"], areas["claim alone"])
    return areas["reader"], areas["shared words"], areas["reader"] > best


def print_changes(pairs: Sequence[tuple[str, ClaimPair]], reader: OnnxReader) -> None:
    """How many claims are held to be supported, by what was changed in them; network and exact checks together."""
    verdicts: dict[str, list[bool]] = {}
    for kind, pair in pairs:
        verdicts.setdefault(kind, []).append(reader.supports(pair.claim, pair.text).label == "supports")
    for kind, supported in verdicts.items():
        share = 100 * float(np.mean(supported))
        print(f"support   {kind:28} held to be supported {share:5.1f} %  n {len(supported)}")


def ask_all(documents: Sequence[TestDocument], limit: int, brain: Brain) -> tuple[list[Read], list[Read], list[Read]]:
    """Reads of answerable questions, of near misses and of questions of the document before."""
    rng = random.Random(0)
    share = max(1, limit // len(documents))
    answerable, near, foreign = [], [], []
    for i, document in enumerate(documents):
        retriever = retriever_of(document, brain.encoder, brain.kept)

        def ask(question: Question, retriever: HybridRetriever = retriever) -> Read:
            return read_question(question, retriever.retrieve(question.text, N_PASSAGES), brain.reader)

        questions = rng.sample(document.questions, min(share, len(document.questions)))
        answerable += [ask(question) for question in questions]
        if document.unanswerable:
            texts = rng.sample(document.unanswerable, min(share, len(document.unanswerable)))
            near += [ask(Question(text, -2, ())) for text in texts]
        if document.questions and documents[i - 1].questions:
            others = rng.sample(documents[i - 1].questions, min(max(1, share // 2), len(documents[i - 1].questions)))
            foreign += [ask(Question(other.text, -2, ())) for other in others]
    return answerable, near, foreign


def _record(kind: str, read: Read) -> str:
    found = [
        [f.passage, f.is_gold, f.retrieved, f.cosine, f.reading.score, f.reading.span_score, f.reading.answerable]
        for f in read.found
    ]
    return json.dumps({"kind": kind, "question": read.question.text, "gold": read.question.passage, "found": found})


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--documents", type=int, default=None, help="only the first so many of each set")
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    parser.add_argument("--limit", type=int, default=600)
    parser.add_argument("--claims", type=int, default=400)
    parser.add_argument("--weight", type=float, default=8.0, help="of the retriever's score beside the network's")
    parser.add_argument("--no-encoder", action="store_true", help="retrieve by words alone")
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--records", type=Path, default=None, help="also write what was read, one question a line")
    parser.add_argument("--vectors", type=Path, default=None, help="an .npz file that keeps the vectors between runs")
    given = parser.parse_args()
    parts = Parts(given.weights, given.threads)
    reader = OnnxReader(parts)
    brain = Brain(reader, None if given.no_encoder else OnnxEncoder(parts), KeptVectors(given.vectors))
    records: list[str] = []
    for name in given.sets if given.limit else ():
        documents = SETS[name](given.data)[: given.documents]
        answerable, near, foreign = ask_all(documents, given.limit, brain)
        print_answers(name, answerable, given.weight)
        if name == "squad":
            print_spans(answerable, reader, given.weight)
            print_refusals("near miss", answerable, near)
        print_refusals(f"off topic {name[0]}", answerable, foreign)
        kinds = (("answerable", answerable), ("near", near), ("foreign", foreign))
        records += [_record(f"{name}/{kind}", read) for kind, reads in kinds for read in reads]
    brain.kept.save()
    if given.records is not None:
        given.records.write_text("\n".join(records) + "\n", encoding="utf-8")
    if given.claims:
        print_changes(list(changed_claims(held_out_squad(given.data), 8, 0)), reader)
        pairs = list(answer_pairs(held_out_squad(given.data), 0))
        print_support(
            "question + answer, sentence", random.Random(0).sample(pairs, min(len(pairs), 2 * given.claims)), reader
        )
        areas = [print_support(name, claim_pairs(given.data, name, given.claims, 0), reader) for name in CLAIM_SETS]
        ours, theirs, ahead = np.mean(areas, axis=0)
        print(f"support   mean of {len(areas)} sets: AUC {ours:.3f}, shared words {theirs:.3f}")
        print(f"support   ahead of every baseline on {100 * ahead:.0f} % of them")


if __name__ == "__main__":
    main()
