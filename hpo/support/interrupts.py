"""Ctrl-C that lets the current epoch finish."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Interrupted(threading.Event):
    """Set by the first Ctrl-C, SIGTERM or SIGHUP.

    Attributes:
        next_raises: Whether the next signal raises KeyboardInterrupt at once. Code that stops for
            another reason and lets something finish sets it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.next_raises = False


@contextmanager
def interruptible() -> Iterator[Interrupted]:
    """Turn the first Ctrl-C, SIGTERM or SIGHUP into an event; the second one raises at once.

    Outside the main thread, where no signal arrives, the event is never set.
    """
    interrupted = Interrupted()

    def handle(_number: int, _frame: object) -> None:
        if interrupted.next_raises:
            raise KeyboardInterrupt
        interrupted.next_raises = True
        interrupted.set()

    if threading.current_thread() is not threading.main_thread():
        yield interrupted
        return
    signals = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as under nohup
        signals.append(signal.SIGHUP)
    before = [signal.signal(number, handle) for number in signals]
    try:
        yield interrupted
    finally:
        for number, handler in zip(signals, before, strict=True):
            signal.signal(number, handler)
