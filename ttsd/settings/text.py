"""What can be configured about what is said and in whose voice: the tables that `ttsd/text/` compiles.

Pure data; `Settings` puts these tables into the whole. A source takes what it does not
say itself from the tables at the top of the file.
"""

from __future__ import annotations

from collections.abc import Mapping  # at run time too: `schema.py` reads the annotations
from dataclasses import field
from pathlib import Path
from typing import Annotated, Literal

from ttsd.frozen import frozen
from ttsd.model import EngineName, Priority
from ttsd.settings.marks import Duration, Help, Range

Level = Literal["trace", "debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"]


@frozen(kw_only=True)
class CleanSettings:
    """`[clean]`: what is left out of a text or said in other words; `[sources.clean]` goes over it."""

    ansi: Annotated[bool, Help("Colours and other sequences for terminals are left out.")] = True
    urls: Annotated[
        Literal["word", "host", "drop", "keep"], Help("Addresses: the word link, the host, nothing, as is.")
    ] = "word"
    emails: Annotated[
        Literal["word", "spell", "drop", "keep"],
        Help("E-mail addresses: one word for them, with at and dot, nothing, as is."),
    ] = "word"
    emoji: Annotated[
        Literal["name", "drop", "keep"], Help("Emoji: their names in the language, nothing, as is.")
    ] = "name"
    markdown: Annotated[bool, Help("Markdown is read as text: no stars, no #, a link's words alone.")] = True
    code: Annotated[
        Literal["word", "drop", "keep"], Help("Blocks of code: the word code, nothing, their text.")
    ] = "word"
    repeats: Annotated[
        bool, Help("Long repetitions are shortened: noooooo, !!!!!!, hahahahaha, lol lol lol lol.")
    ] = True
    ids: Annotated[
        Literal["word", "drop", "keep"], Help("Hashes and UUIDs: one word for them, nothing, as is.")
    ] = "word"
    boxes: Annotated[bool, Help("Box drawing, progress bars and lines of ---- are left out.")] = True
    long_digits: Annotated[
        Literal["digits", "drop", "keep"], Help("Long runs of digits: digit by digit, nothing, as is.")
    ] = "digits"
    long_digits_from: Annotated[int, Range(4, 100), Help("Digits that make a run long.")] = 10
    numbers: Annotated[bool, Help("Numbers are written out as the language speaks them.")] = True
    units: Annotated[bool, Help("Units are written out: 5 km, 20 °C, 30 %.")] = True
    currency: Annotated[bool, Help("Amounts are written out: $5, 3,50 €.")] = True
    dates: Annotated[bool, Help("Dates and times are written out: 2024-03-14, 14:30.")] = True
    abbreviations: Annotated[bool, Help("Abbreviations are written out: Dr., e.g., z. B.")] = True


@frozen(kw_only=True)
class PronounceSettings:
    """One `[[pronounce]]`: how a word, or what a regex finds, is said."""

    word: Annotated[
        str | None, Range(1, 200), Help("The word or words; capitals make no difference unless `case`.")
    ] = None
    pattern: Annotated[str | None, Range(1, 4096), Help("Or a regex; \\1 in `say` is its first group.")] = (
        None
    )
    say: Annotated[str | None, Range(0, 1000), Help("What is said instead; empty: nothing.")] = None
    phonemes: Annotated[
        str | None, Range(1, 1000), Help("Or the sounds in IPA, for engines that take phonemes.")
    ] = None
    language: Annotated[
        str | None, Range(2, 35), Help("Only in texts of this language: de also means de-AT.")
    ] = None
    engine: Annotated[EngineName | None, Help("Only for this engine.")] = None
    case: Annotated[bool, Help("Capitals make a difference.")] = False


@frozen(kw_only=True)
class BlocklistSettings:
    """One `[[blocklist]]`: words that are not spoken, also when their spelling is disguised."""

    words: Annotated[tuple[str, ...], Help("The words; a star at the end stands for any ending.")] = ()
    file: Annotated[Path | None, Help("More words, one a line.")] = None
    action: Annotated[
        Literal["mask", "beep", "drop"],
        Help("Say `mask` instead, sound a beep instead, or drop the whole line."),
    ] = "mask"
    mask: Annotated[str, Range(0, 100), Help("What is said instead of the word; empty: nothing.")] = "bleep"
    sources: Annotated[tuple[str, ...], Help("Names of the sources it holds for; empty: all.")] = ()


@frozen(kw_only=True)
class RouteSettings:
    """One `[[route]]`: a voice, engine or priority for texts that fit; the first that fits decides each."""

    source: Annotated[str | None, Help("The source's name.")] = None
    speaker: Annotated[str | None, Help("The speaker's name; capitals make no difference.")] = None
    language: Annotated[str | None, Range(2, 35), Help("The text's language: pt also means pt-BR.")] = None
    match: Annotated[str | None, Range(1, 4096), Help("A regex that is found in the text.")] = None
    min_chars: Annotated[int, Range(0, 1_000_000), Help("Texts at least this long.")] = 0
    max_chars: Annotated[int | None, Range(1, 1_000_000), Help("Texts at most this long.")] = None
    voice: Annotated[str | None, Help("The voice or preset to speak with.")] = None
    pool: Annotated[tuple[str, ...], Help("Voices of which each speaker has one, always the same.")] = ()
    engine: Annotated[EngineName | None, Help("The engine to try before the chain.")] = None
    priority: Annotated[Priority | None, Help("Who goes first.")] = None


@frozen(kw_only=True)
class RateSettings:
    """At most so many messages in so much time; what is saved up is spent at once."""

    messages: Annotated[int, Range(1, 100_000), Help("How many.")]
    per: Annotated[Duration, Range(0.1, 86_400), Help("In how much time.")]


@frozen(kw_only=True)
class SourceRules:
    """The part of `[[sources]]` that says which source it is and what becomes of its lines."""

    path: Annotated[str, Help("A file, a glob (** included) or a directory; ~ and $VAR are expanded.")]
    name: Annotated[str | None, Help("Its name in status and rules; default: the path as written.")] = None
    format: Annotated[
        Literal["plain", "regex", "json", "logfmt"], Help("How a line is taken apart into fields.")
    ] = "plain"
    pattern: Annotated[
        str | None, Range(1, 4096), Help("regex: named groups such as speaker, text, time, level are fields.")
    ] = None
    fields: Annotated[
        Mapping[str, str], Help("json, logfmt: where a field is found: text = 'message.body or text'.")
    ] = field(default_factory=dict)
    unparsed: Annotated[
        Literal["speak", "drop", "report"],
        Help("A line that has not this format: spoken whole, dropped, or dropped and told in the log."),
    ] = "speak"
    template: Annotated[
        str | None, Range(1, 1000), Help("What is said: {speaker} says {text}; {speaker|somebody}.")
    ] = None
    templates: Annotated[
        Mapping[str, str],
        Help("Other templates, by a field's value: 'event=Docked' = 'Docked at {station}'."),
    ] = field(default_factory=dict)
    include_text: Annotated[tuple[str, ...], Help("Regexes: only texts with one of these are spoken.")] = ()
    exclude_text: Annotated[tuple[str, ...], Help("Regexes: texts with one of these are not.")] = ()
    include_fields: Annotated[
        Mapping[str, str], Help("Regexes by field: all of them must be found for a line to be spoken.")
    ] = field(default_factory=dict)
    exclude_fields: Annotated[
        Mapping[str, str], Help("Regexes by field: a line in which one is found is not spoken.")
    ] = field(default_factory=dict)
    only_speakers: Annotated[tuple[str, ...], Help("Only these are spoken; stars stand for anything.")] = ()
    ignore_speakers: Annotated[tuple[str, ...], Help("These are not; stars stand for anything.")] = ()
    min_level: Annotated[
        Level | None, Help("Lines of a lower level are not spoken; those without one are.")
    ] = None
    commands: Annotated[
        tuple[str, ...], Help("Texts that begin so are commands for a bot, not spoken: ['!', '/'].")
    ] = ()
    duplicates: Annotated[
        Duration | None, Range(0.1, 7 * 86_400), Help("The same text is spoken again only after so long.")
    ] = None
    max_chars: Annotated[int | None, Range(1, 100_000), Help("Longer texts are cut.")] = None
    max_seconds: Annotated[
        Duration | None, Range(0.5, 3600), Help("Texts that take longer, by estimate, are cut.")
    ] = None
    ending: Annotated[str | None, Range(0, 200), Help("Said where a text was cut; default: and so on.")] = (
        None
    )
    language: Annotated[
        str | None,
        Range(2, 35),
        Help("Its language (de, pt-BR), or auto: each line's own; default: the voice's."),
    ] = None
    voice: Annotated[str | None, Help("The voice or preset of this source.")] = None
    speaker_voices: Annotated[Mapping[str, str], Help("Voices of its speakers: alice = 'en_GB-alba'.")] = (
        field(default_factory=dict)
    )
    voice_pool: Annotated[
        tuple[str, ...], Help("Voices of which each other speaker has one, always the same.")
    ] = ()
    priority: Annotated[Priority, Help("Who goes first; low is dropped while anything waits.")] = (
        Priority.NORMAL
    )
    key: Annotated[
        str | None, Range(1, 200), Help("A newer line with this key replaces a waiting one: {speaker}.")
    ] = None
    interrupt: Annotated[
        Literal["resume", "queue", "drop"] | None,
        Help(
            "What something urgent interrupts: goes on at its sentence, begins again, or is dropped;"
            " default: as in `[speech]`."
        ),
    ] = None
    withdraw: Annotated[
        str | None,
        Range(1, 4096),
        Help("A regex for lines that tell of a deletion: (?P<key>…) or (?P<speaker>…) says of what."),
    ] = None
    max_age: Annotated[Duration | None, Range(1, None), Help("Older lines are not worth saying.")] = None
    limit: Annotated[RateSettings | None, Help("At most so many lines of this source.")] = None
    speaker_limit: Annotated[RateSettings | None, Help("At most so many lines of one speaker.")] = None
    tell_skipped: Annotated[
        bool, Help("Say how many lines a limit or `max_queue` has cost: 12 messages skipped.")
    ] = False
    clean: Annotated[CleanSettings | None, Help("Its own `[clean]`; what is not there is as at the top.")] = (
        None
    )
