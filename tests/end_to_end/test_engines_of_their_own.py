"""The chain over engines that have venvs of their own: from Piper to XTTS and back, and no line is lost.

Marked `torch`; see `engine_venvs`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from daemon_process import configuration
from engine_venvs import lend, tiny
from event_stream import EventStream
from waiting import wait_for

from ttsd.engines import voices

if TYPE_CHECKING:
    from daemon_process import DaemonProcess, MakeDaemon

pytestmark = [pytest.mark.torch, pytest.mark.voice]


def engines(daemon: DaemonProcess) -> list[str]:
    """Who spoke, in order."""
    return [str(entry["engine"]) for entry in daemon.spoken()]


def test_what_piper_cannot_say_xtts_says_and_piper_comes_back(make_daemon: MakeDaemon) -> None:
    model = json.dumps(str(tiny("xtts", "released")))
    daemon = make_daemon(
        f"{configuration(engines=['piper', 'xtts-v2'])}\n"
        f'[engine.piper]\nvoice = "joe.onnx"\nstream = false\n[engine.xtts-v2]\nmodel = {model}\n'
    )
    lend("xtts", daemon.home)
    packaged = voices.find(None, Path(), Path(), daemon.folder / "cache")
    voice = daemon.folder / "joe.onnx"
    voice.symlink_to(packaged.model)
    voice.with_name("joe.onnx.json").symlink_to(packaged.config)
    daemon.start()
    daemon.append("The first line is spoken by Piper.")
    daemon.wait_until_spoken(1)

    voice.rename(daemon.folder / "gone.onnx")
    daemon.call("engine.unload", engine="piper")
    daemon.append("The second one by its fallback.")
    daemon.wait_until_spoken(2, timeout=200)
    assert engines(daemon) == ["piper", "xtts"]
    assert daemon.status()["chain"][0]["state"] in ("resting", "failed")

    (daemon.folder / "gone.onnx").rename(voice)
    wait_for(lambda: daemon.status()["chain"][0]["state"] != "resting", "Piper's rest to end", timeout=60)
    daemon.append("And the third by Piper again.")
    daemon.wait_until_spoken(3)

    assert daemon.switch("xtts-v2") == ["xtts", "piper"]
    daemon.append("One line of the configuration has XTTS speak first.")
    daemon.wait_until_spoken(4, timeout=200)
    pid = daemon.engine_pid("xtts")
    daemon.switch("piper")
    daemon.append("And another has it speak last.")
    daemon.wait_until_spoken(5)
    assert engines(daemon) == ["piper", "xtts", "piper", "xtts", "piper"]
    daemon.call("engine.unload", engine="xtts")
    wait_for(lambda: not Path(f"/proc/{pid}").exists(), "XTTS's memory to be given back")


def test_a_voice_goes_through_so_vits_svc_until_no_preset_names_it(make_daemon: MakeDaemon) -> None:
    model = json.dumps(str(tiny("sovits")))
    convert = f'[voice.nina.convert]\ntype = "sovits"\nmodel = {model}\nspeaker = "bo"\n'
    daemon = make_daemon(configuration(engines=["tone"], pace=10) + convert)
    lend("sovits", daemon.home)
    daemon.start()
    with EventStream(daemon.socket, "conversion") as stream:
        wait_for(lambda: daemon.status()["conversions"][0]["state"] == "ready", "it to load", timeout=200)
        daemon.say("A sentence in another voice.", voice="nina")
        daemon.wait_until_spoken(1, timeout=60)
        [spoken] = daemon.spoken()
        assert (spoken["engine"], spoken["voice"]) == ("tone", "nina")
        pid = daemon.status()["conversions"][0]["pid"]
        daemon.edit('speaker = "bo"', 'speaker = "nobody"')
        daemon.call("reload")
        daemon.say("And one that no speaker of it says.", voice="nina")
        daemon.wait_until_spoken(2)
        assert "has no speaker nobody" in stream.until("conversion", voice="nina", state="resting")["detail"]
    assert daemon.spoken()[1]["voice"] == "tone"
    assert daemon.status()["conversions"][0]["pid"] == pid, "who speaks in it is no reason to load it anew"
    daemon.edit(convert.replace('"bo"', '"nobody"'), "")
    daemon.call("reload")
    wait_for(lambda: not Path(f"/proc/{pid}").exists(), "its memory to be given back")
