"""Piper in its worker: streams inside the sentence, changes over when a voice is split, stays whole if it cannot."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
import pytest
from engine_parts import seconds
from piper_voices import unpack
from waiting import wait_for

from ttsd.engines import voices, worker
from ttsd.engines.adapter import Setup
from ttsd.engines.adapters import piper_parts
from ttsd.engines.adapters.piper import Piper, marks_inside
from ttsd.engines.connect import Place
from ttsd.engines.engine import Request
from ttsd.engines.host import EngineHost
from ttsd.engines.roster import Roster
from ttsd.errors import EngineCancelled, EngineRefused, UnknownVoice
from ttsd.model import Chunk, EngineName, WordTime
from ttsd.settings import EngineSettings, Settings

PIPER = EngineName("piper")
SENTENCE = Request("The quick brown fox jumps over the lazy dog, and then it sleeps under the old oak tree.")
STEADY = {"noise_scale": 0.0, "noise_w_scale": 0.0}
"""Without chance, so that two runs agree."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A configuration's folder with two random voices, split already."""
    base = tmp_path_factory.mktemp("config")
    for name in ("random-1", "random-3"):
        unpack(name, base / "voices")
        assert worker.main(["piper", "--prepare", "--voice", name, *places(base)]) == 0
    return base


def places(base: Path) -> list[str]:
    """A worker's folders."""
    return ["--base", str(base), "--data", str(base / "data"), "--cache", str(base / "cache")]


def engine(base: Path, voice: str, **options: str | float | bool) -> EngineHost:
    """Piper as users have it."""
    settings = EngineSettings(voice=voice, options=options)
    roster = Roster(place=Place(base, base / "data", base / "cache"))
    host = roster.build(Settings(engines=(PIPER,), engine={PIPER: settings})).engines[0]
    assert isinstance(host, EngineHost)
    return host


@pytest.fixture(params=["random-1", "random-3"])
def piper(request: pytest.FixtureRequest, folder: Path) -> Iterator[EngineHost]:
    """Piper with a split voice."""
    host = engine(folder, request.param, **STEADY)
    yield host
    host.close()


def joined(chunks: list[Chunk]) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """The sound of all."""
    return np.concatenate([chunk.samples for chunk in chunks])


def test_a_sentence_comes_in_pieces_that_are_the_whole(folder: Path, piper: EngineHost) -> None:
    pieces = list(piper.synthesize(SENTENCE))
    name = piper.status().voice
    assert name is not None
    whole = engine(folder, name, stream=False, **STEADY)
    expected = joined(list(whole.synthesize(SENTENCE)))
    whole.close()
    assert seconds(pieces[:1]) < 0.5 < seconds(pieces)
    np.testing.assert_allclose(joined(pieces), expected, rtol=0, atol=1e-5)


def test_word_times_come_with_the_first_sound_and_cover_the_sentence(piper: EngineHost) -> None:
    chunks = list(piper.synthesize(SENTENCE))
    words = chunks[0].words
    assert [word.text for word in words] == SENTENCE.text.split()
    assert all(a.end <= b.start + 1e-6 for a, b in pairwise(words))
    assert 0 < words[0].start < words[-1].end <= seconds(chunks)
    assert not any(chunk.words for chunk in chunks[1:])


def test_a_text_of_two_sentences_counts_its_words_from_the_first_sample(piper: EngineHost) -> None:
    chunks = list(piper.synthesize(Request("This comes first. That follows it.")))
    words: list[WordTime] = [word for chunk in chunks for word in chunk.words]
    assert [word.text for word in words] == ["This", "comes", "first.", "That", "follows", "it."]
    assert all(a.end <= b.start + 1e-6 for a, b in pairwise(words))
    begin_of_second = next(i for i, chunk in enumerate(chunks) if chunk.words and i)
    assert words[3].start >= seconds(chunks[:begin_of_second])


def test_scales_and_speakers_change_the_sound(folder: Path) -> None:
    piper = engine(folder, "random-3", **STEADY)
    plain = joined(list(piper.synthesize(SENTENCE)))
    slow = joined(list(piper.synthesize(Request(SENTENCE.text, options={"length_scale": 2.0}))))
    assert slow.size > 1.5 * plain.size
    for scale in ("noise_scale", "noise_w_scale"):
        lively = [
            joined(list(piper.synthesize(Request(SENTENCE.text, options={scale: 1.0})))) for _ in range(2)
        ]
        one, other = lively
        assert one.size != other.size or not np.allclose(one, other, atol=1e-3), scale
    by_name = joined(list(piper.synthesize(Request(SENTENCE.text, voice="random-3", speaker="speaker2"))))
    by_number = joined(list(piper.synthesize(Request(SENTENCE.text, options={"speaker": "2"}))))
    np.testing.assert_allclose(by_name, by_number, rtol=0, atol=1e-6)
    assert by_name.size != plain.size or np.abs(by_name - plain).max() > 1e-3
    for request in (
        Request("hello", options={"speaker": "nobody"}),
        Request("hello", options={"speaker": "3"}),
        Request("hello", voice="random-3", speaker="nobody"),
    ):
        with pytest.raises(UnknownVoice, match="speaker0, speaker1, speaker2"):
            list(piper.synthesize(request))
    assert piper.voices()[0].speakers == ("speaker0", "speaker1", "speaker2")
    piper.close()


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        ("Hi [[ bˈætmæn ]]!", "Hi [[ bˈætmæn! ]]"),
        ("[[ bˈætmæn ]], you [[ tˈu ]]?", "[[ bˈætmæn, ]] you [[ tˈu? ]]"),
        ('"[[ bˈætmæn ]]" he said', '"[[ bˈætmæn ]] he said'),
        ("[[ bˈætmæn ]]'s cave", "[[ bˈætmænz ]] cave"),
        ("a [list] of]] things", "a [list] of]] things"),
    ],
)
def test_marks_behind_phonemes_are_neither_lost_nor_read_out(text: str, inside: str) -> None:
    assert marks_inside(text) == inside


@pytest.mark.voice
def test_phonemes_in_the_text_sound_like_the_word(piper: EngineHost) -> None:
    word = joined(list(piper.synthesize(Request("Hello Batman!"))))
    sounds = joined(list(piper.synthesize(Request("Hello [[ bˈætmæn ]]!"))))
    assert word.size == sounds.size
    np.testing.assert_allclose(sounds, word, rtol=0, atol=1e-4)
    other = joined(list(piper.synthesize(Request("Hello [[ bˈʌtmæn ]]!"))))
    assert other.size != word.size or not np.allclose(other, word, atol=1e-3)


def test_every_voice_of_the_folders_can_be_asked_for_by_one_worker(folder: Path) -> None:
    piper = engine(folder, "random-1")
    names = {voice.name for voice in piper.voices()}
    assert {"random-1", "random-3"} <= names
    assert list(piper.synthesize(Request("hello", voice="random-3")))
    assert list(piper.synthesize(Request("hello")))
    with pytest.raises(UnknownVoice, match="random-1, random-3"):
        list(piper.synthesize(Request("hello", voice="random-2")))
    piper.close()


def test_cancelling_inside_a_sentence_leaves_the_process_at_work(piper: EngineHost) -> None:
    chunks = piper.synthesize(Request("and so on and on, " * 20))
    next(chunks)
    pid = piper.status().pid
    piper.cancel()
    with pytest.raises(EngineCancelled):
        list(chunks)
    assert list(piper.synthesize(SENTENCE))
    assert piper.status().pid == pid


@pytest.mark.long
def test_a_new_voice_speaks_whole_at_once_and_in_pieces_when_it_is_split(tmp_path: Path) -> None:
    unpack("random-1", tmp_path / "voices")
    piper = engine(tmp_path, "random-1", **STEADY)
    first = joined(list(piper.synthesize(SENTENCE)))

    def in_pieces() -> bool:
        chunks = list(piper.synthesize(SENTENCE))
        np.testing.assert_allclose(joined(chunks), first, rtol=0, atol=1e-5)
        return bool(chunks[0].words)

    wait_for(in_pieces, "the voice to be split", timeout=30)
    assert "is split" in (piper.status().detail or "")
    piper.close()
    again = engine(tmp_path, "random-1", **STEADY)
    assert next(again.synthesize(SENTENCE)).words  # from its first sentence on
    again.close()


def test_a_voice_that_cannot_be_split_speaks_whole_and_says_why(tmp_path: Path) -> None:
    model = unpack("random-1", tmp_path / "voices")
    graph = onnx.load(str(model))
    tanh = next(node for node in reversed(graph.graph.node) if node.op_type == "Tanh")
    tanh.op_type = "Softsign"  # a decoder that nobody has seen
    onnx.save(graph, str(model))
    piper = engine(tmp_path, "random-1")

    def told() -> str | None:
        assert list(piper.synthesize(Request("hello")))
        return piper.status().detail

    reason = wait_for(told, "the reason to be told", timeout=30)
    assert reason is not None
    assert "speaks whole sentences" in reason
    assert "Softsign" in reason
    piper.close()


@pytest.mark.long
def test_a_cache_that_is_broken_is_made_anew(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder / "voices", tmp_path / "voices")
    shutil.copytree(folder / "cache" / "piper", tmp_path / "cache" / "piper")
    for decoder in (tmp_path / "cache").rglob("decoder.onnx"):
        decoder.write_bytes(b"x" * decoder.stat().st_size)
    piper = engine(tmp_path, "random-1")
    assert list(piper.synthesize(SENTENCE))
    wait_for(
        lambda: next(piper.synthesize(Request("hello"))).words, "the voice to be split again", timeout=30
    )
    piper.close()


def test_preparing_without_the_package_onnx_names_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unpack("random-1", tmp_path / "voices")

    def missing(*_arguments: object) -> None:
        raise ModuleNotFoundError("No module named 'onnx'", name="onnx")

    monkeypatch.setattr(piper_parts, "make", missing)
    setup = Setup("random-1", base=tmp_path, data=tmp_path, cache=tmp_path / "cache")
    with pytest.raises(Exception, match=r"the package onnx is missing \(pip install"):
        Piper().prepare(setup, lambda _text: None)


def test_a_model_that_is_none_is_refused(tmp_path: Path) -> None:
    model = unpack("random-1", tmp_path / "voices")
    model.write_bytes(b"not a model")
    piper = engine(tmp_path, "random-1")
    with pytest.raises(EngineRefused, match="cannot be loaded"):
        piper.load()
    piper.close()


@pytest.mark.voice
@pytest.mark.long
def test_the_real_voice_in_pieces_is_the_real_voice(tmp_path_factory: pytest.TempPathFactory) -> None:
    base = tmp_path_factory.mktemp("real")
    assert worker.main(["piper", "--prepare", *places(base)]) == 0
    pieced, whole = (
        engine(base, voices.DEFAULT, **STEADY),
        engine(base, voices.DEFAULT, stream=False, **STEADY),
    )
    for text in (
        "Yes.",
        "Hello there, how are you?",
        SENTENCE.text,
        "It was 1,250 people, and all of them sang.",
    ):
        chunks = list(pieced.synthesize(Request(text)))
        expected = joined(list(whole.synthesize(Request(text))))
        np.testing.assert_allclose(joined(chunks), expected, rtol=0, atol=1e-5)
        words = chunks[0].words
        assert [word.text for word in words] == text.split()
        assert 0 < words[0].start < words[-1].end < seconds(chunks)
    assert seconds(list(pieced.synthesize(SENTENCE))[:1]) < 0.5
    pieced.close()
    whole.close()
