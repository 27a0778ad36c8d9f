"""The chain: each sentence is spoken once, by the first engine that can, whatever the others do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pytest
from engine_parts import FakeEngine, host
from fakes import FakeClock

from ttsd.engines.chain import Chain, ChainFailed, Heard
from ttsd.engines.engine import Engine, Request
from ttsd.errors import (
    EngineCancelled,
    EngineCrashed,
    EngineError,
    EngineMissing,
    EngineRefused,
    EngineTimeout,
    UnknownVoice,
)
from ttsd.model import Chunk, EngineName, WordTime

RATE = 1000
Script: TypeAlias = Callable[[Request], Iterator[Chunk]]

TEXT = "one two three four five six"


def sound(seconds: float, words: tuple[WordTime, ...] = ()) -> Chunk:
    """A chunk of that length."""
    return Chunk(np.ones(round(seconds * RATE), np.float32), RATE, words)


def well(request: Request) -> Iterator[Chunk]:
    """Ten characters a second."""
    yield sound(len(request.text) / 10)


def giving(*chunks: Chunk) -> Script:
    """These chunks, whatever the text."""

    def script(request: Request) -> Iterator[Chunk]:
        yield from chunks

    return script


def turn_by_turn(scripts: Iterator[Script]) -> Script:
    """Each sentence by the next script."""

    def script(request: Request) -> Iterator[Chunk]:
        yield from next(scripts)(request)

    return script


def failing(error: EngineError, after: float = 0.0, words: tuple[WordTime, ...] = ()) -> Script:
    """Gives *after* seconds of sound, then fails."""

    def script(request: Request) -> Iterator[Chunk]:
        if after:
            yield sound(after, words)
        raise error

    return script


def speak(chain: Chain, request: Request | str = TEXT, prefer: str | None = None) -> list[Heard]:
    """All that was heard."""
    asked = Request(request) if isinstance(request, str) else request
    return list(chain.speak(asked, EngineName(prefer) if prefer else None))


def who(heard: list[Heard]) -> list[str]:
    """Engines in the order they were heard, once each."""
    return list(dict.fromkeys(one.engine for one in heard))


def test_the_first_engine_speaks_and_is_named_with_its_voice() -> None:
    chain = Chain([FakeEngine("a", well), FakeEngine("b", well)], FakeClock())
    heard = speak(chain)
    assert [(one.engine, one.voice) for one in heard] == [("a", "a's own")]
    assert speak(chain, Request(TEXT, voice="v"))[0].voice == "v"


def test_the_preferred_engine_goes_first() -> None:
    chain = Chain([FakeEngine("a", well), FakeEngine("b", well)], FakeClock())
    assert who(speak(chain, prefer="b")) == ["b"]
    assert who(speak(chain, prefer="unknown")) == ["a"]


def test_an_engine_that_fails_at_once_gives_the_whole_sentence_to_the_next() -> None:
    second = FakeEngine("b", well)
    chain = Chain([FakeEngine("a", failing(EngineCrashed("gone"))), second], FakeClock())
    assert who(speak(chain)) == ["b"]
    assert second.requests[0].text == TEXT


def test_by_word_times_the_next_engine_gets_exactly_what_was_not_heard() -> None:
    times = tuple(WordTime(word, i * 0.5, i * 0.5 + 0.4) for i, word in enumerate(TEXT.split()))
    second = FakeEngine("b", well)
    chain = Chain([FakeEngine("a", failing(EngineCrashed("gone"), 1.2, times)), second], FakeClock())
    assert who(speak(chain)) == ["a", "b"]
    # "three" sounds from 1.0 to 1.4: it was not heard to its end.
    assert second.requests[0].text == "three four five six"


def test_without_word_times_the_measured_pace_of_the_voice_decides() -> None:
    scripts = iter([well, failing(EngineCrashed("gone"), 0.8)])
    first = FakeEngine("a", turn_by_turn(scripts))
    second = FakeEngine("b", well)
    chain = Chain([first, second], FakeClock())
    assert who(speak(chain)) == ["a"]  # ten characters a second
    assert who(speak(chain)) == ["a", "b"]
    # 8 characters were heard: the cut is before "three".
    assert second.requests[0].text == "three four five six"


def test_a_failure_behind_the_last_word_needs_nobody_else() -> None:
    times = tuple(WordTime(word, i * 0.5, i * 0.5 + 0.4) for i, word in enumerate(TEXT.split()))
    second = FakeEngine("b", well)
    chain = Chain([FakeEngine("a", failing(EngineTimeout("late"), 2.95, times)), second], FakeClock())
    assert who(speak(chain)) == ["a"]
    assert second.requests == []


def test_three_engines_share_a_sentence_without_a_word_said_twice() -> None:
    def two_words(request: Request) -> Iterator[Chunk]:
        words = request.text.split()[:3]
        yield sound(1.0, tuple(WordTime(word, i * 0.5, i * 0.5 + 0.5) for i, word in enumerate(words)))
        raise EngineCrashed("gone")

    engines = [FakeEngine("a", two_words), FakeEngine("b", two_words), FakeEngine("c", well)]
    speak(Chain(engines, FakeClock()))
    assert [engine.requests[0].text for engine in engines] == [TEXT, "three four five six", "five six"]


def test_an_engine_that_gives_nothing_is_passed_over() -> None:
    chain = Chain([FakeEngine("a", giving()), FakeEngine("b", well)], FakeClock())
    assert who(speak(chain)) == ["b"]


def test_a_failing_engine_rests_longer_each_time_and_is_forgiven_when_it_speaks() -> None:
    clock, healthy = FakeClock(), [False]

    def now_and_then(request: Request) -> Iterator[Chunk]:
        yield from (well if healthy[0] else failing(EngineCrashed("gone")))(request)

    first = FakeEngine("a", now_and_then)
    chain = Chain([first, FakeEngine("b", well)], clock)
    rests = []
    for _ in range(3):
        assert who(speak(chain)) == ["b"]
        asked = len(first.requests)
        assert chain.status()[0].state == "resting"
        assert "rests for" in (chain.status()[0].detail or "")
        assert who(speak(chain)) == ["b"]
        assert len(first.requests) == asked  # it was left alone
        rest = 0.0
        while chain.status()[0].state == "resting":
            clock.advance(0.5)
            rest += 0.5
        rests.append(rest)
    assert rests == [1.0, 2.0, 4.0]
    healthy[0] = True
    assert who(speak(chain)) == ["a"]
    healthy[0] = False
    speak(chain)
    clock.advance(1.1)
    assert chain.status()[0].state == "ready"


def test_an_engine_that_somebody_has_mended_is_tried_at_once() -> None:
    faults = [EngineMissing("is not installed")]

    def script(request: Request) -> Iterator[Chunk]:
        if faults:
            raise faults.pop()
        return well(request)

    chain = Chain([FakeEngine("a", script), FakeEngine("b", well)], FakeClock())
    assert who(speak(chain)) == ["b"]
    assert who(speak(chain)) == ["b"], "it rests"
    chain.forgive(EngineName("a"))
    assert who(speak(chain)) == ["a"]


def test_a_failure_that_took_long_makes_the_rest_long_and_never_longer_than_five_minutes() -> None:
    clock = FakeClock()

    def hang(request: Request) -> Iterator[Chunk]:
        clock.advance(20)
        yield from failing(EngineTimeout("late"))(request)

    chain = Chain([FakeEngine("a", hang), FakeEngine("b", well)], clock)
    speak(chain)
    clock.advance(99)
    assert chain.status()[0].state == "resting"
    clock.advance(2)
    assert chain.status()[0].state == "ready"
    for _ in range(30):
        speak(chain)
        clock.advance(301)
        assert chain.status()[0].state == "ready"


def test_one_refused_sentence_is_no_reason_to_rest_three_are() -> None:
    first = FakeEngine("a", failing(EngineRefused("bad text")))
    chain = Chain([first, FakeEngine("b", well)], FakeClock())
    for state in ("ready", "ready", "resting"):
        speak(chain)
        assert chain.status()[0].state == state


def test_when_nobody_can_speak_the_error_names_each_reason_and_what_is_left() -> None:
    clock = FakeClock()
    engines = [
        FakeEngine("a", failing(EngineCrashed("its process was ended by SIGKILL"))),
        FakeEngine("b", failing(EngineMissing("is not installed", next_step="pip install b"), 0)),
    ]
    chain = Chain(engines, clock)
    with pytest.raises(ChainFailed) as caught:
        speak(chain)
    assert "a: its process was ended by SIGKILL; b: is not installed" in str(caught.value)
    assert caught.value.rest == TEXT
    assert 0 < caught.value.retry_in <= 1
    # While all rest, nobody is asked.
    with pytest.raises(ChainFailed, match="rests for"):
        speak(chain)
    assert len(engines[0].requests) == 1
    clock.advance(caught.value.retry_in)
    with pytest.raises(ChainFailed):
        speak(chain)
    assert len(engines[0].requests) == 2


def test_a_sentence_broken_off_by_the_last_engine_tells_what_is_left() -> None:
    times = tuple(WordTime(word, i * 0.5, i * 0.5 + 0.5) for i, word in enumerate(TEXT.split()))
    chain = Chain([FakeEngine("a", failing(EngineCrashed("gone"), 1.0, times))], FakeClock())
    with pytest.raises(ChainFailed) as caught:
        speak(chain)
    assert caught.value.rest == "three four five six"


def test_what_every_engine_refuses_is_refused_for_good() -> None:
    chain = Chain([FakeEngine("a", failing(EngineRefused("too odd")))], FakeClock())
    with pytest.raises(EngineRefused, match="a: too odd"):
        speak(chain)


def test_an_empty_chain_says_so() -> None:
    with pytest.raises(ChainFailed, match="empty"):
        speak(Chain([], FakeClock()))


def picky(*voices: str) -> Script:
    """An engine that has these voices."""

    def script(request: Request) -> Iterator[Chunk]:
        if request.voice not in (None, *voices):
            raise UnknownVoice(f"has no voice {request.voice}", next_step=f"it has {', '.join(voices)}")
        yield from well(request)

    return script


def test_a_voice_is_looked_for_along_the_chain() -> None:
    chain = Chain([FakeEngine("a", picky("x")), FakeEngine("b", picky("y"))], FakeClock())
    heard = speak(chain, Request(TEXT, voice="y"))
    assert [(one.engine, one.voice) for one in heard] == [("b", "y")]
    assert chain.status()[0].state == "ready"  # not having a voice is no failure


def test_a_voice_that_no_engine_has_is_an_error_that_names_theirs() -> None:
    chain = Chain([FakeEngine("a", picky("x")), FakeEngine("b", picky("y"))], FakeClock())
    with pytest.raises(UnknownVoice) as caught:
        speak(chain, Request(TEXT, voice="z"))
    assert str(caught.value) == "no engine has the voice z (a: it has x; b: it has y)"


def test_an_engine_that_is_not_installed_is_no_reason_to_replace_a_voice() -> None:
    missing = FakeEngine("b", failing(EngineMissing("is not installed")))
    chain = Chain([FakeEngine("a", picky("x")), missing], FakeClock())
    for _ in range(2):  # the second time it rests
        with pytest.raises(UnknownVoice, match="no engine has the voice z"):
            speak(chain, Request(TEXT, voice="z"))


def test_a_fallback_without_the_voice_speaks_in_its_own_when_the_one_that_has_it_fails() -> None:
    broken = FakeEngine("b", failing(EngineCrashed("gone")))
    first = FakeEngine("a", picky("x"))
    heard = speak(Chain([first, broken], FakeClock()), Request(TEXT, voice="y", speaker="s"))
    assert [(one.engine, one.voice) for one in heard] == [("a", "a's own")]
    assert (first.requests[-1].voice, first.requests[-1].speaker) == (None, None)


def test_cancelling_is_not_a_failure() -> None:
    chain = Chain([FakeEngine("a", giving(sound(1), sound(1))), FakeEngine("b", well)], FakeClock())
    heard = chain.speak(Request(TEXT))
    next(heard)
    chain.cancel()
    with pytest.raises(EngineCancelled):
        next(heard)
    assert chain.status()[0].state == "ready"


def test_leaving_the_iterator_early_closes_the_engines() -> None:
    closed = []

    def script(request: Request) -> Iterator[Chunk]:
        try:
            yield sound(1)
            yield sound(1)
        finally:
            closed.append(True)

    heard = Chain([FakeEngine("a", script)], FakeClock()).speak(Request(TEXT))
    next(heard)
    heard.close()
    assert closed


def test_a_new_order_over_the_same_engines_keeps_what_was_learnt() -> None:
    clock = FakeClock()
    engines: list[Engine] = [FakeEngine("a", failing(EngineCrashed("gone"))), FakeEngine("b", well)]
    old = Chain(engines, clock)
    speak(old)
    new = Chain(engines[::-1], clock, health=old.health())
    assert [(status.name, status.state) for status in new.status()] == [("b", "ready"), ("a", "resting")]
    assert who(speak(new)) == ["b"]
    assert new.names == ("b", "a")


ENDED = {"Dying", "Hanging", "Garbling", "NoModel", "Mute", "OutOfMemory", "Killed", "Corrupt", "NoFile"}


@pytest.mark.parametrize(
    "adapter",
    [
        "Dying",
        "Hanging",
        "NotNumbers",
        "Garbling",
        "Silent",
        "Nothing",
        "Refusing",
        "NoModel",
        "Absurd",
        "Mute",
        "OutOfMemory",
        "Killed",
        "TooShort",
        "Corrupt",
        "NoFile",
    ],
)
def test_with_real_processes_every_fault_passes_the_sentence_on(tmp_path: Path, adapter: str) -> None:
    bad = host(adapter, tmp_path, name="bad", idle=0.4, first=0.6)
    good = host("Good", tmp_path, name="good")
    chain = Chain([bad, good])
    request = Request("Four score and seven years ago our fathers brought forth.")
    heard = speak(chain, request)
    assert who(heard)[-1] == "good"
    first = sum(one.chunk.samples.size / one.chunk.rate for one in heard if one.engine == "bad")
    second = sum(one.chunk.samples.size / one.chunk.rate for one in heard if one.engine == "good")
    # At fifteen characters a second, until it is measured; the good one makes a tenth for each character.
    left = len(request.text) - first * 15
    assert second * 10 == pytest.approx(left, abs=6)
    status = {one.name: one for one in chain.status()}
    assert status[EngineName("good")].state == "ready"
    fault = status[EngineName("bad")]
    assert fault.last_error
    if adapter == "Refusing":  # a single sentence that is refused may be the sentence's fault
        assert fault.state == "ready"
    else:
        assert fault.state == "resting"
        assert str(fault.last_error) in str(fault.detail)
    # What may come of it again is ended; what can go on, goes on.
    assert (bad.status().pid is None) == (adapter in ENDED)
    bad.close()
    good.close()


def test_a_request_is_never_changed_but_in_its_text() -> None:
    second = FakeEngine("b", well)
    chain = Chain([FakeEngine("a", failing(EngineCrashed("gone"), 0.5)), second], FakeClock())
    request = Request(TEXT, "v", "s", "en-GB", {"speed": 1.5})
    speak(chain, request)
    assert replace(second.requests[0], text=TEXT) == request
