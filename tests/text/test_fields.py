"""A line comes apart into the fields its writer meant, whatever the line."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rule_parts import ANY_TEXT, said

from ttsd.settings import SourceSettings
from ttsd.text.fields import parser
from ttsd.text.levels import LEVELS, rank
from ttsd.text.template import compiled, names, stray_brace


def fields(line: str, **settings: object) -> dict[str, str] | None:
    found = parser(SourceSettings(path="x", **settings))(line)  # type: ignore[arg-type]  # a test's shorthand
    return None if found is None else dict(found)


def test_plain_is_the_line() -> None:
    assert fields("hello: you") == {"text": "hello: you"}


def test_a_regex_names_its_fields() -> None:
    pattern = r"^\[(?P<time>[\d:]+)\] <(?P<speaker>\w+)> (?P<text>.*)$"
    assert fields("[12:00] <Zoë> hi", format="regex", pattern=pattern) == {
        "time": "12:00",
        "speaker": "Zoë",
        "text": "hi",
    }
    assert fields("* Zoë waves", format="regex", pattern=pattern) is None
    assert fields("a b", format="regex", pattern=r"(?P<first>\w)") == {"text": "a b", "first": "a"}
    assert fields("x", format="regex", pattern=r"x(?P<text>y)?") == {"text": ""}


def test_json_fields_are_found_by_path_or_by_their_usual_names() -> None:
    line = json.dumps({"user": {"name": "ana"}, "message": {"body": ["a", "b"]}, "n": 1.5, "no": None})
    assert fields(line, format="json", fields={"speaker": "user.name", "text": "message.body.1"}) == {
        "user.name": "ana",
        "message.body.0": "a",
        "message.body.1": "b",
        "n": "1.5",
        "speaker": "ana",
        "text": "b",
    }
    found = fields('{"msg": "hi", "nick": "bo", "severity": "warn", "ts": 5}', format="json")
    assert found is not None
    assert {key: found[key] for key in ("text", "speaker", "level", "time")} == {
        "text": "hi",
        "speaker": "bo",
        "level": "warn",
        "time": "5",
    }


def test_the_first_path_that_is_there_counts() -> None:
    where = {"text": "long or short"}
    assert fields('{"short": "s"}', format="json", fields=where)["text"] == "s"  # type: ignore[index]  # it is one
    assert fields('{"short": "s", "long": "l"}', format="json", fields=where)["text"] == "l"  # type: ignore[index]  # it is one
    assert fields('{"other": 1}', format="json", fields=where)["text"] == ""  # type: ignore[index]  # it is one


def test_journalds_bytes_are_text() -> None:
    line = json.dumps({"MESSAGE": list("größer".encode())})
    assert fields(line, format="json")["text"] == "größer"  # type: ignore[index]  # it is one


@pytest.mark.parametrize("line", ["", "[1, 2]", '"text"', "{", "not json", "{" * 100_000, "1" * 5000])
def test_what_is_no_json_object_has_not_the_format(line: str) -> None:
    assert fields(line, format="json") is None


def test_deep_and_wide_json_is_bounded() -> None:
    deep = fields('{"a":' * 50 + "1" + "}" * 50, format="json")
    wide = fields(json.dumps({str(n): n for n in range(1000)}), format="json")
    assert deep is not None
    assert wide is not None
    assert len(wide) <= 202


def test_logfmt() -> None:
    line = r'level=info msg="hello \"you\"" user=bob empty= n=5'
    assert fields(line, format="logfmt") == {
        "level": "info",
        "msg": 'hello "you"',
        "user": "bob",
        "empty": "",
        "n": "5",
        "text": 'hello "you"',
        "speaker": "bob",
    }
    assert fields("just prose with a=b in it", format="logfmt") is None


@pytest.mark.parametrize(
    ("unparsed", "expected"),
    [
        ("speak", "no such thing"),
        ("drop", "[unparsed: has not the source's format]"),
        ("report", "[unparsed: has not the source's format]"),
    ],
)
def test_lines_that_do_not_parse(unparsed: str, expected: str) -> None:
    assert said("no such thing", format="json", unparsed=unparsed, template="{text}!") == expected


@given(
    ANY_TEXT
    | st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda x: st.lists(x) | st.dictionaries(st.text(), x),
    ).map(json.dumps)
)
def test_no_line_is_too_much(line: str) -> None:
    for settings in (
        {"format": "json"},
        {"format": "logfmt"},
        {"format": "plain"},
        {"format": "regex", "pattern": r"(?P<text>\w*)"},
    ):
        found = fields(line, **settings)
        assert found is None or "text" in found


# ---- templates


def filled(template: str, **values: str) -> str:
    return compiled(template)(values)


def test_templates() -> None:
    assert filled("{speaker} says {text}", speaker="ana", text="hi") == "ana says hi"
    assert filled("{speaker|somebody} says {text}", text="hi") == "somebody says hi"
    assert filled("{speaker? says }{text}", text="hi", speaker="ana") == "ana says hi"
    assert filled("{speaker? says }{text}", text="hi", speaker="") == "hi"
    assert filled("{{{text}}} {other}", text="hi") == "{hi} "
    assert filled("{ text }", text="hi") == "hi"


def test_what_a_field_says_is_no_template() -> None:
    assert filled("{text}", text="{speaker} {{", speaker="ana") == "{speaker} {{"


def test_names_and_stray_braces() -> None:
    assert names("{a} {b|x} {c?y} {{d}}") == ("a", "b", "c")
    assert stray_brace("{a")
    assert stray_brace("a}")
    assert not stray_brace("{{a}} {b}")


@given(st.text(), st.text(), st.text())
def test_any_text_is_a_template(template: str, speaker: str, text: str) -> None:
    filled(template, speaker=speaker, text=text)
    names(template)
    stray_brace(template)


def test_a_template_may_depend_on_a_field() -> None:
    source = {
        "format": "json",
        "template": "{text}",
        "templates": {"event=Docked": "Docked at {station}", "event = Died": "Dead"},
    }
    assert said('{"event": "Docked", "station": "Hope"}', **source) == "Docked at Hope"
    assert said('{"event": "Died"}', **source) == "Dead"
    assert said('{"event": "Other", "text": "x"}', **source) == "x"


# ---- levels


@pytest.mark.parametrize(
    ("written", "level"),
    [
        ("WARN", "warning"),
        ("[E]", "error"),
        ("3", "error"),
        ("7", "debug"),
        ("40", "error"),
        ("Fatal", "critical"),
        ("emerg", "emergency"),
    ],
)
def test_levels_by_any_name(written: str, level: str) -> None:
    assert rank(written) == LEVELS.index(level)


@given(ANY_TEXT)
def test_what_is_no_level_is_none(text: str) -> None:
    found = rank(text)
    assert found is None or 0 <= found < len(LEVELS)
