"""Captions: what is heard, as text, from the events that tell of it.

`notice` and `use` may be called from any thread and never wait; the files are written by one thread, which
calls `step`. A sentence becomes a caption when it is over: from its first sample to the next one's, or to
the end; a pause in its middle lengthens it. What was cut is shown as far as it was heard, if that is known.
"""

from __future__ import annotations

import queue
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ttsd import events
from ttsd.logger import Logger
from ttsd.model import State, UtteranceId, WordTime
from ttsd.speech.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from ttsd.clock import Clock
    from ttsd.daemon.caption_files import LiveText, Transcript
    from ttsd.daemon.caption_places import CaptionPlaces
    from ttsd.model import SourceName
    from ttsd.settings.captions import CaptionSettings

log = Logger("ttsd.daemon.captions")

MOST_WAITING = 10_000
"""Events that wait while a disk is slow; what is more is lost to the captions."""
CLOCK_WAS_SET = 1.0
"""Seconds: what happened so much earlier than what was told before it has happened since, by another clock."""
MOST_SPEAKERS = 100
"""Utterances that sound at a time, at most."""


@dataclass(slots=True)
class _Sentence:
    """The one that sounds."""

    id: UtteranceId
    text: str
    began: float
    """Seconds since the captions began."""
    speaker: str | None
    words: list[WordTime] = field(default_factory=list)
    paused: float = 0.0
    """Seconds of pauses in it."""


class Captions:
    """See the module."""

    def __init__(
        self,
        settings: CaptionSettings,
        clock: Clock,
        speaker_of: Callable[[SourceName, str], str],
        died: Callable[[str, BaseException], None],
        places: CaptionPlaces,
    ) -> None:
        """*speaker_of*: who said a line of a source (empty: unknown); *died*: told of a fault of ours;
        *places*: where the captions are that were ever written."""
        self.stage = Stage("captions", self.step, interrupt=self._prod, prod=self._prod, died=died)
        """The thread; whoever made this starts it."""
        self._clock, self._speaker_of, self._places = clock, speaker_of, places
        self._news: queue.Queue[events.Event | CaptionSettings | None] = queue.Queue(MOST_WAITING)
        self._wanted = False
        self._settings = settings
        self._live: LiveText | None = None
        self._transcripts: tuple[Transcript, ...] = ()
        self._began = self._latest = 0.0
        self._sentence: _Sentence | None = None
        self._speakers: dict[UtteranceId, str] = {}
        """Who said what sounds: with several outputs, or if one is lent, more than one does."""
        self._withdrawn: set[UtteranceId] = set()
        """Whose captions are still to be taken out of the files."""
        self._trouble = ""
        self._paused_at: float | None = None
        self._clear_at: float | None = None
        self.use(settings)

    # ---- from any thread

    def notice(self, event: events.Event) -> None:
        """Something happened."""
        if not self._wanted and not isinstance(event, events.Withdrawn):  # which may be in earlier files
            return
        match event:
            case (
                events.Begin()
                | events.SentenceBegin()
                | events.Word()
                | events.End()
                | events.Withdrawn()
                | events.Paused()
                | events.Resumed()
            ):
                self._put(event)

    def use(self, settings: CaptionSettings) -> None:
        """Write as *settings* say from now on; files that stay the same begin anew."""
        self._wanted = bool(settings.text or settings.vtt or settings.srt)
        self._put(settings)

    def _put(self, news: events.Event | CaptionSettings | None) -> None:
        try:
            self._news.put_nowait(news)
        except queue.Full:
            log.warning("captions_lost", waiting=MOST_WAITING)

    def _prod(self) -> None:
        self._put(None)

    # ---- the thread's side

    def step(self) -> None:
        """Take note of what has happened, or wait for it."""
        try:
            news = self._news.get(timeout=self._patience())
        except queue.Empty:
            news = None
        self._take(news)
        if self._clear_at is not None and self._clock.monotonic() >= self._clear_at:
            self._show("")

    def close(self) -> None:
        """End the thread, write what is left, and leave the live text empty; idempotent."""
        self.stage.stop()
        while True:
            try:
                self._take(self._news.get_nowait())
            except queue.Empty:
                break
        if self._settings.clear:
            self._show("")
        self._clean()

    # ---- inside

    def _patience(self) -> float | None:
        return None if self._clear_at is None else max(0.0, self._clear_at - self._clock.monotonic())

    def _take(self, news: events.Event | CaptionSettings | None) -> None:
        at = 0.0
        if isinstance(news, events.Event):
            if news.at < self._latest - CLOCK_WAS_SET:
                self._began -= self._latest - news.at
            self._latest = news.at
            at = news.at - self._began
        match news:
            case events.Begin() if self._settings.speakers and self._transcripts:
                self._speakers[news.id] = self._speaker_of(news.source, news.text)
                if len(self._speakers) > MOST_SPEAKERS:  # an end was lost
                    del self._speakers[next(iter(self._speakers))]
            case events.SentenceBegin():
                self._finish(at)
                self._sentence = _Sentence(news.id, news.text, max(0.0, at), self._speakers.get(news.id))
                self._show(news.text)
            case events.Word() if self._sentence is not None and self._sentence.id == news.id:
                late = self._sentence.paused
                self._sentence.words.append(WordTime(news.text, news.start + late, news.end + late))
            case events.End():
                self._speakers.pop(news.id, None)
                if self._sentence is None or self._sentence.id == news.id:  # else another one sounds
                    self._finish(at, cut=news.state is not State.SPOKEN)
                    if self._settings.clear:
                        self._clear_at = self._clock.monotonic() + self._settings.clear_after
            case events.Paused():
                self._paused_at = at
            case events.Resumed():
                if self._sentence is not None and self._paused_at is not None:
                    self._sentence.paused += max(0.0, at - self._paused_at)
                self._paused_at = None
            case events.Withdrawn():
                self._withdraw({news.id})
            case None | events.Event():
                pass
            case _:
                self._begin(news)

    def _begin(self, settings: CaptionSettings) -> None:
        self._finish(self._clock.time() - self._began)
        if settings.text != self._settings.text and self._live is not None:
            self._show("")
        self._settings, self._began = settings, self._clock.time()
        self._latest = self._began
        self._live, self._transcripts = None, ()
        if not self._wanted:
            return
        from ttsd.daemon.caption_files import LiveText, Transcript  # few want captions

        self._live = LiveText(settings.text) if settings.text is not None else None
        wanted = ((settings.vtt, False), (settings.srt, True))
        self._transcripts = tuple(
            Transcript(path, self._began, self._places, is_srt=is_srt)
            for path, is_srt in wanted
            if path is not None
        )

    def _finish(self, now: float, *, cut: bool = False) -> None:
        """The sentence that sounded is over. *now*: seconds since the captions began."""
        one, self._sentence = self._sentence, None
        if one is None or not self._transcripts:
            return
        text = " ".join(word.text for word in one.words) if cut and one.words else one.text
        from ttsd.text.captions import Caption

        caption = Caption(one.began, max(one.began, now), text, tuple(one.words), one.speaker or None)
        for transcript in self._transcripts:
            transcript.add(one.id, caption)
        self._clean()

    def _withdraw(self, ids: set[UtteranceId]) -> None:
        """Leave these out; many come at once."""
        while not self._news.empty() and isinstance(self._news.queue[0], events.Withdrawn):
            ids.add(self._news.get_nowait().id)  # type: ignore[union-attr]  # it was looked at; nobody else takes
        if self._sentence is not None and self._sentence.id in ids:
            self._sentence = None
            self._show("")
        for transcript in self._transcripts:
            transcript.leave_out(ids)
        self._withdrawn |= ids
        self._clean()

    def _clean(self) -> None:
        """Take out of the files what was withdrawn; what fails is tried again with the next caption, and at the end."""
        if not self._withdrawn:
            return
        from ttsd.daemon.caption_files import withdraw

        try:
            for path in withdraw(self._withdrawn, self._places):
                for transcript in self._transcripts:
                    transcript.look_again(path)
            self._withdrawn, self._trouble = set(), ""
        except OSError as error:
            if str(error) != self._trouble:
                log.error("captions_not_withdrawn", error=str(error))
            self._trouble = str(error)

    def _show(self, text: str) -> None:
        self._clear_at = None
        if self._live is not None:
            self._live.show(text)
