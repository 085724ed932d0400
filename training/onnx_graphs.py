"""Writes a trained part as an ONNX graph by hand: matrices as int8 with a scale for every 64 weights, the rest float32.

onnxruntime multiplies such matrices as they are (`MatMulNBits`), so that a part is loaded in 30 ms; widening them
at load took 100 to 150 ms and was no faster afterwards. Cosine of the encoder to float32: .9994, against .9992 with
one scale for each column. The graph begins behind the embeddings: all parts share those, and the runtime looks them
up itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

Weights = Mapping[str, npt.NDArray[np.float32]]
OPSET = 20
N_HEADS = 12
BLOCK = 64  # weights that share a scale


def int8_rows(matrix: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """Round a matrix to int8 with one scale for each row; shapes (n, m) and (n, 1)."""
    scale = np.maximum(np.abs(matrix).max(axis=1, keepdims=True), 1e-8).astype(np.float32) / np.float32(127)
    return np.round(matrix / scale).astype(np.int8), scale


def int8_blocks(matrix: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32]]:
    """Round to 8 bits around 128 with a scale for every 64 inputs; shapes (n, m / 64, 64) and (n * m / 64,)."""
    blocks = matrix.reshape(matrix.shape[0], -1, BLOCK)
    scales = np.maximum(np.abs(blocks).max(axis=-1), 1e-8).astype(np.float32) / np.float32(127)
    return (np.round(blocks / scales[..., None]) + 128).astype(np.uint8), scales.reshape(-1)


class GraphWriter:
    """Collects nodes and constants; every method returns the name of what it made."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, onnx.TensorProto] = {}
        self._n_made = 0

    def node(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """Add a node with one output."""
        self._n_made += 1
        output = f"{kind.lower()}_{self._n_made}"
        self._nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def name_output(self, made: str, name: str) -> None:
        """Give a result the name under which the graph returns it."""
        self._nodes.append(helper.make_node("Identity", [made], [name]))

    def constant(self, name: str, value: npt.NDArray[np.generic]) -> str:
        """Add a constant once."""
        if name not in self._constants:
            self._constants[name] = numpy_helper.from_array(np.asarray(value, order="C"), name)
        return name

    def ints(self, *values: int) -> str:
        """A constant of 64-bit integers."""
        return self.constant("ints_" + "_".join(map(str, values)), np.asarray(values, np.int64))

    def linear(self, states: str, name: str) -> str:
        """A layer `name.weight`, `name.bias`; its matrix as int8 blocks unless it is a small head."""
        matrix = self._weights[f"{name}.weight"]
        if matrix.shape[0] < BLOCK:
            product = self.node("MatMul", states, self.constant(f"{name}.weight", matrix.T))
        else:
            product = self._blocked_product(states, name, matrix)
        return self.node("Add", product, self.constant(f"{name}.bias", self._weights[f"{name}.bias"]))

    def _blocked_product(self, states: str, name: str, matrix: npt.NDArray[np.float32]) -> str:
        packed, scales = int8_blocks(matrix)
        constants = [self.constant(f"{name}.int8", packed), self.constant(f"{name}.scale", scales)]
        sizes = {"N": matrix.shape[0], "K": matrix.shape[1], "bits": 8, "block_size": BLOCK, "accuracy_level": 4}
        return self.node("MatMulNBits", states, *constants, domain="com.microsoft", **sizes)

    def norm(self, states: str, name: str) -> str:
        """A layer norm `name.weight`, `name.bias`."""
        parts = [self.constant(f"{name}.{kind}", self._weights[f"{name}.{kind}"]) for kind in ("weight", "bias")]
        return self.node("LayerNormalization", states, *parts, axis=-1, epsilon=1e-12)

    def model(
        self,
        inputs: Sequence[onnx.ValueInfoProto],
        outputs: Sequence[onnx.ValueInfoProto],
        properties: Mapping[str, str],
    ) -> onnx.ModelProto:
        """The finished, checked model with its properties inside."""
        graph = helper.make_graph(
            self._nodes, "docqa", list(inputs), list(outputs), initializer=list(self._constants.values())
        )
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("com.microsoft", 1)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=9)
        helper.set_model_props(model, dict(properties))
        onnx.checker.check_model(model)
        return model


def _trunk(writer: GraphWriter, n_layers: int, states: str, mask: str) -> str:
    for number in range(n_layers):
        states = _layer(writer, f"trunk.layers.{number}", states, mask)
    return states


def _layer(writer: GraphWriter, name: str, states: str, mask: str) -> str:
    joint = writer.node("Reshape", writer.linear(states, f"{name}.attend"), writer.ints(0, 0, 3, N_HEADS, -1))
    parts = writer.node("Transpose", joint, perm=[2, 0, 3, 1, 4])  # (3, batch, heads, tokens, head width)
    query, key, value = (
        writer.node("Gather", parts, writer.constant(f"index_{i}", np.asarray(i)), axis=0) for i in range(3)
    )
    scores = writer.node("MatMul", query, writer.node("Transpose", key, perm=[0, 1, 3, 2]))
    weights = writer.node("Softmax", writer.node("Add", scores, mask), axis=-1)
    attended = writer.node("Transpose", writer.node("MatMul", weights, value), perm=[0, 2, 1, 3])
    mixed = writer.linear(writer.node("Reshape", attended, writer.ints(0, 0, -1)), f"{name}.mixed")
    states = writer.norm(writer.node("Add", states, mixed), f"{name}.mixed_norm")
    inner = writer.node("Gelu", writer.linear(states, f"{name}.inner"))
    return writer.norm(writer.node("Add", states, writer.linear(inner, f"{name}.outer")), f"{name}.outer_norm")


def _begin(weights: Weights) -> tuple[GraphWriter, str]:
    """A writer, and the last states of the trunk from the inputs `states` and `present`."""
    writer = GraphWriter(weights)
    absent = writer.node("Sub", writer.constant("one", np.ones(1, np.float32)), "present")
    penalty = writer.node("Mul", absent, writer.constant("minus", np.full(1, -1e4, np.float32)))
    mask = writer.node("Unsqueeze", penalty, writer.ints(1, 2))
    n_layers = 1 + max(int(name.split(".")[2]) for name in weights if name.startswith("trunk.layers."))
    return writer, _trunk(writer, n_layers, "states", mask)


def _value(name: str, *shape: str | int) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape))


_INPUTS = (_value("states", "batch", "tokens", 384), _value("present", "batch", "tokens"))


def _mean(writer: GraphWriter, states: str) -> str:
    """Mean of the states of tokens that are present; (batch, width)."""
    weights = writer.node("Unsqueeze", "present", writer.ints(2))
    total = writer.node("ReduceSum", writer.node("Mul", states, weights), writer.ints(1), keepdims=0)
    return writer.node("Div", total, writer.node("ReduceSum", "present", writer.ints(1), keepdims=1))


def encoder_graph(weights: Weights, properties: Mapping[str, str]) -> onnx.ModelProto:
    """`states`, `present` to `vectors` (batch, 384), of length 1."""
    writer, states = _begin(weights)
    pooled = _mean(writer, states)
    length = writer.node("ReduceL2", pooled, writer.ints(1), keepdims=1)
    writer.name_output(writer.node("Div", pooled, length), "vectors")
    return writer.model(_INPUTS, [_value("vectors", "batch", 384)], properties)


def evidence_graph(weights: Weights, properties: Mapping[str, str]) -> onnx.ModelProto:
    """`states`, `present`, `membership` to `span`, `sentence` and `answerable` as in `heads.EvidenceModel`."""
    writer, states = _begin(weights)
    writer.name_output(writer.linear(states, "span"), "span")
    evidence = writer.node("Transpose", writer.linear(states, "token_evidence"), perm=[0, 2, 1])
    outside = writer.node("Sub", writer.constant("one", np.ones(1, np.float32)), "membership")
    masked = writer.node("Mul", outside, writer.constant("minus", np.full(1, -1e4, np.float32)))
    softest = writer.node("ReduceLogSumExp", writer.node("Add", masked, evidence), writer.ints(2), keepdims=0)
    counts = writer.node("ReduceSum", "membership", writer.ints(2), keepdims=1)
    at_least_one = writer.node("Max", counts, writer.constant("one", np.ones(1, np.float32)))
    means = writer.node("Div", writer.node("MatMul", "membership", states), at_least_one)
    inner = writer.node("Gelu", writer.linear(means, "sentence_inner"))
    from_means = writer.node("Squeeze", writer.linear(inner, "sentence"), writer.ints(2))
    writer.name_output(writer.node("Add", softest, from_means), "sentence")
    first = writer.node("Gather", states, writer.constant("index_0", np.asarray(0)), axis=1)
    judged = writer.linear(writer.node("Gelu", writer.linear(first, "answerable_inner")), "answerable")
    writer.name_output(writer.node("Squeeze", judged, writer.ints(1)), "answerable")
    outputs = [
        _value("span", "batch", "tokens", 2),
        _value("sentence", "batch", "sentences"),
        _value("answerable", "batch"),
    ]
    return writer.model([*_INPUTS, _value("membership", "batch", "sentences", "tokens")], outputs, properties)


def support_graph(weights: Weights, properties: Mapping[str, str]) -> onnx.ModelProto:
    """`states`, `present` to `verdict` logits (batch, 3) as in `heads.SupportModel`."""
    writer, states = _begin(weights)
    first = writer.node("Gather", states, writer.constant("index_0", np.asarray(0)), axis=1)
    pooled = writer.node("Concat", first, _mean(writer, states), axis=-1)
    writer.name_output(writer.linear(writer.node("Gelu", writer.linear(pooled, "inner")), "verdict"), "verdict")
    return writer.model(_INPUTS, [_value("verdict", "batch", 3)], properties)


def save(model: onnx.ModelProto, path: Path) -> None:
    """Write a model; the same weights give the same bytes."""
    path.write_bytes(model.SerializeToString(deterministic=True))
