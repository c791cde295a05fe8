"""Child processes of this interpreter: what they are given, and why they died."""

from __future__ import annotations

import os
import re
import signal
import sys
from pathlib import Path

TAIL_BYTES = 8_000
LOGGED = re.compile(r"[IWEF]\d{4} \d\d:\d\d:|WARNING: All log messages before absl")


def environment_of_children() -> dict[str, str]:
    """This process's environment, with which a child finds the same modules."""
    return {"TF_CPP_MIN_LOG_LEVEL": "3", **os.environ, "PYTHONPATH": module_path()}


def module_path() -> str:
    """Where this process finds modules, as ``PYTHONPATH`` tells it to another on this machine."""
    return os.pathsep.join(folder or str(Path.cwd()) for folder in sys.path)


def cause_of_death(status: int, printed: bytes) -> str:
    """Why a worker died, in one line.

    Args:
        status: Its exit status; if negative, the signal that killed it.
        printed: What it printed last.
    """
    if status < 0:
        name = signal.Signals(-status).name
        hint = " (perhaps out of memory)" if name == "SIGKILL" else ""
        return f"its worker was killed by {name}{hint}"
    line = last_words(printed[-TAIL_BYTES:].decode(errors="replace"))
    last = f"; it last printed: {line[:200]}" if line else ""
    return f"its worker exited with status {status}{last}"


def last_words(printed: str) -> str:
    """The last line of what a process printed that its libraries in C++ did not log, or ""."""
    lines = (line.strip() for line in reversed(printed.splitlines()))
    return next((line for line in lines if line and not LOGGED.match(line)), "")
