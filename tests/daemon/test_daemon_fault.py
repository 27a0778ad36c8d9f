"""A fault of ours in one command is answered and logged; the daemon goes on."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from waiting import wait_for

from ttsd.clock import SystemClock
from ttsd.control import protocol
from ttsd.control.client import Client, Refused
from ttsd.control.transport import default_transport
from ttsd.daemon.daemon import Daemon
from ttsd.daemon.house import House
from ttsd.model import EngineName
from ttsd.service.notify import Notifier
from ttsd.settings import ControlSettings, EngineSettings, OutputSettings, Settings, StateSettings

if TYPE_CHECKING:
    from pathlib import Path

TONE = EngineName("tone")


def test_a_fault_in_a_command_is_answered_and_the_daemon_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_house: House, **_values: object) -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(House, "set_volume", fail)
    path = tmp_path / "ttsd.sock"
    settings = Settings(
        path=None,
        engines=(TONE,),
        engine={TONE: EngineSettings(preload=False)},
        outputs=(OutputSettings(type="null"),),
        state=StateSettings(dir=tmp_path / "state"),
        control=ControlSettings(socket=path),
    )
    daemon = Daemon(settings, default_transport(path), SystemClock(), Notifier({}))
    codes: list[int] = []
    thread = threading.Thread(target=lambda: codes.append(daemon.run()))
    thread.start()
    wait_for(path.exists, "the socket")
    with Client.connect(path) as client:
        with pytest.raises(Refused, match="a fault of ttsd: ZeroDivisionError: by zero") as refused:
            client.call("volume.set", {"volume": 50})
        assert refused.value.number == protocol.INTERNAL_ERROR
        assert client.call("ping") == "pong"
        client.call("shutdown")
    thread.join(20)
    assert codes == [0]
    assert "Traceback" in capsys.readouterr().out
