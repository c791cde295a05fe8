"""Errors that a user can cause and therefore fix, and how they are worded."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_REASON_LENGTH = 300
"""Characters of an exception's text that a message repeats."""


class HPOError(Exception):
    """Something the user can put right; the command line shows its text without a traceback.

    The text says what came in, what was expected, and what to do.
    """


class UsageError(HPOError):
    """A wrong name or value was given; the command line ends with exit status 2."""


def one_line(error: BaseException) -> str:
    """An exception's type and text on one line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:MAX_REASON_LENGTH]}" if text else type(error).__name__


def suggestion(name: object, known: Iterable[str]) -> str:
    """A sentence that leads from an unknown name to the closest known one, or to all of them.

    Args:
        name: The unknown name.
        known: The names that exist.
    """
    names = list(known)
    closest = difflib.get_close_matches(str(name), names, n=1)
    if closest:
        return f"Did you mean {closest[0]}?"
    return f"Choose one of: {', '.join(names)}." if names else "There are none."
