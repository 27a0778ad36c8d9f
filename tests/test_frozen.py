"""`frozen` is `dataclass(frozen=True)` in all that the house uses of it."""

from __future__ import annotations

import pickle
from dataclasses import asdict, field, fields, replace

import pytest

from ttsd.frozen import frozen


@frozen
class Point:
    """Two fields, one with a default, and one that is not compared."""

    x: int
    y: tuple[int, ...] = ()
    note: str = field(default="", compare=False)


@frozen(kw_only=True)
class Named:
    """A default in front."""

    a: int = 1
    b: str


@frozen
class Own:
    """Has words of its own."""

    word: str

    def __repr__(self) -> str:
        return f"<{self.word}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Own) and self.word.lower() == other.word.lower()

    def __hash__(self) -> int:
        return hash(self.word.lower())


@frozen
class Far(Point):
    """Has one field more."""

    z: int = 3


@frozen
class Node:
    """May hold itself."""

    below: list[Node]


def test_equal_fields_are_equal_values_with_one_hash() -> None:
    assert Point(1, (2,)) == Point(1, (2,), note="not compared")
    assert len({Point(1), Point(1, note="not compared"), Point(2)}) == 2
    assert Point(1) != Point(2)


def test_another_class_is_another_value() -> None:
    assert Point(1) != Far(1)
    assert Point(1) != Named(a=1, b="")  # type: ignore[comparison-overlap]  # what is tested


def test_a_class_under_another_compares_its_own_fields_too() -> None:
    assert Far(1) != Far(1, z=4)
    assert repr(Far(1)) == "Far(x=1, y=(), note='', z=3)"


def test_it_is_shown_by_its_fields_even_in_a_ring() -> None:
    node = Node([])
    node.below.append(node)
    assert repr(Point(1, (2,))) == "Point(x=1, y=(2,), note='')"
    assert repr(node) == "Node(below=[...])"


def test_what_a_class_defines_itself_stays() -> None:
    assert repr(Own("a")) == "<a>"
    assert Own("A") == Own("a")
    assert hash(Own("A")) == hash(Own("a"))


def test_fields_may_be_given_by_name_alone() -> None:
    assert Named(b="x") == Named(a=1, b="x")
    with pytest.raises(TypeError):
        Named(1, "x")  # type: ignore[call-arg]  # what is tested


def test_it_is_a_dataclass() -> None:
    assert [f.name for f in fields(Point)] == ["x", "y", "note"]
    assert replace(Point(1), x=2) == Point(2)
    assert asdict(Point(1)) == {"x": 1, "y": (), "note": ""}
    match Point(1, (2,)):
        case Point(x, y=(second,)):
            assert (x, second) == (1, 2)
    assert pickle.loads(pickle.dumps(Point(1))) == Point(1)  # noqa: S301 - our own
