"""The window that ttsd runs in on Windows is closed, or the user logs off: ttsd ends in order.

Windows ends the process when the handler returns, and after about five seconds anyway: so the handler,
which runs in a thread of Windows' own, asks the main thread to end and waits for it. Ctrl-C and
Ctrl-Break come as signals and are no matter of this.
"""

from __future__ import annotations

import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CLOSE, LOGOFF, SHUTDOWN = 2, 5, 6
PATIENCE = 30.0
"""Seconds; Windows does not wait for so long."""


@contextmanager
def closing_ends(stop: Callable[[str], None]) -> Iterator[None]:
    """Within the block, a window that closes calls *stop* with the reason, and waits for the block's end."""
    ended = threading.Event()

    def handle(event: int) -> bool:
        if event not in (CLOSE, LOGOFF, SHUTDOWN):
            return False
        stop({CLOSE: "window closed", LOGOFF: "log-off", SHUTDOWN: "shutdown"}[event])
        ended.wait(PATIENCE)
        return True

    with _handler(handle):
        try:
            yield
        finally:
            ended.set()


@contextmanager
def _handler(handle: Callable[[int], bool]) -> Iterator[None]:
    if sys.platform == "win32":
        import ctypes
        from ctypes import wintypes

        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        callback = ctypes.WINFUNCTYPE(wintypes.BOOL, wintypes.DWORD)(handle)
        kernel.SetConsoleCtrlHandler(callback, True)  # fails without a console: then there is none to close
        try:
            yield
        finally:
            kernel.SetConsoleCtrlHandler(callback, False)
    else:
        yield
