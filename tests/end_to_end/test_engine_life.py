"""An engine's process comes when it is needed and goes when it is not."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

from daemon_process import configuration
from waiting import wait_for

if TYPE_CHECKING:
    from daemon_process import DaemonProcess, MakeDaemon


def test_an_idle_engine_is_let_go_and_comes_back_for_the_next_line(make_daemon: MakeDaemon) -> None:
    settings = configuration().replace("[engine.tone]", "[engine.tone]\nidle_unload = 1\npreload = false")
    daemon = make_daemon(settings).start()
    assert daemon.status()["chain"][0]["state"] == "installed", "nobody needed it yet"
    daemon.append("one")
    daemon.wait_until_spoken(1)
    assert daemon.engine_pid() is not None
    wait_for(lambda: daemon.engine_pid() is None, "the idle engine to end")
    assert daemon.status()["chain"][0]["state"] == "installed"
    daemon.append("two")
    daemon.wait_until_spoken(2)
    assert daemon.texts() == ["one", "two"]


def facts(daemon: DaemonProcess, name: str = "tone", *, running: bool = True) -> dict[str, Any]:
    """What `ttsd engines --json` tells of one engine."""
    document = json.loads(daemon.ttsd("engines", "--json").stdout)
    assert document["daemon"] == running
    (one,) = (engine for engine in document["engines"] if engine["name"] == name)
    return dict(one)


def test_what_was_measured_is_told_and_remembered_and_the_rest_is_null(make_daemon: MakeDaemon) -> None:
    daemon = make_daemon(configuration().replace("[engine.tone]", "[engine.tone]\npreload = false")).start()
    unused = facts(daemon)
    assert (unused["state"], unused["loaded"], unused["healthy"]) == ("installed", False, None)
    measured = ("load_seconds", "first_audio_seconds", "real_time_factor", "memory_bytes", "voices")
    assert {unused[key] for key in measured} == {None}
    daemon.append("one")
    daemon.wait_until_spoken(1)
    used = wait_for(lambda: (one := facts(daemon))["healthy"] and one, "the engine to be ready")
    assert used["loaded"]
    assert used["in_chain"] == 1
    assert all(used[key] > 0 for key in measured)
    assert used["vram_bytes"] is None
    assert facts(daemon, "espeak")["load_seconds"] is None

    assert json.loads(daemon.ttsd("engine", "unload", "tone", "--json").stdout)["ended"]
    assert "not loaded" in daemon.ttsd("engine", "unload", "tone").stdout
    let_go = facts(daemon)
    assert (let_go["state"], let_go["loaded"]) == ("installed", False)
    assert daemon.terminate() == 0
    kept = facts(daemon, running=False)
    assert (kept["state"], kept["loaded"], kept["healthy"]) == ("installed", False, None)
    assert {key: kept[key] for key in measured} == {key: let_go[key] for key in measured}


def test_an_engine_that_ends_while_idle_is_told_at_once_and_mended_with_the_next_line(
    make_daemon: MakeDaemon,
) -> None:
    daemon = make_daemon(configuration()).start()
    daemon.append("one")
    daemon.wait_until_spoken(1)
    pid = daemon.engine_pid()
    assert pid is not None
    subprocess.run(["kill", "-KILL", str(pid)], check=True)
    broken = wait_for(lambda: (one := daemon.status()["chain"][0])["state"] == "failed" and one, "the truth")
    assert "has ended" in broken["detail"]
    assert facts(daemon)["healthy"] is False
    daemon.append("two")
    daemon.wait_until_spoken(2)
    assert daemon.status()["chain"][0]["state"] in ("ready", "busy")
