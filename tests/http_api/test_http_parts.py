"""The parts of the API by themselves: encoders, wishes, lines, the pipe, the hub, the right of way."""

from __future__ import annotations

import asyncio
import io
import threading
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from waiting import wait_for

from ttsd import events
from ttsd.errors import UsageError
from ttsd.http import wishes
from ttsd.http.encode import RATES, SUBTYPES, Form, encoder, sized
from ttsd.http.hub import MOST_WAITING, Hub
from ttsd.http.lines import MOST_LINES, read_lines
from ttsd.http.pipe import Left, Pipe
from ttsd.http.problems import Refused
from ttsd.model import EngineName
from ttsd.settings import EngineSettings, Settings
from ttsd.speech.right_of_way import RightOfWay

if TYPE_CHECKING:
    from pathlib import Path

TONE = (0.3 * np.sin(np.arange(22_050) * 0.1)).astype(np.float32)
PIPER, XTTS = EngineName("piper"), EngineName("xtts")
FORMS = [Form(name, None, kind) for name, kinds in SUBTYPES.items() for kind in kinds]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: f"{form.format}-{form.kind}")
@settings(max_examples=10, deadline=None)
@given(cuts=st.lists(st.integers(0, len(TONE)), max_size=4))
def test_sound_is_whole_however_it_is_cut(form: Form, cuts: list[int]) -> None:
    sink = encoder(form, 22_050)
    data = b"".join(sink.push(piece) for piece in np.split(TONE, sorted(cuts))) + sink.finish()
    if form.format == "pcm":
        assert len(data) == len(TONE) * {"PCM_16": 2, "PCM_24": 3, "FLOAT": 4}[form.kind]
        return
    with soundfile.SoundFile(io.BytesIO(data)) as file:
        assert file.subtype == form.kind
        assert file.samplerate == 22_050 or form.kind == "OPUS"
        heard = file.read(dtype="float32")
        assert abs(len(heard) / file.samplerate - 1) < 0.2
    if form.kind in ("PCM_24", "FLOAT"):
        assert np.abs(heard - TONE).max() < 1e-6


def test_a_wav_that_is_whole_can_tell_its_length() -> None:
    sink = encoder(Form(), 22_050)
    data = sized(sink.push(TONE) + sink.finish())
    assert soundfile.info(io.BytesIO(data)).frames == len(TONE)


@given(
    st.sampled_from(sorted(SUBTYPES)),
    st.sampled_from(sorted({k for v in SUBTYPES.values() for k in v})),
    st.integers(1, 400_000),
)
def test_a_form_is_one_that_can_be_made_or_is_refused(name: str, kind: str, rate: int) -> None:
    try:
        form = Form(name, rate, kind)
    except UsageError:
        assert kind not in SUBTYPES[name] or rate not in RATES.get(kind, (rate,))
    else:
        assert form.rate_for(22_050) == rate


def settings_with(**options: float) -> Settings:
    return Settings(engine={EngineName("piper"): EngineSettings(options=options)})


def test_a_wish_becomes_the_option_of_each_engine() -> None:
    chain = [EngineName("piper"), EngineName("xtts"), EngineName("tone")]
    found = wishes.casts(chain, {"speed": 2.0}, settings_with(length_scale=1.2))
    assert found == {
        "piper": wishes.Cast({"length_scale": 0.6}),
        "xtts": wishes.Cast({"speed": 2.0}, language="pt"),
    }
    found = wishes.casts(chain, {"temperature": 0.4, "top_k": 9}, Settings())
    assert found == {"xtts": wishes.Cast({"temperature": 0.4, "top_k": 9}, language="pt")}
    assert set(wishes.casts(chain, {}, Settings())) == {"piper", "xtts", "tone"}


def test_the_default_language_holds_for_engines_whose_every_voice_speaks_it() -> None:
    assert wishes.casts([XTTS], {}, Settings())[XTTS].language == "pt"
    configured = Settings(engine={XTTS: EngineSettings(options={"language": "en"})})
    assert wishes.casts([XTTS], {}, configured)[XTTS].language is None
    assert wishes.casts([PIPER], {}, Settings())[PIPER].language is None


def test_a_recording_is_one_for_engines_that_clone_only() -> None:
    wish = {"speaker": "ana"}
    assert wishes.casts([XTTS], wish, Settings(), ["ana"])[XTTS].options == {"speaker_wav": "ana"}
    assert wishes.casts([XTTS], wish, Settings())[XTTS].speaker == "ana"
    assert wishes.casts([PIPER], wish, Settings(), ["ana"])[PIPER].speaker == "ana"


@pytest.mark.parametrize(
    ("engine", "wish", "where"),
    [
        ("piper", {"top_k": 3}, "top_k"),
        ("tone", {"speed": 2.0}, "speed"),
        ("xtts", {"temperature": 4.0}, "temperature"),
    ],
)
def test_what_an_engine_does_not_take_is_named(engine: str, wish: dict[str, float], where: str) -> None:
    with pytest.raises(Refused) as caught:
        wishes.casts([EngineName(engine)], wish, Settings())
    assert (caught.value.status, caught.value.where) == (422, where)


@pytest.mark.parametrize(
    ("encoding", "written"),
    [
        ("utf-16", "utf-16"),
        ("utf-16", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("utf-8", "utf-8-sig"),
        ("cp1252",) * 2,
    ],
)
def test_lines_are_told_apart_as_their_encoding_has_them(tmp_path: Path, encoding: str, written: str) -> None:
    """U+0A0D and U+010A hold the bytes of a newline in UTF-16; a byte order mark is no text."""
    strange = "\u0a0d\u010a" if "16" in encoding else ""
    path = tmp_path / "file"
    path.write_bytes(f"é{strange} one\r\ntwo\nthr".encode(written))
    found = read_lines(str(path), 0, encoding)
    assert (found.lines, found.count) == ((f"é{strange} one", "two"), 2)
    assert read_lines(str(path), 1, encoding).lines == ("two",)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.text(st.characters(exclude_characters="\r\n\ufeff", codec="utf-8"), max_size=20), max_size=30
    ),
    st.integers(0, 40),
)
def test_lines_behind_those_that_are_known(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], known: int
) -> None:
    path = tmp_path_factory.mktemp("lines") / "file"
    path.write_text("".join(f"{line}\n" for line in lines) + "no end", encoding="utf-8", newline="")
    found = read_lines(str(path), known, "utf-8")
    assert found.restarted == (known > len(lines))
    assert list(found.lines) == (lines if found.restarted else lines[known:])
    assert found.count == len(lines)


def test_lines_come_in_bounded_answers(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("".join(f"{number}\n" for number in range(MOST_LINES + 5)))
    first = read_lines(str(path), 0, "utf-8")
    assert (len(first.lines), first.more) == (MOST_LINES, True)
    rest = read_lines(str(path), first.count, "utf-8")
    assert (rest.lines[-1], rest.more) == (str(MOST_LINES + 4), False)


def test_a_pipe_waits_for_its_reader_and_ends_when_it_leaves() -> None:
    put: list[int] = []

    def fill(pipe: Pipe[int]) -> None:
        try:
            for number in range(100):
                pipe.put(number)
                put.append(number)
        except Left:
            put.append(-1)
        pipe.end()

    async def read() -> list[int | None]:
        pipe: Pipe[int] = Pipe(4, patience=30)
        thread = threading.Thread(target=fill, args=(pipe,))
        thread.start()
        found = [await pipe.get() for _ in range(3)]
        await asyncio.to_thread(wait_for, lambda: len(put) == 7, "the thread to wait for room")
        pipe.leave()
        await asyncio.to_thread(thread.join)
        return found

    assert asyncio.run(read()) == [0, 1, 2]
    assert put[-1] == -1


def test_what_the_thread_ended_with_is_what_the_reader_gets() -> None:
    async def read() -> None:
        pipe: Pipe[int] = Pipe(4, patience=1)
        pipe.end(UsageError("no"))
        await pipe.get()

    with pytest.raises(UsageError, match="no"):
        asyncio.run(read())


def event(number: int) -> events.Event:
    return events.Paused(at=float(number)) if number % 2 else events.Resumed(at=float(number))


def test_a_subscriber_that_reads_too_slowly_is_dropped_and_others_miss_nothing() -> None:
    async def subscribe() -> tuple[int, str | None]:
        hub = Hub()
        hub.open()
        assert not hub.wanted
        quick, slow = hub.subscribe(()), hub.subscribe({"paused"})
        got = 0
        for number in range(3 * MOST_WAITING):
            hub.publish(event(number))
            got += await quick.next() is not None
        hub.leave(quick)
        return got, await slow.next()

    assert asyncio.run(subscribe()) == (3 * MOST_WAITING, None)


def test_the_queue_goes_first_and_others_when_it_leaves_room() -> None:
    way = RightOfWay()
    assert way.wait(0)
    with way.taken():
        assert not way.wait(0.01)
        with way.taken():
            pass
        assert not way.wait(0.01)
    assert not way.wait(0), "it was free for a moment only"
    assert way.wait(10)
