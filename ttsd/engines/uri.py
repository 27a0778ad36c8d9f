"""Where an engine listens: `tcp://host:port` or `unix:///path`. Pure."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from ttsd.errors import EngineRefused
from ttsd.frozen import frozen


@frozen
class Address:
    """A socket's address."""

    host: str = ""
    port: int = 0
    path: Path | None = None
    """A Unix socket; None: TCP."""

    def __str__(self) -> str:
        if self.path is not None:
            return f"unix://{self.path}"
        return f"tcp://[{self.host}]:{self.port}" if ":" in self.host else f"tcp://{self.host}:{self.port}"


def parse(uri: str) -> Address:
    """The address that *uri* names. Raises EngineRefused, naming what is allowed."""
    try:
        parts = urlsplit(uri)
        if parts.scheme == "tcp" and parts.hostname and parts.port is not None and not parts.path.strip("/"):
            return Address(parts.hostname, parts.port)
    except ValueError:  # a port that is none, brackets that do not match
        parts = None
    if parts is not None and parts.scheme == "unix" and not parts.netloc and parts.path not in ("", "/"):
        return Address(path=Path(parts.path))
    raise EngineRefused(f"{uri} is no address of an engine", next_step="use tcp://host:port or unix:///path")
