"""The vocabulary: typed values survive the wire, foreign forms are read, nonsense is named."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.error import Error
from wyoming.event import read_event, write_event
from wyoming.info import Info as WyomingInfo
from wyoming.tts import Synthesize, SynthesizeVoice

from ttsd.engines import protocol, wire
from ttsd.engines.engine import Request
from ttsd.engines.protocol import Finished, PcmReader
from ttsd.engines.wire import Event, Garbage
from ttsd.errors import EngineRefused, EngineSilent, UnknownVoice
from ttsd.model import Chunk, Voice, WordTime

names = st.none() | st.text(min_size=1, max_size=20)


def over_the_wire(event: Event) -> Event:
    """As it arrives."""
    arrived = wire.read(io.BytesIO(wire.encode(event)))
    assert arrived is not None
    return arrived


def test_a_sound_for_a_converter_arrives_as_it_was_sent() -> None:
    sound = Chunk(np.linspace(-1, 1, 5000, dtype=np.float32), 22050)
    sent = Request("", options={"transpose": 3}, sound=sound)
    read = protocol.read_synthesize(over_the_wire(protocol.synthesize(sent, 7)))
    assert read.sound is not None
    assert (read.text, read.options, read.sound.rate) == ("", {"transpose": 3}, 22050)
    np.testing.assert_array_equal(read.sound.samples, sound.samples)
    with pytest.raises(Garbage):
        protocol.read_synthesize(Event(protocol.SYNTHESIZE, {"text": "", "sound": {"rate": 0}}, b"1234"))


@given(
    st.builds(
        Request,
        st.text(),
        names,
        names,
        names,
        st.dictionaries(st.text(max_size=8), st.text() | st.integers(-99, 99) | st.booleans(), max_size=3),
    ),
    st.integers(0, 2**31),
)
def test_a_request_arrives_as_it_was_sent(request: Request, job: int) -> None:
    arrived = over_the_wire(protocol.synthesize(request, job))
    assert protocol.read_synthesize(arrived) == request
    assert protocol.job_of(arrived) == job
    assert protocol.wants_float(arrived)


@given(
    st.dictionaries(
        st.text(max_size=8), st.none() | st.integers() | st.text() | st.lists(st.text()), max_size=6
    )
)
def test_no_data_makes_a_reader_fail_but_with_garbage(data: dict[str, object]) -> None:
    read_as_everything(data)


def read_as_everything(data: dict[str, object]) -> None:
    """Garbage is the only error allowed."""
    event = Event("anything", data)
    for read in (
        protocol.read_synthesize,
        protocol.read_info,
        protocol.read_words,
        protocol.read_stop,
        PcmReader,
        lambda e: protocol.read_error(e, "x"),
    ):
        try:
            read(event)
        except Garbage:
            pass


@pytest.mark.parametrize("keys", ["tts", "words", "voice", "options", "text", "ttsd"])
@pytest.mark.parametrize("value", [3, "x", [3], [[1]], {"a": 1}, [{"voices": 3}], [{"voices": [{}]}]])
def test_wrong_shapes_under_known_keys_are_garbage_or_ignored(keys: str, value: object) -> None:
    read_as_everything({keys: value})


def test_sound_survives_as_float_and_as_16_bits() -> None:
    samples = np.linspace(-1, 1, 1001, dtype=np.float32)
    chunk = Chunk(samples, 22050, (WordTime("hello", 0.1, 0.25),))
    exact = over_the_wire(protocol.audio_chunk(chunk, 7, floats=True))
    np.testing.assert_array_equal(PcmReader(exact).feed(exact.payload), samples)
    assert protocol.read_words(exact) == chunk.words
    coarse = over_the_wire(protocol.audio_chunk(chunk, None, floats=False))
    np.testing.assert_allclose(PcmReader(coarse).feed(coarse.payload), samples, atol=2 / 32768)


@given(st.binary(max_size=200), st.data())
def test_frames_that_arrive_in_pieces_are_put_together(raw: bytes, data: st.DataObject) -> None:
    width, channels = data.draw(st.sampled_from([1, 2, 4])), data.draw(st.integers(1, 3))
    event = Event("audio-start", {"rate": 16000, "width": width, "channels": channels})
    whole = PcmReader(event).feed(raw)
    reader, parts, rest = PcmReader(event), [], raw
    while rest:
        size = data.draw(st.integers(1, len(rest)))
        parts.append(reader.feed(rest[:size]))
        rest = rest[size:]
    assert whole.size == len(raw) // (width * channels)
    np.testing.assert_array_equal(np.concatenate([whole[:0], *parts]), whole)


def test_a_peer_of_another_protocol_is_refused_with_the_command_to_run() -> None:
    with pytest.raises(EngineRefused, match="protocol 99") as caught:
        protocol.check_hello(Event(protocol.HELLO, {"protocol": 99, "version": "7.0"}), "xtts")
    assert "pip install ttsd==" in str(caught.value)
    protocol.check_hello(over_the_wire(protocol.hello()), "xtts")


def test_errors_keep_their_kind_and_remedy_and_foreign_ones_are_refusals() -> None:
    sent = protocol.error(EngineSilent("gave nothing", next_step="try again"), 3)
    told = protocol.read_error(over_the_wire(sent), "xtts")
    assert isinstance(told, EngineSilent)
    assert str(told) == "xtts: gave nothing (try again)"
    assert (
        type(protocol.read_error(Event("error", {"text": "no", "code": "ValueError"}), "x")) is EngineRefused
    )


def test_an_unknown_voice_or_speaker_names_what_there_is() -> None:
    voices = (Voice("amy"), Voice("libri", "en-US", ("p1", "p2")))
    assert protocol.unknown_voice(Request("x"), voices, "piper") is None
    assert protocol.unknown_voice(Request("x", "libri", "p2"), voices, "piper") is None
    assert str(protocol.unknown_voice(Request("x", "joe"), voices, "piper")) == (
        "piper: has no voice joe (it has amy, libri)"
    )
    fault = protocol.unknown_voice(Request("x", "libri", "p9"), voices, "piper")
    assert isinstance(fault, UnknownVoice)
    assert "p1, p2" in str(fault)


def test_the_package_wyoming_understands_our_events() -> None:
    def as_wyoming(event: Event) -> object:
        arrived = read_event(io.BytesIO(wire.encode(event)))
        assert arrived is not None
        return arrived

    request = Synthesize.from_event(as_wyoming(protocol.synthesize(Request("hi", "amy", "p1"), 1)))
    assert (request.text, request.voice) == ("hi", SynthesizeVoice("amy", speaker="p1"))
    chunk = Chunk(np.zeros(4, np.float32), 16000)
    sound = AudioChunk.from_event(as_wyoming(protocol.audio_chunk(chunk, None, floats=False)))
    assert (sound.rate, sound.width, sound.channels, sound.samples) == (16000, 2, 1, 4)
    assert AudioStart.from_event(as_wyoming(protocol.audio_start(16000, None, floats=False))).rate == 16000
    assert AudioStop.from_event(as_wyoming(protocol.audio_stop(Finished(0.1), 3)))
    assert Error.from_event(as_wyoming(protocol.error(EngineSilent("no"), 3))).code == "engine-silent"
    info = protocol.info("piper", "Piper", [Voice("a", "en-US", ("p1",)), Voice("b")], "a")
    program = WyomingInfo.from_event(as_wyoming(info)).tts[0]
    assert [(v.name, v.languages, bool(v.speakers)) for v in program.voices] == [
        ("a", ["en-US"], True),
        ("b", [], False),
    ]
    assert protocol.read_info(over_the_wire(info)) == protocol.Info(
        (Voice("a", "en-US", ("p1",)), Voice("b")), "a"
    )


def test_we_understand_the_package_wyomings_events() -> None:
    def as_ours(event: object) -> Event:
        stream = io.BytesIO()
        write_event(event, stream)
        stream.seek(0)
        ours = wire.read(stream)
        assert ours is not None
        return ours

    asked = as_ours(Synthesize("hello", SynthesizeVoice(name="amy", speaker="p1")).event())
    assert protocol.read_synthesize(asked) == Request("hello", "amy", "p1")
    assert not protocol.wants_float(asked)
    sound = as_ours(AudioChunk(16000, 2, 1, b"\x00\x40\x00\xc0").event())
    np.testing.assert_allclose(PcmReader(sound).feed(sound.payload), [0.5, -0.5])
    assert protocol.read_stop(as_ours(AudioStop().event())) == Finished()


def test_a_blend_is_known_where_its_voices_are() -> None:
    voices = (Voice("amy"), Voice("joe"))
    for known in ("amy:0.6+joe:0.4", "amy+joe"):
        assert protocol.unknown_voice(Request("x", known), voices, "kokoro") is None
    for unknown in ("amy:0.6+eve:0.4", "amy:0.6", "+", "eve+eve"):
        assert isinstance(protocol.unknown_voice(Request("x", unknown), voices, "kokoro"), UnknownVoice)
