"""What the store does not record would sound again after a crash: so nothing new begins to sound until it does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from fakes import FakeOutput
from pipeline_parts import Pipeline

from ttsd.model import State
from ttsd.speech.channel import End
from ttsd.speech.ledger import LATE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ttsd.model import Utterance

PAUSE = 0.25
TEXTS = ("one", "two", "three", "four", "five")


def refuse(pipeline: Pipeline, *, on: bool) -> None:
    """The disk has become read-only, or is writable again."""
    with pipeline.store._database.read() as db:
        db.execute(f"pragma query_only = {'on' if on else 'off'}").fetchall()


def prepare(pipeline: Pipeline) -> list[Utterance]:
    """All of TEXTS, synthesised ahead."""
    said = [pipeline.store.say(text) for text in TEXTS]
    for _ in said:
        pipeline.synth.step()
    return said


def sounds(output: FakeOutput) -> int:
    """Frames that are no silence."""
    return int(np.count_nonzero(output.sound))


@pytest.fixture
def device(tmp_path: Path) -> Iterator[Pipeline]:
    made = Pipeline(tmp_path, pause=PAUSE)
    yield made
    made.store.close()


@pytest.fixture
def files(tmp_path: Path) -> Iterator[Pipeline]:
    made = Pipeline(tmp_path, FakeOutput("files", rate=None, live=False))
    yield made
    made.store.close()


@pytest.mark.parametrize("kind", ["device", "files"])
def test_while_the_store_refuses_notes_one_utterance_sounds_and_no_other_begins(
    kind: str, request: pytest.FixtureRequest
) -> None:
    pipeline: Pipeline = request.getfixturevalue(kind)
    said = prepare(pipeline)
    (output,) = pipeline.outputs
    refuse(pipeline, on=True)
    pipeline.play()
    assert sounds(output) == len("one") * 80
    assert [one.id for one in output.ended] == [said[0].id]
    assert "cannot be written" in str(pipeline.ledger.notes.error)
    refuse(pipeline, on=False)
    pipeline.play()
    assert pipeline.ledger.notes.error is None
    assert [one.id for one in output.ended] == [one.id for one in said], "each once, in order"
    assert sounds(output) == sum(map(len, TEXTS)) * 80
    assert {pipeline.state(one.id) for one in said} == {State.SPOKEN}


def test_what_has_written_its_pause_when_the_store_refuses_does_not_begin(device: Pipeline) -> None:
    """The next utterance is taken before the one in front of it was heard to its end."""
    said = prepare(device)
    (output,) = device.outputs
    device.play(hear=False)
    refuse(device, on=True)
    assert output.begun[:2] == [one.id for one in said[:2]]
    before = sounds(output)
    device.play()
    assert device.ledger.notes.error is not None
    assert sounds(output) == before, "no further utterance was begun"


def test_a_device_does_not_wait_for_a_note_that_is_just_being_recorded(device: Pipeline) -> None:
    prepare(device)
    (player,), (output,) = device.players, device.outputs
    for _ in range(2 * int(PAUSE / 0.005)):
        player.step()
        output.hear()
    assert sounds(output) > len("one") * 80


def test_a_device_waits_for_a_note_that_is_late(device: Pipeline) -> None:
    prepare(device)
    (player,), (output,) = device.players, device.outputs
    while not output.ended:
        player.step()
        output.hear()
    device.clock.advance(2 * LATE_SECONDS)
    for _ in range(2 * int(PAUSE / 0.005)):
        player.step()
        output.hear()
    assert sounds(output) == len("one") * 80
    device.play()
    assert sounds(output) == sum(map(len, TEXTS)) * 80


def test_a_file_waits_for_every_note(files: Pipeline) -> None:
    """Nobody hears it wait, and it has written a hundred utterances while one note is recorded."""
    said = prepare(files)
    (player,), (output,) = files.players, files.outputs
    for _ in range(100):
        player.step()
    assert [one.id for one in output.ended] == [said[0].id]
    files.play()
    assert len(output.ended) == len(said)


def test_what_waits_for_the_store_can_be_skipped_without_a_sound(device: Pipeline) -> None:
    said = prepare(device)
    (player,), (output,) = device.players, device.outputs
    while not output.ended:
        player.step()
        output.hear()
    for _ in range(int(PAUSE / 0.005) - 1):  # its pause is written
        player.step()
        output.hear()
    refuse(device, on=True)
    device.play()
    assert output.begun == [one.id for one in said[:2]]
    cut = device.ledger.cut(said[1], State.SKIPPED, "skipped")
    assert cut is not None
    device.channel.cut(End(cut))
    player.fade_out(cut)
    device.play()
    assert sounds(output) == len("one") * 80
    refuse(device, on=False)
    device.play()
    assert [one.state for one in output.ended] == [State.SPOKEN, State.SKIPPED, *3 * [State.SPOKEN]]
    assert sounds(output) == (len("".join(TEXTS)) - len("two")) * 80
