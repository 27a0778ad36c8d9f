"""ttsd as a service of a real systemd: what a user who installs it once never has to think about again.

One machine is booted for all of these; each begins with ttsd installed and running.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
import systemd_machine
from systemd_machine import HOME, Machine
from waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.systemd

CONFIG = """\
engines = ["tone"]
[engine.tone]
rate = 8000
characters_per_second = 1000.0
[[sources]]
path = "chat.log"
start = "beginning"
[[outputs]]
type = "file"
path = "spoken"
[speech]
pause_ms = 20
"""
FOLDER = f"{HOME}/.config/ttsd"
UNITS = f"{HOME}/.config/systemd/user"
MOST_SECONDS = 1.0
"""From systemd's fork to READY."""


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    if why := systemd_machine.missing():
        pytest.skip(why)
    with systemd_machine.booted(tmp_path_factory.mktemp("systemd")) as made:
        made.user(f"mkdir -p {FOLDER}", check=True)
        write(made, CONFIG)
        yield made


@pytest.fixture
def service(machine: Machine) -> Iterator[Machine]:
    """The machine with ttsd installed and running."""
    write(machine, CONFIG)
    machine.ttsd("service install")
    yield machine
    machine.user(f"rm -rf {UNITS}/ttsd.service.d; systemctl --user daemon-reload")


def write(machine: Machine, config: str) -> None:
    """Put a configuration in place in one step."""
    (machine.shared / "ttsd.toml").write_text(config)
    machine.user(f"cp /shared/ttsd.toml {FOLDER}/new && mv {FOLDER}/new {FOLDER}/ttsd.toml", check=True)


def append(machine: Machine, *lines: str) -> None:
    """Add lines to what is followed."""
    (machine.shared / "lines").write_text("".join(f"{line}\n" for line in lines))
    machine.user(f"cat /shared/lines >> {FOLDER}/chat.log", check=True)


def spoken(machine: Machine) -> list[str]:
    """Texts of the complete utterances."""
    out = machine.user(f"cat {FOLDER}/spoken/spoken.jsonl 2>/dev/null")
    return [json.loads(line)["text"] for line in out.splitlines() if line.endswith("}")]


def status(machine: Machine) -> dict[str, Any]:
    """What `ttsd service status` tells."""
    found: dict[str, Any] = json.loads(machine.ttsd("service status --json", check=False))
    return found


def drop_in(machine: Machine, text: str) -> None:
    """Change the unit as a user does."""
    (machine.shared / "drop-in").write_text(f"[Service]\n{text}\n")
    folder = f"{UNITS}/ttsd.service.d"
    machine.user(f"mkdir -p {folder} && cp /shared/drop-in {folder}/test.conf", check=True)
    machine.user("systemctl --user daemon-reload && systemctl --user restart ttsd", check=True)


def test_one_command_installs_and_starts_it(service: Machine) -> None:
    assert "there already" not in service.ttsd("service install")  # twice is once
    found = status(service)
    assert (found["installed"], found["enabled"], found["running"]) == (True, True, True)
    assert found["detail"] == "active (running): idle, tone"
    append(service, "the first line")
    wait_for(lambda: spoken(service) == ["the first line"], "the line to be spoken")


def test_it_is_ready_within_a_second(service: Machine) -> None:
    def start() -> float:
        service.user("systemctl --user restart ttsd", check=True)
        began, ready = (
            int(service.show(name))
            for name in ("ExecMainStartTimestampMonotonic", "ActiveEnterTimestampMonotonic")
        )
        return (ready - began) / 1e6

    # On a machine that is busy with other things it may take some tries to see what ttsd itself takes.
    wait_for(lambda: start() < MOST_SECONDS, f"a start in {MOST_SECONDS} s", timeout=60)


def test_a_reload_is_over_when_systemctl_returns(service: Machine) -> None:
    pid = service.show("MainPID")
    write(service, CONFIG.replace("pause_ms = 20", "pause_ms = 30"))
    service.user("systemctl --user reload ttsd", check=True)
    assert service.journal("TTSD_EVENT=reloaded")
    assert (service.show("ActiveState"), service.show("MainPID")) == ("active", pid)


def test_a_broken_configuration_fails_the_reload_and_not_the_daemon(service: Machine) -> None:
    pid = service.show("MainPID")
    write(service, CONFIG.replace("pause_ms = 20", 'pause_ms = "never"'))
    assert "Job for ttsd.service failed" in service.user("systemctl --user reload ttsd")
    assert "pause_ms" in service.show("StatusText")
    assert (service.show("ActiveState"), service.show("MainPID")) == ("active", pid)
    assert service.ttsd("ctl ping") == '"pong"'
    told = service.journal("TTSD_EVENT=not_reloaded", "PRIORITY=3")
    assert "pause_ms" in told[-1]["TTSD_PROBLEMS"]


def test_a_configuration_that_cannot_be_used_is_not_tried_again_and_again(service: Machine) -> None:
    write(service, "engines = 7\n")
    service.user("systemctl --user restart ttsd")
    assert (service.show("ExecMainStatus"), service.show("NRestarts")) == ("78", "0")
    assert service.show("ActiveState") == "failed"
    told = service.journal("_SYSTEMD_USER_UNIT=ttsd.service", "PRIORITY=3")
    assert "engines" in told[-1]["MESSAGE"]


def test_killed_in_the_middle_it_starts_again_and_nothing_is_lost(service: Machine) -> None:
    before = len(spoken(service))
    lines = [f"line {n} of those that must all be spoken" for n in range(400)]
    append(service, *lines)
    wait_for(lambda: len(spoken(service)) > before + 10, "the first of them")
    service.user("kill -9 $(systemctl --user show ttsd --property=MainPID --value)", check=True)
    wait_for(lambda: service.show("NRestarts") == "1", "a restart", timeout=30)
    wait_for(lambda: lines[-1] in spoken(service), "the last of them", timeout=60)
    heard = [text for text in spoken(service) if text in set(lines)]
    assert set(heard) == set(lines)


def test_a_daemon_that_hangs_is_ended_and_started_again(service: Machine) -> None:
    drop_in(service, "WatchdogSec=4")
    before = service.show("MainPID")
    wait_for(lambda: service.show("WatchdogTimestamp"), "the first pet")
    service.user(f"kill -STOP {before}", check=True)
    wait_for(lambda: service.show("NRestarts") == "1", "the restart", timeout=60)
    wait_for(lambda: service.show("ActiveState") == "active", "the new daemon", timeout=30)
    assert service.show("MainPID") not in ("0", before)
    assert any("watchdog" in entry["MESSAGE"].lower() for entry in service.journal("USER_UNIT=ttsd.service"))


def test_it_is_petted_for_longer_than_the_watchdog_waits(service: Machine) -> None:
    drop_in(service, "WatchdogSec=2")
    pets: set[str] = set()

    def petted() -> bool:
        pets.add(service.show("WatchdogTimestampMonotonic"))
        return len(pets) > 4

    wait_for(petted, "five pets", timeout=60)
    assert service.show("NRestarts") == "0"


def test_a_command_starts_it_where_it_was_installed_so(service: Machine) -> None:
    service.ttsd("service install --on-demand")
    service.user("systemctl --user stop ttsd.service", check=True)
    assert service.show("ActiveState") == "inactive"
    service.ttsd("say --wait started by a word")
    assert service.show("ActiveState") == "active"
    assert spoken(service)[-1] == "started by a word"
    socket = service.user("stat -c %a:%F /run/user/1000/ttsd/control.sock")
    assert socket == "600:socket"
    service.ttsd("service uninstall")


def test_a_command_during_a_restart_waits_instead_of_failing(service: Machine) -> None:
    service.ttsd("service install --on-demand")
    service.user("kill -9 $(systemctl --user show ttsd --property=MainPID --value)", check=True)
    assert service.ttsd("ctl ping") == '"pong"'
    service.ttsd("service uninstall")


def test_the_journal_has_priorities_and_fields(service: Machine) -> None:
    append(service, "a line for the journal")
    wait_for(lambda: "a line for the journal" in spoken(service), "the line")
    entry = service.journal("TTSD_EVENT=spoken", "TTSD_SOURCE=chat.log", "-n1")[0]
    assert (entry["PRIORITY"], entry["TTSD_ENGINE"], entry["SYSLOG_IDENTIFIER"]) == ("6", "tone", "ttsd")
    assert entry["_SYSTEMD_USER_UNIT"] == "ttsd.service"
    assert entry["MESSAGE"].startswith("spoken id=")
    everything = json.dumps(service.journal("_SYSTEMD_USER_UNIT=ttsd.service"))
    assert "a line for the journal" not in everything  # what is spoken is nobody's business


PROBE = """\
import ctypes, os, socket
def attempt(what, act):
    try:
        act()
    except OSError as error:
        print(what, "refused" if error.errno else error)
    else:
        print(what, "allowed")
home, runtime = os.environ["HOME"], os.environ["XDG_RUNTIME_DIR"]
for folder in (home, "/tmp", runtime, home + "/.config", home + "/.config/ttsd",
               home + "/.local/state/ttsd", runtime + "/ttsd", home + "/.cache/ttsd"):
    attempt("write " + folder, lambda: open(folder + "/probe", "w").close())
for family in ("AF_UNIX", "AF_INET", "AF_NETLINK", "AF_PACKET", "AF_BLUETOOTH"):
    attempt(family, lambda: socket.socket(getattr(socket, family), socket.SOCK_RAW if "NET" in family
            and family != "AF_INET" else socket.SOCK_DGRAM).close())
def unshare():
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(0x10000000):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
attempt("namespace", unshare)
for line in open("/proc/self/status"):
    if line.startswith(("NoNewPrivs", "Seccomp:", "CapBnd", "CapEff")):
        print(line.split()[0], line.split()[1])
"""


def test_the_sandbox_holds(service: Machine) -> None:
    """The same directives around a program that tries what ttsd must not."""
    (service.shared / "probe.py").write_text(PROBE)
    unit = service.user(f"cat {UNITS}/ttsd.service")
    unit = re.sub(r"^Type=.*$", "Type=oneshot", unit, flags=re.MULTILINE)
    unit = re.sub(r"^ExecStart=.*$", "ExecStart=/usr/bin/python3 /shared/probe.py", unit, flags=re.MULTILINE)
    unit = re.sub(r"^(ExecReload|WatchdogSec|Restart|NotifyAccess)=.*$", "", unit, flags=re.MULTILINE)
    (service.shared / "probe.service").write_text(unit)
    service.user(f"cp /shared/probe.service {UNITS}/ && systemctl --user daemon-reload", check=True)
    service.user("systemctl --user start probe", check=True)
    lines = [e["MESSAGE"] for e in service.journal("_SYSTEMD_USER_UNIT=probe.service", "_COMM=python3")]
    told = dict(
        line.rsplit(maxsplit=1) if "system" not in line else (line.split(" Read")[0], "Read-only")
        for line in lines
    )
    service.user(f"rm {UNITS}/probe.service; systemctl --user daemon-reload")
    for folder in (HOME, "/tmp", "/run/user/1000", f"{HOME}/.config"):
        assert told[f"write {folder}"] == "refused", folder
    for folder in (FOLDER, f"{HOME}/.local/state/ttsd", "/run/user/1000/ttsd", f"{HOME}/.cache/ttsd"):
        assert told[f"write {folder}"] == "allowed", folder
    assert (told["AF_UNIX"], told["AF_INET"]) == ("allowed", "allowed")
    for family in ("AF_NETLINK", "AF_PACKET", "AF_BLUETOOTH"):
        assert told[family] == "refused", family
    assert told["namespace"] == "refused"
    assert (told["NoNewPrivs:"], told["Seccomp:"], int(told["CapBnd:"], 16)) == ("1", "2", 0)


def test_the_daemon_itself_lives_in_it(service: Machine) -> None:
    pid = service.show("MainPID")
    out = service.user(f"grep -E '^(NoNewPrivs|Seccomp|CapBnd|CapEff):' /proc/{pid}/status")
    assert dict(line.split() for line in out.splitlines()) == {
        "NoNewPrivs:": "1",
        "Seccomp:": "2",
        "CapBnd:": "0000000000000000",
        "CapEff:": "0000000000000000",
    }


def test_a_configuration_may_be_called_as_one_likes(service: Machine) -> None:
    odd = f"{HOME}/50% of $HOME/my \"own\" 'ttsd'.toml"
    quoted = odd.replace("$", "\\$").replace('"', '\\"')
    service.user(f'mkdir -p "{HOME}/50% of \\$HOME" && cp {FOLDER}/ttsd.toml "{quoted}"', check=True)
    service.ttsd(f'service install --config "{quoted}"')
    assert json.loads(service.ttsd("status --json"))["config"] == odd
    service.ttsd("say --wait it writes there, too")
    assert "it writes there" in service.user(f'cat "{HOME}/50% of \\$HOME/spoken/spoken.jsonl"')


def test_it_starts_with_the_machine_for_a_lingering_user(service: Machine) -> None:
    before = service.show("MainPID")
    service.root("systemctl restart user@1000.service", check=True)
    wait_for(lambda: service.show("ActiveState") == "active", "ttsd without a login", timeout=60)
    assert service.show("MainPID") != before
    append(service, "spoken without a login")
    wait_for(lambda: "spoken without a login" in spoken(service), "the line")


def sinks(machine: Machine) -> str:
    """Of the machine's PulseAudio, which is started if it does not run."""
    return machine.user("pactl list short sinks; pactl list short sources")


def test_the_service_speaks_to_a_sound_server_through_its_sandbox(service: Machine) -> None:
    service.ttsd("service install --cable")
    write(service, CONFIG.replace('type = "file"\npath = "spoken"', 'type = "pulse"\ndevice = "ttsd"'))
    service.user("systemctl --user reload ttsd", check=True)
    service.ttsd("say --wait heard through the cable")
    (output,) = json.loads(service.ttsd("status --json"))["outputs"]
    assert (output["name"], output["error"]) == ("pulse:ttsd", None)
    service.ttsd("service uninstall")


def test_a_cable_comes_back_with_the_sound_server(service: Machine) -> None:
    service.ttsd("service install --cable")
    assert "ttsd_mic" in sinks(service)
    for end in ("systemctl --user restart pulseaudio", "pkill -9 -x pulseaudio"):
        service.user(end)
        wait_for(lambda: "ttsd_mic" in sinks(service), f"the cable after {end}", timeout=30)
    service.ttsd("service uninstall")
    assert "ttsd_mic" not in sinks(service)


def test_uninstalling_leaves_nothing(service: Machine) -> None:
    def made() -> set[str]:
        """Whatever has to do with units, and what runs."""
        out = service.user(
            f"find {HOME}/.config {HOME}/.local /run/user/1000/ttsd 2>/dev/null | grep -v /ttsd/"
        )
        return set(out.splitlines())

    service.ttsd("service install --on-demand")
    service.ttsd("service uninstall")
    assert not {path for path in made() if "systemd" in path or "/run/user" in path}, made()
    found = status(service)
    assert (found["installed"], found["running"], found["files"]) == (False, False, [])
    assert service.user("systemctl --user list-units --all 'ttsd*' --no-legend") == ""
    assert service.user(f"test -e {FOLDER}/ttsd.toml && echo kept") == "kept"
    assert service.ttsd("service uninstall") == "it was not installed"
    assert "not installed" in service.ttsd("service status", check=False)
