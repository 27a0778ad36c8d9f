"""eSpeak NG: a robot's voice in a hundred languages, hundreds of times faster than it speaks.

The package brings library and data; nothing of the system's is used. A sentence whose language is known
gets a voice of that language, whatever the default voice is. Word times come from the library.
"""

from __future__ import annotations

import ctypes
import os
import queue
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from ttsd.engines.adapters.espeak_voices import best_for, known_as, tag_of
from ttsd.engines.catalog import defaults
from ttsd.errors import EngineCancelled, EngineMissing, EngineRefused, UnknownVoice
from ttsd.model import Chunk, Voice, WordTime

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from ttsd.engines.adapter import Setup
    from ttsd.engines.engine import Request

USUAL = "en-us"
# From speak_lib.h, version 1.52.
_SYNCHRONOUS, _DONT_EXIT = 2, 0x8000
_CHARACTER, _UTF8 = 1, 1
_WORD, _CLAUSE_END = 1, 5
_RATE, _PITCH = 1, 3
_BUFFER = 740
"""Milliseconds of sound in a piece, made in less than one: what the worker sends in one event."""
_LONGEST_PATH = 140
"""Bytes; the library has room for 160, of which names of files below it need some."""


class _ListedVoice(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_void_p),  # a byte of priority, the tag; more of them follow
        ("identifier", ctypes.c_char_p),
        ("rest", ctypes.c_ubyte * 4),
    )


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),  # 0 ends a list of them
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),  # characters, from 1
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),  # milliseconds
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", ctypes.c_char * 8),
    )


_CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)

_Mark = tuple[int, int, int, float]
"""A word's beginning or a clause's end: its kind, its place in the text, its length, its second."""
_Piece = tuple[bytes, list[_Mark]]
"""Sound as s16 samples, and what is marked in it."""


class Espeak:
    """See ttsd.engines.adapter.Adapter."""

    def __init__(self) -> None:
        self._library: ctypes.CDLL
        self._rate = 0
        self._names: tuple[str, ...] = ()
        self._default = USUAL
        self._cancelled = False

    def open(self, setup: Setup, progress: Callable[[str], None]) -> None:
        """See Adapter."""
        try:
            import espeakng_loader as package
        except ImportError as error:
            raise EngineMissing(f"espeakng_loader cannot be imported: {error}") from error
        import numpy as np

        np.zeros(1)  # imported now rather than at the first sentence
        progress("loading its data")
        data = Path(package.get_data_path())
        try:
            self._library = library = ctypes.CDLL(package.get_library_path())
        except OSError as error:
            raise EngineMissing(f"its library cannot be loaded: {error}") from error
        library.espeak_Synth.argtypes = (
            *(ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint, ctypes.c_int, ctypes.c_uint, ctypes.c_uint),
            *(ctypes.c_void_p, ctypes.c_void_p),
        )
        library.espeak_ListVoices.argtypes = (ctypes.c_void_p,)
        library.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_ListedVoice))
        self._rate = library.espeak_Initialize(_SYNCHRONOUS, _BUFFER, _short(data), _DONT_EXIT)
        if self._rate <= 0:
            raise EngineMissing(f"its data in {data} cannot be read", next_step="install it anew")
        self._names = tuple(_listed(library))
        self._default = known_as(setup.voice or USUAL, self._names, _variants(data))

    def prepare(self, setup: Setup, progress: Callable[[str], None]) -> None:
        """See Adapter: there is nothing to prepare."""

    def voices(self) -> tuple[Voice, ...]:
        """See Adapter."""
        names = dict.fromkeys((self._default, *self._names))
        return tuple(Voice(name, tag_of(name)) for name in names)

    def synthesize(self, request: Request) -> Iterator[Chunk]:
        """See Adapter: sound is given while the rest of the sentence is being made."""
        import numpy as np

        self._cancelled = False
        voice = request.voice or best_for(request.language, self._default, self._names)
        if voice is None:
            raise UnknownVoice(f"has no voice for the language {request.language}")
        options = {**defaults("espeak"), **request.options}
        if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise UnknownVoice(f"has no voice {voice}")
        self._library.espeak_SetParameter(_RATE, int(options["rate"]), 0)
        self._library.espeak_SetParameter(_PITCH, int(options["pitch"]), 0)
        text = request.text.replace("\0", " ")
        words, count = _Words(text), 0
        with closing(self._spoken(text)) as pieces:
            for sound, marks in pieces:
                # A clause may end behind its last piece; the words that end with it need a sample to go with.
                samples = np.frombuffer(sound or bytes(2), np.int16).astype(np.float32)
                samples /= 32768
                count += samples.size
                yield Chunk(samples, self._rate, words.feed(marks, count / self._rate), voice)

    def cancel(self) -> None:
        """See Adapter: the library stops at its next piece."""
        self._cancelled = True

    def close(self) -> None:
        """See Adapter."""

    def _spoken(self, text: str) -> Generator[_Piece, None, None]:
        """The sound as it comes: made in a thread of its own, which does not wait for whoever takes it."""
        pieces: queue.SimpleQueue[_Piece | int] = queue.SimpleQueue()
        left = self._rate * (60 + len(text))  # samples; the worker refuses what is as long as that

        def take(samples: Sequence[int], count: int, events: Sequence[_Event]) -> int:
            nonlocal left
            sound = ctypes.string_at(samples, 2 * count) if samples else b""  # type: ignore[arg-type]  # a pointer
            marks = list(_marks(events))
            if sound or marks:
                pieces.put((sound, marks))
            left -= count
            return int(self._cancelled or left < 0)

        def speak() -> None:
            data = text.encode("utf-8", "replace")
            pieces.put(self._library.espeak_Synth(data, len(data) + 1, 0, _CHARACTER, 0, _UTF8, None, None))

        callback = _CALLBACK(take)
        self._library.espeak_SetSynthCallback(callback)
        thread = threading.Thread(target=speak, name="espeak", daemon=True)
        thread.start()
        try:
            while not isinstance(piece := pieces.get(), int):
                yield piece
            if self._cancelled:
                raise EngineCancelled("cancelled")
            if piece:
                raise EngineRefused(f"its library failed with status {piece}")
        finally:
            self._cancelled = True  # nobody takes any more: it stops at its next piece
            thread.join()


class _Words:
    """Makes word times of the library's marks: a word ends where the next one begins, or its clause ends."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._begun: tuple[str, float] | None = None

    def feed(self, marks: Sequence[_Mark], sounded: float) -> tuple[WordTime, ...]:
        """The words that have ended. *sounded*: seconds of sound so far; a clause ends with a piece."""
        ended = []
        for kind, at, length, start in marks:
            if self._begun is not None:
                word, began = self._begun
                ended.append(WordTime(word, began, max(began, start if kind == _WORD else sounded)))
            self._begun = (self._text[at : at + length], start) if kind == _WORD else None
        return tuple(ended)


def _marks(events: Sequence[_Event]) -> Iterator[_Mark]:
    index = 0
    while (event := events[index]).type:
        if event.type in (_WORD, _CLAUSE_END):
            yield event.type, event.text_position - 1, event.length, event.audio_position / 1000
        index += 1


def _short(data: Path) -> bytes:
    """*data* by a path that the library can hold. Its end is cut off without a word otherwise."""
    if len(bytes(data)) > _LONGEST_PATH and sys.platform == "linux":
        return b"/proc/self/fd/%d" % os.open(
            data, os.O_RDONLY | os.O_DIRECTORY
        )  # open as long as the library
    return bytes(data)


def _listed(library: ctypes.CDLL) -> Iterator[str]:
    """Its voices, by the tag of their language."""
    listed = library.espeak_ListVoices(None)
    index = 0
    while listed[index]:
        yield ctypes.string_at(listed[index].contents.languages + 1).decode()
        index += 1


def _variants(data: Path) -> tuple[str, ...]:
    return tuple(file.name for file in (data / "voices" / "!v").iterdir())
