"""The engines that ttsd knows: pure data, and what can be asked of it without importing any engine.

`config` and every worker import this: standard library, nothing heavy. An entry without an adapter
is known and not built in this version; it says so wherever it is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ttsd.engines.options import Option

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ttsd.engines.engine import Scalar


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One known engine."""

    name: str
    label: str
    """Its name for people."""
    description: str
    """One sentence."""
    languages: tuple[str, ...]
    """BCP 47 tags; ("*",): whatever its voices speak."""
    streaming: bool = False
    """It gives sound before a sentence is complete."""
    cloning: bool = False
    """It speaks with a voice taken from a recording."""
    code_licence: str
    weights_licence: str
    load_timeout: float = 30.0
    """Seconds until it is ready, unless configured."""
    first_chunk_timeout: float = 15.0
    """Seconds until a sentence's first sound, unless configured."""
    idle_timeout: float = 10.0
    """Seconds between two chunks, unless configured."""
    cancel_grace: float = 0.5
    """Seconds a cancelled synthesis may take to stop before its process is replaced."""
    adapter: str | None = None
    """`module:Class`; None: not part of this version."""
    modules: tuple[str, ...] = ()
    """Top-level modules it needs; they tell whether it is installed."""
    install: str | None = None
    """The command that brings it."""
    options: tuple[Option, ...] = ()
    aliases: tuple[str, ...] = ()
    """Other spellings people use."""


_SAMPLES = ("u8", "s16le", "s24le", "s32le", "f32le", "f64le")
_DIALECTS = ("openai", "kokoro-fastapi", "chatterbox", "localai", "vllm-omni", "speaches", "openedai")
_SPEED = Option("speed", float, "Pace; 2 is twice as fast.", 1.0, 0.5, 2.0)

ENTRIES: tuple[Entry, ...] = (
    Entry(
        name="piper",
        label="Piper",
        description="Fast neural voices on the processor; hundreds of voices in some forty languages.",
        languages=("*",),
        streaming=True,
        code_licence="GPL-3.0-or-later",
        weights_licence="the voice's own; en_US-joe-medium: CC0 data set",
        adapter="ttsd.engines.adapters.piper:Piper",
        modules=("piper", "onnxruntime"),
        install='pip install "ttsd[piper]"',
        options=(
            Option("length_scale", float, "Length of the sounds; 0.5 is twice as fast.", None, 0.1, 5.0),
            Option("noise_scale", float, "How much the voice varies.", None, 0.0, 2.0),
            Option("noise_w_scale", float, "How much the lengths of the sounds vary.", None, 0.0, 2.0),
            Option("speaker", str, "The speaker of a voice that has several: name or number."),
            Option("stream", bool, "Give the first sound while the sentence is still being made.", True),
            Option(
                "threads", int, "Threads of a synthesis; 0: as the machine has cores, four at most.", 0, 0, 64
            ),
        ),
    ),
    Entry(
        name="hibari",
        label="hibari",
        description="A small English voice that needs nothing but its package.",
        languages=("en",),
        code_licence="Apache-2.0",
        weights_licence="Apache-2.0",
        cancel_grace=2.0,
        adapter="ttsd.engines.adapters.hibari:Hibari",
        modules=("hibari", "onnxruntime"),
        install='pip install "ttsd[hibari]"',
        options=(_SPEED,),
    ),
    Entry(
        name="tone",
        label="Tone",
        description="A beep for each sentence, for trying things out; needs nothing.",
        languages=("*",),
        streaming=True,
        code_licence="Apache-2.0",
        weights_licence="none",
        adapter="ttsd.engines.adapters.tone:Tone",
        options=(
            Option("frequency", float, "Pitch in hertz.", 440.0, 50.0, 4000.0),
            Option("rate", int, "Frames per second.", 22050, 8000, 48000),
            Option(
                "characters_per_second",
                float,
                "Characters that a second of it stands for.",
                15.0,
                1.0,
                1000.0,
            ),
        ),
    ),
    Entry(
        name="xtts",
        label="XTTS v2",
        description="Expressive voices and cloning in 17 languages; wants a graphics card.",
        languages=(
            *("en", "es", "fr", "de", "it", "pt", "pl", "tr", "ru"),
            *("nl", "cs", "ar", "zh-CN", "ja", "hu", "ko", "hi"),
        ),
        streaming=True,
        cloning=True,
        code_licence="MPL-2.0",
        weights_licence="Coqui Public Model License (non-commercial)",
        load_timeout=120.0,
        first_chunk_timeout=30.0,
        idle_timeout=20.0,
        cancel_grace=3.0,
        modules=("TTS",),
        options=(
            Option("model", str, "Folder of the model."),
            Option("language", str, "Language of the voice, where the text's is not known.", "en"),
            Option("speaker_wav", str, "A recording to clone the voice from."),
            Option("temperature", float, "How freely it speaks.", None, 0.01, 2.0),
            Option("top_k", int, "Candidates for each token.", None, 1, 1000),
            Option("top_p", float, "Share of probability the candidates have.", None, 0.01, 1.0),
            Option("repetition_penalty", float, "How much repetition is avoided.", None, 0.1, 100.0),
            Option("length_penalty", float, "How much length is avoided.", None, -10.0, 10.0),
            Option("speed", float, "Pace; 2 is twice as fast.", 1.0, 0.1, 4.0),
        ),
    ),
    Entry(
        name="kokoro",
        label="Kokoro",
        description="54 natural voices in nine languages, on the processor.",
        languages=("en-US", "en-GB", "es", "fr", "hi", "it", "ja", "pt-BR", "zh-CN"),
        code_licence="Apache-2.0",
        weights_licence="Apache-2.0",
        load_timeout=60.0,
        first_chunk_timeout=30.0,
        modules=("kokoro_onnx",),
        options=(_SPEED,),
    ),
    Entry(
        name="espeak",
        label="eSpeak NG",
        description="A robot's voice in a hundred languages; the last resort in every one of them.",
        languages=("*",),
        code_licence="GPL-3.0-or-later",
        weights_licence="GPL-3.0-or-later",
        adapter="ttsd.engines.adapters.espeak:Espeak",
        modules=("espeakng_loader",),
        install='pip install "ttsd[espeak]"',
        options=(
            Option("rate", int, "Words a minute.", 175, 80, 450),
            Option("pitch", int, "How high it speaks.", 50, 0, 99),
        ),
    ),
    Entry(
        name="styletts2",
        label="StyleTTS 2",
        description="English with style and diffusion; wants a graphics card.",
        languages=("en",),
        cloning=True,
        code_licence="MIT",
        weights_licence="the model's own; asks to disclose that speech is synthetic",
        load_timeout=120.0,
        first_chunk_timeout=60.0,
        cancel_grace=3.0,
        modules=("styletts2",),
        aliases=("stylets2", "styletts"),
        options=(
            Option("model", str, "The model's file."),
            Option("speaker_wav", str, "A recording to take the voice and style from."),
            Option("alpha", float, "How far the timbre follows the text.", 0.3, 0.0, 1.0),
            Option("beta", float, "How far the style follows the text.", 0.7, 0.0, 1.0),
            Option("diffusion_steps", int, "Steps of the style's diffusion.", 5, 2, 100),
            Option("embedding_scale", float, "Strength of the style.", 1.0, 0.1, 10.0),
        ),
    ),
    Entry(
        name="chatterbox",
        label="Chatterbox",
        description="Expressive English with cloning and a watermark; wants a graphics card.",
        languages=("en",),
        cloning=True,
        code_licence="MIT",
        weights_licence="MIT",
        load_timeout=120.0,
        first_chunk_timeout=60.0,
        cancel_grace=3.0,
        modules=("chatterbox",),
        options=(
            Option("speaker_wav", str, "A recording to clone the voice from."),
            Option("exaggeration", float, "How much feeling.", 0.5, 0.0, 2.0),
            Option("cfg_weight", float, "How closely it keeps to the voice.", 0.5, 0.01, 1.0),
            Option("temperature", float, "How freely it speaks.", 0.8, 0.05, 5.0),
        ),
    ),
    Entry(
        name="openai",
        label="OpenAI-compatible server",
        description="Any server with OpenAI's speech endpoint, here or elsewhere.",
        languages=("*",),
        streaming=True,
        code_licence="the server's own",
        weights_licence="the server's own",
        first_chunk_timeout=30.0,
        idle_timeout=12.0,
        adapter="ttsd.engines.adapters.openai:OpenAi",
        options=(
            Option("url", str, "The server's address, up to and with /v1."),
            Option("dialect", str, "What kind of server it is.", "openai", choices=_DIALECTS),
            Option("model", str, "The model's name there."),
            Option("voices", str, "Names of its voices, with commas between; the first is the default."),
            Option("speed", float, "Pace; 2 is twice as fast.", 1.0, 0.25, 4.0),
            Option("stream", bool, "Have the sound sent while it is made.", True),
            Option("sample_rate", int, "Frames per second of raw sound.", None, 4000, 192000),
            Option("key_env", str, "The environment variable that holds the key."),
            Option("key_file", str, "The file that holds the key."),
            Option("connect_timeout", float, "Seconds until the connection stands.", 5.0, 0.1, 60.0),
            Option("first_byte_timeout", float, "Seconds until its answer begins.", 25.0, 0.1, 600.0),
            Option("read_timeout", float, "Seconds between two pieces of its answer.", 10.0, 0.1, 600.0),
        ),
    ),
    Entry(
        name="command",
        label="Command",
        description="A program of your own that reads text and writes sound.",
        languages=("*",),
        streaming=True,
        code_licence="the program's own",
        weights_licence="the program's own",
        adapter="ttsd.engines.adapters.command:Command",
        options=(
            Option(
                "command", str, "The program and its arguments; {text}, {voice}, {language} are filled in."
            ),
            Option(
                "voices", str, "Names it knows as {voice}, with commas between; the first is the default."
            ),
            Option("format", str, "What it writes to stdout.", "wav", choices=("wav", "raw")),
            Option("rate", int, "Frames per second of raw sound.", 22050, 1000, 192000),
            Option("channels", int, "Channels of raw sound.", 1, 1, 8),
            Option("sample_format", str, "Samples of raw sound.", "s16le", choices=_SAMPLES),
        ),
    ),
)


def find(name: str) -> Entry | None:
    """The engine of that name or alias."""
    wanted = name.lower()
    return next((entry for entry in ENTRIES if wanted == entry.name or wanted in entry.aliases), None)


def a_server(name: str) -> Entry:
    """The entry of a Wyoming server that is no engine of the catalogue: all that is known is its address."""
    return Entry(
        name=name,
        label=name,
        description="A Wyoming server.",
        languages=("*",),
        code_licence="the server's own",
        weights_licence="the server's own",
    )


def names() -> tuple[str, ...]:
    """The names of all known engines."""
    return tuple(entry.name for entry in ENTRIES)


def missing(entry: Entry) -> str | None:
    """Why it cannot be used here, to follow its name ("is not installed: …"); None: it can. Imports nothing."""
    if entry.adapter is None:
        return "is not part of this version of ttsd"
    # What was installed since this process started is found, too.
    import importlib.util

    importlib.invalidate_caches()
    absent = [module for module in entry.modules if importlib.util.find_spec(module) is None]
    if absent:
        return f"is not installed: the Python package {' and '.join(absent)} is missing"
    return None


def defaults(name: str) -> dict[str, Scalar]:
    """The engine's options that have a default."""
    entry = find(name)
    return {} if entry is None else {o.name: o.default for o in entry.options if o.default is not None}


def option_problems(name: str, options: Mapping[str, object]) -> tuple[str, ...]:
    """What is wrong with an engine's own options, a sentence each; nothing for engines that are not known."""
    entry = find(name)
    if entry is None:
        return ()
    known = {option.name: option for option in entry.options}
    problems = []
    for key, value in options.items():
        option = known.get(key)
        if option is None:
            problems.append(f"{key} is no option of {entry.name}{_near(key, known)}")
        elif not option.accepts(value):
            problems.append(f"{key} must be {option.allowed()}, not {_shown(value)}")
    return tuple(problems)


def did_you_mean(name: str) -> str:
    """`; did you mean "piper"?` for what looks like a known engine, or nothing."""
    return _near(name, [*names(), *(alias for entry in ENTRIES for alias in entry.aliases)])


def _near(word: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches  # needed only when something is wrong

    near = get_close_matches(word.lower(), list(known), n=1, cutoff=0.6)
    return f'; did you mean "{near[0]}"?' if near else ""


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    text = f'"{value}"' if isinstance(value, str) else repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
