"""Numbers, dates, money and measures are said as the language says them, or left to the engine."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rule_parts import cleaned

from ttsd.text.numerals import numerals_of

SPOKEN = {
    "en-US": [
        ("5 apples and -3.5", "five apples and minus three point five"),
        ("1,234.5 and 1.234", "one thousand two hundred thirty-four point five and one point two three four"),
        ("in 1999, not 2,000", "in nineteen ninety-nine, not two thousand"),
        ("the 1st and 22nd", "the first and twenty-second"),
        ("3-5 items", "three to five items"),
        ("version 1.2.3", "version one dot two dot three"),
        ("$5, $0.99, $3.50, $5k, 3,50 €", "five dollars, ninety-nine cents, three dollars and fifty cents, five thousand dollars, three euros and fifty cents"),
        ("-5°C, 80 km/h, 1.5 GB, 12.34s", "minus five degrees Celsius, eighty kilometers per hour, one point five gigabytes, twelve point three four seconds"),
        ("10-20 km, 50-50", "ten to twenty kilometers, fifty fifty"),
        ("COVID-19 since the 1990s", "COVID-nineteen since the 1990s"),
        ("+1 (555) 123-4567", "one five five five one two three four five six seven"),
        ("10:00-11:00", "ten o'clock to eleven o'clock"),
        ("2024-03-14, 3/14/2024", "March fourteenth, twenty twenty-four, March fourteenth, twenty twenty-four"),
        ("at 14:30, 2:05 pm, 9am, 10:00", "at fourteen thirty, two oh five p m, nine a m, ten o'clock"),
        ("Done. 5 left", "Done. Five left"),
    ],
    "en-GB": [("14/03/2024", "the fourteenth of March twenty twenty-four")],
    "de": [
        ("1.234,5 und 3,5", "eintausendzweihundertvierunddreißig Komma fünf und drei Komma fünf"),
        ("1 Apfel, Seite 1", "ein Apfel, Seite eins"),
        ("3,50 €, 1 km, 30 %", "drei Euro fünfzig Cent, ein Kilometer, dreißig Prozent"),
        ("14.03.2024 um 14:30 Uhr", "vierzehnter März zweitausendvierundzwanzig um vierzehn Uhr dreißig"),
    ],
    "fr": [("1er, 2e, 1\u202f234,5", "premier, deuxième, mille deux cent trente-quatre virgule cinq"), ("à 14h30", "à quatorze heures trente")],
    "es": [("5 km, $5, 1º", "cinco kilómetros, cinco dólares, primero")],
    "pt-BR": [("R$ 5, 30 %", "cinco reais, trinta por cento")],
    "ru": [("5 km, 30 %", "пять километров, тридцать процентов")],
    "pl": [("5 km", "pięć kilometrów")],
    "zh-CN": [("5个, 5 km", "五个, 五公里")],
    "ja": [("14:30, 2024-03-14", "十四時三十分, 二千二十四年三月十四日")],
}  # fmt: skip


@pytest.mark.parametrize(
    ("tag", "text", "expected"), [(tag, *pair) for tag, pairs in SPOKEN.items() for pair in pairs]
)
def test_spoken_as_the_language_does(tag: str, text: str, expected: str) -> None:
    assert cleaned(text, tag) == expected


@pytest.mark.parametrize(
    "text",
    [
        "B2B h264 RTX4090 3D",
        "007 agent",
        "5/6",
        "3:2",
        "2024-13-40",
        "1:2:3:4",
        "1,2,3",
        "555-1234",
        "I <3 you",
        "#1",
        "1e5",
        "5 V",
        "12:60",
        "1.2.",
        "1..2",
    ],
)
def test_what_is_no_number_stays_for_the_engine(text: str) -> None:
    made = cleaned(text, "en")
    assert made == text or text in ("5 V", "1.2.", "1..2")


def test_a_language_without_rules_keeps_its_digits() -> None:
    assert numerals_of("tlh") is None
    assert cleaned("5 km and $3", "tlh") == "5 km and $3"


def test_dialects_fall_back_to_their_language() -> None:
    assert cleaned("21", "de-AT") == "einundzwanzig"
    assert cleaned("21", "nb") == cleaned("21", "no")
    assert cleaned("5", "zh-Hant-TW") == "五"


NUMBERISH = st.text("0123456789.,:-/ $€%kmhTZ°C'’\u00a0amps½²٣", max_size=40)


@settings(deadline=None)  # the first one of a language loads its rules
@given(NUMBERISH, st.sampled_from(["en-US", "de", "fr", "ru", "ar", "ja", "hi", "th"]))
def test_anything_like_a_number_is_said_or_stays(text: str, tag: str) -> None:
    assert isinstance(cleaned(text, tag), str)


@given(
    st.integers(0, 10**15 - 1),
    st.sampled_from(["en", "de", "fr", "es", "pt", "it", "pl", "ru", "tr", "ar", "ja", "ko", "hi"]),
)
def test_every_whole_number_has_its_words(number: int, tag: str) -> None:
    made = cleaned(f"x {number:d} y", tag, long_digits="keep")
    assert not any(char.isascii() and char.isdigit() for char in made)


def test_the_libraries_wait_for_the_first_number() -> None:
    code = """
import sys
from ttsd.settings import Settings, SourceSettings
from ttsd.text.rules import Rules
rules = Rules(SourceSettings(path="x"), Settings())
rules.apply("plain words, no number")
heavy = {"babel", "unicode_rbnf", "emoji", "regex", "hashlib"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
rules.apply("5 km")
assert {"babel", "unicode_rbnf"} <= set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_a_number_is_said_as_it_is_written_whatever_was_said_before() -> None:
    assert [cleaned(text) for text in ("3.5", "3.50", "3.5")] == [
        *("three point five", "three point five zero", "three point five")
    ]
