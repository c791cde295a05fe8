"""Errors that a user can cause, and therefore mend."""


class HPOError(Exception):
    """Something the user can put right; the command line shows its text without a traceback.

    The text says what came in, what was expected, and what to do.
    """


class UsageError(HPOError):
    """A wrong name or value was given; the command line ends with exit status 2."""
