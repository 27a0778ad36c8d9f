"""A Portuguese line and an English one in one file have different voices, by whatever engine."""

from __future__ import annotations

import json
import sys
import wave
from importlib.util import find_spec
from pathlib import Path

import pytest
from daemon_process import FILES, MakeDaemon, configuration
from piper_voices import unpack
from voice_server import VoiceServer
from waiting import wait_for

ENGLISH = "Good morning everybody, how are you today?"
PORTUGUESE = "Bom dia a todos, como vocês estão hoje?"

PROGRAM = """
import sys, wave
voice = sys.argv[1]
with wave.open(sys.stdout.buffer, "wb") as wav:
    wav.setnchannels(1); wav.setsampwidth(2); wav.setframerate(8000)
    wav.writeframes(b"".join(int(9000 * (i % (20 if voice == "ana" else 40) < 10)).to_bytes(2, "little", signed=True) for i in range(4000)))
"""


def with_program(folder: Path, *, engines: str, tables: str) -> str:
    """A configuration whose engine `command` is a program with the voices joe and ana."""
    program = folder / "voices.py"
    folder.mkdir(parents=True, exist_ok=True)
    program.write_text(PROGRAM)
    return f"""
engines = [{engines}]
[engine.command]
command = "{sys.executable} {program} {{voice}}"
voices = "joe, ana"
[engine.tone]
rate = 8000
characters_per_second = 100
[[sources]]
path = "chat.log"
start = "beginning"
language = "auto"
{FILES}
[state]
dir = "state"
[control]
socket = "ttsd.sock"
{tables}
"""


PRESETS = """
[voice.bia]
command = "ana"
[voice.john]
command = "joe"
[language]
pt-BR = "bia"
default = "john"
"""


def test_each_line_has_the_voice_of_its_language(make_daemon: MakeDaemon, tmp_path: Path) -> None:
    if find_spec("py3langid") is None:
        pytest.skip("py3langid is not installed")
    daemon = make_daemon(with_program(tmp_path / "d", engines='"command"', tables=PRESETS)).start()
    daemon.append(ENGLISH, PORTUGUESE, "oi", "Até amanhã, meus amigos, durmam bem!")
    daemon.wait_until_listed(4)
    assert [entry["voice"] for entry in daemon.spoken()] == ["joe", "ana", "joe", "ana"]
    assert not daemon.logged("voice_replaced")


@pytest.mark.voice
def test_espeak_speaks_what_no_other_engine_does(make_daemon: MakeDaemon, tmp_path: Path) -> None:
    """It is in no chain: it comes when lines have languages, and where it is installed."""
    if find_spec("py3langid") is None:
        pytest.skip("py3langid is not installed")
    if not find_spec("espeakng_loader") or not find_spec("hibari"):
        pytest.skip("espeak and hibari are not installed")
    text = with_program(tmp_path / "d", engines='"hibari"', tables="")
    daemon = make_daemon(text).start()
    daemon.append(ENGLISH, PORTUGUESE, "Guten Morgen zusammen, wie geht es euch heute?", ENGLISH)
    daemon.wait_until_listed(4)
    spoken = [(entry["engine"], entry["voice"]) for entry in daemon.spoken()]
    assert spoken == [("hibari", "heart"), ("espeak", "pt"), ("espeak", "de"), ("hibari", "heart")]
    assert [engine["name"] for engine in daemon.status()["chain"]] == ["hibari", "espeak"]


def test_a_preset_can_be_asked_for_and_says_when_it_is_replaced(
    make_daemon: MakeDaemon, tmp_path: Path
) -> None:
    tables = PRESETS + '[voice.clone]\nxtts = { speaker_wav = "nobody" }\n'
    text = with_program(tmp_path / "d", engines='"command", "xtts"', tables=tables)
    daemon = make_daemon(text).start()
    asked = daemon.ttsd("say", "--voice", "bia", "--wait", "hello there")
    assert asked.returncode == 0, asked.stderr
    asked = daemon.ttsd("say", "--voice", "clone", "--wait", "hello there")
    assert asked.returncode == 0, asked.stderr
    assert [entry["voice"] for entry in daemon.spoken()] == ["ana", "joe"]
    [told] = daemon.logged("voice_replaced")
    assert (told["voice"], told["by"][0], told["level"]) == ("clone", "command", "warning")
    asked = daemon.ttsd("say", "--voice", "nobody", "--wait", "hello there")
    assert asked.returncode == 1
    assert "no engine has the voice nobody" in asked.stdout


def test_presets_are_reloaded_live(make_daemon: MakeDaemon, tmp_path: Path) -> None:
    text = with_program(tmp_path / "d", engines='"command"', tables=PRESETS)
    daemon = make_daemon(text).start()
    daemon.say("one", voice="bia")
    daemon.wait_until_listed(1)
    daemon.edit('command = "ana"', 'command = "joe"')
    daemon.call("reload")
    daemon.say("two", voice="bia")
    daemon.wait_until_listed(2)
    assert [entry["voice"] for entry in daemon.spoken()] == ["ana", "joe"]


def test_a_voice_is_converted_and_told_when_it_cannot_be(make_daemon: MakeDaemon, tmp_path: Path) -> None:
    program = "import sys; sys.stdout.buffer.write(sys.stdin.buffer.read())"
    tables = f"""
[voice.deep.convert]
command = ['{sys.executable}', "-c", "{program}"]
[voice.broken.convert]
command = ["/nowhere/at/all"]
"""
    daemon = make_daemon(configuration(pace=100) + tables).start()
    daemon.say("hello there", voice="deep")
    daemon.say("hello there", voice="broken")
    daemon.wait_until_listed(2)
    first, second = daemon.spoken()
    assert first["voice"] == "deep"
    assert second["voice"] == "tone"
    with wave.open(str(daemon.folder / "spoken" / second["wav"])) as wav:
        assert any(wav.readframes(wav.getnframes())), "it is heard as the engine made it"
    wait_for(lambda: daemon.logged("conversion_failed"), "the failure to be told")
    daemon.wait_until_spoken(2)  # it is listed before the database has it
    traces = {past["id"]: past["trace"] for past in daemon.call("history.list")["utterances"]}
    assert traces[first["id"]]["converted"] >= traces[first["id"]]["first_chunk"]
    assert "converted" not in traces[second["id"]]


def test_a_converter_that_is_not_installed_is_told_everywhere_and_the_voice_is_heard(
    make_daemon: MakeDaemon,
) -> None:
    convert = '[voice.nina.convert]\ntype = "sovits"\nmodel = "nina"\n'
    daemon = make_daemon(configuration(pace=100) + convert).start()
    daemon.say("hello there", voice="nina")
    daemon.wait_until_listed(1)
    assert [entry["voice"] for entry in daemon.spoken()] == ["tone"]
    told = wait_for(lambda: daemon.logged("conversion_failed"), "the failure to be told")[0]
    assert (told["converter"], told["next_step"]) == ("sovits", "ttsd engine install sovits")
    [status] = daemon.call("status")["conversions"]
    assert (status["name"], status["state"]) == ("nina", "missing")
    assert "convert  nina missing" in daemon.ttsd("status").stdout
    table = daemon.ttsd("engines").stdout
    assert "sovits" in table
    assert "ttsd engine install sovits" in table
    daemon.edit(convert, "")
    daemon.call("reload")
    assert daemon.call("status")["conversions"] == []


def test_a_voice_that_is_added_is_spoken_with_without_a_restart(
    make_daemon: MakeDaemon, tmp_path: Path
) -> None:
    if not find_spec("piper"):
        pytest.skip("piper is not installed")
    first, second = "en_US-one-low", "pt_BR-two-low"
    model = unpack("random-1", tmp_path / "made")
    made = model.read_bytes(), model.with_name(f"{model.name}.json").read_bytes()
    with VoiceServer({first: made, second: made}) as server:
        daemon = make_daemon(
            f"""
engines = ["piper"]
[engine.piper]
voice = "{first}"
stream = false
[voices]
catalogue = "{server.catalogue}"
{FILES}
[state]
dir = "state"
[control]
socket = "ttsd.sock"
"""
        )
        assert daemon.ttsd("voices", "add", first).returncode == 0
        daemon.start()
        assert daemon.ttsd("say", "--wait", "a b c d e").returncode == 0
        assert "no engine has the voice" in daemon.ttsd("say", "--voice", second, "--wait", "a b c").stdout
        added = daemon.ttsd("voices", "add", second)
        assert "ttsd, which runs, has it from its next sentence on" in added.stdout, added.stderr
        assert daemon.ttsd("say", "--voice", second, "--wait", "a b c d e").returncode == 0
        assert [entry["voice"] for entry in daemon.spoken()] == [first, second]
        listed = json.loads(daemon.ttsd("voices", "list", "--json").stdout)["voices"]
        assert {(one["engine"], one["name"], one["licence"]) for one in listed} >= {
            ("piper", first, "CC0"),
            ("piper", second, "CC0"),
        }
