"""Subscribers are told of engines and converters when their state is another one, and of nothing else."""

from __future__ import annotations

from fakes import FakeClock, FakeEngine

from ttsd import events
from ttsd.daemon.engine_news import EngineNews
from ttsd.engines.chain import Chain
from ttsd.engines.conversions import Conversion
from ttsd.settings.voices import ConvertSettings


def told(event: events.Event) -> tuple[str, ...]:
    match event:
        case events.EngineChanged(engine=name, state=state):
            return "engine", name, state
        case events.ConversionChanged(voice=name, state=state):
            return "conversion", name, state
    return (event.name,)


def test_each_state_that_lasts_is_told_once() -> None:
    clock, heard = FakeClock(), list[events.Event]()
    settings = ConvertSettings(command=("sox",))
    program = Conversion(settings, "sox")
    worker = Conversion(settings, "sovits", FakeEngine("sovits"))
    conversions = {"deep": program, "nina": worker}
    chain = Chain([FakeEngine("tone")], clock, conversions=conversions)
    news = EngineNews(clock, heard.append)
    for _ in range(2):
        news.look(chain)
    assert list(map(told, heard)) == [
        ("engine", "tone", "head"),
        ("engine", "tone", "ready"),
        ("conversion", "deep", "installed"),
        ("conversion", "nina", "ready"),
    ]
    heard.clear()
    for converter in (program, worker):
        converter.last_error = "it gave silence"
        converter.breaker.failed(clock.monotonic(), 0.1)
    news.look(chain)
    assert list(map(told, heard)) == [("conversion", "deep", "resting"), ("conversion", "nina", "resting")]
    assert {event.detail for event in heard if isinstance(event, events.ConversionChanged)} == {
        "sox rests for 1 s: it gave silence",
        "sovits rests for 1 s: it gave silence",
    }
    heard.clear()
    clock.advance(2)
    news.look(chain)
    assert list(map(told, heard)) == [("conversion", "deep", "installed"), ("conversion", "nina", "ready")]
