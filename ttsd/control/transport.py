"""Where the control socket listens and who may come in.

Unix: a socket of mode 0600 in a 0700 folder, the peer's uid checked, or one handed over by systemd.
Elsewhere: loopback TCP; a file that only the user can read holds the port and a token, and the first
line of a connection must be `auth TOKEN`.

Invariants: nobody can connect before the mode is set (it is set between bind and listen); a socket
is removed only if nobody answers on it, or if it is our own; two daemons never take one path.
"""

from __future__ import annotations

import errno
import hmac
import os
import secrets
import socket
import stat
import struct
import sys
import threading
from typing import TYPE_CHECKING, Protocol

from ttsd.errors import ControlError

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping
    from pathlib import Path

BACKLOG = 64
_TRIES, _PAUSE = 40, 0.05  # seconds between two tries
_FIRST_INHERITED = 3  # sd_listen_fds(3): descriptors are handed over from 3 on


class Transport(Protocol):
    """How clients reach the server."""

    def listen(self) -> socket.socket:
        """The listening socket, not blocking. Raises ControlError."""
        ...

    def admits(self, connection: socket.socket) -> bool:
        """Whether whoever connected may talk to us at all."""
        ...

    def accepts(self, first_line: bytes) -> bool | None:
        """Whether the first line lets the client in; None: no such line is asked for."""
        ...

    def close(self) -> None:
        """Remove what `listen` left in the file system; idempotent."""
        ...


def peer_uid(connection: socket.socket) -> int | None:
    """The user at the other end of a Unix socket; None: this system does not tell."""
    uid: int | None = None
    if sys.platform == "linux":
        raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        uid = struct.unpack("3i", raw)[1]
    return uid


def is_same_user(connection: socket.socket) -> bool:
    """The user that runs us, or root; where the system does not tell, the file modes decide."""
    uid = peer_uid(connection)
    return uid is None or uid in (_own_uid(), 0)


class UnixTransport:
    """A Unix socket."""

    def __init__(
        self,
        path: Path,
        *,
        admit: Callable[[socket.socket], bool] = is_same_user,
        inherited: socket.socket | None = None,
    ) -> None:
        """*inherited*: a socket that listens already (`inherited_socket`); it is never removed."""
        self._path = path
        self._admit = admit
        self._inherited = inherited
        self._inode: tuple[int, int] | None = None
        self._lock: int | None = None

    def listen(self) -> socket.socket:
        """See Transport."""
        if self._inherited is not None:
            self._inherited.setblocking(False)
            return self._inherited
        listener = socket.socket(_unix_family(), socket.SOCK_STREAM)
        try:
            self._bind(listener)
        except OSError as error:
            listener.close()
            self.close()
            raise ControlError(
                f"the control socket cannot be made: {error.strerror or error}",
                where=str(self._path),
                next_step=_remedy(error),
            ) from error
        except ControlError:
            listener.close()
            self.close()
            raise
        return listener

    def _bind(self, listener: socket.socket) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        owner = self._path.parent.stat().st_uid
        if owner not in (_own_uid(), 0):
            raise ControlError(
                "the control socket's folder belongs to somebody else",
                where=str(self._path.parent),
                next_step="set [control] socket to a path in a folder of your own",
            )
        self._lock = _take_lock(self._path)
        _remove_stale(self._path)
        listener.bind(str(self._path))
        self._path.chmod(0o600)
        found = self._path.stat()
        self._inode = (found.st_dev, found.st_ino)
        listener.listen(BACKLOG)
        listener.setblocking(False)

    def admits(self, connection: socket.socket) -> bool:
        """See Transport."""
        return self._admit(connection)

    def accepts(self, first_line: bytes) -> bool | None:
        """See Transport."""
        del first_line
        return None

    def close(self) -> None:
        """See Transport."""
        try:
            found = self._path.lstat()
            if (found.st_dev, found.st_ino) == self._inode:
                self._path.unlink()
        except OSError:
            pass  # somebody else removed it, or the folder
        self._inode = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


class TcpTransport:
    """Loopback TCP behind a token."""

    def __init__(self, path: Path, *, protect: Callable[[Path], None] | None = None) -> None:
        """*path*: the file that gets `host port token`; *protect* makes it readable by the user alone."""
        self._path = path
        self._protect = protect if protect is not None else restrict_to_user
        self._token = secrets.token_hex(32).encode()
        self._written = False

    def listen(self) -> socket.socket:
        """See Transport."""
        if _answers_tcp(self._path):
            raise _already(self._path)
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            if sys.platform == "win32":
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
            listener.bind(("127.0.0.1", 0))
            self._write(listener.getsockname()[1])
            listener.listen(BACKLOG)
            listener.setblocking(False)
        except OSError as error:
            listener.close()
            self.close()
            raise ControlError(
                f"the control port cannot be opened: {error.strerror or error}", where=str(self._path)
            ) from error
        return listener

    def _write(self, port: int) -> None:
        """The token is written only after nobody else can read the file."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        new.unlink(missing_ok=True)
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            self._protect(new)
            file.write(b"127.0.0.1 %d %s\n" % (port, self._token))
        _insist(lambda: new.replace(self._path))
        self._written = True

    def admits(self, connection: socket.socket) -> bool:
        """See Transport."""
        del connection
        return True

    def accepts(self, first_line: bytes) -> bool | None:
        """See Transport."""
        return hmac.compare_digest(first_line.strip(), b"auth " + self._token)

    def close(self) -> None:
        """See Transport."""
        if self._written and self._token in _read_or_nothing(self._path):
            try:
                _insist(lambda: self._path.unlink(missing_ok=True))
            except OSError:
                pass  # it leads nowhere: clients and the next daemon find out
        self._written = False


def _insist(act: Callable[[], object]) -> None:
    """Windows does not remove or replace a file while a client reads it: try again soon. Raises OSError."""
    for _ in range(_TRIES):
        try:
            act()
            return
        except PermissionError:
            threading.Event().wait(_PAUSE)
    act()


def restrict_to_user(path: Path) -> None:
    """Leave *path* readable and writable by the user that runs us alone. Raises OSError."""
    if sys.platform == "win32":
        from ttsd.control.windows_acl import restrict

        restrict(path)
    else:
        path.chmod(0o600)


def default_transport(path: Path, environ: MutableMapping[str, str] = os.environ) -> Transport:
    """What this platform has: systemd's socket if there is one, a Unix socket, or TCP with a token."""
    transport: Transport
    if sys.platform == "win32":
        transport = TcpTransport(path)
    else:
        transport = UnixTransport(path, inherited=inherited_socket(environ))
    return transport


def inherited_socket(environ: MutableMapping[str, str]) -> socket.socket | None:
    """The Unix socket that systemd handed over (LISTEN_FDS); None: there is none for us.

    Takes the variables out of *environ*, so that engines do not believe they are meant.
    """
    meant = environ.get("LISTEN_PID") == str(os.getpid())
    count = environ.get("LISTEN_FDS", "0")
    for name in ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"):
        if meant:
            environ.pop(name, None)
    if not meant or not count.isdecimal() or int(count) < 1:
        return None
    inherited = socket.socket(fileno=_FIRST_INHERITED)
    if inherited.family != _unix_family() or inherited.type != socket.SOCK_STREAM:
        inherited.detach()
        raise ControlError(
            "the socket that systemd handed over is no Unix stream socket", next_step="see ttsd.socket"
        )
    inherited.set_inheritable(False)
    return inherited


def _remove_stale(path: Path) -> None:
    """Remove a socket on which nobody answers. Raises ControlError if somebody does."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise ControlError(
            "there is a file that is no socket", where=str(path), next_step="move it, or set [control] socket"
        )
    with socket.socket(_unix_family(), socket.SOCK_STREAM) as probe:
        probe.settimeout(2)
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            path.unlink(missing_ok=True)
            return
        except (TimeoutError, BlockingIOError):
            pass  # its backlog is full: it is alive
    raise _already(path)


def _take_lock(path: Path) -> int:
    """Hold `PATH.lock`: between "nobody answers" and "bind" no other daemon may come."""
    handle = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    if sys.platform != "win32":
        import fcntl

        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            raise _already(path) from None
    return handle


def _already(path: Path) -> ControlError:
    return ControlError(
        "another ttsd answers here",
        where=str(path),
        next_step="stop it, or give this one a [control] socket and a [state] dir of its own",
    )


def _answers_tcp(path: Path) -> bool:
    words = _read_or_nothing(path).split()
    if len(words) != 3 or not words[1].isdigit():
        return False
    try:
        with socket.create_connection(("127.0.0.1", int(words[1])), timeout=2) as probe:
            probe.sendall(b"auth " + words[2] + b"\n")
            return probe.recv(1) != b""
    except (OSError, OverflowError):
        return False


def _read_or_nothing(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(256)
    except OSError:
        return b""


def _unix_family() -> int:
    family = getattr(socket, "AF_UNIX", None)
    if family is None:
        raise ControlError("this system has no Unix sockets")
    return int(family)


def _own_uid() -> int:
    if sys.platform != "win32":
        uid = os.geteuid()
    else:
        uid = 0
    return uid


def _remedy(error: OSError) -> str | None:
    if "too long" in str(error):
        return "set [control] socket to a shorter path: about 100 bytes are allowed"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return "set [control] socket to a path that you may write to"
    return None
