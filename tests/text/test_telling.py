"""Texts too short to tell keep the language of their source; some scripts tell by themselves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rule_parts import ANY_TEXT

from ttsd.text.telling import tells


@pytest.mark.parametrize(
    "text", ["", "hi", "ok thanks", "lol", "12345 67890", "...!?", "GGGGGGGGGGGGGGGGGGGGG", "你好"]
)
def test_too_short_to_tell(text: str) -> None:
    assert tells(text) is False


@pytest.mark.parametrize("text", ["good morning everybody", "volto em cinco minutos", "大家好，你们今天"])
def test_long_enough_to_ask(text: str) -> None:
    assert tells(text) is True


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("안녕하세요", "ko"),
        ("こんにちは", "ja"),
        ("今日は元気です", "ja"),
        ("สวัสดี", "th"),
        ("καλημέρα", "el"),
    ],
)
def test_a_script_of_one_language(text: str, language: str) -> None:
    assert tells(text) == language


def test_a_greek_letter_in_an_english_text_is_no_greek() -> None:
    assert tells("the angles alpha (α) and beta (β) are equal") is True


@given(st.one_of(ANY_TEXT, st.text(min_size=1000)))
def test_any_text_is_judged(text: str) -> None:
    assert isinstance(tells(text), bool | str)
