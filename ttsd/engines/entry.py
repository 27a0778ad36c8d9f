"""What is declared of one engine: the same few lines for ttsd's own and for those of others. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ttsd.frozen import frozen

if TYPE_CHECKING:
    from ttsd.engines.options import Option
    from ttsd.engines.recipe import Recipe


@frozen(kw_only=True)
class Entry:
    """One known engine."""

    name: str
    label: str
    """Its name for people."""
    description: str
    """One sentence."""
    quality: str | None = None
    """How it sounds, in a few words; None: there is nothing to tell."""
    pros: tuple[str, ...] = ()
    """What speaks for it, each in a few words."""
    cons: tuple[str, ...] = ()
    """What speaks against it."""
    languages: tuple[str, ...]
    """BCP 47 tags; ("*",): whatever its voices speak."""
    streaming: bool = False
    """It gives sound before a sentence is complete."""
    cloning: bool = False
    """It speaks with a voice taken from a recording."""
    code_licence: str
    weights_licence: str
    load_timeout: float = 30.0
    """Seconds until it is ready, unless configured."""
    first_chunk_timeout: float = 15.0
    """Seconds until a sentence's first sound, unless configured."""
    idle_timeout: float = 10.0
    """Seconds between two chunks, unless configured."""
    fastest_pace: float | None = 100.0
    """Letters and digits a second that it never exceeds, whatever it is told: who is faster has left
    something out. None: it may be as fast as it likes."""
    cancel_grace: float = 0.5
    """Seconds a cancelled synthesis may take to stop before its process is replaced."""
    adapter: str | None = None
    """`module:Class`; None: not part of this version."""
    modules: tuple[str, ...] = ()
    """Top-level modules it needs; they tell whether it is installed."""
    recipe: Recipe | None = None
    """What `ttsd engine install` puts into a venv of its own; None: it needs none."""
    options: tuple[Option, ...] = ()
    aliases: tuple[str, ...] = ()
    """Other spellings people use."""

    @property
    def install(self) -> str | None:
        """The command that brings it; None: there is none."""
        return f"ttsd engine install {self.name}" if self.recipe and self.adapter else None
