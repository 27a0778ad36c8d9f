"""Frozen dataclasses that are cheap to define.

`dataclass(frozen=True)` compiles six methods for each class; the daemon defines some 190 classes before
it answers, and makes instances of 50. Here a class has only an `__init__` of its own, which is compiled when
its first instance is made, and all share the rest. That nobody assigns to a field is checked by mypy, not
at run time. Why, with figures: docs/decisions/0013.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from functools import cache
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, TypeVar, dataclass_transform, overload

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

_INIT = "__init__"


@overload
def frozen(cls: type[T], /) -> type[T]: ...
@overload
def frozen(*, kw_only: bool = False) -> Callable[[type[T]], type[T]]: ...
@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(cls: type[T] | None = None, /, *, kw_only: bool = False) -> Any:
    """Make *cls* a dataclass that is compared, hashed and shown by its fields, as `dataclass(frozen=True)` does.

    *kw_only*: its fields are given by name. What the class defines itself stays.
    """

    def made(cls: type[T]) -> type[T]:
        for name, method in {**_SHARED, _INIT: _compiled_when_first_made(cls)}.items():
            if cls.__dict__.get(name) is None:
                setattr(cls, name, method)
        return dataclass(init=False, eq=False, repr=False, kw_only=kw_only)(cls)

    return made if cls is None else made(cls)


def _compiled_when_first_made(cls: type[Any]) -> Callable[..., None]:
    """An `__init__` that has the library compile the real one, as that of a class without fields of its own."""

    def first(self: Any, *args: Any, **kwargs: Any) -> None:
        words = {"__doc__": cls.__doc__, "__module__": cls.__module__, "__qualname__": cls.__qualname__}
        bare: type[Any] = dataclass(eq=False, repr=False, match_args=False)(type(cls.__name__, (cls,), words))
        made = vars(bare)[_INIT]
        setattr(cls, _INIT, made)
        made(self, *args, **kwargs)

    return first


@cache
def _compared(cls: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(cls) if field.compare)


def _values(self: Any) -> tuple[object, ...]:
    return tuple(getattr(self, name) for name in _compared(self.__class__))


def _eq(self: object, other: object) -> Any:
    return _values(self) == _values(other) if other.__class__ is self.__class__ else NotImplemented


def _hash(self: object) -> int:
    return hash(_values(self))


@recursive_repr()
def _repr(self: Any) -> str:
    shown = ", ".join(f"{field.name}={getattr(self, field.name)!r}" for field in fields(self))
    return f"{type(self).__qualname__}({shown})"


_SHARED = {"__eq__": _eq, "__hash__": _hash, "__repr__": _repr}
