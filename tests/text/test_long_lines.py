"""A line of any length is read in time that grows with it, whatever stands in it: one that took minutes would
silence the daemon. The bounds are far above what it takes, and far below what the square of the length takes."""

from __future__ import annotations

import time

import pytest
from rule_parts import rules

from ttsd.settings.text import BlocklistSettings
from ttsd.text.blocklist import Blocklist
from ttsd.text.emojis import with_emoji
from ttsd.text.markdown import without_marks
from ttsd.text.sentences import split_sentences

SECONDS = 4.0
"""Of the processor's time."""
LONG = 64 * 1024
LINES = {
    "blanks": " ",
    "tabs": "\t",
    "tags": "<b>",
    "digits": "1",
    "smileys": "\U0001f600",
    "snowmen": "\u2603",
    "flags": "\U0001f1e9\U0001f1ea",
    "joined": "\U0001f600\u200d",
    "keycaps": "1\ufe0f\u20e3",
    "ligatures": "\ufdfa",
    "marks": "e\u0301",
    "quotes": "\u201c",
    "ticks": "`",
    "brackets": "[a](",
    "headings": " #",
    "abbreviations": "Dr. ",
    "laughter": "ha",
    "addresses": "www.a",
    "mails": "a@",
    "escapes": "\x1b[",
    "right to left": "\u202e",
    "Chinese": "\u4e2d",
    "Thai": "\u0e44",
}


@pytest.mark.parametrize("piece", LINES.values(), ids=LINES.keys())
def test_a_long_line_of_anything_is_read_in_time(piece: str) -> None:
    chat = rules(blocklist=(BlocklistSettings(words=("darn", "heck*")),))
    chat.sentences(chat.apply("Warm up: 1 \u2603."))  # libraries are imported
    line = piece * (LONG // len(piece))
    began = time.process_time()
    chat.sentences(chat.apply(line))
    assert time.process_time() - began < SECONDS


def test_quotation_marks_without_end_are_split_in_time() -> None:
    began = time.process_time()
    pieces = split_sentences("a\u201c" * (2 * LONG))
    assert time.process_time() - began < SECONDS
    assert "".join(pieces).count("a") == 2 * LONG


def test_sentences_of_a_long_text_are_those_of_a_short_one() -> None:
    sentences = [f"Dr. Smith paid $3.50 for number {number}, didn\u2019t he?" for number in range(500)]
    assert split_sentences(" ".join(sentences), "en") == tuple(sentences)


def test_emoji_of_a_long_text_are_those_of_a_short_one() -> None:
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467 and 1\ufe0f\u20e3 then "
    short = with_emoji(family, "en", named=True).split()
    for before in range(40):
        text = "x" * before + " " + family * 60
        assert with_emoji(text, "en", named=True).split() == ["x" * before] * (before > 0) + short * 60


def test_a_word_that_is_stretched_without_end_is_still_on_the_list() -> None:
    assert Blocklist(["darn"]).find("d" + "a" * LONG + "rn", "bleep").text == "bleep"


def test_a_heading_ends_without_its_marks() -> None:
    assert without_marks("## One ##\n# Two  #  \n# C #x").splitlines() == ["One", "Two", "C #x"]
