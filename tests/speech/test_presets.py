"""A preset is one voice, whichever engine speaks; an engine that it does not name says so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from engine_parts import FakeEngine
from fakes import FakeClock
from structlog.testing import capture_logs

from ttsd.engines.chain import Chain
from ttsd.engines.engine import Request
from ttsd.engines.speed import paced
from ttsd.errors import EngineError, EngineMissing, UnknownVoice
from ttsd.model import Chunk, EngineName, SourceName, Utterance, UtteranceId, Voice
from ttsd.settings import EngineSettings, Settings, SourceSettings
from ttsd.settings.voices import EngineVoice, VoiceSettings
from ttsd.speech.reading import Reading
from ttsd.speech.script import Script
from ttsd.text.rules import Extras

PIPER, XTTS, HIBARI = EngineName("piper"), EngineName("xtts"), EngineName("hibari")
ANA = VoiceSettings(
    engines={
        PIPER: EngineVoice(name="pt_BR-faber-medium", speaker="2"),
        XTTS: EngineVoice(speaker="Ana", options={"speaker_wav": "ana", "speed": 1.5}),
    },
    speed=2.0,
    gain=-6.0,
)


def script(voice: str | None = "ana", preset: VoiceSettings = ANA, **top: Any) -> Script:
    """What the engines get of a line whose source has that voice."""
    source = SourceSettings(path="a", name="a", voice=voice)
    settings = Settings(engines=(PIPER, XTTS, HIBARI), sources=(source,), voice={"ana": preset}, **top)
    reading = Reading(settings, Extras(), FakeClock(), lambda _: ())
    found = reading.read(Utterance(UtteranceId(1), "hello there", SourceName("a"), 0.0))
    assert isinstance(found, Script)
    return found


def test_each_engine_gets_its_own_voice_options_and_pace() -> None:
    made = script(engine={PIPER: EngineSettings(options={"length_scale": 0.8})})
    request = Request("hello", voice=made.voice)
    piper, xtts = made.adapt(request, PIPER), made.adapt(request, XTTS)
    assert (piper.voice, piper.speaker, piper.options) == ("pt_BR-faber-medium", "2", {"length_scale": 0.4})
    assert (xtts.voice, xtts.speaker) == (None, "Ana")
    assert xtts.options == {"speaker_wav": "ana", "speed": 3.0}
    assert made.gain == -6.0
    assert made.language == "pt-BR", "as the voice's name tells"


def test_a_voice_that_is_no_preset_goes_on_as_it_is() -> None:
    request = Request("hello", voice="en_US-amy-medium")
    assert script("en_US-amy-medium").adapt(request, PIPER) == request


def test_a_preset_without_engines_changes_only_the_sound() -> None:
    made = script(preset=VoiceSettings(gain=3.0, speed=0.5))
    assert made.gain == 3.0
    adapted = made.adapt(Request("hello", voice="ana"), HIBARI)
    assert (adapted.voice, adapted.options) == (None, {"speed": 0.5})


@pytest.mark.parametrize(
    ("engine", "speed", "configured", "expected"),
    [
        ("piper", 2.0, {}, {"length_scale": 0.5}),
        ("piper", 4.0, {"length_scale": 0.2}, {"length_scale": 0.1}),
        ("hibari", 4.0, {}, {"speed": 2.0}),
        ("espeak", 2.0, {}, {"rate": 350}),
        ("espeak", 0.25, {"rate": 100}, {"rate": 80}),
        ("tone", 2.0, {}, None),
        ("chatterbox", 2.0, {}, None),
        ("nobody", 2.0, {}, None),
    ],
)
def test_pace_in_the_words_of_each_engine(
    engine: str, speed: float, configured: dict[str, Any], expected: dict[str, Any] | None
) -> None:
    assert paced(engine, speed, configured) == expected


def test_a_pace_that_an_engine_cannot_speak_at_is_told() -> None:
    with capture_logs() as logs:
        Reading(
            Settings(engines=(EngineName("tone"),), voice={"fast": VoiceSettings(speed=2.0)}),
            Extras(),
            FakeClock(),
            lambda _: (),
        )
    assert [(log["event"], log["engines"]) for log in logs] == [("speed_ignored", ["tone"])]


# ---- with a chain


def sound(request: Request) -> Any:
    yield Chunk(np.full(80, 0.5, np.float32), 8000)


def spoken(made: Script, *engines: FakeEngine) -> tuple[list[str], list[dict[str, Any]]]:
    chain = Chain(engines, FakeClock())
    request = Request("hello", voice=made.voice, language=made.language)
    with capture_logs() as logs:
        heard = list(chain.speak(request, made.engine, adapt=made.adapt))
    return [f"{one.engine}: {one.voice}" for one in heard], [dict(log) for log in logs]


def broken(request: Request) -> Any:
    yield from failing(EngineMissing("is not here"))


def failing(error: EngineError) -> Iterator[Chunk]:
    """Gives nothing but an error."""
    yield from ()
    raise error


def test_the_engine_that_has_the_voice_speaks_although_another_is_first() -> None:
    only_xtts = replace(ANA, engines={XTTS: EngineVoice(speaker="Ana")})
    piper, xtts = FakeEngine("piper", sound), FakeEngine("xtts", sound)
    heard, logs = spoken(script(preset=only_xtts), piper, xtts)
    assert heard == ["xtts: Ana"]
    assert not piper.requests
    assert not [log for log in logs if log["event"] == "voice_replaced"]


def test_an_engine_without_the_voice_speaks_in_its_own_when_nobody_else_can_and_says_so() -> None:
    only_xtts = replace(ANA, engines={XTTS: EngineVoice(speaker="Ana")}, language="pt-BR")
    hibari = FakeEngine("hibari", sound)
    heard, logs = spoken(script(preset=only_xtts), FakeEngine("xtts", broken), hibari)
    assert heard == ["hibari: hibari's own"]
    told = [log for log in logs if log["event"] == "voice_replaced"]
    assert [(log["voice"], log["by"], log["log_level"]) for log in told] == [("ana", ["hibari"], "warning")]
    [request] = hibari.requests
    assert (request.voice, request.language) == (None, "pt-BR"), "its own for the language"
    assert request.options == {"speed": 2.0}, "and the pace stays"


def test_a_recording_has_a_name_of_its_own() -> None:
    """So that its loudness is learnt apart from that of the engine's other voices."""
    preset = VoiceSettings(engines={XTTS: EngineVoice(options={"speaker_wav": "people/ana.wav"})})
    heard, _ = spoken(script(preset=preset), FakeEngine("xtts", sound))
    assert heard == ["xtts: ana"]


def test_a_language_that_no_engine_speaks_is_told_as_that() -> None:
    def refuses(request: Request) -> Any:
        yield from failing(UnknownVoice("has no voice for pt", next_step="ttsd voices search pt"))

    chain = Chain([FakeEngine("piper", refuses, voices=["joe"])], FakeClock())
    with pytest.raises(UnknownVoice, match=r"no engine has a voice for pt .*voices search pt"):
        list(chain.speak(Request("olá", language="pt")))
    assert chain.retry_in() == 0, "it does not rest for that"
    assert Voice("joe").language is None
