"""A text is cut where it hurts least, never inside what the eye sees as one character."""

from __future__ import annotations

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st
from rule_parts import said

from ttsd.text.cut import cut, grapheme, seconds
from ttsd.text.sentences import split_sentences

CLUSTERS = ["👨‍👩‍👧", "e\u0301", "🇩🇪", "नि", "한", "\r\n", "a", " ", "👍🏽", "ก็", "é", ".", ","]


def test_short_texts_stay() -> None:
    assert cut("hello there", 11, None, "and so on") == "hello there"
    assert cut("hello there", None, 10.0, "and so on") == "hello there"


def test_long_texts_end_at_a_word_with_the_ending() -> None:
    text = "one two three four five six seven eight"
    assert cut(text, 30, None, "and so on") == "one two three four, and so on"
    assert cut(text, 20, None, "") == "one two three four"
    assert cut("First sentence. Second sentence here", 24, None, "etc") == "First sentence. etc"


def test_seconds_count_too() -> None:
    text = "word " * 100
    made = cut(text, None, 5.0, "and so on")
    assert seconds(made) <= 5.0
    assert made.endswith("word, and so on")


def test_wide_characters_take_longer() -> None:
    assert seconds("你好你好") > 2 * seconds("abcd")
    assert seconds("") == 0.0


def test_the_ending_is_the_languages_own_or_the_sources() -> None:
    line = "eins zwei drei vier fünf sechs sieben acht neun zehn"
    assert said(line, max_chars=40, language="de") == "eins zwei drei vier fünf, und so weiter"
    assert said(line, max_chars=40, ending="usw") == "eins zwei drei vier fünf sechs, usw"
    assert said(line, max_chars=40, ending="") == "eins zwei drei vier fünf sechs sieben"


@given(
    st.text(max_size=120) | st.lists(st.sampled_from(CLUSTERS), max_size=60).map("".join),
    st.integers(1, 60),
    st.sampled_from(["", "…", "and so on"]),
)
def test_a_cut_text_fits_and_is_cut_once(text: str, limit: int, ending: str) -> None:
    made = cut(text, limit, None, ending)
    assert len(made) <= limit or made == text
    assert cut(made, limit, None, ending) == made


@given(st.text(max_size=200), st.floats(0.5, 20.0))
def test_a_text_fits_its_seconds_and_is_cut_once(text: str, longest: float) -> None:
    made = cut(text, None, longest, "and so on")
    if longest > 2:
        assert seconds(made) <= longest or made == text
        assert cut(made, None, longest, "and so on") == made


@given(st.lists(st.sampled_from(CLUSTERS), min_size=1, max_size=40).map("".join), st.data())
def test_no_cut_goes_through_a_grapheme(text: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(text)))
    found = grapheme(text, at)
    borders = {0, *(match.end() for match in regex.finditer(r"\X", text))}
    assert found <= at
    assert found in borders


# ---- sentences, cut where they are too long


@given(st.lists(st.sampled_from(CLUSTERS), max_size=80).map("".join), st.integers(20, 60))
def test_sentences_that_are_too_long_keep_their_graphemes(text: str, limit: int) -> None:
    whole = regex.findall(r"\X", text)
    for piece in split_sentences(text, limit=limit):
        assert len(piece) <= limit
        for cluster in regex.findall(r"\X", piece):
            assert cluster in whole or cluster.strip() in "".join(whole)


@pytest.mark.parametrize(
    ("tag", "text", "expected"),
    [
        ("en", "1. First item. 2. Second item.", ("1. First item.", "2. Second item.")),
        ("en", "Wait... what? Yes.", ("Wait... what?", "Yes.")),
        ("en", 'He said "Go. Now!" and left.', ('He said "Go. Now!" and left.',)),
        ("fr", "M. Dupont est là. Il dit : « Viens. » Puis il part.", ("M. Dupont est là.", "Il dit : « Viens. »", "Puis il part.")),
        ("ru", "Это т. е. рано. Да.", ("Это т. е. рано.", "Да.")),
        ("de", "Das kostet z. B. 3,5 Mio. Euro. Am 3. März.", ("Das kostet z. B. 3,5 Mio. Euro.", "Am 3. März.")),
        ("zh", "你好。今天很好！", ("你好。", "今天很好！")),
        ("en", "It is 1,000,000 steps, and more words to come here", ("It is 1,000,000 steps,", "and more words to come", "here")),
    ],
)  # fmt: skip
def test_sentences_by_language(tag: str, text: str, expected: tuple[str, ...]) -> None:
    limit = 24 if "steps" in text else 400
    assert split_sentences(text, tag, limit=limit) == expected
