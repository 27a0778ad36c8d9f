"""A voice cut in two speaks exactly as the whole, and what cannot be cut is used whole."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from piper_voices import RATE, SPEAKERS, phoneme_ids, unpack

from ttsd.engines.adapters import piper_cut, piper_parts
from ttsd.engines.adapters.graphs import GraphError
from ttsd.engines.adapters.piper_cut import split
from ttsd.engines.adapters.piper_model import SplitModel, WholeModel
from ttsd.engines.adapters.piper_parts import CannotSplit
from ttsd.engines.adapters.piper_stages import Parts, feed

if TYPE_CHECKING:
    from ttsd.model import Samples

SHORT = "the quick brown fox jumps"
LONG = "and then it sleeps under the old oak tree until the morning sun wakes it up again"


def quiet(text: str) -> None:
    """Progress that nobody reads."""


@pytest.fixture(scope="module", params=sorted(SPEAKERS))
def voice(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random voice's model."""
    return unpack(request.param, tmp_path_factory.mktemp("voice"))


@pytest.fixture(scope="module")
def parts(voice: Path) -> Parts:
    """The same voice in two parts."""
    return piper_parts.make(voice, voice.parent / "parts" / "x-1", quiet)


@pytest.fixture(scope="module")
def whole(voice: Path) -> WholeModel:
    """The same voice in one part."""
    return WholeModel(voice, 1)


class Ticking:
    """A clock under which every look costs the same: pieces get the sizes that this speed asks for."""

    def __init__(self, step: float) -> None:
        self.now = 0.0
        self.step = step

    def __call__(self) -> float:
        """The time, which has gone on."""
        self.now += self.step
        return self.now


def sound(
    model: SplitModel | WholeModel, ids: list[int], speaker: int | None, scale: float = 1.0
) -> list[Samples]:
    """The pieces of what is spoken, without chance."""
    import onnxruntime

    return [
        piece.samples
        for piece in model.speak(feed(ids, (0.0, scale, 0.0), speaker), onnxruntime.RunOptions())
    ]


def speakers(voice: Path) -> list[int | None]:
    """Every speaker of the voice; None for a voice that has one."""
    count = SPEAKERS[voice.stem]
    return [None] if count == 1 else list(range(count))


def test_the_cut_is_found_by_structure_alone(voice: Path, parts: Parts) -> None:
    several = SPEAKERS[voice.stem] > 1
    decoder, flow = parts.cut.decoder, parts.cut.flow
    assert (decoder.hop, decoder.left, decoder.right) == (256, 11, 11)
    assert (len(decoder.given), len(decoder.sides)) == (1, several)
    assert flow is not None
    assert (flow.hop, flow.left, flow.right) == (1, 32, 32)
    assert len(flow.given) == 2  # the latent, and its mask
    assert bool(flow.sides) is several
    assert parts.cut.durations is not None


@pytest.mark.parametrize("step", [1e-6, 5e-4, 5e-3, 0.5], ids=["fast", "usual", "slow", "hopeless"])
def test_in_pieces_it_is_the_same_sound(voice: Path, whole: WholeModel, parts: Parts, step: float) -> None:
    pieced = SplitModel(parts, RATE, 1, Ticking(step))
    sizes = set()
    for speaker in speakers(voice):
        for text, scale in (("a", 1.0), ("hello", 0.5), (SHORT, 2.0), (LONG, 1.0)):
            ids = phoneme_ids(text, voice.with_name(voice.name + ".json"))
            pieces = sound(pieced, ids, speaker, scale)
            expected = sound(whole, ids, speaker, scale)[0]
            sizes.add(len(pieces))
            got = np.concatenate(pieces)
            assert got.size == expected.size
            assert np.abs(expected).max() > 0.01  # it is no silence that agrees
            assert np.abs(got - expected).max() < 1e-5
    assert max(sizes) > 1


def test_speakers_differ_and_the_fixture_is_worth_its_bytes(voice: Path, parts: Parts) -> None:
    model = SplitModel(parts, RATE, 1)
    ids = phoneme_ids("hello", voice.with_name(voice.name + ".json"))
    heard = [np.concatenate(sound(model, ids, speaker)) for speaker in speakers(voice)]
    for one in heard[1:]:
        assert one.size != heard[0].size or np.abs(one - heard[0]).max() > 1e-3


def test_phoneme_lengths_come_with_the_first_piece_and_make_up_the_whole(voice: Path, parts: Parts) -> None:
    import onnxruntime

    model = SplitModel(parts, RATE, 1)
    ids = phoneme_ids(SHORT, voice.with_name(voice.name + ".json"))
    fed = feed(ids, (0.667, 1.0, 0.8), speakers(voice)[0])
    pieces = list(model.speak(fed, onnxruntime.RunOptions()))
    assert pieces[0].frames is not None
    assert len(pieces[0].frames) == len(ids)
    assert sum(pieces[0].frames) * parts.cut.decoder.hop == sum(piece.samples.size for piece in pieces)
    assert all(piece.frames is None for piece in pieces[1:])


def test_a_run_ends_when_it_is_told_to(voice: Path, parts: Parts) -> None:
    import onnxruntime

    options = onnxruntime.RunOptions()
    ids = phoneme_ids(LONG, voice.with_name(voice.name + ".json"))
    pieces = SplitModel(parts, RATE, 1).speak(feed(ids, (0.0, 1.0, 0.0), speakers(voice)[0]), options)
    next(pieces)
    options.terminate = True
    with pytest.raises(GraphError, match="terminate"):
        list(pieces)


def test_parts_are_found_again_without_being_made(parts: Parts) -> None:
    folder = parts.encoder.parent
    assert piper_parts.find(folder) == parts
    assert {path.name for path in folder.parent.iterdir()} == {folder.name}


def test_broken_or_half_written_parts_are_none(parts: Parts, tmp_path: Path) -> None:
    assert piper_parts.find(tmp_path / "nothing") is None
    for name, damage in (
        ("decoder.onnx", b"x"),
        ("flow.onnx", b"x"),
        ("cut.json", b"{"),
        ("cut.json", b'{"cut": {}, "sizes": []}'),
    ):
        copy = tmp_path / "copy"
        shutil.copytree(parts.encoder.parent, copy)
        (copy / name).write_bytes(damage)
        assert piper_parts.find(copy) is None
        shutil.rmtree(copy)


@pytest.mark.long
def test_broken_parts_are_made_anew_and_old_ones_go(tmp_path: Path) -> None:
    voice = unpack("random-1", tmp_path)
    folder = tmp_path / "piper" / "abc-1-1.0"
    for old in (folder, tmp_path / "piper" / "abc-0-0.9"):
        old.mkdir(parents=True)
        (old / "cut.json").write_text("{}")
    other = tmp_path / "piper" / "def-1-1.0"
    other.mkdir()
    assert piper_parts.make(voice, folder, quiet) == piper_parts.find(folder)
    assert sorted(path.name for path in folder.parent.iterdir()) == ["abc-1-1.0", "def-1-1.0"]
    assert piper_parts.make(voice, folder, quiet) == piper_parts.find(folder)  # made twice: no harm


@pytest.mark.long
def test_parts_that_do_not_sound_like_the_whole_never_appear(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    voice = unpack("random-3", tmp_path)
    monkeypatch.setattr(piper_cut, "floor", lambda _frames: 2)  # it looks less far than it should
    folder = tmp_path / "piper" / "abc-1-1.0"
    with pytest.raises(CannotSplit, match="do not sound like the whole"):
        piper_parts.make(voice, folder, quiet)
    assert list(folder.parent.iterdir()) == []


Graph = Callable[[onnx.GraphProto], None]


def tampered(voice: Path, change: Graph) -> onnx.ModelProto:
    """The voice, changed."""
    model = onnx.load(str(voice))
    change(model.graph)
    return model


def ups(graph: onnx.GraphProto) -> Iterator[onnx.NodeProto]:
    """Its upsamplers."""
    return (node for node in graph.node if node.op_type == "ConvTranspose")


def no_upsampler(graph: onnx.GraphProto) -> None:
    for node in ups(graph):
        node.op_type = "Conv"


def foreign_operation(graph: onnx.GraphProto) -> None:
    next(node for node in reversed(graph.node) if node.op_type == "Tanh").op_type = "Softmax"


def other_input(graph: onnx.GraphProto) -> None:
    graph.input[0].name = "something"


def strided(graph: onnx.GraphProto) -> None:
    last = next(node for node in reversed(graph.node) if node.op_type == "Conv")
    next(attribute for attribute in last.attribute if attribute.name == "strides").ints[0] = 2


def inexact(graph: onnx.GraphProto) -> None:
    first = next(ups(graph))
    next(attribute for attribute in first.attribute if attribute.name == "pads").ints[0] += 1


def second_input(graph: onnx.GraphProto) -> None:
    """A tensor of the encoder, varying with time, is added inside the decoder."""
    tanh = next(node for node in reversed(graph.node) if node.op_type == "Tanh")
    ceil = next(node for node in graph.node if node.op_type == "Ceil")
    at = list(graph.node).index(tanh)
    graph.node.insert(at, helper.make_node("Add", [tanh.input[0], ceil.output[0]], ["both"]))
    tanh.input[0] = "both"


def no_sound(graph: onnx.GraphProto) -> None:
    graph.output[0].name = "input_lengths"


@pytest.mark.parametrize(
    "change", [no_upsampler, foreign_operation, other_input, strided, inexact, second_input, no_sound]
)
def test_an_unknown_graph_is_refused_rather_than_cut_wrongly(voice: Path, change: Graph) -> None:
    with pytest.raises(CannotSplit):
        split(tampered(voice, change))


def test_a_graph_that_is_no_voice_is_refused() -> None:
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])
    node = helper.make_node("Identity", ["x"], ["y"])
    out = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])
    with pytest.raises(CannotSplit, match="not a Piper voice"):
        split(helper.make_model(helper.make_graph([node], "g", [value], [out])))


def test_two_roundings_leave_the_lengths_unknown_but_the_voice_split(voice: Path) -> None:
    def second_ceil(graph: onnx.GraphProto) -> None:
        at = next(i for i, node in enumerate(graph.node) if node.op_type == "Ceil")
        graph.node[at].input[0], name = "again", graph.node[at].input[0]
        graph.node.insert(at, helper.make_node("Ceil", [name], ["again"]))

    assert split(tampered(voice, second_ceil)).cut.durations is None


def second_noise(graph: onnx.GraphProto) -> None:
    """The latent gets noise twice."""
    at, noise = next(
        (i, node) for i, node in reversed(list(enumerate(graph.node))) if node.op_type == "RandomNormalLike"
    )
    like, name = noise.input[0], noise.output[0]
    noise.output[0] = "one"
    graph.node.insert(at + 1, helper.make_node("RandomNormalLike", [like], ["two"]))
    graph.node.insert(at + 2, helper.make_node("Add", ["one", "two"], [name]))


def no_noise(graph: onnx.GraphProto) -> None:
    next(node for node in reversed(graph.node) if node.op_type == "RandomNormalLike").op_type = "Identity"


def foreign_operation_in_the_flow(graph: onnx.GraphProto) -> None:
    next(node for node in graph.node if node.op_type == "Sigmoid").op_type = "Softmax"


@pytest.mark.parametrize("change", [second_noise, no_noise, foreign_operation_in_the_flow])
def test_an_unknown_flow_stays_in_the_encoder(voice: Path, change: Graph) -> None:
    found = split(tampered(voice, change))
    assert found.flow is found.cut.flow is None
    assert found.cut.decoder == split(onnx.load(str(voice))).cut.decoder


def turned_in_time(graph: onnx.GraphProto) -> None:
    """The flow turns time where it turned channels."""
    graph.initializer.append(helper.make_tensor("time", TensorProto.INT64, [1], [2]))
    noise = next(node for node in reversed(graph.node) if node.op_type == "RandomNormalLike")
    at = list(graph.node).index(noise)
    next(node for node in list(graph.node)[at:] if node.op_type == "Slice").input[3] = "time"


@pytest.mark.long
def test_a_flow_that_does_not_sound_like_the_whole_stays_in_the_encoder(tmp_path: Path) -> None:
    voice = unpack("random-3", tmp_path)
    model = tampered(voice, turned_in_time)
    assert split(model).flow is not None  # by its structure it could be cut
    onnx.save(model, str(voice))
    parts = piper_parts.make(voice, tmp_path / "piper" / "abc-1-1.0", quiet)
    assert parts.cut.flow is None
    assert {path.name for path in parts.encoder.parent.iterdir()} == {
        "encoder.onnx",
        "decoder.onnx",
        "cut.json",
    }
    ids = phoneme_ids(LONG, voice.with_name(voice.name + ".json"))
    pieces, expected = sound(SplitModel(parts, RATE, 1), ids, 2), sound(WholeModel(voice, 1), ids, 2)[0]
    assert len(pieces) > 1
    np.testing.assert_allclose(np.concatenate(pieces), expected, rtol=0, atol=1e-5)
