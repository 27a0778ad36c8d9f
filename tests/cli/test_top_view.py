"""What `ttsd top` shows fits any terminal, and marks the word that sounds."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttsd.cli.top_view import Picture, columns, rows


def status(**changes: Any) -> dict[str, Any]:
    """As a daemon answers."""
    file = {"path": "/chat.log", "lag": 12}
    engine = {"name": "piper", "state": "busy", "detail": None}
    return {
        "state": "speaking",
        "queue": {"queued": 2, "speaking": 1},
        "counters": {"spoken": 7},
        "muted": False,
        "quiet": False,
        "profile": None,
        "trouble": None,
        "volume": 80,
        "chain": [engine, {"name": "hibari", "state": "resting", "detail": "rests for 3 s"}],
        "outputs": [{"name": "pulse:ttsd", "error": None, "description": "sink ttsd"}],
        "sources": [{"name": "chat", "files": [file], "last_error": None, "waiting": None}],
        **changes,
    }


def speaking(sentence: str = "Docked at Hope station") -> Picture:
    picture = Picture(status=status(), levels={"pulse:ttsd": -12.0})
    picture.queue = [{"source": "chat", "text": "next one", "priority": "urgent"}]
    picture.see("begin", {"source": "chat"})
    picture.see("sentence", {"text": sentence, "at": 100.0, "engine": "piper"})
    return picture


def text_of(picture: Picture, width: int = 80, height: int = 40, now: float = 100.0) -> list[str]:
    return ["".join(piece for piece, _ in row) for row in rows(picture, width, height, now)]


def marked(picture: Picture, now: float = 100.0, width: int = 80) -> list[tuple[str, str]]:
    return [piece for piece in rows(picture, width, 40, now)[1] if piece[1] in ("word", "guess") and piece[0]]


def test_the_word_that_sounds_is_marked_as_its_engine_tells() -> None:
    picture = speaking()
    for word in ("Docked", "at", "Hope"):
        picture.see("word", {"text": word})
        assert marked(picture) == [(word, "word")]
    picture.see("end", {})
    assert marked(picture) == []


def test_where_the_engine_does_not_tell_the_word_is_a_guess_and_marked_as_one() -> None:
    picture = speaking()
    assert marked(picture, 100.1) == [("Docked", "guess")]
    assert marked(picture, 101.3) == [("station", "guess")]
    assert marked(picture, 200.0) == []


def test_a_guess_stands_still_in_a_pause() -> None:
    picture = speaking()
    picture.see("paused", {"at": 100.1})
    assert marked(picture, 150.0) == [("Docked", "guess")]
    picture.see("resumed", {"at": 150.0})
    assert marked(picture, 151.2) == [("station", "guess")]


def test_everything_of_interest_is_shown() -> None:
    shown = "\n".join(text_of(speaking()))
    for part in (
        "speaking",
        "2 waiting",
        "Hope station",
        "80 %",
        "next one",
        "piper",
        "hibari",
        "rests",
        "chat",
    ):
        assert part in shown
    assert "12 bytes to read" in shown
    assert "█" in shown


@pytest.mark.parametrize(
    "changes", [{"muted": True}, {"quiet": True}, {"profile": "night"}, {"trouble": "no disk"}]
)
def test_what_is_unusual_is_in_the_first_row(changes: dict[str, Any]) -> None:
    picture = speaking()
    picture.status = status(**changes)
    word = str(
        changes.get("profile")
        or changes.get("trouble")
        or {"muted": "muted", "quiet": "quiet"}[next(iter(changes))]
    )
    assert word in text_of(picture)[0]


@given(
    width=st.integers(1, 200),
    height=st.integers(1, 60),
    sentence=st.text(max_size=300),
    now=st.floats(0, 1e9),
)
def test_it_fits_every_screen(width: int, height: int, sentence: str, now: float) -> None:
    picture = speaking(sentence)
    picture.queue *= 50
    shown = text_of(picture, width, height, now)
    assert 1 <= len(shown) <= height
    assert max(map(columns, shown)) <= width


def test_the_word_stays_in_sight_in_a_long_sentence() -> None:
    words = [f"word{number}" for number in range(60)]
    picture = speaking(" ".join(words))
    for word in words:
        picture.see("word", {"text": word})
        assert marked(picture, width=40) == [(word, "word")]


def test_before_the_first_answer_it_says_so() -> None:
    assert text_of(Picture()) == ["waiting for the daemon"]
