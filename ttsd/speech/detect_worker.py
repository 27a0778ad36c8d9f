"""The process that tells languages: a JSON text a line in, a JSON tag (or null) a line out.

Run as a file, it imports nothing of ttsd. It ends with its stdin, which is the end of whoever asks.
"""

from __future__ import annotations

import json
import sys

SURE = 0.5
"""A language is told if this much of the probability is its own …"""
AHEAD = 0.25
"""… and it is this far ahead of the next."""


def main() -> int:
    """Answer until stdin ends."""
    from lingua import LanguageDetectorBuilder

    detector = LanguageDetectorBuilder.from_all_spoken_languages().with_low_accuracy_mode().build()
    for line in sys.stdin.buffer:
        found = detector.compute_language_confidence_values(json.loads(line))[:2]
        tag = None
        if found and found[0].value >= SURE and (len(found) < 2 or found[0].value - found[1].value >= AHEAD):
            tag = found[0].language.iso_code_639_1.name.lower()
        sys.stdout.buffer.write(json.dumps(tag).encode() + b"\n")
        sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
