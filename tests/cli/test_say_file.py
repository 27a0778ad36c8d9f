"""`say --out` writes a whole sound file without a daemon, or nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from ttsd.cli import exits

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = """
engines = ["tone"]
[engine.tone]
rate = 8000
characters_per_second = 20
[speech]
sentence_pause_ms = 250
[state]
dir = "state"
"""


def ttsd(
    folder: Path, *words: str, stdin: bytes = b"", text: str = CONFIG
) -> subprocess.CompletedProcess[bytes]:
    (folder / "ttsd.toml").write_text(text)
    return subprocess.run(
        [sys.executable, "-m", "ttsd", "say", "--config", str(folder / "ttsd.toml"), *words],
        cwd=folder,
        input=stdin,
        capture_output=True,
        timeout=60,
    )


def test_a_text_becomes_a_file_as_long_as_it_is(tmp_path: Path) -> None:
    import soundfile

    ended = ttsd(tmp_path, "--out", "x.wav", "--json", "Ten chars.", "And twenty characters.")
    assert ended.returncode == 0, ended.stderr.decode()
    told = json.loads(ended.stdout)
    sound, rate = soundfile.read(tmp_path / "x.wav")
    assert (told["rate"], told["engine"], told["voice"]) == (rate, "tone", "tone") == (8000, "tone", "tone")
    assert len(sound) / rate == pytest.approx(told["seconds"], abs=0.001)
    assert told["seconds"] == pytest.approx(10 / 20 + 0.25 + 22 / 20, abs=0.05)
    assert 0.05 < abs(sound).max() <= 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ttsd.toml", "x.wav"], "nothing else is left"


def test_standard_input_in_any_encoding_becomes_a_flac(tmp_path: Path) -> None:
    import soundfile

    ended = ttsd(tmp_path, "--out", "x.flac", "-", stdin=b"\xef\xbb\xbfCaf\xe9 au lait.\n")
    assert ended.returncode == 0, ended.stderr.decode()
    assert soundfile.info(tmp_path / "x.flac").format == "FLAC"
    assert b"x.flac: " in ended.stdout


def test_the_rules_of_the_configuration_hold(tmp_path: Path) -> None:
    import soundfile

    rules = '[[pronounce]]\nword = "ttsd"\nsay = "a much longer word than that"\n'
    assert ttsd(tmp_path, "--out", "short.wav", "ttsd").returncode == 0
    ended = ttsd(tmp_path, "--out", "long.wav", "ttsd", text=CONFIG + rules)
    assert ended.returncode == 0, ended.stderr.decode()
    short, long = (soundfile.info(tmp_path / f"{name}.wav").duration for name in ("short", "long"))
    assert long > 3 * short


def test_an_engine_that_is_not_in_the_chain_may_be_named(tmp_path: Path) -> None:
    pytest.importorskip("hibari")
    ended = ttsd(tmp_path, "--out", "x.wav", "--engine", "hibari", "--json", "hello")
    assert ended.returncode == 0, ended.stderr.decode()
    assert json.loads(ended.stdout)["engine"] == "hibari"


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("--out", "x.xyz", "hello"), exits.USAGE, b"hello.wav"),
        (("--out", "no/such/x.wav", "hello"), exits.USAGE, b"mkdir"),
        (("--out", "x.wav", "..."), exits.USAGE, b"nothing speakable"),
        (("--out", "x.wav", "--key", "k", "hello"), exits.USAGE, b"--key"),
        (("--out", "x.wav", "--engine", "tonne", "hello"), exits.FAILURE, b"tone"),
        (("--out", "x.wav", "--voice", "nobody", "hello"), exits.FAILURE, b"nobody"),
    ],
)
def test_what_cannot_be_done_is_said_and_leaves_nothing(
    tmp_path: Path, words: tuple[str, ...], code: int, told: bytes
) -> None:
    (tmp_path / "x.wav").write_bytes(b"as it was")
    ended = ttsd(tmp_path, *words)
    assert ended.returncode == code, ended.stderr.decode()
    assert told in ended.stderr
    assert b"Traceback" not in ended.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ttsd.toml", "x.wav"]
    assert (tmp_path / "x.wav").read_bytes() == b"as it was"


def test_a_text_that_is_too_long_is_refused_rather_than_cut(tmp_path: Path) -> None:
    ended = ttsd(tmp_path, "-", stdin=b"word " * 50_000)
    assert ended.returncode == exits.USAGE
    assert b"longer than 200000 characters" in ended.stderr
