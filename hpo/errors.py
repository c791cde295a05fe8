"""Errors that a user can cause and therefore fix, and how they are worded."""

from __future__ import annotations

import difflib
import re
import sysconfig
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_REASON_LENGTH = 300
"""Characters of an exception's text that a message repeats."""

_COLORS = re.compile(r"\x1b\[[0-9;]*m")
"""What makes text bold or red on a terminal; Keras puts it into its messages."""

_PACKAGES = (str(Path(__file__).parent), sysconfig.get_path("stdlib"))
"""hpo and Python's own library."""

_STACK = ('File "', "Traceback (most", "Detected at node", "Stack trace for", "[[{{node", "[[node")


class HPOError(Exception):
    """Something the user can put right; the command line shows its text without a traceback.

    The text says what came in, what was expected, and what to do.
    """


class UsageError(HPOError):
    """A wrong name or value was given; the command line ends with exit status 2."""


class StoreError(HPOError):
    """What keeps a part of a study cannot be used now; no configuration is to blame."""


class HPOWarning(UserWarning):
    """Something the user should know; the command line shows its text on a line of its own."""


def one_line(error: BaseException) -> str:
    """An exception's type and text on one line."""
    text = joined(str(error), MAX_REASON_LENGTH)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def located(error: BaseException) -> str:
    """An exception on one line, with the place in the user's own code that it came from."""
    place = _own_place(error)
    return f"{one_line(error)} ({place})" if place else one_line(error)


def _own_place(error: BaseException) -> str:
    """The last file and line of an exception that belong to no installed package; or ""."""
    own = ""
    for frame in traceback.extract_tb(error.__traceback__):
        folders = Path(frame.filename).parts
        is_installed = {"site-packages", "dist-packages"} & set(folders) or frame.filename[
            :1
        ] == "<"
        if not is_installed and not frame.filename.startswith(_PACKAGES):
            own = f"{Path(frame.filename).name}, line {frame.lineno}"
    return own


def joined(text: str, max_length: int) -> str:
    """A text of any number of lines as one line, which keeps the sentence that says why.

    TensorFlow puts the stack of a graph before that sentence, and a traceback ends with it.

    Args:
        text: The text.
        max_length: Number of characters from which lines that only say where are left out; the
            text is cut if it is still longer.
    """
    text = _COLORS.sub("", text)
    whole = " ".join(text.split())
    if len(whole) <= max_length:
        return whole
    sentences = [*_without_stack(text.splitlines())]
    told = " ".join(sentences) or whole
    if len(told) > max_length and len(sentences) > 1 and len(sentences[-1]) < max_length:
        first = sentences[0][: max_length - len(sentences[-1])]
        told = f"{first} ... {sentences[-1]}" if first else sentences[-1]
    return told if len(told) <= max_length + len(" ... ") else f"{told[:max_length]} ..."


def _without_stack(lines: Iterable[str]) -> Iterator[str]:
    """The lines of a text that are not part of a stack, without the space around them."""
    depth = None  # the indentation of the stack's entry that was read last
    for line in lines:
        stripped = line.strip()
        indent = len(line) - len(line.lstrip())
        if stripped.startswith("Arguments received by"):
            return  # as Keras ends the message of a layer that cannot be called
        if stripped.startswith(_STACK):
            depth = indent if stripped.startswith('File "') else None
        elif stripped and (depth is None or indent <= depth):
            depth = None
            yield " ".join(stripped.split())


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
