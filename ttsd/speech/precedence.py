"""Who is in whose way: what is under way although something more urgent waits behind it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ttsd.model import Priority

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ttsd.model import Utterance


class InTheWay(NamedTuple):
    """Utterances, the first to be heard first."""

    of_any: tuple[Utterance, ...]
    """Something of a higher priority waits behind these."""
    of_urgent: tuple[Utterance, ...]
    """Something urgent waits behind these. More than one may have begun: the last milliseconds of the
    first sound while an output takes the next one."""


def in_the_way(flying: Sequence[Utterance], top: Utterance | None) -> InTheWay:
    """*flying*: on their way, the first to be heard first; *top*: the most urgent of those that wait.

    What is urgent may be on its way already, behind others: who queued it and who looks are two threads.
    """
    behind = Priority.LOW if top is None else top.priority
    of_any: list[Utterance] = []
    of_urgent: list[Utterance] = []
    for one in reversed(flying):
        if one.priority < behind:
            of_any.insert(0, one)
            if behind is Priority.URGENT:
                of_urgent.insert(0, one)
        behind = max(behind, one.priority)
    return InTheWay(tuple(of_any), tuple(of_urgent))
