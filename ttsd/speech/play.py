"""Playing to one output: channel -> the output's rate -> fades and volume -> blocking writes.

Invariants
- What is reported as begun, said or ended was *heard*: the played position has passed it.
- Every sample of an utterance reaches the output once, in order, unless the utterance is cut; a device
  that goes and comes back resumes at the sample where it stopped being heard.
- Nothing ends with a step in the waveform: cutting and pausing ramp to zero, resuming ramps up.

One thread calls `step`; `pause`, `resume`, `fade_out`, `volume` and `stop` may be used from any.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from ttsd.audio.dsp import Resampler, ramp, silence
from ttsd.errors import OutputError
from ttsd.model import Priority, State, UtteranceId, WordTime
from ttsd.speech.channel import Begin, End, Item, SentenceStart, Sound
from ttsd.speech.tail import Tail

if TYPE_CHECKING:
    from collections.abc import Callable

    from ttsd.audio.output import Output
    from ttsd.clock import Clock
    from ttsd.model import Chunk, Samples, Spoken, Utterance
    from ttsd.speech.channel import Reader

BLOCK_SECONDS = 0.005
"""Sound handed to the output at a time: commands are obeyed between blocks."""
FADE_SECONDS = 0.004
"""Long enough not to click, short enough not to be noticed."""
REOPEN_SECONDS = 0.25
"""How often an output that is gone is looked for."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word of the utterance begins to sound."""

    id: UtteranceId
    word: WordTime


Mark = SentenceStart | Word | End
"""What is told when the played position has passed it."""


class Listener(Protocol):
    """Who is told what an output let be heard. Called from the output's thread; must not block."""

    def heard(self, player: Player, mark: Mark, at: float) -> None:
        """The mark's first sample was heard at Unix time *at*; for an End: its last, and it was noted."""
        ...

    def changed(self, player: Player, error: OutputError | None) -> None:
        """The output was lost (with the reason), or stands (again) (None)."""
        ...


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
        expire: Callable[[Utterance], None] = lambda _: None,
    ) -> None:
        """*pause*: seconds of silence between two utterances; *required*: speech waits for this output;
        *expire*: takes back an utterance that became too old before its turn came."""
        self.output = output
        self.required = required
        self.pause_seconds = pause
        self.volume = 1.0
        self.sound_from: int = Priority.LOW
        """The lowest priority that is heard; what is lower is played without a sound."""
        self.error: OutputError | None = None
        """Why the output is gone; None while it is well."""
        self.underruns = 0
        """Times the next piece of an utterance came when the one before it had sounded."""
        self._reader, self._listener, self._clock, self._expire = reader, listener, clock, expire
        self._wake = threading.Event()
        self._opened = False
        # Positions are frames since the player was made, over all openings of the output.
        self._written = 0
        self._base = 0
        self._last_heard = 0
        self.tail = Tail()
        self._marks: deque[tuple[int, Mark]] = deque()
        # The utterance being written.
        self._utterance: Utterance | None = None
        self._sounding = False
        self._rate = output.rate or 0
        self._resampler: Resampler | None = None
        self._sound = silence(0)
        self._starting: SentenceStart | None = None
        self._sentence_frame = 0
        self._quiet_since = float("-inf")
        self._broken = False
        """The last utterance was cut in the middle."""
        self._missed = False
        """The output was gone for some of the utterance, and nobody waited: the rest is let by, too."""
        # Commands from other threads, and how far they were obeyed.
        self._cuts: dict[UtteranceId, Spoken] = {}
        """How those end that are to be silent now, which may be several."""
        self._paused = False
        self._silent = False
        self._gain = 1.0

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
        except OutputError as error:
            self._lose(error)

    def _advance(self) -> None:
        self._report()
        if self._utterance is not None and (cut := self._cuts.get(self._utterance.id)) is not None:
            self._drop(cut)
        if self._paused and self._reader.is_leading:
            self._rest()
        elif len(self._sound):
            self._write_block()
        else:
            self._pass_over_the_expired()
            item = self._reader.take(self._patience())
            if item is not None:
                self._accept(item)

    def _pass_over_the_expired(self) -> None:
        """What was synthesised ahead may have become too old: while another sounded, or in a pause."""
        upcoming = self._reader.upcoming()
        expires = upcoming.expires_at if upcoming else None
        if upcoming and expires is not None and expires <= self._clock.time():
            self._expire(upcoming)

    def _accept(self, item: Item) -> None:
        if self._missed and not isinstance(item, Begin):
            self._reader.tell_heard(None)
            return
        match item:
            case Begin():
                self._utterance, self._sounding, self._missed, self._cuts = item.utterance, False, False, {}
                self._rate = self.output.rate or 0
            case SentenceStart():
                self._drain_resampler()
                self._starting = item
            case Sound():
                self._take_chunk(item.id, item.chunk)
            case End():
                self._broken = item.spoken.state is not State.SPOKEN
                self._drain_resampler()
                self._mark(item)
                self._report()

    def _take_chunk(self, id: UtteranceId, chunk: Chunk) -> None:
        self._rate = self._rate or chunk.rate
        if not self._sounding and self._utterance is not None and len(chunk.samples):
            self._sounding = True
            self.output.begin(self._utterance)
            self._append(silence(self._distance()))
        elif self._sounding and self.output.live and not self._silent and self._heard() >= self._written:
            self.underruns += 1
        if self._starting is not None:
            self._sentence_frame = self._mark(self._starting)
            self._starting = None
        for word in chunk.words:
            self._marks.append((self._sentence_frame + int(word.start * self._rate), Word(id, word)))
        if chunk.rate == self._rate:
            self._append(chunk.samples)
        else:
            if self._resampler is None:
                self._resampler = Resampler(chunk.rate, self._rate)
            self._append(self._resampler.push(chunk.samples))

    def _drain_resampler(self) -> None:
        if self._resampler is not None:
            self._append(self._resampler.flush())
            self._resampler = None

    def _append(self, samples: Samples) -> None:
        self._sound = np.concatenate([self._sound, samples]) if len(self._sound) else samples

    def _distance(self) -> int:
        """Frames of silence still missing between the last utterance and this one."""
        if not self.output.live or self._interrupts():
            return 0
        waiting = any(isinstance(mark, End) for _, mark in self._marks)
        quiet = 0.0 if waiting else self._clock.monotonic() - self._quiet_since
        return int(max(0.0, self.pause_seconds - quiet) * self._rate)

    def _interrupts(self) -> bool:
        """Whether what begins is urgent and made another stop: nobody waits for a pause then."""
        urgent = self._utterance is not None and self._utterance.priority is Priority.URGENT
        return urgent and self._broken

    # ---- writing

    def _write_block(self) -> None:
        frames = max(1, int(self._rate * BLOCK_SECONDS))
        block, self._sound = self._sound[:frames], self._sound[frames:]
        target = self._volume()
        if target != self._gain or target != 1.0:
            block, self._gain = ramp(block, self._gain, target), target
        if self._silent and self.output.live:
            block = ramp(block, 0.0, 1.0)
        self._silent = False
        self._write(block)

    def _volume(self) -> float:
        heard = self._utterance is None or self._utterance.priority >= self.sound_from
        return self.volume if heard else 0.0

    def _write(self, block: Samples) -> None:
        self.tail.add(block, self._written)
        self._written += len(block)
        self.output.write(block, self._rate)
        self.tail.forget(self._heard())

    def _fall_silent(self) -> None:
        """Ramp down over the next samples without using them up; between chunks over the last one."""
        if self._silent or not self._sounding or not self.output.live:
            return
        frames = max(1, int(self._rate * FADE_SECONDS))
        ahead = self._sound[:frames] * np.float32(self._gain)
        hold = ahead[-1:] if len(ahead) else self.tail.last()
        self._marks = deque((f + frames if f >= self._written else f, mark) for f, mark in self._marks)
        self._write(ramp(np.concatenate([ahead, np.repeat(hold, frames - len(ahead))]), 1.0, 0.0))

    def _drop(self, cut: Spoken) -> None:
        """The utterance was cut: nothing of it any more, and its end is now."""
        self._fall_silent()
        self._sound, self._resampler = silence(0), None
        ended = any(isinstance(mark, End) and mark.spoken.id == cut.id for _, mark in self._marks)
        heard = self._heard()
        self._marks = deque(
            (frame, mark) for frame, mark in self._marks if not _belongs(mark, cut.id) or frame <= heard
        )
        self._utterance = None
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
        self._wake.wait(self._patience())
        self._wake.clear()

    # ---- what was heard

    def _mark(self, mark: Mark) -> int:
        frame = self._written + len(self._sound)
        self._marks.append((frame, mark))
        return frame

    def _heard(self) -> int:
        self._last_heard = max(self._last_heard, min(self._base + self.output.played(), self._written))
        return self._last_heard

    def _report(self) -> None:
        heard = self._heard()
        while self._marks:
            frame, mark = self._marks[0]
            # A beginning is heard with the sample behind it, an end with the sample before it.
            if heard < frame or (heard == frame and not isinstance(mark, End)):
                return
            now = self._clock.time()
            if isinstance(mark, End):
                mark = End(replace(mark.spoken, ended_at=now))
                self.output.end(mark.spoken)  # where this fails, it is done when the output is back
                self._quiet_since = self._clock.monotonic()
            self._marks.popleft()
            self._listener.heard(self, mark, now)
            if isinstance(mark, End):
                self._reader.tell_heard(mark.spoken.id)

    def _patience(self) -> float | None:
        """Seconds until something will have been heard that is worth telling; None: nothing will."""
        if not self._marks:
            return None
        return max(0.002, (self._marks[0][0] - self._heard()) / (self._rate or 1))

    # ---- losing and finding the output

    def _open(self) -> None:
        self.output.open()
        self._opened = True
        before, self._rate = self._rate, self.output.rate or self._rate
        lost = self.tail.since(self._last_heard)
        self._base = self._written = self._last_heard
        self.tail = Tail()
        self.error = None
        self._listener.changed(self, None)
        if len(lost):
            self._sound = np.concatenate([lost, self._sound])
            self._silent = True  # come back with a ramp
        if before not in (0, self._rate):
            self._change_rate(before)

    def _change_rate(self, before: int) -> None:
        """What waits was made for a device of another rate."""
        self._drain_resampler()
        way = Resampler(before, self._rate)
        self._sound = np.concatenate([way.push(self._sound), way.flush()])
        factor, heard = self._rate / before, self._last_heard
        self._marks = deque((heard + round((frame - heard) * factor), mark) for frame, mark in self._marks)
        self._sentence_frame = heard + round((self._sentence_frame - heard) * factor)

    def _lose(self, error: OutputError) -> None:
        if self._opened:
            self._opened = False
            self.output.close()
        if self.error is None:
            self._listener.changed(self, error)
        self.error = error
        if self.required:
            self._wake.wait(REOPEN_SECONDS)
            self._wake.clear()
        else:
            self._pass_over()

    def _pass_over(self) -> None:
        """Speech does not wait for this output: let everything by until it is looked for again."""
        self._sound, self._resampler, self._utterance = silence(0), None, None
        self._missed, self._cuts = True, {}
        self._marks.clear()
        self.tail = Tail()
        self._written = self._last_heard
        until = self._clock.monotonic() + REOPEN_SECONDS
        while (left := until - self._clock.monotonic()) > 0 and self._reader.take(left) is not None:
            pass
        self._reader.tell_heard(None)


def _belongs(mark: Mark, id: UtteranceId) -> bool:
    return (mark.spoken.id if isinstance(mark, End) else mark.id) == id
