"""The workers of a study: their names and their logs."""

from __future__ import annotations

import contextlib
import os
import socket
import uuid
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def keep_log(log: Path, whole: Path) -> bytes:
    """Move what a worker printed to the end of the log of all workers.

    Returns:
        What it printed, as far as it could be read and written.
    """
    printed = b""
    with contextlib.suppress(OSError):
        printed = log.read_bytes()
        with whole.open("ab") as file:
            file.write(printed)
        log.unlink()
    return printed


def new_worker_name() -> str:
    """A name that no other worker has, on this machine or another."""
    return f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:6]}"
