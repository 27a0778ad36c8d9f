"""Dates and times as a language speaks them: 2024-03-14, 14.3.2024, 3/14/2024, 14:30, 2:05 pm. Pure.

Only what cannot be anything else: a year has four digits, a day exists.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from ttsd.text.numerals import begun
from ttsd.text.words import words_of

if TYPE_CHECKING:
    from ttsd.text.numerals import Numerals

_CLOCK = r"([01]?\d|2[0-3])[:h]([0-5]\d)(?::([0-5]\d)(?:[.,]\d{1,9})?)?"
_ISO = re.compile(
    rf"(?<![\w.,/-])(\d{{4}})-(\d\d)-(\d\d)(?:[T ]{_CLOCK}(?: ?Z|[+-]\d\d:?\d\d)?)?(?![\w-]|:\d)"
)
_DOTTED = re.compile(r"(?<![\w.,/-])(\d{1,2})\. ?(\d{1,2})\. ?(\d{4})(?![\w-]|\.\d)")
_SLASHED = re.compile(r"(?<![\w.,/-])(\d{1,2})/(\d{1,2})/(\d{4})(?![\w/-])")
_TIME = re.compile(
    r"(?<![\w.,:/-])([01]?\d|2[0-3])([:h])([0-5]\d)(?::([0-5]\d))?(?: ?([ap])\.?m\b\.?| Uhr\b)?(?![\w/-]|[:.,]\d)",
    re.IGNORECASE,
)
_FROM_TO = re.compile(r"(?<![\d:])(\d{1,2}:\d\d) ?[-–] ?(?=\d{1,2}:\d\d(?![\d:]))")
_HOUR = re.compile(r"(?<![\w.,:/-])(1[0-2]|0?[1-9]) ?([ap])\.?m\b\.?(?!\w)", re.IGNORECASE)

_DAYS = {"en": "spellout-ordinal", "de": "spellout-ordinal-r"}
"""Languages in which a day is an ordinal, and CLDR's form of it."""
_CLOCKS = {
    "de": ("{h} Uhr", "{h} Uhr {m}"),
    "fr": ("{h} heures", "{h} heures {m}"),
    "nl": ("{h} uur", "{h} uur {m}"),
    "it": ("{h}", "{h} e {m}"),
    "pt": ("{h} horas", "{h} e {m}"),
    "es": ("{h} en punto", "{h} y {m}"),
    "sv": ("klockan {h}", "{h} och {m}"),
    "ja": ("{h}時", "{h}時{m}分"),
    "zh": ("{h}点", "{h}点{m}分"),
    "ko": ("{h}시", "{h}시 {m}분"),
}
"""How the full hour is said, and any other time; elsewhere the two numbers."""


def with_dates(text: str, numerals: Numerals) -> str:
    """Dates and times in words."""
    if not any(mark in text for mark in "-./:hmM"):
        return text

    def spoken(year: str, month: str, day: str) -> str | None:
        try:
            return _date(date(int(year), int(month), int(day)), numerals)
        except ValueError:  # there is no such day
            return None

    def iso(match: re.Match[str]) -> str:
        said = spoken(match[1], match[2], match[3])
        if said is None or match[4] is None:
            return said or match[0]
        return f"{said}, {_time(int(match[4]), int(match[5]), match[6], None, numerals)}"

    def dotted(match: re.Match[str]) -> str:
        return spoken(match[3], match[2], match[1]) or match[0]

    month_first = numerals.locale.date_formats["short"].pattern.startswith("M")

    def slashed(match: re.Match[str]) -> str:
        first, second = (match[1], match[2]) if month_first else (match[2], match[1])
        return spoken(match[3], first, second) or spoken(match[3], second, first) or match[0]

    def clock(match: re.Match[str]) -> str:
        if match[2] == "h" and numerals.language == "en":
            return match[0]
        return begun(_time(int(match[1]), int(match[3]), match[4], match[5], numerals), match)

    def hour(match: re.Match[str]) -> str:
        return begun(f"{_number(int(match[1]), numerals)} {match[2]} m", match)

    text = _FROM_TO.sub(rf"\1 {words_of(numerals.tag).to} ", text)
    text = _SLASHED.sub(slashed, _DOTTED.sub(dotted, _ISO.sub(iso, text)))
    return _HOUR.sub(hour, _TIME.sub(clock, text))


def _date(day: date, numerals: Numerals) -> str:
    """As the language writes it at length, its numbers in words."""
    from babel.dates import format_date

    def spoken(match: re.Match[str]) -> str:
        number = int(match[1])
        if number == day.year:
            return numerals.year(number) or match[0]
        rule = _DAYS.get(numerals.language)
        if rule is not None:
            return numerals.ordinal(number, rule=rule) or match[0]
        if number == 1 and numerals.language == "fr":
            return numerals.ordinal(1) or match[0]
        return numerals.cardinal(Decimal(number)) or match[0]

    shown = format_date(day, "long", locale=numerals.locale)
    if numerals.language == "en" and shown[0].isdigit():
        shown = re.sub(r"^(\d+) ", r"the \1 of ", shown)
    # A dot behind the day says that it is an ordinal: 14. März. Russian ends with the word year, cut short.
    return re.sub(r"(\d+)(?:er\b|\.(?=\s))?", spoken, re.sub(r"\s[гр]\.$", "", shown))


def _time(hour: int, minute: int, second: str | None, half: str | None, numerals: Numerals) -> str:
    said_hour, said_minute = _number(hour, numerals), _number(minute, numerals)
    if second and int(second):
        return f"{said_hour} {said_minute} {_number(int(second), numerals)}" + (
            f" {half.lower()} m" if half else ""
        )
    if numerals.language == "en":
        said = _english(hour, minute, said_hour, said_minute, half)
    else:
        full, other = _CLOCKS.get(numerals.language, ("{h}", "{h} {m}"))
        said = (other if minute else full).replace("{h}", said_hour).replace("{m}", said_minute)
        said += f" {half.lower()} m" if half else ""
    return said


def _english(hour: int, minute: int, said_hour: str, said_minute: str, half: str | None) -> str:
    if minute:
        said = f"{said_hour} oh {said_minute}" if minute < 10 else f"{said_hour} {said_minute}"
    elif half:
        said = said_hour
    else:
        said = f"{said_hour} o'clock" if 0 < hour <= 12 else f"{said_hour} hundred"
    return f"{said} {half.lower()} m" if half else said


def _number(number: int, numerals: Numerals) -> str:
    return numerals.cardinal(Decimal(number)) or str(number)
