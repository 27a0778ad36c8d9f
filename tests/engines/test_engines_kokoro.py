"""Kokoro on its real library and weights, in the venv that `engine install` makes.

Marked `kokoro`: see `engine_venvs`, `kokoro_cache` and `portuguese_listener` for what is fetched.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from engine_parts import seconds, silences
from engine_venvs import host_of
from kokoro_cache import MODEL, VOICES, kokoro_folder
from listener import word_error_rate
from portuguese_listener import hear
from waiting import wait_for

from ttsd.engines.engine import Request, Scalar
from ttsd.engines.host import EngineHost
from ttsd.errors import EngineCancelled, EngineError, EngineMissing, EngineRefused, UnknownVoice
from ttsd.model import Chunk

pytestmark = pytest.mark.kokoro

SENTENCE = Request("The quick brown fox jumps over the lazy dog.")
PORTUGUESE = "Bom dia, meu nome é Dora e hoje vamos falar sobre o tempo na cidade."
Make = Callable[..., EngineHost]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Makes the engine as users have it."""
    made: list[EngineHost] = []

    def engine(voice: str | None = None, **options: Scalar) -> EngineHost:
        host = host_of("kokoro", tmp_path, {"model": str(kokoro_folder()), **options}, voice=voice)
        made.append(host)
        return host

    yield engine
    for host in made:
        host.close()


def joined(chunks: list[Chunk]) -> np.ndarray:
    """Their sound."""
    return np.concatenate([chunk.samples for chunk in chunks])


def test_it_has_its_voices_blends_paces_and_languages(make: Make) -> None:
    host = make()
    heard = list(host.synthesize(SENTENCE))
    assert {chunk.rate for chunk in heard} == {24000}
    assert 1.5 < seconds(heard) < 5
    voices = host.voices()
    assert len(voices) == 54
    assert (voices[0].name, voices[0].language) == ("af_heart", "en-US")
    assert {voice.language for voice in voices} == {
        *("en-US", "en-GB", "es", "fr", "hi", "it", "ja", "pt-BR", "zh-CN")
    }
    fast = seconds(list(host.synthesize(Request(SENTENCE.text, options={"speed": 2.0}))))
    assert fast < 0.7 * seconds(heard)
    one, other, both = (
        joined(list(host.synthesize(Request(SENTENCE.text, voice))))
        for voice in ("af_heart", "am_adam", "af_heart:0.6+am_adam:0.4")
    )
    assert not any(a.size == b.size and np.allclose(a, b) for a, b in ((one, both), (other, both)))
    for text, language in (
        ("Buenos días, ¿qué tal?", "es-MX"),
        ("Bonjour, ça va ?", "fr"),
        ("Buongiorno a tutti.", "it"),
        ("नमस्ते, आप कैसे हैं?", "hi"),
        ("Good morning (to you all).", "en-GB"),
    ):
        assert seconds(list(host.synthesize(Request(text, language=language)))) > 0.5
    for wrong, fault in (
        (Request("Hi.", "af_nobody"), UnknownVoice),
        (Request("Hi.", "af_heart:0.6+af_nobody:0.4"), UnknownVoice),
        (Request("Guten Tag.", language="de"), EngineRefused),
        (Request("こんにちは", language="ja"), EngineMissing),
        (Request("Hi.", options={"speed": 2.5}), EngineRefused),
    ):
        with pytest.raises(fault):
            list(host.synthesize(wrong))
    assert list(host.synthesize(SENTENCE))


def test_a_portuguese_sentence_is_understood(make: Make, tmp_path: Path) -> None:
    host = make()
    heard = list(host.synthesize(Request(PORTUGUESE, language="pt-BR")))
    text = hear(joined(heard), heard[0].rate, tmp_path)
    assert word_error_rate(PORTUGUESE, text) <= 0.3, text


def test_the_silence_of_the_model_at_the_ends_of_a_part_is_not_heard(make: Make) -> None:
    text = (
        "When the ship left the harbour in the early morning, nobody on the shore could say whether it would ever"
        " come back to them with all those people on board who had wanted to see the world."
    )
    # Uncut there are 0.9 s between its two parts; inside a part the model rests for 0.4 s at most.
    assert max(silences(list(make().synthesize(Request(text))), 0.01)) < 0.6


def test_a_long_text_comes_in_parts_and_stops_at_once_when_cancelled(make: Make) -> None:
    host = make()
    host.load()
    pid = host.status().pid
    faults: list[EngineError] = []
    heard: list[Chunk] = []

    def speak() -> None:
        try:
            for chunk in host.synthesize(Request("and so it went on, and on, and nobody knew why; " * 20)):
                heard.append(chunk)  # what came before the error is kept
        except EngineError as error:
            faults.append(error)

    thread = threading.Thread(target=speak)
    thread.start()
    wait_for(lambda: heard, "its first part", timeout=60)
    host.cancel()
    thread.join(5)
    assert [type(fault) for fault in faults] == [EngineCancelled]
    assert list(host.synthesize(Request("Hi.")))
    assert host.status().pid == pid, "it stopped within its grace"


def test_what_is_missing_or_damaged_is_named(make: Make, tmp_path: Path) -> None:
    with pytest.raises(EngineMissing, match=r"no model kokoro-v1\.0\.fp16\.onnx"):
        make(precision="fp16").load()
    (tmp_path / MODEL).write_bytes(b"no model")
    with pytest.raises(EngineMissing, match="no voices"):
        make(model=MODEL).load()
    shutil.copy(kokoro_folder() / VOICES, tmp_path / VOICES)
    with pytest.raises(EngineRefused, match="cannot be loaded"):
        make(model=MODEL).load()
    with pytest.raises(UnknownVoice, match="af_nobody"):
        make(voice="af_nobody").load()
