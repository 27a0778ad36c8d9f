"""docs/cli.md, made from the parser.

`python tests/cli_tables.py` writes it; tests/cli/test_docs_cli.py checks that it is as the parser is.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from ttsd.cli import parser

FILE = Path(__file__).parent.parent / "docs" / "cli.md"
BEGIN, END = "<!-- verbs: begin -->", "<!-- verbs: end -->"


def verbs() -> str:
    """The table of verbs, and a part for each."""
    top = parser.build()
    known = next(action for action in top._actions if isinstance(action, argparse._SubParsersAction))
    rows = [f"| [`{name}`](#{name}) | {parser.sentence(verb.text)} |" for name, verb in parser.VERBS.items()]
    parts = ["| Verb | What it does |\n|---|---|", *rows]
    for name in parser.VERBS:
        parts.append(_verb(name, known.choices[name]))
    return "\n".join(parts)


def renewed(document: str) -> str:
    """The document with its verbs as they are now."""
    before, rest = document.split(BEGIN)
    return f"{before}{BEGIN}\n\n{verbs()}\n{END}{rest.split(END)[1]}"


def _verb(name: str, verb: argparse.ArgumentParser) -> str:
    actions = [action for action in verb._actions if action.dest not in ("help", "config", "json")]
    words = [_usage(action) for action in sorted(actions, key=lambda action: bool(action.option_strings))]
    shared = [f"`--{action.dest}`" for action in verb._actions if action.dest in ("config", "json")]
    text = f"\n## {name}\n\n{verb.description}\n\n```text\n{' '.join(['ttsd', name, *words])}\n```\n"
    if actions:
        text += "\n| Word | Means |\n|---|---|\n" + "".join(map(_row, actions))
    return text + (f"\nTakes {' and '.join(shared)}.\n" if shared else "")


def _usage(action: argparse.Action) -> str:
    metavar = _metavar(action)
    if action.option_strings:
        option = " ".join(filter(None, (action.option_strings[0], metavar)))
        return option if action.required else f"[{option}]"
    many = action.nargs in ("+", "*", argparse.REMAINDER)
    word = f"{metavar} …" if many and metavar != "…" else metavar
    return word if action.nargs in (None, "+") else f"[{word}]"


def _row(action: argparse.Action) -> str:
    metavar = _metavar(action).replace("|", "\\|")
    word = " ".join(filter(None, (*action.option_strings[:1], metavar)))
    return f"| `{word}` | {(action.help or '').replace('|', chr(92) + '|')} |\n"


def _metavar(action: argparse.Action) -> str:
    if action.nargs == 0:
        return ""
    if action.choices is not None:
        return "|".join(map(str, action.choices))
    return str(action.metavar or action.dest.upper())


if __name__ == "__main__":
    FILE.write_text(renewed(FILE.read_text(encoding="utf-8")), encoding="utf-8")
