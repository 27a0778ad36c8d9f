"""eSpeak NG on its real library and data, in a real worker process; and the choice of its voices."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from engine_parts import seconds
from waiting import wait_for

from ttsd.engines import catalog
from ttsd.engines.adapter import Setup
from ttsd.engines.adapters.espeak import Espeak
from ttsd.engines.adapters.espeak_voices import best_for, known_as, tag_of
from ttsd.engines.connect import Place, Process
from ttsd.engines.engine import Request, Scalar
from ttsd.engines.host import EngineHost
from ttsd.errors import EngineCancelled, EngineError, EngineRefused, UnknownVoice
from ttsd.model import Chunk, EngineName, WordTime
from ttsd.settings import EngineSettings

SENTENCE = Request("The quick brown fox jumps over the lazy dog.")
NAMES = (
    "af",
    "cmn",
    "en-029",
    "en-gb",
    "en-us",
    "es",
    "es-419",
    "fr-be",
    "fr-fr",
    "nb",
    "pt",
    "pt-br",
    "yue",
)

Make = Callable[..., EngineHost]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Makes the engine as users have it."""
    made: list[EngineHost] = []

    def engine(voice: str | None = None, **options: Scalar) -> EngineHost:
        entry = catalog.find("espeak")
        assert entry is not None
        settings = EngineSettings(voice=voice, options=options)
        place = Place(tmp_path, tmp_path / "data", tmp_path / "cache")
        host = EngineHost(EngineName("espeak"), entry, settings, Process("espeak", entry, settings, place))
        made.append(host)
        return host

    yield engine
    for host in made:
        host.close()


@pytest.mark.parametrize(
    ("language", "default", "voice"),
    [
        (None, "en-us+f3", "en-us+f3"),
        ("en", "en-gb+f3", "en-gb+f3"),
        ("en-US", "en-gb", "en-us"),
        ("en-AU", "pt", "en-us"),
        ("pt-BR", "en-us", "pt-br"),
        ("pt_PT", "en-us", "pt"),
        ("zh-CN", "en-us", "cmn"),
        ("zh-Hant-TW", "en-us", "cmn"),
        ("zh-HK", "en-us", "yue"),
        ("es-MX", "en-us", "es"),
        ("fr-CA", "en-us", "fr-fr"),
        ("no", "en-us", "nb"),
        ("tlh", "en-us", None),
    ],
)
def test_a_language_is_spoken_by_its_nearest_voice_and_by_no_other(
    language: str | None, default: str, voice: str | None
) -> None:
    assert best_for(language, default, NAMES) == voice


def test_a_voice_may_be_spelt_as_people_do_and_must_exist() -> None:
    variants = ("f3", "Andy")
    assert known_as("pt-BR", NAMES, variants) == "pt-br"
    assert known_as("en+andy", NAMES, variants) == "en-us+Andy"
    with pytest.raises(UnknownVoice, match="no voice tlh"):
        known_as("tlh", NAMES, variants)
    with pytest.raises(UnknownVoice, match=r"no variant f9.*it has Andy, f3"):
        known_as("en-us+f9", NAMES, variants)
    assert [tag_of(name) for name in ("pt-br+f3", "fa-latn", "en-gb-x-rp", "es-419", "yue")] == [
        "pt-BR",
        "fa-Latn",
        "en-GB-x-rp",
        "es-419",
        "yue",
    ]


def joined(chunks: list[Chunk]) -> np.ndarray:
    """Their sound."""
    return np.concatenate([chunk.samples for chunk in chunks])


@pytest.mark.voice
def test_it_speaks_and_tells_its_words(make: Make) -> None:
    host = make()
    heard = list(host.synthesize(SENTENCE))
    assert 1.5 < seconds(heard) < 5
    assert {chunk.rate for chunk in heard} == {22050}
    assert 0.1 < float(np.abs(joined(heard)).max()) <= 1
    words = [word for chunk in heard for word in chunk.words]
    assert [word.text for word in words] == SENTENCE.text.rstrip(".").split()
    assert words[0].start < 0.1
    assert all(a.start < a.end <= b.start for a, b in pairwise(words))
    assert words[-1].end <= seconds(heard) + 0.001
    fast = seconds(list(host.synthesize(Request(SENTENCE.text, options={"rate": 350}))))
    assert fast < 0.65 * seconds(heard)
    high = joined(list(host.synthesize(Request(SENTENCE.text, options={"pitch": 99}))))
    assert high.size != joined(heard).size or not np.allclose(high, joined(heard), atol=0.05)


@pytest.mark.voice
def test_it_gives_sound_while_it_makes_the_rest_and_ends_when_nobody_takes_it() -> None:
    espeak = Espeak()
    espeak.open(Setup(), lambda _: None)
    text = "One two three, four five six. " * 20
    whole = list(espeak.synthesize(Request(text)))
    assert whole[0].samples.size / whole[0].rate == pytest.approx(0.74, abs=0.001)
    assert sum(len(chunk.words) for chunk in whole) == len(text.split())
    assert [len(chunk.words) for chunk in whole].count(0) < len(whole) / 2
    pieces = espeak.synthesize(Request(text))
    assert isinstance(pieces, Generator)
    assert next(pieces).samples.size == whole[0].samples.size
    pieces.close()
    assert "espeak" not in [thread.name for thread in threading.enumerate()]
    assert seconds(list(espeak.synthesize(Request(text)))) == pytest.approx(seconds(whole), abs=0.1)


class Late(Espeak):
    """What the library gives when a clause fills its last piece: the end of the clause comes behind it."""

    def _spoken(self, text: str) -> Generator[tuple[bytes, list[tuple[int, int, int, float]]], None, None]:
        yield bytes(22050), [(1, 0, 3, 0.1), (1, 4, 3, 0.3)]
        yield b"", [(5, 7, 0, 0.5)]


@pytest.mark.voice
def test_a_word_whose_clause_ends_behind_its_last_piece_is_told_with_sound() -> None:
    espeak = Late()
    espeak.open(Setup(), lambda _: None)
    first, last = espeak.synthesize(Request("One two."))
    assert first.words == (WordTime("One", 0.1, 0.3),)
    assert last.samples.size == 1
    assert last.words == (WordTime("two", 0.3, 11026 / 22050),)


@pytest.mark.voice
def test_it_has_a_hundred_languages_and_reads_each_line_in_its_own(make: Make) -> None:
    host = make("pt-BR+f3")
    voices = host.voices()
    assert voices[0].name == "pt-br+f3"
    assert len({(voice.language or "").partition("-")[0] for voice in voices}) >= 100
    names = {voice.name for voice in voices}
    assert {"en-us", "pt-br", "cmn", "ja", "hi", "ar"} <= names
    text = "Ontem choveu muito na cidade."
    own, same, other = (
        joined(list(host.synthesize(Request(text, language=tag)))) for tag in (None, "pt", "en")
    )
    assert abs(own.size - same.size) < 200
    assert abs(own.size - other.size) > 500
    with pytest.raises(EngineRefused, match="no voice for the language xx"):
        list(host.synthesize(Request(text, language="xx")))
    with pytest.raises(UnknownVoice):
        list(host.synthesize(Request(text, voice="pt-brr")))
    assert list(host.synthesize(Request("こんにちは、世界", language="ja")))


@pytest.mark.voice
def test_what_looks_like_its_commands_is_read_like_any_text(make: Make) -> None:
    host = make()
    assert list(host.synthesize(Request('<speak><audio src="/etc/passwd"/> [[h@l@U]] a\0b 😀</speak>')))
    assert host.status().state == "ready"


@pytest.mark.voice
def test_cancelling_a_long_text_keeps_the_worker(make: Make) -> None:
    host = make(rate=80)
    host.load()
    pid = host.status().pid
    faults: list[EngineError] = []

    def speak() -> None:
        try:
            list(host.synthesize(Request("1234567 " * 900)))
        except EngineError as error:
            faults.append(error)

    thread = threading.Thread(target=speak)
    thread.start()
    wait_for(lambda: host.status().state == "busy", "it to speak")
    host.cancel()
    thread.join()
    assert [type(fault) for fault in faults] == [EngineCancelled]
    assert list(host.synthesize(SENTENCE))
    assert host.status().pid == pid


@pytest.mark.voice
def test_a_voice_it_does_not_have_is_refused_when_it_loads(make: Make) -> None:
    with pytest.raises(UnknownVoice, match=r"no voice klingon.*en-us"):
        make("klingon").load()
