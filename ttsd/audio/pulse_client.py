"""A conversation with a sound server (PulseAudio, or PipeWire through its Pulse side).

It has no thread of its own: libpulse's plain main loop turns only while a method runs, in the thread
that calls. So nothing here is locked, no callback competes for the interpreter, and an idle connection
costs nothing. What the server says meanwhile (little: nothing is subscribed to) waits in the socket.

Invariant: every wait is bounded; a server that does not answer is an OutputError.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from ttsd.audio import libpulse
from ttsd.errors import OutputError
from ttsd.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Callable

_PATIENCE = 3.0
"""Seconds that a server has for an answer; one that starts on demand needs about one."""
_SILENT = "the sound server does not answer"


@frozen
class Sink:
    """A place where a sound server plays."""

    name: str
    """What configurations name; stable over restarts, unlike the index."""
    description: str
    rate: int
    """Frames per second."""
    channels: int
    index: int
    """Changes with every restart; only to tell one sink from another now."""


@frozen
class Server:
    """A sound server."""

    name: str
    """What it calls itself."""
    default_sink: str
    """The default sink's name; empty if there is none."""


class PulseClient:
    """One connection. After an OutputError it may be dead (`alive`); then make a new one."""

    def __init__(self, server: str | None = None) -> None:
        """*server*: an address such as `unix:/run/…/native`; None: the user's own, as libpulse finds it.

        Connects. Raises OutputError when the library is missing or nobody answers.
        """
        self.pulse: Any = libpulse.load()
        """The library, for those who open streams."""
        self._loop = self.pulse.pa_mainloop_new()
        self.context = self._new_context()
        """libpulse's context, for those who open streams."""
        try:
            self._connect(server)
        except OutputError:
            self.close()
            raise

    def _new_context(self) -> Any:
        pulse = self.pulse
        properties = pulse.pa_proplist_new()
        for key, value in ((b"application.name", b"ttsd"), (b"application.id", b"ttsd")):
            pulse.pa_proplist_sets(properties, key, value)
        context = pulse.pa_context_new_with_proplist(
            pulse.pa_mainloop_get_api(self._loop), b"ttsd", properties
        )
        pulse.pa_proplist_free(properties)
        return context

    def _connect(self, server: str | None) -> None:
        address = server.encode() if server else None
        if self.pulse.pa_context_connect(self.context, address, libpulse.CONTEXT_NO_AUTOSPAWN, None) < 0:
            raise self.error("no sound server answers")
        ready = libpulse.CONTEXT_READY
        self.wait(lambda: self.pulse.pa_context_get_state(self.context) == ready, "no sound server answers")

    @property
    def alive(self) -> bool:
        """Whether the connection stands, as far as is known without asking."""
        return bool(self.context) and (
            self.pulse.pa_context_get_state(self.context) == libpulse.CONTEXT_READY
        )

    def error(self, what: str) -> OutputError:
        """The error to raise, with what libpulse has to say about it."""
        code = self.pulse.pa_context_errno(self.context) if self.context else 0
        reason = self.pulse.pa_strerror(code).decode() if code else ""
        return OutputError(
            f"{what}: {reason}" if reason else what,
            where="sound server",
            next_step="see whether PulseAudio or PipeWire runs: pactl info",
        )

    def turn(self, timeout: float) -> bool:
        """Let the main loop work once, waiting up to *timeout* seconds for something to do.

        Returns whether there was anything.
        """
        pulse = self.pulse
        if (
            pulse.pa_mainloop_prepare(self._loop, max(0, int(timeout * 1e6))) < 0
            or pulse.pa_mainloop_poll(self._loop) < 0
        ):
            raise self.error("the main loop of libpulse failed")
        return bool(pulse.pa_mainloop_dispatch(self._loop) > 0)

    def wait(self, done: Callable[[], bool], what: str, patience: float = _PATIENCE) -> None:
        """Turn until *done*; raise OutputError(*what*) if the connection breaks or *patience* seconds pass."""
        deadline = time.monotonic() + patience
        while not done():
            if self.pulse.pa_context_get_state(self.context) in (
                libpulse.CONTEXT_FAILED,
                libpulse.CONTEXT_TERMINATED,
            ):
                raise self.error(what)
            left = deadline - time.monotonic()
            if left <= 0:
                raise self.error(f"{what} within {patience:g} s")
            self.turn(left)

    def finish(self, operation: Any, what: str) -> None:
        """Wait for an operation that libpulse was asked for; consumes it."""
        if not operation:
            raise self.error(what)
        pulse = self.pulse
        try:
            self.wait(lambda: pulse.pa_operation_get_state(operation) != libpulse.OPERATION_RUNNING, what)
        finally:
            pulse.pa_operation_cancel(operation)  # its callback must not come after we have returned
            pulse.pa_operation_unref(operation)

    def sinks(self) -> tuple[Sink, ...]:
        """All sinks there are now."""
        found: list[Sink] = []
        callback = _collect(found)
        self.finish(self.pulse.pa_context_get_sink_info_list(self.context, callback, None), _SILENT)
        return tuple(found)

    def sink(self, name: str | None) -> Sink | None:
        """The sink of that name (None: the default one) if it is there now."""
        found: list[Sink] = []
        callback = _collect(found)
        asked = name.encode() if name else b"@DEFAULT_SINK@"
        operation = self.pulse.pa_context_get_sink_info_by_name(self.context, asked, callback, None)
        self.finish(operation, _SILENT)
        # A number would be taken for an index; only a sink that really bears the name counts.
        return next((sink for sink in found if name in (None, sink.name)), None)

    def sources(self) -> tuple[str, ...]:
        """The names of all sources (microphones and sinks' monitors) there are now."""
        found: list[Sink] = []
        callback = _collect(found)
        self.finish(self.pulse.pa_context_get_source_info_list(self.context, callback, None), _SILENT)
        return tuple(source.name for source in found)

    def server(self) -> Server:
        """What the server says of itself."""
        told: list[Server] = []

        def tell(_context: Any, info: Any, _data: Any) -> None:
            if info:
                told.append(Server(text(info.contents.server_name), text(info.contents.default_sink_name)))

        callback = libpulse.ServerInfoCallback(tell)
        self.finish(self.pulse.pa_context_get_server_info(self.context, callback, None), _SILENT)
        return told[0] if told else Server("a sound server", "")

    def close(self) -> None:
        """Hang up; idempotent."""
        if self.context:
            self.pulse.pa_context_disconnect(self.context)
            self.pulse.pa_context_unref(self.context)
            self.context = None
        if self._loop:
            self.pulse.pa_mainloop_free(self._loop)
            self._loop = None


def text(value: bytes | None) -> str:
    """A C string of libpulse's."""
    return (value or b"").decode(errors="replace")


def _collect(found: list[Sink]) -> Any:
    def tell(_context: Any, info: Any, end: int, _data: Any) -> None:
        if end or not info:
            return
        device = info.contents
        spec = device.sample_spec
        found.append(
            Sink(text(device.name), text(device.description), spec.rate, spec.channels, device.index)
        )

    return libpulse.DeviceInfoCallback(tell)
