"""Values of hyperparameters: their types, which of them are the same, how text is read."""

from __future__ import annotations

from typing import Any, TypeGuard

Scalar = str | bool | int | float
"""The types of parameters' values, of choices and of what conditions compare with."""


def read_value(text: str) -> Any:
    """Read a value as TOML if it is TOML, else as a plain string.

    Args:
        text: The text, such as ``1e-3``, ``true``, ``["adam", "sgd"]`` or ``adam``.

    Returns:
        A string, boolean, number or list of these.
    """
    import tomllib

    try:
        table = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):  # not TOML, a number too long, a list too deep
        return text
    value = table["value"]
    is_usable = len(table) == 1 and isinstance(value, str | bool | int | float | list)
    return value if is_usable else text


def same(left: object, right: object) -> bool:
    """Whether two values are the same choice: ``1`` and ``1.0`` are, ``1`` and ``True`` are not."""
    return isinstance(left, bool) == isinstance(right, bool) and left == right


def is_number(value: object) -> TypeGuard[int | float]:
    """Whether the value is a whole or real number; a boolean is neither."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_kind(value: object, *kinds: type) -> bool:
    """Check at run time what annotations promise, since a file may hold anything."""
    return isinstance(value, kinds)
