"""Pieces are so large that the sound never runs out, and so small that it begins soon."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle, repeat

from hypothesis import given
from hypothesis import strategies as st

from ttsd.engines.adapters.piper_pace import SMALLEST, Pace

FRAME = 256 / 22050


def play(
    frames: int, costs: Iterator[float], overlap: int, pace: Pace | None = None
) -> tuple[list[int], float, float]:
    """Sizes, seconds until the first sound, and the longest gap behind it, on a machine of these costs."""
    if pace is None:
        pace = Pace(FRAME, overlap)
        pace.measured(100, 100 * next(costs))
    sizes: list[int] = []
    now, ends, longest, first, at = 0.0, 0.0, 0.0, 0.0, 0
    size = pace.first(frames)
    while at < frames:
        run = min(frames, at + size) - at
        took = (run + overlap) * next(costs)
        now += took
        pace.measured(run + overlap, took)
        if sizes:
            longest = max(longest, now - ends)
        else:
            first = now
        ends = max(ends, now) + run * FRAME
        sizes.append(run)
        at += run
        size = pace.next(frames - at, ends - now)
    return sizes, first, longest


@given(st.integers(1, 4000), st.floats(1e-6, 0.1), st.integers(2, 40))
def test_whatever_the_machine_nothing_runs_out_inside_a_sentence(
    frames: int, cost: float, overlap: int
) -> None:
    sizes, _first, longest = play(frames, repeat(cost), overlap)
    assert sum(sizes) == frames
    assert all(size > 0 for size in sizes)
    assert longest <= 1e-9


@given(st.integers(200, 4000), st.floats(1e-5, 0.002))
def test_a_fast_machine_begins_with_the_smallest_piece(frames: int, cost: float) -> None:
    sizes, first, _longest = play(frames, repeat(cost), 22)
    assert sizes[0] == SMALLEST
    assert first <= (SMALLEST + 22) * cost + 1e-9


@given(st.integers(200, 4000), st.floats(0.012, 0.1))
def test_a_slow_machine_waits_no_longer_than_it_must(frames: int, cost: float) -> None:
    _sizes, first, _longest = play(frames, repeat(cost), 22)
    whole = frames * cost
    assert first <= whole + 22 * cost + 1e-9


@given(st.integers(400, 4000), st.floats(FRAME, 1.3 * FRAME))
def test_a_machine_that_is_almost_fast_enough_begins_before_all_is_decoded(frames: int, cost: float) -> None:
    _sizes, first, _longest = play(frames, repeat(cost), 22)
    assert first < 0.75 * frames * cost


@given(st.integers(1, 4000))
def test_without_a_measurement_it_begins_small(frames: int) -> None:
    assert Pace(FRAME, 22).first(frames) == (frames if frames < 2 * SMALLEST else SMALLEST)


def test_a_machine_that_becomes_busy_gets_larger_pieces() -> None:
    pace = Pace(FRAME, 22)
    pace.measured(100, 0.03)
    before = pace.first(2000)
    for _ in range(6):
        pace.measured(100, 0.75)
    assert pace.first(2000) > 2 * before


@given(st.permutations([0.8, 1.0, 1.3, 1.9, 1.1, 1.6, 0.9]), st.floats(1e-4, 0.02))
def test_a_restless_machine_is_learnt_within_a_few_sentences(jitter: list[float], cost: float) -> None:
    pace, costs = Pace(FRAME, 22), cycle([cost * factor for factor in jitter])
    pace.measured(100, 100 * next(costs))
    for _ in range(4):
        play(1000, costs, 22, pace)
    assert all(play(1000, costs, 22, pace)[2] <= 1e-9 for _ in range(10))
