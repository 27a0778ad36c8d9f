"""The doctor looks at ttsd's own places, names the step that mends what is wrong, and survives what it finds."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from control_parts import serving

from ttsd import commands
from ttsd.doctor import Check, examine, places, probes
from ttsd.errors import OutputError

if TYPE_CHECKING:
    from ttsd.commands import Command
    from ttsd.control.server import Reply


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
    settings, checks = places.configuration(file, {})
    assert [check.state for check in checks] == ["broken", "broken"]
    assert f"{file}:3: speech.pause_ms" in checks[1].found
    assert probes(settings)


@pytest.mark.parametrize(
    ("text", "state"), [('[[sources]]\npath = "a"', "ok"), ("", "warn")], ids=["sources", "none"]
)
def test_a_configuration_without_sources_is_worth_a_word(tmp_path: Path, text: str, state: str) -> None:
    file = tmp_path / "ttsd.toml"
    file.write_text(text)
    assert places.configuration(file, {})[1][0].state == state


def test_a_state_folder_for_us_alone_with_room_is_well(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "state"
    room = places.ROOM_WANTED
    assert states(list(places.state_folder(folder, free=lambda _: room))) == {
        "state folder": "ok",
        "free space": "ok",
    }
    assert not folder.exists()
    folder.mkdir(mode=0o700, parents=True)
    assert states(list(places.state_folder(folder, free=lambda _: room)))["state folder"] == "ok"


def test_a_state_folder_open_to_others_full_or_no_folder_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    for room, state in ((places.ROOM_WANTED - 1, "warn"), (places.ROOM_NEEDED - 1, "broken")):
        found = list(places.state_folder(tmp_path, free=lambda _, room=room: room))  # type: ignore[misc]  # a loop's value
        assert states(found) == {"state folder": "warn", "free space": state}
        assert all(check.next_step for check in found)
    file = tmp_path / "file"
    file.write_text("")
    assert states(list(places.state_folder(file / "state"))) == {"state folder": "broken"}


def test_a_state_folder_that_cannot_be_written_is_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write anywhere
    assert states(list(places.state_folder(tmp_path))) == {"state folder": "broken"}


STATUS: dict[str, object] = {
    "state": "idle",
    "trouble": None,
    "config_problems": [],
    "outputs": [],
    "sources": [],
    "volume": 100,
    "muted": False,
}


def daemon(command: Command, reply: Reply) -> None:
    reply(STATUS if isinstance(command, commands.Status) else "pong")


def test_a_daemon_that_answers_is_well_and_none_is_a_hint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "c.sock"
    (none,) = places.control_socket(path)
    assert (none.state, none.next_step) == ("warn", "`ttsd run` starts one")
    with serving(path, daemon):
        assert states(list(places.control_socket(path))) == {"daemon": "ok"}
        path.chmod(0o666)
        assert states(list(places.control_socket(path)))["control socket"] == "warn"
        monkeypatch.setattr(places, "__version__", "99.0")
        assert "restart" in str(next(iter(places.control_socket(path))).next_step)


def test_something_else_on_the_socket_is_broken(tmp_path: Path) -> None:
    (found,) = places.control_socket(tmp_path)  # a folder
    assert found.state == "warn"
    file = tmp_path / "tcp"
    file.write_text("garbage")
    (found,) = places.control_socket(file)
    assert found.state == "warn"


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ({}, []),
        ({"state": "paused"}, [("speech", "warn", "ttsd resume")]),
        ({"muted": True}, [("speech", "warn", "ttsd mute off; ttsd volume 100")]),
        ({"volume": 0}, [("speech", "warn", "ttsd mute off; ttsd volume 100")]),
        ({"trouble": "no engine can speak now"}, [("speech", "broken", None)]),
        (
            {"config_problems": ["ttsd.toml:3: no"]},
            [("configuration", "warn", "mend the file; it is read when saved")],
        ),
        (
            {"outputs": [{"name": "pulse:x", "error": "gone", "required": True}]},
            [("output pulse:x", "broken", None)],
        ),
        (
            {"sources": [{"name": "chat", "last_error": "may not be read"}]},
            [("source chat", "warn", None)],
        ),
    ],
)
def test_why_a_daemon_that_runs_is_not_heard(status: dict[str, object], expected: list[object]) -> None:
    found = places.running(STATUS | status)
    assert [(check.name, check.state, check.next_step) for check in found] == expected


def test_a_configuration_with_a_secret_that_others_may_read_is_told(tmp_path: Path) -> None:
    file = tmp_path / "ttsd.toml"
    text = '[[sources]]\npath = "a"\n[engine.gpu]\nuri = "tcp://gpu:1"\napi_key = "hunter2"\n'
    file.write_text(text)
    file.chmod(0o644)
    checks = places.configuration(file, {})[1]
    assert [check.state for check in checks] == ["ok", "warn"]
    assert "engine.gpu.api_key" in checks[1].found
    assert "hunter2" not in checks[1].found
    file.chmod(0o600)
    assert [check.state for check in places.configuration(file, {})[1]] == ["ok"]


def test_all_probes_run_here_and_change_nothing(tmp_path: Path) -> None:
    file = tmp_path / "ttsd.toml"
    file.write_text(
        'engines = ["tone"]\n[[outputs]]\ntype = "file"\npath = "spoken"\n'
        '[[sources]]\npath = "chat.log"\n[state]\ndir = "s"\n[control]\nsocket = "s/c.sock"\n'
    )
    settings, _ = places.configuration(file, {})
    found = examine(probes(settings))
    names = set(states(found))
    expected = {"state folder", "free space", "daemon", "source chat.log", "engine tone", "sound", "clock"}
    assert expected <= names
    assert "broken" not in states(found).values()
    assert [path.name for path in tmp_path.iterdir()] == ["ttsd.toml"]
