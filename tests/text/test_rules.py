"""From a line to what is said: in this order, for every line, and the same each time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rule_parts import ANY_TEXT, MESSY, rules, said, text_of

from ttsd.model import SAY, SourceName
from ttsd.schema import plain
from ttsd.settings import Settings, SourceSettings
from ttsd.settings.text import BlocklistSettings, CleanSettings, PronounceSettings, RouteSettings
from ttsd.text import files
from ttsd.text.explain import explain
from ttsd.text.rules import RuleBook

CHAT = {
    "format": "regex",
    "pattern": r"^\[(?P<time>[\d:]+)\] <(?P<speaker>\w+)> (?P<text>.*)$",
    "template": "{speaker} says {text}",
    "ignore_speakers": ("bot",),
    "exclude_text": ("^!",),
}


def test_the_promised_example() -> None:
    assert said("[12:00] <ana> hello", **CHAT) == "ana says hello"
    assert said("[12:00] <bot> hello", **CHAT) == "[ignore_speakers: bot]"
    assert said("[12:00] <ana> !roll", **CHAT) == '[exclude: "^!"]'
    assert said("* ana waves", **CHAT) == "ana waves"


def test_the_steps_come_in_order_and_each_can_be_seen() -> None:
    made = rules(
        {**CHAT, "max_chars": 40},
        blocklist=(BlocklistSettings(words=("darn",)),),
        pronounce=(PronounceSettings(word="five", say="fife"),),
    )
    verdict = made.apply("[12:00] <ana> d4rn, *5 km* to go and then some more of it", trace=True)
    assert verdict.steps == (
        ("parse", "d4rn, *5 km* to go and then some more of it"),
        ("blocklist", "bleep, *5 km* to go and then some more of it"),
        ("template", "ana says bleep, *5 km* to go and then some more of it"),
        ("markdown", "ana says bleep, 5 km to go and then some more of it"),
        ("units", "ana says bleep, five kilometers to go and then some more of it"),
        ("pronounce", "ana says bleep, fife kilometers to go and then some more of it"),
        ("cut", "ana says bleep, fife, and so on"),
    )
    assert verdict.text == verdict.steps[-1][1]


def test_tracing_changes_nothing_but_the_steps() -> None:
    made = rules(CHAT)
    line = "[12:00] <ana> 5 km 😀 *x*"
    assert made.apply(line, trace=True).text == made.apply(line).text
    assert made.apply(line).steps == ()


@pytest.mark.parametrize("text", ["", " ", "...", "?!", "—", "***", "```", "\u200b", "\x00"])
def test_what_has_nothing_to_say_is_passed_over(text: str) -> None:
    assert said(text) == "[nothing speakable in it]"
    assert said(f"[1] <ana> {text}", **CHAT) == "[nothing speakable in it]"


def test_a_template_that_says_no_text_needs_none() -> None:
    source = {"format": "json", "template": "{who} joined"}
    assert said('{"who": "ana"}', **source) == "ana joined"


def test_emoji_alone_are_said_by_name_or_passed_over() -> None:
    assert said("[1] <ana> 😀", **CHAT) == "ana says grinning face"
    assert said("[1] <ana> 😀", **CHAT, clean=CleanSettings(emoji="drop")) == "[nothing speakable in it]"


def test_a_source_that_is_gone_is_spoken_whole_and_clean() -> None:
    settings = Settings(sources=(SourceSettings(path="a.log", name="a", **CHAT),))  # type: ignore[arg-type]  # a test's shorthand
    book = RuleBook(settings)
    assert book.of(SourceName("a")).apply("[1] <bot> x").reason == "ignore_speakers: bot"
    assert book.of(SourceName("gone")).apply("[1] *x*").text == "[one] x"
    assert book.of(SAY).apply("5 km").text == "five kilometers"


EVERY_RULE = rules(
    {
        **CHAT,
        "max_chars": 60,
        "max_seconds": 5.0,
        "commands": ("!",),
        "key": "{speaker}",
        "voice_pool": ("a", "b"),
    },
    blocklist=(BlocklistSettings(words=("hello", "d*"), action="beep"),),
    pronounce=(PronounceSettings(word="haha", say="ha"), PronounceSettings(pattern=r"(\d)", say=r"\1 ")),
    route=(RouteSettings(match="x", voice="x"),),
)
PLAIN = rules()


@given(ANY_TEXT | MESSY | (ANY_TEXT | MESSY).map(lambda text: f"[1] <ana> {text}"), st.booleans())
def test_no_line_raises_and_all_that_is_said_can_be_spoken(line: str, trace: bool) -> None:
    for made in (PLAIN, EVERY_RULE):
        verdict = made.apply(line, trace=trace)
        assert verdict == made.apply(line, trace=trace)
        assert verdict.spoken == bool(made.sentences(verdict))
        assert not verdict.text or verdict.spoken
        for sentence in made.sentences(verdict):
            sentence.encode()
            assert len(sentence) <= 400


def test_rules_import_no_other_room() -> None:
    code = "import sys, ttsd.text.rules, ttsd.text.explain, ttsd.text.files; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    rooms = {name.split(".")[1] for name in done.stdout.split() if name.startswith("ttsd.")}
    assert not rooms & {"store", "sources", "engines", "audio", "speech", "control", "cli", "daemon"}


# ---- explain


def test_explain_tells_of_each_line_what_becomes_of_it() -> None:
    source = SourceSettings(path="chat.log", name="chat", **CHAT, duplicates=30.0)  # type: ignore[arg-type]  # a test's shorthand
    lines = ["[1] <ana> 5 km", "[1] <bot> x", "[2] <ana> 5 km!"]
    first, second, third = explain(Settings(sources=(source,)), source, lines)
    assert (first.source, first.spoken, first.text, first.language) == (
        "chat",
        True,
        "ana says five kilometers",
        "en",
    )
    assert [step.step for step in first.steps] == ["parse", "template", "units"]
    assert first.sentences == ("ana says five kilometers",)
    assert first.seconds > 1
    assert (second.spoken, second.reason, second.text, second.speaker) == (
        False,
        "ignore_speakers: bot",
        "",
        "bot",
    )
    assert (third.spoken, third.reason) == (False, "duplicates: said before")
    assert {"line", "source", "spoken", "reason", "text", "steps"} <= set(plain(first))


def test_explain_without_a_source_is_what_say_would_do() -> None:
    (one,) = explain(Settings(), None, ["*5 km*"])
    assert (one.source, one.text) == (None, "five kilometers")


# ---- the files that rules name


def test_files_of_words_are_read(tmp_path: Path) -> None:
    (tmp_path / "words").write_text("# mine\nGIF = jiff\nbad line\n")
    (tmp_path / "bad").write_bytes(b"\xef\xbb\xbf# these\r\ndarn\r\nheck*\r\n")
    settings = Settings(
        dictionary=tmp_path / "words",
        blocklist=(BlocklistSettings(words=("x",)), BlocklistSettings(file=tmp_path / "bad")),
    )
    read = files.read(settings)
    assert read.paths == (tmp_path / "words", tmp_path / "bad")
    assert read.problems == (f"{tmp_path / 'words'}: line 3: is not `word = what is said`",)
    made = RuleBook(settings, read.extras).of(SAY)
    assert text_of(made.apply("a gif, d4rn heckling")) == "a jiff, bleep bleep"


def test_a_file_that_is_not_there_is_told_and_nothing_else_happens(tmp_path: Path) -> None:
    settings = Settings(dictionary=tmp_path / "none", blocklist=(BlocklistSettings(file=tmp_path),))
    read = files.read(settings)
    assert [problem.split(": ")[1] for problem in read.problems] == ["cannot be read", "cannot be read"]
    assert RuleBook(settings, read.extras).of(SAY).apply("hello").spoken
