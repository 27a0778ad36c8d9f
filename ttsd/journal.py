"""The journal of systemd as a place for the log: priorities, and fields that can be asked for.

An entry is one datagram in journald's own protocol, so that `journalctl --user TTSD_EVENT=spoken
TTSD_SOURCE=chat` finds it. What cannot be sent goes to stderr with its priority in front, which
journald reads as well: no line is lost for want of a field.
"""

from __future__ import annotations

import json
import os
import re
import socket
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping
    from typing import Any

SOCKET = "/run/systemd/journal/socket"
ERROR = "<3>"
"""In front of a line on stderr: its priority."""
LONGEST = 64 * 1024
"""Bytes of a value; what is longer is cut."""
_PRIORITIES = {"critical": 2, "error": 3, "warning": 4, "info": 6, "debug": 7}
_OTHER = re.compile(r"[^A-Z0-9_]")


def is_stderr(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether what we write to stderr ends in the journal (and not in a file somebody led it to)."""
    if "JOURNAL_STREAM" not in environ:
        return False
    try:
        found = os.fstat(2)
    except OSError:
        return False
    return environ["JOURNAL_STREAM"] == f"{found.st_dev}:{found.st_ino}"


class Journal:
    """A logger for structlog, and its factory: `entry` goes last among the processors."""

    def __init__(self, path: str | None = None, stderr: TextIO | None = None) -> None:
        """*path*: where journald listens."""
        self._path, self._stderr = path or SOCKET, stderr or sys.stderr
        self._socket: socket.socket | None = None
        if sys.platform != "win32":
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)

    def __call__(self, *_: object) -> Journal:
        """Every room logs through the same one."""
        return self

    def close(self) -> None:
        """Give the socket back; what comes from now on goes to stderr."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def msg(self, fields: bytes) -> None:
        """Write an entry."""
        try:
            if self._socket is None:
                raise OSError("closed")
            self._socket.sendto(fields, self._path)
        except OSError:  # no journald, or an entry that is too large for it
            message, priority = _parse(fields)
            print(f"<{priority}>{message}", file=self._stderr, flush=True)

    debug = info = warning = warn = error = critical = exception = fatal = msg


def entry(_logger: object, _method: str, event: MutableMapping[str, Any]) -> bytes:
    """structlog's event as journald's fields."""
    level, name = str(event.pop("level", "info")), str(event.pop("event", ""))
    exception = event.pop("exception", None)
    told = {key: value if isinstance(value, str) else _json(value) for key, value in event.items()}
    message = " ".join([name, *(f"{key}={_quoted(value)}" for key, value in told.items())])
    fields = {
        "MESSAGE": f"{message}\n{exception}" if exception else message,
        "PRIORITY": str(_PRIORITIES.get(level, 6)),
        "SYSLOG_IDENTIFIER": "ttsd",
        "TTSD_EVENT": name,
        **{f"TTSD_{_OTHER.sub('_', key.upper())}"[:64]: value for key, value in told.items()},
    }
    return b"".join(_field(key, value) for key, value in fields.items())


def _field(name: str, value: str) -> bytes:
    raw = value.encode(errors="replace")[:LONGEST]
    if b"\n" not in raw:
        return name.encode() + b"=" + raw + b"\n"
    return name.encode() + b"\n" + len(raw).to_bytes(8, "little") + raw + b"\n"


def _parse(fields: bytes) -> tuple[str, str]:
    """Message (its first line) and priority of an entry that `entry` made."""
    head, _, rest = fields.partition(b"\nPRIORITY=")
    message = head[len(b"MESSAGE=") :] if head.startswith(b"MESSAGE=") else head[len(b"MESSAGE\n") + 8 :]
    return message.split(b"\n")[0].decode(errors="replace"), rest[:1].decode()


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _quoted(value: str) -> str:
    return value if value and not re.search(r"\s|\"", value) else json.dumps(value, ensure_ascii=False)
