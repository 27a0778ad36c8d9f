"""What the coming of a line means before its turn: that it is urgent, or that it takes others back. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ttsd.frozen import frozen
from ttsd.text.withdraw import Target, same_speaker

if TYPE_CHECKING:
    from ttsd.model import Priority, SourceName, Utterance, UtteranceId
    from ttsd.text.rules import RuleBook


@frozen
class Arrival:
    """See the module."""

    priority: Priority | None = None
    """What a route gives it; None: what it has."""
    withdraws: Target | None = None
    """The messages that it takes back."""


def arrival(book: RuleBook, utterance: Utterance) -> Arrival:
    """What the coming of *utterance* means."""
    rules = book.of(utterance.source)
    if not rules.minds_arrival:
        return Arrival()
    target = rules.withdraws(utterance.text)
    if target is not None:
        return Arrival(withdraws=replace(target, source=utterance.source, before=utterance.id))
    if utterance.priority is not rules.source.priority:
        return Arrival()  # it was asked for
    verdict = rules.apply(utterance.text)
    changed = verdict.spoken and verdict.priority is not utterance.priority
    return Arrival(priority=verdict.priority if changed else None)


def meets(
    book: RuleBook, target: Target, id: UtteranceId, source: SourceName, text: str, key: str | None
) -> bool:
    """Whether an utterance is one of those that *target* means."""
    if target.id not in (None, id) or target.source not in (None, source):
        return False
    if target.before is not None and id >= target.before:
        return False
    if target.key is None and target.speaker is None:
        return target.id is not None
    rules = book.of(source)
    speaker, own = rules.identity(text)
    if target.speaker is not None and not same_speaker(speaker, target.speaker):
        return False
    return target.key is None or key == target.key or own == rules.key(target.key)
