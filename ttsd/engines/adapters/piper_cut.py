"""Cuts a Piper voice (VITS) in two where its decoder (HiFi-GAN) begins. Pure: a graph in, two graphs out.

The encoder turns phonemes into a latent, one column for each frame of some 256 samples; the decoder
turns columns into sound and looks only a few columns to either side, so it can run on overlapping
pieces with the same result. Nothing is known by name but the stock exporter's input `input`:
1. The upsamplers are the ConvTranspose nodes. Walk back from the first one, over element-wise nodes,
   to the convolution in front of it: its input is the cut.
2. The decoder is what lies between the cut and the output. It may hold operations that are local in
   time and nothing else.
3. What it reads beside the cut are constants, which it takes along, and side tensors that depend on
   the speaker alone, which become inputs. One that varies with time makes the voice unsplittable.
4. How far it looks (in frames) and how many samples it makes of a frame follow from its convolutions.
5. The encoder is what the cut and the side tensors need. Its one Ceil gives the lengths of the phonemes.

Whoever calls checks the result with numbers: see `piper_parts`. Needs the package onnx.
"""

from __future__ import annotations

from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING, Any

import onnx
from onnx import helper, inliner

from ttsd.engines.adapters.piper_parts import CannotSplit, Cut
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


@frozen
class Split:
    """A voice in two graphs."""

    cut: Cut
    encoder: onnx.ModelProto
    """`input`, `input_lengths`, `scales` (, `sid`) -> latent, sides, durations."""
    decoder: onnx.ModelProto
    """Latent, sides -> sound."""


def split(model: onnx.ModelProto) -> Split:
    """Cut *model*. Raises CannotSplit."""
    if model.functions:
        model = inliner.inline_local_functions(model)
    graph = _Graph(model.graph)
    cut = graph.find_cut()
    decoder = graph.decoder_of(cut)
    constants, sides = graph.outside(decoder, cut)
    field = graph.receptive_field(decoder, cut)
    encoder = graph.ancestors([cut, *sides])
    durations = graph.durations(encoder)
    found = Cut(
        cut,
        tuple(sides),
        durations,
        field.hop,
        floor(field.before),
        floor(field.behind + 1 - Fraction(1, field.hop)),
    )
    made = [cut, *sides] + ([durations] if durations else [])
    kind = graph.float_kind()
    unknown = [helper.make_tensor_value_info(name, kind, None) for name in made]
    text = [value for value in model.graph.input if value.name in graph.given]
    sound = model.graph.output[0]
    return Split(
        found,
        graph.part(model, encoder, text, unknown),
        graph.part(model, decoder | constants, unknown[: 1 + len(sides)], [sound]),
    )


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

    def decoder_of(self, cut: str) -> set[int]:
        """Step 2: indices of the nodes between *cut* and the output."""
        reached, behind = {cut}, set()
        for i, node in enumerate(self.nodes):
            if not reached.isdisjoint(self.reads[i]):
                behind.add(i)
                reached.update(node.output)
        decoder = behind & self.ancestors([self.sound], stop=cut)
        if self.sound not in reached or not decoder:
            raise CannotSplit("its sound does not come from the cut")
        foreign = {self.nodes[i].op_type for i in decoder} - _LOCAL
        if foreign:
            raise CannotSplit(f"its decoder has {', '.join(sorted(foreign))}")
        if any(node.op_type == "ConvTranspose" for i, node in enumerate(self.nodes) if i not in decoder):
            raise CannotSplit("an upsampler lies outside its decoder")
        return decoder

    def ancestors(self, names: Iterable[str], stop: str = "") -> set[int]:
        """Indices of the nodes that *names* need, not looking behind the tensor *stop*."""
        wanted, found = set(names), set()
        for i in range(len(self.nodes) - 1, -1, -1):
            if not wanted.isdisjoint(self.nodes[i].output):
                found.add(i)
                wanted |= self.reads[i] - {stop}
        return found

    def outside(self, decoder: set[int], cut: str) -> tuple[set[int], list[str]]:
        """Step 3: constant nodes the decoder takes along, and its side tensors."""
        made = {name for i in decoder for name in self.nodes[i].output}
        foreign = sorted({name for i in decoder for name in self.reads[i]} - made - {cut} - set(self.weights))
        sides = [name for name in foreign if self.origins.get(name)]
        for name in sides:
            if self.varies(name):
                raise CannotSplit("its decoder reads a second tensor that varies with time")
            if name in self.given:
                raise CannotSplit("its decoder reads an input of the voice")
        constants = self.ancestors([name for name in foreign if name not in sides])
        if any(self.nodes[i].op_type.startswith("Random") for i in constants):
            raise CannotSplit("its decoder makes random numbers")
        return constants, sides

    def receptive_field(self, decoder: set[int], cut: str) -> _Field:
        """Step 4: of the sound."""
        fields = {cut: _Field()}
        for i in sorted(decoder):
            node = self.nodes[i]
            seen = [fields[name] for name in node.input if name in fields]
            if len({field.hop for field in seen}) != 1:
                raise CannotSplit("its decoder mixes rates")
            field = _Field(max(f.before for f in seen), max(f.behind for f in seen), seen[0].hop)
            if node.op_type in ("Conv", "ConvTranspose"):
                field = self._widen(node, field)
            fields.update(dict.fromkeys(node.output, field))
        return fields[self.sound]

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
                raise CannotSplit("its decoder has a convolution that changes the length")
            before, behind = Fraction(pad, field.hop), Fraction(pad_end, field.hop)
            return _Field(field.before + before, field.behind + behind, field.hop)
        extra = int(_attribute(node, "output_padding", [0])[0])
        if dilation != 1 or size - pad - pad_end + extra != stride:
            raise CannotSplit("its upsampler does not multiply the length")
        hop = field.hop * stride
        return _Field(field.before + Fraction(size - 1 - pad, hop), field.behind + Fraction(pad, hop), hop)

    def durations(self, encoder: set[int]) -> str | None:
        """Step 5: the lengths of the phonemes are rounded up to whole frames, once."""
        ceils = [self.nodes[i] for i in sorted(encoder) if self.nodes[i].op_type == "Ceil"]
        return str(ceils[0].output[0]) if len(ceils) == 1 and self.varies(ceils[0].output[0]) else None

    def float_kind(self) -> int:
        """The element type of the convolutions' weights."""
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
