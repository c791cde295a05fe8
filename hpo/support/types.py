"""Whether values that were read from a file have the types that the code expects."""

from __future__ import annotations

import builtins
import dataclasses
import sys
import types
import typing
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

_Record = TypeVar("_Record")


def misfits(record: Any) -> list[str]:
    """Find the fields of a dataclass whose values are not of the annotated types.

    Args:
        record: An instance of a dataclass.

    Returns:
        The names of these fields, in order.
    """
    expected = _annotations(type(record))  # type: ignore[arg-type]
    return [name for name, kind in expected.items() if not fits(getattr(record, name), kind)]


def checked(record: _Record) -> _Record:
    """Return a dataclass whose values are of the annotated types.

    Args:
        record: An instance of a dataclass.

    Raises:
        TypeError: Some values are of other types; the error names their fields.
    """
    names = misfits(record)
    if names:
        raise TypeError(f"{', '.join(names)} of an unexpected type")
    return record


def fitting(kind: type, stored: Any) -> dict[str, Any]:
    """The stored values that are fields of a dataclass and of the annotated types.

    Args:
        kind: The dataclass.
        stored: What was read; anything but a mapping has no values.
    """
    if not isinstance(stored, Mapping):
        return {}
    expected = _annotations(kind)
    return {k: v for k, v in stored.items() if k in expected and fits(v, expected[k])}


def fits(value: Any, kind: Any) -> bool:
    """Whether a value is of an annotated type; a whole number is a float, too.

    Args:
        value: The value.
        kind: The annotation, such as ``list[float] | None``.
    """
    if typing.get_origin(kind) is not None:
        return _fits_parts(value, typing.get_origin(kind), typing.get_args(kind))
    if kind in (None, types.NoneType):
        return value is None
    if kind in (int, float):
        numbers = (int,) if kind is int else (int, float)
        return isinstance(value, numbers) and not isinstance(value, bool)
    if not isinstance(kind, type) or kind is Any:
        return True
    return isinstance(value, kind) and not (dataclasses.is_dataclass(kind) and misfits(value))


def _fits_parts(value: Any, origin: Any, parts: tuple[Any, ...]) -> bool:
    if origin is typing.Literal:
        return isinstance(value, str | int) and value in parts
    if origin in (typing.Union, types.UnionType):
        return any(fits(value, one) for one in parts)
    if issubclass(origin, Mapping):
        return isinstance(value, Mapping) and all(
            fits(k, parts[0]) and fits(v, parts[1]) for k, v in value.items()
        )
    if issubclass(origin, Sequence):
        return isinstance(value, list | tuple) and all(fits(one, parts[0]) for one in value)
    return True


class _Names(dict[str, Any]):
    """The names in annotations, those that only type checkers import among them.

    Args:
        module: The module with the annotations.
    """

    def __init__(self, module: str) -> None:
        super().__init__(Mapping=Mapping, Sequence=Sequence)
        self._module = sys.modules[module]

    def __missing__(self, name: str) -> Any:
        return getattr(self._module, name, getattr(builtins, name, Any))


@cache
def _annotations(kind: type) -> dict[str, Any]:
    hints = typing.get_type_hints(kind, localns=_Names(kind.__module__))
    return {one.name: hints[one.name] for one in dataclasses.fields(kind)}
