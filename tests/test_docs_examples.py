"""What the documentation shows holds: each configuration loads, each link leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ttsd import config

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])
EXAMPLES = [
    pytest.param(block, id=f"{page.name}-{number}")
    for page in PAGES
    for number, block in enumerate(
        re.findall(r"^```toml\n(.*?)^```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    )
]
LINKS = [
    pytest.param(page, link, id=f"{page.name}-{link}")
    for page in PAGES
    for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
]


@pytest.mark.parametrize("block", EXAMPLES)
def test_a_configuration_in_the_documentation_loads(block: str, tmp_path: Path) -> None:
    file = tmp_path / "ttsd.toml"
    file.write_text(block, encoding="utf-8")
    config.load(file, {})


@pytest.mark.parametrize("file", sorted((ROOT / "configs").glob("*.toml")), ids=lambda file: file.name)
def test_a_configuration_that_comes_with_ttsd_loads(file: Path) -> None:
    config.load(file, {})


@pytest.mark.parametrize(("page", "link"), LINKS)
def test_a_link_leads_somewhere(page: Path, link: str) -> None:
    assert (page.parent / link).exists()
