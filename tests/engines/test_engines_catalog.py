"""The catalogue: what is known is told truly, and what cannot be configured is said before it is used."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttsd.engines import catalog
from ttsd.engines.adapter import load_adapter
from ttsd.engines.catalog import ENTRIES, Entry
from ttsd.engines.converter_entries import CONVERTERS
from ttsd.engines.install import DEVICES
from ttsd.engines.options import Option


def test_names_and_aliases_are_unique_and_found() -> None:
    spellings = [spelling for entry in ENTRIES for spelling in (entry.name, *entry.aliases)]
    assert len(spellings) == len(set(spellings))
    assert catalog.find("stylets2") is catalog.find("STYLETTS2") is not None
    assert catalog.find("nothing") is None
    assert catalog.did_you_mean("pipper") == '; did you mean "piper"?'
    assert catalog.did_you_mean("qqqq") == ""


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_each_entry_is_whole(entry: Entry) -> None:
    assert entry.label
    assert entry.description.endswith(".")
    assert entry.languages
    assert entry.load_timeout > 0 < entry.first_chunk_timeout
    for option in entry.options:
        assert option.help.endswith(".")
        assert option.default is None or option.accepts(option.default)
    reserved = {"voice", "uri", "workers", "nice", "load_timeout", "first_chunk_timeout", "idle_timeout"}
    assert not reserved & {option.name for option in entry.options}
    if entry.adapter is None:
        assert catalog.missing(entry) == "is not part of this version of ttsd"
    else:
        load_adapter(entry.adapter)  # imports nothing heavy: the library comes with `open`


def test_an_engine_whose_package_is_absent_says_which() -> None:
    entry = Entry(
        name="x",
        label="X",
        description="X.",
        languages=("en",),
        code_licence="MIT",
        weights_licence="MIT",
        adapter="a:B",
        modules=("json", "no_such_module"),
    )
    assert catalog.missing(entry) == "is not installed: the Python package no_such_module is missing"
    both = replace(entry, modules=("no_such_module", "nor_this"))
    wanted = "is not installed: the Python packages no_such_module and nor_this are missing"
    assert catalog.missing(both) == wanted


@pytest.mark.parametrize(
    "entry", [one for one in (*ENTRIES, *CONVERTERS) if one.recipe], ids=lambda entry: entry.name
)
def test_what_an_installation_asks_for_is_the_same_next_year(entry: Entry) -> None:
    """What the packages named bring with them, pip chooses; `engine_venvs` and its checks see it."""
    assert entry.recipe is not None
    asked = [one for step in entry.recipe.steps for device in DEVICES for one in step.requirements(device)]
    assert [one for one in asked if "==" not in one] == []


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"length_scale": 0}, "length_scale must be a number from 0.1 to 5, not 0"),
        ({"length_scale": "fast"}, 'length_scale must be a number from 0.1 to 5, not "fast"'),
        ({"length_scale": True}, "length_scale must be a number from 0.1 to 5, not true"),
        ({"length_scale": float("nan")}, "length_scale must be a number from 0.1 to 5, not nan"),
        ({"threads": 1.5}, "threads must be a whole number from 0 to 64, not 1.5"),
        ({"speaker": 3}, "speaker must be text, not 3"),
        ({"lenght_scale": 1}, 'lenght_scale is no option of piper; did you mean "length_scale"?'),
        ({"zzz": 1}, "zzz is no option of piper"),
    ],
)
def test_what_does_not_fit_is_told_with_the_range(options: dict[str, object], problem: str) -> None:
    assert catalog.option_problems("piper", options) == (problem,)


def test_what_fits_is_no_problem_and_every_problem_is_told() -> None:
    assert catalog.option_problems("piper", {"length_scale": 1, "speaker": "amy", "threads": 2}) == ()
    assert len(catalog.option_problems("piper", {"length_scale": 99, "nonsense": 1})) == 2
    assert catalog.option_problems("some server", {"anything": 1}) == ()


@given(st.integers() | st.floats() | st.text() | st.booleans() | st.none())
def test_an_option_accepts_only_its_own_kind(value: object) -> None:
    ranged = Option("n", float, "A number.", None, 0.0, 1.0)
    fits = ranged.accepts(value)
    assert fits == (isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1)
    word = Option("w", str, "A word.", choices=("a", "b"))
    assert word.accepts(value) == (value in ("a", "b") and isinstance(value, str))


def test_importing_it_brings_nothing_heavy() -> None:
    code = "import sys, ttsd.engines.catalog; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"numpy", "structlog", "platformdirs", "subprocess", "difflib", "piper"} & set(loaded)


def test_a_converter_is_no_engine_but_has_options_and_a_venv_as_they_do() -> None:
    sovits = catalog.find_converter("so-vits-svc-fork")
    assert sovits is not None
    assert catalog.find("sovits") is None
    assert catalog.find_any("sovits") is sovits
    assert sovits not in catalog.entries()
    assert sovits.install == "ttsd engine install sovits"
    assert catalog.defaults("sovits")["f0_method"] == "dio"
    assert "[voice.NAME.convert]" in catalog.did_you_mean("sovits")
