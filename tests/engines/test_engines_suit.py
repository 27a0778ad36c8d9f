"""A text is never given to a voice of another language."""

from __future__ import annotations

import pytest

from ttsd.engines.suit import suited
from ttsd.errors import UnknownVoice
from ttsd.model import Voice

JOE = Voice("joe", "en-US")
OTHERS = (JOE, Voice("rui", "pt-PT"), Voice("faber", "pt_BR"), Voice("x"))


@pytest.mark.parametrize(
    ("language", "expected"),
    [(None, "joe"), ("en", "joe"), ("en-GB", "joe"), ("pt-BR", "faber"), ("pt", "rui"), ("pt-AO", "rui")],
)
def test_the_default_voice_if_it_speaks_the_language_else_the_nearest(
    language: str | None, expected: str
) -> None:
    assert suited(language, JOE, lambda: OTHERS) == expected


def test_a_voice_that_does_not_tell_its_language_is_believed() -> None:
    assert suited("pt", Voice("x"), lambda: OTHERS) == "x"


def test_no_voice_is_an_error_that_says_how_to_get_one() -> None:
    with pytest.raises(UnknownVoice, match=r"no voice for de \(ttsd voices search de\)"):
        suited("de", JOE, lambda: OTHERS)
