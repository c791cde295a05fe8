"""The pipe by which a worker knows that its parent lives, and what holds until it is watched."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_PR_SET_PDEATHSIG = 1


def take_standard_input() -> int:
    """Take standard input away from everything else that runs here, such as a plugin.

    Returns:
        The descriptor from which this process alone can now read it.
    """
    lifeline = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return lifeline


@contextmanager
def dying_with_parent() -> Iterator[None]:
    """Let Linux end this process with its parent, while code in C keeps Python from noticing."""
    if not sys.platform.startswith("linux"):
        yield
        return
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    try:
        yield
    finally:
        libc.prctl(_PR_SET_PDEATHSIG, 0)
