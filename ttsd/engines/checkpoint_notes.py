"""What a checkpoint tells of itself (step, losses, configuration), read without torch and without its weights.

A file of torch.save is a zip with a pickle in it. The pickle is read, its weights are not, and nothing
that it names is imported or called: see `unpickled`.
"""

from __future__ import annotations

import pickle
import struct
import zipfile
from collections import OrderedDict
from dataclasses import field
from typing import TYPE_CHECKING, Any

from ttsd.engines.unpickled import StandIn, stranger
from ttsd.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

LARGEST = 64 << 20
"""Bytes of a pickle that are read; that of a model of two gigabytes has one megabyte."""


class Unreadable(Exception):
    """It is no checkpoint, is damaged, or holds more than weights; the text says which."""


@frozen
class Notes:
    """What a trainer wrote beside the weights; None: nothing."""

    step: int | None = None
    epoch: int | None = None
    date: str | None = None
    losses: Mapping[str, float] = field(default_factory=dict)
    """By name: train_loss, eval_loss, or loss where there is one alone."""
    config: Mapping[str, Any] = field(default_factory=dict)
    """The training's configuration, as plain data."""


def read(path: Path) -> Notes:
    """The notes of a checkpoint. Raises Unreadable."""
    try:
        with zipfile.ZipFile(path) as archive:
            name = next((one for one in archive.namelist() if one.endswith("/data.pkl")), None)
            if name is None:
                raise Unreadable("it is no checkpoint")
            with archive.open(name) as file:
                raw = file.read(LARGEST + 1)
            if len(raw) > LARGEST:
                raise Unreadable("its list of weights is absurdly long")
        found = _Reader(raw).load()
    except Unreadable:
        raise
    except (OSError, zipfile.BadZipFile) as error:
        raise Unreadable("it is damaged, or no checkpoint") from error
    except Exception as error:  # a broken pickle raises whatever it likes
        raise Unreadable(f"it is damaged: {type(error).__name__}") from error
    if not isinstance(found, dict) or "model" not in found:
        raise Unreadable("it holds no model")
    config = found.get("config")
    return Notes(
        _whole(found.get("step")),
        _whole(found.get("epoch")),
        found["date"] if isinstance(found.get("date"), str) else None,
        _losses(found.get("model_loss")),
        _plain(config) if isinstance(config, dict) else {},
    )


class _Reader(pickle.Unpickler):
    def __init__(self, raw: bytes) -> None:
        from io import BytesIO

        super().__init__(BytesIO(raw))

    def find_class(self, module: str, name: str) -> Any:
        full = f"{module}.{name}"
        if full == "collections.OrderedDict":
            return OrderedDict
        if name == "scalar" and module.startswith("numpy."):
            return _scalar
        if full == "_codecs.encode":
            return lambda text, _: text.encode("latin-1")
        if full == "numpy.dtype" or stranger([full]) is None:
            return StandIn
        raise Unreadable(f"it holds more than weights ({full}), and would not be loaded")

    def persistent_load(self, pid: object) -> object:
        return StandIn(pid)  # a weight


def _scalar(kind: object, data: object = b"") -> float | None:
    """A number that numpy pickled."""
    code = str(next(iter(getattr(kind, "given", ())), "")).lstrip("<=|")
    form = {"f8": "<d", "f4": "<f", "f2": "<e", "i8": "<q", "i4": "<i"}.get(code)
    if form is None or not isinstance(data, bytes) or len(data) != struct.calcsize(form):
        return None
    return float(struct.unpack(form, data)[0])


def _whole(value: object) -> int | None:
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _losses(value: object) -> dict[str, float]:
    named = value if isinstance(value, dict) else {"loss": value}
    return {str(name): float(one) for name, one in named.items() if isinstance(one, int | float)}


def _plain(value: object, depth: int = 0) -> Any:
    """Data that JSON can hold."""
    if isinstance(value, dict) and depth < 8:
        return {str(key): _plain(one, depth + 1) for key, one in value.items()}
    if isinstance(value, list | tuple) and depth < 8:
        return [_plain(one, depth + 1) for one in value]
    return (
        value if value is None or isinstance(value, str | int | float | bool) else str(type(value).__name__)
    )
