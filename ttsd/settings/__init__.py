"""What can be configured, as frozen dataclasses: the names, types, ranges and defaults of ttsd.toml.

Pure data, imported by every room; `config` builds it from TOML and reports what does not fit.
Each field carries its help text and range in its annotation, so that checks, the JSON schema and
the documentation come from one place. Durations are seconds; in TOML also "500ms", "20s", "2m", "1h", "7d".
"""

from __future__ import annotations

from collections.abc import Mapping  # at run time too: `schema.py` reads the annotations
from dataclasses import field
from pathlib import Path
from typing import Annotated, Literal

from ttsd.frozen import frozen
from ttsd.model import EngineName
from ttsd.settings.captions import CaptionSettings
from ttsd.settings.http import HttpSettings
from ttsd.settings.manners import DuckSettings, HoldSettings
from ttsd.settings.marks import Duration as Duration
from ttsd.settings.marks import Help as Help
from ttsd.settings.marks import Hidden as Hidden
from ttsd.settings.marks import Range as Range
from ttsd.settings.marks import Rest as Rest
from ttsd.settings.marks import Size as Size
from ttsd.settings.notices import NoticeSettings
from ttsd.settings.quiet import MuteSettings, QuietSettings
from ttsd.settings.text import (
    BlocklistSettings,
    CleanSettings,
    PronounceSettings,
    RouteSettings,
    SourceRules,
)
from ttsd.settings.voices import VoiceSettings, VoicesSettings


@frozen(kw_only=True)
class SourceSettings(SourceRules):
    """One `[[sources]]`: a file, a glob or a directory to follow, and what is said of its lines."""

    include: Annotated[
        tuple[str, ...],
        Help("A directory: globs of the file names to follow. A file: the same as include_text."),
    ] = ("*",)
    exclude: Annotated[
        tuple[str, ...],
        Help("A directory: globs to leave out; they win. A file: the same as exclude_text."),
    ] = ()
    start: Annotated[
        Literal["end", "beginning"], Help("Where to begin in a file that was there before ttsd knew it.")
    ] = "end"
    encoding: Annotated[str, Help("Encoding of its bytes; utf-16 and utf-32 follow a byte order mark.")] = (
        "utf-8"
    )
    max_line_bytes: Annotated[Size, Range(64, 1 << 20), Help("Longer lines are cut there.")] = Size(64 * 1024)
    mode: Annotated[
        Literal["lines", "whole", "newest"],
        Help(
            "lines: each new line; whole: the file's whole text each time it changes;"
            " newest: lines of the newest matching file only."
        ),
    ] = "lines"
    on_rewrite: Annotated[
        Literal["all", "last_line", "skip"],
        Help(
            "What is spoken of a file whose old part was changed; a tail behind an unchanged part always is."
        ),
    ] = "all"
    settle: Annotated[
        Duration, Range(0.05, 60), Help("How long a rewritten file must rest before it is judged.")
    ] = Duration(0.3)
    flush_partial_after: Annotated[
        Duration | None,
        Range(0.05, 3600),
        Help("Speak a line without its end once it has not grown for so long; default: wait for the end."),
    ] = None
    join_start: Annotated[
        str | None, Help("A regex that begins a message; other lines belong to the one before them.")
    ] = None
    join_continue: Annotated[str | None, Help("A regex for lines that belong to the one before them.")] = None
    join_timeout: Annotated[
        Duration, Range(0.05, 3600), Help("A joined message is complete after so long without a line.")
    ] = Duration(1.0)
    ignore_older: Annotated[
        Duration | None, Range(1, None), Help("Files not written for so long are skipped until they grow.")
    ] = None
    rotate_wait: Annotated[
        Duration, Range(0, 3600), Help("How long a file that was replaced is kept open for late writers.")
    ] = Duration(5.0)
    read_ahead: Annotated[
        int,
        Range(1, 1_000_000),
        Help("Lines queued at most; the rest waits in the file, and nothing is lost."),
    ] = 10_000
    max_queue: Annotated[
        int | None, Range(1, 1_000_000), Help("Lines queued at most; what is too much is dropped.")
    ] = None
    drop: Annotated[Literal["oldest", "newest"], Help("Which lines go when max_queue is passed.")] = "oldest"
    watch: Annotated[Literal["auto", "inotify", "watchdog", "poll"], Help("How changes are noticed.")] = (
        "auto"
    )


@frozen(kw_only=True)
class OutputSettings:
    """One `[[outputs]]`: where the sound goes."""

    type: Annotated[
        Literal["auto", "pulse", "portaudio", "file", "null"],
        Help("auto: the default device, or files where the machine has no audio at all."),
    ] = "auto"
    device: Annotated[
        str | None, Help("Sink or device name; default: the system's default. null: untimed does not wait.")
    ] = None
    fallback_device: Annotated[
        str | None, Help("pulse, portaudio: where speech goes while `device` is gone; default: it waits.")
    ] = None
    path: Annotated[Path | None, Help("file: the folder for the WAVs and spoken.jsonl.")] = None
    rate: Annotated[
        int | None,
        Range(8000, 192_000),
        Help("Frames per second; default: the device's, files: the engine's."),
    ] = None
    channels: Annotated[int | None, Range(1, 8), Help("Channels; default: the device's, files: 1.")] = None
    subtype: Annotated[Literal["PCM_16", "PCM_24", "FLOAT"], Help("Sample format of files.")] = "PCM_16"
    volume: Annotated[
        int, Range(0, 150), Help("Per cent, of this output alone; what would clip is limited.")
    ] = 100
    keep: Annotated[int, Range(1, 999_999), Help("Files: the newest this many WAVs stay.")] = 2000
    latency: Annotated[Duration, Range(0.005, 2), Help("Sound kept in the device's buffer.")] = Duration(0.03)
    lead_in: Annotated[
        Duration, Range(0, 5), Help("Silence before speech after idleness, to wake a device that sleeps.")
    ] = Duration(0)
    required: Annotated[
        bool | None,
        Help("Whether speech waits while this output is gone; default: the first. For one it always does."),
    ] = None


@frozen(kw_only=True)
class EngineSettings:
    """One `[engine.NAME]`: what every engine takes, and the engine's own options."""

    voice: Annotated[str | None, Help("A voice's name, or a path to its model.")] = None
    load_timeout: Annotated[Duration | None, Range(0.1, 3600), Help("Longest wait until it is ready.")] = None
    first_chunk_timeout: Annotated[
        Duration | None, Range(0.05, 600), Help("Longest wait for a sentence's first sound.")
    ] = None
    idle_timeout: Annotated[
        Duration | None, Range(0.05, 600), Help("Longest wait between two chunks of a sentence.")
    ] = None
    preload: Annotated[
        bool | None, Help("Start it with ttsd, not at its first sentence; default: the chain's first is.")
    ] = None
    idle_unload: Annotated[
        Duration | None, Range(1, None), Help("End its process after so long without a sentence.")
    ] = None
    uri: Annotated[
        str | None,
        Help(
            "A Wyoming server that is this engine, tcp://host:port or unix:///path; "
            "several, with spaces between, are used side by side."
        ),
    ] = None
    workers: Annotated[int, Range(1, 16), Help("Processes of this engine, used side by side.")] = 1
    nice: Annotated[int, Range(0, 19), Help("How far its process stands back for others.")] = 0
    options: Annotated[Mapping[str, str | int | float | bool], Rest()] = field(default_factory=dict)
    """The engine's own options, checked against its catalogue entry; not a TOML table of its own."""


@frozen(kw_only=True)
class SpeechSettings:
    """`[speech]`: how utterances follow each other."""

    ahead: Annotated[Duration, Range(0, 600), Help("Seconds of sound synthesised ahead.")] = Duration(20.0)
    pause_ms: Annotated[int, Range(0, 60_000), Help("Silence between two utterances, as it is heard.")] = 300
    sentence_pause_ms: Annotated[
        int, Range(0, 10_000), Help("Silence between two sentences, as it is heard.")
    ] = 120
    level: Annotated[bool, Help("Bring every voice to one loudness.")] = True
    loudness: Annotated[float, Range(-40, -8), Help("That loudness, in LUFS.")] = -18.0
    interrupt: Annotated[
        Literal["resume", "queue", "drop"],
        Help("What something urgent interrupts: goes on at its sentence, begins again, or is dropped."),
    ] = "resume"
    on_crash: Annotated[
        Literal["replay", "skip"], Help("What becomes of the utterance that sounded when ttsd died.")
    ] = "replay"
    on_stop: Annotated[
        Literal["finish", "cut"],
        Help("At a stop: finish the utterance that sounds, or cut it (it is spoken anew)."),
    ] = "cut"
    stop_timeout: Annotated[Duration, Range(0, 600), Help("Longest wait for `on_stop = finish`.")] = Duration(
        10.0
    )
    max_age: Annotated[Duration | None, Range(1, None), Help("Older utterances are not worth saying.")] = None


@frozen(kw_only=True)
class StateSettings:
    """`[state]`: where the queue and the offsets are kept."""

    dir: Annotated[Path | None, Help("Default: the platform's state folder.")] = None


@frozen(kw_only=True)
class RetentionSettings:
    """`[retention]`: how much is kept of what is over."""

    history: Annotated[
        int, Range(0, 10_000_000), Help("Utterances kept in the history; older ones are removed.")
    ] = 10_000
    history_age: Annotated[
        Duration | None, Range(60, None), Help("Older utterances leave the history anyway; default: never.")
    ] = None
    files: Annotated[
        Duration, Range(3600, None), Help("How long the position in a file that is gone is remembered.")
    ] = Duration(90 * 86400.0)


@frozen(kw_only=True)
class ControlSettings:
    """`[control]`: the control socket."""

    socket: Annotated[Path | None, Help("Default: $XDG_RUNTIME_DIR/ttsd/control.sock.")] = None


@frozen(kw_only=True)
class LogSettings:
    """`[log]`: what is written to stderr."""

    level: Annotated[
        Literal["debug", "info", "warning", "error"], Help("Spoken text appears only at debug.")
    ] = "info"
    format: Annotated[
        Literal["auto", "console", "json"], Help("auto: coloured on a terminal, JSON otherwise.")
    ] = "auto"


@frozen(kw_only=True)
class Settings:
    """The whole of ttsd.toml."""

    engines: Annotated[tuple[EngineName, ...], Help("The chain: the first is tried first.")] = (
        EngineName("piper"),
        EngineName("hibari"),
    )
    engine: Mapping[EngineName, EngineSettings] = field(default_factory=dict)
    sources: tuple[SourceSettings, ...] = ()
    outputs: tuple[OutputSettings, ...] = (OutputSettings(),)
    speech: SpeechSettings = SpeechSettings()
    clean: CleanSettings = CleanSettings()
    pronounce: tuple[PronounceSettings, ...] = ()
    dictionary: Annotated[Path | None, Help("A file of pronunciations, read again when it is saved.")] = None
    blocklist: tuple[BlocklistSettings, ...] = ()
    voice: Mapping[str, VoiceSettings] = field(default_factory=dict)
    route: tuple[RouteSettings, ...] = ()
    language: Annotated[
        Mapping[str, str], Help("Voice or preset by language: pt-BR, then pt, then default.")
    ] = field(default_factory=dict)
    voices: VoicesSettings = VoicesSettings()
    duck: DuckSettings = DuckSettings()
    hold: HoldSettings = HoldSettings()
    mute: MuteSettings = MuteSettings()
    quiet: QuietSettings = QuietSettings()
    captions: CaptionSettings = CaptionSettings()
    notices: NoticeSettings = NoticeSettings()
    state: StateSettings = StateSettings()
    retention: RetentionSettings = RetentionSettings()
    control: ControlSettings = ControlSettings()
    http: HttpSettings = HttpSettings()
    log: LogSettings = LogSettings()
    profile: Annotated[
        Mapping[str, Mapping[str, object]], Help("`[profile.NAME]`: settings that go over these in it.")
    ] = field(default_factory=dict)
    profiles: Annotated[Mapping[str, Settings], Hidden()] = field(default_factory=dict)
    """The whole of each profile. Not a setting."""
    path: Annotated[Path | None, Hidden()] = None
    """The file this was read from; None: built-in defaults. Not a setting."""
