"""Processes that a process started, also those that left its session."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

MARK = "HPO_WORKER"
"""The environment variable that a worker and all that it starts have in common."""


def kill_marked(mark: str) -> None:
    """Kill all processes that a worker started, as far as the system lists them (Linux does).

    Args:
        mark: The worker's value of :data:`MARK`.
    """
    wanted = f"{MARK}={mark}".encode()
    for folder in Path("/proc").glob("[0-9]*"):
        pid = int(folder.name)
        # Others' processes are not readable, and any may end meanwhile.
        with contextlib.suppress(OSError):
            if pid != os.getpid() and wanted in (folder / "environ").read_bytes().split(b"\0"):
                os.kill(pid, signal.SIGKILL)
