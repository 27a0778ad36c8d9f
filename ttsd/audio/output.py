"""What an output is: a place where an utterance's sound goes, and its record when it has ended.

Invariant: `write` returns when the frames are accepted, not when they are heard; `played` tells
what was heard. An output is driven by one thread; only `name` and `describe` may be read by others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ttsd.model import Samples, Spoken, Utterance


class Output(Protocol):
    """Where chunks go. Every method may raise OutputError: then `open` is tried again until it succeeds.

    `rate` and `live` change in `open` alone. No method blocks for more than some seconds.
    """

    name: str
    """Stable and unique among the outputs, such as `pulse:ttsd` or `file:spoken`."""
    live: bool
    """Sound passes in real time and is heard (a device); False: it is kept as fast as it comes (a file)."""
    rate: int | None
    """Frames per second that `write` takes once open; None: whatever rate the chunks have."""

    def open(self) -> None:
        """Take the device; idempotent. Raises OutputError when it is not there (yet)."""
        ...

    def describe(self) -> str:
        """One phrase for people: what this output really is ("PulseAudio sink ttsd, 48000 Hz")."""
        ...

    def begin(self, utterance: Utterance) -> None:
        """The frames that follow belong to *utterance*."""
        ...

    def write(self, samples: Samples, rate: int) -> None:
        """Accept frames, blocking while the device's buffer is full.

        samples: mono float32, shape (frames,); rate: equals `self.rate` unless that is None.
        """
        ...

    def end(self, spoken: Spoken) -> None:
        """The utterance is over; all of it was played unless its state says otherwise."""
        ...

    def rest(self) -> None:
        """All that was written has sounded, and nothing waits: a device may fall asleep. Only asked of live outputs."""
        ...

    def written(self) -> int:
        """Frames accepted since `open`."""
        ...

    def played(self) -> int:
        """Frames heard since `open`, never more than `written` and never going back.

        Raises BetterDevice between two utterances where there is one to go on with.

        Once the loss of the device was raised: what was heard up to then, so that speech can go on there.
        """
        ...

    def close(self) -> None:
        """Give the device back at once; idempotent; what was not played is lost."""
        ...
