"""What the engines on torch share: importing it with care, its device, and reading its files safely.

Invariants: nothing goes to the network; a file that would run code when it is read is refused, and
what it names is never imported; threads stay below the machine's cores.
"""

from __future__ import annotations

import os
import pickle
import sys
import types
from typing import TYPE_CHECKING, Any

from ttsd.engines.unpickled import StandIn, stranger
from ttsd.errors import EngineMissing, EngineRefused

if TYPE_CHECKING:
    from pathlib import Path

    from ttsd.engines.adapter import Setup


def import_torch(setup: Setup) -> Any:
    """torch, kept from the network and from other programs' cores. Raises EngineRefused."""
    for variable in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_DATASETS_OFFLINE"):
        os.environ[variable] = "1"
    try:
        import torch
    except ImportError as error:
        raise EngineRefused(f"torch cannot be imported: {error}") from error
    torch.set_num_threads(setup.threads)
    return torch


def device(setup: Setup, torch: Any) -> str:
    """Where to compute: as configured, or a graphics card if there is one. Raises EngineMissing."""
    wanted = str(setup.options.get("device", "auto"))
    there = bool(torch.cuda.is_available())
    if wanted == "auto":
        return "cuda" if there else "cpu"
    if wanted.startswith("cuda"):
        number = int(wanted.partition(":")[2] or 0)
        if not there or number >= torch.cuda.device_count():
            raise EngineMissing(f"there is no {wanted} here", next_step='set device = "auto"')
        torch.cuda.set_device(number)  # for libraries that know but one
    return wanted


def read_weights(path: Path, torch: Any) -> dict[str, Any]:
    """A file of torch.save, on the CPU: weights as they are, stand-ins for everything else.

    Raises EngineMissing, EngineRefused for what is no such file, is damaged, or names more than that.
    """
    if not path.is_file():
        raise EngineMissing(f"{path} is missing")
    try:
        named = torch.serialization.get_unsafe_globals_in_checkpoint(path)
        if (strange := stranger(named)) is not None:
            raise EngineRefused(f"{path} holds more than weights ({strange}), and is not read")
        with torch.serialization.safe_globals([(StandIn, name) for name in named]):
            found = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except (OSError, RuntimeError, ValueError, EOFError, pickle.UnpicklingError) as error:
        raise EngineRefused(f"{path} cannot be read: {error}"[:300]) from error
    if not isinstance(found, dict):
        raise EngineRefused(f"{path} is no checkpoint")
    return found


def import_torchaudio() -> None:
    """Its published build is one for CUDA; beside a torch for processors its compiled part is left out."""
    try:
        import torchaudio  # whether it can be imported is all we want to know
    except ImportError as error:
        raise EngineRefused(f"torchaudio cannot be imported: {error}") from error
    except OSError:
        for name in [name for name in sys.modules if name.partition(".")[0] == "torchaudio"]:
            del sys.modules[name]
        without: Any = types.ModuleType("torchaudio._extension")
        without._IS_TORCHAUDIO_EXT_AVAILABLE = without._IS_ALIGN_AVAILABLE = False
        without.fail_if_no_align = lambda function: function
        without._check_cuda_version = lambda: None
        sys.modules["torchaudio._extension"] = without
        import torchaudio  # noqa: F401  # for whoever imports it next
