"""An engine's option: its kind, range and help; and the check of a value against it. Pure."""

from __future__ import annotations

import math

from ttsd.frozen import frozen


def names(text: object) -> list[str]:
    """The names in an option that takes several, with commas between."""
    return [name.strip() for name in str(text).split(",") if name.strip()]


@frozen
class Option:
    """One key of `[engine.NAME]` that only this engine has."""

    name: str
    kind: type[str | int | float | bool]
    help: str
    default: str | int | float | bool | None = None
    """None: the engine or its voice decides."""
    low: float | None = None
    """Smallest number allowed; None: no bound."""
    high: float | None = None
    """Largest number allowed; None: no bound."""
    choices: tuple[str, ...] = ()
    """Words allowed; empty: any."""
    line: bool = False
    """It is a command line, which may be given as a list of its words, too."""
    loads: bool = False
    """Of a converter: it decides what is loaded; what does not may differ from sentence to sentence."""

    def allowed(self) -> str:
        """What it takes, to follow "must be"."""
        if self.choices:
            return "one of " + ", ".join(self.choices)
        if self.line:
            return "text, or a list of words"
        kind = {str: "text", bool: "true or false", int: "a whole number", float: "a number"}[self.kind]
        if self.low is not None and self.high is not None:
            return f"{kind} from {self.low:g} to {self.high:g}"
        if self.low is not None:
            return f"{kind} of at least {self.low:g}"
        return kind if self.high is None else f"{kind} of at most {self.high:g}"

    def accepts(self, value: object) -> bool:
        """Whether *value* may be given; nothing is coerced but a whole number to a number."""
        if isinstance(value, bool) or self.kind is bool:
            return isinstance(value, bool) and self.kind is bool
        if isinstance(value, str) or self.kind is str:
            return isinstance(value, str) and self.kind is str and (not self.choices or value in self.choices)
        if not isinstance(value, int | float) or (self.kind is int and not isinstance(value, int)):
            return False
        if not math.isfinite(value):
            return False
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)
