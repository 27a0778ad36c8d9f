"""What was said is not said again too soon, and nobody says too much; memory is bounded, time is given."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ttsd.settings import SourceSettings
from ttsd.settings.marks import Duration
from ttsd.settings.text import RateSettings
from ttsd.text.limits import MOST_SPEAKERS, Limits
from ttsd.text.repeats import MOST, Repeats
from ttsd.text.words import skipped


def test_a_repetition_within_the_window_is_one() -> None:
    repeats = Repeats()
    assert not repeats.again("hello", 30.0, 100.0)
    assert repeats.again("Hello!", 30.0, 129.9)


def test_after_the_window_a_repeated_hello_is_spoken() -> None:
    repeats = Repeats()
    times = [float(second) for second in range(0, 100, 10)]
    assert [not repeats.again("hello", 30.0, now) for now in times] == [now % 30 == 0 for now in times]


def test_sources_and_texts_are_told_apart() -> None:
    repeats = Repeats()
    assert not repeats.again("hello", 30.0, 0.0, source="a")
    assert not repeats.again("hello", 30.0, 0.0, source="b")
    assert not repeats.again("hello you", 30.0, 0.0, source="a")
    assert not repeats.again("!", 30.0, 0.0)
    assert not repeats.again("?", 30.0, 0.0)


def test_it_is_remembered_over_a_restart_and_is_not_readable() -> None:
    before = Repeats()
    before.again("my secret", 30.0, 100.0)
    remembered = before.remembered()
    assert "secret" not in str(remembered)
    after = Repeats(remembered)
    assert after.again("my secret", 30.0, 110.0)
    assert not after.again("my secret", 30.0, 131.0)


def test_what_was_not_said_after_all_is_forgotten() -> None:
    repeats = Repeats()
    repeats.again("hello", 30.0, 0.0)
    repeats.forget("hello")
    assert not repeats.again("hello", 30.0, 1.0)


def test_a_clock_that_was_set_back_keeps_nobody_silent() -> None:
    repeats = Repeats()
    repeats.again("hello", 30.0, 1000.0)
    assert not repeats.again("hello", 30.0, 10.0)


@given(st.lists(st.tuples(st.text(max_size=3), st.floats(0, 100)), max_size=60))
def test_within_a_window_nothing_is_said_twice(lines: list[tuple[str, float]]) -> None:
    repeats, said = Repeats(), dict[str, float]()
    for text, now in sorted(lines, key=lambda line: line[1]):
        if not repeats.again(text, 10.0, now):
            for before in (said.get(text),):
                assert before is None or now - before >= 10.0
            said[text] = now


def test_repetitions_are_bounded() -> None:
    repeats = Repeats()
    for number in range(MOST + 100):
        repeats.again(str(number), 1e9, float(number))
    assert len(repeats.remembered()) == MOST
    assert not repeats.again("0", 1e9, 1e6)
    assert repeats.again(str(MOST + 99), 1e9, 1e6)
    assert len(Repeats(repeats.remembered() * 2).remembered()) <= MOST


# ---- limits


def limits(source: tuple[int, float] | None = None, speaker: tuple[int, float] | None = None) -> Limits:
    def rate(pair: tuple[int, float] | None) -> RateSettings | None:
        return pair and RateSettings(messages=pair[0], per=Duration(pair[1]))

    return Limits(SourceSettings(path="x", limit=rate(source), speaker_limit=rate(speaker)))


def test_without_limits_everything_passes() -> None:
    found = limits()
    assert all(found.allow("ana", 0.0) is None for _ in range(1000))


def test_a_bucket_fills_evenly() -> None:
    found = limits(source=(2, 10.0))
    assert [found.allow("x", now) is None for now in (0, 0, 0, 4.9, 5, 5, 100, 100, 100)] == [
        *(True, True, False, False, True, False, True, True, False),
    ]


def test_each_speaker_has_an_allowance_and_so_has_nobody() -> None:
    found = limits(speaker=(1, 10.0))
    assert found.allow("ana", 0.0) is None
    assert found.allow(" ANA ", 1.0) == "speaker_limit: ANA says too much"
    assert found.allow("bo", 1.0) is None
    assert found.allow("", 1.0) is None
    assert found.allow("", 1.0) == "speaker_limit: nobody says too much"


def test_who_is_over_their_own_limit_costs_the_others_nothing() -> None:
    found = limits(source=(2, 100.0), speaker=(1, 100.0))
    assert found.allow("loud", 0.0) is None
    for _ in range(50):
        assert found.allow("loud", 0.0) is not None
    assert found.allow("quiet", 0.0) is None
    assert found.allow("third", 0.0) == "limit: too much at once"


def test_speakers_are_bounded() -> None:
    found = limits(speaker=(1, 1e4))
    for number in range(3 * MOST_SPEAKERS):
        assert found.allow(str(number), 0.0) is None
    assert found.allow(str(3 * MOST_SPEAKERS - 1), 0.0) is not None
    assert found.allow("0", 0.0) is None  # forgotten, and so allowed again


@given(st.integers(1, 5), st.floats(0.5, 50), st.lists(st.floats(0, 500), max_size=80))
def test_no_more_than_allowed_in_any_stretch(messages: int, per: float, times: list[float]) -> None:
    found = limits(source=(messages, per))
    said = [now for now in sorted(times) if found.allow("x", now) is None]
    for start, first in enumerate(said):
        for count, last in enumerate(said[start:], 1):
            assert count <= messages + (last - first) * messages / per + 1e-6


def test_time_that_goes_back_gives_nothing_and_takes_nothing() -> None:
    found = limits(source=(1, 10.0))
    assert found.allow("x", 100.0) is None
    assert found.allow("x", 50.0) is not None
    assert found.allow("x", 110.0) is None


def test_the_summary_is_said_in_the_language() -> None:
    assert skipped(12, "en-US") == "12 messages skipped"
    assert skipped(3, "de") == "3 Nachrichten übersprungen"
