"""Languages are told by a process of its own, and whatever becomes of it, lines go on."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from fakes import FakeClock
from structlog.testing import capture_logs

from ttsd.settings import Settings, SourceSettings
from ttsd.speech import detect
from ttsd.speech.detect import PAUSE, Detector, detector
from ttsd.speech.detect_worker import decide

LINE = "Good morning everybody, how are you today?"


@pytest.fixture(scope="module")
def library() -> None:
    if find_spec("py3langid") is None:
        pytest.skip("py3langid is not installed")


@pytest.fixture
def real(library: None) -> Iterator[Detector]:
    with Detector(expected=["en", "pt"]) as found:
        yield found


def fake(answer: str, clock: FakeClock | None = None) -> Detector:
    """A detector whose process runs *answer* for each line."""
    program = f"import sys\nfor line in sys.stdin:\n    {answer}\n    sys.stdout.flush()"
    return Detector(clock, [sys.executable, "-c", program])


def test_lines_of_chats_in_their_languages(real: Detector) -> None:
    lines = {
        LINE: "en",
        "Bom dia a todos, como vocês estão hoje?": "pt",
        "volto em cinco minutos": "pt",
        "die Festplatte ist schon wieder voll": "de",
        "quelqu'un peut ouvrir la porte": "fr",
        "вернусь через пять минут, не уходите": "ru",
        "大家好，你们今天怎么样": "zh",
        "안녕하세요 여러분": "ko",
    }
    assert {line: real(line) for line in lines} == lines


@pytest.mark.parametrize("line", ["oi", "ok!!", "lol", "", "brb lol omg gg wp", "GG EZ noob team xD lmao"])
def test_what_cannot_be_told_is_not_guessed(line: str, real: Detector) -> None:
    assert real(line) is None


def test_less_certainty_is_enough_for_a_language_that_is_expected() -> None:
    ranked = [("pt", 0.4), ("gl", 0.25)]
    assert decide(ranked, ["pt"]) == "pt"
    assert decide(ranked, ["en"]) is None
    assert decide([("zxx", 0.9), ("en", 0.1)], []) is None


def test_a_text_is_asked_about_once(tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    with fake(f"open({str(asked)!r}, 'a').write('x'); print('\"pt\"')") as found:
        assert [found(LINE), found(LINE), found(LINE)] == ["pt"] * 3
    assert asked.read_text() == "x"


def test_no_process_is_started_for_what_is_too_short() -> None:
    with Detector(command=["/nowhere/at/all"]) as found, capture_logs() as logs:
        assert found("hi") is None
        assert found("안녕하세요") == "ko"
    assert not logs


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("sys.exit(1)", "has ended"),
        ("print('garbage {')", "has ended"),
        ("import time; time.sleep(60)", "in time"),
    ],
    ids=["it dies", "it writes garbage", "it hangs"],
)
def test_a_process_that_fails_rests_and_is_started_again(
    answer: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(detect, "START", 0.5)
    clock = FakeClock()
    with fake(answer, clock) as found, capture_logs() as logs:
        assert [found(LINE), found(LINE)] == [None, None]
        assert len(logs) == 1, "told once"
        assert reason in logs[0]["reason"]
        clock.advance(PAUSE + 1)
        assert found(LINE) is None
        assert len(logs) == 2


def test_a_process_that_cannot_start_costs_nothing_but_the_language() -> None:
    with Detector(command=["/nowhere/at/all"]) as found, capture_logs() as logs:
        assert found(LINE) is None
    assert "cannot be started" in logs[0]["reason"]


def test_kill_minus_nine_of_the_process(library: None) -> None:
    clock = FakeClock()
    with Detector(clock, expected=["en"]) as found:
        assert found(LINE) == "en"
        assert found._process is not None
        found._process._process.kill()
        with capture_logs():
            assert found("another line in English, please") is None
        clock.advance(PAUSE + 1)
        assert found("a third line that is in English") == "en"


def test_after_its_end_nothing_is_detected() -> None:
    found = fake("print('\"pt\"')")
    assert found(LINE) == "pt"
    found.close()
    found.close()
    assert found("a line that was not asked about before") is None


def test_it_is_made_only_where_lines_have_languages_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    auto = Settings(sources=(SourceSettings(path="a", language="auto"),), language={"pt-BR": "x"})
    assert detector(Settings(sources=(SourceSettings(path="a", language="de"),))) is None
    monkeypatch.setattr(detect, "LIBRARY", "no_such_library")
    with capture_logs() as logs:
        assert detector(auto) is None
    assert logs[0]["next_step"] == detect.INSTALL
