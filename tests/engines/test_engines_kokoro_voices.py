"""Kokoro's voices: whose language they speak, how they are blended, which one a language gets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttsd.engines.adapters.kokoro_symbols import LONGEST, batches
from ttsd.engines.adapters.kokoro_voices import best_for, blend, language_of
from ttsd.errors import UnknownVoice

NAMES = ("af_heart", "af_bella", "bf_emma", "ef_dora", "jf_alpha", "pf_dora", "zf_xiaobei", "custom")


@pytest.mark.parametrize(
    ("language", "default", "voice"),
    [
        (None, "pf_dora", "pf_dora"),
        ("en", "bf_emma", "bf_emma"),
        ("en-US", "bf_emma", "af_heart"),
        ("en-AU", "pf_dora", "af_heart"),
        ("pt-PT", "af_heart", "pf_dora"),
        ("PT_br", "af_heart", "pf_dora"),
        ("zh-TW", "af_heart", "zf_xiaobei"),
        ("de", "af_heart", None),
        ("hi", "af_heart", None),
        ("de", "custom", "custom"),
        ("en", "af_heart:0.6+af_bella:0.4", "af_heart:0.6+af_bella:0.4"),
    ],
)
def test_a_language_is_spoken_by_a_voice_of_it_and_by_no_other(
    language: str | None, default: str, voice: str | None
) -> None:
    assert best_for(language, default, NAMES) == voice


def test_a_blend_is_shares_of_voices() -> None:
    assert blend("af_heart", NAMES) == (("af_heart", 1.0),)
    assert blend("af_heart:3+af_bella:1", NAMES) == (("af_heart", 0.75), ("af_bella", 0.25))
    assert blend(" af_heart + af_bella ", NAMES) == (("af_heart", 0.5), ("af_bella", 0.5))
    assert blend("af_heart:.6+bf_emma:0", NAMES) == (("af_heart", 1.0),)
    assert language_of("af_heart:0.3+pf_dora:0.7") == "pt-BR"
    assert language_of("custom") is None


@pytest.mark.parametrize("voice", ["af_nobody", "af_heart+", "af_heart:x", "af_heart:-1", "af_heart:0", ""])
def test_what_is_no_blend_is_an_error(voice: str) -> None:
    with pytest.raises(UnknownVoice):
        blend(voice, NAMES)


@given(st.text(alphabet="abc ,.ˈː—", max_size=900))
def test_the_model_gets_no_more_symbols_than_it_takes(symbols: str) -> None:
    found = batches(symbols, set("abc ,."))
    assert all(len(piece) <= LONGEST and set(piece) <= set("abc ,.") for piece in found)
    assert "".join("".join(found).split()).count("a") == symbols.count("a")
