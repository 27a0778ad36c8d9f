"""The text that `say` was given: as words, or on standard input."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ttsd.errors import UsageError

if TYPE_CHECKING:
    import argparse

LONGEST = 200_000
"""Characters: as many as the control socket takes at once."""


def text_of(arguments: argparse.Namespace) -> str:
    """What is to be said. Raises UsageError if that is nothing, or too much."""
    text = " ".join(arguments.text)
    if text == "-":
        # Bytes, because what comes through a pipe may be in no encoding at all.
        text = sys.stdin.buffer.read(4 * LONGEST + 1).decode("utf-8-sig", "replace")
    if not text.strip():
        raise UsageError("there is nothing to say", next_step="ttsd say hello")
    if len(text) > LONGEST:
        raise UsageError(
            f"the text is longer than {LONGEST} characters",
            next_step="append it to a file that is followed: what is in a file is read bit by bit",
        )
    return text
