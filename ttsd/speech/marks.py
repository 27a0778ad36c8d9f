"""What is to be told when a position has been heard (beginnings of sentences and words, and ends), and to whom."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Literal, Protocol

from ttsd.frozen import frozen
from ttsd.model import UtteranceId, WordTime
from ttsd.speech.channel import End, SentenceStart

if TYPE_CHECKING:
    from collections.abc import Callable

    from ttsd.speech.play import Player


@frozen
class Word:
    """A word of the utterance begins to sound."""

    id: UtteranceId
    word: WordTime


Mark = SentenceStart | Word | End


class Listener(Protocol):
    """Who is told what an output let be heard. Called from the output's thread; must not block."""

    def written(self, player: Player, id: UtteranceId, at: float) -> None:
        """The first sample of an utterance was handed to the output at Unix time *at*."""
        ...

    def heard(self, player: Player, mark: Mark, at: float) -> None:
        """The mark's first sample was heard at Unix time *at*; for an End: its last, and it was noted."""
        ...

    def may_begin(self, player: Player, id: UtteranceId) -> bool:
        """Whether an utterance may begin on this output, since what sounded before it is recorded. If not,
        the player is nudged when it is worth asking again."""
        ...

    def changed(self, player: Player, state: Literal["open", "changed", "lost"], detail: str) -> None:
        """The output stands (again), or goes on with a better device (*detail*: which), or is lost (why)."""
        ...


class Marks:
    """Marks at frames, in the order in which they are told."""

    def __init__(self) -> None:
        self._marks: deque[tuple[int, Mark]] = deque()

    def add(self, frame: int, mark: Mark) -> None:
        """*mark* is told when *frame* has been heard."""
        self._marks.append((frame, mark))

    @property
    def next(self) -> int | None:
        """The frame of the first mark; None: there is none."""
        return self._marks[0][0] if self._marks else None

    def due(self, heard: int) -> Mark | None:
        """The first mark, if it was heard where *heard* frames were; it stays until `told`."""
        if not self._marks:
            return None
        frame, mark = self._marks[0]
        # A beginning is heard with the sample behind it, an end with the sample before it.
        return mark if heard > frame or (heard == frame and isinstance(mark, End)) else None

    def told(self) -> None:
        """The first mark is done with."""
        self._marks.popleft()

    def ends(self, id: UtteranceId | None = None) -> bool:
        """Whether the end of this utterance (None: of any) is still to be told."""
        return any(isinstance(mark, End) and id in (None, mark.spoken.id) for _, mark in self._marks)

    def forget(self, id: UtteranceId, heard: int) -> None:
        """Drop what of the utterance *id* lies behind frame *heard*."""
        self._marks = deque(
            (frame, mark) for frame, mark in self._marks if frame <= heard or _owner(mark) != id
        )

    def move(self, where: Callable[[int], int]) -> None:
        """Every mark at *frame* lies at *where(frame)* from now on."""
        self._marks = deque((where(frame), mark) for frame, mark in self._marks)

    def clear(self) -> None:
        """Drop all of them."""
        self._marks.clear()


def _owner(mark: Mark) -> UtteranceId:
    return mark.spoken.id if isinstance(mark, End) else mark.id
