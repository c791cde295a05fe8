"""Keeps standard output for the one JSON object of ``--json``, whatever a plugin prints there."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def printed_to_stderr(*, when: bool) -> Iterator[None]:
    """Send all that is printed to standard error, also what C code and child processes print.

    Args:
        when: Whether to; if not, nothing changes.
    """
    if not when:
        yield
        return
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
            kept = os.dup(1)
            stack.callback(_restore, kept)
            os.dup2(2, 1)
        stack.enter_context(contextlib.redirect_stdout(sys.stderr))
        yield


def _restore(kept: int) -> None:
    os.dup2(kept, 1)
    os.close(kept)
