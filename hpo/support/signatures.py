"""Whether functions of a task take the arguments that they will be called with."""

from __future__ import annotations

import inspect
from typing import Any

from hpo.errors import HPOError


def check_function(what: str, function: Any, *arguments: str) -> None:
    """Refuse what cannot be called with some positional arguments, without calling it.

    Args:
        what: What messages call the function, such as ``"Task 'boston': model"``.
        function: The function.
        arguments: What it will be called with, by the names that messages use.

    Raises:
        HPOError: It is not a function, or takes other arguments.
    """
    expected = f"{what} must be a function of ({', '.join(arguments)})."
    if not callable(function):
        raise HPOError(f"{expected} Received: {' '.join(repr(function).split())[:80]}")
    try:
        signature = inspect.signature(function)
    except (ValueError, TypeError):  # some functions in C do not say
        return
    try:
        signature.bind(*arguments)
    except TypeError:
        name = getattr(function, "__name__", type(function).__name__)
        raise HPOError(f"{expected} Received: {name}({', '.join(signature.parameters)})") from None
