"""The pipeline, stepped in one thread: what is queued is heard, and recorded when it was heard."""

from __future__ import annotations

import json
from dataclasses import replace
from threading import Event
from typing import TYPE_CHECKING

import numpy as np
import pytest
from fakes import FakeClock, FakeEngine, FakeOutput
from pipeline_parts import Pipeline

from ttsd import events
from ttsd.audio.auto import AutoOutput
from ttsd.audio.file import FileOutput
from ttsd.audio.gap import LONGEST_LEAD
from ttsd.engines.chain import Chain
from ttsd.errors import EngineCrashed, EngineMissing, EngineRefused, OutputError, StoreFull
from ttsd.model import Priority, State
from ttsd.settings import Settings, SpeechSettings
from ttsd.speech.channel import End
from ttsd.speech.ledger import MOST_FLYING
from ttsd.speech.play import FADE_SECONDS, Player
from ttsd.speech.players import Outlet
from ttsd.speech.reading import Reading, Refusal
from ttsd.speech.script import Script
from ttsd.speech.speaker import Speaker
from ttsd.store import Store
from ttsd.text.rules import Extras

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ttsd.engines.engine import Request
    from ttsd.model import EngineName, Samples, Spoken, Utterance, UtteranceId


FADE = int(8000 * FADE_SECONDS)
"""Frames of a ramp."""


@pytest.fixture
def pipeline(tmp_path: Path) -> Iterator[Pipeline]:
    made = Pipeline(tmp_path)
    yield made
    made.store.close()


def test_a_queued_utterance_is_heard_whole_and_then_spoken(pipeline: Pipeline) -> None:
    utterance = pipeline.store.say("hello")
    pipeline.synth.step()
    assert pipeline.state(utterance.id) is State.QUEUED, "synthesis ahead changes nothing"
    pipeline.play(hear=False)
    assert pipeline.state(utterance.id) is State.QUEUED, "written is not heard"
    pipeline.outputs[0].hear(1)
    pipeline.play(hear=False)
    assert pipeline.state(utterance.id) is State.SPEAKING
    pipeline.outputs[0].hear(len("hello") * 80 - 2)
    pipeline.play(hear=False)
    assert pipeline.state(utterance.id) is State.SPEAKING, "one sample is missing"
    pipeline.play()
    assert pipeline.state(utterance.id) is State.SPOKEN
    assert np.array_equal(pipeline.outputs[0].sound, np.full(400, 0.5, np.float32))
    assert pipeline.names() == ["begin", "sentence", "end"]


def test_sentences_are_apart_by_the_configured_pause(pipeline: Pipeline) -> None:
    pipeline.store.say("One. Two.")
    pipeline.synth.step()
    pipeline.play()
    sound = pipeline.outputs[0].sound
    silent = np.flatnonzero(sound == 0)
    assert len(silent) == 800
    assert len(sound) == 4 * 80 + 800 + 4 * 80
    assert pipeline.engine.spoken == ["One.", "Two."]


def test_utterances_are_apart_by_the_configured_pause_however_long_they_were_ahead(tmp_path: Path) -> None:
    pipeline = Pipeline(tmp_path, pause=0.25)
    for text in ("one", "two"):
        pipeline.store.say(text)
        pipeline.synth.step()
    pipeline.play()
    behind = 2000 - int(LONGEST_LEAD * 8000)
    assert np.count_nonzero(pipeline.outputs[0].sound == 0) == 2000 + behind
    pipeline.clock.advance(0.02)  # of the pause this much more has passed when the third comes
    pipeline.store.say("three")
    pipeline.synth.step()
    pipeline.play()
    assert np.count_nonzero(pipeline.outputs[0].sound == 0) == 2000 + 2000 - 160 + behind
    pipeline.store.close()


def test_the_trace_tells_when_the_first_sample_behind_the_pause_was_written_and_when_it_was_heard(
    tmp_path: Path,
) -> None:
    pipeline = Pipeline(tmp_path, pause=0.25)
    player, output = pipeline.players[0], pipeline.outputs[0]
    pipeline.store.say("one")
    pipeline.synth.step()
    pipeline.play()
    pipeline.store.say("two")
    pipeline.synth.step()
    written: list[float] = []
    for _ in range(100):
        player.step()
        if np.count_nonzero(output.sound) > 3 * 80:
            written.append(pipeline.clock.time())
        pipeline.clock.advance(0.001)
    heard = pipeline.clock.time()
    pipeline.play()
    trace = pipeline.store.history(1)[0].trace
    assert (trace["written"], trace["first_sample"]) == (written[0], heard)
    pipeline.store.close()


def test_what_the_rules_take_for_an_engine_counts_as_ttsds_own_time_not_the_engines(
    pipeline: Pipeline,
) -> None:
    read = pipeline.synth._reading.read

    def thoroughly(utterance: Utterance) -> Script | Refusal:
        script = read(utterance)
        assert isinstance(script, Script)

        def adapt(request: Request, engine: EngineName) -> Request:
            pipeline.clock.advance(0.5)  # a large dictionary
            return script.adapt(request, engine)

        return replace(script, adapt=adapt)

    pipeline.synth._reading.read = thoroughly  # type: ignore[method-assign]  # the test is in its place
    queued = pipeline.store.say("one").queued_at
    pipeline.synth.step()
    pipeline.play()
    trace = pipeline.store.history(1)[0].trace
    assert (trace["requested"] - queued, trace["first_chunk"] - queued) == (0.5, 0.5)


def test_a_cut_utterance_ends_without_a_step_and_the_next_one_is_heard(pipeline: Pipeline) -> None:
    first, second = pipeline.store.say("a long one" * 20), pipeline.store.say("next")
    pipeline.synth.step()
    pipeline.synth.step()
    player, output = pipeline.players[0], pipeline.outputs[0]
    for _ in range(5):
        player.step()
        output.hear()
    while pipeline.ledger.notes.step(timeout=0):
        pass
    before = len(output.sound)
    spoken = pipeline.ledger.cut(first, State.SKIPPED, "skipped")
    assert spoken is not None
    pipeline.channel.cut(End(spoken))
    player.fade_out(spoken)
    pipeline.play()
    tail = output.sound[before : before + FADE]
    assert np.all(np.diff(tail) <= 0)
    assert tail[-1] == pytest.approx(0, abs=1e-6)
    assert len(output.sound) == before + FADE + 4 * 80
    assert pipeline.state(first.id) is State.SKIPPED
    assert pipeline.state(second.id) is State.SPOKEN
    assert pipeline.names() == ["begin", "sentence", "skipped", "end", "begin", "sentence", "end"]


def test_what_is_urgent_follows_what_it_interrupts_without_the_pause_between_two(tmp_path: Path) -> None:
    pipeline = Pipeline(tmp_path, pause=0.25)
    first, urgent = (
        pipeline.store.say("a long one" * 20),
        pipeline.store.say("now", priority=Priority.URGENT),
    )
    pipeline.store.prioritize({urgent.id: Priority.LOW})  # it comes later than what it interrupts
    pipeline.synth.step()
    pipeline.store.prioritize({urgent.id: Priority.URGENT})
    player, output = pipeline.players[0], pipeline.outputs[0]
    for _ in range(5):
        player.step()
        output.hear()
    while pipeline.ledger.notes.step(timeout=0):
        pass
    before = len(output.sound)
    spoken = pipeline.ledger.cut(first, State.QUEUED, "interrupted", resume=True)
    assert spoken is not None
    pipeline.channel.cut(End(spoken))
    player.fade_out(spoken)
    pipeline.synth.step()
    pipeline.play()
    assert output.begun == [first.id, urgent.id]
    assert np.flatnonzero(output.sound)[-1] + 1 == before + FADE + 3 * 80, "a ramp, and no silence behind it"
    pipeline.store.close()


def test_what_is_taken_back_while_it_is_interrupted_is_not_queued_again(pipeline: Pipeline) -> None:
    utterance = pipeline.store.say("a rude one" * 20)
    pipeline.synth.step()
    player, output = pipeline.players[0], pipeline.outputs[0]
    for _ in range(5):
        player.step()
        output.hear()
    while pipeline.ledger.notes.step(timeout=0):
        pass
    spoken = pipeline.ledger.cut(utterance, State.QUEUED, "interrupted", resume=True)
    assert spoken is not None
    pipeline.channel.cut(End(spoken))
    player.fade_out(spoken)
    pipeline.ledger.take_back(utterance.id, "withdrawn")  # its end is decided, but not yet noted
    pipeline.play()
    (kept,) = pipeline.store.history(10)
    assert (kept.text, kept.state, kept.reason) == ("", State.DROPPED, "withdrawn")
    assert pipeline.names()[-2:] == ["dropped", "end"]


def test_a_device_that_comes_back_goes_on_at_the_sample_that_was_heard_last(pipeline: Pipeline) -> None:
    utterance = pipeline.store.say("unplugged in the middle")
    pipeline.synth.step()
    player, output = pipeline.players[0], pipeline.outputs[0]
    for _ in range(6):
        player.step()
    output.hear(100)
    player.step()
    output.lose()
    player._wake.set()
    player.step()
    assert player.error is not None
    heard = len(output.sound)
    output.gone = None
    pipeline.play()
    whole = len(utterance.text) * 80
    assert len(output.sound) == whole, "nothing is lost and nothing is heard twice"
    assert heard < whole
    assert pipeline.state(utterance.id) is State.SPOKEN
    assert [e.state for e in pipeline.events if isinstance(e, events.DeviceChanged)] == [
        "open",
        "lost",
        "open",
    ]


def test_a_device_that_comes_back_with_another_rate_goes_on_at_the_right_pitch(pipeline: Pipeline) -> None:
    utterance = pipeline.store.say("unplugged in the middle")
    pipeline.synth.step()
    player, output = pipeline.players[0], pipeline.outputs[0]
    for _ in range(9):
        player.step()
    output.hear(100)
    player.step()
    output.lose()
    player._wake.set()
    player.step()
    output.gone, output.rate = None, 16_000
    pipeline.play()
    rest = len(utterance.text) * 80 - 100
    assert abs(len(output.sound) - (100 + 2 * rest)) <= 2
    assert pipeline.state(utterance.id) is State.SPOKEN


def test_pausing_keeps_the_place_and_ramps_both_ways(pipeline: Pipeline) -> None:
    utterance = pipeline.store.say("hold on a moment")
    pipeline.synth.step()
    player, output = pipeline.players[0], pipeline.outputs[0]
    for _ in range(4):
        player.step()
    output.hear()
    player.pause()
    player.step()
    silent_from = len(output.sound)
    output.hear()
    player.pause()
    player.step()
    assert len(output.sound) == silent_from, "nothing is written while it rests"
    player.resume()
    pipeline.play()
    assert np.max(np.abs(np.diff(output.sound))) < 0.02, "no step in the waveform"
    assert len(output.sound) == len(utterance.text) * 80 + FADE, "only the ramp down is heard twice"
    assert pipeline.state(utterance.id) is State.SPOKEN


def test_files_follow_the_device_and_are_no_reason_to_call_it_heard(tmp_path: Path) -> None:
    device, files = FakeOutput("device"), FakeOutput("files", rate=None, live=False)
    pipeline = Pipeline(tmp_path, device, files)
    first, second = pipeline.store.say("first"), pipeline.store.say("second")
    pipeline.synth.step()
    pipeline.synth.step()
    pipeline.players[1].step()
    assert files.begun == [], "the device has not begun it"
    for _ in range(8):
        pipeline.players[0].step()
    device.hear(10)
    pipeline.play(hear=False)
    pipeline.players[1].step()
    assert pipeline.state(first.id) is State.SPEAKING
    pipeline.play()
    pipeline.play()
    assert [pipeline.state(u.id) for u in (first, second)] == [State.SPOKEN, State.SPOKEN]
    assert [spoken.id for spoken in files.ended] == [first.id, second.id]
    pipeline.store.close()


def test_what_is_skipped_on_the_device_is_not_kept_by_the_files_beside_it(tmp_path: Path) -> None:
    device, files = FakeOutput("device"), FakeOutput("files", rate=None, live=False)
    pipeline = Pipeline(tmp_path, device, files)
    first, second = pipeline.store.say("cut in the middle"), pipeline.store.say("second")
    pipeline.synth.step()
    pipeline.synth.step()
    for _ in range(5):
        pipeline.players[0].step()
        device.hear()
    pipeline.players[0].step()
    for _ in range(100):
        pipeline.players[1].step()
    assert len(files.sound) == len("cut in the middle") * 80, "all of it has reached the file"
    assert files.ended == []
    while pipeline.ledger.notes.step(timeout=0):
        pass
    spoken = pipeline.ledger.cut(first, State.SKIPPED, "skipped")
    assert spoken is not None
    pipeline.channel.cut(End(spoken))
    pipeline.play()
    pipeline.play()
    assert [(end.id, end.state) for end in files.ended] == [
        (first.id, State.SKIPPED),
        (second.id, State.SPOKEN),
    ]
    pipeline.store.close()


def test_an_utterance_begins_when_the_device_lets_it_be_heard_not_when_a_file_has_it(tmp_path: Path) -> None:
    device, files = FakeOutput("device"), FakeOutput("files", rate=None, live=False)
    pipeline = Pipeline(tmp_path, device, files)
    first, second = pipeline.store.say("first"), pipeline.store.say("second")
    pipeline.synth.step()
    pipeline.synth.step()
    pipeline.play(hear=False)  # the device has taken both; the first sample is not heard yet
    assert pipeline.state(first.id) is State.QUEUED
    device.hear(len("first") * 80 - 1)
    pipeline.play(hear=False)
    assert [pipeline.state(u.id) for u in (first, second)] == [State.SPEAKING, State.QUEUED]
    assert pipeline.ledger.now is not None
    assert pipeline.ledger.now.utterance.id == first.id
    pipeline.store.close()


def test_nothing_more_is_begun_while_the_store_takes_no_notes(pipeline: Pipeline) -> None:
    """It would be spoken again after a crash."""
    first, second = pipeline.store.say("first"), pipeline.store.say("second")
    pipeline.synth.step()
    pipeline.ledger.notes.error = StoreFull("the disk is full")
    pipeline.synth.wake()
    with pytest.raises(StoreFull):
        pipeline.ledger.claim()
    pipeline.play()  # there is room again
    assert pipeline.state(first.id) is State.SPOKEN
    pipeline.synth.step()
    pipeline.play()
    assert pipeline.state(second.id) is State.SPOKEN


def test_an_end_that_the_disk_had_no_room_for_is_noted_when_there_is(tmp_path: Path) -> None:
    class Disk(FakeOutput):
        full = True

        def end(self, spoken: Spoken) -> None:
            if self.full:
                raise OutputError("the disk is full")
            super().end(spoken)

    disk = Disk("files", rate=None, live=False)
    pipeline = Pipeline(tmp_path, disk)
    utterance = pipeline.store.say("kept")
    pipeline.synth.step()
    pipeline.play()
    assert pipeline.state(utterance.id) is State.SPEAKING
    disk.full = False
    pipeline.play()
    assert pipeline.state(utterance.id) is State.SPOKEN
    assert [spoken.id for spoken in disk.ended] == [utterance.id]
    pipeline.store.close()


def test_a_file_ends_what_the_device_has_let_be_heard_not_what_it_has_taken(tmp_path: Path) -> None:
    device, files = FakeOutput("device"), FakeOutput("files", rate=None, live=False)
    pipeline = Pipeline(tmp_path, device, files)
    pipeline.store.say("taken")
    pipeline.synth.step()
    pipeline.play(hear=False)
    device.hear(len("taken") * 80 - 1)
    pipeline.play(hear=False)
    assert files.ended == []
    device.hear(1)
    pipeline.play(hear=False)
    assert [spoken.state for spoken in files.ended] == [State.SPOKEN]
    pipeline.store.close()


def test_what_other_hands_took_out_of_the_queue_does_not_end_the_voice(pipeline: Pipeline) -> None:
    gone, kept = pipeline.store.say("gone"), pipeline.store.say("kept")
    pipeline.synth.step()
    pipeline.store.drop(ids=[gone.id], reason="by hand")
    pipeline.play()
    assert pipeline.state(gone.id) is State.DROPPED
    pipeline.synth.step()
    pipeline.play()
    assert pipeline.state(kept.id) is State.SPOKEN
    assert pipeline.ledger.wait_until_landed(0)


def test_text_without_anything_to_speak_is_skipped_and_says_why(pipeline: Pipeline) -> None:
    utterance = pipeline.store.say("... !!")
    pipeline.synth.step()
    pipeline.play()
    assert pipeline.state(utterance.id) is State.SKIPPED
    assert pipeline.names() == ["skipped"]


def test_what_is_too_old_expires_instead_of_being_spoken(pipeline: Pipeline) -> None:
    old, new = pipeline.store.say("old news", max_age=5), pipeline.store.say("new")
    pipeline.clock.advance(6)
    pipeline.synth.step()
    pipeline.play()
    assert pipeline.state(old.id) is State.EXPIRED
    assert pipeline.state(new.id) is State.SPOKEN


def test_a_sentence_that_every_engine_refuses_fails_its_utterance_alone(pipeline: Pipeline) -> None:
    bad, good = pipeline.store.say("bad"), pipeline.store.say("good")
    pipeline.engine.failure = EngineRefused("no such word")
    pipeline.synth.step()
    pipeline.engine.failure = None
    pipeline.synth.step()
    pipeline.play()
    assert pipeline.state(bad.id) is State.FAILED
    assert pipeline.state(good.id) is State.SPOKEN
    assert "no such word" in str(pipeline.store.history(10)[-1].reason)


@pytest.mark.parametrize("failure", [EngineMissing("is not installed"), EngineCrashed("gone")])
def test_while_no_engine_can_speak_the_queue_waits(pipeline: Pipeline, failure: EngineMissing) -> None:
    utterance = pipeline.store.say("patience")
    pipeline.engine.failure = failure
    pipeline.synth._worked = False  # an utterance was given up before: it is the engines, not the text

    def mend(seconds: float) -> None:
        assert pipeline.synth.trouble is not None
        pipeline.clock.advance(seconds)
        pipeline.engine.failure = None

    pipeline.synth._poke.wait = mend  # type: ignore[method-assign, assignment]  # the test is in its place
    pipeline.synth.step()
    pipeline.play()
    assert pipeline.state(utterance.id) is State.SPOKEN
    assert pipeline.synth.trouble is None


def test_what_is_withdrawn_is_synthesised_anew_with_the_new_chain(pipeline: Pipeline) -> None:
    utterance = pipeline.store.say("again")
    pipeline.synth.step()
    gone = pipeline.channel.withdraw()
    pipeline.ledger.release(gone)
    assert gone == (utterance.id,)
    other = FakeEngine("other")
    pipeline.synth.use_chain(Chain([other], pipeline.clock), lambda: None)
    pipeline.synth.step()
    pipeline.play()
    assert other.spoken == ["again"]
    assert pipeline.store.history(1)[0].engine == "other"
    assert len(pipeline.outputs[0].sound) == 5 * 80


def test_an_engine_that_rests_costs_no_attempt_however_often_the_queue_grows(pipeline: Pipeline) -> None:
    utterance = pipeline.store.say("patience")
    pipeline.engine.failure = EngineCrashed("gone")
    woken = 0

    def wake(_: float) -> None:  # another line came, long before the engine may be tried again
        nonlocal woken
        woken += 1
        if woken == 10:
            pipeline.clock.advance(300)
            pipeline.engine.failure = None

    pipeline.synth._poke.wait = wake  # type: ignore[method-assign, assignment]  # the test is in its place
    pipeline.synth.step()
    pipeline.play()
    assert pipeline.state(utterance.id) is State.SPOKEN


def test_what_was_taken_back_while_it_was_read_is_not_asked_of_an_engine(pipeline: Pipeline) -> None:
    utterance = pipeline.store.say("a secret")
    read = pipeline.synth._reading.read

    def slowly(one: Utterance) -> object:  # its language is being detected
        pipeline.ledger.release(pipeline.channel.withdraw())
        pipeline.synth.abandon({one.id})
        return read(one)

    pipeline.synth._reading.read = slowly  # type: ignore[method-assign, assignment]  # the test is in its place
    pipeline.synth.step()
    assert pipeline.engine.spoken == []
    assert pipeline.state(utterance.id) is State.QUEUED


def test_a_flood_that_is_not_spoken_is_bounded_on_its_way_too(pipeline: Pipeline) -> None:
    flood = [pipeline.store.say("... !!") for _ in range(3 * MOST_FLYING)]
    pipeline.synth._poke = Event()
    pipeline.synth._poke.set()
    pipeline.synth._poke.clear = lambda: None  # type: ignore[method-assign]  # the test is in its place
    for _ in flood:
        pipeline.synth.step()
    assert len(pipeline.players[0]._reader.items) == 2 * MOST_FLYING
    returned: list[bool] = []
    pipeline.ledger._returned = lambda: returned.append(True)
    for _ in range(3):
        pipeline.play()
        assert returned, "nobody tells that there is room again"
        for _ in flood:
            pipeline.synth.step()
    assert {pipeline.state(one.id) for one in flood} == {State.SKIPPED}


def test_what_was_ended_while_the_device_is_gone_is_not_spoken_after_the_next_start(
    pipeline: Pipeline,
) -> None:
    skipped, taken_back, spoken = (pipeline.store.say(text) for text in ("skipped", "secret", "kept"))
    for _ in range(3):
        pipeline.synth.step()
    pipeline.outputs[0].lose()
    pipeline.ledger.cut(skipped, State.SKIPPED, "skipped")
    pipeline.ledger.take_back(taken_back.id, "withdrawn")
    pipeline.ledger.cut(taken_back, State.DROPPED, "withdrawn")
    pipeline.ledger.drain()  # ttsd ends, and the device is not back
    assert pipeline.state(skipped.id) is State.SKIPPED
    assert pipeline.state(taken_back.id) is State.DROPPED
    assert pipeline.state(spoken.id) is State.QUEUED
    assert "secret" not in {past.text for past in pipeline.store.history(10)}


def test_of_what_is_taken_back_nothing_more_is_told(pipeline: Pipeline) -> None:
    utterance = pipeline.store.say("a secret")
    pipeline.synth.step()
    pipeline.players[0].step()
    for _ in range(5):
        pipeline.players[0].step()
        pipeline.outputs[0].hear()  # it sounds, but the recording thread has not noted it
    pipeline.ledger.take_back(utterance.id, "withdrawn")
    spoken = pipeline.ledger.cut(utterance, State.DROPPED, "withdrawn")
    assert spoken is not None
    pipeline.channel.cut(End(spoken))
    pipeline.players[0].fade_out(spoken)
    pipeline.play()
    assert pipeline.state(utterance.id) is State.DROPPED
    assert "sentence" not in pipeline.names()


def test_of_what_is_taken_back_as_it_begins_nothing_is_told(pipeline: Pipeline) -> None:
    utterance, begin = pipeline.store.say("a secret"), pipeline.store.begin

    def begin_slowly(id: UtteranceId) -> None:  # a disk takes its time
        begin(id)
        pipeline.ledger.take_back(id, "withdrawn")

    pipeline.store.begin = begin_slowly  # type: ignore[method-assign]  # the test is in its place
    pipeline.synth.step()
    pipeline.play()
    assert pipeline.names() == ["end"]
    assert pipeline.store.history(1)[0].text == ""
    assert pipeline.store.history(1)[0].id == utterance.id


def test_an_output_that_is_gone_and_not_required_is_looked_for_now_and_then_not_at_every_chunk(
    tmp_path: Path,
) -> None:
    gone = FakeOutput("gone")
    gone.gone = OutputError("unplugged")
    pipeline = Pipeline(tmp_path, gone)
    (player,) = pipeline.players
    player.required = False
    pipeline.store.say("a sentence of many chunks")
    pipeline.synth.step()
    assert len(player._reader.items) > 20
    player.step()
    assert not player._reader.items
    pipeline.store.close()


def test_an_output_that_missed_some_of_an_utterance_keeps_none_of_it(tmp_path: Path) -> None:
    device, files = FakeOutput("device"), FileOutput(tmp_path / "spoken")
    pipeline = Pipeline(tmp_path, device)
    player = Player(
        *(files, pipeline.channel.reader(leads=False), pipeline.ledger, pipeline.clock),
        pause=0,
        required=False,
    )
    for text in ("a sentence with a hole", "whole"):
        pipeline.store.say(text)
        pipeline.synth.step()
    for _ in range(20):
        pipeline.players[0].step()
    while not files.written():
        player.step()
    write = files.write

    def fail(samples: Samples, rate: int) -> None:
        raise OutputError("no room")

    files.write = fail  # type: ignore[method-assign]  # the test is in its place
    while player.error is None:
        player.step()
    files.write = write  # type: ignore[method-assign]  # the test is in its place
    pipeline.play()
    player._patience = lambda: 0.0  # type: ignore[method-assign]  # the test is in its place
    while player._reader.items or len(player._sound) or player._marks.ends():
        player.step()
    (kept,) = [json.loads(line) for line in (tmp_path / "spoken" / "spoken.jsonl").read_text().splitlines()]
    assert kept["text"] == "whole"
    player.close()
    pipeline.store.close()


def test_what_ended_on_one_required_output_can_be_skipped_on_the_other_and_is_not_heard_again(
    tmp_path: Path,
) -> None:
    clock, outputs = FakeClock(), (FakeOutput("slow"), FakeOutput("fast"))
    store = Store.open(tmp_path / "ttsd.db", clock=clock)
    speaker = Speaker(
        store,
        Chain([FakeEngine()], clock),
        [Outlet(output) for output in outputs],
        SpeechSettings(level=False),
        Reading(Settings(), Extras(), clock, lambda _: ()),
        clock,
        publish=lambda _: None,
        died=lambda _, error: pytest.fail(str(error)),
    )
    slow, fast = speaker._players
    utterance = store.say("hello")
    speaker._synth.step()

    def play(player: Player) -> None:
        player._patience = lambda: 0.0  # type: ignore[method-assign]  # the test is in its place
        for _ in range(200):
            player.step()
        while speaker._ledger.notes.step(timeout=0):
            pass

    for player in (slow, fast):
        play(player)
    outputs[1].hear()
    play(fast)
    assert [spoken.state for spoken in outputs[1].ended] == [State.SPOKEN]
    assert speaker._ledger.cut(utterance, State.QUEUED, "interrupted") is None, "it would be heard twice"
    assert speaker.skip() == utterance.id
    play(slow)
    outputs[0].hear()
    play(slow)
    assert [spoken.state for spoken in store.history(1)] == [State.SKIPPED]
    assert speaker.skip() is None
    speaker.stop(finish=False, timeout=0)
    store.close()


def test_an_output_has_a_volume_of_its_own_beside_that_of_all(tmp_path: Path) -> None:
    clock, outputs = FakeClock(), (FakeOutput("cable"), FakeOutput("headphones"))
    store = Store.open(tmp_path / "ttsd.db", clock=clock)
    speaker = Speaker(
        store,
        Chain([FakeEngine()], clock),
        [Outlet(outputs[0], volume=1.5), Outlet(outputs[1], volume=0.5)],
        SpeechSettings(level=False),
        Reading(Settings(), Extras(), clock, lambda _: ()),
        clock,
        publish=lambda _: None,
        died=lambda _, error: pytest.fail(str(error)),
    )
    store.say("hello")
    speaker._synth.step()
    for player in speaker._players:
        player._patience = lambda: 0.0  # type: ignore[method-assign]  # the test is in its place
        for _ in range(200):
            player.step()
    assert [output.sound[399] for output in outputs] == [0.75, 0.25]
    assert {np.count_nonzero(output.sound) for output in outputs} == {5 * 80}
    speaker.stop(finish=False, timeout=0)
    store.close()


@pytest.mark.parametrize("rate", [8000, 16_000])
def test_a_fallback_device_goes_on_at_the_sample_in_the_middle_of_the_utterance(
    tmp_path: Path, rate: int
) -> None:
    device, substitute = FakeOutput("headset"), FakeOutput("loudspeaker", rate=rate)
    clock = FakeClock()
    output = AutoOutput([device], substitute, clock, name="headset", faithful=False, why="headset is gone")
    pipeline = Pipeline(tmp_path, output)  # type: ignore[arg-type] # what is heard is asked of the two
    (player,) = pipeline.players
    utterance = pipeline.store.say("unplugged in the middle")
    pipeline.synth.step()
    for _ in range(12):
        player.step()
    device.hear(100)
    player.step()
    device.lose()
    player._wake.set()  # it would wait a little before it looks
    for _ in range(400):
        player.step()
        substitute.hear()
    while pipeline.ledger.notes.step(timeout=0):
        pass
    rest = len(utterance.text) * 80 - 100
    assert len(device.sound) == 100
    assert abs(len(substitute.sound) - rest * rate // 8000) <= 2 * (rate != 8000)
    assert pipeline.state(utterance.id) is State.SPOKEN
    told = [(e.state, e.detail) for e in pipeline.events if isinstance(e, events.DeviceChanged)]
    assert [state for state, _ in told] == ["open", "lost", "open"]
    assert told[-1][1] == "headset is gone: a fake"
    pipeline.store.close()


def test_an_output_that_takes_a_better_device_tells_so_once_and_is_in_no_trouble(tmp_path: Path) -> None:
    class Plugged(FakeOutput):
        """A device that the test can plug in."""

        def describe(self) -> str:
            return f"the {self.name}"

    device, substitute = Plugged("headset"), Plugged("loudspeaker")
    device.gone = OutputError("unplugged")
    clock = FakeClock()
    output = AutoOutput([device], substitute, clock, name="headset", faithful=False, why="headset is gone")
    pipeline = Pipeline(tmp_path, output)  # type: ignore[arg-type] # what is heard is asked of the two
    (player,) = pipeline.players

    def play() -> None:
        for _ in range(30):
            player.step()
            assert player.error is None
            for one in (device, substitute):
                one.hear()
        while pipeline.ledger.notes.step(timeout=0):
            pass

    for text in ("one", "two"):
        pipeline.store.say(text)
        pipeline.synth.step()
        play()
        device.gone = None
        clock.advance(10)
    assert [len(one.sound) for one in (substitute, device)] == [3 * 80, 3 * 80]
    told = [(e.state, e.detail) for e in pipeline.events if isinstance(e, events.DeviceChanged)]
    assert told == [("open", "headset is gone: the loudspeaker"), ("changed", "the headset")]
    pipeline.store.close()


def test_what_still_sounds_where_speech_waits_can_be_skipped_though_it_has_ended_elsewhere(
    tmp_path: Path,
) -> None:
    pipeline = Pipeline(tmp_path, FakeOutput("slow"), FakeOutput("fast"))
    pipeline.players[1].required = False
    utterance = pipeline.store.say("hello")
    pipeline.synth.step()
    pipeline.play(hear=False)
    pipeline.outputs[1].hear()
    pipeline.play(hear=False)
    assert pipeline.outputs[1].ended
    assert pipeline.ledger.flying() == (utterance,)
    spoken = pipeline.ledger.cut(utterance, State.SKIPPED, "skipped")
    assert spoken is not None
    pipeline.channel.cut(End(spoken))
    pipeline.players[0].fade_out(spoken)
    pipeline.play()
    assert pipeline.state(utterance.id) is State.SKIPPED
    pipeline.store.close()
