"""The vocabulary on the wire: Wyoming's text-to-speech events, and ttsd's extension of them.

Only this module knows the keys; beside it events are typed values. Foreign peers ignore what they do
not know: the extension adds keys to Wyoming's events and three events of its own, whose names begin
with `ttsd-`. PROTOCOL changes when an old peer would misunderstand a new one; versions of ttsd may differ.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ttsd import __version__
from ttsd.engines.engine import Request
from ttsd.engines.memory import UNKNOWN, Memory
from ttsd.engines.wire import Event, Garbage
from ttsd.errors import (
    EngineCancelled,
    EngineCrashed,
    EngineError,
    EngineExhausted,
    EngineMissing,
    EngineRefused,
    EngineSilent,
    EngineTimeout,
    UnknownVoice,
)
from ttsd.frozen import frozen
from ttsd.model import Chunk, Voice, WordTime

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ttsd.model import Samples

PROTOCOL = 1
"""Number of the extension; both sides say theirs in the greeting."""

HELLO, PROGRESS, CANCEL = "ttsd-hello", "ttsd-progress", "ttsd-cancel"
DESCRIBE, INFO = "describe", "info"
SYNTHESIZE, AUDIO_START, AUDIO_CHUNK, AUDIO_STOP = "synthesize", "audio-start", "audio-chunk", "audio-stop"
ERROR, PING, PONG = "error", "ping", "pong"

_ERRORS: dict[str, type[EngineError]] = {
    kind.code: kind
    for kind in (
        EngineCancelled,
        EngineCrashed,
        EngineExhausted,
        EngineMissing,
        EngineRefused,
        EngineSilent,
        EngineTimeout,
        UnknownVoice,
    )
}


@frozen
class Info:
    """What an engine says of itself when it is ready."""

    voices: tuple[Voice, ...]
    default: str | None
    """The voice used when none is asked for; None: a foreign server that does not tell."""
    familiar: bool = True
    """It is a worker of ttsd and knows the extension."""
    memory: Memory = UNKNOWN
    """What its process holds."""


@frozen
class Finished:
    """The end of a sentence, as told by its worker."""

    seconds: float | None = None
    """Time the engine computed, without waiting for whoever reads; None: not told."""
    clipped: int = 0
    """Samples beyond -1 … 1; they are passed on, a limiter's business."""
    memory: Memory = UNKNOWN
    """What its process holds."""


def hello() -> Event:
    """A worker's greeting."""
    return Event(HELLO, {"protocol": PROTOCOL, "version": __version__})


def describe() -> Event:
    """Ask what it is; answered with an info when it is ready. Only a worker of ttsd sees that we are one."""
    return Event(DESCRIBE, {"ttsd": {"protocol": PROTOCOL, "version": __version__}})


def is_familiar(event: Event) -> bool:
    """Whether a describe comes from a ttsd, which knows the extension."""
    return "ttsd" in event.data


def check_hello(event: Event, where: str, *, ours: bool = False) -> None:
    """Raise EngineRefused, naming the remedy, if the peer speaks another extension.

    *ours*: it is a process that we started, from the ttsd that is installed here now.
    """
    theirs = event.data.get("protocol")
    if theirs != PROTOCOL:
        version = event.data.get("version", "of an unknown version")
        raise EngineRefused(
            f"its worker is ttsd {version}, which speaks protocol {theirs}; this is ttsd {__version__},"
            f" which speaks {PROTOCOL}",
            where=where,
            next_step="ttsd was renewed while it ran: start the daemon again"
            if ours
            else f"install the same ttsd on both sides: pip install ttsd=={__version__}",
        )


def progress(text: str) -> Event:
    """What the worker does while it loads: a phrase for people."""
    return Event(PROGRESS, {"text": text})


def read_progress(event: Event) -> str:
    """The phrase."""
    return str(event.data.get("text", ""))[:300]


def cancel(job: int) -> Event:
    """Stop the synthesis *job*; it ends with an error `engine-cancelled`."""
    return Event(CANCEL, {"id": job})


def job_of(event: Event) -> int | None:
    """The synthesis an event belongs to; None: a foreign peer that does not tell."""
    job = event.data.get("id")
    return job if isinstance(job, int) else None


def synthesize(request: Request, job: int) -> Event:
    """Ask for one sentence, or for a sound in another voice; foreign servers read text and voice alone."""
    data: dict[str, object] = {"text": request.text, "id": job, "float": True}
    voice = {"name": request.voice, "language": request.language, "speaker": request.speaker}
    if voice := {key: value for key, value in voice.items() if value is not None}:
        data["voice"] = voice
    if request.options:
        data["options"] = dict(request.options)
    if request.sound is None:
        return Event(SYNTHESIZE, data)
    data["sound"] = _format(request.sound.rate, None, floats=True)
    return Event(SYNTHESIZE, data, request.sound.samples.astype("<f4", copy=False).tobytes())


def without_options(request: Request) -> tuple[Request, list[str]]:
    """*request* for a foreign server, which takes a speaker and no options; and the options it loses."""
    speaker = request.speaker or request.options.get("speaker")
    ignored = sorted(set(request.options) - {"speaker"})
    return replace(request, speaker=None if speaker is None else str(speaker)), ignored


def synthesize_plainly(request: Request) -> Event:
    """Ask a foreign server for one sentence, in Wyoming's words alone."""
    data: dict[str, object] = {"text": request.text}
    if request.voice is not None:
        data["voice"] = {"name": request.voice}
        if request.speaker is not None:
            data["voice"] = {"name": request.voice, "speaker": request.speaker}
    elif request.language is not None:
        data["voice"] = {"language": request.language}
    return Event(SYNTHESIZE, data)


def read_synthesize(event: Event) -> Request:
    """What a client asks for. Raises Garbage if it asks for nothing that can be read."""
    text, voice, options = (event.data.get(key) for key in ("text", "voice", "options"))
    voice, options = voice or {}, options or {}
    if not isinstance(text, str) or not isinstance(voice, dict) or not isinstance(options, dict):
        raise Garbage("a synthesize event without text, or with a voice or options that are no objects")
    scalars = {key: value for key, value in options.items() if isinstance(value, str | int | float | bool)}
    return Request(
        text,
        _text(voice.get("name")),
        _text(voice.get("speaker")),
        _text(voice.get("language")),
        scalars,
        _sound(event),
    )


def _sound(event: Event) -> Chunk | None:
    """What comes with a synthesize for a converter. Raises Garbage."""
    described = event.data.get("sound")
    if not isinstance(described, dict):
        return None
    reader = PcmReader(Event(AUDIO_CHUNK, described))
    return Chunk(reader.feed(event.payload), reader.rate)


def wants_float(event: Event) -> bool:
    """Whether the client takes float samples; Wyoming's own take 16 bits."""
    return event.data.get("float") is True


def audio_start(rate: int, job: int | None, *, floats: bool, voice: str | None = None) -> Event:
    """Sound follows, mono. *voice*: the one that speaks, where the engine chose it."""
    told = {} if voice is None else {"voice": voice}
    return Event(AUDIO_START, _format(rate, job, floats) | told)


def read_voice(event: Event) -> str | None:
    """The voice that an engine says it chose."""
    return _text(event.data.get("voice"))


def audio_chunk(chunk: Chunk, job: int | None, *, floats: bool) -> Event:
    """A piece of sound: little-endian float32 if the client takes it, 16 bits otherwise."""
    import numpy as np

    data = _format(chunk.rate, job, floats)
    if chunk.words:
        data["words"] = [[word.text, word.start, word.end] for word in chunk.words]
    if floats:
        return Event(AUDIO_CHUNK, data, chunk.samples.astype("<f4", copy=False).tobytes())
    return Event(AUDIO_CHUNK, data, (np.clip(chunk.samples, -1, 1) * 32767).round().astype("<i2").tobytes())


def audio_stop(finished: Finished, job: int | None) -> Event:
    """The sentence is complete."""
    data: dict[str, object] = {} if job is None else {"id": job}
    data |= {"seconds": finished.seconds, "clipped": finished.clipped}
    return Event(AUDIO_STOP, data | {"memory": _of(finished.memory)})


def read_stop(event: Event) -> Finished:
    """What a worker tells at the end of a sentence."""
    seconds, clipped = event.data.get("seconds"), event.data.get("clipped")
    return Finished(
        float(seconds) if isinstance(seconds, int | float) else None,
        clipped if isinstance(clipped, int) else 0,
        _memory(event.data.get("memory")),
    )


def read_words(event: Event) -> tuple[WordTime, ...]:
    """Word times beside a chunk. Raises Garbage."""
    try:
        return tuple(WordTime(str(t), float(a), float(b)) for t, a, b in event.data.get("words") or ())
    except (TypeError, ValueError) as error:
        raise Garbage("word times that cannot be read") from error


class PcmReader:
    """Turns the payloads of one sentence into float samples; holds back a frame that came in two pieces."""

    def __init__(self, event: Event) -> None:
        """*event*: an audio-start or audio-chunk, which tell the format. Raises Garbage."""
        rate, width, channels = (event.data.get(key) for key in ("rate", "width", "channels"))
        if not (
            isinstance(rate, int)
            and isinstance(width, int)
            and isinstance(channels, int)
            and 1000 <= rate <= 384_000
            and width in (1, 2, 4)
            and 1 <= channels <= 8
        ):
            raise Garbage(
                f"a sound format that cannot be read: rate {rate}, width {width}, channels {channels}"
            )
        self.rate: int = rate
        """Frames per second."""
        self._width: int = width
        self._channels: int = channels
        self._floats = width == 4 and event.data.get("format") == "f32le"
        self._carry = b""

    def feed(self, payload: bytes) -> Samples:
        """Mono float32 samples of all frames that are complete by now."""
        import numpy as np

        raw = self._carry + payload
        whole = len(raw) - len(raw) % (self._width * self._channels)
        raw, self._carry = raw[:whole], raw[whole:]
        samples: Samples
        if self._floats:
            samples = np.frombuffer(raw, "<f4").astype(np.float32)
        elif self._width == 1:
            samples = (np.frombuffer(raw, np.uint8).astype(np.float32) - np.float32(128)) / np.float32(128)
        else:
            samples = np.frombuffer(raw, f"<i{self._width}").astype(np.float32) / np.float32(
                1 << (8 * self._width - 1)
            )
        if self._channels > 1:
            samples = samples.reshape(-1, self._channels).mean(axis=1, dtype=np.float32)
        return samples


def error(fault: EngineError, job: int | None) -> Event:
    """An answer that is none: what went wrong, and the remedy if there is one."""
    data: dict[str, object] = {"text": fault.what, "code": fault.code}
    if fault.next_step:
        data["next_step"] = fault.next_step
    if job is not None:
        data["id"] = job
    return Event(ERROR, data)


def read_error(event: Event, where: str) -> EngineError:
    """The peer's error as one of ours; EngineRefused where its code is not one of ours."""
    kind = _ERRORS.get(str(event.data.get("code")), EngineRefused)
    text = _text(event.data.get("text")) or "it answered with an error that says nothing"
    return kind(text[:500], where=where, next_step=_text(event.data.get("next_step")))


def info(
    name: str, description: str, voices: Sequence[Voice], default: str | None, memory: Memory = UNKNOWN
) -> Event:
    """An engine and its voices, in Wyoming's words."""
    source = {"attribution": {"name": name, "url": ""}, "installed": True, "version": None}
    described = [
        source
        | {
            "name": voice.name,
            "description": voice.name,
            "languages": [voice.language] if voice.language else [],
            "speakers": [{"name": speaker} for speaker in voice.speakers] or None,
        }
        for voice in voices
    ]
    program = source | {"name": name, "description": description, "voices": described}
    return Event(INFO, {"tts": [program], "ttsd": {"voice": default, "memory": _of(memory)}})


def read_info(event: Event) -> Info:
    """Every voice of every text-to-speech program the peer has. Raises Garbage."""
    try:
        voices = tuple(
            Voice(
                str(voice["name"]),
                next(iter(map(str, voice.get("languages") or ())), None),
                tuple(str(speaker["name"]) for speaker in voice.get("speakers") or ()),
            )
            for program in event.data.get("tts") or ()
            for voice in program.get("voices") or ()
        )
        ours = event.data.get("ttsd")
        default, memory = (ours or {}).get("voice"), _memory((ours or {}).get("memory"))
    except (AttributeError, KeyError, TypeError) as fault:
        raise Garbage("an info event that cannot be read") from fault
    return Info(voices, _text(default), ours is not None, memory)


def _format(rate: int, job: int | None, floats: bool) -> dict[str, Any]:
    data: dict[str, Any] = {"rate": rate, "width": 4 if floats else 2, "channels": 1}
    if floats:
        data["format"] = "f32le"
    if job is not None:
        data["id"] = job
    return data


def _of(memory: Memory) -> dict[str, int | None]:
    return {"resident": memory.resident, "card": memory.card}


def _memory(value: object) -> Memory:
    """What a peer tells of its memory; nothing, where it tells something else."""
    told = value if isinstance(value, dict) else {}
    resident, card = (told.get(key) for key in ("resident", "card"))
    return Memory(resident if isinstance(resident, int) else None, card if isinstance(card, int) else None)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def unknown_voice(wanted: Request, voices: Sequence[Voice], where: str) -> UnknownVoice | None:
    """The error that names what is offered instead, or None if the engine has what *wanted* asks for."""
    if wanted.voice is None or not voices:  # a server that lists none cannot be asked
        return None
    found = next((voice for voice in voices if voice.name == wanted.voice), None)
    if found is None and _is_blend(wanted.voice, voices):
        return None  # whether it can blend, and how, is the engine's to say
    if found is None:
        return _no_such("voice", wanted.voice, [voice.name for voice in voices], where)
    if wanted.speaker is not None and found.speakers and wanted.speaker not in found.speakers:
        return _no_such("speaker", wanted.speaker, found.speakers, where)
    return None


def _is_blend(name: str, voices: Sequence[Voice]) -> bool:
    """Whether it names several voices that are all offered: `one:0.6+other:0.4`."""
    parts = [part.partition(":")[0].strip() for part in name.split("+")]
    return len(parts) > 1 and set(parts) <= {voice.name for voice in voices}


def _no_such(kind: str, name: str, offered: Sequence[str], where: str) -> UnknownVoice:
    shown = ", ".join(offered[:12]) + (f" and {len(offered) - 12} more" if len(offered) > 12 else "")
    return UnknownVoice(f"has no {kind} {name}", where=where, next_step=f"it has {shown or 'none'}")
