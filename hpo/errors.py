"""Errors that a user can cause, and therefore mend."""

MOST_CHARACTERS = 300


class HPOError(Exception):
    """Something the user can put right; the command line shows its text without a traceback.

    The text says what came in, what was expected, and what to do.
    """


class UsageError(HPOError):
    """A wrong name or value was given; the command line ends with exit status 2."""


def one_line(error: BaseException) -> str:
    """Name an exception and what it says, in one line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:MOST_CHARACTERS]}" if text else type(error).__name__
