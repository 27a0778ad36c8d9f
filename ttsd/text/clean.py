"""A text cleaned of what cannot be said, and the rest in words: `[clean]` compiled. Pure.

Each step has a name, can be switched off and is a function of text and language. Control characters and
halves of characters are always left out. The order matters and is that of `Cleaner.steps`: addresses
before the marks that they contain, dates before the numbers that they are made of.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

from ttsd.text import marks
from ttsd.text.abbreviations import expanded
from ttsd.text.emojis import with_emoji
from ttsd.text.markdown import without_code, without_links, without_marks
from ttsd.text.tokens import spelt, with_emails, with_ids, with_long_digits, with_urls
from ttsd.text.words import words_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ttsd.settings.text import CleanSettings
    from ttsd.text.numerals import Numerals

    Step: TypeAlias = Callable[[str, str], str]
    """Text and language tag to text."""

_DIGIT = re.compile(r"\d")
_ORDINARY = re.compile(r"[A-Za-z ,.?!'’]*")
"""A text of these alone needs only the steps named in _FOR_ALL."""
_FOR_ALL = frozenset({"urls", "repeats", "abbreviations"})


class Cleaner:
    """The steps of one source."""

    def __init__(self, settings: CleanSettings) -> None:
        signs = tuple(_signs(settings))
        digits = tuple(_digits(settings))
        spaces: Step = _plainly(marks.tidy)
        self.steps = (*signs, *digits, ("spaces", spaces))
        """In their order, each with its name."""
        self._signs = tuple(step for _, step in signs)
        self._digits = tuple(step for _, step in digits)
        self._for_all = tuple(step for name, step in signs if name in _FOR_ALL)

    def clean(self, text: str, tag: str) -> str:
        """*text* in language *tag* as it is said."""
        if _ORDINARY.fullmatch(text) is not None:
            for step in self._for_all:
                text = step(text, tag)
            return marks.tidy(text)
        for step in self._signs:
            text = step(text, tag)
        if self._digits and _DIGIT.search(text):
            for step in self._digits:
                text = step(text, tag)
        return marks.tidy(text)


def _signs(settings: CleanSettings) -> Iterator[tuple[str, Step]]:
    if settings.ansi:
        yield "ansi", _plainly(marks.without_ansi)
    yield "controls", _plainly(marks.without_controls)
    if settings.code != "keep" or settings.markdown:
        yield "code", _code(settings)
    if settings.markdown:
        yield "links", _plainly(without_links)
    if settings.urls != "keep":
        yield "urls", _urls(settings)
    if settings.emails != "keep":
        yield "emails", _emails(settings)
    if settings.markdown:
        yield "markdown", _plainly(without_marks)
    if settings.boxes:
        yield "boxes", _plainly(marks.without_boxes)
    if settings.ids != "keep":
        yield "ids", _ids(settings)
    if settings.emoji != "keep":
        yield "emoji", _emoji(settings)
    if settings.repeats:
        yield "repeats", _plainly(marks.without_repeats)
    if settings.abbreviations:
        yield "abbreviations", expanded


def _digits(settings: CleanSettings) -> Iterator[tuple[str, Step]]:
    """Steps for texts that have a digit. The libraries are imported by the first of those."""
    if settings.long_digits != "keep":
        yield "long_digits", _long_digits(settings)
    if settings.dates:
        yield "dates", _dates
    if settings.numbers:
        yield "ranges", _ranges
    if settings.currency:
        yield "currency", _money
    if settings.units:
        yield "units", _units
    if settings.numbers:
        yield "numbers", _numbers


def _plainly(function: Callable[[str], str]) -> Step:
    """A step that is the same in every language."""

    def step(text: str, _tag: str) -> str:
        return function(text)

    return step


def _code(settings: CleanSettings) -> Step:
    def code(text: str, tag: str) -> str:
        if "```" not in text and "~~~" not in text:
            return text
        return without_code(text, {"keep": None, "word": words_of(tag).code}.get(settings.code, ""))

    return code


def _urls(settings: CleanSettings) -> Step:
    def urls(text: str, tag: str) -> str:
        def say(host: str) -> str:
            return host if settings.urls == "host" else words_of(tag).link if settings.urls == "word" else " "

        return with_urls(text, say)

    return urls


def _emails(settings: CleanSettings) -> Step:
    def emails(text: str, tag: str) -> str:
        if "@" not in text:
            return text
        words = words_of(tag)

        def say(address: str) -> str:
            if settings.emails == "spell":
                return address.replace("@", f" {words.at} ").replace(".", f" {words.dot} ")
            return words.email if settings.emails == "word" else " "

        return with_emails(text, say)

    return emails


def _ids(settings: CleanSettings) -> Step:
    return lambda text, tag: with_ids(text, words_of(tag).id if settings.ids == "word" else " ")


def _emoji(settings: CleanSettings) -> Step:
    return lambda text, tag: with_emoji(text, tag, named=settings.emoji == "name")


def _long_digits(settings: CleanSettings) -> Step:
    def say(digits: str) -> str:
        return spelt(digits) if settings.long_digits == "digits" else " "

    return _plainly(lambda text: with_long_digits(text, settings.long_digits_from, say))


def _spoken(text: str, tag: str, how: Callable[[str, Numerals], str]) -> str:
    from ttsd.text.numerals import numerals_of

    numerals = numerals_of(tag)
    return text if numerals is None else how(text, numerals)


def _dates(text: str, tag: str) -> str:
    from ttsd.text.dates import with_dates

    return _spoken(text, tag, with_dates)


def _ranges(text: str, tag: str) -> str:
    from ttsd.text.numerals import with_ranges

    return _spoken(text, tag, with_ranges)


def _money(text: str, tag: str) -> str:
    from ttsd.text.measures import with_money

    return _spoken(text, tag, with_money)


def _units(text: str, tag: str) -> str:
    from ttsd.text.measures import with_units

    return _spoken(text, tag, with_units)


def _numbers(text: str, tag: str) -> str:
    from ttsd.text.numerals import with_numbers

    return _spoken(text, tag, with_numbers)
