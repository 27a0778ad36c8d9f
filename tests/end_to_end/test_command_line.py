"""The command line as scripts rely on it: exit codes, one JSON document with stable keys, one clear error."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from daemon_process import REAL_TIME, UNTIMED, configuration
from waiting import wait_for

import ttsd

if TYPE_CHECKING:
    from daemon_process import DaemonProcess, MakeDaemon

PROMISED = {
    "": {
        *("state", "version", "uptime_s", "engine", "chain", "queue", "now"),
        *("outputs", "sources", "counters"),
    },
    "chain": {"name", "state"},
    "queue": {"queued", "speaking"},
    "now": {"id", "text", "source", "engine", "voice"},
    "outputs": {"name", "description", "error"},
    "sources": {"name", "path", "files"},
    "files": {"path", "offset", "size", "lag", "last_error"},
    "counters": {"lines", "queued", "spoken", "skipped", "failed", "dropped", "expired"},
}
"""Keys of `status --json` that scripts may rely on; more may come, none may go."""


def document(daemon: DaemonProcess, *words: str) -> Any:
    ended = daemon.ttsd(*words, "--json")
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def test_status_is_one_document_with_the_promised_keys(make_daemon: MakeDaemon) -> None:
    daemon = make_daemon(configuration(output=REAL_TIME, pace=5)).start()
    daemon.append("this is heard for some seconds")
    daemon.wait_until_speaking()
    status = document(daemon, "status")
    (file,) = status["sources"][0]["files"]
    parts = {"": status, **{key: status[key] for key in ("queue", "now", "counters")}, "files": file}
    parts |= {key: status[key][0] for key in ("chain", "outputs", "sources")}
    for name, promised in PROMISED.items():
        assert not promised - set(parts[name]), name
    assert (status["state"], status["version"], status["engine"]) == ("speaking", ttsd.__version__, "tone")
    assert status["queue"] == {"queued": 0, "speaking": 1}
    assert status["uptime_s"] > 0
    size = daemon.chat.stat().st_size
    assert (file["offset"], file["size"], file["lag"], file["last_error"]) == (size, size, 0, None)
    assert status["counters"]["lines"] == status["counters"]["queued"] == 1


def test_every_verb_answers_people_and_scripts(make_daemon: MakeDaemon) -> None:
    daemon = make_daemon(configuration(output=REAL_TIME, pace=5)).start()
    assert daemon.ttsd("version").stdout == f"ttsd {ttsd.__version__}\n"
    assert document(daemon, "version") == {"version": ttsd.__version__}
    assert document(daemon, "check") == {"ok": True, "config": str(daemon.config), "problems": []}
    listed = document(daemon, "engines")
    assert listed["chain"] == ["tone"]
    assert {"tone", "piper", "hibari"} <= {engine["name"] for engine in listed["engines"]}
    assert "tone" in daemon.ttsd("engines").stdout
    assert document(daemon, "skip") == {"skipped": None}

    identity = document(daemon, "say", "something", "long", "enough", "to", "be", "skipped")["id"]
    assert daemon.wait_until_speaking("something long enough to be skipped") == identity
    assert "speaking" in daemon.ttsd("status").stdout
    assert document(daemon, "skip") == {"skipped": identity}
    wait_for(lambda: daemon.status()["counters"]["skipped"] == 1, "it to be skipped")
    assert document(daemon, "say", "--wait", "ok")["state"] == "spoken"
    assert daemon.ttsd("say", "-", stdin="from standard input").returncode == 0
    daemon.wait_until_speaking("from standard input")
    assert document(daemon, "switch", "tone") == {"engine": "tone", "chain": ["tone"], "saved": True}


def test_a_say_that_is_waited_for_and_skipped_fails(make_daemon: MakeDaemon) -> None:
    daemon = make_daemon(configuration(output=REAL_TIME, pace=1)).start()
    daemon.append("the line that is heard first")
    daemon.wait_until_speaking()
    assert daemon.ttsd("say", "---", "--wait").returncode == 2, "argparse takes it for an option"
    daemon.skip()
    ended = daemon.ttsd("say", "--wait", "...")
    assert ended.returncode == 1, "nothing speakable was skipped rather than spoken"
    assert "skipped" in ended.stdout


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("status",), 3),
        (("status", "--json"), 3),
        (("say", "hello"), 3),
        (("skip",), 3),
        (("switch", "tone"), 3),
        (("version",), 0),
        (("check",), 0),
        (("engines",), 0),
        (("no-such-verb",), 2),
        (("status", "--no-such-option"), 2),
        (("say",), 2),
        (("say", "  "), 2),
        ((), 2),
    ],
)
def test_exit_codes_without_a_daemon(make_daemon: MakeDaemon, words: tuple[str, ...], code: int) -> None:
    daemon = make_daemon()
    ended = daemon.ttsd(*words)
    assert ended.returncode == code, ended.stderr
    assert bool(ended.stderr) == (code != 0)
    assert "Traceback" not in ended.stderr
    if code == 3:
        assert "ttsd run" in ended.stderr, "it says what to do"


def test_a_request_that_the_daemon_refuses_exits_1_and_says_why(make_daemon: MakeDaemon) -> None:
    daemon = make_daemon(configuration(output=UNTIMED)).start()
    for words, why in (
        (("switch", "tonne"), "tone"),
        (("switch", "xtts"), "xtts"),
        (("say", "hello", "--engine", "piper"), "chain"),
    ):
        ended = daemon.ttsd(*words)
        assert ended.returncode in (1, 2), ended.stderr
        assert why in ended.stderr
        assert ended.stdout == ""


BROKEN = """
engines = ["pipper", "tone"]
[engine.tone]
pitch = 3
[[sources]]
path = "chat.log"
begin = "end"
[speech]
pause_ms = "long"
[control]
socket = "ttsd.sock"
"""


@pytest.mark.parametrize("words", [("run",), ("check",)])
def test_a_bad_configuration_exits_78_and_every_problem_is_named(
    make_daemon: MakeDaemon, words: tuple[str, ...]
) -> None:
    daemon = make_daemon(BROKEN)
    ended = daemon.ttsd(*words)
    assert ended.returncode == 78
    for problem in ("pipper", "piper", "pitch", "begin", "pause_ms", f"{daemon.config}:2"):
        assert problem in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (daemon.folder / "state").exists(), "nothing was touched"


def test_a_configuration_that_is_not_there_exits_78(make_daemon: MakeDaemon) -> None:
    daemon = make_daemon()
    ended = daemon.ttsd("run", "--config", "elsewhere.toml")
    assert ended.returncode == 78
    assert "elsewhere.toml" in ended.stderr


def test_problems_as_json(make_daemon: MakeDaemon) -> None:
    ended = make_daemon(BROKEN).ttsd("check", "--json")
    answer = json.loads(ended.stdout)
    assert (ended.returncode, answer["ok"], len(answer["problems"])) == (78, False, 4)


def test_a_second_daemon_on_the_same_state_exits_1_and_names_the_first(daemon: DaemonProcess) -> None:
    other = daemon.folder / "other.toml"
    other.write_text(daemon.config.read_text().replace("ttsd.sock", "other.sock"))
    ended = daemon.ttsd("run", "--config", str(other))
    assert ended.returncode == 1
    assert str(daemon.folder / "state") in ended.stderr
    assert str(daemon.pid) in ended.stderr
    assert "Traceback" not in ended.stderr
    daemon.append("the first lives on")
    daemon.wait_until_spoken(1)


def test_a_second_daemon_on_the_same_socket_exits_1_and_the_first_lives_on(daemon: DaemonProcess) -> None:
    other = daemon.folder / "other.toml"
    other.write_text(daemon.config.read_text().replace('dir = "state"', 'dir = "state2"'))
    ended = daemon.ttsd("run", "--config", str(other))
    assert ended.returncode == 1
    assert "ttsd.sock" in ended.stderr
    assert "Traceback" not in ended.stderr
    daemon.append("the first lives on")
    daemon.wait_until_spoken(1)


def test_the_socket_and_the_state_are_the_users_alone(daemon: DaemonProcess) -> None:
    assert daemon.socket.stat().st_mode & 0o777 == 0o600
    assert (daemon.folder / "state").stat().st_mode & 0o777 == 0o700
    assert (daemon.folder / "state" / "ttsd.db").stat().st_mode & 0o777 == 0o600
    daemon.terminate()
    assert not daemon.socket.exists()
