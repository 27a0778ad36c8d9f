"""What include and exclude mean follows from what the source is; a source's own [clean] goes over the top's."""

from __future__ import annotations

from pathlib import Path

import pytest

from ttsd import config
from ttsd.errors import ConfigError
from ttsd.settings import SourceSettings


def source(folder: Path, text: str) -> SourceSettings:
    return config.build(config.given(f"[[sources]]\n{text}", folder / "ttsd.toml", {})).sources[0]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "notes").mkdir()
    (tmp_path / "journal").write_text("")
    return tmp_path


@pytest.mark.parametrize("path", ["chat.log", "journal", "-"])
def test_of_a_file_they_are_texts(folder: Path, path: str) -> None:
    found = source(folder, f'path = "{path}"\nexclude = ["^!", "spam", "^a *b"]\ninclude = ["x"]')
    assert found.exclude_text == ("^!", "spam", "^a *b")
    assert found.include_text == ("x",)
    assert (found.include, found.exclude) == (("*",), ())


def test_of_a_directory_they_are_names(folder: Path) -> None:
    for path in ("notes", "later/"):
        found = source(
            folder, f'path = "{path}"\ninclude = ["*.md"]\nexclude = ["a", "^!"]\nexclude_text = ["x"]'
        )
        assert (found.include, found.exclude) == (("*.md",), ("a", "^!"))
        assert (found.include_text, found.exclude_text) == ((), ("x",))


@pytest.mark.parametrize("path", ["logs/*.log", "later"])
def test_where_both_may_be_meant_their_looks_decide(folder: Path, path: str) -> None:
    found = source(folder, f'path = "{path}"\nexclude = ["*.tmp", "^!", "old-[0-9]"]')
    assert found.exclude == ("*.tmp", "old-[0-9]")
    assert found.exclude_text == ("^!",)


def test_what_cannot_be_a_regex_means_names_even_there(folder: Path) -> None:
    found = source(folder, 'path = "chat.log"\ninclude = ["*.log", "chat-*.txt"]')
    assert found.include == ("*.log", "chat-*.txt")


def test_a_problem_is_told_where_it_was_written(folder: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        source(folder, 'path = "chat.log"\nexclude_text = ["["]\nexclude = ["a", "("]')
    first, second = caught.value.problems
    assert ":3: sources[0].exclude_text[0]: is no regular expression" in first
    assert ":4: sources[0].exclude: is no regular expression" in second


def test_a_sources_own_cleaning_goes_over_that_at_the_top(folder: Path) -> None:
    text = """
[clean]
emoji = "drop"
urls = "host"
[[sources]]
path = "a.log"
[sources.clean]
urls = "word"
[[sources]]
path = "b.log"
"""
    own, none = config.build(config.given(text, folder / "ttsd.toml", {})).sources
    assert own.clean is not None
    assert (own.clean.emoji, own.clean.urls) == ("drop", "word")
    assert none.clean is None


def test_files_of_words_are_relative_to_the_configuration(folder: Path) -> None:
    text = 'dictionary = "words.txt"\n[[blocklist]]\nfile = "bad.txt"'
    settings = config.build(config.given(text, folder / "ttsd.toml", {}))
    assert settings.dictionary == folder / "words.txt"
    assert settings.blocklist[0].file == folder / "bad.txt"


def test_everything_that_the_rules_cannot_use_is_told_at_once(folder: Path) -> None:
    text = """
[[sources]]
path = "a.log"
format = "regex"
pattern = '(?P<who>\\w+) (?P<text>.*'
template = "{speaker} says {text}"
language = "german"
[[sources]]
path = "b.log"
pattern = "x"
template = "{text"
[[sources]]
path = "c.log"
format = "regex"
pattern = '(?P<who>\\w+) (?P<text>.*)'
template = "{speaker} says {text}"
key = "{who}"
exclude_fields = {speaker = "x"}
[[pronounce]]
word = "a"
pattern = "b"
[[pronounce]]
pattern = "(b)"
say = "\\\\2"
[[route]]
source = "d.log"
voice = "heart"
[[route]]
match = "("
[[blocklist]]
action = "drop"
[language]
pt-BR = "heart"
brazilian = "heart"
"""
    with pytest.raises(ConfigError) as caught:
        config.build(config.given(text, folder / "ttsd.toml", {}))
    found = [problem.replace(f"{folder / 'ttsd.toml'}:", "") for problem in caught.value.problems]
    assert found == [
        "5: sources[0].pattern: is no regular expression: missing ) at character 25",
        '7: sources[0].language: "german" is no language such as de or pt-BR, nor auto',
        '10: sources[1].pattern: belongs to format "regex", and this is "plain"',
        "11: sources[1].template: has a brace that belongs to no {field}; write {{ or }} for one",
        "16: sources[2].template: there is no field {speaker}; there is source, text, who",
        "18: sources[2].exclude_fields.speaker: the pattern has no field speaker",
        "20: pronounce[0].word: needs either a word or a pattern",
        "23: pronounce[1].pattern: says \\2, and the pattern has no such group",
        '26: route[0].source: there is no source "d.log"',
        "28: route[1].voice: decides nothing: give a voice, a pool, an engine or a priority",
        "29: route[1].match: is no regular expression: missing ) at character 2",
        "30: blocklist[0]: has neither `words` nor a `file`",
        "34: language.brazilian: is no language such as de or pt-BR",
    ]
