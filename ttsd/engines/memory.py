"""What this process holds of the machine: read by a worker of itself, so that it is true wherever it runs."""

from __future__ import annotations

import os
import sys

from ttsd.frozen import frozen


@frozen
class Memory:
    """Bytes; None: not to be found out here."""

    resident: int | None = None
    """In main memory."""
    card: int | None = None
    """On graphics cards, as torch counts what it has reserved."""


UNKNOWN = Memory()


def used() -> Memory:
    """Now."""
    return Memory(_resident(), _card())


def _card() -> int | None:
    torch = sys.modules.get("torch")  # nobody who computes elsewhere has loaded it
    cuda = getattr(torch, "cuda", None)
    if cuda is None or not cuda.is_initialized():
        return None
    return sum(int(cuda.memory_reserved(device)) for device in range(cuda.device_count()))


if sys.platform == "win32":
    import ctypes

    class _Counters(ctypes.Structure):
        """PROCESS_MEMORY_COUNTERS."""

        _fields_ = (
            ("size", ctypes.c_ulong),
            ("page_faults", ctypes.c_ulong),
            ("peak_working_set", ctypes.c_size_t),
            ("working_set", ctypes.c_size_t),
            ("rest", ctypes.c_size_t * 6),
        )

    def _resident() -> int | None:
        counters = _Counters()
        counters.size = ctypes.sizeof(counters)
        kernel, psapi = ctypes.windll.kernel32, ctypes.windll.psapi
        kernel.GetCurrentProcess.restype = ctypes.c_void_p
        this = ctypes.c_void_p(kernel.GetCurrentProcess())
        done = psapi.GetProcessMemoryInfo(this, ctypes.byref(counters), counters.size)
        return int(counters.working_set) if done else None

elif sys.platform == "linux":

    def _resident() -> int | None:
        try:
            with open("/proc/self/statm", "rb") as file:
                return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        except (OSError, ValueError, IndexError):
            return None

else:

    def _resident() -> int | None:
        return None  # macOS tells its peak alone
