"""The text of the systemd units. `systemd/` holds what comes out for a packaged ttsd.

A unit of the *user* manager: a system service hears and sees no user's audio. Every directive of the
sandbox is one that a user manager really applies (scripts/check-systemd shows it by its effect); what
is left out stands in the unit with the reason.
"""

from __future__ import annotations

import sys

from ttsd.frozen import frozen
from ttsd.service.plan import NAME

SERVICE, SOCKET, CABLE = f"{NAME}.service", f"{NAME}.socket", f"{NAME}-cable.service"
SOUND_SERVERS = ("pipewire-pulse.service", "pulseaudio.service")
"""Units of the user manager; a machine has one of them."""
MADE_BY = (
    "# Made by `ttsd service install`, which makes it anew; changes belong in `systemctl --user edit ttsd`."
)


@frozen
class Unit:
    """What differs between one installation and another."""

    run: tuple[str, ...] = ("/usr/bin/ttsd", "run")
    reload: tuple[str, ...] = ("/usr/bin/ttsd", "reload")
    writes: tuple[str, ...] = ()
    """Folders it writes to besides the usual ones."""
    socket: str | None = None
    """The control socket; None: where it usually is."""
    version: int = 252
    """systemd's."""
    sandbox: bool = True
    """Whether the machine lets a user manager make namespaces."""
    head: str = "# For ~/.config/systemd/user or /usr/lib/systemd/user; see docs/service.md."


def service(unit: Unit) -> str:
    """The text of ttsd.service."""
    return "\n".join(
        [
            unit.head,
            _UNIT,
            "[Service]",
            _kind(unit),
            f"ExecStart={command(unit.run)}",
            _LIFE,
            _sandbox(unit) if unit.sandbox else _NO_SANDBOX,
            _INSTALL.format(target="default.target"),
        ]
    )


def socket(unit: Unit) -> str:
    """The text of ttsd.socket."""
    return "\n".join(
        [
            unit.head,
            _SOCKET.format(path=path(unit.socket) if unit.socket else "%t/ttsd/control.sock"),
            _INSTALL.format(target="sockets.target"),
        ]
    )


def cable(create: tuple[str, ...], remove: tuple[str, ...], server: str) -> str:
    """The text of ttsd-cable.service: the cable is there whenever the sound server (its unit) is."""
    words = {"create": command(create), "remove": command(remove), "server": server, "service": SERVICE}
    return "\n".join([MADE_BY, _CABLE.format(**words), _INSTALL.format(target=server)])


def command(words: tuple[str, ...]) -> str:
    """A command line: quoted, so that systemd neither splits a word nor expands anything in it."""
    return " ".join(_quoted(word.replace("$", "$$")) for word in words)


def path(text: str) -> str:
    """A path for a setting that takes one, blanks and all."""
    return text.replace("%", "%%")


def _quoted(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return escaped if escaped and not set(escaped) & set(" \t'\";\\") else f'"{escaped}"'


def _kind(unit: Unit) -> str:
    if unit.version >= 253:
        return "Type=notify-reload"
    return f"Type=notify\nExecReload={command(unit.reload)}"


def _sandbox(unit: Unit) -> str:
    writes = "".join(f"ReadWritePaths={_quoted('-' + folder)}\n" for folder in unit.writes)
    return _SANDBOX.format(writes=writes)


_UNIT = """
[Unit]
Description=ttsd, which reads aloud what grows in files
After=pipewire-pulse.service pulseaudio.service
StartLimitIntervalSec=60
StartLimitBurst=5
"""

_LIFE = """\
NotifyAccess=main
Restart=on-failure
RestartSec=1
# 78: the configuration cannot be used. Starting again would not mend it.
RestartPreventExitStatus=78
# Petted while every thread makes progress; what hangs is restarted, and goes on where it was.
WatchdogSec=60
TimeoutStartSec=90
TimeoutStopSec=40
TimeoutAbortSec=10
# The daemon ends its engines itself, after the last sentence if it is told so.
KillMode=mixed
# An engine that takes too much memory is ended alone, and the next one speaks.
OOMPolicy=continue
"""

_SANDBOX = """\
# The folders it may write to. All others, the files it follows among them, it can only read.
RuntimeDirectory=ttsd
RuntimeDirectoryMode=0700
RuntimeDirectoryPreserve=yes
ConfigurationDirectory=ttsd
CacheDirectory=ttsd
# Before systemd 254 this is the folder of the configuration; the next line is the real one, which must exist.
StateDirectory=ttsd
ReadWritePaths=-%h/.local/state/ttsd
{writes}Environment=TMPDIR=%t/ttsd
UMask=0077

# Without namespaces of its own a user manager applies hardly anything of what follows.
PrivateUsers=yes
ProtectSystem=strict
ProtectHome=read-only
ProtectProc=invisible
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
NoNewPrivileges=yes
CapabilityBoundingSet=
LockPersonality=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
KeyringMode=private
# Left out, each for its reason:
# MemoryDenyWriteExecute  ONNX Runtime, torch and libffi's callbacks make code at run time.
# PrivateDevices          ALSA needs /dev/snd, CUDA /dev/nvidia*.
# DeviceAllow             A user manager cannot set it; CUDA needs no more than the user's own rights.
# PrivateNetwork          An engine may run on another machine, and the libraries' sockets live on the network namespace.
# IPAddressDeny           A user manager cannot set it. ttsd itself opens no connection that is not configured.
# PrivateTmp              What is followed may lie in /tmp, and so may the sound server's socket.
# ProtectHome=yes         What is followed, and the voices, lie in the home.
# ProcSubset=pid          Libraries count processors in /proc/cpuinfo, and watches are limited in /proc/sys.
# ProtectKernelLogs       In a container, where /dev/kmsg is missing, the service would not start.
# SystemCallFilter=~@resources  Engines stand back by `nice`, and pin their threads.
"""

_NO_SANDBOX = """\
# This machine does not let users make namespaces, and with them the sandbox is left out: it would not
# start. What remains is what needs none.
Environment=TMPDIR=%t/ttsd
RuntimeDirectory=ttsd
RuntimeDirectoryMode=0700
RuntimeDirectoryPreserve=yes
UMask=0077
NoNewPrivileges=yes
LockPersonality=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
"""

_CABLE = """
[Unit]
Description=Virtual cable of ttsd
# It goes with the sound server, and comes back with it.
BindsTo={server}
After={server}
Before={service}

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart={create}
ExecStop=-{remove}
"""

_SOCKET = """
[Unit]
Description=Control socket of ttsd

[Socket]
ListenStream={path}
SocketMode=0600
DirectoryMode=0700
# Commands that come while ttsd starts, or starts again, wait here.
RemoveOnStop=yes
"""

_INSTALL = """\
[Install]
WantedBy={target}
"""


def main(words: list[str]) -> int:
    """Print a unit as a packager would install it: `python -m ttsd.service.units ttsd.service`."""
    print({SERVICE: service, SOCKET: socket}[words[0]](Unit()), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
