"""Completion scripts are accepted by their shells and know the verbs."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from typing import get_args

import pytest

from ttsd.completion import Shell, script
from ttsd.errors import UsageError


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="ttsd")
    verbs = top.add_subparsers(dest="verb", required=True)
    speak = verbs.add_parser("say", help="speak a text")
    speak.add_argument("--config", metavar="FILE", help="the file")
    speak.add_argument("--priority", choices=["low", "high"])
    verbs.add_parser("skip", help="go on")
    return top


@pytest.mark.parametrize("shell", get_args(Shell))
def test_the_script_knows_verbs_options_and_choices(shell: Shell) -> None:
    text = script(parser(), shell)
    for word in ("say", "skip", "config", "priority", "low"):
        assert word in text


@pytest.mark.parametrize("shell", get_args(Shell))
def test_the_shell_itself_reads_the_script(shell: Shell) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed (apt install {shell})")
    subprocess.run([shell, "-n"], input=script(parser(), shell), text=True, check=True, timeout=30)


def test_bash_completes_a_verb() -> None:
    command = (
        'COMP_WORDS=(ttsd s); COMP_CWORD=1; COMP_LINE="ttsd s"; COMP_POINT=6; COMPREPLY=();'
        ' eval "$(complete -p ttsd | sed "s/.*-F \\([^ ]*\\).*/\\1/")" ttsd s ttsd; echo "${COMPREPLY[@]}"'
    )
    done = subprocess.run(
        ["bash", "-c", script(parser(), "bash") + "\n" + command], capture_output=True, text=True, timeout=30
    )
    assert done.stdout.split() == ["say", "skip"], done.stderr


def test_without_shtab_the_command_that_brings_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "shtab", None)
    with pytest.raises(UsageError, match="pip install shtab"):
        script(parser(), "bash")
