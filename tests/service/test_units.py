"""The units are what systemd takes, as strict as they say, and in `systemd/` for packagers."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ttsd.service import units
from ttsd.service.units import Unit

FOLDER = Path(__file__).parent.parent.parent / "systemd"
MOST_EXPOSED = 40
"""Tenths, as `systemd-analyze security` counts."""
HERE = Unit(run=(sys.executable, "-P", "-m", "ttsd", "run"), reload=(sys.executable, "-m", "ttsd", "reload"))


def analyze(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("missing: apt install systemd")
    runtime = folder / "run"
    runtime.mkdir(mode=0o700, exist_ok=True)
    return subprocess.run(
        ["systemd-analyze", *words],
        capture_output=True,
        text=True,
        timeout=60,
        env={"XDG_RUNTIME_DIR": str(runtime), "PATH": "/usr/bin:/bin", "HOME": str(folder)},
    )


@pytest.mark.parametrize(("name", "text"), [(units.SERVICE, units.service), (units.SOCKET, units.socket)])
def test_what_packagers_take_is_what_is_installed(name: str, text: object) -> None:
    assert callable(text)
    again = f"run: python -m ttsd.service.units {name} > systemd/{name}"
    assert (FOLDER / name).read_text(encoding="utf-8") == text(Unit()), again


@pytest.mark.parametrize(
    "unit", [HERE, Unit(**{**{f: getattr(HERE, f) for f in ("run", "reload")}, "sandbox": False})]
)
def test_systemd_has_nothing_to_say_against_them(tmp_path: Path, unit: Unit) -> None:
    (tmp_path / units.SERVICE).write_text(units.service(unit))
    (tmp_path / units.SOCKET).write_text(units.socket(unit))
    done = analyze(
        tmp_path, "verify", "--user", "--man=no", str(tmp_path / units.SERVICE), str(tmp_path / units.SOCKET)
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_little_is_exposed(tmp_path: Path) -> None:
    (tmp_path / units.SERVICE).write_text(units.service(HERE))
    done = analyze(
        tmp_path,
        *("security", "--offline=true", f"--threshold={MOST_EXPOSED}", "--no-pager"),
        str(tmp_path / units.SERVICE),
    )
    assert done.returncode == 0, done.stdout[-300:] + done.stderr


def test_a_directive_that_is_left_out_has_its_reason() -> None:
    text = units.service(HERE)
    reasons = re.findall(r"^# ([A-Z][\w=~@]+) {1,}(.+)$", text.partition("# Left out")[2], re.MULTILINE)
    assert {"MemoryDenyWriteExecute", "PrivateDevices", "PrivateTmp"} <= {name for name, _ in reasons}
    for name, _ in reasons:
        assert not re.search(rf"^{name.partition('=')[0]}={name.partition('=')[2]}", text, re.MULTILINE)


def test_from_253_on_systemd_reloads_by_itself() -> None:
    assert "Type=notify-reload\n" in units.service(Unit(version=253))
    assert "ExecReload" not in units.service(Unit(version=253))
    assert "Type=notify\nExecReload=" in units.service(Unit(version=252))


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("/usr/bin/ttsd", "run"), "/usr/bin/ttsd run"),
        (("/a b/ttsd", "run"), '"/a b/ttsd" run'),
        (("ttsd", "50%"), "ttsd 50%%"),
        (("ttsd", "$HOME/x"), "ttsd $$HOME/x"),
        (("ttsd", 'say "it"', "c:\\x"), 'ttsd "say \\"it\\"" "c:\\\\x"'),
        (("ttsd", ""), 'ttsd ""'),
    ],
)
def test_systemd_neither_splits_nor_expands_a_word(words: tuple[str, ...], line: str) -> None:
    assert units.command(words) == line
