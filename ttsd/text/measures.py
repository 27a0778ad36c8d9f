"""Amounts of money and measures as a language speaks them: $3.50, 5 km, 20 °C, 30 %. Pure.

The names come from CLDR (babel). Units of one letter are taken only where they cannot be a word.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from ttsd.text.language import general
from ttsd.text.numerals import LETTER, NUMBER, begun
from ttsd.text.words import words_of

if TYPE_CHECKING:
    from ttsd.text.numerals import Numerals

UNITS = {
    "km": "length-kilometer", "m": "length-meter", "cm": "length-centimeter", "mm": "length-millimeter",
    "mi": "length-mile", "ft": "length-foot", "kg": "mass-kilogram", "g": "mass-gram", "mg": "mass-milligram",
    "lb": "mass-pound", "lbs": "mass-pound", "oz": "mass-ounce", "l": "volume-liter", "L": "volume-liter",
    "ml": "volume-milliliter", "mL": "volume-milliliter", "cm²": "area-square-centimeter", "m²": "area-square-meter", "m2": "area-square-meter",
    "km²": "area-square-kilometer", "m³": "volume-cubic-meter", "m3": "volume-cubic-meter",
    "km/h": "speed-kilometer-per-hour", "kmh": "speed-kilometer-per-hour", "kph": "speed-kilometer-per-hour",
    "mph": "speed-mile-per-hour", "m/s": "speed-meter-per-second", "°C": "temperature-celsius",
    "℃": "temperature-celsius", "°F": "temperature-fahrenheit", "℉": "temperature-fahrenheit", "°": "angle-degree",
    "%": "concentr-percent", "B": "digital-byte", "kB": "digital-kilobyte", "KB": "digital-kilobyte",
    "KiB": "digital-kilobyte", "MB": "digital-megabyte", "MiB": "digital-megabyte", "GB": "digital-gigabyte",
    "GiB": "digital-gigabyte", "TB": "digital-terabyte", "TiB": "digital-terabyte", "Hz": "frequency-hertz",
    "kHz": "frequency-kilohertz", "MHz": "frequency-megahertz", "GHz": "frequency-gigahertz", "W": "power-watt",
    "kW": "power-kilowatt", "MW": "power-megawatt", "kWh": "energy-kilowatt-hour", "V": "electric-volt",
    "mA": "electric-milliampere", "ms": "duration-millisecond", "µs": "duration-microsecond",
    "s": "duration-second", "sec": "duration-second", "secs": "duration-second", "min": "duration-minute",
    "mins": "duration-minute", "h": "duration-hour", "hr": "duration-hour", "hrs": "duration-hour",
    "px": "graphics-pixel", "hPa": "pressure-hectopascal", "kcal": "energy-kilocalorie", "kJ": "energy-kilojoule",
}  # fmt: skip
"""As written -> CLDR's name."""
_CLOSE = frozenset("BVW°")
"""Only right behind the number: `5 V` may be the fifth of something."""
_UNIT = re.compile(
    rf"(?<![{LETTER}\d.,/-])([-−]?)({NUMBER})( ?|\u00a0|\u202f)"
    rf"({'|'.join(sorted(map(re.escape, UNITS), key=len, reverse=True))})(?![{LETTER}\d²³/°%])"
)

_SYMBOLS = {
    "US$": "USD", "CA$": "CAD", "C$": "CAD", "AU$": "AUD", "A$": "AUD", "NZ$": "NZD", "R$": "BRL", "$": "USD",
    "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR", "₽": "RUB", "₩": "KRW", "₺": "TRY", "₴": "UAH", "₪": "ILS",
    "zł": "PLN", "Kč": "CZK", "₿": "BTC",
}  # fmt: skip
_CODES = "USD|EUR|GBP|JPY|CHF|CAD|AUD|NZD|CNY|INR|RUB|KRW|BRL|MXN|SEK|NOK|DKK|PLN|CZK|HUF|TRY|UAH|ILS|ZAR"
_MONEY = "|".join([*sorted(map(re.escape, _SYMBOLS), key=len, reverse=True), rf"(?:{_CODES})"])
_SCALES = {"k": 3, "K": 3, "m": 6, "M": 6, "mn": 6, "bn": 9, "B": 9}
_BEFORE = re.compile(rf"(?<![\w.,])([-−]?)({_MONEY}) ?({NUMBER})(k|K|mn|m|M|bn|B)?(?![{LETTER}\d])")
_BEHIND = re.compile(rf"(?<![{LETTER}\d.,])([-−]?)({NUMBER})(?: ?|\u00a0|\u202f)({_MONEY})(?![{LETTER}\d])")

_SHORT = {
    "en": {
        "USD": ("dollar", "dollars"),
        "GBP": ("pound", "pounds"),
        "JPY": ("yen", "yen"),
        "INR": ("rupee", "rupees"),
    },
    "de": {"USD": ("Dollar", "Dollar"), "GBP": ("Pfund", "Pfund"), "JPY": ("Yen", "Yen")},
    "fr": {"USD": ("dollar", "dollars"), "GBP": ("livre", "livres"), "JPY": ("yen", "yens")},
    "es": {"USD": ("dólar", "dólares"), "GBP": ("libra", "libras"), "JPY": ("yen", "yenes")},
    "pt": {"USD": ("dólar", "dólares"), "GBP": ("libra", "libras"), "BRL": ("real", "reais")},
    "it": {"USD": ("dollaro", "dollari"), "GBP": ("sterlina", "sterline")},
    "nl": {"USD": ("dollar", "dollar"), "GBP": ("pond", "pond")},
    "sv": {"USD": ("dollar", "dollar"), "GBP": ("pund", "pund"), "SEK": ("krona", "kronor")},
}
"""What people say instead of CLDR's full names (US dollars, dollars des États-Unis): one, more."""
_CENTS = {"en": ("{} cent", "{} cents"), "de": ("{} Cent", "{} Cent"), "nl": ("{} cent", "{} cent")}
_HAVE_CENTS = frozenset({"USD", "EUR", "CAD", "AUD", "NZD"})


def with_money(text: str, numerals: Numerals) -> str:
    """Amounts of money in words."""

    def before(match: re.Match[str]) -> str:
        return begun(_amount(match[1], match[2], match[3], match[4], numerals) or match[0], match)

    def behind(match: re.Match[str]) -> str:
        return begun(_amount(match[1], match[3], match[2], None, numerals) or match[0], match)

    return _BEHIND.sub(behind, _BEFORE.sub(before, text))


def _amount(sign: str, symbol: str, written: str, scale: str | None, numerals: Numerals) -> str | None:
    number = numerals.read(written)
    if number is None:
        return None
    value = number.value.scaleb(_SCALES[scale]) if scale else number.value
    value = value.quantize(Decimal(1)) if value == value.to_integral_value() else value
    code = _SYMBOLS.get(symbol, symbol)
    whole, cents = divmod(value, 1)
    cents = (cents * 100).normalize()
    if cents and (cents != cents.to_integral_value() or -int(value.as_tuple().exponent) != 2):
        whole, cents = value, Decimal(0)  # $3.5 or $0.0042: the number as it is
    said = numerals.cardinal(whole, noun=True)
    if said is None:
        return None
    said = f"{said} {_name(code, whole, numerals)}"
    if cents:
        small = _cents(code, cents, numerals)
        if not whole and code in _HAVE_CENTS and numerals.language in _CENTS:
            said = small
        else:
            said += f" and {small}" if numerals.language == "en" and code in _HAVE_CENTS else f" {small}"
    return f"{words_of(numerals.tag).minus} {said}" if sign else said


def _name(code: str, count: Decimal, numerals: Numerals) -> str:
    from babel.numbers import get_currency_name

    short = _SHORT.get(numerals.language, {}).get(code)
    if short is not None:
        return short[0] if count == 1 else short[1]
    return get_currency_name(code, count=count, locale=numerals.locale)


def _cents(code: str, cents: Decimal, numerals: Numerals) -> str:
    said = numerals.cardinal(Decimal(int(cents)), noun=True) or str(int(cents))
    forms = _CENTS.get(general(numerals.tag)) if code in _HAVE_CENTS else None
    return forms[cents != 1].replace("{}", said) if forms else said


def with_units(text: str, numerals: Numerals) -> str:
    """Measures in words."""
    from babel.numbers import format_decimal
    from babel.units import format_unit

    def named(value: Decimal, unit: str) -> str | None:
        lengths: tuple[Literal["long", "short"], ...] = ("long", "short")
        shown = (format_unit(value, unit, length=length, locale=numerals.locale) for length in lengths)
        return next((name for name in shown if unit not in name), None)

    def spoken(match: re.Match[str]) -> str:
        unit, number = match[4], numerals.read(match[2])
        decade = unit == "s" and not match[3] and re.fullmatch(r"\d{3}0", match[2])  # the 1990s
        if number is None or (match[3] and unit in _CLOSE) or decade:
            return match[0]
        said = numerals.cardinal(number.value, noun=True)
        if said is None:
            return match[0]
        shown = named(number.value, UNITS[unit])
        written = format_decimal(number.value, locale=numerals.locale)
        if shown is None or shown.replace(written, "").strip() == unit:
            return match[0]  # CLDR has no name for it in this language
        shown = shown.replace(written, said, 1).replace("\u00a0", " ")
        return begun(f"{words_of(numerals.tag).minus} {shown}" if match[1] else shown, match)

    return _UNIT.sub(spoken, text)
