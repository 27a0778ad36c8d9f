"""Each ready configuration holds, and says of its sample what it promises."""

from __future__ import annotations

from pathlib import Path

import pytest

from ttsd import config
from ttsd.cli.explain import messages
from ttsd.text import files
from ttsd.text.explain import explain

FOLDER = Path(__file__).parent.parent.parent / "configs"
CONFIGURATIONS = sorted(file for file in FOLDER.glob("*.toml") if file.stem != "quickstart")
SAMPLES = {file.stem for file in (FOLDER / "samples").glob("*.log")}


def names(file: Path) -> list[str]:
    return [str(source.name) for source in config.load(file, {}).sources]


def test_every_promised_kind_is_there() -> None:
    assert {file.stem for file in CONFIGURATIONS} == {
        "ci-log",
        "combat-log",
        "elite-dangerous",
        "irc",
        "journald",
        "minecraft",
        "notes",
        "obs-label",
        "tabletop-chat",
        "twitch-chat",
    }
    assert sorted(SAMPLES) == sorted(name for file in CONFIGURATIONS for name in names(file))


@pytest.mark.parametrize("file", CONFIGURATIONS, ids=lambda file: file.stem)
def test_it_says_of_its_sample_what_it_promises(file: Path) -> None:
    settings = config.load(file, {})
    read = files.read(settings)
    assert not read.problems
    for source in settings.sources:
        sample = FOLDER / "samples" / f"{source.name}.log"
        promised = sample.with_suffix(".spoken").read_text(encoding="utf-8").splitlines()
        found = explain(settings, source, messages(sample.read_bytes(), source), read.extras)
        assert [one.text.replace("\n", " / ") for one in found if one.spoken] == promised
        assert not [one.trouble for one in found if one.trouble]
        # A sample shows what is left out, too.
        assert source.mode == "whole" or any(not one.spoken for one in found)
