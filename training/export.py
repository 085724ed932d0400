"""Write the shipped files: `python -m training.export --minilm F --encoder RUN --evidence RUN --ranking RUN …`.

`embeddings.npz` (int8 rows and their scales, shared by all parts), `tokenizer.json`, `encoder.onnx`, `evidence.onnx`,
`support.onnx` and `made.json`, which records where they come from: seed, steps, commit, hashes of data and files, and
three scores that whoever loads the files can compute again.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import torch

from docqa.llm.evidence_reading import Passage, read_evidence
from docqa.llm.onnx_encoder import OnnxEncoder
from docqa.llm.onnx_parts import Parts
from docqa.llm.onnx_reader import OnnxReader
from docqa.text import sentences
from training.encoder import mean_weights
from training.licences import CLAIM_SETS, PAIR_SETS, QA_SETS
from training.onnx_graphs import encoder_graph, evidence_graph, int8_rows, save, support_graph
from training.trunk import MINILM_SHA256, Trunk, load_minilm

Float32 = npt.NDArray[np.float32]
ENCODER_SHARE = 0.5  # of the way from MiniLM's weights to the trained ones
RANKING_SHARE = 0.5  # of the way from the evidence reader's weights to those after its second training
NEWER_SHARE = 0.5  # of the way from an earlier network's weights to the newer one's, where both are given


def _numpy(weights: Mapping[str, torch.Tensor]) -> dict[str, Float32]:
    return {name: weight.detach().float().numpy() for name, weight in weights.items()}


def save_embeddings(trunk: Trunk, path: Path) -> None:
    """The embeddings as int8 rows with a scale each; positions and segments in half precision."""
    words, scales = int8_rows(trunk.embeddings.word_embeddings.weight.detach().numpy())
    np.savez(
        path,
        words=words,
        scales=scales,
        positions=trunk.embeddings.position_embeddings.weight.detach().numpy().astype(np.float16),
        segments=trunk.embeddings.token_type_embeddings.weight.detach().numpy(),
        norm_weight=trunk.embeddings.LayerNorm.weight.detach().numpy(),
        norm_bias=trunk.embeddings.LayerNorm.bias.detach().numpy(),
    )


def save_tokenizer(source: Path, path: Path) -> None:
    """The tokenizer without its truncation and padding, which belong to one model only."""
    tokenizer = json.loads(source.read_text(encoding="utf-8"))
    tokenizer["truncation"] = tokenizer["padding"] = None
    path.write_text(json.dumps(tokenizer, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")


def data_hashes(data: Path) -> dict[str, str]:
    """SHA-256 of every file that was trained on."""
    used = [source.name for source in (*QA_SETS, *PAIR_SETS, *CLAIM_SETS) if source.used]
    paths = [data / f"{name}.json" if name.startswith("squad/") else data / f"train/{name}.jsonl.gz" for name in used]
    return {str(path.relative_to(data)): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def _commit() -> str:
    asked = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    return asked.stdout.strip() if asked.returncode == 0 else "none"


@dataclass(frozen=True, slots=True)
class Finished:
    """A run that has ended: its averaged weights, and its schedule and last step."""

    averages: Mapping[str, torch.Tensor]
    about: dict[str, Any]


def finished(run: Path) -> Finished:
    """Read a run's folder."""
    ended = run / "weights.pt"
    kept = torch.load(ended if ended.exists() else run / "checkpoint.pt", weights_only=True, map_location="cpu")
    schedule = json.loads((run / "schedule.json").read_text(encoding="utf-8"))
    averages = {name: weight.float() for name, weight in kept["averages"].items()}
    return Finished(averages, {"schedule": schedule, "step": kept["step"]})


def half_way(base: Mapping[str, torch.Tensor], done: Finished) -> Finished:
    """The encoder: MiniLM's weights moved by ENCODER_SHARE of the way to the trained ones."""
    return Finished(mean_weights(base, done.averages, ENCODER_SHARE), {**done.about, "share": ENCODER_SHARE})


def two_trainings(evidence: Finished, ranking: Finished) -> Finished:
    """The evidence reader: its weights moved by RANKING_SHARE of the way to those after its second training."""
    weights = mean_weights(evidence.averages, ranking.averages, RANKING_SHARE)
    return Finished(weights, {**ranking.about, "first": evidence.about, "share": RANKING_SHARE})


def two_networks(earlier: Finished, newer: Finished) -> Finished:
    """A network's weights moved by NEWER_SHARE of the way to those of another that began as it did.

    Means of fine-tunings that share their beginning are often better than each of them (Wortsman et al. 2022, "Model
    soups", arXiv:2203.05482).
    """
    weights = mean_weights(earlier.averages, newer.averages, NEWER_SHARE)
    return Finished(weights, {**newer.about, "earlier": earlier.about, "newer_share": NEWER_SHARE})


Graph = Callable[[Mapping[str, Float32], Mapping[str, str]], onnx.ModelProto]
GRAPHS: dict[str, Graph] = {"encoder": encoder_graph, "evidence": evidence_graph, "support": support_graph}


def export_part(
    graph: Graph,
    done: Finished,
    path: Path,
    made: Mapping[str, Any],
) -> dict[str, Any]:
    """Write weights as a graph and return what is known about their making."""
    save(graph(_numpy(done.averages), {"made": json.dumps({**made, **done.about}, sort_keys=True)}), path)
    return done.about


CHECK_TEXTS = {
    "question": "Who designed the Harrow Bridge?",
    "claim": "Marta Kessler was the designer of the bridge.",
    "text": "The Harrow Bridge crosses the Tamsin. It was designed by Marta Kessler in 1932. It has two lanes.",
}


def recorded_scores(folder: Path) -> dict[str, Any]:
    """One score of each part on fixed texts, computed from the written files as the product computes them."""
    parts = Parts(folder, n_threads=1)
    question, claim, text = CHECK_TEXTS["question"], CHECK_TEXTS["claim"], CHECK_TEXTS["text"]
    vectors = OnnxEncoder(parts).encode_queries([question, text])
    readings = read_evidence(parts, question, [Passage(text, tuple(sentences(text)))])[0]
    return {
        "texts": CHECK_TEXTS,
        "cosine": round(float(vectors[0] @ vectors[1]), 5),
        "sentence_logits": [round(reading.score, 4) for reading in readings],
        "supported": round(OnnxReader(parts).verdicts([(claim, text)])[0].supported, 5),
    }


def main() -> None:
    """Read the command line and write the files."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("minilm", "encoder", "evidence", "ranking", "support", "data", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument(
        "--earlier",
        type=Path,
        nargs=3,
        metavar=("EVIDENCE", "RANKING", "SUPPORT"),
        help="the runs of another training, with which the evidence reader and the support checker are half mixed",
    )
    parser.add_argument(
        "--only", choices=GRAPHS, nargs="+", default=list(GRAPHS), help="write these; the others stay as they are"
    )
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    trunk = load_minilm(given.minilm / "model.safetensors")
    save_embeddings(trunk, given.out / "embeddings.npz")
    save_tokenizer(given.minilm / "tokenizer.json", given.out / "tokenizer.json")
    data_digest = data_hashes(given.data)
    made: dict[str, Any] = {
        "base": {"name": "all-MiniLM-L6-v2", "sha256": MINILM_SHA256},
        "commit": _commit(),
        "data": hashlib.sha256(json.dumps(data_digest, sort_keys=True).encode()).hexdigest(),
    }
    networks = {
        "evidence": two_trainings(finished(given.evidence), finished(given.ranking)),
        "support": finished(given.support),
    }
    if given.earlier is not None:
        evidence, ranking, support = map(finished, given.earlier)
        earlier = {"evidence": two_trainings(evidence, ranking), "support": support}
        networks = {part: two_networks(earlier[part], newer) for part, newer in networks.items()}
    base = {f"trunk.{name}": weight for name, weight in trunk.state_dict().items()}
    networks["encoder"] = half_way(base, finished(given.encoder))
    known = given.out / "made.json"
    parts = json.loads(known.read_text(encoding="utf-8"))["parts"] if known.exists() else {}
    for part in given.only:
        parts[part] = export_part(GRAPHS[part], networks[part], given.out / f"{part}.onnx", made)
    files = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(given.out.iterdir())
        if path.suffix in (".onnx", ".npz") or path.name == "tokenizer.json"
    }
    checks = recorded_scores(given.out)
    record = {**made, "parts": parts, "data_sha256": data_digest, "files": files, "checks": checks}
    known.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
