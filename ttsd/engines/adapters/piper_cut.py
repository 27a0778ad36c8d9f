"""Cuts a Piper voice (VITS) where what it does becomes local in time. Pure: a graph in, two or three graphs out.

The encoder turns phonemes into a latent, one column for each frame of some 256 samples. At its end
stands the flow, and behind it the decoder (HiFi-GAN) turns columns into sound. Both look only some
columns to either side, so they can run on overlapping pieces with the same result. Nothing is known
by name but the stock exporter's input `input`:
1. The upsamplers are the ConvTranspose nodes. Walk back from the first one, over element-wise nodes,
   to the convolution in front of it: its input is the decoder's.
2. The noise of the latent is the one random tensor that the lengths do not need. Walk on from it, over
   element-wise nodes, to the flow's input. A voice without such noise keeps its flow in the encoder.
3. A stage is what lies between two cuts. It may hold operations that are local in time and nothing else.
4. What it reads beside are constants, which it takes along; side tensors that depend on the speaker
   alone, which become inputs; and, the flow alone, tensors that vary with time and are cut as its input is.
5. How far it looks (in frames) and how many samples it makes of a frame follow from its convolutions.
6. The encoder is what the first cut and all that was read beside need. Its one Ceil gives the lengths of
   the phonemes.

Whoever calls checks the result with numbers: see `piper_parts`. Needs the package onnx.
"""

from __future__ import annotations

from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING, Any

import onnx
from onnx import helper, inliner

from ttsd.engines.adapters.piper_parts import CannotSplit
from ttsd.engines.adapters.piper_stages import Cut, Stage
from ttsd.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Iterable

TEXT = "input"
"""The graph input that holds the phoneme ids."""
_LOCAL = frozenset(
    [
        "Conv",
        "ConvTranspose",
        "Add",
        "Sub",
        "Mul",
        "Div",
        "Neg",
        "Abs",
        "Pow",
        "Sqrt",
        "Exp",
        "Reciprocal",
        "Sin",
        "Cos",
        "Tanh",
        "Sigmoid",
        "Softplus",
        "Clip",
        "Relu",
        "LeakyRelu",
        "PRelu",
        "Elu",
        "Selu",
        "Gelu",
        "Cast",
        "Identity",
        "Squeeze",
        "Unsqueeze",
    ]
)
"""Operations whose output at a time depends on inputs near that time alone."""
_ELEMENTWISE = frozenset(["Add", "Sub", "Mul", "Div", "Cast", "Identity"])
_ACROSS_CHANNELS = frozenset(["Concat", "ConstantOfShape", "Shape", "Slice", "Split"])
"""What flows have besides: they halve, turn and join channels. That no time is cut is for numbers to show."""


@frozen
class Split:
    """A voice in two or three graphs."""

    cut: Cut
    encoder: onnx.ModelProto
    """`input`, `input_lengths`, `scales` (, `sid`) -> what the others are given, durations."""
    flow: onnx.ModelProto | None
    """Latent with noise -> latent; None: the encoder does it."""
    decoder: onnx.ModelProto
    """Latent -> sound."""


def split(model: onnx.ModelProto, *, with_flow: bool = True) -> Split:
    """Cut *model*, the flow apart if it is asked for and found. Raises CannotSplit."""
    if model.functions:
        model = inliner.inline_local_functions(model)
    graph = _Graph(model.graph)
    latent = graph.find_cut()
    decoder = graph.stage(latent, graph.sound)
    if any(node.op_type == "ConvTranspose" for i, node in enumerate(graph.nodes) if i not in decoder.nodes):
        raise CannotSplit("an upsampler lies outside its decoder")
    flow = graph.find_flow(latent) if with_flow else None
    made = list(dict.fromkeys([*(flow.described.inputs if flow else [latent]), *decoder.described.sides]))
    encoder = graph.ancestors(made)
    durations = graph.durations(encoder)
    given = [value for value in model.graph.input if value.name in graph.given]
    return Split(
        Cut(flow.described if flow else None, decoder.described, durations),
        graph.part(model, encoder, given, graph.values([*made, *([durations] if durations else [])])),
        graph.part(model, flow.nodes, graph.values(flow.described.inputs), graph.values([latent]))
        if flow
        else None,
        graph.part(model, decoder.nodes, graph.values(decoder.described.inputs), [model.graph.output[0]]),
    )


@frozen
class _Found:
    """A stage, and the indices of its nodes with the constants that it takes along."""

    described: Stage
    nodes: set[int]


@frozen
class _Field:
    """How far a tensor looks back to the cut, in frames, and its samples for each frame."""

    before: Fraction = Fraction(0)
    behind: Fraction = Fraction(0)
    hop: int = 1


class _Graph:
    """A graph's nodes by index (ONNX sorts them by need), and who makes and needs what."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        self.nodes = list(graph.node)
        self.weights = {tensor.name: tensor for tensor in graph.initializer}
        self.given = {value.name for value in graph.input} - set(self.weights)
        self.sound = graph.output[0].name if graph.output else ""
        self.maker = {name: i for i, node in enumerate(self.nodes) for name in node.output if name}
        self.reads = [_reads(node) for node in self.nodes]
        self.origins: dict[str, frozenset[str]] = {name: frozenset([name]) for name in self.given}
        """Graph inputs that each tensor depends on."""
        for node, reads in zip(self.nodes, self.reads, strict=True):
            origin = frozenset[str]().union(*(self.origins.get(name, frozenset()) for name in reads))
            self.origins.update(dict.fromkeys(node.output, origin))
        if TEXT not in self.given or not self.sound:
            raise CannotSplit("it is not a Piper voice")

    def varies(self, name: str) -> bool:
        """The tensor depends on the phonemes, so it may vary with time."""
        return TEXT in self.origins.get(name, ())

    def find_cut(self) -> str:
        """Step 1."""
        ups = [node for node in self.nodes if node.op_type == "ConvTranspose"]
        if not ups:
            raise CannotSplit("it has no upsampler")
        name = ups[0].input[0]
        while (index := self.maker.get(name)) is not None:
            node = self.nodes[index]
            if node.op_type == "Conv":
                if node.input[0] in self.maker:
                    return str(node.input[0])
                break
            varying = [read for read in node.input if self.varies(read)]
            if node.op_type not in _LOCAL or len(varying) != 1:
                break
            name = varying[0]
        raise CannotSplit("no convolution was found before its first upsampler")

    def find_flow(self, latent: str) -> _Found | None:
        """Step 2, and the stage behind it; None: this voice's cannot be told, or not cut."""
        made = self.ancestors([latent])
        lengths = self.ancestors(
            [name for i in made if self.nodes[i].op_type == "Ceil" for name in self.nodes[i].output]
        )
        noises = [self.nodes[i] for i in made - lengths if self.nodes[i].op_type.startswith("Random")]
        if len(noises) != 1:
            return None
        start = str(noises[0].output[0])
        while len(readers := [i for i in made if start in self.reads[i]]) == 1:
            if self.nodes[readers[0]].op_type not in _ELEMENTWISE:
                break
            start = str(self.nodes[readers[0]].output[0])
        try:
            return self.stage(start, latent, _LOCAL | _ACROSS_CHANNELS, alongside=True)
        except CannotSplit:
            return None

    def stage(
        self, start: str, end: str, local: frozenset[str] = _LOCAL, *, alongside: bool = False
    ) -> _Found:
        """Steps 3 to 5. *alongside*: it may read other tensors that vary with time."""
        nodes = self._between(start, end)
        if foreign := {self.nodes[i].op_type for i in nodes} - local:
            raise CannotSplit(f"{', '.join(sorted(foreign))} is not local in time")
        constants, beside = self._outside(nodes, start)
        along = [name for name in beside if self.varies(name)]
        if along and not alongside:
            raise CannotSplit("its decoder reads a second tensor that varies with time")
        if not self.given.isdisjoint(beside):
            raise CannotSplit("behind its encoder it reads an input of the voice")
        field = self._receptive_field(nodes, start, end)
        sides = tuple(name for name in beside if name not in along)
        behind = floor(field.behind + 1 - Fraction(1, field.hop))
        return _Found(
            Stage((start, *along), sides, field.hop, floor(field.before), behind), nodes | constants
        )

    def _between(self, start: str, end: str) -> set[int]:
        """Step 3: indices of the nodes between two tensors."""
        reached, behind = {start}, set()
        for i, node in enumerate(self.nodes):
            if not reached.isdisjoint(self.reads[i]):
                behind.add(i)
                reached.update(node.output)
        nodes = behind & self.ancestors([end], stop=start)
        if end not in reached or not nodes:
            raise CannotSplit("its sound does not come from the cut")
        return nodes

    def ancestors(self, names: Iterable[str], stop: str = "") -> set[int]:
        """Indices of the nodes that *names* need, not looking behind the tensor *stop*."""
        wanted, found = set(names), set()
        for i in range(len(self.nodes) - 1, -1, -1):
            if not wanted.isdisjoint(self.nodes[i].output):
                found.add(i)
                wanted |= self.reads[i] - {stop}
        return found

    def _outside(self, nodes: set[int], start: str) -> tuple[set[int], list[str]]:
        """Step 4: constant nodes that a stage takes along, and the other tensors that it reads."""
        made = {name for i in nodes for name in self.nodes[i].output}
        foreign = sorted({name for i in nodes for name in self.reads[i]} - made - {start} - set(self.weights))
        beside = [name for name in foreign if self.origins.get(name)]
        constants = self.ancestors([name for name in foreign if name not in beside])
        if any(self.nodes[i].op_type.startswith("Random") for i in constants):
            raise CannotSplit("behind its encoder it makes random numbers")
        return constants, beside

    def _receptive_field(self, nodes: set[int], start: str, end: str) -> _Field:
        """Step 5: of what a stage makes."""
        fields = {start: _Field()}
        for i in sorted(nodes):
            node = self.nodes[i]
            seen = [fields[name] for name in node.input if name in fields]
            if len({field.hop for field in seen}) != 1:
                raise CannotSplit("it mixes rates behind its encoder")
            field = _Field(max(f.before for f in seen), max(f.behind for f in seen), seen[0].hop)
            if node.op_type in ("Conv", "ConvTranspose"):
                field = self._widen(node, field)
            fields.update(dict.fromkeys(node.output, field))
        return fields[end]

    def _widen(self, node: onnx.NodeProto, field: _Field) -> _Field:
        weight = self.weights.get(node.input[1])
        kernel = _attribute(node, "kernel_shape") or (list(weight.dims)[2:] if weight is not None else [])
        if len(kernel) != 1 or _attribute(node, "auto_pad", b"NOTSET") != b"NOTSET":
            raise CannotSplit("it has a convolution that is not one-dimensional, or pads by itself")
        size = int(kernel[0])
        stride = int(_attribute(node, "strides", [1])[0])
        dilation = int(_attribute(node, "dilations", [1])[0])
        pad, pad_end = (int(n) for n in _attribute(node, "pads", [0, 0]))
        if node.op_type == "Conv":
            if stride != 1 or pad + pad_end != (size - 1) * dilation:
                raise CannotSplit("it has a convolution that changes the length")
            before, behind = Fraction(pad, field.hop), Fraction(pad_end, field.hop)
            return _Field(field.before + before, field.behind + behind, field.hop)
        extra = int(_attribute(node, "output_padding", [0])[0])
        if dilation != 1 or size - pad - pad_end + extra != stride:
            raise CannotSplit("its upsampler does not multiply the length")
        hop = field.hop * stride
        return _Field(field.before + Fraction(size - 1 - pad, hop), field.behind + Fraction(pad, hop), hop)

    def durations(self, encoder: set[int]) -> str | None:
        """Step 6: the lengths of the phonemes are rounded up to whole frames, once."""
        ceils = [self.nodes[i] for i in sorted(encoder) if self.nodes[i].op_type == "Ceil"]
        return str(ceils[0].output[0]) if len(ceils) == 1 and self.varies(ceils[0].output[0]) else None

    def values(self, names: Iterable[str]) -> list[onnx.ValueInfoProto]:
        """Inputs or outputs of a part: of unknown shape, and of the convolutions' type."""
        return [helper.make_tensor_value_info(name, self._kind(), None) for name in names]

    def _kind(self) -> int:
        kinds = {tensor.data_type for tensor in self.weights.values() if len(tensor.dims) == 3}
        if len(kinds) > 1:
            raise CannotSplit("its weights are of several kinds")
        return kinds.pop() if kinds else int(onnx.TensorProto.FLOAT)

    def part(
        self,
        model: onnx.ModelProto,
        nodes: set[int],
        inputs: list[onnx.ValueInfoProto],
        outputs: list[onnx.ValueInfoProto],
    ) -> onnx.ModelProto:
        """A model of these nodes alone."""
        needed = {name for i in nodes for name in self.reads[i]}
        graph = helper.make_graph(
            [self.nodes[i] for i in sorted(nodes)],
            "part of a Piper voice",
            [value for value in inputs if value.name in needed],
            outputs,
            [tensor for name, tensor in self.weights.items() if name in needed],
        )
        return helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)


def _reads(node: onnx.NodeProto) -> frozenset[str]:
    """Tensors a node needs, those included that its inner graphs (If, Loop) take from outside."""
    names = {name for name in node.input if name}
    for attribute in node.attribute:
        inner = [attribute.g] if attribute.type == onnx.AttributeProto.GRAPH else list(attribute.graphs)
        for graph in inner:
            own = {value.name for value in graph.input} | {tensor.name for tensor in graph.initializer}
            own |= {name for child in graph.node for name in child.output}
            wanted = {value.name for value in graph.output}.union(*(_reads(child) for child in graph.node))
            names |= wanted - own
    return frozenset(names)


def _attribute(node: onnx.NodeProto, name: str, default: Any = None) -> Any:
    for attribute in node.attribute:
        if attribute.name == name:
            return helper.get_attribute_value(attribute)
    return default
