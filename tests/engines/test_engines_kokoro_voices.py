"""Kokoro's voices: whose language they speak, how they are blended, which one a language gets."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttsd.engines.adapter import Setup
from ttsd.engines.adapters.kokoro import find
from ttsd.engines.adapters.kokoro_symbols import LONGEST, batches, pause_after
from ttsd.engines.adapters.kokoro_voices import best_for, blend, language_of
from ttsd.errors import EngineMissing, UnknownVoice

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


def test_of_several_models_the_whole_one_is_used_or_the_one_that_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "kokoro"
    folder.mkdir(parents=True)
    setup = Setup(base=tmp_path, data=tmp_path / "data")
    with pytest.raises(EngineMissing, match=r"no model kokoro-v1\.0\.onnx"):
        find(setup)
    for name in ("kokoro-v1.0.int8.onnx", "voices-v1.0.bin"):
        (folder / name).touch()
    assert find(setup)[0].name == "kokoro-v1.0.int8.onnx"
    (folder / "kokoro-v1.0.onnx").touch()
    assert find(setup) == (folder / "kokoro-v1.0.onnx", folder / "voices-v1.0.bin")
    assert find(replace(setup, options={"precision": "int8"}))[0].name == "kokoro-v1.0.int8.onnx"
    with pytest.raises(EngineMissing, match="fp16"):
        find(replace(setup, options={"precision": "fp16"}))
    (tmp_path / "mine.onnx").touch()
    mine = replace(setup, options={"model": "mine.onnx", "voices": "data/kokoro/voices-v1.0.bin"})
    assert find(mine) == (tmp_path / "mine.onnx", folder / "voices-v1.0.bin")


def test_the_first_clause_of_a_long_sentence_is_made_by_itself() -> None:
    known = set("abcdefgh ,.")
    short, long = "abc, " * 20, "abc abc abc abc abc abc abc, " * 6
    assert len(batches(short, known)) == 1
    found = batches(long, known)
    assert found[0] == "abc abc abc abc abc abc abc,"
    assert len(found) == 2
    assert batches("abc " * 35, known) == [("abc " * 35).strip()], "there is no clause in it"
    assert [pause_after(piece) for piece in ("abc,", "abc.", "abc")] == [0.1, 0.25, 0.0]


@given(st.text(alphabet="abc ,.ˈː—", max_size=900))
def test_the_model_gets_no_more_symbols_than_it_takes(symbols: str) -> None:
    found = batches(symbols, set("abc ,."))
    assert all(len(piece) <= LONGEST and set(piece) <= set("abc ,.") for piece in found)
    assert "".join("".join(found).split()).count("a") == symbols.count("a")
