"""How words are said: `[[pronounce]]` and the dictionary file. Pure.

A text is gone through once: what an entry says is never taken for another entry's word. Entries for all
engines change the text; those for one engine, and phonemes, change only what that engine gets.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from ttsd.errors import PatternError
from ttsd.patterns import Pattern
from ttsd.settings.text import PronounceSettings
from ttsd.text.language import fits, is_tag

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ttsd.model import EngineName

_TOKEN = re.compile(r"\w+(?:['’]\w+)*+")


class Pronouncer:
    """The entries of a configuration, ready for any language and engine."""

    def __init__(self, entries: Iterable[PronounceSettings]) -> None:
        """Raises PatternError for an entry that cannot be used."""
        self._entries = tuple(entries)
        for entry in self._entries:
            problem = problem_of(entry)
            if problem is not None:
                raise PatternError(problem[1], where=entry.word or entry.pattern)
        self._for_all = lru_cache(maxsize=32)(
            lambda tag: _Words(
                [e for e in self._entries if e.engine is None and e.say is not None and _is_for(e, tag)]
            )
        )
        self._for_one = lru_cache(maxsize=64)(self._of_engine)
        self._of_engines = any(e.engine is not None or e.phonemes is not None for e in self._entries)

    def say(self, text: str, tag: str) -> str:
        """*text* as every engine gets it. Raises PatternSlow."""
        return self._for_all(tag).applied(text) if self._entries else text

    def for_engine(self, text: str, tag: str, engine: EngineName, phonemes: str | None) -> str:
        """*text*, which `say` has been through, as *engine* gets it. Raises PatternSlow.

        phonemes: how the engine marks sounds in a text, `[[ {} ]]`; None: it takes none.
        """
        return self._for_one(tag, engine, phonemes).applied(text) if self._of_engines else text

    def _of_engine(self, tag: str, engine: EngineName, phonemes: str | None) -> _Words:
        mine = []
        for entry in self._entries:
            if entry.engine not in (None, engine) or not _is_for(entry, tag):
                continue
            if entry.phonemes is not None and phonemes is not None:
                mine.append((entry, phonemes.replace("{}", entry.phonemes)))
            elif entry.engine is not None and entry.say is not None:
                mine.append((entry, entry.say))
        return _Words([entry for entry, _ in mine], [said for _, said in mine])


def _is_for(entry: PronounceSettings, tag: str) -> bool:
    return entry.language is None or fits(tag, entry.language)


class _Words:
    """Entries that hold for one language and engine. An earlier entry wins over a later one."""

    def __init__(self, entries: Sequence[PronounceSettings], said: Sequence[str] | None = None) -> None:
        """*said*: what each entry says, if not its `say`."""
        self._exact: dict[str, str] = {}
        self._folded: dict[str, str] = {}
        phrases: dict[bool, dict[str, str]] = {True: {}, False: {}}
        self._patterns: list[tuple[Pattern, Callable[[tuple[str, ...]], str]]] = []
        for entry, say in zip(entries, said or [entry.say or "" for entry in entries], strict=True):
            if entry.pattern is not None:
                pattern = Pattern(entry.pattern, ignore_case=not entry.case)
                self._patterns.append((pattern, replacement(say, pattern)))
            elif entry.word is not None and _TOKEN.fullmatch(entry.word):
                words = self._exact if entry.case else self._folded
                words.setdefault(entry.word if entry.case else entry.word.casefold(), say)
            elif entry.word is not None:
                key = entry.word if entry.case else entry.word.casefold()
                phrases[entry.case].setdefault(key, say)
        self._phrases = [(_phrases(words, case), words, case) for case, words in phrases.items() if words]

    def applied(self, text: str) -> str:
        """Raises PatternSlow."""
        said: list[str] = []

        def keep(what: str) -> str:
            """Something that stands for *what* and is nobody's word."""
            if len(said) == _MOST_KEPT:
                return what
            said.append(what)
            return chr(_FIRST_KEPT + len(said) - 1)

        for pattern, by in self._patterns:
            text = pattern.replace(text, _kept(by, keep))
        for compiled, words, case in self._phrases:
            text = compiled.sub(_from(words, case, keep), text)
        if self._exact or self._folded:
            text = _TOKEN.sub(self._word, text)
        return (
            text.translate({_FIRST_KEPT + index: what for index, what in enumerate(said)}) if said else text
        )

    def _word(self, match: re.Match[str]) -> str:
        word = match[0]
        said = self._exact.get(word)
        return said if said is not None else self._folded.get(word.casefold(), word)


_FIRST_KEPT, _MOST_KEPT = 0xE000, 6000
"""Private characters, which no cleaned text has."""


def _kept(
    by: Callable[[tuple[str, ...]], str], keep: Callable[[str], str]
) -> Callable[[tuple[str, ...]], str]:
    return lambda groups: keep(by(groups))


def _from(words: dict[str, str], case: bool, keep: Callable[[str], str]) -> Callable[[re.Match[str]], str]:
    def phrase(match: re.Match[str]) -> str:
        said = words.get(match[0] if case else match[0].casefold())
        return match[0] if said is None else keep(said)

    return phrase


def _phrases(words: Iterable[str], case: bool) -> re.Pattern[str]:
    longest_first = sorted(words, key=len, reverse=True)
    alternatives = [
        (r"(?<!\w)" if word[:1].isalnum() else "")
        + re.escape(word)
        + (r"(?!\w)" if word[-1:].isalnum() else "")
        for word in longest_first
    ]
    return re.compile("|".join(alternatives), 0 if case else re.IGNORECASE)


_REFERENCE = re.compile(r"\\(?:(\d)|g<(\w+)>|(.))", re.DOTALL)


def replacement(said: str, pattern: Pattern) -> Callable[[tuple[str, ...]], str]:
    r"""What *said* means with \1 and \g<name> filled from a match's groups. Raises PatternError."""
    pieces: list[str | int] = []
    at = 0
    for reference in _REFERENCE.finditer(said):
        pieces.append(said[at : reference.start()])
        at = reference.end()
        number, name, other = reference.groups()
        if other is not None:
            pieces.append(other)
            continue
        group = int(number) if number is not None else pattern.group(name)
        if group is None or group > pattern.groups:
            raise PatternError(f"says {reference[0]}, and the pattern has no such group")
        pieces.append(group)
    pieces.append(said[at:])
    return lambda groups: "".join(piece if isinstance(piece, str) else groups[piece] for piece in pieces)


def problem_of(entry: PronounceSettings) -> tuple[str, str] | None:
    """The setting of an entry that is wrong, and why; None: it can be used."""
    if (entry.word is None) == (entry.pattern is None):
        return "word", "needs either a word or a pattern"
    if (entry.say is None) == (entry.phonemes is None):
        return "say", "needs either `say` or `phonemes`"
    if entry.language is not None and not is_tag(entry.language):
        return "language", f'"{entry.language}" is no language such as de or pt-BR'
    if entry.pattern is not None:
        try:
            replacement(entry.say or "", Pattern(entry.pattern))
        except PatternError as error:
            return "pattern", str(error)
    return None
