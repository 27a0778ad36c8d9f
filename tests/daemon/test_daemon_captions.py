"""Captions tell of the sentence that sounds, whatever else ends meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakes import FakeClock

from ttsd import events
from ttsd.daemon.captions import Captions
from ttsd.model import EngineName, SourceName, State, UtteranceId
from ttsd.settings import Duration
from ttsd.settings.captions import CaptionSettings

if TYPE_CHECKING:
    from pathlib import Path


def begin(id: int, text: str) -> events.SentenceBegin:
    return events.SentenceBegin(at=0.0, id=UtteranceId(id), index=0, text=text, engine=EngineName("tone"))


def start(id: int, text: str) -> events.Begin:
    return events.Begin(at=0.0, id=UtteranceId(id), source=SourceName("chat"), text=text)


def end(id: int) -> events.End:
    return events.End(
        at=0.0,
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
    captions = Captions(settings, FakeClock(), lambda *_: "", died=lambda *_: None)
    captions.step()
    # On a second output the first one ends a little later; and what was lent ends at any time.
    for event in (begin(1, "one"), begin(2, "two"), end(1)):
        captions.notice(event)
        captions.step()
    assert now.read_text() == "two"
    captions.notice(end(2))
    captions.step()
    assert now.read_text() == ""
    captions.close()


def test_each_sentence_has_the_name_of_who_said_it_whoever_begins_meanwhile(tmp_path: Path) -> None:
    settings = CaptionSettings(srt=tmp_path / "all.srt", speakers=True)
    names = {"one": "Ann", "two": "Bob"}
    captions = Captions(settings, FakeClock(), lambda _, line: names[line], died=lambda *_: None)
    captions.step()
    for event in (start(1, "one"), begin(1, "one"), start(2, "two"), begin(2, "two"), end(1), end(2)):
        captions.notice(event)
        captions.step()
    captions.close()
    written = (tmp_path / "all.srt").read_text()
    assert "Ann: one" in written
    assert "Bob: two" in written
