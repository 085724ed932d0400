"""Train the embedded brain: `python -m training.train_reader --part evidence --data DATA --minilm FOLDER --out OUT`.

The parts are `encoder` (questions and texts to vectors), `evidence` (ranks sentences, finds spans, says when there is
no answer), `ranking` (the same network's second training, over several passages at once) and `support` (does a text
support a claim). All start from MiniLM and keep its embeddings, which they share. A stopped run goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import pickle
import time
import zlib
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, nn

from training.batches import EvidenceEpochs, collate_windows, cut_into_batches, window_inputs
from training.claims import ClaimEpochs, ClaimExample, claim_inputs, collate_claims
from training.corpora import ClaimRow, QaRow, load_claims, load_qa
from training.encoder import EncoderModel, PairEpochs, Triple, collate_triples, contrast_loss, load_pairs
from training.feeding import Batch, Feed, Task
from training.heads import EvidenceModel, SupportModel, evidence_loss, support_loss
from training.holdouts import HoldOuts, held_out_texts, without_held_out_claims, without_held_out_questions
from training.negatives import Neighbours, find_names, find_neighbours
from training.optimise import Schedule, train
from training.ranking import Group, GroupEpochs, collate_groups, ranking_losses
from training.trunk import Trunk, TrunkShape, load_base
from training.windows import Window, WindowMaker, WordPieces

T = TypeVar("T")
TOKENS_PER_BATCH = {"encoder": 8192, "evidence": 4096, "ranking": 4096, "support": 4096}
ONE_APART_IN = 50
MOST_CHECKED = 40  # batches


@dataclass(frozen=True, slots=True)
class Places:
    """Where the sets, the tokenizer and the prepared rows are, and how many tokens make a batch."""

    data: Path
    tokenizer: Path
    cache: Path
    n_tokens: int

    def questions(self) -> list[QaRow]:
        """The question rows."""
        return _cached(self.cache / "questions.pickle", lambda: _question_rows(self.data))

    def neighbours(self, rows: list[QaRow]) -> Neighbours:
        """What BM25 finds near each of them."""
        return _cached(self.cache / "neighbours.pickle", lambda: find_neighbours(rows))


def is_apart(key: str) -> bool:
    """Whether a document, or a text that belongs to none, is one of the few that are not trained on but checked."""
    return zlib.crc32(f"aside/{key}".encode()) % ONE_APART_IN == 0


def _question_apart(row: QaRow) -> bool:
    return is_apart(row.context.group if row.context.title else row.context.text)


def _parted(rows: Iterable[T], apart: Callable[[T], bool]) -> tuple[tuple[T, ...], tuple[T, ...]]:
    """The rows to train on, and those that are kept apart."""
    kept: tuple[list[T], list[T]] = ([], [])
    for row in rows:
        kept[apart(row)].append(row)
    return tuple(kept[0]), tuple(kept[1])


def evidence_task(places: Places) -> Task[list[Window]]:
    """The evidence reader's examples and losses."""
    rows = places.questions()
    near, names, maker = places.neighbours(rows), find_names(rows), WindowMaker(WordPieces(places.tokenizer))
    trained, apart = (EvidenceEpochs(part, maker, near, names) for part in _parted(rows, _question_apart))

    def losses(model: nn.Module, batch: Batch) -> dict[str, Tensor]:
        inputs, targets = window_inputs(batch)
        parts = evidence_loss(model(*inputs), targets)
        return {"span": 0.5 * parts["span"], "sentence": parts["sentence"], "answerable": 0.5 * parts["answerable"]}

    return Task(
        lambda rng: cut_into_batches(trained.draw(rng), places.n_tokens, rng),
        collate_windows,
        losses,
        lambda rng: cut_into_batches(apart.draw(rng), places.n_tokens, rng)[:MOST_CHECKED],
    )


def ranking_task(places: Places) -> Task[list[Group]]:
    """The examples and losses of the evidence reader's second training."""
    rows = places.questions()
    near, names = places.neighbours(rows), find_names(rows)
    maker = WindowMaker(WordPieces(places.tokenizer), narrow=0.1)
    trained, apart = (GroupEpochs(part, maker, near, names) for part in _parted(rows, _question_apart))
    return Task(
        lambda rng: trained.draw(rng, places.n_tokens),
        collate_groups,
        ranking_losses,
        lambda rng: apart.draw(rng, places.n_tokens)[:MOST_CHECKED],
    )


def support_task(places: Places) -> Task[list[ClaimExample]]:
    """The support checker's examples and losses."""
    rows = places.questions()
    near, names, pieces = places.neighbours(rows), find_names(rows), WordPieces(places.tokenizer)
    claims = _cached(places.cache / "claims.pickle", lambda: _claim_rows(places.data))
    parted = zip(_parted(claims, lambda row: is_apart(row.text)), _parted(rows, _question_apart), strict=True)
    trained, apart = (ClaimEpochs(stated, asked, near, names, pieces) for stated, asked in parted)

    def losses(model: nn.Module, batch: Batch) -> dict[str, Tensor]:
        token_ids, segments, labels = claim_inputs(batch)
        return {"verdict": support_loss(model(token_ids, segments), labels)}

    return Task(
        lambda rng: cut_into_batches(trained.draw(rng), places.n_tokens, rng),
        collate_claims,
        losses,
        lambda rng: cut_into_batches(apart.draw(rng), places.n_tokens, rng)[:MOST_CHECKED],
    )


def encoder_task(places: Places) -> Task[list[Triple]]:
    """The encoder's examples and loss."""
    rows = places.questions()
    near, pieces = places.neighbours(rows), WordPieces(places.tokenizer)
    pairs = _cached(places.cache / "pairs.pickle", lambda: _pairs(places.data))
    parted = zip(_parted(rows, _question_apart), _parted(pairs, lambda pair: is_apart(pair[1])), strict=True)
    trained, apart = (PairEpochs(asked, paired, near, pieces) for asked, paired in parted)
    return Task(
        lambda rng: trained.draw(rng, places.n_tokens),
        collate_triples,
        lambda model, batch: {"contrast": contrast_loss(model, batch)},
        lambda rng: apart.draw(rng, places.n_tokens)[:MOST_CHECKED],
    )


MODELS: dict[str, Callable[[Trunk], nn.Module]] = {
    "encoder": EncoderModel,
    "evidence": EvidenceModel,
    "ranking": EvidenceModel,
    "support": SupportModel,
}


def new_model(part: str, trunk: Trunk) -> nn.Module:
    """An untrained model of a part; the embeddings are frozen, so that all parts can share them."""
    for parameter in trunk.embeddings.parameters():
        parameter.requires_grad_(False)
    return MODELS[part](trunk)


def _fitting(weights: dict[str, Tensor], model: nn.Module) -> dict[str, Tensor]:
    """The weights of another part that this model has too."""
    shapes = {name: weight.shape for name, weight in model.state_dict().items()}
    return {name: weight for name, weight in weights.items() if shapes.get(name) == weight.shape}


def _question_rows(data: Path) -> list[QaRow]:
    rows, _ = load_qa(data)
    return without_held_out_questions(rows, HoldOuts(held_out_texts(data)))


def _claim_rows(data: Path) -> list[ClaimRow]:
    return without_held_out_claims(load_claims(data), HoldOuts(held_out_texts(data)))


def _pairs(data: Path) -> tuple[tuple[str, str], ...]:
    held_out = HoldOuts(held_out_texts(data))
    return tuple(pair for pair in load_pairs(data) if not any(map(held_out.holds, pair)))


def _cached(path: Path, make: Callable[[], T]) -> T:
    """What `make` gives, kept in a file of our own between runs."""
    if path.exists():
        kept: T = pickle.loads(path.read_bytes())  # written by this program earlier, never received
        return kept
    made = make()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pickle.dumps(made))
    return made


def awaited(path: Path, seconds: float = 1800.0) -> Path:
    """The path, once another training has written it; raises TimeoutError when it does not come."""
    until = time.monotonic() + seconds
    while not path.exists():
        if time.monotonic() > until:
            raise TimeoutError(f"{path} did not come within {seconds:.0f} seconds")
        time.sleep(0.5)
    return path


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=MODELS, required=True)
    for name, about in (("data", "the sets"), ("minilm", "the base weights and their tokenizer"), ("out", "the run")):
        parser.add_argument(f"--{name}", type=Path, required=True, help=f"folder of {about}")
    parser.add_argument("--cache", type=Path, help="where prepared rows are kept; default OUT/cache")
    parser.add_argument("--start", type=Path, help="averages to begin with, as far as the parts are alike")
    parser.add_argument("--n-steps", type=int, default=6000)
    parser.add_argument("--n-decay", type=int, default=1500)
    parser.add_argument("--n-warmup", type=int, default=150)
    parser.add_argument("--snapshot", type=int, default=0, help="keep the averages after so many steps besides")
    parser.add_argument("--checkpoint-every", type=int, default=50)
    parser.add_argument("--rate", type=float, default=2e-4)
    parser.add_argument("--dropout", type=float, default=0.0)
    parser.add_argument("--tokens", type=int, help="of a batch, with padding; default 4,096 (encoder 8,192)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--workers", type=int, default=0, help="processes that draw epochs ahead")
    parser.add_argument("--seconds", type=float, help="end after so long from now, the rate falling in good time")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    return parser.parse_args()


def main() -> None:
    """Read the command line and train."""
    given = _arguments()
    until = None if given.seconds is None else time.monotonic() + given.seconds
    torch.set_num_threads(given.threads)
    given.out.mkdir(parents=True, exist_ok=True)
    n_tokens = given.tokens or TOKENS_PER_BATCH[given.part]
    places = Places(given.data, given.minilm / "tokenizer.json", given.cache or given.out / "cache", n_tokens)
    schedule = Schedule(
        given.n_steps,
        given.n_decay,
        given.rate,
        n_warmup=given.n_warmup,
        seed=given.seed,
        snapshot=given.snapshot,
        checkpoint_every=given.checkpoint_every,
    )
    about = {**asdict(schedule), "tokens": n_tokens, "dropout": given.dropout, "device": given.device}
    (given.out / "schedule.json").write_text(json.dumps(about, indent=1))
    if given.part == "encoder":
        _run(encoder_task(places), given, schedule, until)
    elif given.part == "evidence":
        _run(evidence_task(places), given, schedule, until)
    elif given.part == "ranking":
        _run(ranking_task(places), given, schedule, until)
    else:
        _run(support_task(places), given, schedule, until)


def _run(task: Task[T], given: argparse.Namespace, schedule: Schedule, until: float | None) -> None:
    feed = Feed(task, given.seed, given.workers)
    torch.manual_seed(given.seed)
    model = new_model(given.part, load_base(given.minilm, TrunkShape(dropout=given.dropout)))
    if given.start is not None:
        averages = torch.load(awaited(given.start), weights_only=True)["averages"]
        model.load_state_dict(_fitting(averages, model), strict=False)
    try:
        train(model.to(given.device), feed, schedule, given.out, until)
    finally:
        feed.close()


if __name__ == "__main__":
    main()
