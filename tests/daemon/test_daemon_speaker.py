"""One speaker follows another: as it is held, paused and stopped now, not as it was when it was made."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, cast

import pytest
from fakes import FakeClock, FakeEngine, FakeOutput
from waiting import wait_for

from ttsd.clock import SystemClock
from ttsd.daemon.beside import Beside
from ttsd.daemon.mailbox import Done, Mailbox
from ttsd.daemon.speaker_in_use import SpeakerInUse
from ttsd.engines.chain import Chain
from ttsd.model import Priority, State
from ttsd.settings import Settings, SpeechSettings
from ttsd.speech.players import Outlet
from ttsd.speech.reading import Reading
from ttsd.speech.restraint import EVERYTHING, NONE, Restraint
from ttsd.speech.speaker import Speaker
from ttsd.store import Store
from ttsd.text.rules import Extras

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ttsd.model import Utterance

HELD = Restraint(begin_from=3)


class Voice:
    """What of a speaker matters here."""

    def __init__(self) -> None:
        self.paused, self.restraint, self.began_with = False, NONE, (False, NONE)
        self.broken = False

    def start(self) -> None:
        self.began_with = self.paused, self.restraint

    def pause(self) -> None:
        self.paused = True

    def restrain(self, restraint: Restraint) -> None:
        self.restraint = restraint

    def inherit(self, other: Voice) -> None:
        pass

    def stop(self, *, finish: bool, timeout: float) -> None:
        if self.broken:
            raise ValueError("a fault of ours")


class Voices:
    """Speakers that follow each other."""

    def __init__(self) -> None:
        self.mailbox, self.beside = Mailbox(), Beside()
        self.held = NONE
        self.meanwhile: Callable[[], None] = lambda: None
        self.use = SpeakerInUse(
            self._make,  # type: ignore[arg-type]  # it is one as far as it goes here
            FakeClock(),
            self.beside,
            self.mailbox,
            publish=lambda _: None,
            free=lambda: None,
        )
        self.use.start(Settings)
        self._turn()

    def _make(self, settings: Settings) -> Voice:
        del settings
        made = Voice()
        made.restraint = self.held
        self.meanwhile()
        return made

    def succeed(self) -> Voice:
        self.use.succeed(Settings(), timeout=0)
        self._turn()
        return cast("Voice", self.use.speaker)

    def _turn(self) -> None:
        """What the main thread does with what was done beside it."""
        self.beside.join()
        message = self.mailbox.get(1)
        assert isinstance(message, Done)
        message.then()


def test_a_hold_that_ends_while_the_next_speaker_is_made_does_not_hold_it() -> None:
    voices = Voices()
    voices.held = HELD
    voices.use.restrain(HELD)
    voices.meanwhile = lambda: voices.use.restrain(NONE)  # somebody has stopped speaking
    assert voices.succeed().began_with == (False, NONE)


def test_a_pause_holds_for_the_next_speaker_from_its_first_moment() -> None:
    voices = Voices()
    voices.use.pause(paused=True)
    assert voices.succeed().began_with == (True, NONE)


def test_a_speaker_that_fails_to_end_is_followed_all_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    voices = Voices()
    old = cast("Voice", voices.use.speaker)
    old.broken = True
    assert voices.succeed() is not old
    assert "a fault of ours" in capsys.readouterr().out


class Speaking:
    """A real speaker on a device that is the test."""

    def __init__(self, folder: Path) -> None:
        clock, self.output = SystemClock(), FakeOutput()
        self.store = Store.open(folder / "ttsd.db", clock=clock)
        self.speaker = Speaker(
            self.store,
            Chain([FakeEngine()], clock),
            [Outlet(self.output)],
            SpeechSettings(),
            Reading(Settings(), Extras(), clock, lambda _: ()),
            clock,
            publish=lambda _: None,
            died=lambda *_: None,
        )
        self.speaker.start()

    def begin(self, text: str) -> Utterance:
        """Have it say something, until it sounds."""
        said = self.store.say(text)
        self.speaker.wake()
        wait_for(lambda: len(self.output.sound) > 800, "its sound")
        self.output.hear(400)
        wait_for(lambda: self.store.counts().speaking, "it to be heard")
        return said

    def end(self) -> None:
        """Let what sounds be heard to its end."""

        def over() -> bool:
            self.output.hear()
            return self.store.counts().spoken == 1

        wait_for(over, "its end")


@pytest.fixture
def speaking(tmp_path: Path) -> Iterator[Speaking]:
    made = Speaking(tmp_path)
    yield made
    made.speaker.stop(finish=False, timeout=0)
    made.store.close()


def test_who_stops_a_speaker_that_is_stopping_returns_when_it_has_stopped(speaking: Speaking) -> None:
    said = speaking.begin("to be finished")
    both = [
        threading.Thread(target=speaking.speaker.stop, kwargs={"finish": True, "timeout": 30.0})
        for _ in range(2)
    ]
    for thread in both:
        thread.start()
    both[1].join(0.2)
    assert all(thread.is_alive() for thread in both)
    speaking.end()
    for thread in both:
        thread.join(10)
    (past,) = speaking.store.history(1)
    assert (past.id, past.state) == (said.id, State.SPOKEN)


def test_what_is_urgent_and_held_back_interrupts_nobody(speaking: Speaking) -> None:
    said = speaking.begin("to be finished")
    speaking.speaker.restrain(Restraint(begin_from=EVERYTHING))  # quiet hours begin
    speaking.store.say("urgent", priority=Priority.URGENT)
    speaking.speaker.wake()
    assert said.id in {one.id for one in speaking.speaker._ledger.flying()}, "its end was decided"
    speaking.end()
    (past,) = speaking.store.history(1)
    assert (past.id, past.state) == (said.id, State.SPOKEN)
