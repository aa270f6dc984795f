"""Writes both groups of readers as one ONNX graph, the scalers and the share inside."""

from pathlib import Path

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper, save

from voice.features import Floats
from voice.training.members import FAR
from voice.training.voters import LOUD, Voters

_OPSET, _FORMAT = 17, 8
_LARGE = 1024


TINY = 1e-6
"""Probability below which nothing is told apart."""


def write_graph(alone: Voters, against_calm: Voters, share: float, doubt: float, file: Path) -> None:
    """Write a graph with `features` (n, F), `calm` (n, F) and `share` (n, 1; 1 where the calm is known, else 0) to
    `probabilities` (n, 4); the logs of the voice alone are divided by `doubt`."""
    width = len(alone.members.mean)
    written = _Written()
    least = written.node("Max", written.group("alone", alone, "features"), written.held("tiny", np.float32(TINY)))
    heard = written.node("Log", least)
    first = written.node("Softmax", written.node("Mul", heard, written.held("doubt", np.float32(1 / doubt))), axis=-1)
    apart = written.node("Sub", "features", "calm")
    second = written.group("calm", against_calm, apart)
    weight = written.node("Mul", "share", written.held("share_of_calm", np.float32(share)))
    moved = written.node("Mul", weight, written.node("Sub", second, first))
    written.nodes.append(helper.make_node("Add", [first, moved], ["probabilities"]))
    graph = helper.make_graph(
        written.nodes,
        "emotion",
        [
            helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", width]),
            helper.make_tensor_value_info("calm", TensorProto.FLOAT, ["n", width]),
            helper.make_tensor_value_info("share", TensorProto.FLOAT, ["n", 1]),
        ],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", 4])],
        written.tensors,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_FORMAT)
    checker.check_model(model)
    save(model, str(file))


class _Written:
    """The nodes and tensors of a graph that is being written."""

    def __init__(self) -> None:
        self.nodes: list[object] = []
        self.tensors: list[object] = []
        self._names: dict[bytes, str] = {}

    def held(self, name: str, values: Floats | np.float32) -> str:
        """Hold a tensor, once only where both groups share it; return its name."""
        content = np.asarray(values, np.float32)
        if content.nbytes < _LARGE or content.tobytes() not in self._names:
            self.tensors.append(numpy_helper.from_array(content, name))
            self._names[content.tobytes()] = name
            return name
        return self._names[content.tobytes()]

    def node(self, kind: str, *inputs: str, **attributes: object) -> str:
        name = f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def group(self, name: str, voters: Voters, rows: str) -> str:
        """Write one group of readers; its output is the mean of the three kinds' probabilities."""
        members = voters.members
        moved = self.node("Sub", rows, self.held(f"{name}_mean", members.mean))
        scaled = self.node("Div", moved, self.held(f"{name}_deviation", members.deviation))
        far, near = self.held(f"{name}_far", np.float32(FAR)), self.held(f"{name}_near", np.float32(-FAR))
        cut = self.node("Max", self.node("Min", scaled, far), near)
        hidden = self.node("Relu", self._line(f"{name}_first", cut, members.first, members.first_bias))
        logits = self._line(f"{name}_second", hidden, members.second, members.second_bias)
        told = [self.node("ReduceMean", self.node("Softmax", logits, axis=-1), axes=[0], keepdims=0)]
        told.append(
            self.node("Softmax", self._line(f"{name}_straight", cut, voters.straight, voters.straight_bias), axis=-1)
        )
        swung = self.node("Cos", self._line(f"{name}_waves", cut, voters.waves, voters.phases))
        curved = np.float32(LOUD * np.sqrt(2 / len(voters.phases))) * voters.curved
        told.append(self.node("Softmax", self._line(f"{name}_curved", swung, curved, voters.curved_bias), axis=-1))
        return self.node("Mul", self.node("Sum", *told), self.held(f"{name}_third", np.float32(1 / 3)))

    def _line(self, name: str, rows: str, weights: Floats, bias: Floats) -> str:
        product = self.node("MatMul", rows, self.held(name, weights))
        return self.node("Add", product, self.held(f"{name}_bias", bias))
