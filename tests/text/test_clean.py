"""What cannot be said is left out or said in words; each rule can be switched off; no text is too much."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rule_parts import ANY_TEXT, MESSY, TAGS, cleaned, rules, said, text_of

from ttsd.settings.text import CleanSettings, PronounceSettings
from ttsd.text.clean import Cleaner

EVERYTHING = Cleaner(CleanSettings())
KEPT = {
    "urls": "keep",
    "emails": "keep",
    "emoji": "keep",
    "code": "keep",
    "ids": "keep",
    "long_digits": "keep",
}

# setting, what it says when it is off, text, what is said of it
RULES = [
    ("ansi", False, "\x1b[31mred\x1b[0m \x1b]0;title\x07text", "red text"),
    ("urls", "keep", "see https://www.example.com/a_b?x=1, now", "see link, now"),
    ("urls", "keep", "example.com is down", "link is down"),
    ("urls", "keep", "youtu.be/abc!", "link!"),
    ("emails", "keep", "write to ana.b@mail.example.org.", "write to e-mail address."),
    ("emoji", "keep", "nice 😀😀😀 👍🏽", "nice grinning face, thumbs up"),
    ("markdown", False, "# A *title* #", "A title"),
    ("markdown", False, "> - [x] **done**: [this](http://x.example/y) and `that`", "done: this and that"),
    ("markdown", False, "[[Page|shown]] ||spoiler|| ~~gone~~", "shown spoiler gone"),
    ("markdown", False, "| a | b |", "a, b"),
    ("markdown", False, "a &amp; b&nbsp;c <br> d", "a & b c d"),
    ("markdown", False, "some_snake_case", "some snake case"),
    ("code", "keep", "```py\nx = y\n```", "code"),
    ("repeats", False, "noooooo!!!! hahahahahaha", "nooo! hahaha"),
    ("repeats", False, "lol lol lol lol lol", "lol lol lol"),
    ("repeats", False, "what?!?!?!", "what?!"),
    ("repeats", False, "well.......", "well..."),
    ("ids", "keep", "commit 3f2a9c81d0", "commit ID"),
    ("ids", "keep", "id 123e4567-e89b-12d3-a456-426614174000", "id ID"),
    ("boxes", False, "┌──┐ │a│ [####    ]", "a"),
    ("boxes", False, "a ==== b", "a b"),
    ("long_digits", "keep", "call 12345678901", "call one two three four five six seven eight nine zero one"),
    ("numbers", False, "I have 5 apples", "I have five apples"),
    ("units", False, "5 km, 30 %", "five kilometers, thirty percent"),
    ("currency", False, "$3.50", "three dollars and fifty cents"),
    ("dates", False, "on 2024-03-14 at 14:30", "on March fourteenth, twenty twenty-four at fourteen thirty"),
    ("abbreviations", False, "Dr. Who, e.g. this", "Doctor Who, for example this"),
]  # fmt: skip


@pytest.mark.parametrize(("setting", "off", "text", "expected"), RULES)
def test_each_rule_and_that_it_can_be_switched_off(
    setting: str, off: object, text: str, expected: str
) -> None:
    assert cleaned(text) == expected
    assert cleaned(text, **{setting: off}) != expected


def test_every_setting_has_its_example() -> None:
    from dataclasses import fields

    assert {field.name for field in fields(CleanSettings)} - {"long_digits_from"} == {
        rule[0] for rule in RULES
    }


def test_with_everything_off_a_text_stays_as_it_is() -> None:
    off = {name: off for name, off, *_ in RULES}
    text = "See https://x.example/y, *a* 5 km Dr. noooooo 😀 12345678901"
    assert cleaned(text, **off) == text
    assert cleaned("  a\x00b \u202ec  ", **off) == "ab c"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("snake_case 2*3 5 * 3", "markdown"),
        ("end.Then start, and/or, file.txt, v1.2.3", "urls"),
        ("Hello.it is fine", "urls"),
        ("deadbeef 1234567 decade", "ids"),
        ("Mississippi banana goood", "repeats"),
        ("a b = c -- d", "boxes"),
        ("<bob> hi", "markdown"),
        ("it's 3pm? no", "repeats"),
    ],
)
def test_what_only_looks_like_it_stays(text: str, kept: str) -> None:
    off = {name: off for name, off, *_ in RULES if name != kept}
    assert cleaned(text, **off).replace(" ", "") == text.replace(" ", "").replace(
        "_", "" if kept == "markdown" else "_"
    )


def test_other_ways() -> None:
    assert cleaned("see https://www.example.com/x", urls="host") == "see example.com"
    assert cleaned("see https://www.example.com/x now", urls="drop") == "see now"
    assert cleaned("a.b@c.example.org", emails="spell") == "a dot b at c dot example dot org"
    assert cleaned("a 😀 b", emoji="drop") == "a b"
    assert cleaned("a ```x``` b", code="drop") == "a b"
    assert cleaned("a ```x``` b", code="keep") == "a x b"
    assert cleaned("pay 12345678901 now", long_digits="drop") == "pay now"
    assert cleaned("12345", long_digits_from=5, numbers=False) == "1 2 3 4 5"


def test_words_are_the_languages_own() -> None:
    text = "https://x.example/y 😀 z. B. a@b.example.org"
    assert cleaned(text, "de-AT") == "Link grinsendes gesicht zum Beispiel E-Mail-Adresse"
    assert cleaned("https://x.example/y", "fr") == "lien"
    assert cleaned("https://x.example/y", "tlh") == "link"


def test_lines_stay_lines() -> None:
    assert cleaned("# One\n\n\n- two\n  three ") == "One\ntwo\nthree"


def test_joined_letters_and_scripts_survive() -> None:
    for text in ("نمی‌خواهم", "नमस्ते दुनिया", "שלום עולם", "你好，世界。", "ｆｕｌｌ", "żółć", "x\u0301"):
        assert cleaned(text, "xx") == text


# ---- promises over all texts


@given(ANY_TEXT | MESSY, TAGS)
def test_no_text_is_too_much(text: str, tag: str) -> None:
    made = EVERYTHING.clean(text, tag)
    assert made == made.strip()
    assert "  " not in made
    made.encode()  # no halves of characters are left
    assert not any(char in "\x00\x07\x1b\u202e" for char in made)


STEPS = {name: step for name, step in EVERYTHING.steps if name != "markdown"}


@pytest.mark.parametrize("name", STEPS)
@given(text=MESSY | st.text(max_size=60) | st.text("ab .,?!*_#[]()`-=~|12@", max_size=40), tag=TAGS)
def test_each_step_done_again_changes_nothing(name: str, text: str, tag: str) -> None:
    once = STEPS[name](text, tag)
    assert STEPS[name](once, tag) == once


@given(MESSY | st.text(max_size=60), TAGS)
def test_cleaning_what_is_clean_changes_nothing_more(text: str, tag: str) -> None:
    # An entity may hold another, an address may be left by what stood around it: two rounds at most.
    once = EVERYTHING.clean(text, tag)
    twice = EVERYTHING.clean(once, tag)
    assert EVERYTHING.clean(twice, tag) == twice


@given(st.text("ab .,?!'’AB\n", max_size=80) | st.from_regex(r"([A-Za-z]{1,9}[ ,.?!]){0,12}", fullmatch=True))
def test_the_short_way_for_ordinary_texts_says_the_same(text: str) -> None:
    whole = text
    for _, step in EVERYTHING.steps:
        whole = step(whole, "en")
    assert EVERYTHING.clean(text, "en") == whole


@given(st.text("abcdefghij klmnopqrst uvwxyz,", min_size=1, max_size=80))
def test_plain_words_stay(text: str) -> None:
    assert [*EVERYTHING.clean(text, "en").replace(",", " ").split()] == text.replace(",", " ").split() or any(
        len(word) > 3 for word in text.replace(",", " ").split()
    )


NASTY = [
    "a",
    "a.",
    "a@",
    "@",
    "http://",
    "www.",
    "[",
    "[a](",
    "[[",
    "*",
    "* ",
    "*a ",
    "_a",
    "`",
    "```",
    "```\n",
]
NASTY += [
    "#",
    "> ",
    "- ",
    "|",
    "|a",
    "| a |\n",
    "-",
    "--\n",
    "&amp;",
    "&",
    "<",
    "<a ",
    "<!--",
    "1",
    "1a",
    "f0",
]
NASTY += [
    "A1a/",
    "😀",
    "lol ",
    "ha",
    "!",
    "?!",
    ".",
    "\x1b[",
    "\x1b]a",
    "\n",
    " ",
    "ß ",
    "─",
    "[=",
    "+|",
    "sha1:",
]
NASTY += [
    "1,",
    "1.",
    "1-",
    "$1",
    "1 km ",
    "12:30 ",
    "2024-03-14",
    "e.g.",
    "z. B. ",
    "a b ",
    "0x",
    "‍",
    "é",
    "1st ",
]


@pytest.mark.parametrize("piece", NASTY)
def test_a_long_line_takes_time_in_proportion(piece: str) -> None:
    def cost(length: int) -> float:
        text = (piece * (length // len(piece) + 1))[:length] + "x"
        began = time.thread_time()
        EVERYTHING.clean(text, "en")
        return time.thread_time() - began

    cost(2000)
    # 64 KiB is the longest line; what is quadratic takes minutes there, what is linear a second at most.
    assert cost(16_000) < 5.0


def test_bytes_that_could_not_be_read_are_left_out() -> None:
    assert cleaned(b"caf\xe9 is open \xff\xfe".decode("utf-8", "replace")) == "caf is open"
    assert said("\ufffd\ufffd") == "[nothing speakable in it]"


def test_a_letter_with_its_accent_behind_it_is_one_letter() -> None:
    cafe = PronounceSettings(word="caf\u00e9", say="coffee house")
    assert text_of(rules(pronounce=(cafe,)).apply("the cafe\u0301 is open")) == "the coffee house is open"
    assert cleaned("e\u0301te\u0301") == "\u00e9t\u00e9"
