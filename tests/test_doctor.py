"""The doctor names what is wrong and the step that mends it, and survives what it finds."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from control_parts import serving

from ttsd import doctor
from ttsd.doctor import Check, examine, standard_probes
from ttsd.errors import OutputError


def states(checks: object) -> dict[str, str]:
    assert isinstance(checks, (list, tuple))
    return {check.name: check.state for check in checks}


def test_a_probe_that_fails_is_a_line_and_the_others_go_on() -> None:
    def fails() -> list[Check]:
        raise OutputError("no server", where="pulse", next_step="start it")

    def breaks() -> list[Check]:
        raise PermissionError(13, "Permission denied")

    found = examine([("audio", fails), ("file", breaks), ("fine", lambda: [Check("fine", "ok", "well")])])
    assert found[0] == Check("audio", "broken", "pulse: no server", "start it")
    assert [check.state for check in found] == ["broken", "broken", "ok"]


def test_every_problem_of_the_configuration_is_a_line_and_the_rest_is_still_looked_at(tmp_path: Path) -> None:
    file = tmp_path / "ttsd.toml"
    file.write_text("enginse = 1\n[speech]\npause_ms = -1\n")
    settings, checks = doctor.configuration(file, {})
    assert [check.state for check in checks] == ["broken", "broken"]
    assert f"{file}:3: speech.pause_ms" in checks[1].found
    assert standard_probes(settings)


@pytest.mark.parametrize(
    ("text", "state"), [('[[sources]]\npath = "a"', "ok"), ("", "warn")], ids=["sources", "none"]
)
def test_a_configuration_without_sources_is_worth_a_word(tmp_path: Path, text: str, state: str) -> None:
    file = tmp_path / "ttsd.toml"
    file.write_text(text)
    assert doctor.configuration(file, {})[1][0].state == state


def test_a_state_folder_for_us_alone_with_room_is_well(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "state"
    room = doctor.ROOM_WANTED
    assert states(list(doctor.state_folder(folder, free=lambda _: room))) == {
        "state folder": "ok",
        "free space": "ok",
    }
    assert not folder.exists()
    folder.mkdir(mode=0o700, parents=True)
    assert states(list(doctor.state_folder(folder, free=lambda _: room)))["state folder"] == "ok"


def test_a_state_folder_open_to_others_full_or_no_folder_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    for room, state in ((doctor.ROOM_WANTED - 1, "warn"), (doctor.ROOM_NEEDED - 1, "broken")):
        found = list(doctor.state_folder(tmp_path, free=lambda _, room=room: room))  # type: ignore[misc]  # a loop's value
        assert states(found) == {"state folder": "warn", "free space": state}
        assert all(check.next_step for check in found)
    file = tmp_path / "file"
    file.write_text("")
    assert states(list(doctor.state_folder(file / "state"))) == {"state folder": "broken"}


def test_a_state_folder_that_cannot_be_written_is_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write anywhere
    assert states(list(doctor.state_folder(tmp_path))) == {"state folder": "broken"}


def test_a_daemon_that_answers_is_well_and_none_is_a_hint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "c.sock"
    (none,) = doctor.control_socket(path)
    assert (none.state, none.next_step) == ("warn", "`ttsd run` starts one")
    with serving(path):
        assert states(list(doctor.control_socket(path))) == {"daemon": "ok"}
        path.chmod(0o666)
        assert states(list(doctor.control_socket(path)))["control socket"] == "warn"
        monkeypatch.setattr(doctor, "__version__", "99.0")
        assert "restart" in str(next(iter(doctor.control_socket(path))).next_step)


def test_something_else_on_the_socket_is_broken(tmp_path: Path) -> None:
    (found,) = doctor.control_socket(tmp_path)  # a folder
    assert found.state == "warn"
    file = tmp_path / "tcp"
    file.write_text("garbage")
    (found,) = doctor.control_socket(file)
    assert found.state == "warn"


def fake_proc(root: Path, *, instances: int, watches: int, used: int) -> Path:
    limits = root / "sys/fs/inotify"
    limits.mkdir(parents=True)
    (limits / "max_user_instances").write_text(f"{instances}\n")
    (limits / "max_user_watches").write_text(f"{watches}\n")
    for folder in ("fd", "fdinfo"):
        (root / "7" / folder).mkdir(parents=True)
    (root / "7/fd/3").symlink_to("anon_inode:inotify")
    (root / "7/fd/4").symlink_to("socket:[1]")
    (root / "7/fdinfo/3").write_text("pos:\t0\n" + "inotify wd:1 ino:1\n" * used)
    (root / "8").mkdir()  # somebody else's: nothing can be seen
    (root / "self").symlink_to("7")
    return root


@pytest.mark.parametrize(
    ("instances", "watches", "expected"),
    [(128, 8192, ("ok", "ok")), (1, 8192, ("warn", "ok")), (128, 50, ("ok", "warn"))],
)
def test_inotify_limits_nearly_reached_are_told(
    tmp_path: Path, instances: int, watches: int, expected: tuple[str, str]
) -> None:
    proc = fake_proc(tmp_path, instances=instances, watches=watches, used=48)
    first, second = doctor.inotify_limits(proc)
    assert (first.state, second.state) == expected
    assert second.found.startswith(f"48 of {watches}")
    for check in (first, second):
        assert (check.next_step is None) == (check.state == "ok")
    assert not list(doctor.inotify_limits(tmp_path / "nothing"))


def test_a_clock_that_stands_before_our_files_is_told(tmp_path: Path) -> None:
    now = Path(doctor.__file__).stat().st_mtime
    (tmp_path / "queue.db").write_text("")
    os.utime(tmp_path / "queue.db", (now, now + 86_400))
    assert next(iter(doctor.clock(now, tmp_path))).state == "warn"
    assert next(iter(doctor.clock(now + 86_400, tmp_path))).state == "ok"
    assert next(iter(doctor.clock(now, tmp_path / "nothing"))).state == "ok"


def test_the_standard_probes_run_here(tmp_path: Path) -> None:
    file = tmp_path / "ttsd.toml"
    file.write_text('[state]\ndir = "s"\n[control]\nsocket = "s/c.sock"\n')
    settings, _ = doctor.configuration(file, {})
    found = examine(standard_probes(settings))
    assert {"state folder", "free space", "daemon", "clock"} <= set(states(found))
    assert "broken" not in states(found).values()
