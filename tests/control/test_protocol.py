"""Whatever comes in, the protocol answers in kind and in one line."""

from __future__ import annotations

import json
from math import nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttsd import commands
from ttsd.commands import METHODS, Say, SwitchEngine
from ttsd.control import protocol
from ttsd.control.protocol import Refusal, Request, answer, parse
from ttsd.errors import EngineMissing, TtsdError
from ttsd.events import Begin
from ttsd.model import EngineName, Priority, SourceName, UtteranceId

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
REQUESTS = st.fixed_dictionaries(
    {},
    optional={
        "jsonrpc": st.just("2.0") | JSON_VALUES,
        "id": JSON_VALUES,
        "method": st.sampled_from(sorted(METHODS)) | JSON_VALUES,
        "params": st.dictionaries(
            st.sampled_from(["text", "engine", "id", "priority", "events", "max_age", "wait", "limit"]),
            JSON_VALUES,
        )
        | JSON_VALUES,
    },
)


def asked(**request: Any) -> Request | Refusal:
    found = parse(json.dumps({"jsonrpc": "2.0", "id": 1, **request}).encode())
    assert found is not None
    return found


def the_answer(request: Request | Refusal, result: object = None) -> dict[str, Any]:
    line = answer(request, result)
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    document = json.loads(line)
    assert isinstance(document, dict)
    return document


@given(st.binary() | st.text().map(str.encode) | st.binary().map(lambda rest: b"{" + rest))
def test_any_bytes_are_a_request_or_refused_in_one_line(data: bytes) -> None:
    for line in data.split(b"\n"):
        found = parse(line)
        if isinstance(found, Refusal):
            assert answer(found, None).count(b"\n") == 1
        elif found is not None:
            assert isinstance(found.command, tuple(METHODS.values()))


@given(REQUESTS)
def test_any_object_is_a_request_or_refused_with_its_id(request: dict[str, Any]) -> None:
    found = parse(json.dumps(request).encode())
    assert found is not None
    document = the_answer(found, {})
    assert document["jsonrpc"] == "2.0"
    call_id = request.get("id")
    if isinstance(found, Request) or document["error"]["code"] in (-32601, -32602):
        assert document["id"] == call_id
        assert found.silent == ("id" not in request)


@given(
    st.builds(
        Say,
        text=st.text(st.characters(codec="utf-8"), min_size=1),
        priority=st.sampled_from(Priority),
        voice=st.none() | st.text(st.characters(codec="utf-8"), min_size=1, max_size=9),
        max_age=st.none() | st.floats(0, 1e6),
        wait=st.booleans(),
    )
)
def test_a_command_survives_the_way_over_the_wire(command: Say) -> None:
    from ttsd.schema import plain

    found = asked(method="say", params=plain(command))
    assert isinstance(found, Request)
    assert found.command == command


def test_every_method_is_known_by_its_name() -> None:
    needed = {"text": "a", "engine": "piper", "id": 1, "volume": 50, "source": "chat"}
    for method, cls in METHODS.items():
        found = asked(method=method, params={} if method == "clear" else needed)
        assert isinstance(found, Request), found
        assert type(found.command) is cls


def test_unknown_fields_are_ignored() -> None:
    found = asked(method="skip", params={"gently": True}, trace="abc")
    assert found == Request(commands.Skip(), 1)


def test_every_problem_is_told_at_once() -> None:
    found = asked(method="say", params={"text": 5, "priority": "hihg", "max_age": "-1s"})
    assert isinstance(found, Refusal)
    assert found.number == protocol.INVALID_PARAMS
    for part in ("text: must be text", 'did you mean "high"', "max_age: must be a duration"):
        assert part in found.what


@pytest.mark.parametrize(
    ("line", "number"),
    [
        (b"{", protocol.PARSE_ERROR),
        (b'{"a":' * 5000, protocol.PARSE_ERROR),
        (b'{"id":' + b"9" * 5000 + b"}", protocol.PARSE_ERROR),
        (b'{"id":"\xff"}', protocol.PARSE_ERROR),
        (b'[{"jsonrpc":"2.0","method":"skip"}]', protocol.INVALID_REQUEST),
        (b'{"id":1}', protocol.INVALID_REQUEST),
        (b'{"id":{},"method":"skip"}', protocol.INVALID_REQUEST),
        (b'{"id":NaN,"method":"skip"}', protocol.INVALID_REQUEST),
        (b'{"id":true,"method":"skip"}', protocol.INVALID_REQUEST),
        (b'{"id":1,"method":"skipp"}', protocol.METHOD_NOT_FOUND),
        (b'{"id":1,"method":"say","params":["a"]}', protocol.INVALID_PARAMS),
        (b'{"id":1,"method":"say","params":"a"}', protocol.INVALID_PARAMS),
        (b'{"id":1,"method":"say","params":{"text":"\\ud800"}}', protocol.INVALID_PARAMS),
        (b'{"id":1,"method":"say","params":{"text":""}}', protocol.INVALID_PARAMS),
    ],
)
def test_what_cannot_be_a_request_gets_its_documented_code(line: bytes, number: int) -> None:
    found = parse(line)
    assert isinstance(found, Refusal)
    assert the_answer(found)["error"]["code"] == number


def test_an_empty_line_is_nothing() -> None:
    assert parse(b"") is None
    assert parse(b" \r") is None


def test_a_plain_command_is_a_command() -> None:
    for line, command in (
        (b"skip", commands.Skip()),
        (b"  SKIP \r", commands.Skip()),
        (b"say hello   there", Say(text="hello   there")),
        ("say čau".encode(), Say(text="čau")),
        (b"switch piper", SwitchEngine(engine=EngineName("piper"))),
        (b"queue list", commands.QueueList()),
        (b"queue list 5", commands.QueueList(limit=5)),
        (b"queue move 7 0", commands.QueueMove(id=UtteranceId(7), position=0)),
        (b"mute true", commands.Mute(on=True)),
        (b"mute on", commands.Mute(on=True)),
        (b"mute off", commands.Mute(on=False)),
        (b"volume", commands.VolumeGet()),
        (b"volume 50", commands.VolumeSet(volume=50)),
        (b"source disable my  chat.log", commands.SourceDisable(source=SourceName("my  chat.log"))),
        (b"subscribe begin,end", commands.Subscribe(events=("begin", "end"))),
        (b"subscribe begin end", commands.Subscribe(events=("begin", "end"))),
        (b"subscribe", commands.Subscribe()),
    ):
        assert parse(line) == Request(command, None, plain=True)


@pytest.mark.parametrize(
    "line", [b"skipp", b"\x1c", b"GET / HTTP/1.1", b"skip it now", b"say", b"\x00\xff\xfe", b"queue move x"]
)
def test_a_plain_command_that_is_wrong_gets_a_plain_error(line: bytes) -> None:
    found = parse(line)
    assert isinstance(found, Refusal)
    reply = answer(found, None)
    assert reply.startswith(b"error ")
    assert reply.count(b"\n") == 1


def test_words_that_are_too_many_are_named() -> None:
    for line, told in (
        (b"skip it now", b'"skip" takes no words, not "it now"'),
        (b"queue move 1 2 3", b"at most 2"),
    ):
        found = parse(line)
        assert isinstance(found, Refusal)
        assert told in answer(found, None)


def test_an_error_carries_code_place_and_next_step() -> None:
    error = EngineMissing("xtts is not installed", where="xtts", next_step="pip install it")
    document = the_answer(Request(commands.Skip(), "a"), error)
    assert document["error"] == {
        "code": -32000,
        "message": "xtts is not installed",
        "data": {"code": "engine-missing", "where": "xtts", "next_step": "pip install it"},
    }
    plain = answer(Request(commands.Skip(), None, plain=True), error)
    assert plain == b"error engine-missing: xtts is not installed (pip install it)\n"


def test_a_plain_answer_is_one_line_even_if_the_error_has_many() -> None:
    assert (
        answer(Request(commands.Skip(), None, plain=True), TtsdError("a\nb\r\nc")) == b"error error: a b c\n"
    )


def test_an_answer_that_cannot_be_written_is_an_error_not_a_crash() -> None:
    assert the_answer(Request(commands.Skip(), 1), object())["error"]["code"] == protocol.INTERNAL_ERROR
    assert the_answer(Request(commands.Skip(), 1), {"x": nan})["result"] == {"x": None}
    assert the_answer(Request(commands.Skip(), 1), {"x": "\ud800"})["result"] == {"x": "?"}


def test_an_event_is_a_notification() -> None:
    begin = Begin(at=1.5, id=UtteranceId(3), source=SourceName("chat"), text="ä\nb")
    line = protocol.event(begin)
    assert line.count(b"\n") == 1
    assert json.loads(line) == {
        "jsonrpc": "2.0",
        "method": "begin",
        "params": {"at": 1.5, "id": 3, "source": "chat", "text": "ä\nb", "engine": None, "voice": None},
    }
