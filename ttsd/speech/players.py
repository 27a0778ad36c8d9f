"""All outputs as one: what is asked of every player, and how each of them is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ttsd.frozen import frozen
from ttsd.speech.play import Player
from ttsd.speech.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ttsd.audio.output import Output
    from ttsd.clock import Clock
    from ttsd.model import Spoken, Utterance
    from ttsd.speech.channel import Channel
    from ttsd.speech.marks import Listener


@frozen
class OutputStatus:
    """How an output is."""

    name: str
    description: str
    required: bool
    error: str | None
    """Why it is gone; None: it is well, or was not needed yet."""
    underruns: int = 0
    """Times the sound of an utterance was not there when it was due, since the output was made."""


@frozen
class Outlet:
    """An output, and how speech goes to it."""

    output: Output
    required: bool = True
    """Speech waits while it is gone."""
    volume: float = 1.0
    """A linear factor of its own."""


class Players:
    """A player for each outlet, in their order."""

    def __init__(
        self,
        outlets: Sequence[Outlet],
        channel: Channel,
        listener: Listener,
        clock: Clock,
        *,
        pause: float,
        expire: Callable[[Utterance], None],
    ) -> None:
        """*pause*, *expire*: see `Player`."""
        self.paused = False
        """Whether `pause` is in force."""
        self._players = tuple(
            Player(
                outlet.output,
                channel.reader(leads=outlet.output.live),
                listener,
                clock,
                pause=pause,
                required=outlet.required,
                volume=outlet.volume,
                expire=expire,
            )
            for outlet in outlets
        )

    def __iter__(self) -> Iterator[Player]:
        return iter(self._players)

    def stages(self, died: Callable[[str, BaseException], None]) -> tuple[Stage, ...]:
        """Their threads, to be started; *died*: see `Stage`."""
        return tuple(
            Stage(
                f"play-{player.output.name}", player.step, interrupt=player.stop, died=died, prod=player.nudge
            )
            for player in self
        )

    # ---- commands

    def pause(self) -> None:
        """Fall silent; what is heard keeps its place."""
        self.paused = True
        for player in self:
            player.pause()

    def resume(self) -> None:
        """Go on where `pause` stopped."""
        self.paused = False
        for player in self:
            player.resume()

    def fade_out(self, spoken: Spoken) -> None:
        """See `Player`."""
        for player in self:
            player.fade_out(spoken)

    def set_pause(self, pause: float) -> None:
        """*pause*: seconds between two utterances from the next one on."""
        for player in self:
            player.pausing.seconds = pause

    def set_volume(self, volume: float) -> None:
        """*volume*: a factor, 1.0 as synthesised, 0.0 mute; reached by a ramp."""
        for player in self:
            player.volume = volume

    def sound_from(self, lowest: int) -> None:
        """Let what is of a lower priority sound without a sound."""
        for player in self:
            player.sound_from = lowest

    # ---- how they are

    @property
    def settled(self) -> bool:
        """Whether every output stands, or is known to be gone and looked for."""
        return all(player.settled for player in self)

    @property
    def well(self) -> bool:
        """Whether none is gone."""
        return not any(player.error for player in self)

    def levels(self) -> dict[str, float]:
        """How loud each output sounds just now, in dB of full scale."""
        return {player.output.name: round(player.tail.level(), 1) for player in self}

    def statuses(self) -> tuple[OutputStatus, ...]:
        """How each output is."""
        return tuple(
            OutputStatus(
                name=player.output.name,
                description=player.output.describe(),
                required=player.required,
                error=str(player.error) if player.error else None,
                underruns=player.underruns,
            )
            for player in self
        )
