"""What is too long for an engine is cut where a reader would breathe, and nothing of it is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttsd.engines.adapters.portions import portions
from ttsd.engines.adapters.xtts_text import LIMITS, code, pieces
from ttsd.errors import EngineRefused


@pytest.mark.parametrize(
    ("text", "longest", "found"),
    [
        ("Short.", 20, ["Short."]),
        ("", 20, []),
        ("  \n ", 20, []),
        ("One is here. Two is there.", 20, ["One is here.", "Two is there."]),
        ("This one, however, goes on", 20, ["This one, however,", "goes on"]),
        ("no mark at all in this one", 12, ["no mark at", "all in this", "one"]),
        ("abcdefghijklmnop", 10, ["abcdefghij", "klmnop"]),
        ("これは長い文です。次の文です。", 10, ["これは長い文です。", "次の文です。"]),
        ("Oh. this comma, is nearer the end of it", 20, ["Oh. this comma,", "is nearer the end of", "it"]),
    ],
)
def test_it_is_cut_at_the_best_place(text: str, longest: int, found: list[str]) -> None:
    assert portions(text, longest) == found


@given(st.text(max_size=300), st.integers(3, 60))
def test_no_piece_is_too_long_and_no_letter_is_lost(text: str, longest: int) -> None:
    found = portions(text, longest)
    assert all(piece.strip() == piece and 0 < len(piece) <= longest for piece in found)
    assert "".join("".join(found).split()) == "".join(text.split())


@pytest.mark.parametrize("language", LIMITS)
def test_xtts_gets_no_more_of_a_language_than_it_can_take(language: str) -> None:
    found = pieces("and so it went on, and on, until the end. " * 40, language)
    assert len(found) > 1
    assert max(map(len, found)) <= LIMITS[language]


@pytest.mark.parametrize("text", ["…", "😀 !?", " - "])
def test_xtts_never_gets_what_has_nothing_to_speak(text: str) -> None:
    with pytest.raises(EngineRefused, match="nothing to speak"):
        pieces(text, "en")
    assert pieces(f"One. {text}", "en")


def test_xtts_has_its_own_names_of_languages() -> None:
    assert [code(tag, tuple(LIMITS)) for tag in ("pt-BR", "EN_us", "zh-TW", "zh", "ja")] == [
        *("pt", "en", "zh-cn", "zh-cn", "ja")
    ]
    with pytest.raises(EngineRefused, match="does not speak uk"):
        code("uk", tuple(LIMITS))
