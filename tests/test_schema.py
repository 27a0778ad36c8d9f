"""What does not fit is told, all of it at once; what fits is typed; nothing is coerced silently."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from math import inf, isfinite, nan
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttsd.commands import METHODS
from ttsd.schema import json_schema, plain, read, shape_of
from ttsd.settings import Duration, Help, Hidden, Range, Rest, Settings, Size
from ttsd.shapes import DURATION_UNITS, Quantity, dotted, is_secret

ONE_SECOND, SIXTY_FOUR = Duration(1.0), Size(64)


class Rank(IntEnum):
    LOW = 0
    HIGH = 1


class Mood(StrEnum):
    GOOD = "good"


@dataclass(frozen=True)
class Inner:
    name: str
    count: Annotated[int, Range(1, 5)] = 1


@dataclass(frozen=True)
class Everything:
    text: Annotated[str | None, Range(1, 4), Help("Some text.")] = None
    flag: bool = False
    whole: Annotated[int, Range(0, 10)] = 0
    real: Annotated[float | None, Range(None, 1.5)] = None
    wait: Annotated[Duration, Range(0.005, 3600)] = ONE_SECOND
    size: Annotated[Size, Range(64, 1 << 20)] = SIXTY_FOUR
    rank: Rank = Rank.LOW
    mood: Mood = Mood.GOOD
    where: Path | None = None
    kind: Literal["auto", "manual"] = "auto"
    words: tuple[str, ...] = ()
    inner: Inner = field(default_factory=lambda: Inner(name="x"))
    table: Mapping[str, Inner] = field(default_factory=dict)
    rest: Annotated[Mapping[str, str | int | float | bool], Rest()] = field(default_factory=dict)
    hidden: Annotated[int, Hidden()] = 0


def built(**data: object) -> Everything:
    value, problems = read(Everything, data)
    assert value is not None, problems
    return value


def problems(**data: object) -> list[str]:
    value, found = read(Everything, data)
    assert value is None or not found
    return [str(problem) for problem in found]


def test_what_is_not_given_has_its_default() -> None:
    assert built() == Everything()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("500ms", 0.5),
        ("20s", 20),
        ("2m", 120),
        ("1h", 3600),
        ("1.5 s", 1.5),
        (20, 20),
        (0.5, 0.5),
        ("20", 20),
    ],
)
def test_durations_are_seconds(text: object, seconds: float) -> None:
    value = built(wait=text).wait
    assert value == seconds
    assert isinstance(value, float)


@pytest.mark.parametrize(
    ("text", "count"), [("64KiB", 65536), ("1MB", 10**6), ("100 B", 100), (100, 100), ("1MiB", 1 << 20)]
)
def test_sizes_are_bytes(text: object, count: int) -> None:
    value = built(size=text).size
    assert value == count
    assert isinstance(value, int)


def test_enums_are_read_by_their_names_and_values() -> None:
    assert built(rank="high", mood="good").rank is Rank.HIGH
    assert problems(rank=1) == ['rank: must be one of "low", "high", not 1']


def test_other_keys_go_to_the_field_that_takes_them() -> None:
    assert built(speed=1.5, loud=True).rest == {"speed": 1.5, "loud": True}
    assert problems(speed=[1]) == ["speed: must be text, a number, true or false, not a list"]


def test_every_problem_is_told_with_path_value_and_what_is_allowed() -> None:
    assert problems(
        text="too long",
        flag=1,
        whole=True,
        real=2,
        wait="1ms",
        size="1TB",
        where="",
        kind="manul",
        words=["a", 3],
        inner={"count": 9, "nme": "x"},
        table={"a": 5},
    ) == [
        "text: must be text, from 1 to 4 characters long, not 8",
        "flag: must be true or false, not 1",
        "whole: must be a whole number from 0 to 10, not true",
        "real: must be a number of at most 1.5, not 2",
        'wait: must be a duration from 5ms to 1h, not "1ms"',
        'size: must be a size from 64B to 1MiB, not "1TB"',
        'where: must be a path, not ""',
        'kind: must be one of "auto", "manual", not "manul"; did you mean "manual"?',
        "words[1]: must be text, not 3",
        "inner.name: is missing; it must be text",
        "inner.count: must be a whole number from 1 to 5, not 9",
        'inner.nme: is not known here; did you mean "name"?',
        "table.a: must be a table of keys and values",
    ]


def test_a_key_that_is_no_setting_cannot_be_set() -> None:
    value = built(hidden=5)
    assert value.hidden == 0
    assert value.rest == {"hidden": 5}


@pytest.mark.parametrize(
    "value", [nan, inf, -inf, "nan", "1e3", "-1s", "", "s", True, None, [], "9" * 400 + "s", 10**400]
)
def test_what_is_no_duration_is_none(value: object) -> None:
    assert len(problems(wait=value)) == 1


@pytest.mark.parametrize("value", [nan, inf, 10**400, -(10**400), "1", True])
def test_what_is_no_number_is_none(value: object) -> None:
    assert len(problems(real=value)) == 1
    assert len(problems(whole=value)) == 1


def test_secrets_are_not_repeated() -> None:
    (problem,) = problems(api_key=["hunter2"])
    assert "hunter2" not in problem
    assert all(map(is_secret, ("token", "api_key", "PASSWORD", "apikey", "token_filed")))
    assert not any(map(is_secret, ("token_file", "key_file", "key_env")))
    assert not any(map(is_secret, ("key", "voice", "speaker")))


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from(
    ["text", "flag", "whole", "real", "wait", "size", "rank", "where", "words", "inner", "table", "x"]
)


@given(st.dictionaries(NAMES, JSON_VALUES) | JSON_VALUES)
def test_any_data_is_built_or_explained(data: Any) -> None:
    for lenient in (False, True):
        value, found = read(Everything, data, lenient=lenient)
        assert (value is None) == bool(found)
        for problem in found:
            assert "\n" not in dotted(problem.where[:1]) or isinstance(data, dict)
            assert len(problem.text) < 400
        if value is not None:
            json.dumps(plain(value), allow_nan=False)


@given(st.floats(0.001, 1e7))
def test_a_duration_in_words_means_the_same_when_it_is_read(seconds: float) -> None:
    shape = Quantity("a duration", DURATION_UNITS, whole=False)
    found: list[Any] = []
    again = shape.read(shape.show(seconds), (), found)
    assert not found or "e" in shape.show(seconds)
    if not found:
        assert again == pytest.approx(seconds, rel=1e-3)


def test_plain_data_is_what_json_takes() -> None:
    assert plain(built(where="/a", rank="high", table={"a": {"name": "n"}}, real=0.5)) == {
        "text": None,
        "flag": False,
        "whole": 0,
        "real": 0.5,
        "wait": 1.0,
        "size": 64,
        "rank": "high",
        "mood": "good",
        "where": str(Path("/a")),
        "kind": "auto",
        "words": [],
        "inner": {"name": "x", "count": 1},
        "table": {"a": {"name": "n", "count": 1}},
        "rest": {},
        "hidden": 0,
    }
    assert plain((nan, inf, 1.0)) == [None, None, 1.0]
    assert isfinite(plain(1.0))


def test_what_is_built_and_made_plain_is_built_again() -> None:
    first = built(text="abc", wait="2m", words=["a"], inner={"name": "n", "count": 2}, rank="high")
    data = plain(first)
    del data["rest"], data["hidden"]
    assert built(**data) == first


def test_every_setting_and_parameter_has_a_kind_and_a_json_schema() -> None:
    classes: list[type] = [Settings, *METHODS.values()]
    for cls in classes:
        schema = json_schema(cls, cls.__name__)
        json.dumps(schema, allow_nan=False)
        assert schema["type"] == "object"


def test_the_json_schema_tells_ranges_choices_defaults_and_help() -> None:
    properties = json_schema(Everything, "x")["properties"]
    assert properties["whole"] == {"type": "integer", "minimum": 0, "maximum": 10, "default": 0}
    assert properties["text"] == {
        "type": "string",
        "minLength": 1,
        "maxLength": 4,
        "description": "Some text.",
    }
    assert properties["rank"] == {"enum": ["low", "high"], "default": "low"}
    assert properties["inner"]["required"] == ["name"]
    assert properties["inner"]["additionalProperties"] is False
    assert "hidden" not in properties
    assert "rest" not in properties


def test_an_annotation_that_is_no_data_is_a_fault_found_at_once() -> None:
    with pytest.raises(TypeError):
        shape_of(complex)
    with pytest.raises(TypeError):
        shape_of(tuple[int, str])
