"""The pipeline of speech in one thread: every stage on a real store, stepped by the test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakes import FakeClock, FakeEngine, FakeOutput

from ttsd import events
from ttsd.engines.chain import Chain
from ttsd.model import State
from ttsd.settings import Settings
from ttsd.speech.channel import Channel
from ttsd.speech.ledger import Ledger
from ttsd.speech.levels import Levels
from ttsd.speech.play import Player
from ttsd.speech.reading import Reading
from ttsd.speech.synth import Synth
from ttsd.store import Store
from ttsd.text.rules import Extras

if TYPE_CHECKING:
    from pathlib import Path


def _reading(clock: FakeClock) -> Reading:
    return Reading(Settings(), Extras(), clock, lambda _: ())


class Pipeline:
    """Every stage on a real store, with a fake engine and a fake device."""

    def __init__(
        self,
        folder: Path,
        *outputs: FakeOutput,
        pause: float = 0.0,
        sentence_pause: float = 0.1,
        chain: Chain | None = None,
        levels: Levels | None = None,
    ) -> None:
        """*chain*: None: of `engine`; *levels*: None: sound stays as loud as it is."""
        self.clock = FakeClock()
        self.store = Store.open(folder / "ttsd.db", clock=self.clock)
        self.engine = FakeEngine()
        self.outputs = outputs or (FakeOutput(),)
        self.events: list[events.Event] = []
        self.channel = Channel(ahead=1000)
        self.ledger = Ledger(self.store, self.clock, self.events.append)
        self.synth = Synth(
            self.ledger,
            self.channel,
            chain or Chain([self.engine], self.clock),
            self.clock,
            levels or Levels(None),
            _reading(self.clock),
            sentence_pause=sentence_pause,
        )
        self.players = [
            Player(output, self.channel.reader(leads=output.live), self.ledger, self.clock, pause=pause)
            for output in self.outputs
        ]
        for player in self.players:
            player._patience = lambda: 0.0  # type: ignore[method-assign] # the test is what it would wait for
        self.ledger.attend(self.players)

    def play(self, *, hear: bool = True) -> None:
        """Step the players until they have nothing to do."""
        for player, output in zip(self.players, self.outputs, strict=True):
            idle = 0
            while idle < 3:
                before = len(output.sound), len(output.ended), len(player._reader.items)
                player.step()
                if hear:
                    output.hear()
                self.record()
                now = len(output.sound), len(output.ended), len(player._reader.items)
                idle = idle + 1 if now == before else 0
        self.record()

    def record(self) -> None:
        """Let the store have the notes that it takes."""
        while self.ledger.notes.step(timeout=0):
            pass

    def state(self, id: int) -> State:
        found = self.store.get(id)  # type: ignore[arg-type]  # tests have plain numbers
        if found is not None:
            return found.state
        return next(spoken.state for spoken in self.store.history(100) if spoken.id == id)

    def names(self) -> list[str]:
        """Of the events, but for the outputs'."""
        return [event.name for event in self.events if not isinstance(event, events.DeviceChanged)]
