"""Playing to one output: channel -> the output's rate -> fades and volume -> blocking writes.

Invariants
- What is reported as begun, said or ended was *heard*: the played position has passed it.
- Every sample of an utterance reaches the output once, in order, unless the utterance is cut; a device
  that goes and comes back resumes at the sample where it stopped being heard.
- No utterance begins to sound before its listener allows it.
- Nothing ends with a step in the waveform: cutting and pausing ramp to zero, resuming ramps up.

One thread calls `step`; `pause`, `resume`, `fade_out`, `volume` and `stop` may be used from any.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ttsd.audio.dsp import ramp
from ttsd.audio.volume import Volume
from ttsd.errors import BetterDevice, OutputError
from ttsd.model import Priority, State
from ttsd.speech.channel import Begin, End, Item, SentenceStart, Sound
from ttsd.speech.fitted import Fitted
from ttsd.speech.marks import Marks, Word
from ttsd.speech.pausing import Pausing
from ttsd.speech.tail import Tail

if TYPE_CHECKING:
    from collections.abc import Callable

    from ttsd.audio.output import Output
    from ttsd.clock import Clock
    from ttsd.model import Chunk, Samples, Spoken, Utterance, UtteranceId
    from ttsd.speech.channel import Reader
    from ttsd.speech.marks import Listener, Mark

BLOCK_SECONDS = 0.005
"""Sound handed to the output at a time: commands are obeyed between blocks."""
FADE_SECONDS = 0.004
"""Long enough not to click, short enough not to be noticed."""
REOPEN_SECONDS = 0.25
"""How often an output that is gone is looked for."""


class Player:
    """Plays the channel to one output."""

    def __init__(
        self,
        output: Output,
        reader: Reader,
        listener: Listener,
        clock: Clock,
        *,
        pause: float,
        required: bool = True,
        volume: float = 1.0,
        expire: Callable[[Utterance], None] = lambda _: None,
    ) -> None:
        """*pause*: seconds between two utterances in which nothing is audible; *required*: speech waits
        for this output; *volume*: its own, a factor; *expire*: takes back an utterance that became too old before its turn came."""
        self.output = output
        self.required = required
        self.volume = 1.0
        self.sound_from: int = Priority.LOW
        """The lowest priority that is heard; what is lower is played without a sound."""
        self.error: OutputError | None = None
        """Why the output is gone; None while it is well."""
        self.underruns = 0
        """Times the next piece of an utterance came when the one before it had sounded."""
        self._reader, self._listener, self._clock, self._expire = reader, listener, clock, expire
        self._wake = threading.Event()
        self._opened = self._changes = False
        # Positions are frames since the player was made, over all openings of the output.
        self._written = 0
        self._base = 0
        self._last_heard = 0
        self.tail = Tail()
        self._marks = Marks()
        self.pausing = Pausing(pause, clock)
        # The utterance being written.
        self._utterance: Utterance | None = None
        self._sounding = False
        self._sound = Fitted(output.rate or 0)
        self._first: tuple[int, UtteranceId] | None = None
        """The frame with which the utterance begins, and whose it is; None: that was written."""
        self._starting: SentenceStart | None = None
        self._sentence_frame = 0
        self._broken = False
        """The last utterance was cut in the middle."""
        self._missed = False
        """The output was gone for some of the utterance, and nobody waited: the rest is let by, too."""
        # Commands from other threads, and how far they were obeyed.
        self._cuts: dict[UtteranceId, Spoken] = {}
        """How those end that are to be silent now, which may be several."""
        self._paused = False
        self._silent = False
        self._own, self._loudness = volume, Volume()

    # ---- from any thread

    def pause(self) -> None:
        """Fall silent within a block and the device's buffer, keeping the place."""
        self._paused = True
        self.nudge()

    def resume(self) -> None:
        """Go on at the sample where `pause` stopped."""
        self._paused = False
        self.nudge()

    def fade_out(self, spoken: Spoken) -> None:
        """Stop sounding this utterance now, which ends so. Call it after the channel was cut."""
        self._cuts[spoken.id] = spoken
        self.nudge()

    def stop(self) -> None:
        """Make the running `step` return soon; nothing more is played."""
        self._reader.close()
        self.nudge()

    def nudge(self) -> None:
        """Make the running `step` return soon, to look at what changed."""
        self._wake.set()
        self._reader.nudge()

    @property
    def settled(self) -> bool:
        """Whether the output stands, or is known to be gone and looked for."""
        return self._opened or self.error is not None

    @property
    def stopped(self) -> bool:
        """Whether `stop` was called."""
        return self._reader.closed

    def close(self) -> None:
        """Give the output back, when no thread calls `step` any more."""
        self.output.close()
        self._opened = False

    # ---- the thread's side

    def step(self) -> None:
        """Write one block or take one item; block at most until something changes."""
        try:
            if not self._opened:
                self._open()
            self._advance()
        except BetterDevice:
            self._opened, self._changes = False, True
            self.output.close()
        except OutputError as error:
            self._lose(error)

    def _advance(self) -> None:
        self._report()
        if self._utterance is not None and (cut := self._cuts.get(self._utterance.id)) is not None:
            self._drop(cut)
        if self._paused and self._reader.is_leading:
            self._rest()
        elif self._is_held_back():
            self._sleep(self._patience())
        elif len(self._sound):
            self._write_block()
        else:
            item = self._reader.take(self._patience())
            if item is not None:
                self._accept(item)

    def _is_held_back(self) -> bool:
        """Whether an utterance would begin now that may not."""
        if not len(self._sound):
            beginning = self._next()
        elif self._first is not None and self._first[0] < self._written + self._block():
            beginning = self._first[1]
        else:
            beginning = None
        return beginning is not None and not self._listener.may_begin(self, beginning)

    def _next(self) -> UtteranceId | None:
        """The utterance that the channel's next item begins.

        What was synthesised ahead may have become too old, while another sounded or in a pause: it is passed over.
        """
        upcoming = self._reader.upcoming()
        expires = upcoming.expires_at if upcoming else None
        if upcoming and expires is not None and expires <= self._clock.time():
            self._expire(upcoming)
            return None
        return upcoming.id if upcoming else None

    def _accept(self, item: Item) -> None:
        if self._missed and not isinstance(item, Begin):
            self._reader.tell_heard(None)
            return
        match item:
            case Begin():
                self._utterance, self._sounding, self._missed, self._cuts = item.utterance, False, False, {}
                self._starting = None
                self._sound.rate = self.output.rate or 0
            case SentenceStart():
                self._sound.flush()
                self._starting = item
            case Sound():
                self._take_chunk(item.id, item.chunk)
            case End():
                self._broken = item.spoken.state is not State.SPOKEN
                self._sound.flush()
                self._mark(item)
                if self._sounding and not self._broken:
                    self._sound.end(self.pausing.seconds if self.output.live else 0.0)
                    self.pausing.begin(self._written + len(self._sound))
                self._report()

    def _take_chunk(self, id: UtteranceId, chunk: Chunk) -> None:
        missing = 0.0
        if not self._sounding or self._starting is not None:
            missing = self._sound.begin(chunk.samples, chunk.rate, self._pause())
        if self._sounding and not missing and self._is_late():
            self.underruns += 1
        if not self._sounding and self._utterance is not None:
            self._sounding = True
            self._first = self._written + len(self._sound), id
            self.output.begin(self._utterance)
        if self._starting is not None:
            self._sentence_frame = self._mark(self._starting)
            self._starting = None
        for word in chunk.words:
            self._marks.add(self._sentence_frame + int(word.start * self._sound.rate), Word(id, word))
        self._sound.push(chunk.samples, chunk.rate)

    def _is_late(self) -> bool:
        """Whether all that was written has sounded, and people wait for more."""
        return self.output.live and not self._silent and self._heard() >= self._written

    def _pause(self) -> float:
        """Seconds that are to pass, from now or from the end of what still sounds, until the next sound."""
        if self._sounding:
            return self._starting.pause if self._starting is not None else 0.0
        return self.pausing.left() if self.output.live and not self._interrupts() else 0.0

    def _interrupts(self) -> bool:
        """Whether what begins is urgent and made another stop: nobody waits for a pause then."""
        urgent = self._utterance is not None and self._utterance.priority is Priority.URGENT
        return urgent and self._broken

    # ---- writing

    def _write_block(self) -> None:
        frames = self._block()
        block = self._loudness.push(self._sound.take(frames), self._sound.ahead(frames), self._factor())
        if self._silent and self.output.live:
            block = ramp(block, 0.0, 1.0)
        self._silent = False
        self._write(block)

    def _block(self) -> int:
        return max(1, int(self._sound.rate * BLOCK_SECONDS))

    def _factor(self) -> float:
        heard = self._utterance is None or self._utterance.priority >= self.sound_from
        return self.volume * self._own if heard else 0.0

    def _write(self, block: Samples) -> None:
        self.tail.add(block, self._written)
        self._written += len(block)
        self.output.write(block, self._sound.rate)
        if self._first is not None and self._first[0] < self._written:
            (_, id), self._first = self._first, None
            self._listener.written(self, id, self._clock.time())
        self.tail.forget(self._heard())

    def _fall_silent(self) -> None:
        """Ramp down over the next samples without using them up; between chunks over the last one."""
        if self._silent or not self._sounding or self._first is not None or not self.output.live:
            return
        frames = max(1, int(self._sound.rate * FADE_SECONDS))
        ahead = self._sound.ahead(frames) * np.float32(self._loudness.factor)
        hold, written = ahead[-1:] if len(ahead) else self.tail.last(), self._written
        self._move(lambda frame: frame + frames if frame >= written else frame)
        self._write(ramp(np.concatenate([ahead, np.repeat(hold, frames - len(ahead))]), 1.0, 0.0))

    def _drop(self, cut: Spoken) -> None:
        """The utterance was cut: nothing of it any more, and its end is now."""
        self._fall_silent()
        self._sound.clear()
        if self._sounding and self._first is None:
            self.pausing.begin(self._written)
        else:  # it was to come behind a pause
            self.pausing.throw_away(self._written)
        ended = self._marks.ends(cut.id)
        self._marks.forget(cut.id, self._heard())
        self._utterance = self._first = None
        if ended:  # the channel gave its end before the cut; otherwise it gives it now
            self._broken = True
            self._mark(End(cut))

    def _rest(self) -> None:
        self._fall_silent()
        self._silent = True
        # What is cut in a pause ends in the pause.
        if self._utterance is None and (end := self._reader.take_end()):
            self._accept(end)
            return
        self._sleep(self._patience())

    def _sleep(self, timeout: float | None) -> None:
        """Until *timeout* seconds have passed, or a nudge."""
        self._wake.wait(timeout)
        self._wake.clear()

    # ---- what was heard

    def _mark(self, mark: Mark) -> int:
        frame = self._written + len(self._sound)
        self._marks.add(frame, mark)
        return frame

    def _heard(self) -> int:
        self._last_heard = max(self._last_heard, min(self._base + self.output.played(), self._written))
        return self._last_heard

    def _report(self) -> None:
        heard = self._heard()
        while (mark := self._marks.due(heard)) is not None:
            now = self._clock.time()
            if isinstance(mark, End):
                mark = End(replace(mark.spoken, ended_at=now))
                self.output.end(mark.spoken)  # where this fails, it is done when the output is back
                self.pausing.ended()
            self._marks.told()
            self._listener.heard(self, mark, now)
            if isinstance(mark, End):
                self._reader.tell_heard(mark.spoken.id)
        if self.pausing.is_over(heard) and self.output.live:
            self.output.rest()

    def _patience(self) -> float | None:
        """Seconds until something will have been heard that is worth telling; None: nothing will."""
        frames = [frame for frame in (self._marks.next, self.pausing.end) if frame is not None]
        return max(0.002, (min(frames) - self._heard()) / (self._sound.rate or 1)) if frames else None

    # ---- losing and finding the output

    def _open(self) -> None:
        self.output.open()
        self._opened = True
        before, rate = self._sound.rate, self.output.rate or self._sound.rate
        lost = self.tail.since(self._last_heard)
        self._base = self._written = self._last_heard
        self.tail = Tail()
        self.error = None
        self._listener.changed(self, "changed" if self._changes else "open", self.output.describe())
        self._changes = False
        if len(lost):
            self._sound.put_back(lost)
            self._silent = True  # come back with a ramp
        self._sound.refit(rate)
        if before not in (0, rate):  # what waits was made for a device of another rate
            factor, heard = rate / before, self._last_heard
            self._move(lambda frame: heard + round((frame - heard) * factor))

    def _move(self, where: Callable[[int], int]) -> None:
        """What lies at a frame lies at *where* of it from now on."""
        self._marks.move(where)
        self.pausing.move(where)
        self._sentence_frame = where(self._sentence_frame)
        if self._first is not None:
            self._first = where(self._first[0]), self._first[1]

    def _lose(self, error: OutputError) -> None:
        if self._opened:
            self._opened = False
            self.output.close()
        if self.error is None:
            self._listener.changed(self, "lost", str(error))
        self.error, self._changes = error, False
        if self.required:
            self._sleep(REOPEN_SECONDS)
        else:
            self._pass_over()

    def _pass_over(self) -> None:
        """Speech does not wait for this output: let everything by until it is looked for again."""
        self._sound.clear()
        self._utterance = self._first = None
        self._missed, self._cuts = True, {}
        self._marks.clear()
        self.pausing.end = None
        self.tail = Tail()
        self._written = self._last_heard
        until = self._clock.monotonic() + REOPEN_SECONDS
        while (left := until - self._clock.monotonic()) > 0 and self._reader.take(left) is not None:
            pass
        self._reader.tell_heard(None)
