"""The pause between two lines, and between two sentences, is as long as it was asked for: as it is heard."""

from __future__ import annotations

from contextlib import closing
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from fakes import FakeEngine, FakeOutput
from pipeline_parts import Pipeline

from ttsd.audio.dsp import join
from ttsd.audio.gap import AUDIBLE_DB, LONGEST_LEAD
from ttsd.audio.loudness import TARGET_LUFS
from ttsd.engines import catalog
from ttsd.engines.chain import Chain
from ttsd.engines.connect import Place
from ttsd.engines.roster import Roster
from ttsd.model import Chunk, EngineName, State, WordTime
from ttsd.settings import EngineSettings, Settings, SpeechSettings
from ttsd.speech.channel import End
from ttsd.speech.convert import Converters
from ttsd.speech.direct import Reader, speak
from ttsd.speech.levels import Levels

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ttsd.engines.engine import Request
    from ttsd.model import Samples

AUDIBLE = 10 ** (AUDIBLE_DB / 20)
RATE = 48_000
OFF = 0.010
"""Seconds that a pause may be off."""


def longest_pause(sound: Samples, rate: int = RATE) -> float:
    """Seconds between two audible samples."""
    return float(np.diff(np.flatnonzero(np.abs(sound) > AUDIBLE)).max() - 1) / rate


class Fading(FakeEngine):
    """Says everything so that it begins and ends fainter than what is heard."""

    LEAD, TAIL = 24, 40

    def synthesize(self, request: Request) -> Iterator[Chunk]:
        faint = AUDIBLE * 0.9
        yield Chunk(np.full(self.LEAD, faint, np.float32), self.rate, (WordTime(request.text, 0.0, 0.1),))
        yield Chunk(np.full(800, 0.5, np.float32), self.rate)
        yield Chunk(np.full(self.TAIL, faint, np.float32), self.rate)


def fading(folder: Path, *outputs: FakeOutput) -> Pipeline:
    """A pipeline whose pauses are 2000 frames between lines and 1600 between sentences."""
    return Pipeline(folder, *outputs, pause=0.25, sentence_pause=0.2, chain=Chain([Fading()]))


def test_lines_are_apart_to_the_sample_and_nothing_of_them_is_missing(tmp_path: Path) -> None:
    pipeline = fading(tmp_path)
    for text in ("one", "two"):
        pipeline.store.say(text)
        pipeline.synth.step()
    pipeline.play()
    sound = pipeline.outputs[0].sound
    assert longest_pause(sound, 8000) * 8000 == 2000
    assert np.count_nonzero(sound) == 2 * (800 + Fading.LEAD + Fading.TAIL)
    pipeline.store.close()


def test_sentences_are_apart_to_the_sample_on_a_device_and_in_a_file(tmp_path: Path) -> None:
    device, files = FakeOutput("device"), FakeOutput("files", rate=None, live=False)
    pipeline = fading(tmp_path, device, files)
    pipeline.store.say("One. Two.")
    pipeline.synth.step()
    pipeline.play()
    pipeline.play()
    for output in (device, files):
        assert longest_pause(output.sound, 8000) * 8000 == 1600
        assert np.count_nonzero(output.sound) == 2 * (800 + Fading.LEAD + Fading.TAIL)
    pipeline.store.close()


def test_a_line_that_comes_while_the_pause_sounds_is_apart_to_the_sample(tmp_path: Path) -> None:
    pipeline = fading(tmp_path)
    output = pipeline.outputs[0]
    pipeline.store.say("one")
    pipeline.synth.step()
    pipeline.play(hear=False)  # the device has it all in its buffer
    output.hear(800 + Fading.LEAD + Fading.TAIL + 1000)
    pipeline.play(hear=False)
    assert pipeline.names()[-1] == "end"
    pipeline.clock.advance(0.3)  # what the device's latency makes of it does not count
    pipeline.store.say("two")
    pipeline.synth.step()
    pipeline.play()
    assert longest_pause(output.sound, 8000) * 8000 == 2000
    pipeline.store.close()


def test_a_line_that_comes_shortly_behind_what_was_written_of_the_pause_waits_for_the_rest_and_later_it_does_not(
    tmp_path: Path,
) -> None:
    pipeline = fading(tmp_path)
    output = pipeline.outputs[0]
    silent = []
    for late in (0.02, 0.1):
        pipeline.store.say("one")
        pipeline.synth.step()
        pipeline.play()
        before = len(output.sound)
        pipeline.clock.advance(late)
        pipeline.store.say("two")
        pipeline.synth.step()
        pipeline.play()
        silent.append(int(np.flatnonzero(output.sound[before:])[0]))
        pipeline.clock.advance(10)
    assert silent == [int(LONGEST_LEAD * 8000) - 160 - Fading.LEAD, 0]
    pipeline.store.close()


def test_a_device_rests_when_the_pause_has_sounded(tmp_path: Path) -> None:
    pipeline = fading(tmp_path)
    output = pipeline.outputs[0]
    for text in ("one", "two"):
        pipeline.store.say(text)
        pipeline.synth.step()
    pipeline.play(hear=False)
    output.hear(len(output.sound) - 1)
    pipeline.play(hear=False)
    assert (len(output.ended), output.rests) == (2, [])
    pipeline.play()
    assert output.rests == [len(output.sound)]
    pipeline.store.close()


def test_what_is_skipped_before_it_sounds_makes_the_pause_no_longer(tmp_path: Path) -> None:
    pipeline = fading(tmp_path)
    output, player = pipeline.outputs[0], pipeline.players[0]
    pipeline.store.say("one")
    second = pipeline.store.say("two")
    for _ in range(2):
        pipeline.synth.step()
    while player._first is None or player._first[1] != second.id:
        player.step()
        output.hear()
        pipeline.record()
    spoken = pipeline.ledger.cut(second, State.SKIPPED, "skipped")
    assert spoken is not None
    pipeline.channel.cut(End(spoken))
    player.fade_out(spoken)
    pipeline.play()
    pipeline.clock.advance(0.24)
    pipeline.store.say("three")
    pipeline.synth.step()
    pipeline.play()
    written = 2000 - int(LONGEST_LEAD * 8000)
    assert longest_pause(output.sound, 8000) * 8000 == written + 80
    pipeline.store.close()


def test_a_word_that_is_known_before_its_sound_is_told_behind_the_pause(tmp_path: Path) -> None:
    pipeline = fading(tmp_path)
    for text in ("one", "two"):
        pipeline.store.say(text)
        pipeline.synth.step()
    pipeline.play(hear=False)
    output = pipeline.outputs[0]
    output.hear(800 + Fading.LEAD + Fading.TAIL + 1900)
    pipeline.play(hear=False)
    assert pipeline.names() == ["begin", "sentence", "word", "end"]
    pipeline.play()
    assert pipeline.names()[4:] == ["begin", "sentence", "word", "end"]
    pipeline.store.close()


@pytest.fixture(params=[pytest.param("piper", marks=pytest.mark.long), "hibari"])
def voice(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Chain]:
    """A real voice in its worker."""
    name: str = request.param
    entry = catalog.find(name)
    assert entry is not None
    if why := catalog.missing(entry):
        pytest.skip(f"{name}: {why}")
    roster = Roster(place=Place(tmp_path, tmp_path / "data", tmp_path / "cache"))
    piper = EngineSettings(options={"stream": False})  # else it is split behind each test
    chain = roster.build(Settings(engines=(EngineName(name),), engine={EngineName("piper"): piper}))
    yield chain
    for engine in chain.engines:
        engine.close()


LINES = ("Banana.", "Half of us laugh.", "She said yes.", "The fish swims away.")


@pytest.mark.voice
@pytest.mark.parametrize("pause", [0.3, 0.7])
def test_lines_of_a_real_voice_are_apart_by_the_pause(voice: Chain, tmp_path: Path, pause: float) -> None:
    for first, second in pairwise(LINES):
        pipeline = Pipeline(
            *(tmp_path / first, FakeOutput(rate=RATE)), pause=pause, chain=voice, levels=Levels(TARGET_LUFS)
        )
        for text in (first, second):
            pipeline.store.say(text)
            pipeline.synth.step()
        pipeline.play()
        assert longest_pause(pipeline.outputs[0].sound) == pytest.approx(pause, abs=OFF), (first, second)
        pipeline.store.close()


@pytest.mark.voice
def test_sentences_of_a_real_voice_are_apart_by_the_pause_in_the_queue_and_beside_it(
    voice: Chain, tmp_path: Path
) -> None:
    pause = 0.5
    device, files = FakeOutput("device", rate=RATE), FakeOutput("files", rate=None, live=False)
    pipeline = Pipeline(
        tmp_path, device, files, sentence_pause=pause, chain=voice, levels=Levels(TARGET_LUFS)
    )
    settings = Settings(speech=SpeechSettings(sentence_pause_ms=int(pause * 1000)))
    for first, second in pairwise(LINES):
        text = f"{first} {second}"
        before, before_in_files = len(device.sound), len(files.sound)
        pipeline.store.say(text)
        pipeline.synth.step()
        pipeline.play()
        pipeline.play()
        assert longest_pause(device.sound[before:]) == pytest.approx(pause, abs=OFF), text
        with closing(speak(voice, Reader(settings).read(text), settings, Converters())) as pieces:
            beside = list(pieces)
        rate = beside[0].rate
        assert longest_pause(files.sound[before_in_files:], rate) == pytest.approx(pause, abs=OFF), text
        told = longest_pause(join([piece.samples for piece in beside]), rate)
        assert told == pytest.approx(pause, abs=OFF), text
    pipeline.store.close()
