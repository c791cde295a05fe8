"""What does jobs on the nodes of a Ray cluster."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING

from hpo.placement.wire import Wire

if TYPE_CHECKING:
    from hpo.placement.bench import Job, Order
    from hpo.placement.wire import Message


class Actor:
    """Does jobs on a node; Ray calls its methods, several at a time.

    Args:
        order: What is worked on.
    """

    def __init__(self, order: Order) -> None:
        self._wire = Wire()
        self._order = order
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        threading.Thread(target=self._work, daemon=True).start()

    def listen(self) -> list[Message]:
        """What was sent since the last call; empty if nothing was for long."""
        return self._wire.receive()

    def give(self, job: Job) -> None:
        """Take a job."""
        self._jobs.put(job)

    def _work(self) -> None:
        import ray

        from hpo.placement.serving import serve

        self._wire.send("placed", ray.get_runtime_context().get_node_id())
        serve(self._order, iter(self._jobs.get, None), self._wire.send)
