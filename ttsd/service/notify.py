"""Telling the service manager how the daemon is: sd_notify(3) in plain Python.

One datagram for each change, to the socket that NOTIFY_SOCKET names; without one every call is a no-op.
Invariants: nothing here blocks for longer than SEND_SECONDS or raises: a manager that does not listen
is no reason not to speak. Only differences of STATUS are sent. Main thread only.
"""

from __future__ import annotations

import os
import socket
import time
from typing import TYPE_CHECKING

from ttsd.logger import Logger

if TYPE_CHECKING:
    from collections.abc import MutableMapping

log = Logger("ttsd.service")

SEND_SECONDS = 1.0
"""Longest wait for a manager whose queue is full."""
LONGEST_STATUS = 400
"""Characters; `systemctl status` shows one line."""


class Notifier:
    """The way to the service manager, if there is one."""

    def __init__(self, environ: MutableMapping[str, str]) -> None:
        """Takes its variables out of *environ*: an engine that inherited them could speak for us."""
        address = environ.pop("NOTIFY_SOCKET", "")
        usec = environ.pop("WATCHDOG_USEC", "")
        meant = environ.pop("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        self._socket = _connect(address)
        self.watchdog_seconds: float | None = None
        """How often, at least, the manager wants to hear that we live; None: it does not ask."""
        if self._socket and meant and usec.isdecimal() and int(usec) > 0:
            self.watchdog_seconds = int(usec) / 1e6
        self._status = ""

    @property
    def wanted(self) -> bool:
        """Whether anybody listens."""
        return self._socket is not None

    def ready(self) -> None:
        """The daemon does its work (again, after `reloading`)."""
        self._send("READY=1")

    def reloading(self) -> None:
        """The configuration is being read; `ready` ends it."""
        # systemd matches it with its own request by this clock (Type=notify-reload).
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self, seconds: float) -> None:
        """The daemon ends, which may take *seconds*."""
        self._send(f"STOPPING=1\nEXTEND_TIMEOUT_USEC={int(seconds * 1e6)}")

    def alive(self) -> None:
        """Every thread makes progress."""
        self._send("WATCHDOG=1")

    def status(self, text: str) -> None:
        """What a person wants to know, in a line."""
        text = " ".join(text.split())[:LONGEST_STATUS]
        if text != self._status:
            self._status = text
            self._send(f"STATUS={text}")

    def close(self) -> None:
        """Tell nothing more; idempotent."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _send(self, message: str) -> None:
        if self._socket is None:
            return
        try:
            self._socket.send(message.encode())
        except OSError as error:  # systemd restarts itself in place, or its queue is full
            log.warning("manager_not_told", message=message.split("=", 1)[0], error=str(error))


def _connect(address: str) -> socket.socket | None:
    """The manager's socket; "@name" is one in the abstract namespace."""
    if not address:
        return None
    if not address.startswith(("/", "@")):
        log.warning("manager_not_told", error=f"NOTIFY_SOCKET={address} is no Unix socket")
        return None
    # Looked up by name: Windows, which never gets here, has no such family.
    made = socket.socket(getattr(socket, "AF_UNIX"), socket.SOCK_DGRAM)  # noqa: B009
    made.settimeout(SEND_SECONDS)
    try:
        made.connect("\0" + address[1:] if address.startswith("@") else address)
    except OSError as error:
        log.warning("manager_not_told", error=f"{address}: {error}")
        made.close()
        return None
    return made
