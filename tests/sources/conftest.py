"""A folder that is followed, closed behind each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from following import Follow, Following

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ttsd.settings import SourceSettings
    from ttsd.sources.files import Files


@pytest.fixture
def following(tmp_path: Path) -> Iterator[Following]:
    made: list[Follow] = []

    def make(
        *settings: SourceSettings, files: Files | None = None, handles: int = 256, hints: bool = False
    ) -> Follow:
        made.append(Follow(tmp_path, *settings, files=files, handles=handles, hints=hints))
        return made[-1]

    yield make
    for follow in made:
        follow.close()


@pytest.fixture
def follow(following: Following) -> Follow:
    """a.log, which does not exist yet."""
    return following()
