"""What is left of a sentence is its end, cut at a word, never more than there was."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ttsd.engines.breaker import LONGEST, SHORTEST, Breaker
from ttsd.engines.privacy import withhold
from ttsd.engines.remainder import remainder
from ttsd.model import WordTime

texts = st.lists(st.text("abcäß1", min_size=1, max_size=9), min_size=1, max_size=12).map(" ".join)


@given(texts, st.floats(0, 60), st.floats(1, 40))
def test_the_rest_is_a_suffix_that_begins_with_a_word(text: str, heard: float, pace: float) -> None:
    rest = remainder(text, heard, (), pace)
    assert text.endswith(rest)
    assert rest == "" or rest == text or text[len(text) - len(rest) - 1] == " "


@given(texts, st.floats(0.01, 30), st.floats(0.01, 30))
def test_who_heard_more_has_less_left(text: str, one: float, more: float) -> None:
    assert len(remainder(text, one + more, (), 15)) <= len(remainder(text, one, (), 15))


@given(texts, st.integers(0, 12))
def test_with_word_times_the_cut_is_exact(text: str, spoken: int) -> None:
    words = text.split(" ")
    spoken = min(spoken, len(words))
    times = [WordTime(word, i * 1.0, i + 0.9) for i, word in enumerate(words)]
    assert remainder(text, spoken + 0.001 if spoken else 0, times, 3) == " ".join(words[spoken:])


def test_word_times_known_so_far_end_where_nothing_more_is_known() -> None:
    times = [WordTime("one", 0, 0.4), WordTime("two", 0.5, 0.9)]
    assert remainder("one two three", 1.0, times, 100) == "three"


def test_words_that_are_not_the_texts_own_fall_back_to_the_pace() -> None:
    assert remainder("it costs 5 euro", 0.8, [WordTime("five", 0, 0.5)], 10) == "5 euro"


def test_punctuation_alone_is_nothing_left() -> None:
    assert remainder("that is all .", 1.2, (), 10) == ""


@given(st.lists(st.tuples(st.floats(0, 1000), st.floats(0, 500)), min_size=1, max_size=30))
def test_a_rest_is_bounded_and_success_forgets(failures: list[tuple[float, float]]) -> None:
    breaker, now = Breaker(), 0.0
    for pause, took in failures:
        now += pause
        assert SHORTEST - 1e-9 <= breaker.failed(now, took) <= LONGEST + 1e-9
        assert breaker.left(now + LONGEST + 1) == 0
    breaker.succeeded()
    assert breaker.left(now) == 0


def test_lines_that_repeat_the_text_are_withheld() -> None:
    text = "Dear diary, today I was brave."
    assert "brave" not in withhold("Text split into: ['Dear diary', 'today I was brave.']", text)
    assert "diary" not in withhold("> DEAR DIARY TODAY", text)
    assert withhold("model loaded in 3 s", text) == "model loaded in 3 s"
    assert "hi" not in withhold("speaking hi", "Hi!")
    assert withhold("anything", "") == "anything"
