"""The dictionary file: one pronunciation a line, for people who do not want to write TOML. Pure."""

from __future__ import annotations

import re

from ttsd.settings.text import PronounceSettings
from ttsd.text.language import is_tag, normal
from ttsd.text.pronounce import problem_of

_SECTION = re.compile(r"\[([^\[\]]*)\]")
MOST_ENTRIES = 50_000
"""Of a dictionary file."""


def dictionary(text: str) -> tuple[tuple[PronounceSettings, ...], tuple[str, ...]]:
    r"""The entries of a dictionary file, and a sentence for each line that is none.

    `word = said`, `/regex/ = said`, `word = [phonemes]`; `[de]` before the words of a language, `[*]`
    before those of all; `#` begins a comment.
    """
    entries: list[PronounceSettings] = []
    problems: list[str] = []
    language: str | None = None
    known = True
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        written = line.strip()
        if not written or written.startswith("#"):
            continue
        if section := _SECTION.fullmatch(written):
            language = section[1].strip()
            language = None if language == "*" else language
            known = language is None or is_tag(language)
            if not known:
                problems.append(f'line {number}: "{language}" is no language such as de or pt-BR')
            continue
        if not known:
            continue
        # A regex may have a = of its own.
        cut = written.rpartition if " = " in written else written.partition
        word, equals, said = map(str.strip, cut(" = " if " = " in written else "="))
        if not equals or not word:
            problems.append(f"line {number}: is not `word = what is said`")
            continue
        sounds = _SECTION.fullmatch(said)
        regex = len(word) > 2 and word[0] == word[-1] == "/"
        entry = PronounceSettings(
            word=None if regex else word,
            pattern=word[1:-1] if regex else None,
            say=None if sounds else said,
            phonemes=sounds[1].strip() if sounds else None,
            language=language and normal(language),
        )
        problem = problem_of(entry)
        if problem is not None:
            problems.append(f"line {number}: {problem[1]}")
        elif len(entries) < MOST_ENTRIES:
            entries.append(entry)
        else:
            problems.append(f"line {number}: there are more than {MOST_ENTRIES} entries")
            break
    return tuple(entries), tuple(problems)
