"""Everybody has a voice: asked for, by a route, a language, the speaker, a pool, the source."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rule_parts import rules

from ttsd.model import EngineName, Priority
from ttsd.settings import EngineSettings, Settings, SourceSettings
from ttsd.settings.text import RouteSettings
from ttsd.settings.voices import EngineVoice, VoiceSettings
from ttsd.text.language import fits, ladder, nearest, normal, of_settings, of_voice
from ttsd.text.rules import Extras, Verdict, directly
from ttsd.text.voices import language_of, of_pool

CHAT = {"format": "regex", "pattern": r"^(?P<speaker>[^:]+): (?P<text>.*)$"}


def verdict(
    line: str, source: dict[str, Any] | None = None, /, detect: str | None = None, **top: Any
) -> Verdict:
    extras = Extras(detect=lambda _: detect)
    return rules({**CHAT, **(source or {})}, extras, **top).apply(line)


def voice(
    line: str, source: dict[str, Any] | None = None, /, detect: str | None = None, **top: Any
) -> str | None:
    return verdict(line, source, detect, **top).voice


def test_without_rules_the_engine_has_its_own() -> None:
    assert voice("ana: hi") is None


def test_by_source_and_by_speaker() -> None:
    source = {"voice": "s", "speaker_voices": {"Ana ": "a"}}
    assert voice("ana: hi", source) == "a"
    assert voice("bo: hi", source) == "s"
    assert rules({"voice": "s"}).apply("hi", voice="asked").voice == "asked"


def test_a_pool_gives_each_speaker_one_and_always_the_same() -> None:
    pool = ("a", "b", "c", "d")
    source = {"voice": "s", "voice_pool": pool, "speaker_voices": {"ana": "own"}}
    found = {name: voice(f"{name}: hi", source) for name in map(str, range(200))}
    assert set(found.values()) == set(pool)
    assert voice("7: other words", source) == found["7"]
    assert voice("ana: hi", source) == "own"
    assert max(Counter(found.values()).values()) < 80
    assert rules({"voice_pool": pool, "voice": "s"}).apply("no speaker here").voice == "s"


@given(st.text(), st.lists(st.text(min_size=1, max_size=4), min_size=1, max_size=6, unique=True))
def test_order_makes_no_difference_and_a_new_voice_takes_over_only_some(name: str, pool: list[str]) -> None:
    before = of_pool(name, tuple(pool))
    assert of_pool(name, tuple(reversed(pool))) == before
    assert of_pool(f" {name.upper()} ", tuple(pool)) in pool
    assert of_pool(name, (*pool, "added")) in (before, "added")


def test_a_choice_is_the_same_for_ever() -> None:
    assert [of_pool(name, ("a", "b", "c")) for name in ("alice", "bob", "Zoë", "")] == ["a", "b", "a", "c"]


def test_languages_have_voices_and_the_nearest_counts() -> None:
    table = {"pt-BR": "ana", "pt": "rui", "default": "joe"}
    for tag, expected in [("pt-BR", "ana"), ("pt-PT", "rui"), ("pt", "rui"), ("de", "joe")]:
        assert voice("x: hi", {"language": tag}, language=table) == expected
    assert voice("x: hi", {"language": "pt", "voice": "s"}, language=table) == "s"


def test_a_detected_language_is_read_by_its_own_voice() -> None:
    source = {"language": "auto", "voice": "joe", "speaker_voices": {"x": "own"}}
    table = {"pt": "rui"}
    assert voice("x: olá", source, "pt-BR", language=table) == "rui"
    assert voice("x: hi", source, "en", language=table) == "own"
    assert verdict("x: hi", source, None).language == "en"
    assert verdict("x: 5 km", source, "de").text == "fünf Kilometer"
    assert verdict("x: 5 km", {"language": "de"}, "fr").text == "fünf Kilometer"


def route(**settings: Any) -> RouteSettings:
    return RouteSettings(**settings)


def test_routes_decide_first_and_each_thing_for_itself() -> None:
    routes = (
        route(match="(?i)fire", priority=Priority.URGENT),
        route(speaker="ANA", voice="a"),
        route(language="de", voice="d", engine=EngineName("xtts")),
        route(max_chars=5, engine=EngineName("kokoro")),
        route(min_chars=20, pool=("long",)),
        route(source="other", voice="never"),
    )
    source = {"voice": "s", "speaker_voices": {"bo": "b"}}
    hit = verdict("Ana: fire!", source, route=routes)
    assert (hit.voice, hit.priority, hit.engine) == ("a", Priority.URGENT, "kokoro")
    assert voice("bo: hello all", source, route=routes) == "b"
    assert voice("bo: a text that is quite long", source, route=routes) == "long"
    german = verdict("bo: hallo zusammen", {**source, "language": "de-AT"}, route=routes)
    assert (german.voice, german.engine) == ("d", "xtts")


def test_a_slow_route_is_passed_over_and_told() -> None:
    found = verdict(
        "x: " + "ab" * 25_000, {"voice": "s"}, route=(route(match="^((ab)+)+$|^((a|b)*)*c", voice="r"),)
    )
    assert found.spoken
    slow = verdict(
        "x: " + "a" * 50_000 + "!",
        {"voice": "s", "clean": _raw()},
        route=(route(match="^(a+)+$", voice="r"),),
    )
    assert slow.voice == "s"
    assert "^(a+)+$" in str(slow.trouble)


def _raw() -> object:
    from ttsd.settings.text import CleanSettings

    return CleanSettings(repeats=False, ids="keep")


def test_priority_and_key() -> None:
    found = verdict("ana: hi", {"priority": Priority.HIGH, "key": "{speaker}"})
    assert (found.priority, found.key) == (Priority.HIGH, "chat:ana")
    assert rules({"key": "{speaker}"}).apply("hi").key is None
    assert rules({"key": "status"}).apply("hi").key == "chat:status"


# ---- languages


@pytest.mark.parametrize(
    ("written", "expected"), [("pt_br", "pt-BR"), ("DE", "de"), ("zh-hant-tw", "zh-Hant-TW")]
)
def test_tags_as_people_write_them(written: str, expected: str) -> None:
    assert normal(written) == expected


def test_what_fits_what() -> None:
    assert fits("de-AT", "de")
    assert not fits("de", "de-AT")
    assert not fits(None, "de")
    assert not fits("den", "de")
    assert list(ladder("zh-Hant-TW")) == ["zh-Hant-TW", "zh-Hant", "zh"]
    assert nearest("pt-BR", {"pt": 1}) == 1
    assert nearest("pt", {"pt-BR": 1}) == 1
    assert nearest("pt-PT", {"pt-BR": 1, "en": 2}) == 1
    assert nearest("en", {"pt": 1}) is None


def test_the_default_is_the_first_engines_language() -> None:
    assert of_voice("/voices/de_DE-thorsten-medium.onnx") == "de-DE"
    assert of_voice("af_heart:0.6+af_bella:0.4") == "en-US"
    assert of_voice("pf_dora") == "pt-BR"
    assert of_voice("heart") is None
    piper = EngineName("piper")
    german = Settings(engines=(piper,), engine={piper: EngineSettings(voice="de_DE-thorsten-medium")})
    assert of_settings(german) == "de-DE"
    assert of_settings(Settings()) is None
    assert rules({}).apply("hi").language == "en"
    assert not rules({}).apply("hi").sure


def test_a_sources_voice_tells_its_language() -> None:
    assert rules({"voice": "fr_FR-siwis-medium"}).apply("5 km").text == "cinq kilomètres"
    assert rules({"voice": "fr_FR-siwis-medium", "language": "de"}).apply("5 km").text == "fünf Kilometer"
    assert SourceSettings(path="x").language is None


# ---- what is detected, and voices that speak another language


def test_a_voice_of_another_language_is_passed_over_for_what_was_detected() -> None:
    source = {
        "language": "auto",
        "voice": "en_US-joe-medium",
        "speaker_voices": {"x": "de_DE-thorsten-medium"},
        "voice_pool": ("fr_FR-siwis-medium",),
    }
    assert verdict("x: olá", source, "pt").voice is None
    assert verdict("x: olá", source, "pt").language == "pt"
    assert verdict("x: hallo", source, "de").voice == "de_DE-thorsten-medium"
    assert verdict("y: bonjour", source, "fr").voice == "fr_FR-siwis-medium"
    assert verdict("y: hello", {**source, "voice_pool": ()}, "en").voice == "en_US-joe-medium"
    assert voice("x: olá", source, "pt", language={"default": "en_US-joe-medium"}) is None
    assert voice("x: olá", source, "pt", language={"default": "heart"}) == "heart", "it tells no language"


def test_presets_tell_their_language() -> None:
    presets = {
        "bia": VoiceSettings(engines={EngineName("piper"): EngineVoice(name="pt_BR-faber-medium")}),
        "rui": VoiceSettings(language="pt_pt"),
        "any": VoiceSettings(),
    }
    assert [language_of(name, presets) for name in (None, "bia", "rui", "any", "de_DE-x-low", "joe")] == [
        *(None, "pt-BR", "pt-PT", None, "de-DE", None)
    ]
    found = verdict("x: 5 km", {"voice": "bia"}, voice=presets)
    assert (found.text, found.language, found.sure) == ("cinco quilômetros", "pt-BR", True)


def test_what_decided_is_told() -> None:
    routes = (
        route(match="never", voice="r"),
        route(match="fire", voice="r"),
        route(min_chars=99, pool=("p",)),
    )
    source = {"voice": "s", "speaker_voices": {"ana": "a"}, "voice_pool": ("p",)}
    lines = {
        "bo: fire!": "route 2",
        f"bo: {', '.join(f'word{letter}' for letter in 'abcdefghijklmnopqrstuvwxyz')}": "route 3",
        "ana: hi": "speaker",
        "bo: hi": "pool",
        "no speaker": "source",
    }
    assert {line: verdict(line, source, route=routes).because for line in lines} == lines
    assert verdict("x: hi").because == "engine"
    assert verdict("x: hi", {"language": "pt"}, language={"pt": "x"}).because == "language"
    assert rules({"voice": "s"}).apply("hi", voice="v").because == "asked"


def test_a_voice_that_is_asked_for_tells_the_language_of_the_text() -> None:
    found = rules({}).apply("5 km", voice="de_DE-thorsten-medium")
    assert (found.text, found.language) == ("fünf Kilometer", "de-DE")
    assert rules({"language": "fr"}).apply("5 km", voice="de_DE-thorsten-medium").language == "fr"


def test_what_is_said_directly_has_its_languages_told_where_those_of_a_source_are() -> None:
    assert directly().language is None
    assert directly(Extras()).language is None
    assert directly(Extras(detect=lambda _: "pt")).language == "auto"
