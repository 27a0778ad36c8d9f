"""What is said of an utterance: the rules of its source, and what was said shortly before.

Invariants: reading the same utterance again (it was withdrawn, or interrupted) gives the same answer and
counts once; what is not said has a reason. Memory is bounded. One thread reads.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from ttsd.model import State
from ttsd.text.limits import Limits
from ttsd.text.repeats import Repeats
from ttsd.text.rules import NOTHING, RuleBook

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ttsd.clock import Clock
    from ttsd.model import EngineName, SourceName, Spoken, Utterance, UtteranceId
    from ttsd.settings import Settings
    from ttsd.text.rules import Extras, Rules, Verdict

log = structlog.get_logger("ttsd.speech")

MOST_REMEMBERED = 4096
"""Utterances whose reading is remembered."""


@dataclass(frozen=True, slots=True)
class Script:
    """What the engines are to speak."""

    sentences: tuple[str, ...]
    """One at a time; a sentence that is `blocklist.BEEP` alone is a beep."""
    language: str
    """BCP 47."""
    voice: str | None
    engine: EngineName | None
    """The engine to try before the chain."""
    adapt: Callable[[str, EngineName], str]
    """A sentence as this engine should get it."""


@dataclass(frozen=True, slots=True)
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
    ) -> None:
        """*waiting*: what of the same source waits behind an utterance; *spoken*: history, newest first.

        Raises PatternError for rules that `ttsd check` refuses.
        """
        self._book = RuleBook(settings, extras)
        self._clock, self._waiting = clock, waiting
        self._repeats = Repeats()
        self._limits: dict[SourceName, Limits] = {}
        self._read: OrderedDict[UtteranceId, str] = OrderedDict()
        for past in reversed(spoken):
            rules = self._book.of(past.source)
            if past.state is State.SPOKEN and rules.source.duplicates is not None:
                text = rules.apply(past.text).text
                self._repeats.again(text, rules.source.duplicates, past.ended_at, source=past.source)

    def read(self, utterance: Utterance) -> Script | Refusal:
        """What becomes of *utterance*."""
        rules = self._book.of(utterance.source)
        verdict = rules.apply(utterance.text, voice=utterance.voice)
        if verdict.trouble is not None:
            log.warning("rule_trouble", source=utterance.source, id=utterance.id, what=verdict.trouble)
        if verdict.reason is not None:
            return Refusal(State.SKIPPED if verdict.reason == NOTHING else State.DROPPED, verdict.reason)
        reason = self._superseded(rules, verdict, utterance) or self._too_much(rules, verdict, utterance)
        if reason is not None:
            return Refusal(State.DROPPED, reason)
        return Script(
            rules.sentences(verdict),
            verdict.language,
            verdict.voice,
            utterance.engine or verdict.engine,
            lambda sentence, engine: rules.for_engine(sentence, verdict.language, engine),
        )

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
                return reason
        self._read[utterance.id] = verdict.text
        if len(self._read) > MOST_REMEMBERED:
            self._read.popitem(last=False)
        return None
