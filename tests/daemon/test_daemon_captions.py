"""Captions tell of the sentence that sounds, whatever else ends meanwhile."""

from __future__ import annotations

import errno
import re
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import pytest
from fakes import FakeClock

from ttsd import events
from ttsd.daemon import caption_files, caption_places
from ttsd.daemon.caption_places import CaptionPlaces
from ttsd.daemon.captions import Captions
from ttsd.model import EngineName, SourceName, State, UtteranceId
from ttsd.replace_file import replace_file
from ttsd.settings import Duration
from ttsd.settings.captions import CaptionSettings
from ttsd.text.captions import timings

if TYPE_CHECKING:
    from collections.abc import Callable


NOW = FakeClock().time()


def made(
    folder: Path,
    settings: CaptionSettings,
    speaker_of: Callable[[SourceName, str], str] = lambda *_: "",
    *,
    last: int = 0,
) -> Captions:
    """Captions of a daemon whose database gave the id *last* before its start."""
    places = CaptionPlaces(folder / "captions.jsonl", UtteranceId(last))
    captions = Captions(settings, FakeClock(), speaker_of, died=lambda *_: None, places=places)
    captions.step()
    return captions


def tell(captions: Captions, *told: events.Event) -> None:
    for event in told:
        captions.notice(event)
        captions.step()


def withdrawn(id: int) -> events.Withdrawn:
    return events.Withdrawn(at=0.0, id=UtteranceId(id), source=SourceName("chat"))


def begin(id: int, text: str) -> events.SentenceBegin:
    return events.SentenceBegin(
        at=NOW + 10 * id, id=UtteranceId(id), index=0, text=text, engine=EngineName("tone")
    )


def start(id: int, text: str) -> events.Begin:
    return events.Begin(at=NOW, id=UtteranceId(id), source=SourceName("chat"), text=text)


def end(id: int) -> events.End:
    return events.End(
        at=NOW + 10 * id + 5,
        id=UtteranceId(id),
        source=SourceName("say"),
        state=State.SPOKEN,
        seconds=1.0,
        engine=EngineName("tone"),
        voice=None,
    )


def test_an_end_elsewhere_does_not_end_the_sentence_that_sounds(tmp_path: Path) -> None:
    now = tmp_path / "now.txt"
    settings = CaptionSettings(text=now, clear_after=Duration(0))
    captions = made(tmp_path, settings)
    # On a second output the first one ends a little later; and what was lent ends at any time.
    tell(captions, begin(1, "one"), begin(2, "two"), end(1))
    assert now.read_text() == "two"
    tell(captions, end(2))
    assert now.read_text() == ""
    captions.close()


def test_each_sentence_has_the_name_of_who_said_it_whoever_begins_meanwhile(tmp_path: Path) -> None:
    settings = CaptionSettings(srt=tmp_path / "all.srt", speakers=True)
    names = {"one": "Ann", "two": "Bob"}
    captions = made(tmp_path, settings, lambda _, line: names[line])
    tell(captions, start(1, "one"), begin(1, "one"), start(2, "two"), begin(2, "two"), end(1), end(2))
    captions.close()
    written = (tmp_path / "all.srt").read_text()
    assert "Ann: one" in written
    assert "Bob: two" in written


def test_what_is_withdrawn_vanishes_from_the_files_of_before_a_change_of_the_configuration(
    tmp_path: Path,
) -> None:
    srt = tmp_path / "all.srt"
    captions = made(tmp_path, CaptionSettings(srt=srt))
    tell(captions, begin(1, "one"), end(1), begin(2, "two"), end(2))
    captions.use(CaptionSettings())
    captions.step()
    tell(captions, withdrawn(1))
    assert "one" not in srt.read_text()
    assert srt.read_text().startswith("1\n")
    assert "two" in srt.read_text()
    captions.close()


def test_what_could_not_be_withdrawn_is_withdrawn_with_the_next_caption(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    srt, vtt = tmp_path / "all.srt", tmp_path / "all.vtt"
    captions = made(tmp_path, CaptionSettings(srt=srt, vtt=vtt))
    tell(captions, begin(1, "one"), end(1))

    def replace(path: Path, content: bytes) -> None:
        if path == srt:
            raise OSError(errno.EACCES, "no")
        replace_file(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(caption_files, "replace_file", replace)
        tell(captions, withdrawn(1))
    assert "one" in srt.read_text()
    assert "one" not in vtt.read_text(), "the other one is not held up"
    tell(captions, begin(2, "two"), end(2))
    assert "one" not in srt.read_text()
    assert "two" in srt.read_text()
    assert srt.read_text().count("-->") == 1
    captions.close()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a disk that is full")
def test_what_a_full_disk_did_not_take_is_written_with_the_next_caption(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    srt = tmp_path / "all.srt"
    captions = made(tmp_path, CaptionSettings(srt=srt))
    tell(captions, begin(1, "one"), end(1))
    before, path_open = srt.read_text(), Path.open

    def full(path: Path, mode: str = "r", *args: Any, **how: Any) -> IO[Any]:
        if path == srt and "a" in mode:
            path.write_bytes(path.read_bytes() + b"2\n00:")  # half of it
            return path_open(Path("/dev/full"), "wb")
        return path_open(path, mode, *args, **how)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", full)
        tell(captions, begin(2, "two"), end(2), begin(3, "three"), end(3))
    assert srt.read_text() == before
    tell(captions, withdrawn(3), begin(4, "four"), end(4))
    written = srt.read_text()
    assert written.startswith(before)
    assert re.findall(r"^(\d+)$|^(\w+)$", written, re.MULTILINE) == [
        *(("1", ""), ("", "one"), ("2", ""), ("", "two"), ("3", ""), ("", "four"))
    ]
    captions.close()


def test_an_evening_is_as_light_at_its_end_as_at_its_beginning(tmp_path: Path) -> None:
    captions = made(tmp_path, CaptionSettings(srt=tmp_path / "all.srt"))
    for id in range(1, 50):
        tell(captions, begin(id, f"sentence {id}"), end(id))
    (transcript,) = captions._transcripts
    assert not transcript._waiting
    captions.close()


def test_the_ids_of_another_database_withdraw_nothing(tmp_path: Path) -> None:
    srt = tmp_path / "all.srt"
    captions = made(tmp_path, CaptionSettings(srt=srt))
    tell(captions, begin(1, "of an old database"), end(1))
    captions.close()
    captions = made(tmp_path, CaptionSettings(), last=0)  # whose file was deleted
    tell(captions, withdrawn(1))
    assert "of an old database" in srt.read_text()
    captions.close()


def test_a_clock_that_is_set_back_moves_no_caption_to_the_beginning(tmp_path: Path) -> None:
    vtt = tmp_path / "all.vtt"
    captions = made(tmp_path, CaptionSettings(vtt=vtt))
    tell(captions, begin(100, "before"), end(100), begin(1, "after"), end(1), begin(2, "later"), end(2))
    starts = [timing.partition(" ")[0] for timing in timings(vtt.read_text())]
    assert starts == ["00:16:40.000", "00:16:45.000", "00:16:55.000"]
    captions.close()


def test_places_are_bounded_and_outlive_a_crash_in_the_middle_of_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(caption_places, "MOST", 10)
    notes, file = tmp_path / "captions.jsonl", tmp_path / "all.srt"
    places = CaptionPlaces(notes, UtteranceId(0))
    for id in range(1, 100):
        places.note(UtteranceId(id), file, [f"time {id}"])
    assert len(notes.read_text().splitlines()) <= 20
    assert places.of({UtteranceId(99), UtteranceId(1)}) == {file: {"time 99"}}
    notes.write_text(notes.read_text() + '[98, "time')
    places = CaptionPlaces(notes, UtteranceId(99))
    places.note(UtteranceId(100), file, ["time 100"])
    assert places.of({UtteranceId(99), UtteranceId(100)}) == {file: {"time 99", "time 100"}}
