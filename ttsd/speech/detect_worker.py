"""The process that tells languages: a JSON text a line in, a JSON tag (or null) a line out.

Its arguments are the languages that are expected: for them, less certainty is enough. Run as a file, it
imports nothing of ttsd. It ends with its stdin, which is the end of whoever asks.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

SURE, AHEAD = 0.5, 0.25
"""A language is told if so much of the probability is its own, and it is so far ahead of the next."""
SURE_EXPECTED, AHEAD_EXPECTED = 0.3, 0.1
"""The same for a language that is expected."""
NONE = {"zxx", "und"}
"""Labels of what is no language."""


def decide(ranked: Sequence[tuple[str, float]], expected: Collection[str]) -> str | None:
    """The language; None: it cannot be told. *ranked*: the likeliest first, with their probabilities."""
    (first, sure), (_, next_one) = ranked[:2]
    ahead = sure - next_one
    if first in NONE:
        return None
    if first in expected:
        return first if sure >= SURE_EXPECTED and ahead >= AHEAD_EXPECTED else None
    return first if sure >= SURE and ahead >= AHEAD else None


def main(expected: Sequence[str]) -> int:
    """Answer until stdin ends."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    for line in sys.stdin.buffer:
        ranked = [(str(tag), float(sure)) for tag, sure in identifier.rank(json.loads(line))[:2]]
        sys.stdout.buffer.write(json.dumps(decide(ranked, expected)).encode() + b"\n")
        sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
