"""A sign of life, given again and again."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Heartbeat:
    """Calls a function again and again, in a thread, until it is stopped.

    Args:
        interval: Seconds between two calls; the first comes after one interval.
        beat: The function.
    """

    def __init__(self, interval: float, beat: Callable[[], object]) -> None:
        self._interval = interval
        self._beat = beat
        self._stopped = threading.Event()
        # A daemon: a process that fails must not go on living for its heart alone.
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Call it no more, and wait for the end of a call that has begun."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(self._interval):
            self._beat()
