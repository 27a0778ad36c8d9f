"""The codec keeps what it is given, and tells end, garbage and truncation apart."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wyoming import event as wyoming_event

from ttsd.engines import wire
from ttsd.engines.wire import Event, Garbage, Truncated, WireError

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
events = st.builds(
    Event,
    st.text(min_size=1, max_size=20),
    st.dictionaries(st.text(max_size=10), json_values, max_size=5),
    st.binary(max_size=300),
)


class Trickle(io.RawIOBase):
    """A stream that gives a byte at a time, as a slow pipe may."""

    def __init__(self, data: bytes) -> None:
        self._rest = data

    def read(self, size: int = -1) -> bytes:
        """One byte."""
        first, self._rest = self._rest[:1] if size else b"", self._rest[1:] if size else self._rest
        return first


@given(st.lists(events, max_size=4))
def test_what_is_written_is_read(sent: list[Event]) -> None:
    stream = io.BytesIO(b"".join(map(wire.encode, sent)))
    assert [wire.read(stream) for _ in sent] == sent
    assert wire.read(stream) is None


@given(events)
def test_a_slow_stream_is_read_whole(sent: Event) -> None:
    assert wire.read(Trickle(wire.encode(sent))) == sent


@given(events, st.data())
def test_a_cut_is_never_taken_for_an_end(sent: Event, data: st.DataObject) -> None:
    raw = wire.encode(sent)
    cut = data.draw(st.integers(1, len(raw) - 1))
    with pytest.raises(Truncated):
        # What is cut exactly behind the header or data promises more than comes: truncated, too.
        wire.read(io.BytesIO(raw[:cut]))


@given(st.binary(min_size=1, max_size=400))
def test_any_bytes_give_an_event_or_a_wire_error(raw: bytes) -> None:
    try:
        assert wire.read(io.BytesIO(raw)) is not None
    except WireError:
        pass


@pytest.mark.parametrize(
    "raw",
    [
        b"\n",
        b"hello\n",
        b"[]\n",
        b"{}\n",
        b'{"type": 1}\n',
        b'{"type": ""}\n',
        b'{"type": "x", "data": []}\n',
        b'{"type": "x", "data": 3}\n',
        b'{"type": "x", "data_length": -1}\n',
        b'{"type": "x", "data_length": true}\n',
        b'{"type": "x", "payload_length": 1e3}\n' + b"x" * 1000,
        b'{"type": "x", "payload_length": 99999999999}\n',
        b'{"type": "x", "data_length": 2}\n[]',
        b"[" * 200_000 + b"\n",
        b'{"type": "x", "data": {"n": ' + b"1" * 5000 + b"}}\n",
        b"\xff\xfe\n",
        b"x" * (wire.MAX_HEADER + 5),
    ],
    ids=range(17),
)
def test_garbage_is_named_and_never_repeated(raw: bytes) -> None:
    with pytest.raises(Garbage) as caught:
        wire.read(io.BytesIO(raw))
    assert len(str(caught.value)) < 200


def test_what_is_too_large_is_not_sent() -> None:
    with pytest.raises(WireError):
        wire.encode(Event("x", {}, b"x" * (wire.MAX_PAYLOAD + 1)))


@given(events)
def test_the_package_wyoming_reads_what_we_write(sent: Event) -> None:
    heard = wyoming_event.read_event(io.BytesIO(wire.encode(sent)))
    assert heard is not None
    assert (heard.type, heard.data, heard.payload or b"") == (sent.type, sent.data, sent.payload)


@given(events)
def test_we_read_what_the_package_wyoming_writes(sent: Event) -> None:
    try:
        json.dumps([sent.type, dict(sent.data)], ensure_ascii=False).encode()
    except UnicodeEncodeError:  # it cannot write lone surrogates
        return
    stream = io.BytesIO()
    wyoming_event.write_event(
        wyoming_event.Event(sent.type, dict(sent.data), sent.payload),
        stream,
    )
    stream.seek(0)
    assert wire.read(stream) == sent
