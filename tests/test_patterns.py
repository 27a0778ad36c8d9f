"""A user's regular expression does what people expect of one, and cannot hang or swell the daemon."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttsd.errors import PatternError, PatternSlow
from ttsd.patterns import LIMIT, Pattern

CATASTROPHES = [
    (r"^(a+)+$", "a" * 50_000 + "!"),
    (r"(a|a)*$", "a" * 60_000 + "!"),
    (r"(a|aa)+$", "a" * 60_000 + "b"),
    (r"(x+x+)+y", "x" * 60_000),
    (r"^(([a-z])+.)+[A-Z]([a-z])+$", "a" * 60_000),
    (r"(?i)(\w+ )+(\w+ )+(\w+ )+z", "word " * 10_000),
    (r"(?:a?){2000}a{2000}", "a" * 2000),
    (r"(\w+\s?)*:$", "word " * 10_000),
    (r"(?<=(a+)+)b", "a" * 60_000),
    (r"(.+)\1\1z", "ab" * 30_000),
]


def slowness(pattern: Pattern, text: str) -> str | None:
    try:
        pattern.found(text)
    except PatternSlow as error:
        return str(error)
    return None


@pytest.mark.parametrize(("pattern", "text"), CATASTROPHES)
def test_no_pattern_takes_much_longer_than_it_may(pattern: str, text: str) -> None:
    compiled = Pattern(pattern)
    began = time.thread_time()
    problem = slowness(compiled, text)
    assert problem is None or (pattern in problem and "100 ms" in problem)
    # Of this thread's own time: the machine may be busy.
    assert time.thread_time() - began < LIMIT * 10


def test_other_threads_run_meanwhile() -> None:
    code = """
import threading, time
from ttsd.errors import PatternSlow
from ttsd.patterns import Pattern
pattern, turns, over = Pattern("^(a+)+$"), [0], threading.Event()
def other():
    while not over.is_set():
        turns[0] += 1
        time.sleep(0)
thread = threading.Thread(target=other)
thread.start()
try:
    pattern.found("a" * 50_000 + "!")
except PatternSlow:
    print(turns[0])
over.set()
thread.join()
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert int(done.stdout) > 10


@pytest.mark.parametrize(
    "pattern",
    [
        "((a{200}){200}){200}",
        "(a{1000}){1000}",
        "a{9999999999}",
        "(" * 5000 + ")" * 5000,
        "(?:" * 200 + "a" + ")" * 200,
    ],
)
def test_a_pattern_that_would_take_gigabytes_is_refused(pattern: str) -> None:
    with pytest.raises(PatternError):
        Pattern(pattern)


def test_a_pattern_that_is_none_says_where() -> None:
    with pytest.raises(PatternError, match=r"is no regular expression: .* at character 5"):
        Pattern("abc(")
    with pytest.raises(PatternError, match="is no regular expression"):
        Pattern("*.tmp")


def test_words_are_unicode_and_look_around_works() -> None:
    assert Pattern(r"^(?P<speaker>\w+): (?P<text>.*)").fields("Zoë: salut") == {
        "speaker": "Zoë",
        "text": "salut",
    }
    assert Pattern(r"\bюла\b").found("моя юла")
    assert Pattern(r"(?<!not )good").found("a good day")
    assert Pattern("STRASSE", ignore_case=True).found("die straße") is False
    assert Pattern("straße", ignore_case=True).found("die Straße")


def test_a_name_may_stand_in_two_alternatives() -> None:
    pattern = Pattern(r"<(?P<speaker>\w+)> (?P<text>.*)|\* (?P<speaker>\w+) (?P<text>.*)")
    assert pattern.names == ("speaker", "text")
    assert pattern.fields("<a> hello") == {"speaker": "a", "text": "hello"}
    assert pattern.fields("* b waves") == {"speaker": "b", "text": "waves"}
    assert pattern.fields("nothing of it") is None


def test_groups_that_took_no_part_are_not_there() -> None:
    assert Pattern(r"(?P<a>x)|(?P<b>y)").fields("y") == {"b": "y"}


def test_matches_are_replaced_with_their_groups() -> None:
    assert Pattern(r"(\w)(\d)?").replace("a1 b", lambda groups: f"[{groups[1]}{groups[2]}]") == "[a1] [b]"


PIECES = st.sampled_from(
    [
        *"()[]{}|?*+^$\\.-,=!<>:#&~ab1é",
        "(?P<",
        "(?:",
        "(?<=",
        "(?i)",
        r"\\p{L}",
        r"\\X",
        "{2,5}",
        "{e<=1}",
        r"\\N{",
        "(?(1)",
    ]
)


@given(st.text(max_size=40) | st.lists(PIECES, max_size=16).map("".join), st.text(max_size=60))
def test_any_text_is_a_pattern_or_refused(source: str, text: str) -> None:
    try:
        pattern = Pattern(source)
    except PatternError:
        return
    assert slowness(pattern, text) is None or pattern.names is not None
