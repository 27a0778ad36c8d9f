"""From words to exit code: what is told without a daemon, and how much is loaded for it."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ttsd.cli import exits, parser
from ttsd.cli.colour import Paint, paint_for
from ttsd.cli.main import main


class Terminal(io.StringIO):
    """A stream that is a terminal, as far as it tells."""

    def isatty(self) -> bool:
        return True


def test_without_a_verb_the_help_shows_the_first_steps(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == exits.USAGE
    told = capsys.readouterr()
    assert told.out == ""
    listed = [line.split()[0] for line in told.err.splitlines() if line.startswith("    ")]
    assert listed[:4] == ["run", "say", "status", "skip"], "the most useful first"
    for step in ("ttsd run", "ttsd say hello", "ttsd status"):
        assert f"\n  {step}" in told.err


def test_the_version_is_told_as_other_programs_do(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == exits.OK
    told = capsys.readouterr().out
    assert main(["version"]) == exits.OK
    assert capsys.readouterr().out == told


def test_one_verbs_parser_is_the_same_as_in_the_whole() -> None:
    whole = parser.build()
    for name, words in (("say", ["say", "--wait", "a", "b"]), ("queue", ["queue", "move", "3", "1"])):
        assert parser.build(name).parse_args(words) == whole.parse_args(words)
        assert parser.for_words(words).parse_args(words) == whole.parse_args(words)


def test_a_verb_that_does_not_exist_names_those_that_do(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["stauts"])
    assert ended.value.code == exits.USAGE
    assert "'status'" in capsys.readouterr().err


def test_an_error_is_a_line_with_what_to_do_below(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "ttsd.toml"
    config.write_text('[control]\nsocket = "nobody.sock"\n')
    assert main(["status", "--config", str(config)]) == exits.NOT_RUNNING
    told = capsys.readouterr().err.splitlines()
    assert told == [
        f"ttsd: {tmp_path / 'nobody.sock'}: no daemon answers: there is no control socket",
        "      start it with `ttsd run`",
    ]


@pytest.mark.parametrize(
    ("environ", "coloured"),
    [
        ({"TERM": "xterm"}, True),
        ({"TERM": "xterm", "NO_COLOR": "1"}, False),
        ({"TERM": "xterm", "NO_COLOR": ""}, True),
        ({"TERM": "dumb"}, False),
    ],
)
def test_colours_are_for_terminals_and_for_those_who_want_them(
    environ: dict[str, str], coloured: bool
) -> None:
    assert paint_for(Terminal(), environ) == Paint(coloured)
    assert paint_for(io.StringIO(), environ) == Paint(coloured=False)


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    """As with `ttsd version | true`."""
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as stdout:
        ended = subprocess.run(
            [sys.executable, "-m", "ttsd", "version"], stdout=stdout, stderr=subprocess.PIPE, timeout=60
        )
    assert (ended.returncode, ended.stderr) == (0, b"")


def test_what_the_terminal_cannot_show_is_shown_otherwise() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "ttsd", "say", "--config", "täil.toml", "x"],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        timeout=60,
    )
    assert ended.returncode == exits.BAD_CONFIGURATION
    assert rb"t\xe4il.toml: there is no such file" in ended.stderr


def test_worker_reads_its_words_itself(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["worker", "--help"])
    assert ended.value.code == 0
    assert "tcp://host:port" in capsys.readouterr().out


def test_asking_the_daemon_loads_no_module_that_takes_its_time(tmp_path: Path) -> None:
    """`ttsd status` is bound to a hotkey: 80 ms as a process, of which Python itself takes 20."""
    config = tmp_path / "ttsd.toml"
    config.write_text('[control]\nsocket = "nobody.sock"\n')
    statement = (
        f"from ttsd.cli import main; assert main(['status', '--config', {str(config)!r}]) == 3;"
        " import sys; print(*sys.modules)"
    )
    found = subprocess.run(
        [sys.executable, "-c", statement], capture_output=True, text=True, check=True, timeout=60
    )
    slow = {
        "asyncio",
        "dataclasses",
        "email",
        "inspect",
        "logging",
        "subprocess",
        "ttsd.config",
        "ttsd.schema",
    }
    assert not slow & set(found.stdout.split())


def test_a_converter_speaks_no_texts(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["engine", "test", "sovits"]) == 2
    assert "ttsd say --voice NAME" in capsys.readouterr().err
