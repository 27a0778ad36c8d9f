"""The examples of docs/rules.md are run: a configuration, lines, and what becomes of each."""

from __future__ import annotations

import re
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ttsd import config
from ttsd.schema import fields_of
from ttsd.settings.captions import CaptionSettings
from ttsd.settings.notices import NoticeSettings
from ttsd.settings.quiet import MuteSettings, QuietSettings
from ttsd.settings.text import CleanSettings, RouteSettings, SourceRules
from ttsd.speech.detect import Detector, detector
from ttsd.text import files
from ttsd.text.explain import explain

if TYPE_CHECKING:
    from ttsd.text.explain import Explained

TEXT = (Path(__file__).parent.parent / "docs" / "rules.md").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Example:
    """A fenced block of TOML and the blocks up to the next one."""

    number: int
    toml: str
    others: dict[str, str]

    def __str__(self) -> str:
        return f"line{self.number}"


def examples() -> list[Example]:
    found: list[Example] = []
    for block in re.finditer(
        r"^```(?P<kind>toml|text [\w.]+)\n(?P<body>.*?)^```$", TEXT, re.DOTALL | re.MULTILINE
    ):
        if block["kind"] == "toml":
            found.append(Example(TEXT.count("\n", 0, block.start()) + 1, block["body"], {}))
        else:
            found[-1].others[block["kind"].removeprefix("text ")] = block["body"]
    return found


def explained(example: Example, folder: Path) -> list[Explained]:
    for name, body in example.others.items():
        if name.endswith(".txt"):
            (folder / name).write_text(body, encoding="utf-8")
    settings = config.build(config.given(example.toml, folder / "ttsd.toml", {}))
    with closing(detector(settings) or Detector()) as tells:
        read = files.read(settings, tells)
        assert not read.problems
        source = settings.sources[0] if settings.sources else None
        return explain(settings, source, example.others.get("lines", "").splitlines(), read.extras)


@pytest.mark.parametrize("example", examples(), ids=str)
def test_the_example_does_what_it_says(example: Example, tmp_path: Path) -> None:
    found = explained(example, tmp_path)
    shown = {
        "spoken": [one.text if one.spoken else f"[{one.reason}]" for one in found],
        "sentences": [sentence for one in found for sentence in one.sentences],
        "voices": [
            ", ".join(filter(None, [one.voice, one.priority.name.lower(), one.engine])) for one in found
        ],
    }
    for kind in ("spoken", "sentences", "voices"):
        if kind in example.others:
            assert shown[kind] == example.others[kind].splitlines()
    # What cannot be shown in one look at some lines (limits) is at least a configuration that holds.
    assert set(example.others) & set(shown) or "lines" not in example.others


def test_there_are_examples() -> None:
    assert len(examples()) >= 20


@pytest.mark.parametrize(
    "cls", [SourceRules, CleanSettings, RouteSettings, MuteSettings, QuietSettings, NoticeSettings]
)
def test_every_setting_of_the_rules_is_in_the_text(cls: type) -> None:
    missing = [field.name for field in fields_of(cls) if not re.search(rf"\b{field.name}\b", TEXT)]
    assert not missing


def test_every_setting_of_captions_is_in_their_text() -> None:
    text = (Path(__file__).parent.parent / "docs" / "captions.md").read_text(encoding="utf-8")
    assert not [field.name for field in fields_of(CaptionSettings) if f"`{field.name}" not in text]
