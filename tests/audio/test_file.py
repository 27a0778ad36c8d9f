"""Files: what was spoken to its end is there and listed; nothing else is, whatever happens."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile

from ttsd.audio.file import FileOutput
from ttsd.audio.spoken_log import SpokenLog
from ttsd.errors import OutputError
from ttsd.model import SAY, EngineName, Spoken, State, Utterance, UtteranceId

if TYPE_CHECKING:
    from ttsd.model import Samples


def utterance(number: int) -> Utterance:
    return Utterance(id=UtteranceId(number), text=f"line {number}", source=SAY, queued_at=1.5)


def ended(number: int, state: State = State.SPOKEN, text: str | None = None) -> Spoken:
    return Spoken(
        id=UtteranceId(number),
        text=text or f"line {number}",
        source=SAY,
        state=state,
        engine=EngineName("tone"),
        voice="beep",
        queued_at=1.5,
        ended_at=2.5,
    )


def speak(output: FileOutput, number: int, sound: Samples, state: State = State.SPOKEN) -> None:
    output.begin(utterance(number))
    for start in range(0, sound.size, 220):
        output.write(sound[start : start + 220], 22050)
    output.end(ended(number, state))


def listed(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "spoken.jsonl").read_text().splitlines()]


def tone(frames: int) -> Samples:
    return (0.5 * np.sin(np.arange(frames) / 9)).astype(np.float32)


@pytest.fixture
def output(tmp_path: Path) -> FileOutput:
    made = FileOutput(tmp_path / "spoken")
    made.open()
    return made


def test_a_complete_utterance_is_a_wav_and_a_line(output: FileOutput) -> None:
    sound = tone(4410)
    speak(output, 7, sound)
    assert output.played() == output.written() == sound.size
    data, rate = soundfile.read(output.folder / "000001.wav", dtype="float32")
    assert rate == 22050
    assert np.abs(data - sound).max() < 1e-4
    assert listed(output.folder) == [
        {
            "id": 7,
            "text": "line 7",
            "source": "say",
            "engine": "tone",
            "voice": "beep",
            "wav": "000001.wav",
            "seconds": 0.2,
            "queued_at": 1.5,
            "spoken_at": 2.5,
        }
    ]


def test_an_utterance_that_was_cut_leaves_nothing(output: FileOutput) -> None:
    speak(output, 1, tone(500), State.SKIPPED)
    output.begin(utterance(2))
    output.write(tone(500), 22050)
    speak(output, 3, tone(500))  # the second one was given up without an end
    assert [entry["id"] for entry in listed(output.folder)] == [3]
    assert sorted(path.name for path in output.folder.iterdir()) == ["000001.wav", "spoken.jsonl"]


def test_numbers_go_on_after_a_restart_and_leftovers_are_cleaned(output: FileOutput) -> None:
    speak(output, 1, tone(500))
    (output.folder / "000041.wav").write_bytes(b"kept by somebody")
    output.begin(utterance(2))
    output.write(tone(500), 22050)
    output.close()
    assert list(output.folder.glob(".*.part"))
    with (output.folder / "spoken.jsonl").open("ab") as torn:
        torn.write(b'{"id": 2, "tex')
    again = FileOutput(output.folder)
    again.open()
    assert not list(output.folder.glob(".*.part"))
    speak(again, 2, tone(500))
    assert [entry["wav"] for entry in listed(output.folder)] == ["000001.wav", "000042.wav"]


def test_format_is_as_configured(tmp_path: Path) -> None:
    output = FileOutput(tmp_path, rate=44100, channels=2, subtype="PCM_24")
    output.open()
    assert output.rate == 44100
    output.begin(utterance(1))
    output.write(tone(441), 44100)
    output.end(ended(1))
    info = soundfile.info(tmp_path / "000001.wav")
    assert (info.samplerate, info.channels, info.subtype, info.frames) == (44100, 2, "PCM_24", 441)


def test_the_folder_is_bounded(tmp_path: Path) -> None:
    output = FileOutput(tmp_path, keep=3)
    output.open()
    for number in range(1, 8):
        speak(output, number, tone(50))
    assert sorted(path.name for path in tmp_path.glob("*.wav")) == ["000005.wav", "000006.wav", "000007.wav"]
    fewer = FileOutput(tmp_path, keep=1)
    fewer.open()
    assert [path.name for path in tmp_path.glob("*.wav")] == ["000007.wav"]


def test_the_list_is_bounded(tmp_path: Path) -> None:
    log = SpokenLog(tmp_path / "spoken.jsonl", largest=4000)
    for number in range(200):
        log.append(ended(number), None, 0)
        assert log.path.stat().st_size <= 4000
    entries = listed(tmp_path)
    assert entries[-1]["id"] == 199
    assert len(entries) > 5


def test_a_line_torn_far_from_its_newline_is_cut_off(tmp_path: Path) -> None:
    log = SpokenLog(tmp_path / "spoken.jsonl")
    log.append(ended(1), "000001.wav", 1)
    with log.path.open("ab") as torn:
        torn.write(b"x" * 200_000)
    log.append(ended(2, text="naïve \ud800 text\nwith a newline"), None, 0)
    assert [entry["id"] for entry in listed(tmp_path)] == [1, 2]


def test_a_disk_that_is_full_makes_the_utterance_wait_and_go_on(
    output: FileOutput, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = tone(1000)
    output.begin(utterance(1))
    output.write(sound[:400], 22050)
    with monkeypatch.context() as full:

        def refuse(*_: object) -> None:
            raise soundfile.LibsndfileError(2)

        full.setattr(soundfile.SoundFile, "write", refuse)
        with pytest.raises(OutputError, match="cannot be kept"):
            output.write(sound[400:], 22050)
    assert output.played() == 400
    output.close()
    output.open()
    output.write(sound[400:], 22050)
    output.end(ended(1))
    data, _ = soundfile.read(output.folder / "000001.wav", dtype="float32")
    assert np.abs(data - sound).max() < 1e-4


def test_a_folder_emptied_by_hand_is_made_anew(output: FileOutput) -> None:
    speak(output, 1, tone(50))
    output.begin(utterance(2))
    output.write(tone(50), 22050)
    output.close()
    for path in output.folder.iterdir():
        path.unlink()
    output.folder.rmdir()
    output.open()
    output.write(tone(30), 22050)
    output.end(ended(2))
    assert [entry["wav"] for entry in listed(output.folder)] == ["000001.wav"]


def test_an_impossible_folder_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError) as raised:
        FileOutput(tmp_path / "file" / "spoken").open()
    assert raised.value.next_step


CRASHING = """
import os, sys
sys.path[:0] = sys.argv[3:]
from pathlib import Path
import test_file as t
from ttsd.audio import file, spoken_log
output = file.FileOutput(Path(sys.argv[1]))
output.open()
t.speak(output, 1, t.tone(300))
steps = int(sys.argv[2])

def count(step):
    global steps
    steps -= 1
    if not steps:
        os._exit(9)

# Before each system call that makes an utterance durable, the process may end.
for owner, name in ((os, "fsync"), (Path, "rename"), (Path, "open"), (os, "open")):
    def dying(*a, _real=getattr(owner, name), **k):
        count(name)
        return _real(*a, **k)
    setattr(owner, name, dying)
t.speak(output, 2, t.tone(300))
os._exit(0)
"""


def test_a_crash_at_any_step_leaves_whole_wavs_and_a_whole_list(tmp_path: Path) -> None:
    here = [str(Path(__file__).parent), str(Path(__file__).parents[2])]
    died = 0
    for steps in range(1, 20):
        folder = tmp_path / str(steps)
        arguments = [sys.executable, "-c", CRASHING, str(folder), str(steps), *here]
        code = subprocess.run(arguments, timeout=60, env={**os.environ, "PYTHONPATH": ""}).returncode
        wavs = sorted(path.name for path in folder.glob("*.wav"))
        names = [entry["wav"] for entry in listed(folder)]
        assert names == wavs[: len(names)]
        assert len(wavs) - len(names) <= 1
        for wav in wavs:
            assert soundfile.info(folder / wav).frames == 300
        again = FileOutput(folder)
        again.open()
        speak(again, 3, tone(300))
        assert not list(folder.glob(".*.part"))
        assert listed(folder)[-1]["id"] == 3
        if code == 0:
            break
        died += 1
    assert died >= 4
    assert code == 0


def test_a_file_that_could_not_be_listed_at_once_is_listed_with_its_name_later(output: FileOutput) -> None:
    listing = output.folder / "spoken.jsonl"
    listing.mkdir()  # it cannot be written
    with pytest.raises(OutputError):
        speak(output, 1, tone(22050))
    output.close()
    listing.rmdir()
    output.open()
    output.end(ended(1))
    (entry,) = listed(output.folder)
    assert (entry["wav"], entry["seconds"]) == ("000001.wav", 1.0)
    output.close()
