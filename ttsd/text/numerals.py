"""Numbers as a language speaks them, from CLDR's rules (unicode-rbnf, babel). Pure.

Both libraries are imported when the first number of a text is met. A number that a language's rules
cannot speak stays in digits: the engine has its own way with them.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING

from ttsd.frozen import frozen
from ttsd.text.language import general, ladder
from ttsd.text.words import words_of

if TYPE_CHECKING:
    from babel import Locale
    from unicode_rbnf import RbnfEngine

NUMBER = r"\d{1,15}+(?:[.,'’\u00a0\u202f]\d{1,15}+){0,6}"
"""A number as people write it, with its separators; `Numerals.read` tells which they are."""
MOST_DIGITS = 15
"""Longer numbers are beyond the names that people know."""

_CARDINALS = (
    "spellout-cardinal-masculine", "spellout-cardinal", "spellout-cardinal-common",
    "spellout-cardinal-sinokorean", "spellout-numbering",
)  # fmt: skip
_ORDINALS = ("spellout-ordinal-masculine", "spellout-ordinal", "spellout-ordinal-native")
_FEMININE = ("spellout-ordinal-feminine", *_ORDINALS)
_ORDINAL_MARKS = {
    "en": "st|nd|rd|th",
    "fr": "er|re|ère|e|ème",
    "es": "º|ª|er|ero|era|do|da|to|ta",
    "pt": "º|ª",
    "it": "º|ª|°",
    "nl": "e|de|ste",
    "sv": ":a|:e",
    "ca": "r|n|t|è|a",
}
_ALIASES = {"nb": "no", "iw": "he", "tl": "fil"}


@frozen
class Written:
    """A number as it was written."""

    value: Decimal
    grouped: bool
    """It had separators of thousands: no year."""
    digits: str
    """Its whole part."""


class Numerals:
    """One language's numbers. `numerals_of` makes and keeps them."""

    def __init__(self, tag: str, locale: Locale, rules: RbnfEngine) -> None:
        self.tag = tag
        self.language = general(tag)
        self.locale = locale
        self._rules = rules
        self._spelt = lru_cache(maxsize=1024)(self._spell_out)
        symbols = locale.number_symbols.get("latn", {})
        self._decimal = str(symbols.get("decimal", "."))
        marks = _ORDINAL_MARKS.get(self.language)
        self._ordinal_mark = re.compile(rf"(?<![\w.,])(\d{{1,9}}+)({marks})(?!\w)") if marks else None

    def read(self, text: str) -> Written | None:
        """The number that NUMBER found; None: it is none (a version, an address, a code with zeros)."""
        separators = re.findall(r"\D", text)
        parts = re.split(r"\D", text)
        if len(parts[0]) > 1 and parts[0].startswith("0"):
            return None
        fraction = ""
        if separators:
            last, right = separators[-1], parts[-1]
            single = separators.count(last) == 1
            looks_grouped = len(right) == 3 and 0 < len(parts[0]) <= 3 and parts[0] != "0"
            is_fraction = single and last in ".," and (last == self._decimal or not looks_grouped)
            if is_fraction:
                separators, parts, fraction = separators[:-1], parts[:-1], right
            if len(set(separators)) > 1 or any(len(part) != 3 for part in parts[1:]):
                return None
        whole = "".join(parts)
        if len(whole) > MOST_DIGITS or len(fraction) > MOST_DIGITS:
            return None
        value = Decimal(f"{whole}.{fraction}" if fraction else whole)
        return Written(value, len(parts) > 1, whole)

    def cardinal(self, value: Decimal, *, noun: bool = False) -> str | None:
        """The number in words. noun: a word that is counted follows (German: ein, not eins)."""
        fraction = value != value.to_integral_value() or value.as_tuple().exponent != 0
        return self._say(value, _CARDINALS if noun or fraction else ("spellout-numbering", *_CARDINALS))

    def ordinal(self, number: int, *, feminine: bool = False, rule: str | None = None) -> str | None:
        """first, premier, erste. rule: CLDR's name of a form to try first."""
        names = _FEMININE if feminine else _ORDINALS
        return self._say(Decimal(number), (rule, *names) if rule else names)

    def year(self, number: int) -> str | None:
        """nineteen ninety-nine."""
        # Chinese and Japanese rules for years leave zeros out: 二二四年.
        names = (
            ("spellout-numbering",) if self.language in ("ja", "zh", "yue") else ("spellout-numbering-year",)
        )
        return self._say(Decimal(number), (*names, *_CARDINALS))

    def with_ordinals(self, text: str) -> str:
        """1st, 2nd in words."""
        if self._ordinal_mark is None:
            return text

        def spoken(match: re.Match[str]) -> str:
            said = self.ordinal(int(match[1]), feminine=match[2] in ("ª", "ère", "re", "era", "da", "ta"))
            return said or match[0]

        return self._ordinal_mark.sub(spoken, text)

    def _say(self, value: Decimal, rules: tuple[str, ...]) -> str | None:
        return self._spelt(f"{value:f}", rules)  # 3.50 is not 3.5, but equal to it

    def _spell_out(self, value: str, rules: tuple[str, ...]) -> str | None:
        from unicode_rbnf.engine import NoRuleForNumberError, RulesetNotFoundError

        for rule in rules:
            if rule in self._rules.rulesets:
                try:
                    said = "".join(self._rules.iter_format_number(value, rule))
                except (NoRuleForNumberError, RulesetNotFoundError, ArithmeticError, ValueError):
                    continue  # this form has no such number; another may
                return said.replace("\u00ad", "").replace("\u200b", "")
        return None


@lru_cache(maxsize=16)
def numerals_of(tag: str) -> Numerals | None:
    """The numbers of a language; None: CLDR has no rules for it."""
    from babel import Locale, UnknownLocaleError
    from unicode_rbnf import RbnfEngine

    known = set(RbnfEngine.get_supported_languages())
    steps = [step.replace("-", "_") for step in ladder(tag)]
    name = next((step for step in (_ALIASES.get(step, step) for step in steps) if step in known), None)
    if name is None:
        return None
    for step in steps:
        try:
            locale = Locale.parse(step)
        except (UnknownLocaleError, ValueError):
            continue
        return Numerals(tag, locale, RbnfEngine.for_language(name))
    return None


LETTER = r"A-Za-z_\u00c0-\u1fff"
"""In a class: letters of scripts with spaces between words. A digit beside one is part of a name (h264)."""
_BEFORE = rf"(?<![{LETTER}\d.,#<])(?<!\d[:/-])"
_BEHIND = rf"(?![{LETTER}\d]|[/:.,-]\d)"
"""Not inside a name, a time, a fraction, a telephone number; nor #1 and <3, which the engine reads."""
_RANGE = re.compile(rf"{_BEFORE}({NUMBER})(?:-|\s?[–—]\s?)({NUMBER})(?![{LETTER}\d/:-]*[\d:/-])")
_SIGNED = re.compile(rf"{_BEFORE}([-−]?)({NUMBER}){_BEHIND}( [^\W\d_])?")
_PARTS = re.compile(rf"(?<![{LETTER}\d.,-])\d{{1,5}}+(?:\.\d{{1,5}}+){{2,5}}(?![{LETTER}\d.])")


def begun(said: str, match: re.Match[str]) -> str:
    """*said* with a capital where it begins a sentence: a small letter would join it to the one before."""
    ends = match.string[max(match.start() - 2, 0) : match.start()] in (". ", "! ", "? ")
    return said[:1].upper() + said[1:] if ends else said


def with_ranges(text: str, numerals: Numerals) -> str:
    """3-5 as 3 to 5, 50-50 as 50 50."""
    to = words_of(numerals.tag).to

    def between(match: re.Match[str]) -> str:
        low, high = match[1], match[2]
        if len(low) == 3 and len(high) == 4:  # 555-1234: rather a telephone number
            return match[0]
        return f"{low} {high}" if low == high else f"{low} {to} {high}"

    return _RANGE.sub(between, text)


def with_numbers(text: str, numerals: Numerals) -> str:
    """Numbers that stand alone in words: cardinals, ordinals, years, versions."""
    words = words_of(numerals.tag)
    text = numerals.with_ordinals(text)

    def spoken(match: re.Match[str]) -> str:
        number = numerals.read(match[2])
        if number is None:
            return match[0]
        said = None
        if not match[1] and not number.grouped and re.fullmatch("(?:1[89]|20)[0-9]{2}", match[2]):
            said = numerals.year(int(match[2]))
        behind = match[3] or ""
        # German: eins, but ein Apfel, whose noun has a capital.
        noun = bool(behind) and (numerals.language != "de" or behind[1:].isupper())
        said = said or numerals.cardinal(number.value, noun=noun)
        if said is None:
            return match[0]
        return begun(f"{words.minus} {said}" if match[1] else said, match) + behind

    def version(match: re.Match[str]) -> str:
        said = [numerals.cardinal(Decimal(part)) for part in match[0].split(".")]
        return f" {words.dot} ".join(filter(None, said)) if all(said) else match[0]

    text = _SIGNED.sub(spoken, text)
    return _PARTS.sub(version, text)
