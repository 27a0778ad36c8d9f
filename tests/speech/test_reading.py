"""What is said of an utterance, and that asking twice makes no difference."""

from __future__ import annotations

from dataclasses import replace

from fakes import FakeClock

from ttsd.model import SourceName, Spoken, State, Utterance, UtteranceId
from ttsd.settings import Settings, SourceSettings
from ttsd.settings.marks import Duration
from ttsd.settings.text import RateSettings
from ttsd.speech.reading import Reading, Refusal
from ttsd.speech.script import Script
from ttsd.text.rules import Extras

CHAT = SourceName("chat")


class Chat:
    """A source with rules, and what it says."""

    def __init__(self, source: SourceSettings, *spoken: Spoken) -> None:
        self.clock = FakeClock()
        self.behind: list[Utterance] = []
        settings = Settings(sources=(replace(source, name="chat"),))
        self.reading = Reading(settings, Extras(), self.clock, lambda _: self.behind, spoken)

    def line(self, id: int, text: str) -> Utterance:
        return Utterance(UtteranceId(id), text, CHAT, self.clock.time())

    def read(self, id: int, text: str) -> str:
        """What is said, or the reason why nothing is."""
        answer = self.reading.read(self.line(id, text))
        return answer.reason if isinstance(answer, Refusal) else " ".join(answer.sentences)


def test_a_line_is_taken_apart_and_said_by_its_template() -> None:
    chat = Chat(
        SourceSettings(
            path="chat.log",
            format="regex",
            pattern=r"^<(?P<speaker>\w+)> (?P<text>.*)$",
            template="{speaker} says {text}",
            ignore_speakers=("bot",),
        )
    )
    assert chat.read(1, "<ana> hello") == "ana says hello"
    answer = chat.reading.read(chat.line(2, "<bot> buy this"))
    assert isinstance(answer, Refusal)
    assert answer.state is State.DROPPED


def test_what_has_nothing_to_say_is_skipped() -> None:
    answer = Chat(SourceSettings(path="chat.log")).reading.read(
        Utterance(UtteranceId(1), "... !!", CHAT, 0.0)
    )
    assert isinstance(answer, Refusal)
    assert answer.state is State.SKIPPED


def test_a_repeated_hello_is_spoken_again_after_the_window() -> None:
    chat = Chat(SourceSettings(path="chat.log", duplicates=Duration(60)))
    assert chat.read(1, "hello") == "hello"
    assert chat.read(2, "Hello!").startswith("duplicates")
    chat.clock.advance(61)
    assert chat.read(3, "hello") == "hello"


def test_an_utterance_is_no_duplicate_of_itself() -> None:
    chat = Chat(SourceSettings(path="chat.log", duplicates=Duration(60)))
    assert chat.read(1, "hello") == chat.read(1, "hello") == "hello"


def test_what_was_spoken_before_a_restart_is_known() -> None:
    clock = FakeClock()
    past = Spoken(
        UtteranceId(1), "hello", CHAT, State.SPOKEN, None, None, clock.time() - 9, clock.time() - 5, 1.0
    )
    chat = Chat(SourceSettings(path="chat.log", duplicates=Duration(60)), past)
    assert chat.read(2, "hello").startswith("duplicates")


def test_a_newer_line_with_the_same_key_is_said_instead() -> None:
    chat = Chat(SourceSettings(path="chat.log", format="logfmt", key="{score}"))
    chat.behind = [chat.line(2, "score=team text=three")]
    assert chat.read(1, "score=team text=two").startswith("replaced")
    chat.behind = []
    assert chat.read(2, "score=team text=three") == "three"


def test_a_limit_counts_each_utterance_once() -> None:
    chat = Chat(SourceSettings(path="chat.log", limit=RateSettings(messages=1, per=Duration(60))))
    assert chat.read(1, "one") == chat.read(1, "one") == "one"
    assert chat.read(2, "two").startswith("limit")


def test_a_line_of_an_unknown_source_is_spoken_whole() -> None:
    chat = Chat(SourceSettings(path="chat.log"))
    answer = chat.reading.read(Utterance(UtteranceId(1), "hello there", SourceName("gone"), 0.0))
    assert isinstance(answer, Script)
    assert answer.sentences == ("hello there",)
