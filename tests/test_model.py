"""The states of an utterance lead where the design says, and nowhere else."""

from __future__ import annotations

import pytest

from ttsd.errors import IllegalTransition
from ttsd.model import State, transition

FINAL = {State.SPOKEN, State.SKIPPED, State.EXPIRED, State.DROPPED, State.FAILED}


def test_final_states_are_final() -> None:
    assert {state for state in State if state.final} == FINAL
    for old in FINAL:
        for new in State:
            with pytest.raises(IllegalTransition):
                transition(old, new)


def test_nothing_is_spoken_that_did_not_sound() -> None:
    with pytest.raises(IllegalTransition):
        transition(State.QUEUED, State.SPOKEN)
    assert transition(transition(State.QUEUED, State.SPEAKING), State.SPOKEN) is State.SPOKEN


def test_an_interrupted_utterance_goes_back_to_the_queue() -> None:
    assert transition(State.SPEAKING, State.QUEUED) is State.QUEUED
