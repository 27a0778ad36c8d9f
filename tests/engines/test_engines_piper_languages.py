"""Piper speaks a language with a voice that has it, and passes where it has none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from piper_voices import unpack
from structlog.testing import capture_logs

from ttsd.engines.chain import Chain
from ttsd.engines.connect import Place
from ttsd.engines.engine import Request
from ttsd.engines.roster import Roster
from ttsd.errors import UnknownVoice
from ttsd.model import EngineName
from ttsd.settings import EngineSettings, Settings, SourceSettings

PIPER, ESPEAK = EngineName("piper"), EngineName("espeak")
ENGLISH, PORTUGUESE = "en_US-one-low", "pt_BR-two-low"


@pytest.fixture
def chain(tmp_path: Path) -> Iterator[Chain]:
    """Piper with an English voice, a Portuguese one, and no other."""
    if find_spec("piper") is None:  # it is imported by its own process alone
        pytest.skip("piper is not installed")
    folder = tmp_path / "data" / "voices"
    for name, made_of in ((ENGLISH, "random-1"), (PORTUGUESE, "random-3")):
        model = unpack(made_of, folder)
        told = json.loads(model.with_name(f"{made_of}.onnx.json").read_text("utf-8"))
        told["language"] = {"code": name[:5]}
        (folder / f"{name}.onnx.json").write_text(json.dumps(told))
        model.rename(folder / f"{name}.onnx")
        (folder / f"{made_of}.onnx.json").unlink()
    settings = EngineSettings(voice=ENGLISH, options={"stream": False})
    roster = Roster(place=Place(tmp_path, tmp_path / "data", tmp_path / "cache"))
    yield roster.build(Settings(engines=(PIPER,), engine={PIPER: settings}))
    roster.close()


def voice_of(chain: Chain, language: str | None = None, voice: str | None = None) -> str | None:
    request = Request("a b c d e", voice=voice, language=language)
    return next(heard.voice for heard in list(chain.speak(request)))


def test_each_language_by_the_voice_that_has_it(chain: Chain) -> None:
    assert voice_of(chain) == ENGLISH
    assert voice_of(chain, language="en-GB") == ENGLISH
    assert voice_of(chain, language="pt") == PORTUGUESE
    assert voice_of(chain, language="pt", voice=ENGLISH) == ENGLISH, "it was asked for"
    with capture_logs():
        for _ in range(5):
            with pytest.raises(UnknownVoice, match="no engine has a voice for de"):
                voice_of(chain, language="de")
    assert voice_of(chain, language="en") == ENGLISH, "it took no rest for that"


def test_the_last_resort_is_there_only_where_lines_have_languages(tmp_path: Path) -> None:
    pytest.importorskip("espeakng_loader")
    place = Place(tmp_path, tmp_path / "data", tmp_path / "cache")

    def names(**settings: object) -> tuple[EngineName, ...]:
        roster = Roster(place=place)
        found = roster.build(Settings(engines=(EngineName("tone"),), **settings)).names  # type: ignore[arg-type]  # the tests name real fields
        roster.close()
        return found

    assert names() == ("tone",)
    assert names(sources=(SourceSettings(path="a"),)) == ("tone",)
    assert names(language={"pt": "x"}) == ("tone", "espeak")
    assert names(sources=(SourceSettings(path="a", language="auto"),)) == ("tone", "espeak")
    assert names(sources=(SourceSettings(path="a", language="de"),)) == ("tone", "espeak")
