"""`ttsd render` and `ttsd compare`: real engines in real processes, one sound file for each line and engine."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import soundfile

from ttsd.cli import main
from ttsd.engines.roster import Roster

CONFIGURATION = """
engines = ["tone", "speaker"]
[engine.tone]
rate = 8000
characters_per_second = 100
[engine.speaker]
uri = "unix:///nowhere"
[voice.soft]
gain = -6
[[sources]]
name = "chat"
path = "chat.log"
format = "regex"
pattern = '^<(?P<speaker>\\w+)> (?P<text>.*)$'
template = "{speaker} says {text}"
exclude = ["^!"]
[state]
dir = "state"
"""

Run = Callable[..., tuple[int, Any]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a verb in a folder with that configuration; the exit code, and what `--json` prints."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ttsd.toml").write_text(CONFIGURATION)
    (tmp_path / "chat.log").write_text("<ana> hello there\n<ana> !roll\n\n<bo> good morning\n")
    (tmp_path / "notes.txt").write_text("One line.\nAnother line.\n")

    def go(*words: str) -> tuple[int, Any]:
        code = main([*words, "--config", "ttsd.toml", "--json"])
        out = capsys.readouterr().out
        return code, json.loads(out) if out else None

    return go


def test_each_line_is_a_file_by_the_rules_of_its_source(run: Run, tmp_path: Path) -> None:
    code, found = run("render", "chat.log", "-o", "out", "--engine", "tone")
    assert code == 0
    made = {one["name"]: one for one in found["files"]}
    assert made["chat-0001"]["file"] == "tone/chat-0001.wav"
    assert made["chat-0002"]["skipped"] == 'it would not be spoken: exclude: "^!"'
    assert made["chat-0004"]["seconds"] == soundfile.info(tmp_path / "out/tone/chat-0004.wav").duration
    assert set(made) == {"chat-0001", "chat-0002", "chat-0004"}, "an empty line is none"
    first = made["chat-0001"]
    assert 0 < first["first_audio_seconds"] <= first["wall_seconds"]
    assert first["real_time_factor"] == pytest.approx(first["wall_seconds"] / first["seconds"], rel=0.01)
    assert found["engines"][0]["load_seconds"] > 0
    assert json.loads((tmp_path / "out/render.json").read_text())["files"] == found["files"]


def test_a_whole_text_as_flac(run: Run, tmp_path: Path) -> None:
    code, found = run("render", "notes.txt", "-o", "out", "--whole", "--format", "flac", "--engine", "tone")
    assert code == 0
    assert [one["file"] for one in found["files"]] == ["tone/notes.flac"]
    assert soundfile.info(tmp_path / "out/tone/notes.flac").format == "FLAC"


def test_engines_and_voices_side_by_side(run: Run, tmp_path: Path) -> None:
    code, found = run(
        "render", "notes.txt", "-o", "out", "--engine", "tone, speaker", "--preset", "soft,tone"
    )
    assert code == 1, "the server that is nowhere could not speak"
    assert {path.parent.name for path in (tmp_path / "out").rglob("*.wav")} == {"tone-soft", "tone-tone"}
    loud, soft = (
        abs(soundfile.read(tmp_path / f"out/tone-{voice}/notes-0001.wav")[0]).max()
        for voice in ("tone", "soft")
    )
    assert soft == pytest.approx(loud / 2, rel=0.05)
    nowhere = next(one for one in found["engines"] if one["engine"] == "speaker")
    assert nowhere["load_seconds"] is None
    assert nowhere["error"]
    assert not (tmp_path / "out" / "speaker-soft").exists(), "no other engine took over"


def test_a_run_that_is_complete_makes_nothing(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("render", "chat.log", "-o", "out", "--engine", "tone")
    first = run(*words)
    times = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.wav")}

    def nothing(self: Roster, settings: object) -> object:
        raise AssertionError("no engine is needed")

    with monkeypatch.context() as patch:
        patch.setattr(Roster, "build", nothing)
        assert run(*words) == first
    assert {path: path.stat().st_mtime_ns for path in times} == times


def test_what_is_missing_or_has_changed_is_made_again(run: Run, tmp_path: Path) -> None:
    words = ("render", "notes.txt", "-o", "out", "--engine", "tone")
    run(*words)
    one, two = tmp_path / "out/tone/notes-0001.wav", tmp_path / "out/tone/notes-0002.wav"
    before = two.stat().st_mtime_ns
    one.unlink()
    run(*words)
    assert one.exists()
    assert two.stat().st_mtime_ns == before
    (tmp_path / "notes.txt").write_text("One line.\nAnother, longer line.\n")
    code, found = run(*words)
    assert code == 0
    assert two.stat().st_mtime_ns > before
    assert found["files"][1]["seconds"] == soundfile.info(two).duration


def test_other_settings_are_another_sound(run: Run, tmp_path: Path) -> None:
    words = ("render", "notes.txt", "-o", "out", "--engine", "tone")
    run(*words)
    one = tmp_path / "out/tone/notes-0001.wav"
    before = one.stat().st_mtime_ns
    config = tmp_path / "ttsd.toml"
    config.write_text(config.read_text().replace("characters_per_second = 100", "characters_per_second = 50"))
    assert run(*words)[0] == 0
    assert one.stat().st_mtime_ns > before


def test_an_interrupted_run_goes_on(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ttsd import to_file

    words = ("render", "notes.txt", "-o", "out", "--engine", "tone")
    save = to_file.save

    def interrupted(pieces: Any, path: Path) -> Any:
        if path.name == "notes-0002.wav":
            raise KeyboardInterrupt
        return save(pieces, path)

    with monkeypatch.context() as patch:
        patch.setattr(to_file, "save", interrupted)
        assert run(*words)[0] == 130
    listed = json.loads((tmp_path / "out/render.json").read_text())["files"]
    assert [one["name"] for one in listed] == ["notes-0001"]
    before = (tmp_path / "out/tone/notes-0001.wav").stat().st_mtime_ns
    assert run(*words)[0] == 0
    assert (tmp_path / "out/tone/notes-0001.wav").stat().st_mtime_ns == before


def test_a_listing_that_is_damaged_is_made_anew(run: Run, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/render.json").write_text('{"files": [{"what": 1}]}')
    assert run("render", "notes.txt", "-o", "out", "--engine", "tone")[0] == 0


@pytest.mark.parametrize(
    "words",
    [
        ["render", "nowhere.txt", "-o", "out"],
        ["render", "notes.txt", "-o", "out", "--engine", "tune"],
        ["render", "notes.txt", "-o", "out", "--source", "chatt"],
    ],
)
def test_words_that_mean_nothing(words: list[str], run: Run) -> None:
    assert run(*words)[0] == 2


def test_comparing_measures_every_engine(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, found = run("compare", "hello", "there")
    assert code == 0
    assert [one["engine"] for one in found["files"]] == ["tone"]
    assert (tmp_path / "compare/tone/compare.wav").exists()
    assert main(["compare", "hello", "--config", "ttsd.toml"]) == 0
    heads, tone, speaker = capsys.readouterr().out.splitlines()
    assert heads.split()[:5] == ["engine", "voice", "load", "first", "all"]
    assert tone.startswith("tone ")
    assert tone.endswith("compare/tone/compare.wav")
    assert speaker.startswith("speaker ")
