"""What goes between an actor on a Ray cluster and the process that placed it."""

from __future__ import annotations

import queue
import time
from typing import Any

GATHER_SECONDS = 0.05
"""Events wait so long for others to travel with."""

LISTEN_SECONDS = 5.0
"""The driver hears at least so often from an actor."""

Message = tuple[str, Any]
"""A kind and its content, such as ("event", something that can wait for others to travel with)."""


class Wire:
    """The worker's end of the connection: what it sends, and the answers it waits for."""

    def __init__(self) -> None:
        self._sent: queue.Queue[Message] = queue.Queue()
        self._answers: queue.Queue[tuple[Any, Exception | None]] = queue.Queue()

    def send(self, kind: str, content: Any = None) -> None:
        """Send something that needs no answer."""
        self._sent.put((kind, content))

    def call(self, method: str, *arguments: Any) -> Any:
        """Call a method of the host and wait for what it returns.

        Raises:
            Exception: What the method raised.
        """
        self.send("call", (method, arguments))
        answer, error = self._answers.get()
        if error is not None:
            raise error
        return answer

    def answer(self, answer: Any, error: Exception | None) -> None:
        """Take the answer to the last call."""
        self._answers.put((answer, error))

    def receive(self) -> list[Message]:
        """What was sent since the last time; waits for something, but not for long."""
        try:
            messages = [self._sent.get(timeout=LISTEN_SECONDS)]
        except queue.Empty:
            return []
        deadline = time.monotonic() + GATHER_SECONDS
        while messages[-1][0] == "event" and (left := deadline - time.monotonic()) > 0:
            try:
                messages.append(self._sent.get(timeout=left))
            except queue.Empty:
                break
        return messages
