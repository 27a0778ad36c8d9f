"""The words of the text get the times at which they are spoken, in order, whatever espeak makes of them."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttsd.engines.adapters.piper_words import align, spans, times
from ttsd.model import WordTime

IDS = {"_": [0], "^": [1], "$": [2], " ": [3], "a": [14], "b": [15], "ch": [20, 21], "ˈ": [120]}


def spoken(text: str, *sentences: str) -> dict[str, str]:
    """Which phonemes each word of *text* was laid beside."""
    phonemes = [list(sentence) for sentence in sentences]
    return {
        match.text: " ".join("".join(phonemes[one.sentence][one.first : one.last]) for one in match.spoken)
        for match in align(text, phonemes)
    }


def test_lengths_of_ids_become_spans_of_phonemes() -> None:
    # ^ _ a _ ch(2) _ (unknown) b _ $
    frames = [1, 2, 10, 1, 5, 6, 1, 20, 3, 4]
    assert spans(["a", "ch", "?", "b"], IDS, frames) == [(3, 14), (14, 26), (26, 26), (26, 49)]
    assert spans(["a"], IDS, frames) is None


def test_equal_numbers_are_laid_one_by_one() -> None:
    assert spoken("Hello, my world!", "həlˈoʊ, maɪ wˈɜːld!") == {
        "Hello,": "həlˈoʊ",
        "my": "maɪ",
        "world!": "wˈɜːld",
    }


def test_words_that_espeak_joins_share_their_time() -> None:
    assert spoken("It is one of the best.", "ɪɾ ɪz wˈʌn ʌvðə bˈɛst.")["best."] == "bˈɛst"
    of, the = (
        match for match in align("one of the best", [list("wˈʌn ʌvðə bˈɛst")]) if match.text in ("of", "the")
    )
    assert (of.begin, of.end, the.begin, the.end) == (0.0, 0.4, 0.4, 1.0)


def test_numbers_take_as_many_spoken_words_as_they_need() -> None:
    found = spoken(
        "The well-known 1,000 island of the south is, at $5.99, a bargain!",
        "ðə wˈɛlnˈoʊn wˈʌn θˈaʊzənd ˈaɪlənd ʌvðə sˈaʊθ ɪz, æt dˈɑːlɚ fˈaɪv pɔɪnt nˈaɪn nˈaɪn, ɐ bˈɑːɹɡɪn!",
    )
    assert found["1,000"] == "wˈʌn θˈaʊzənd"
    assert found["island"] == "ˈaɪlənd"
    assert found["south"] == "sˈaʊθ"
    assert found["bargain!"] == "bˈɑːɹɡɪn"


def test_an_abbreviation_that_ends_a_sentence_is_followed_by_the_next() -> None:
    found = spoken("Mr. Smith went home.", "mˈɪstɚ.", "smˈɪθ wɛnt hˈoʊm.")
    assert found == {"Mr.": "mˈɪstɚ", "Smith": "smˈɪθ", "went": "wɛnt", "home.": "hˈoʊm"}


@pytest.mark.parametrize(
    ("text", "sentences"), [("", ["a"]), ("...", ["a"]), ("word", []), ("word", [" . "])]
)
def test_where_nothing_is_spoken_there_are_no_words(text: str, sentences: list[str]) -> None:
    assert align(text, [list(sentence) for sentence in sentences]) == []


words = st.text("abcdeß1é", min_size=1, max_size=9)
sounds = st.text("abɛʌˈː", min_size=1, max_size=9).filter(lambda s: s.strip("ˈː"))


@given(
    st.lists(words, min_size=1, max_size=100),
    st.lists(st.lists(sounds, min_size=1, max_size=30), min_size=1, max_size=3),
)
def test_whatever_is_laid_beside_what_every_word_has_a_time_and_they_are_in_order(
    text: list[str], sentences: list[list[str]]
) -> None:
    phonemes = [list(" ".join(sentence)) for sentence in sentences]
    matches = align(" ".join(text), phonemes)
    assert [match.text for match in matches] == text
    heard: list[WordTime] = []
    for index, sentence in enumerate(phonemes):
        found = [(float(i), i + 1.0) for i in range(len(sentence))]
        heard += times(matches, index, found, 0.01, 10.0 * index)
    assert len(heard) == len(text)
    assert all(word.start <= word.end for word in heard)
    assert all(a.start <= b.start + 1e-9 for a, b in pairwise(heard))
