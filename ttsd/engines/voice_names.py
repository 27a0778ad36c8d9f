"""Whether an engine can have a voice of a name at all: for those whose voices have names of one kind. Pure.

Tells a mistake in the configuration from a voice that is only not installed yet.
"""

from __future__ import annotations

import re

from ttsd.engines import catalog

_QUALITIES = "x_low|low|medium|high"
_BLEND = r"[abefhijpz][fm]_[a-z]+(\s*:\s*[\d.]+)?"
_KINDS = {
    "piper": re.compile(rf".*[/\\].*|.*\.onnx|[a-z]{{2,3}}_[A-Z]{{2}}-\S+-({_QUALITIES})", re.DOTALL),
    "hibari": re.compile("heart|emma|fenrir|fable|kore"),
    **dict.fromkeys(("kokoro", "kokoro-torch"), re.compile(rf"{_BLEND}(\s*\+\s*{_BLEND})*")),
    "espeak": re.compile(r"[a-z]{2,3}(-[a-z0-9]+)*"),
    "tone": re.compile("tone"),
}


def may_have(engine: str, voice: str) -> bool:
    """Whether *engine* may have *voice*; True for engines whose voices have any names."""
    entry = catalog.find(engine)
    kind = _KINDS.get(entry.name) if entry is not None else None
    return kind is None or kind.fullmatch(voice) is not None
