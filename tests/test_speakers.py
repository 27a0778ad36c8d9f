"""Recordings have names, are kept whole, and every engine that clones finds them."""

from __future__ import annotations

import json
import stat
import sys
from pathlib import Path

import pytest
import soundfile
from fakes import FakeClock
from recordings import hiss, speech

from ttsd.audio.recording import RATE, RecordingError
from ttsd.cli import main
from ttsd.engines.adapter import Setup
from ttsd.engines.adapters import reference
from ttsd.errors import UsageError
from ttsd.speakers import FOLDER, Speakers


@pytest.fixture
def speakers(tmp_path: Path) -> Speakers:
    return Speakers(tmp_path / "data", FakeClock())


@pytest.fixture
def voice(tmp_path: Path) -> Path:
    file = tmp_path / "me.flac"
    soundfile.write(file, speech(6, 44_100), 44_100)
    return file


def test_a_recording_is_kept_listed_and_removed(speakers: Speakers, voice: Path) -> None:
    added = speakers.add(voice, "ana")
    assert speakers.listed() == (added,)
    assert added.original_rate == 44_100
    kept = soundfile.info(added.file)
    assert (kept.samplerate, kept.channels, kept.subtype) == (RATE, 1, "PCM_16")
    if sys.platform != "win32":
        assert stat.S_IMODE(Path(added.file).stat().st_mode) == 0o600, "a voice is its owner's alone"
    assert speakers.remove("ana") == added
    assert speakers.listed() == ()
    assert not list(speakers.folder.iterdir())


def test_engines_that_clone_find_it_by_its_name(speakers: Speakers, voice: Path, tmp_path: Path) -> None:
    added = speakers.add(voice, "ana")
    assert reference.FOLDER == FOLDER
    found = reference.find("ana", Setup(base=tmp_path, data=tmp_path / "data"))
    assert str(found.path) == added.file
    sound, rate = reference.read(found)
    assert rate == RATE
    assert len(sound) / rate == pytest.approx(added.seconds, abs=0.01)


def test_a_recording_that_fails_leaves_what_was_there(
    speakers: Speakers, voice: Path, tmp_path: Path
) -> None:
    added = speakers.add(voice, "ana")
    soundfile.write(tmp_path / "noise.wav", hiss(6), RATE)
    with pytest.raises(RecordingError, match="no speech"):
        speakers.add(tmp_path / "noise.wav", "ana", replace=True)
    assert speakers.listed() == (added,)


def test_a_name_is_taken_once_and_can_be_replaced(speakers: Speakers, voice: Path) -> None:
    speakers.add(voice, "ana")
    with pytest.raises(UsageError, match="there is a recording ana already"):
        speakers.add(voice, "ana")
    speakers.add(voice, "ana", replace=True)


@pytest.mark.parametrize("name", ["", "..", "../ana", "a/b", "a b", ".hidden", "x" * 65, "ana\n"])
def test_a_name_never_leaves_the_folder(name: str, speakers: Speakers, voice: Path) -> None:
    with pytest.raises(UsageError, match="is no name"):
        speakers.add(voice, name)
    with pytest.raises(UsageError, match="there is no recording"):
        speakers.remove(name)


def test_what_somebody_put_there_is_listed_too(speakers: Speakers) -> None:
    speakers.folder.mkdir(parents=True)
    soundfile.write(speakers.folder / "bo.wav", speech(4), RATE)
    (speakers.folder / "bo.json").write_text("[1, 2")
    [bo] = speakers.listed()
    assert (bo.name, bo.seconds) == ("bo", None)


def test_an_upload_is_a_recording_that_is_open(speakers: Speakers, voice: Path) -> None:
    with voice.open("rb") as stream:
        assert speakers.add(stream, "ana").seconds == pytest.approx(6, abs=0.5)


def test_the_verb(
    voice: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    assert main(["speakers", "add", str(voice), "--name", "ana"]) == 0
    told = capsys.readouterr().out
    assert '[voice.ana] xtts = { speaker_wav = "ana" }' in told
    assert "agreed" in told
    assert main(["speakers", "--json"]) == 0
    [listed] = json.loads(capsys.readouterr().out)["speakers"]
    assert listed["name"] == "ana"
    assert main(["speakers", "remove", "anna"]) == 2
    assert 'did you mean "ana"' in capsys.readouterr().err
    assert main(["speakers", "remove", "ana"]) == 0
    assert main(["speakers", "add", str(tmp_path / "nowhere.wav"), "--name", "x"]) == 1
    assert main(["speakers", "add"]) == 2
