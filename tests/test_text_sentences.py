"""Sentences keep every word, in order, within the limit."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ttsd.text.sentences import speakable, split_sentences


def test_abbreviations_and_numbers_do_not_end_a_sentence() -> None:
    assert split_sentences("Mr. Smith paid 3.5 dollars. Was it much?") == (
        "Mr. Smith paid 3.5 dollars.",
        "Was it much?",
    )


def test_text_without_anything_speakable_has_no_sentences() -> None:
    assert split_sentences(" ... !? — ") == ()
    assert not speakable("...")


def test_scripts_without_spaces_are_split_too() -> None:
    assert split_sentences("你好。世界！", "zh") == ("你好。", "世界！")


def test_a_sentence_that_is_too_long_is_cut_at_a_clause_before_a_space() -> None:
    assert split_sentences("one two three, four five six", limit=20) == ("one two three,", "four five six")
    assert split_sentences("one two three four five", limit=12) == ("one two", "three four", "five")


@given(st.text(max_size=600), st.integers(min_value=4, max_value=80))
def test_nothing_speakable_is_lost_whatever_the_text(text: str, limit: int) -> None:
    pieces = split_sentences(text, limit=limit)
    assert all(len(piece) <= limit and speakable(piece) for piece in pieces)
    said = "".join(char for piece in pieces for char in piece if speakable(char))
    assert said == "".join(char for char in text if speakable(char))
