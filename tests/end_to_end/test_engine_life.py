"""An engine's process comes when it is needed and goes when it is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemon_process import configuration
from waiting import wait_for

if TYPE_CHECKING:
    from daemon_process import MakeDaemon


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
