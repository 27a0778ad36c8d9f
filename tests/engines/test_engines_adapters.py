"""The adapters of this version on the real libraries and voices, in real worker processes."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from engine_parts import seconds
from waiting import wait_for

from ttsd.engines.connect import Place
from ttsd.engines.engine import Request
from ttsd.engines.host import EngineHost
from ttsd.engines.roster import Roster
from ttsd.engines.worker import TELLS_NOBODY
from ttsd.errors import EngineCancelled, EngineError, EngineMissing, EngineRefused, UnknownVoice
from ttsd.model import EngineName
from ttsd.settings import EngineSettings, Settings

SENTENCE = Request("The quick brown fox jumps over the lazy dog.")


def engine(name: str, folder: Path, settings: EngineSettings | None = None) -> EngineHost:
    """The engine as users have it."""
    roster = Roster(place=Place(folder, folder / "data", folder / "cache"))
    wanted = EngineName(name)
    chain = roster.build(Settings(engines=(wanted,), engine={wanted: settings or EngineSettings()}))
    host = chain.engines[0]
    assert isinstance(host, EngineHost)
    return host


def test_tone_beeps_as_long_as_the_text_and_tells_its_words(tmp_path: Path) -> None:
    tone = engine("tone", tmp_path, EngineSettings(options={"characters_per_second": 10.0, "rate": 8000}))
    heard = list(tone.synthesize(SENTENCE))
    assert seconds(heard) == pytest.approx(len(SENTENCE.text) / 10, abs=0.001)
    assert {chunk.rate for chunk in heard} == {8000}
    words = [word for chunk in heard for word in chunk.words]
    assert [word.text for word in words] == SENTENCE.text.split()
    assert all(a.end <= b.start for a, b in pairwise(words))
    whole = np.concatenate([chunk.samples for chunk in heard])
    assert np.abs(np.diff(whole)).max() < 0.15  # no click between chunks or at the ends
    with pytest.raises(UnknownVoice):
        list(tone.synthesize(Request("x", voice="amy")))
    tone.close()


@pytest.fixture
def hibari(tmp_path: Path) -> Iterator[EngineHost]:
    """hibari."""
    host = engine("hibari", tmp_path)
    yield host
    host.close()


@pytest.mark.voice
def test_hibari_speaks_and_offers_only_what_is_here(hibari: EngineHost) -> None:
    heard = list(hibari.synthesize(SENTENCE))
    assert 1.5 < seconds(heard) < 5
    assert {chunk.rate for chunk in heard} == {24000}
    assert [voice.name for voice in hibari.voices()] == ["heart"]
    assert hibari.status().voice == "heart"
    slow = seconds(list(hibari.synthesize(Request(SENTENCE.text, options={"speed": 0.5}))))
    assert slow > 1.5 * seconds(heard)


@pytest.mark.voice
@pytest.mark.skipif(sys.platform == "win32", reason="onnxruntime reports in other ways there")
def test_its_libraries_keep_nothing_to_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """onnxruntime gathers what it reports to its maker in the user's cache folder, unless it is told not to."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / ".cache"))
    for variable in TELLS_NOBODY:
        monkeypatch.delenv(variable)
    host = engine("hibari", tmp_path)
    assert list(host.synthesize(SENTENCE))
    host.close()
    assert [path for path in home.rglob("*") if "onnxruntime" in path.name] == []


@pytest.mark.voice
def test_hibari_refuses_a_voice_that_would_have_to_be_downloaded(tmp_path: Path) -> None:
    host = engine("hibari", tmp_path, EngineSettings(voice="emma"))
    with pytest.raises(EngineMissing, match="it has heart"):
        host.load()
    host.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose cache remembers the voice's checksum."""
    return tmp_path_factory.mktemp("piper")


@pytest.fixture
def piper(shared: Path) -> Iterator[EngineHost]:
    """Piper with its packaged voice."""
    host = engine("piper", shared)
    yield host
    host.close()


@pytest.mark.voice
def test_piper_speaks_with_the_packaged_voice(piper: EngineHost) -> None:
    heard = list(piper.synthesize(SENTENCE))
    assert 1.5 < seconds(heard) < 5
    assert {chunk.rate for chunk in heard} == {22050}
    assert 0.05 < max(float(np.abs(chunk.samples).max()) for chunk in heard) < 1.5
    voice = piper.voices()[0]
    assert (voice.name, voice.language) == ("en_US-joe-medium", "en-US")
    slow = seconds(list(piper.synthesize(Request(SENTENCE.text, options={"length_scale": 2.0}))))
    assert slow > 1.5 * seconds(heard)


@pytest.mark.voice
def test_piper_ends_a_long_sentence_at_once_when_cancelled(piper: EngineHost) -> None:
    piper.load()
    pid = piper.status().pid
    faults: list[EngineError] = []

    def speak() -> None:
        try:
            list(piper.synthesize(Request("and so on, " * 60)))  # half a minute of speech
        except EngineError as error:
            faults.append(error)

    thread = threading.Thread(target=speak)
    thread.start()
    wait_for(lambda: piper.status().state == "busy", "it to speak")
    piper.cancel()
    thread.join()
    assert [type(fault) for fault in faults] == [EngineCancelled]
    assert list(piper.synthesize(SENTENCE))
    assert piper.status().pid == pid


@pytest.mark.voice
@pytest.mark.parametrize(
    ("voice", "fault", "words"),
    [
        ("no_such-voice", EngineMissing, "ttsd voices add no_such-voice"),
        ("broken.onnx", EngineRefused, "cannot be loaded"),
        ("bare.onnx", EngineMissing, "bare.onnx.json"),
    ],
)
def test_piper_says_what_is_wrong_with_a_voice(
    tmp_path: Path, voice: str, fault: type[EngineError], words: str
) -> None:
    for name in ("broken", "bare"):
        (tmp_path / f"{name}.onnx").write_bytes(b"not a model")
    (tmp_path / "broken.onnx.json").write_text('{"audio": {}}')
    host = engine("piper", tmp_path, EngineSettings(voice=voice))
    with pytest.raises(fault, match=words):
        host.load()
    host.close()


@pytest.mark.voice
def test_an_unknown_voice_is_refused_never_replaced(piper: EngineHost) -> None:
    with pytest.raises(UnknownVoice, match="en_US-joe-medium"):
        list(piper.synthesize(Request("hello", voice="en_US-jo-medium")))
