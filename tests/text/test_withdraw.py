"""Which messages are taken back, and the lines that tell of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from rule_parts import ANY_TEXT, rules

from ttsd import config
from ttsd.model import Priority, SourceName, Utterance, UtteranceId
from ttsd.settings import Settings, SourceSettings
from ttsd.settings.text import RouteSettings
from ttsd.speech.arrival import Arrival, arrival, meets
from ttsd.text.rules import RuleBook
from ttsd.text.withdraw import WITHDRAWS, Target

if TYPE_CHECKING:
    from pathlib import Path

CHAT = SourceName("chat")
SOURCE = SourceSettings(
    path="chat.log",
    name="chat",
    format="regex",
    pattern=r"^(?P<id>\w+) <(?P<speaker>[^>]+)> (?P<text>.*)$",
    key="{id}",
    withdraw=r"^\* (?:(?P<speaker>\S+) was banned|(?P<key>\w+) was deleted)$",
)
BOOK = RuleBook(Settings(sources=(SOURCE,), route=(RouteSettings(match="fire", priority=Priority.URGENT),)))


def line(text: str, id: int = 5, priority: Priority = Priority.NORMAL) -> Utterance:
    return Utterance(UtteranceId(id), text, CHAT, 0.0, priority=priority)


def means(text: str, priority: Priority = Priority.NORMAL) -> Arrival:
    return arrival(BOOK, line(text, priority=priority))


def fits(target: Target, text: str, id: int = 1, key: str | None = None, source: SourceName = CHAT) -> bool:
    return meets(BOOK, target, UtteranceId(id), source, text, key)


def test_a_line_tells_whose_or_which_messages_are_taken_back_and_only_what_came_before() -> None:
    before = UtteranceId(5)
    assert means("* ana was banned").withdraws == Target(speaker="ana", source=CHAT, before=before)
    assert means("* m1 was deleted").withdraws == Target(key="m1", source=CHAT, before=before)
    assert means("m1 <ana> * ana was banned") == Arrival()


def test_a_line_that_tells_of_a_deletion_is_not_spoken() -> None:
    assert BOOK.of(CHAT).apply("* ana was banned").reason == WITHDRAWS


def test_a_route_gives_a_line_its_priority_unless_it_was_asked_for() -> None:
    assert means("m1 <ana> there is a fire").priority is Priority.URGENT
    assert means("m1 <ana> there is none").priority is None
    assert means("m1 <ana> there is a fire", Priority.LOW).priority is None


def test_messages_are_known_by_id_key_speaker_and_source() -> None:
    assert fits(Target(id=UtteranceId(1)), "x")
    assert not fits(Target(id=UtteranceId(2)), "x")
    assert fits(Target(speaker=" ANA"), "m1 <ana> hello")
    assert not fits(Target(speaker="ana"), "m1 <anabel> hello")
    assert fits(Target(key="m1"), "m1 <ana> hello")
    assert not fits(Target(key="m1"), "m11 <ana> hello")
    assert fits(Target(key="said"), "anything", key="said")
    assert not fits(Target(speaker="ana", source=SourceName("other")), "m1 <ana> hello")
    assert not fits(Target(speaker="ana", before=UtteranceId(1)), "m1 <ana> hello"), "it came after"
    assert not fits(Target(source=CHAT), "m1 <ana> hello"), "a source alone is not meant"


@given(ANY_TEXT)
def test_any_line_may_come(text: str) -> None:
    speaker, _ = BOOK.of(CHAT).identity(text)
    assert isinstance(speaker, str)
    target = means(text).withdraws
    assert target is None or target.key or target.speaker
    assert not fits(Target(speaker="nobody at all"), text)


def test_a_pattern_that_is_too_slow_takes_nothing_back() -> None:
    slow = rules({"withdraw": r"^(?P<speaker>(a|a|b?)+)+$"})
    text = "a" * 5000 + "!"
    assert slow.withdraws(text) is None
    assert slow.apply(text).reason is not None


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ("withdraw = '('", "is no regular expression"),
        ("withdraw = 'gone'", "has neither (?P<key>…) nor (?P<speaker>…)"),
        ("withdraw = 'gone (?P<key>.*)'", "gives its lines none: set `key`"),
    ],
)
def test_a_pattern_that_takes_nothing_back_is_a_mistake(rule: str, problem: str, tmp_path: Path) -> None:
    given = config.given(f'[[sources]]\npath = "a.log"\n{rule}\n', tmp_path / "ttsd.toml", {})
    found = [str(one) for one in config.check(given)[1]]
    assert len(found) == 1
    assert found[0].startswith("sources[0].withdraw: ")
    assert problem in found[0]
