# mypy: ignore-errors
"""The shipped graphs compute what the trained networks compute, and a stopped run goes on as if it never stopped.

Needs torch and onnx, which only the training uses; without them nothing here is run.
"""

from __future__ import annotations

import json
import random
import time
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

# not by import statements: type checkers would follow them to torch, which the house need not have installed
batches, feeding, heads, graphs, optimise, trunk, windows = (
    import_module(f"training.{name}")
    for name in ("batches", "feeding", "heads", "onnx_graphs", "optimise", "trunk", "windows")
)

SHAPE = trunk.TrunkShape(n_layers=2, n_words=200)


def weights_of(model: torch.nn.Module) -> dict[str, np.ndarray]:
    return {name: weight.detach().numpy() for name, weight in model.state_dict().items()}


def run(model: object, inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return list(session.run(None, inputs))


@pytest.fixture
def batch() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    ids = torch.randint(1, 200, (3, 24))
    ids[1, 20:] = 0
    segments = torch.zeros_like(ids)
    segments[:, 8:] = 1
    membership = torch.zeros(3, 2, 24)
    membership[:, 0, 8:14] = 1
    membership[:, 1, 14:20] = 1
    return {"ids": ids, "segments": segments, "membership": membership}


def as_inputs(network: torch.nn.Module, batch: dict[str, torch.Tensor]) -> dict[str, np.ndarray]:
    states = network.embeddings(batch["ids"], batch["segments"]).detach().numpy()
    return {"states": states, "present": (batch["ids"] != 0).float().numpy()}


def test_the_evidence_graph_agrees_with_the_network(batch: dict[str, torch.Tensor]) -> None:
    model = heads.EvidenceModel(trunk.Trunk(SHAPE)).eval()
    with torch.no_grad():
        expected = model(batch["ids"], batch["segments"], batch["membership"])
    inputs = {**as_inputs(model.trunk, batch), "membership": batch["membership"].numpy()}
    for ours, theirs in zip(run(graphs.evidence_graph(weights_of(model), {}), inputs), expected, strict=True):
        present = slice(None, 20)
        ours, theirs = (ours[:, present], theirs[:, present]) if ours.ndim == 3 else (ours, theirs)
        np.testing.assert_allclose(ours, theirs.numpy(), atol=0.08)


def test_the_support_graph_agrees_with_the_network(batch: dict[str, torch.Tensor]) -> None:
    model = heads.SupportModel(trunk.Trunk(SHAPE)).eval()
    with torch.no_grad():
        expected = model(batch["ids"], batch["segments"]).numpy()
    found = run(graphs.support_graph(weights_of(model), {}), as_inputs(model.trunk, batch))[0]
    np.testing.assert_allclose(found, expected, atol=0.08)


def test_rounding_to_int8_is_off_by_half_a_step_at_most() -> None:
    matrix = np.random.default_rng(0).normal(size=(5, 128)).astype(np.float32)
    rows, scale = graphs.int8_rows(matrix)
    assert np.all(np.abs(rows * scale - matrix) <= scale / 2 + 1e-6)
    blocks, scales = graphs.int8_blocks(matrix)
    restored = (blocks.astype(np.float32) - 128) * scales.reshape(5, 2, 1)
    assert np.all(np.abs(restored.reshape(5, 128) - matrix) <= scales.reshape(5, 2).repeat(64, axis=1) / 2 + 1e-6)


def test_a_verdict_of_not_supported_leaves_open_why() -> None:
    logits = torch.tensor([[-9.0, 0.0, 9.0], [-9.0, 9.0, 0.0]])
    assert heads.support_loss(logits, torch.tensor([3, 3])).item() == pytest.approx(0, abs=1e-3)
    assert heads.support_loss(logits, torch.tensor([0, 0])).item() > 15


def test_the_rate_rises_stays_and_falls_to_nothing() -> None:
    schedule = optimise.Schedule(n_steps=1000, n_decay=200, rate=1e-4, n_warmup=100)
    assert schedule.rate_at(49) == pytest.approx(5e-5)
    assert schedule.rate_at(500) == pytest.approx(1e-4)
    assert schedule.rate_at(900) == pytest.approx(5e-5)
    assert schedule.rate_at(1000) == 0


class _Example:
    def __init__(self, n: int) -> None:
        self.ids = [1] * n


def test_batches_have_one_padded_length_and_hold_every_example_once() -> None:
    examples = [_Example(n) for n in (5, 9, 16, 17, 30, 33, 170, 3, 16)]
    found = batches.cut_into_batches(examples, 64, random.Random(0))
    assert sorted(id(example) for batch in found for example in batch) == sorted(map(id, examples))
    for batch in found:
        lengths = {-(-len(example.ids) // 16) * 16 for example in batch}
        assert len(lengths) == 1
        assert len(batch) == 1 or len(batch) * lengths.pop() <= 64


class _Stopped(Exception):
    """Stands for the kill of a process."""


def _small_task(stop_after: int = 10**6) -> object:
    n_seen = 0

    def losses(network: torch.nn.Module, batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        nonlocal n_seen
        n_seen += 1
        if n_seen > stop_after:
            raise _Stopped
        x = batch["x"]
        return {"fit": (network(x.bfloat16()).float().squeeze(1) - x.sum(1)).square().mean()}

    def drawn(rng: random.Random) -> list[list[list[float]]]:
        return [[[rng.random() for _ in range(4)] for _ in range(8)] for _ in range(7)]

    return feeding.Task(drawn, lambda rows: {"x": torch.tensor(rows)}, losses, lambda rng: drawn(rng)[:2])


def _small_run(
    folder: Path, n_steps: int, stop_after: int = 10**6, n_workers: int = 0, **more: object
) -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    model = torch.nn.Sequential(torch.nn.Dropout(0.1), torch.nn.Linear(4, 1))
    schedule = optimise.Schedule(
        n_steps, 15, rate=0.05, n_warmup=2, checkpoint_every=10, log_every=5, check_every=20, snapshot=20
    )
    feed = feeding.Feed(_small_task(stop_after), schedule.seed, n_workers)
    try:
        optimise.train(model, feed, schedule, folder, **more)
    finally:
        feed.close()
    saved = torch.load(folder / "checkpoint.pt", weights_only=True)
    return {**saved["masters"], **{f"average {name}": weight for name, weight in saved["averages"].items()}}


def test_a_stopped_run_goes_on_as_if_it_never_stopped(tmp_path: Path) -> None:
    whole = _small_run(tmp_path / "whole", 40)
    with pytest.raises(_Stopped):
        _small_run(tmp_path / "stopped", 40, stop_after=26)
    resumed = _small_run(tmp_path / "stopped", 40)
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_processes_that_draw_ahead_change_nothing(tmp_path: Path) -> None:
    alone = _small_run(tmp_path / "alone", 30)
    helped = _small_run(tmp_path / "helped", 30, n_workers=2)
    assert all(torch.equal(alone[name], helped[name]) for name in alone)


def test_a_run_ends_by_the_clock_with_weights_to_export(tmp_path: Path) -> None:
    _small_run(tmp_path / "first", 2)  # loads what the first step of a process needs
    state = _small_run(tmp_path, 10**6, until=time.monotonic() + 2)
    ended = torch.load(tmp_path / "weights.pt", weights_only=True)
    assert 20 < ended["step"] < 10**6
    for name, average in ended["averages"].items():
        torch.testing.assert_close(average.float(), state[f"average {name}"], atol=1e-3, rtol=1e-3)
    assert torch.load(optimise.snapshot_path(tmp_path, 20), weights_only=True)["step"] == 20


def test_a_run_whose_time_is_over_before_it_begins_ends(tmp_path: Path) -> None:
    _small_run(tmp_path, 15, stop_after=0, until=time.monotonic() - 1)
    assert torch.load(tmp_path / "weights.pt", weights_only=True)["step"] == 0


def test_the_rate_falls_in_good_time_when_the_clock_ends_a_run() -> None:
    schedule = optimise.Schedule(n_steps=1000, n_decay=200, rate=1e-4, n_warmup=1)
    assert schedule.rate_at(300, time_left=0.5) == pytest.approx(1e-4)
    assert schedule.rate_at(300, time_left=0.1) == pytest.approx(5e-5)
    assert schedule.rate_at(300, time_left=0.0) == 0


def test_a_batch_of_windows_becomes_inputs_and_targets() -> None:
    long = windows.Window([101, 7, 8, 102, 9, 9, 9, 9, 102], 2, ((4, 6), (6, 8)), (1, 0), 4, 5, 1)
    short = windows.Window([101, 7, 102, 9, 102], 1, ((3, 4),), (-100,), 0, 0, 0)
    (ids, segments, membership), targets = batches.window_inputs(batches.collate_windows([long, short]))
    assert ids.shape == (2, 16)
    assert segments[0].tolist() == [0] * 4 + [1] * 5 + [0] * 7
    assert membership[0].nonzero().tolist() == [[0, 4], [0, 5], [1, 6], [1, 7]]
    assert membership[1].nonzero().tolist() == [[0, 3]]
    assert (targets["readable"][1] == 0).nonzero().flatten().tolist() == [0, 3]
    assert targets["labels"].tolist() == [[1, 0], [-100, -100]]
    assert [targets[name].tolist() for name in ("start", "end", "answerable")] == [[4, 0], [5, 0], [1, 0]]


def test_losses_without_a_known_label_are_nothing() -> None:
    unknown = torch.full((2,), -100)
    targets = {"start": unknown, "end": unknown, "answerable": unknown, "labels": unknown[:, None]}
    outputs = (torch.randn(2, 5, 2), torch.randn(2, 1), torch.randn(2))
    losses = heads.evidence_loss(outputs, {**targets, "readable": torch.zeros(2, 5)})
    assert [loss.item() for loss in losses.values()] == [0, 0, 0]


def test_a_small_copy_of_a_trunk_is_near_the_trunk(tmp_path: Path) -> None:
    torch.manual_seed(0)
    whole = trunk.Trunk(SHAPE)
    trunk.save_small(whole, tmp_path / "trunk.safetensors")
    small = trunk.load_base(tmp_path, SHAPE).state_dict()
    for name, weight in whole.state_dict().items():
        torch.testing.assert_close(small[name], weight, atol=0.02, rtol=1e-3)


def test_training_lowers_the_loss_and_logs_it(tmp_path: Path) -> None:
    _small_run(tmp_path, 60)
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    for name, n_lines in (("fit", 12), ("check_fit", 3)):
        losses = [line[name] for line in lines if name in line]
        assert len(losses) == n_lines
        assert losses[-1] < losses[0] / 4


def test_a_reader_is_the_mean_of_its_trainings_and_of_the_two_networks() -> None:
    export = import_module("training.export")

    def ended(value: float) -> object:
        return export.Finished({"layer": torch.full((2,), value)}, {"step": int(value)})

    newer = export.two_trainings(ended(2.0), ended(4.0))
    assert newer.averages["layer"].tolist() == [3.0, 3.0]
    mixed = export.two_networks(export.two_trainings(ended(8.0), ended(14.0)), newer)
    assert mixed.averages["layer"].tolist() == [7.0, 7.0]
    assert (mixed.about["step"], mixed.about["first"]["step"]) == (4, 2)
    assert (mixed.about["earlier"]["step"], mixed.about["earlier"]["first"]["step"]) == (14, 8)


def test_a_plot_has_a_curve_for_every_loss() -> None:
    plot = import_module("training.plot")
    names = ["ranked", "placed", "span", "sentence", "answerable"]
    names += [f"check_{name}" for name in names]
    picture = plot.draw({name: [(50, 1.0), (100, 0.5)] for name in names})
    assert picture.count("<polyline") == len(names)
    assert all(f">{name}</text>" in picture for name in names)
