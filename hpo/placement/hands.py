"""Processes that do jobs, seen from the one that gives them."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from abc import ABC, abstractmethod
from multiprocessing import Pipe
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from hpo.placement.children import TAIL_BYTES, cause_of_death, environment_of_children
from hpo.placement.devices import environments
from hpo.support.processes import MARK, kill_marked

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from hpo.options import Placement
    from hpo.placement.bench import Job, Order
    from hpo.placement.cluster import Cluster
    from hpo.placement.wire import Message

POLL_SECONDS = 0.2


class Hand(ABC):
    """A process that does one job at a time.

    Attributes:
        job: The job that it does; None if it has none.
        since: When it was given.
        is_ready: Whether it said that it can begin.
        why: Why it ended, in one line; "" as long as it lives.
        is_lost: Whether its machine was lost, rather than the process alone.
    """

    def __init__(self) -> None:
        self.job: Any = None
        self.since = 0.0
        self.is_ready = False
        self.why = ""
        self.is_lost = False

    def give(self, job: Job) -> None:
        """Give it a job."""
        self.job, self.since = job, time.monotonic()
        self._send(job)

    @abstractmethod
    def _send(self, job: Job) -> None:
        """Send it a job."""

    @abstractmethod
    def take(self) -> list[Message]:
        """What it has sent; if it is dead, ``why`` says so afterward."""

    @abstractmethod
    def close(self) -> None:
        """End it, with everything that it started."""


AHand = TypeVar("AHand", bound=Hand)


class Hands(ABC, Generic[AHand]):
    """How hands are started and waited for.

    Attributes:
        n: How many there are at the same time.
    """

    n: int

    @abstractmethod
    def start(self, place: int) -> AHand:
        """Start one."""

    @abstractmethod
    def wait(self, hands: Collection[AHand]) -> None:
        """Wait a moment until one has sent something."""


class _Child(Hand):
    """A child process.

    Args:
        order: What it works on.
        environment: Variables to add to the environment of this process.
    """

    def __init__(self, order: Order, environment: Mapping[str, str]) -> None:
        super().__init__()
        self.pipe, theirs = Pipe()
        self._mark = uuid.uuid4().hex
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  (until it is closed)
        self._process = subprocess.Popen(  # noqa: S603  (this interpreter, this package)
            [sys.executable, "-P", "-m", "hpo.placement.serving", str(theirs.fileno())],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            pass_fds=[theirs.fileno()],
            start_new_session=True,  # Ctrl-C is for this process to handle
            env={**environment_of_children(), **environment, MARK: self._mark},
        )
        theirs.close()
        self._send(order)

    def _send(self, job: Job | Order) -> None:
        with contextlib.suppress(OSError):  # its end is noticed when it is read
            self.pipe.send(job)

    def take(self) -> list[Message]:
        """What it has sent."""
        messages: list[Message] = []
        is_alive = self._process.poll() is None
        try:
            while self.pipe.poll():
                messages.append(self.pipe.recv())
        except (EOFError, OSError):
            is_alive = False
        if not is_alive and not self.why:
            status = self._process.wait()
            self._log.seek(max(0, self._log.seek(0, os.SEEK_END) - TAIL_BYTES))
            self.why = cause_of_death(status, self._log.read())
        return messages

    def close(self) -> None:
        """End it, with everything that it started."""
        with contextlib.suppress(OSError):
            os.killpg(self._process.pid, signal.SIGKILL)
        kill_marked(self._mark)
        self._process.wait()
        self.pipe.close()
        self._log.close()


class Children(Hands[_Child]):
    """Child processes, one per device or share of the cores.

    Args:
        order: What they work on.
        placement: How they are placed.

    Raises:
        UsageError: There are no such devices, or they do not take so many workers.
    """

    def __init__(self, order: Order, placement: Placement) -> None:
        self._order = order
        self._environments = environments(placement)
        self.n = len(self._environments)

    def start(self, place: int) -> _Child:
        """Start one."""
        return _Child(self._order, self._environments[place])

    def wait(self, hands: Collection[_Child]) -> None:
        """Wait a moment until one has sent something."""
        wait([hand.pipe for hand in hands], timeout=POLL_SECONDS)


class _Distant(Hand):
    """An actor on a Ray cluster.

    Args:
        order: What it works on.
        cluster: Where it is placed.
    """

    def __init__(self, order: Order, cluster: Cluster) -> None:
        from hpo.placement.actor import Actor

        super().__init__()
        self._actor = cluster.start(Actor, order)
        self._node = ""
        self.sent = self._actor.listen.remote()

    def _send(self, job: Job) -> None:
        self._actor.give.remote(job)

    def take(self) -> list[Message]:
        """What it has sent."""
        import ray

        from hpo.placement.cluster import loss_of

        if not ray.wait([self.sent], timeout=0, fetch_local=False)[0]:
            return []
        try:
            messages: list[Message] = ray.get(self.sent)
        except ray.exceptions.RayError as error:
            self.why, self.is_lost = loss_of(self._node, error)
            return []
        self.sent = self._actor.listen.remote()
        for kind, content in messages:
            if kind == "placed":
                self._node = content
        return [message for message in messages if message[0] != "placed"]

    def close(self) -> None:
        """End it."""
        import ray

        with contextlib.suppress(Exception):
            ray.kill(self._actor)


class Actors(Hands[_Distant]):
    """Actors on a Ray cluster.

    Args:
        order: What they work on.
        placement: How they are placed.
        cluster: Where.
    """

    def __init__(self, order: Order, placement: Placement, cluster: Cluster) -> None:
        self._order = order
        self._cluster = cluster
        self.n = placement.workers or 1

    def start(self, place: int) -> _Distant:
        """Start one; Ray chooses the node."""
        del place
        return _Distant(self._order, self._cluster)

    def wait(self, hands: Collection[_Distant]) -> None:
        """Wait a moment until one has sent something."""
        import ray

        ray.wait([hand.sent for hand in hands], timeout=POLL_SECONDS, fetch_local=False)
