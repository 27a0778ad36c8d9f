"""Words are said as they are told to be, for the language and the engine they are told for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rule_parts import ANY_TEXT, MESSY, rules, text_of

from ttsd.errors import PatternError
from ttsd.model import EngineName
from ttsd.settings.text import PronounceSettings
from ttsd.text.dictionary import dictionary
from ttsd.text.pronounce import Pronouncer
from ttsd.text.rules import Extras

PIPER, XTTS = EngineName("piper"), EngineName("xtts")


def pronouncer(*entries: dict[str, object]) -> Pronouncer:
    return Pronouncer(PronounceSettings(**entry) for entry in entries)  # type: ignore[arg-type]  # a test's shorthand


def test_a_word_is_said_otherwise_whatever_its_capitals() -> None:
    made = pronouncer({"word": "GIF", "say": "jiff"}).say("A gif, gifs and a GIF.", "en")
    assert made == "A jiff, gifs and a jiff."


def test_capitals_may_make_a_difference() -> None:
    made = pronouncer({"word": "IT", "say": "I T", "case": True}).say("IT has it", "en")
    assert made == "I T has it"


def test_words_with_signs_and_several_words() -> None:
    entries = pronouncer({"word": "C++", "say": "see plus plus"}, {"word": "New York", "say": "N Y"})
    assert entries.say("C++ in new york, not c++x", "en") == "see plus plus in N Y, not see plus plusx"


def test_patterns_fill_in_their_groups() -> None:
    entries = pronouncer({"pattern": r"(?P<n>\d+)x(\d+)", "say": r"\g<n> by \2, \\"})
    assert entries.say("1920X1080", "en") == "1920 by 1080, \\"


def test_what_is_said_is_not_taken_for_another_word() -> None:
    entries = pronouncer(
        {"pattern": "a+", "say": "bee"}, {"word": "bee", "say": "wrong"}, {"word": "bee bee", "say": "wrong"}
    )
    assert entries.say("aa a x", "en") == "bee bee x"


def test_an_earlier_entry_wins() -> None:
    assert pronouncer({"word": "x", "say": "1"}, {"word": "X", "say": "2"}).say("x", "en") == "1"


def test_languages() -> None:
    entries = pronouncer({"word": "chat", "say": "cha", "language": "fr"})
    assert entries.say("chat", "fr-CA") == "cha"
    assert entries.say("chat", "en") == "chat"


def test_engines_and_phonemes() -> None:
    entries = pronouncer(
        {"word": "tomato", "phonemes": "təmˈɑːtoʊ"},
        {"word": "ttsd", "say": "T T S D", "engine": "xtts"},
        {"word": "all", "say": "every"},
    )
    text = "all tomato ttsd"
    assert entries.say(text, "en") == "every tomato ttsd"
    assert entries.for_engine("tomato ttsd", "en", PIPER, "[[ {} ]]") == "[[ təmˈɑːtoʊ ]] ttsd"
    assert entries.for_engine("tomato ttsd", "en", XTTS, None) == "tomato T T S D"


def test_the_rules_know_which_engine_takes_phonemes() -> None:
    entry = PronounceSettings(word="tomato", phonemes="təmˈɑːtoʊ")
    made = rules(pronounce=(entry,))
    assert made.for_engine("tomato", "en", PIPER) == "[[ təmˈɑːtoʊ ]]"
    assert made.for_engine("tomato", "en", XTTS) == "tomato"


@pytest.mark.parametrize(
    "entry",
    [
        {"say": "x"},
        {"word": "a", "pattern": "b", "say": "x"},
        {"word": "a"},
        {"word": "a", "say": "x", "phonemes": "y"},
        {"pattern": "(", "say": "x"},
        {"pattern": "(a)", "say": r"\2"},
        {"pattern": "(a)", "say": r"\g<b>"},
        {"word": "a", "say": "x", "language": "german"},
    ],
)
def test_an_entry_that_makes_no_sense_is_refused(entry: dict[str, object]) -> None:
    with pytest.raises(PatternError):
        pronouncer(entry)


def test_a_slow_pattern_leaves_the_text_and_is_told() -> None:
    verdict = rules(pronounce=(PronounceSettings(pattern="(a+)+$", say="x"),), clean=_kept()).apply(
        "a" * 50_000 + "!"
    )
    assert verdict.spoken
    assert "(a+)+$" in str(verdict.trouble)


def _kept() -> object:
    from ttsd.settings.text import CleanSettings

    return CleanSettings(repeats=False, ids="keep")


@given(
    ANY_TEXT | MESSY,
    st.lists(st.tuples(st.text(min_size=1, max_size=8), st.text(max_size=8)), max_size=5),
    st.booleans(),
)
def test_any_words_in_any_text(text: str, words: list[tuple[str, str]], case: bool) -> None:
    entries = Pronouncer(PronounceSettings(word=word, say=say, case=case) for word, say in words)
    assert isinstance(entries.say(text, "en"), str)


# ---- the dictionary file

FILE = r"""# how we say things

GIF = jiff
C++ = see plus plus
empty =
/(\d+)=x/ = \1 equals x
[de]
Chip = Tschip
tomate = [toˈmaːtə]
[*]
all = every
"""


def test_a_dictionary_file() -> None:
    entries, problems = dictionary(FILE)
    assert not problems
    said = Pronouncer(entries)
    assert said.say("gif C++ 5=x chip all empty!", "en") == "jiff see plus plus 5 equals x chip every !"
    assert said.say("chip", "de-AT") == "Tschip"
    assert said.for_engine("Tomate", "de", PIPER, "[[ {} ]]") == "[[ toˈmaːtə ]]"


def test_what_is_wrong_in_it_is_told_by_line_and_the_rest_holds() -> None:
    entries, problems = dictionary("a = b\nnonsense\n= x\n/(/ = y\n[german]\nc = d\n[*]\ne = f\n")
    assert [entry.word for entry in entries] == ["a", "e"]
    assert [problem.split(":")[0] for problem in problems] == ["line 2", "line 3", "line 4", "line 5"]


def test_its_entries_stand_behind_those_of_the_configuration() -> None:
    entries, _ = dictionary("a = from file\nb = from file")
    made = rules(None, Extras(pronunciations=entries), pronounce=(PronounceSettings(word="a", say="own"),))
    assert text_of(made.apply("a b")) == "own from file"


@given(ANY_TEXT)
def test_any_file_is_read(text: str) -> None:
    entries, problems = dictionary(text)
    assert len(entries) + len(problems) <= len(text.splitlines())
