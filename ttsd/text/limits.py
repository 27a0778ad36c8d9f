"""How much a source and each of its speakers may say: token buckets. Time is a parameter.

A bucket holds as many messages as the limit allows at once and fills evenly. Speakers are bounded: the
one that was quiet longest is forgotten, and has a full bucket when it comes back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ttsd.settings.text import RateSettings, SourceRules

MOST_SPEAKERS = 2000


class Bucket:
    """One allowance."""

    __slots__ = ("_at", "_full", "_left", "_per_second")

    def __init__(self, rate: RateSettings, now: float) -> None:
        """now: seconds of a clock that never goes back."""
        self._full = float(rate.messages)
        self._per_second = rate.messages / rate.per
        self._left, self._at = self._full, now

    def has(self, now: float) -> bool:
        """Whether a message may be said."""
        elapsed = max(now - self._at, 0.0)
        self._left = min(self._full, self._left + elapsed * self._per_second)
        self._at = max(now, self._at)
        return self._left >= 1.0 - 1e-9

    def take(self) -> None:
        """Spend one message."""
        self._left -= 1.0


class Limits:
    """The limits of one source. For one thread."""

    def __init__(self, source: SourceRules) -> None:
        self._source, self._speaker = source.limit, source.speaker_limit
        self._all: Bucket | None = None
        self._speakers: dict[str, Bucket] = {}

    def allow(self, speaker: str, now: float) -> str | None:
        """None: *speaker* may say something now, and it counts. Otherwise the reason why not.

        speaker: empty is one of its own. now: monotonic seconds.
        """
        mine = self._of(speaker, now)
        if mine is not None and not mine.has(now):
            return f"speaker_limit: {speaker.strip() or 'nobody'} says too much"
        if self._source is not None:
            if self._all is None:
                self._all = Bucket(self._source, now)
            if not self._all.has(now):
                return "limit: too much at once"
            self._all.take()
        if mine is not None:
            mine.take()
        return None

    def _of(self, speaker: str, now: float) -> Bucket | None:
        if self._speaker is None:
            return None
        name = speaker.strip().casefold()[:200]
        bucket = self._speakers.pop(name, None) or Bucket(self._speaker, now)
        self._speakers[name] = bucket  # to the end: who was quiet longest stands first
        if len(self._speakers) > MOST_SPEAKERS:
            del self._speakers[next(iter(self._speakers))]
        return bucket
