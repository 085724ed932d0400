"""Train the embedded brain: `python -m training.train_reader --part evidence --data DATA --minilm FOLDER --out OUT`.

The parts are `encoder` (questions and texts to vectors), `evidence` (ranks sentences, finds spans, says when there is
no answer), `ranking` (the same network's second training, over several passages at once) and `support` (does a text
support a claim). All start from MiniLM and keep its embeddings, which they share. A stopped run goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import pickle
import random
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, nn

from training.batches import EvidenceEpochs, collate_windows, cut_into_batches
from training.claims import ClaimEpochs, ClaimExample, collate_claims
from training.corpora import ClaimRow, QaRow, load_claims, load_qa
from training.encoder import EncoderModel, PairEpochs, Triple, contrast_loss, load_pairs
from training.heads import EvidenceModel, SupportModel, evidence_loss, support_loss
from training.holdouts import HoldOuts, held_out_texts, without_held_out_claims, without_held_out_questions
from training.negatives import find_names, find_neighbours
from training.optimise import Schedule, Task, train
from training.ranking import Group, GroupEpochs, ranking_losses
from training.trunk import Trunk, load_minilm
from training.windows import Window, WindowMaker, WordPieces

TOKENS_PER_BATCH = 4096
T = TypeVar("T")


def evidence_task(data: Path, minilm: Path, cache: Path) -> Task[list[Window]]:
    """The evidence reader's examples and losses."""
    rows = _cached(cache / "questions.pickle", lambda: _question_rows(data))
    neighbours = _cached(cache / "neighbours.pickle", lambda: find_neighbours(rows))
    epochs = EvidenceEpochs(
        tuple(rows), WindowMaker(WordPieces(minilm / "tokenizer.json")), neighbours, find_names(rows)
    )

    def losses(model: nn.Module, batch: list[Window]) -> dict[str, Tensor]:
        inputs, targets = collate_windows(batch)
        parts = evidence_loss(model(*inputs), targets)
        return {"span": 0.5 * parts["span"], "sentence": parts["sentence"], "answerable": 0.5 * parts["answerable"]}

    return Task(lambda rng: cut_into_batches(epochs.draw(rng), TOKENS_PER_BATCH, rng), losses)


def ranking_task(data: Path, minilm: Path, cache: Path) -> Task[list[Group]]:
    """The examples and losses of the evidence reader's second training."""
    rows = _cached(cache / "questions.pickle", lambda: _question_rows(data))
    neighbours = _cached(cache / "neighbours.pickle", lambda: find_neighbours(rows))
    maker = WindowMaker(WordPieces(minilm / "tokenizer.json"), narrow=0.1)
    epochs = GroupEpochs(tuple(rows), maker, neighbours, find_names(rows))
    return Task(lambda rng: epochs.draw(rng, TOKENS_PER_BATCH), ranking_losses)


def support_task(data: Path, minilm: Path, cache: Path) -> Task[list[ClaimExample]]:
    """The support checker's examples and losses."""

    rows = _cached(cache / "questions.pickle", lambda: _question_rows(data))
    neighbours = _cached(cache / "neighbours.pickle", lambda: find_neighbours(rows))
    claims = _cached(cache / "claims.pickle", lambda: _claim_rows(data))
    epochs = ClaimEpochs(
        tuple(claims), tuple(rows), neighbours, find_names(rows), WordPieces(minilm / "tokenizer.json")
    )

    def losses(model: nn.Module, batch: list[ClaimExample]) -> dict[str, Tensor]:
        token_ids, segments, labels = collate_claims(batch)
        return {"verdict": support_loss(model(token_ids, segments), labels)}

    return Task(lambda rng: cut_into_batches(epochs.draw(rng), TOKENS_PER_BATCH, rng), losses)


def encoder_task(data: Path, minilm: Path, cache: Path) -> Task[list[Triple]]:
    """The encoder's examples and loss."""
    rows = _cached(cache / "questions.pickle", lambda: _question_rows(data))
    neighbours = _cached(cache / "neighbours.pickle", lambda: find_neighbours(rows))
    pairs = _cached(cache / "pairs.pickle", lambda: _pairs(data))
    epochs = PairEpochs(tuple(rows), pairs, neighbours, WordPieces(minilm / "tokenizer.json"))
    return Task(epochs.draw, lambda model, batch: {"contrast": contrast_loss(model, batch)})


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


def main() -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=MODELS, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--minilm", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--cache", type=Path, default=None, help="where prepared rows are kept; default OUT/cache")
    parser.add_argument(
        "--start", type=Path, default=None, help="a checkpoint to begin with, as far as the parts are alike"
    )
    parser.add_argument("--n-steps", type=int, default=6000)
    parser.add_argument("--n-decay", type=int, default=1500)
    parser.add_argument("--snapshot", type=int, default=0, help="keep the state after so many steps besides")
    parser.add_argument("--rate", type=float, default=2e-4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    torch.manual_seed(given.seed)
    random.seed(given.seed)
    schedule = Schedule(given.n_steps, given.n_decay, given.rate, seed=given.seed, snapshot=given.snapshot)
    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / "schedule.json").write_text(json.dumps(asdict(schedule), indent=1))
    trunk = load_minilm(given.minilm / "model.safetensors")
    model = new_model(given.part, trunk)
    if given.start is not None:
        averages = torch.load(given.start, weights_only=True)["averages"]
        model.load_state_dict(_fitting(averages, model), strict=False)
    cache = given.cache or given.out / "cache"
    places = (given.data, given.minilm, cache)
    if given.part == "encoder":
        train(model, encoder_task(*places), schedule, given.out)
    elif given.part == "evidence":
        train(model, evidence_task(*places), schedule, given.out)
    elif given.part == "ranking":
        train(model, ranking_task(*places), schedule, given.out)
    else:
        train(model, support_task(*places), schedule, given.out)


if __name__ == "__main__":
    main()
