"""The doctor looks at what is followed, at engines and voices, at sound and at the service."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ttsd.audio.devices import Device, Listing
from ttsd.doctor import engines, service, sound, sources
from ttsd.engines import catalog, voices
from ttsd.errors import OutputError
from ttsd.model import EngineName
from ttsd.settings import EngineSettings, OutputSettings, Settings, SourceSettings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ttsd.doctor import Check

SPEAKERS = Device("speakers", "Speakers", True, "pulse", 48000, 2)
NOTHING = Listing((), (OutputError("no sound server answers", next_step="start it"),))


def source(path: Path | str) -> Settings:
    return Settings(sources=(SourceSettings(path=str(path), name="chat"),))


def one(found: Iterable[Check]) -> tuple[str, str, str | None]:
    (check,) = found
    return check.state, check.found, check.next_step


def test_a_source_is_a_file_a_folder_a_pipe_or_not_there_yet(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("hello")
    assert one(sources.followed(source(tmp_path / "a.log")))[:2] == (
        "ok",
        f"{tmp_path}/a.log: a file, 5 bytes",
    )
    assert one(sources.followed(source(tmp_path)))[0] == "ok"
    assert "not there yet" in one(sources.followed(source(tmp_path / "b.log")))[1]
    assert one(sources.followed(source(tmp_path / "no" / "b.log")))[0] == "warn"
    assert one(sources.followed(source(f"{tmp_path}/*.log")))[0] == "ok"
    assert one(sources.followed(source(f"{tmp_path}/no/*.log")))[0] == "warn"
    assert one(sources.followed(source("-")))[0] == "ok"


def test_a_source_that_cannot_be_followed_is_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(getattr(socket, "AF_UNIX")) as sock:  # noqa: B009 - Windows' socket has none
        sock.bind(str(tmp_path / "s"))
        state, found, step = one(sources.followed(source(tmp_path / "s")))
        assert (state, "socket" in found, step) == ("broken", True, "name a file, a folder or a FIFO")
    assert "device" in one(sources.followed(source("/dev/null")))[1]
    (tmp_path / "a.log").write_text("hello")
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may read anything
    state, _, step = one(sources.followed(source(tmp_path / "a.log")))
    assert (state, str(step).startswith("chmod u+r")) == ("broken", True)


def test_an_engine_that_is_missing_is_passed_over_unless_it_is_the_last() -> None:
    tone, xtts = EngineName("tone"), EngineName("xtts")
    found = {check.name: check.state for check in engines.chain(Settings(engines=(xtts, tone)))}
    assert found == {"engine xtts": "warn", "engine tone": "ok"}
    (alone,) = engines.chain(Settings(engines=(xtts,)))
    assert (alone.state, "no engine can speak" in alone.found) == ("broken", True)


@pytest.mark.voice
def test_a_voice_is_there_with_its_checksum_or_is_told_to_be_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    piper = catalog.find("piper")
    if piper is None or catalog.missing(piper):
        pytest.skip("piper is not installed")
    settings = Settings(engines=(EngineName("piper"),))
    assert one(engines.chain(settings))[:2] == ("ok", "en_US-joe-medium, its checksum is right")
    monkeypatch.setattr(voices, "sha256_of", lambda _: "0" * 64)
    state, found, step = one(engines.chain(settings))
    assert (state, "damaged" in found, "--force-reinstall" in str(step)) == ("broken", True, True)
    nobody = Settings(
        engines=(EngineName("piper"),), engine={EngineName("piper"): EngineSettings(voice="nobody")}
    )
    assert "nobody" in one(engines.chain(nobody))[1]


def test_an_engine_elsewhere_is_asked_for_a_connection(tmp_path: Path) -> None:
    gpu = EngineName("gpu")
    with socket.create_server(("127.0.0.1", 0)) as server:
        uri = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        settings = Settings(engines=(gpu,), engine={gpu: EngineSettings(uri=uri)})
        assert one(engines.chain(settings))[:2] == ("ok", f"{uri} takes connections")
    state, _, step = one(engines.chain(settings))
    assert (state, step) == ("broken", f"ttsd worker ENGINE --uri {uri}")
    settings = Settings(engines=(gpu,), engine={gpu: EngineSettings(uri=f"unix://{tmp_path}/none")})
    assert one(engines.chain(settings))[0] == "broken"


@pytest.mark.parametrize(
    ("output", "listing", "expected"),
    [
        (OutputSettings(), Listing((SPEAKERS,), ()), {"sound": "ok"}),
        (OutputSettings(), NOTHING, {"sound": "warn"}),
        (OutputSettings(type="pulse"), NOTHING, {"sound": "broken"}),
        (OutputSettings(type="file"), NOTHING, {"sound": "ok"}),
        (OutputSettings(type="null"), NOTHING, {"sound": "ok", "output null": "warn"}),
        (
            OutputSettings(type="pulse", device="speakers"),
            Listing((SPEAKERS,), ()),
            {"sound": "ok", "output pulse": "ok"},
        ),
        (
            OutputSettings(type="pulse", device="ttsd"),
            Listing((SPEAKERS,), ()),
            {"sound": "ok", "output pulse": "broken"},
        ),
    ],
)
def test_sound_is_well_if_the_outputs_have_their_devices(
    output: OutputSettings, listing: Listing, expected: dict[str, str]
) -> None:
    found = tuple(sound.outputs(Settings(outputs=(output,)), listing))
    assert {check.name: check.state for check in found} == expected
    assert all(check.next_step for check in found if check.state != "ok")


def test_a_cable_that_is_missing_names_the_verb_that_makes_it() -> None:
    settings = Settings(outputs=(OutputSettings(type="pulse", device="ttsd"),))
    assert list(sound.outputs(settings, Listing((SPEAKERS,), ())))[-1].next_step == "ttsd cable create"


SYSTEMCTL = """#!/bin/sh
case "$*" in *ActiveState*) echo %s;; *) echo exit-code;; esac
"""


@pytest.mark.parametrize(
    ("active", "state"), [("active", "ok"), ("inactive", "warn"), ("failed", "broken"), ("", "warn")]
)
def test_a_service_is_as_systemd_says(tmp_path: Path, active: str, state: str) -> None:
    environ = {"HOME": str(tmp_path), "PATH": f"{tmp_path}:/usr/bin:/bin"}
    unit = tmp_path / ".config/systemd/user/ttsd.service"
    unit.parent.mkdir(parents=True)
    unit.write_text("[Service]\n")
    systemctl = tmp_path / "systemctl"
    systemctl.write_text(SYSTEMCTL % active)
    systemctl.chmod(0o755)
    (check,) = service.installed(environ)
    assert (check.state, str(unit) in check.found) == (state, True)
    assert (check.next_step is None) == (state == "ok")


def test_no_service_is_a_choice(tmp_path: Path) -> None:
    (check,) = service.installed({"HOME": str(tmp_path), "PATH": ""})
    assert check.state == "ok"
