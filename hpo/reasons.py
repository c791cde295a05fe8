"""Exceptions in one line, as reasons that people read."""

from __future__ import annotations

MOST_CHARACTERS = 300


def one_line(error: BaseException) -> str:
    """Name an exception and what it says, in one line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:MOST_CHARACTERS]}" if text else type(error).__name__
