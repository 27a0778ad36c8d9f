"""How each engine is told to speak faster: by its option for speed, length or words a minute. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ttsd.engines import catalog

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ttsd.engines.engine import Scalar

_FASTER = ("speed", "rate")
_SLOWER = ("length_scale",)
"""Options that grow, and that shrink, with the pace. (`rate` of a number of frames is none of them.)"""
_WORDS_A_MINUTE = 1000
"""A `rate` whose largest value is below this counts words, above it frames per second."""


def paced(engine: str, speed: float, options: Mapping[str, Scalar]) -> dict[str, Scalar] | None:
    """The options that make *engine* speak *speed* times as fast as *options* say; None: it cannot.

    What is out of the engine's range becomes its fastest or slowest.
    """
    entry = catalog.find(engine)
    for option in entry.options if entry is not None else ():
        if option.name not in (*_FASTER, *_SLOWER) or option.kind is str:
            continue
        if option.name == "rate" and (option.high or _WORDS_A_MINUTE) >= _WORDS_A_MINUTE:
            continue
        usual = options.get(option.name, 1.0 if option.default is None else option.default)
        value = float(usual) / speed if option.name in _SLOWER else float(usual) * speed
        low, high = option.low, option.high
        value = max(value, low) if low is not None else value
        value = min(value, high) if high is not None else value
        return {option.name: round(value) if option.kind is int else round(value, 4)}
    return None
