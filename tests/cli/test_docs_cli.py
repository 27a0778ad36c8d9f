"""docs/cli.md is what the parser is, and its examples use words that exist."""

from __future__ import annotations

import re
import shlex

import cli_tables

from ttsd.cli import exits, parser

TEXT = cli_tables.FILE.read_text(encoding="utf-8")


def test_the_verbs_are_as_the_parser_has_them() -> None:
    assert cli_tables.renewed(TEXT) == TEXT, "run: python tests/cli_tables.py"


def test_what_must_be_given_stands_in_no_brackets() -> None:
    assert "ttsd render FILE … -o DIR [--engine" in cli_tables.verbs()


def test_the_examples_parse() -> None:
    examples = [
        line.split("|")[-1].split(">")[0].strip()
        for block in re.findall(r"^```sh\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
        for line in block.splitlines()
    ]
    assert len(examples) >= 8
    for example in examples:
        words = shlex.split(example, comments=True)
        assert words[0] == "ttsd"
        parser.build().parse_args(words[1:])


def test_the_exit_codes_are_the_ones_documented() -> None:
    told = re.search(r"\*\*Exit codes\*\*: (.*?)\. `say", TEXT, re.DOTALL)
    assert told is not None
    codes = [int(number) for number in re.findall(r"(\d+) ", told[1])]
    known = [
        exits.OK,
        exits.FAILURE,
        exits.USAGE,
        exits.NOT_RUNNING,
        exits.BAD_CONFIGURATION,
        exits.INTERRUPTED,
    ]
    assert codes == known


def test_every_verb_says_what_it_does() -> None:
    for name, verb in parser.VERBS.items():
        assert verb.text[0].islower(), name
        assert not verb.text.endswith("."), name
