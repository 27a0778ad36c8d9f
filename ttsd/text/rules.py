"""From a raw line to what is said: parse, filter, template, clean, pronounce, cut; voice, priority, key.

`Rules` is one source's configuration, compiled; `RuleBook` has those of all. Pure: the same line gives
the same verdict, whatever was said before (see `repeats.py` and `limits.py` for what remembers).
Invariants: no line raises; a pattern that is too slow drops the line or is passed over, and is told.
"""

from __future__ import annotations

from dataclasses import field, replace
from typing import TYPE_CHECKING

from ttsd.errors import PatternSlow
from ttsd.frozen import frozen
from ttsd.model import SAY, Priority
from ttsd.settings import SourceSettings
from ttsd.text.blocklist import BEEP, Blocklist
from ttsd.text.clean import Cleaner
from ttsd.text.cut import cut
from ttsd.text.fields import parser
from ttsd.text.filters import filters
from ttsd.text.language import AUTO, LAST_RESORT, normal, of_settings
from ttsd.text.marks import without_ansi
from ttsd.text.pronounce import Pronouncer
from ttsd.text.sentences import speakable, split_sentences
from ttsd.text.template import compiled, names
from ttsd.text.voices import Casting, Choice, Tongue
from ttsd.text.withdraw import WITHDRAWS, Deletions, Target
from ttsd.text.words import words_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ttsd.model import EngineName, SourceName
    from ttsd.settings import Settings
    from ttsd.settings.text import BlocklistSettings, PronounceSettings, SourceRules
    from ttsd.text.fields import Fields
    from ttsd.text.template import Template

NOTHING = "nothing speakable in it"
UNPARSED = "unparsed: has not the source's format"
_NO_FIELDS: Mapping[str, str] = {}


@frozen
class Extras:
    """What the configuration names and others know or read: files and languages."""

    pronunciations: Sequence[PronounceSettings] = ()
    """Of the dictionary file."""
    words: Mapping[int, Sequence[str]] = field(default_factory=dict)
    """Of the files of blocklists, by the list's place in the configuration."""
    detect: Callable[[str], str | None] | None = None
    """The language of a text; None: too short to tell."""
    phonemes: Mapping[str, str] = field(default_factory=lambda: {"piper": "[[ {} ]]"})
    """How an engine marks sounds in a text, by its name; others take none."""


@frozen
class Verdict:
    """What becomes of a line."""

    text: str
    """What is said; empty if nothing is. `\\a` stands where a beep sounds."""
    reason: str | None
    """Why it is not spoken, naming the rule; None: it is."""
    language: str
    """BCP 47."""
    fields: Mapping[str, str] = field(default_factory=dict)
    """Of the line; empty if it was not parsed."""
    sure: bool = False
    """The language was configured, detected, or told by a voice, rather than assumed."""
    voice: str | None = None
    """A preset, or a voice of an engine; None: the engine's own for the language."""
    because: str = "engine"
    """What decided the voice, see `voices.Choice`."""
    engine: EngineName | None = None
    priority: Priority = Priority.NORMAL
    key: str | None = None
    trouble: str | None = None
    """Something the log should tell: a line that has not the format, a pattern that is too slow."""
    steps: tuple[tuple[str, str], ...] = ()
    """If traced: each step that changed the text, and the text behind it."""

    @property
    def spoken(self) -> bool:
        """Whether it is said."""
        return self.reason is None

    @property
    def speaker(self) -> str:
        """Who said it; empty: unknown."""
        return self.fields.get("speaker", "")


class Rules:
    """The rules of one source."""

    def __init__(self, source: SourceRules, settings: Settings, extras: Extras | None = None) -> None:
        """Raises PatternError; `check.problems` has said so before."""
        extras = extras or Extras()
        self.source = source
        self.name = source.name or source.path
        self._parse = parser(source)
        self._filters = filters(source)
        self._deletions = Deletions(source.withdraw) if source.withdraw is not None else None
        urges = any(r.priority is not None for r in settings.route if r.source in (None, self.name))
        self.minds_arrival = self._deletions is not None or urges
        """Whether a line's coming is more than its place in the queue: it may be urgent, or withdraw others."""
        self._lists = tuple(_lists(self.name, settings.blocklist, extras.words))
        self._template = _template(source)
        self._key = compiled(source.key) if source.key is not None else None
        clean = source.clean or settings.clean
        self._cleaner = Cleaner(clean)
        self._colourless = clean.ansi
        self._pronouncer = Pronouncer((*settings.pronounce, *extras.pronunciations))
        self._casting = Casting(source, settings)
        self._says = source.language is not None and source.language != AUTO
        self._tongue = _tongue(source, settings, self._casting)
        self._detect = extras.detect if source.language == AUTO else None
        self._phonemes = extras.phonemes
        self._cuts = source.max_chars is not None or source.max_seconds is not None

    def apply(
        self, line: str, *, voice: str | None = None, language: str | None = None, trace: bool = False
    ) -> Verdict:
        """What becomes of *line*. voice, language: asked for with it; they win. trace: keep the steps."""
        trail = _Trail(True) if trace else _NO_TRAIL
        if BEEP in line:
            line = line.replace(BEEP, " ")
        try:
            # Patterns of parsing and filters see no colours.
            bare = without_ansi(line) if self._colourless else line
            if self._deletions is not None and self._deletions.found(bare):
                return self._dropped(WITHDRAWS, _NO_FIELDS, trail)
            fields = self._parse(bare)
            parsed = fields is not None
            if fields is None:
                if self.source.unparsed != "speak":
                    told = UNPARSED if self.source.unparsed == "report" else None
                    return self._dropped(UNPARSED, _NO_FIELDS, trail, trouble=told)
                fields = {"text": line}
            if self._colourless and "\x1b" in fields["text"]:
                fields = {**fields, "text": without_ansi(fields["text"])}
            for rule in self._filters:
                reason = rule(fields)
                if reason is not None:
                    return self._dropped(reason, fields, trail)
        except PatternSlow as slow:
            return self._dropped(slow.what, _NO_FIELDS, trail, trouble=slow.what)
        text = fields["text"]
        trail.note("parse", text, line)
        for words, settings in self._lists:
            found = words.find(text, _mask(settings))
            if found.words and settings.action == "drop":
                return self._dropped(f"blocklist: {found.words[0]}", fields, trail)
            text = trail.note("blocklist", found.text, text)
        tongue = self._tongue_of(text, language, voice)
        tag = tongue.tag
        if parsed and self._template is not None:
            fill, says_text = self._template(fields)
            if says_text and not speakable(text) and not speakable(self._cleaned(text, tag, _NO_TRAIL)):
                return self._dropped(NOTHING, fields, trail, tag)
            text = trail.note("template", fill({**fields, "text": text, "source": self.name}), text)
        text = self._cleaned(text, tag, trail)
        if not speakable(text):
            return self._dropped(NOTHING, fields, trail, tag)
        return self._said(text, fields, tongue, voice, trail)

    def _said(self, text: str, fields: Fields, tongue: Tongue, voice: str | None, trail: _Trail) -> Verdict:
        """The verdict on a clean text."""
        trouble = None
        try:
            choice = self._casting.choose(text, fields.get("speaker", ""), tongue)
        except PatternSlow as slow:
            choice, trouble = Choice(self.source.voice, None, self.source.priority, "source"), slow.what
        if voice is not None:
            choice = replace(choice, voice=voice, because="asked")
        if not (tongue.detected or self._says):  # nobody says what the text is: it is what its voice speaks
            spoken = self._casting.language_of(choice.voice)
            tongue = tongue if spoken is None else Tongue(spoken, sure=True)
        tag = tongue.tag
        try:
            text = trail.note("pronounce", self._pronouncer.say(text, tag), text)
        except PatternSlow as slow:
            trouble = slow.what
        if self._cuts:
            text = trail.note("cut", self._cut(text, tag), text)
        return Verdict(
            text,
            None if speakable(text) else NOTHING,
            tag,
            fields,
            tongue.sure,
            choice.voice,
            choice.because,
            choice.engine,
            choice.priority,
            self._key_of(fields),
            trouble,
            trail.steps,
        )

    @property
    def tag(self) -> str:
        """The language of its lines, unless they have one of their own. BCP 47."""
        return self._tongue.tag

    def withdraws(self, line: str) -> Target | None:
        """What *line* takes back, if it tells of a deletion."""
        if self._deletions is None:
            return None
        try:
            key, speaker = self._deletions.key_and_speaker(without_ansi(line) if self._colourless else line)
        except PatternSlow:
            return None
        return Target(key=key, speaker=speaker) if key or speaker else None

    def identity(self, line: str) -> tuple[str, str | None]:
        """Who said *line* (empty: unknown), and its key."""
        try:
            fields = self._parse(without_ansi(line) if self._colourless else line)
        except PatternSlow:
            fields = None
        return ("", None) if fields is None else (fields.get("speaker", ""), self._key_of(fields))

    def sentences(self, verdict: Verdict) -> tuple[str, ...]:
        """What the engine gets, one at a time; BEEP alone is a beep."""
        if BEEP not in verdict.text:
            return split_sentences(verdict.text, verdict.language)
        pieces: list[str] = []
        for index, part in enumerate(verdict.text.split(BEEP)):
            pieces += [BEEP] * (index > 0)
            pieces += split_sentences(part, verdict.language)
        return tuple(pieces)

    def for_engine(self, sentence: str, language: str, engine: EngineName) -> str:
        """*sentence* with what `[[pronounce]]` says for this engine alone."""
        try:
            return self._pronouncer.for_engine(sentence, language, engine, self._phonemes.get(engine))
        except PatternSlow:
            return sentence

    # ---- the steps

    def _dropped(
        self,
        reason: str,
        fields: Fields,
        trail: _Trail,
        tag: str | None = None,
        *,
        trouble: str | None = None,
    ) -> Verdict:
        tag = tag or self._tongue.tag
        priority = self.source.priority
        return Verdict("", reason, tag, fields, priority=priority, trouble=trouble, steps=trail.steps)

    def _tongue_of(self, text: str, language: str | None, voice: str | None) -> Tongue:
        """The text's language. language, voice: asked for."""
        found = language or (self._detect(text) if self._detect is not None else None)
        if found is not None:
            return Tongue(normal(found), detected=True, sure=True)
        spoken = None if self._says else self._casting.language_of(voice)
        return self._tongue if spoken is None else Tongue(spoken, sure=True)

    def _cleaned(self, text: str, tag: str, trail: _Trail) -> str:
        if BEEP not in text and not trail.kept:
            return self._cleaner.clean(text, tag)
        for name, step in self._cleaner.steps:
            text = trail.note(name, BEEP.join(step(part, tag) for part in text.split(BEEP)), text)
        return text

    def _cut(self, text: str, tag: str) -> str:
        ending = words_of(tag).ending if self.source.ending is None else self.source.ending
        return cut(text, self.source.max_chars, self.source.max_seconds, ending)

    def _key_of(self, fields: Fields) -> str | None:
        if self._key is None:
            return None
        key = self._key({**fields, "source": self.name})
        return self.key(key) if key.strip() else None

    def key(self, text: str) -> str:
        """The key that *text* makes in this source."""
        return f"{self.name}:{text}"[:200]


class RuleBook:
    """The rules of every source, and of what is said directly."""

    def __init__(self, settings: Settings, extras: Extras | None = None) -> None:
        """Raises PatternError."""
        self._say = Rules(directly(extras), settings, extras)
        self._rules = {
            source.name or source.path: Rules(source, settings, extras) for source in settings.sources
        }

        self.minds_arrivals = self._say.minds_arrival or any(r.minds_arrival for r in self._rules.values())
        """Whether any of them minds a line's coming."""

    def of(self, source: SourceName) -> Rules:
        """The rules of *source*; one that is configured no longer is cleaned and spoken whole."""
        return self._rules.get(source, self._say)


def directly(extras: Extras | None = None) -> SourceSettings:
    """The source of what is said directly: its languages are told where those of any source are."""
    detected = extras is not None and extras.detect is not None
    return SourceSettings(path=SAY, name=SAY, language=AUTO if detected else None)


def _lists(
    source: str, lists: Sequence[BlocklistSettings], words: Mapping[int, Sequence[str]]
) -> list[tuple[Blocklist, BlocklistSettings]]:
    """The blocklists that hold for *source*; those that drop a line come first."""
    mine = [
        (Blocklist((*settings.words, *words.get(index, ()))), settings)
        for index, settings in enumerate(lists)
        if not settings.sources or source in settings.sources
    ]
    return sorted(mine, key=lambda one: one[1].action != "drop")


def _template(source: SourceRules) -> Callable[[Fields], tuple[Template, bool]] | None:
    """Which template a line's fields ask for, and whether it says the text; None: there is none."""
    if source.template is None and not source.templates:
        return None
    plain = "{text}" if source.template is None else source.template
    default = compiled(plain), "text" in names(plain)
    others = []
    for condition, template in source.templates.items():
        name, _, value = condition.partition("=")
        others.append((name.strip(), value.strip(), (compiled(template), "text" in names(template))))

    def choose(fields: Fields) -> tuple[Template, bool]:
        for name, value, template in others:
            if fields.get(name) == value:
                return template
        return default

    return choose


def _mask(settings: BlocklistSettings) -> str:
    return BEEP if settings.action == "beep" else settings.mask


def _tongue(source: SourceRules, settings: Settings, casting: Casting) -> Tongue:
    """The language of the source's lines, unless they have one of their own."""
    if source.language is not None and source.language != AUTO:
        return Tongue(normal(source.language), sure=True)
    told = casting.language_of(source.voice) or of_settings(settings)
    return Tongue(LAST_RESORT) if told is None else Tongue(told, sure=True)


class _Trail:
    """The steps that changed a text, if they are wanted."""

    __slots__ = ("_steps", "kept")

    def __init__(self, kept: bool = False) -> None:
        self.kept = kept
        self._steps: list[tuple[str, str]] = []

    @property
    def steps(self) -> tuple[tuple[str, str], ...]:
        return tuple(self._steps)

    def note(self, name: str, text: str, before: str) -> str:
        """Return *text*, and remember it if it differs."""
        if self.kept and text != before:
            self._steps.append((name, text))
        return text


_NO_TRAIL = _Trail()
