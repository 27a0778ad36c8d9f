"""What is urgent comes first, in whatever order the threads get at it: the test is all of them, step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fakes import FakeClock, FakeEngine, FakeOutput
from hypothesis import given
from hypothesis import strategies as st

from ttsd.engines.chain import Chain
from ttsd.errors import StoreFull
from ttsd.model import Priority, SourceName, State, Utterance, UtteranceId
from ttsd.settings import Duration, Settings, SourceSettings, SpeechSettings
from ttsd.speech.play import BLOCK_SECONDS, FADE_SECONDS
from ttsd.speech.players import Outlet
from ttsd.speech.precedence import in_the_way
from ttsd.speech.reading import Reading
from ttsd.speech.restraint import EVERYTHING, NONE, Restraint
from ttsd.speech.speaker import Speaker
from ttsd.store import Store
from ttsd.text.rules import Extras

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RATE = 8000
HELD = Restraint(begin_from=EVERYTHING)


class Stepped:
    """A real speaker without its threads."""

    def __init__(self, folder: Path) -> None:
        self.clock, self.output = FakeClock(), FakeOutput(rate=RATE)
        self.store = Store.open(folder / "ttsd.db", clock=self.clock)
        self.engine = FakeEngine(rate=RATE, frames_per_char=RATE // 10)
        chat = SourceSettings(name=SourceName("chat"), path="chat.log", interrupt="drop")
        self.speaker = Speaker(
            self.store,
            Chain([self.engine], self.clock),
            [Outlet(self.output)],
            SpeechSettings(pause_ms=0, ahead=Duration(1000)),
            Reading(Settings(sources=(chat,)), Extras(), self.clock, lambda _: ()),
            self.clock,
            publish=lambda _: None,
            died=lambda *_: None,
        )
        (self.player,) = self.speaker._players
        # The test is what they would wait for.
        self.player._patience = lambda: 0.0  # type: ignore[method-assign]  # the test is in its place
        for waits in (self.player._wake, self.speaker._synth._poke):
            waits.wait = lambda _=None: True  # type: ignore[method-assign, assignment]  # the test is in its place

    def say(self, text: str, *, priority: Priority = Priority.NORMAL, source: str = "say") -> UtteranceId:
        return self.store.say(text, priority=priority, source=SourceName(source)).id

    def prepare(self) -> None:
        """The synthesis takes the next one, and makes it."""
        self.speaker._synth.step()

    def play(self, steps: int = 10) -> None:
        """So many blocks are heard."""
        for _ in range(steps):
            self.player.step()
            if self.output.gone is None:
                self.output.hear()
        while self.speaker._ledger.notes.step(timeout=0):
            pass

    def begin(self, text: str, *, source: str = "say") -> UtteranceId:
        """Have it say something, until it sounds."""
        id = self.say(text, source=source)
        self.prepare()
        self.play()
        assert self.store.counts().speaking == 1
        return id

    def to_the_end(self) -> list[UtteranceId]:
        """Speak all there is; who began to sound, in order."""
        while self.store.counts().queued or self.store.counts().speaking:
            self.prepare()
            self.play()
        return self.output.begun

    def states(self) -> dict[UtteranceId, State]:
        return {past.id: past.state for past in self.store.history(100)}


@pytest.fixture
def stepped(tmp_path: Path) -> Iterator[Stepped]:
    made = Stepped(tmp_path)
    yield made
    made.store.close()


def test_it_interrupts_though_the_synthesis_took_it_before_anybody_looked(stepped: Stepped) -> None:
    first = stepped.begin("long")
    urgent = stepped.say("fire", priority=Priority.URGENT)
    stepped.prepare()
    stepped.speaker.wake()
    assert stepped.to_the_end() == [first, urgent, first]


def test_it_does_not_wait_for_what_was_prepared_before_it(stepped: Stepped) -> None:
    first, second = stepped.begin("long"), stepped.say("next")
    stepped.prepare()
    urgent = stepped.say("fire", priority=Priority.URGENT)
    stepped.prepare()
    stepped.speaker.wake()
    assert stepped.to_the_end() == [first, urgent, first, second]


def test_what_has_not_begun_is_not_dropped_for_it(stepped: Stepped) -> None:
    prepared = stepped.say("soon", source="chat")  # which drops what is interrupted
    stepped.prepare()
    urgent = stepped.say("fire", priority=Priority.URGENT)
    stepped.prepare()
    stepped.speaker.wake()
    assert stepped.to_the_end() == [urgent, prepared]
    assert set(stepped.states().values()) == {State.SPOKEN}


def test_it_interrupts_what_has_just_begun_though_the_one_before_has_not_ended(stepped: Stepped) -> None:
    first, second = stepped.begin("a"), stepped.say("long")
    stepped.prepare()
    while stepped.output.begun != [first, second]:
        stepped.player.step()  # written, but the last milliseconds of the first were not heard
    urgent = stepped.say("fire", priority=Priority.URGENT)
    stepped.speaker.wake()
    assert stepped.to_the_end() == [first, second, urgent, second]
    assert stepped.states()[first] is State.SPOKEN


@pytest.mark.parametrize("taken", [False, True], ids=["waiting", "taken"])
def test_what_came_in_a_pause_is_the_first_after_it(stepped: Stepped, *, taken: bool) -> None:
    first = stepped.begin("long")
    stepped.speaker.pause()
    urgent = stepped.say("fire", priority=Priority.URGENT)
    if taken:
        stepped.prepare()
    stepped.speaker.wake()
    stepped.play()
    assert stepped.output.begun == [first]
    stepped.speaker.resume()
    assert stepped.to_the_end() == [first, urgent, first]


@pytest.mark.parametrize("taken", [False, True], ids=["waiting", "taken"])
def test_what_was_held_interrupts_when_the_hold_ends(stepped: Stepped, *, taken: bool) -> None:
    first = stepped.begin("long")
    stepped.speaker.restrain(HELD)
    urgent = stepped.say("fire", priority=Priority.URGENT)
    if taken:
        stepped.prepare()
    stepped.speaker.wake()
    stepped.play()
    assert stepped.output.begun == [first]
    stepped.speaker.restrain(NONE)
    assert stepped.to_the_end() == [first, urgent, first]


def test_a_hold_ends_though_the_store_cannot_be_asked(stepped: Stepped) -> None:
    first, ask = stepped.begin("long"), stepped.store.next
    stepped.speaker.restrain(HELD)

    def refuse(exclude: object = ()) -> Utterance | None:
        raise StoreFull("full")

    stepped.store.next = refuse  # type: ignore[method-assign]  # the test is in its place
    stepped.speaker.restrain(NONE)
    stepped.store.next = ask  # type: ignore[method-assign]  # the test is in its place
    last = stepped.say("more")
    assert stepped.to_the_end() == [first, last]


@pytest.mark.parametrize("taken", [False, True], ids=["waiting", "taken"])
def test_what_came_while_a_skipped_one_fades_interrupts_the_next(stepped: Stepped, *, taken: bool) -> None:
    first, second = stepped.begin("long"), stepped.say("next")
    stepped.prepare()
    stepped.speaker.skip()
    while stepped.output.begun != [first, second]:
        stepped.player.step()  # the end of the skipped one is not noted yet
    urgent = stepped.say("fire", priority=Priority.URGENT)
    if taken:
        stepped.prepare()
    stepped.speaker.wake()
    assert stepped.to_the_end() == [first, second, urgent, second]
    assert stepped.states()[first] is State.SKIPPED


@pytest.mark.parametrize("taken", [False, True], ids=["waiting", "taken"])
def test_what_came_while_the_device_was_gone_is_the_first_when_it_is_back(
    stepped: Stepped, *, taken: bool
) -> None:
    first = stepped.begin("long")
    stepped.output.lose()
    stepped.play()
    urgent = stepped.say("fire", priority=Priority.URGENT)
    if taken:
        stepped.prepare()
    stepped.speaker.wake()
    stepped.play()
    stepped.output.gone = None
    assert stepped.to_the_end() == [first, urgent, first]


def test_a_second_one_does_not_interrupt_the_first(stepped: Stepped) -> None:
    first = stepped.begin("long")
    one = stepped.say("fire", priority=Priority.URGENT)
    stepped.prepare()
    stepped.speaker.wake()
    stepped.play()
    other = stepped.say("flood", priority=Priority.URGENT)
    stepped.prepare()
    stepped.speaker.wake()
    assert stepped.to_the_end() == [first, one, other, first]


def test_what_sounds_and_what_follows_it_are_silent_at_once_if_both_are_taken_back(
    stepped: Stepped,
) -> None:
    first, second = stepped.begin("long"), stepped.say("more")
    stepped.prepare()
    before = len(stepped.output.sound)
    stepped.speaker.take_back(lambda _: True, "withdrawn")
    stepped.play(1000)
    assert len(stepped.output.sound) - before <= RATE * (BLOCK_SECONDS + FADE_SECONDS)
    assert stepped.output.begun == [first]
    assert stepped.states() == {first: State.DROPPED, second: State.DROPPED}


def _utterance(id: int, priority: Priority) -> Utterance:
    return Utterance(UtteranceId(id), "text", SourceName("say"), 0.0, priority=priority)


@given(st.lists(st.sampled_from(Priority), max_size=6), st.none() | st.sampled_from(Priority))
def test_in_the_way_is_what_something_more_urgent_waits_behind(
    flying: list[Priority], top: Priority | None
) -> None:
    ones = [_utterance(id, priority) for id, priority in enumerate(flying)]
    last = None if top is None else _utterance(99, top)
    behind = [[*ones[id + 1 :], *([last] if last else [])] for id in range(len(ones))]
    any_, urgent = in_the_way(ones, last)
    assert any_ == tuple(u for u in ones if any(b.priority > u.priority for b in behind[u.id]))
    assert urgent == tuple(u for u in any_ if any(b.priority is Priority.URGENT for b in behind[u.id]))
