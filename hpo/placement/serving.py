"""Doing the jobs that another process gives, until it gives no more."""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
import time
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

from hpo.errors import HPOError, located
from hpo.support import formats
from hpo.support.processes import MARK, kill_marked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hpo.placement.bench import Bench, Job, Order

MAX_GROWTH_BYTES = 256 << 20
"""A process whose memory has grown by more is replaced: XLA frees nothing it compiled before."""


def kill_after(limit: float | None) -> float | None:
    """Seconds after which what does not end by itself is killed, where it had so many seconds."""
    return None if limit is None else limit + max(10.0, 0.5 * limit)


class TookTooLongError(HPOError):
    """A job exceeded its limit."""


def do(bench: Bench, job: Job, limit: float | None, on_epoch: Callable[[], None]) -> Any:
    """Do a job, for at most so many seconds.

    Args:
        bench: What is at hand.
        job: The job.
        limit: After how many seconds it fails; looked at after every epoch. None for never.
        on_epoch: Called after every epoch.

    Raises:
        HPOError: It failed, or took too long.
        OSError: The disk is full or broken.
    """
    began = time.monotonic()

    def count() -> None:
        on_epoch()
        if limit is not None and time.monotonic() - began > limit:
            raise TookTooLongError(f"ran longer than --trial-timeout: {formats.duration(limit)}")

    return job.do(bench, count)


def serve(order: Order, jobs: Iterable[Job], send: Callable[[str, Any], None]) -> None:
    """Do jobs until there are no more, memory has grown, or one fails.

    Args:
        order: What is worked on.
        jobs: The jobs.
        send: Sends a message: ("ready", None) at first, ("event", None) after an epoch, ("done",
            the result) after a job, and at last ("left", None) or ("failed", the error).
    """
    from hpo.training.memory import resident_bytes, settled

    try:
        bench = order.open()
        send("ready", None)
        least = 0
        with settled():
            for job in jobs:
                result = do(bench, job, order.limit, lambda: send("event", None))
                send("done", result)
                occupied = resident_bytes()
                least = min(occupied, least or occupied)
                if occupied - least > MAX_GROWTH_BYTES:
                    break
        send("left", None)
    except (HPOError, OSError) as error:
        send("failed", error)
    except (Exception, SystemExit) as error:  # noqa: BLE001  (whatever a plugin does)
        send("failed", HPOError(located(error)))


def main() -> None:
    """Serve the process at the other end of a pipe, and end with it."""
    descriptor = int(sys.argv[1])
    os.set_inheritable(descriptor, False)
    pipe = Connection(descriptor)
    jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()

    def receive() -> None:
        try:
            while True:
                jobs.put(pipe.recv())
        except (EOFError, OSError):  # the other process is dead
            kill_marked(os.environ.get(MARK, ""))
            os.killpg(0, signal.SIGKILL)

    order: Order = pipe.recv()
    threading.Thread(target=receive, daemon=True).start()
    serve(order, iter(jobs.get, None), lambda kind, content: pipe.send((kind, content)))
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # whatever threads a plugin has left


if __name__ == "__main__":
    main()
