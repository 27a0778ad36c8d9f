"""One tree of errors: each says what happened, where, and what to do next.

`code` is stable (scripts and the control protocol rely on it); the words may change.
Only the command line and the daemon turn errors into exit codes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence


class TtsdError(Exception):
    """Base of everything ttsd raises on purpose."""

    code: ClassVar[str] = "error"

    def __init__(self, what: str, *, where: str | None = None, next_step: str | None = None) -> None:
        """*what* went wrong, *where* (a path, an engine, a device), *next_step* a user can take."""
        super().__init__(what)
        self.what = what
        self.where = where
        self.next_step = next_step

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text} ({self.next_step})" if self.next_step else text


class IllegalTransition(TtsdError):
    """An utterance was asked to go where its state does not lead: a fault of ttsd, never of the user."""

    code = "illegal-transition"

    def __init__(self, old: str, new: str) -> None:
        super().__init__(f"an utterance cannot go from {old} to {new}")


class Fault(TtsdError):
    """Something went wrong that nobody foresaw: the log has the traceback."""

    def __init__(self, error: Exception) -> None:
        super().__init__(
            f"a fault of ttsd: {type(error).__name__}: {error}",
            next_step="the log tells where; please report it",
        )


class UsageError(TtsdError):
    """A command was given words it cannot take."""

    code = "usage"


class ConfigError(TtsdError):
    """The configuration cannot be used. Holds every problem at once."""

    code = "bad-configuration"

    def __init__(self, problems: Sequence[str], *, where: str | None = None) -> None:
        """*problems*: one sentence each, already carrying line, path and remedy."""
        super().__init__("\n".join(problems), where=where)
        self.problems = tuple(problems)

    def __str__(self) -> str:
        head = f"{self.where}: " if self.where else ""
        if len(self.problems) == 1:
            return head + self.problems[0]
        return head + f"{len(self.problems)} problems\n" + "\n".join(f"  {p}" for p in self.problems)


class StoreError(TtsdError):
    """The queue's database cannot be used as it should."""

    code = "store"


class StoreLocked(StoreError):
    """Another daemon uses the same state folder."""

    code = "store-locked"


class StoreBusy(StoreError):
    """Another program holds the database for now; trying again helps."""

    code = "store-busy"


class StoreFull(StoreError):
    """No room on the disk; work goes on when there is some."""

    code = "store-full"


class StoreReadOnly(StoreError):
    """The database or its folder cannot be written (now)."""

    code = "store-read-only"


class StoreCorrupt(StoreError):
    """The database is damaged, or is no database of ttsd. It is never replaced silently."""

    code = "store-corrupt"


class StoreNewer(StoreError):
    """The database was written by a newer ttsd."""

    code = "store-newer"


class UnknownUtterance(StoreError):
    """There is no such utterance (any more): trying again makes none."""

    code = "unknown-utterance"


class SourceError(TtsdError):
    """A file or directory cannot be followed (yet)."""

    code = "source"


class PatternError(TtsdError):
    """A user's regular expression cannot be used."""

    code = "pattern"


class PatternSlow(PatternError):
    """A user's regular expression took longer over a text than it may."""

    code = "pattern-slow"


class EngineError(TtsdError):
    """An engine did not turn a sentence into sound. The chain tries the next one."""

    code = "engine"


class EngineMissing(EngineError):
    """The engine is known but not installed here, or its model is not."""

    code = "engine-missing"


class EngineCrashed(EngineError):
    """The engine's process ended, or its connection broke, without an answer."""

    code = "engine-crashed"


class EngineTimeout(EngineError):
    """The engine was too slow to load, to begin or to go on."""

    code = "engine-timeout"


class EngineRefused(EngineError):
    """The engine answered with an error of its own (bad text, unknown voice, out of memory)."""

    code = "engine-refused"


class UnknownVoice(EngineRefused):
    """The engine has no such voice or speaker; it would speak with another one."""

    code = "unknown-voice"


class EngineSilent(EngineError):
    """The engine gave nothing, silence, or samples that are not numbers."""

    code = "engine-silent"


class CheckpointError(TtsdError):
    """A checkpoint is not there, not readable, or not to be deleted."""

    code = "checkpoint"


class EngineExhausted(EngineError):
    """The engine ran out of memory, its own or a graphics card's: its process is replaced."""

    code = "engine-out-of-memory"


class EngineCancelled(EngineError):
    """The synthesis was cancelled on purpose; not a failure of the engine."""

    code = "engine-cancelled"


class InstallError(TtsdError):
    """An engine was not installed; run again, the same command goes on where it was."""

    code = "install"


class OutputError(TtsdError):
    """An output cannot take sound now."""

    code = "output"


class BetterDevice(OutputError):
    """A better device is there than the one in use: it is taken when the output is closed and opened again."""


class HttpError(TtsdError):
    """The HTTP API cannot listen where it should; that may pass, as no mistake in the configuration does."""

    code = "http"


class ControlError(TtsdError):
    """A request over the control socket was refused, or nobody answered it."""

    code = "control"


class NotRunning(ControlError):
    """No daemon answers on the control socket."""

    code = "not-running"


class ServiceError(TtsdError):
    """The system's service manager did not do what it was asked to."""

    code = "service"
