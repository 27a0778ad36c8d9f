"""launchd and Windows' task scheduler are asked for the right things, and asked twice is asked once.

The tools are stand-ins that behave: what they were told to load is loaded.
"""

from __future__ import annotations

import plistlib
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ttsd.cli import main
from ttsd.errors import ServiceError
from ttsd.service.launchd import LaunchAgent
from ttsd.service.manager import Done, put, run, take
from ttsd.service.plan import Plan, plan
from ttsd.service.windows_task import LogonTask, command, task

if TYPE_CHECKING:
    from collections.abc import Sequence


@pytest.fixture
def planned(tmp_path: Path) -> Plan:
    state = tmp_path / "state"
    return Plan(
        command=("/opt/py thon", "-P", "-m", "ttsd"),
        config=tmp_path / "my ttsd.toml",
        socket=state / "control.sock",
        state=state,
        writes=(state,),
    )


class Launchctl:
    """launchctl with one agent at most; *busy*: bootstraps that fail because the old one still goes."""

    def __init__(self, busy: int = 0) -> None:
        self.loaded: dict[str, bytes] = {}
        self.busy = busy
        self.bootstraps = 0

    def __call__(self, words: Sequence[str]) -> Done:
        verb, target = words[1], words[2]
        match verb:
            case "bootstrap" if self.busy:
                self.busy -= 1
                return Done(5, "", "Bootstrap failed: 5: Input/output error")
            case "bootstrap":
                self.bootstraps += 1
                content = Path(words[3]).read_bytes()
                self.loaded[f"{target}/{plistlib.loads(content)['Label']}"] = content
            case "bootout":
                return Done(0 if self.loaded.pop(target, None) else 3, "", "")
            case "print":
                text = "\tstate = running\n\tpid = 4711\n"
                return Done(0, text, "") if target in self.loaded else Done(113, "", "Could not find service")
        return Done(0, "", "")


def test_an_agent_is_loaded_once_and_again_when_it_differs(tmp_path: Path, planned: Plan) -> None:
    ctl = Launchctl(busy=2)
    agent = LaunchAgent(call=ctl, home=tmp_path, pause=0.0)
    assert any("wrote" in step for step in agent.install(planned))
    assert not any("wrote" in step for step in agent.install(planned))
    assert ctl.bootstraps == 1
    (content,) = ctl.loaded.values()
    told = plistlib.loads(content)
    log = str(planned.state / "ttsd.log")
    assert told["ProgramArguments"] == [*planned.run, "--log", log]
    assert told["KeepAlive"] == {"SuccessfulExit": False}
    found = agent.status()
    assert (found.installed, found.running, found.pid) == (True, True, 4711)
    list(agent.install(Plan(("/new",), None, planned.socket, planned.state, ())))
    assert ctl.bootstraps == 2


def test_an_agent_that_is_removed_leaves_no_file(tmp_path: Path, planned: Plan) -> None:
    agent = LaunchAgent(call=Launchctl(), home=tmp_path, pause=0.0)
    before = set(tmp_path.rglob("*"))
    list(agent.install(planned))
    list(agent.uninstall())
    assert set(tmp_path.rglob("*")) == before
    assert list(agent.uninstall()) == ["it was not installed"]
    assert agent.status().detail == "not loaded"


def test_an_agent_that_launchd_refuses_is_told(tmp_path: Path, planned: Plan) -> None:
    agent = LaunchAgent(call=Launchctl(busy=10_000), home=tmp_path, pause=0.0)
    with pytest.raises(ServiceError, match="Bootstrap failed"):
        list(agent.install(planned))


class Schtasks:
    """schtasks with one task at most."""

    def __init__(self) -> None:
        self.xml: str | None = None
        self.runs = 0

    def __call__(self, words: Sequence[str]) -> Done:
        match words[1]:
            case "/Create":
                self.xml = Path(words[words.index("/XML") + 1]).read_text(encoding="utf-16")
            case "/Delete":
                self.xml = None
            case "/Run":
                self.runs += 1
            case "/Query":
                return Done(0 if self.xml else 1, "", "")
        return Done(0, "", "")


def test_a_task_starts_at_log_on_and_is_not_ended_by_the_scheduler(planned: Plan) -> None:
    tool = Schtasks()
    manager = LogonTask(planned, call=tool)
    list(manager.install(planned))
    assert tool.runs == 1
    assert tool.xml is not None
    root = ET.fromstring(tool.xml.partition("?>")[2])  # noqa: S314 - our own
    space = {"t": "http://schemas.microsoft.com/windows/2004/02/mit/task"}

    def text(path: str) -> str | None:
        return root.findtext(path, namespaces=space)

    assert root.find("t:Triggers/t:LogonTrigger", space) is not None
    assert text("t:Settings/t:ExecutionTimeLimit") == "PT0S"
    assert text("t:Settings/t:StopIfGoingOnBatteries") == "false"
    assert text("t:Actions/t:Exec/t:Command") == "/opt/py thon"
    assert text("t:Actions/t:Exec/t:Arguments") == command(planned)[1]
    assert manager.status().installed
    list(manager.uninstall())
    assert not manager.status().installed
    assert list(manager.uninstall()) == ["it was not installed"]


def test_names_that_are_no_xml_do_no_harm(planned: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USERNAME", "a<b>&c")
    root = ET.fromstring(task(planned).partition("?>")[2])  # noqa: S314 - our own
    assert "a<b>&c" in "".join(root.itertext())


# ---- the plan


def test_the_plan_names_every_folder_that_is_written_to(tmp_path: Path) -> None:
    config = tmp_path / "c" / "ttsd.toml"
    config.parent.mkdir()
    config.write_text(
        '[[outputs]]\ntype = "file"\npath = "wavs"\n[state]\ndir = "s"\n[control]\nsocket = "r/x.sock"\n'
    )
    made = plan(config, {})
    here = config.parent
    assert made.run[-2:] == ("--config", str(config))
    assert set(made.writes) == {here / "s", here / "r", here, here / "wavs"}


def test_captions_profiles_and_what_is_uploaded_are_written_to_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    config = tmp_path / "c" / "ttsd.toml"
    config.parent.mkdir()
    (tmp_path / "m").mkdir()
    config.write_text(
        f'''
[captions]
text = "{tmp_path}/obs/now.txt"
srt = "{tmp_path}/evenings/%Y/%m/%d.srt"
[profile.show]
outputs = [{{ type = "file", path = "{tmp_path}/show" }}]
[profile.show.captions]
vtt = "{tmp_path}/vtt/x.vtt"
[http]
enabled = true
[engine.xtts]
model = "{tmp_path}/m"
'''
    )
    written = set(plan(config, {}).writes)
    assert {tmp_path / name for name in ("obs", "evenings", "show", "vtt", "m")} <= written
    assert any(folder.name == "speakers" for folder in written)


# ---- tools and files


def test_a_tool_that_is_not_there_is_named() -> None:
    with pytest.raises(ServiceError, match="no-such-tool is not installed"):
        run(("no-such-tool", "--help"))


def test_a_file_is_written_only_if_it_differs_and_taken_away_with_its_empty_folders(tmp_path: Path) -> None:
    (tmp_path / "keep").touch()
    path = tmp_path / "a" / "b" / "unit"
    assert put(path, b"x")
    assert not put(path, b"x")
    assert put(path, b"y")
    assert take(path)
    assert not take(path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["keep"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="what has no meaning on Linux")
def test_an_option_that_means_nothing_here_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["service", "install", "--kind", "service"]) == 2
    assert "a matter of Windows" in capsys.readouterr().err


def test_a_broken_configuration_is_not_installed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "ttsd.toml"
    config.write_text("engines = 7\n")
    assert main(["service", "install", "--config", str(config)]) == 78
    assert "engines" in capsys.readouterr().err
