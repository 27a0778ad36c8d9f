"""What is not to be spoken is not, and the reason names the rule; everything else passes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rule_parts import ANY_TEXT, rules, said, text_of

from ttsd.settings.text import BlocklistSettings
from ttsd.text.blocklist import BEEP, Blocklist
from ttsd.text.rules import Extras

CHAT = {"format": "regex", "pattern": r"^(?:\[(?P<level>\w+)\] )?<(?P<speaker>[^>]+)> (?P<text>.*)$"}


def chat(line: str, **settings: Any) -> str:
    return said(line, **CHAT, **settings)


def test_include_and_exclude_look_at_the_text() -> None:
    assert chat("<a> !roll", exclude_text=("^!",)) == '[exclude: "^!"]'
    assert chat("<a> not !roll", exclude_text=("^!",)) == "not !roll"
    assert chat("<a> deploy done", include_text=("deploy", "build")) == "deploy done"
    assert chat("<a> lunch", include_text=("deploy", "build")) == '[include: no "deploy" or "build"]'
    assert chat("<a> deploy lunch", include_text=("deploy",), exclude_text=("lunch",)) == '[exclude: "lunch"]'


def test_filters_look_through_colours() -> None:
    assert said("\x1b[31mFAILED\x1b[0m x", include_text=(r"^FAILED\b",)) == "FAILED x"


def test_fields_can_be_asked_for() -> None:
    line = '{"event": "Docked", "text": "x"}'
    assert said(line, format="json", include_fields={"event": "^D"}) == "x"
    assert said(line, format="json", include_fields={"event": "^E"}) == '[include_fields: no "^E" in event]'
    assert said(line, format="json", exclude_fields={"event": "^D"}) == '[exclude_fields: "^D" in event]'
    assert said(line, format="json", exclude_fields={"missing": "."}) == "x"


@pytest.mark.parametrize("name", ["bot", "BOT", "NightBot", " bot "])
def test_speakers_are_ignored_whatever_their_capitals(name: str) -> None:
    assert chat(f"<{name}> x", ignore_speakers=("*bot",)).startswith("[ignore_speakers: ")


def test_only_some_speakers_are_allowed() -> None:
    assert chat("<Ana> x", only_speakers=("ana", "b*o")) == "x"
    assert chat("<bruno> x", only_speakers=("ana", "b*o")) == "x"
    assert chat("<carl> x", only_speakers=("ana", "b*o")) == "[only_speakers: not carl]"
    assert said("x", only_speakers=("ana",)) == "[only_speakers: not nobody]"
    assert chat("<ana> x", only_speakers=("ana",), ignore_speakers=("ana",)) == "[ignore_speakers: ana]"


@given(st.text(max_size=12), st.text("ab*", max_size=8))
def test_a_name_fits_a_list_as_a_glob_does(name: str, glob: str) -> None:
    from fnmatch import fnmatchcase

    from ttsd.text.filters import matcher

    expected = fnmatchcase(name.strip().casefold(), glob) if "[" not in name else None
    assert expected is None or matcher((glob,))(name) == expected


def test_levels() -> None:
    assert chat("[INFO] <a> x", min_level="warning") == "[min_level: info is below warning]"
    assert chat("[err] <a> x", min_level="warning") == "x"
    assert chat("<a> x", min_level="warning") == "x"


def test_commands() -> None:
    assert chat("<a>  !roll 6", commands=("!", "/")) == "[commands: it is one]"
    assert chat("<a> roll! 6/", commands=("!", "/"), clean=None) != "[commands: it is one]"


def test_a_slow_pattern_drops_the_line_and_is_told() -> None:
    verdict = rules({"exclude_text": ("^(a+)+$",)}).apply("a" * 50_000 + "!")
    assert not verdict.spoken
    assert verdict.trouble is not None
    assert "^(a+)+$" in verdict.trouble
    assert rules({"exclude_text": ("^(a+)+$",)}).apply("hello").spoken


# ---- word lists

DISGUISES = [
    "darn",
    "DARN",
    "d4rn",
    "d@rn",
    "d.a.r.n",
    "d a r n",
    "d-a-r-n",
    "d_a_r_n",
    "daaaarn",
    "d*rn",
    "dаrn",
]
DISGUISES += ["d\u200barn", "ｄａｒｎ", "dàrn", "**darn**", "darn!", "(darn)", "darn's", "d\u00adarn"]


def listed(*words: str, **settings: Any) -> tuple[BlocklistSettings, ...]:
    return (BlocklistSettings(words=words, **settings),)


@pytest.mark.parametrize("word", DISGUISES)
def test_a_word_is_known_in_every_disguise(word: str) -> None:
    assert Blocklist(["darn"]).find(f"oh {word} it", "X").words == ("darn",)


@pytest.mark.parametrize(
    "text", ["darning class assess", "good goods", "barn", "d", "as a", "cd rn", "a b c", "Scunthorpe"]
)
def test_other_words_are_left_as_they_are_written(text: str) -> None:
    found = Blocklist(["darn", "ass", "god", "cunt"]).find(text, "X")
    assert (found.text, found.words) == (text, ())


def test_a_star_stands_for_any_ending() -> None:
    assert Blocklist(["heck*"]).find("heckling h3cks check", "X").text == "X X check"


def test_masks_beeps_and_drops() -> None:
    line = "oh d4rn it"
    assert text_of(rules(blocklist=listed("darn")).apply(line)) == "oh bleep it"
    assert text_of(rules(blocklist=listed("darn", mask="")).apply(line)) == "oh it"
    assert text_of(rules(blocklist=listed("darn", action="drop")).apply(line)) == "[blocklist: darn]"
    beeping = rules(blocklist=listed("darn", action="beep"))
    verdict = beeping.apply(line)
    assert verdict.text.split(BEEP) == ["oh", "it"]
    assert beeping.sentences(verdict) == ("oh", BEEP, "it")


def test_a_line_that_is_only_a_beep_is_not_spoken() -> None:
    assert (
        text_of(rules(blocklist=listed("darn", action="beep")).apply("darn")) == "[nothing speakable in it]"
    )


def test_nobody_can_write_a_beep() -> None:
    assert BEEP not in rules().apply(f"a {BEEP} b").text
    for line in (
        '{"text": "a \\u0007 b"}',
        '{"text": [97, 32, 7, 98]}',
        '{"text": "a", "speaker": "\\u0007"}',
    ):
        assert BEEP not in rules({"format": "json", "template": "{speaker} {text}"}).apply(line).text


def test_a_list_may_hold_for_some_sources_and_come_from_a_file() -> None:
    assert text_of(rules(blocklist=listed("darn", sources=("other",))).apply("darn")) == "darn"
    extras = Extras(words={0: ["heck"]})
    assert text_of(rules(None, extras, blocklist=listed(file=None)).apply("oh heck")) == "oh bleep"


@given(ANY_TEXT, st.lists(ANY_TEXT, max_size=4))
def test_any_text_and_any_list(text: str, words: list[str]) -> None:
    found = Blocklist(words).find(text, "\ue000")
    if not found.words:
        assert found.text == text
