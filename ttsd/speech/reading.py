"""What is said of an utterance: the rules of its source, and what was said shortly before.

Invariants: reading the same utterance again (it was withdrawn, or interrupted) gives the same answer and
counts once; what is not said has a reason. Memory is bounded. One thread reads.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

from ttsd.frozen import frozen
from ttsd.logger import Logger
from ttsd.model import State
from ttsd.speech import earcons
from ttsd.speech.arrival import arrival
from ttsd.speech.presets import Presets
from ttsd.speech.script import Script, script_of
from ttsd.text.limits import Limits
from ttsd.text.repeats import Repeats
from ttsd.text.rules import NOTHING, RuleBook
from ttsd.text.withdraw import WITHDRAWS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Literal

    from ttsd.clock import Clock
    from ttsd.model import SourceName, Spoken, Utterance, UtteranceId
    from ttsd.settings import Settings
    from ttsd.text.rules import Extras, Rules, Verdict
    from ttsd.text.withdraw import Target

log = Logger("ttsd.speech")

MOST_REMEMBERED = 4096
"""Utterances whose reading is remembered."""


@frozen
class Refusal:
    """It is not spoken."""

    state: State
    """skipped or dropped."""
    reason: str


class Reading:
    """Reads utterances by the rules of one configuration."""

    def __init__(
        self,
        settings: Settings,
        extras: Extras,
        clock: Clock,
        waiting: Callable[[Utterance], Iterable[Utterance]],
        spoken: Sequence[Spoken] = (),
        withdraw: Callable[[Target], None] = lambda _: None,
    ) -> None:
        """*waiting*: what of the same source waits behind an utterance; *spoken*: history, newest first;
        *withdraw*: takes messages back.

        Raises PatternError for rules that `ttsd check` refuses.
        """
        self.book = RuleBook(settings, extras)
        """The rules of each source. Any thread may read it."""
        self._presets = Presets(settings)
        self._clock, self._waiting, self._withdraw = clock, waiting, withdraw
        self._repeats = Repeats()
        self._limits: dict[SourceName, Limits] = {}
        self._read: OrderedDict[UtteranceId, str] = OrderedDict()
        self._counting = threading.Lock()
        self._skipped: dict[SourceName, int] = {}
        for past in reversed(spoken):
            rules = self.book.of(past.source)
            if past.state is State.SPOKEN and rules.source.duplicates is not None:
                text = rules.apply(past.text).text
                self._repeats.again(text, rules.source.duplicates, past.ended_at, source=past.source)

    # ---- from any thread

    def interrupts(self, source: SourceName) -> Literal["resume", "queue", "drop"] | None:
        """What becomes of an utterance of *source* that something urgent interrupts; None: as elsewhere."""
        return self.book.of(source).source.interrupt

    def take_skipped(self) -> dict[SourceName, int]:
        """How many lines limits have cost each source that tells it, since this was asked last."""
        with self._counting:
            skipped, self._skipped = self._skipped, {}
        return skipped

    # ---- from the one thread that reads

    def read(self, utterance: Utterance) -> Script | Refusal:
        """What becomes of *utterance*."""
        tones = earcons.script_of(utterance.source)
        if tones is not None:
            return tones
        rules = self.book.of(utterance.source)
        verdict = rules.apply(utterance.text, voice=utterance.voice)
        if verdict.trouble is not None:
            log.warning("rule_trouble", source=utterance.source, id=utterance.id, what=verdict.trouble)
        if verdict.reason == WITHDRAWS and (target := arrival(self.book, utterance).withdraws) is not None:
            self._withdraw(target)  # again, if it was done when it came
        if verdict.reason is not None:
            return Refusal(State.SKIPPED if verdict.reason == NOTHING else State.DROPPED, verdict.reason)
        reason = self._superseded(rules, verdict, utterance) or self._too_much(rules, verdict, utterance)
        if reason is not None:
            return Refusal(State.DROPPED, reason)
        return script_of(rules, verdict, self._presets, utterance.engine)

    def _superseded(self, rules: Rules, verdict: Verdict, utterance: Utterance) -> str | None:
        """A newer line with the same key waits: it is said instead."""
        if verdict.key is None:
            return None
        for newer in self._waiting(utterance):
            if rules.apply(newer.text).key == verdict.key:
                return "replaced by a newer one with its key"
        return None

    def _too_much(self, rules: Rules, verdict: Verdict, utterance: Utterance) -> str | None:
        source, window = rules.source, rules.source.duplicates
        before = self._read.pop(utterance.id, None)
        if before is not None and window is not None:
            self._repeats.forget(before, source=utterance.source)
        if window is not None and self._repeats.again(
            verdict.text, window, self._clock.time(), source=utterance.source
        ):
            return "duplicates: it was said a short while ago"
        if before is None and (source.limit is not None or source.speaker_limit is not None):
            limits = self._limits.setdefault(utterance.source, Limits(source))
            reason = limits.allow(verdict.speaker, self._clock.monotonic())
            if reason is not None:
                self._count(rules, utterance.source)
                return reason
        self._read[utterance.id] = verdict.text
        if len(self._read) > MOST_REMEMBERED:
            self._read.popitem(last=False)
        return None

    def _count(self, rules: Rules, source: SourceName) -> None:
        if rules.source.tell_skipped:
            with self._counting:
                self._skipped[source] = self._skipped.get(source, 0) + 1
