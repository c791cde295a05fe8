"""Doing jobs that are known beforehand, in this process, in others, or on a Ray cluster.

A search decides after every trial what comes next, so its workers ask (:mod:`hpo.search.host`).
Here everything that is to be done is known: this process gives the jobs out one by one and keeps
what comes back, so that workers neither decide nor write anything.
"""

from __future__ import annotations

import dataclasses
import os
import time
from collections import Counter, deque
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from hpo.errors import HPOError
from hpo.placement.bench import Bench, Order
from hpo.placement.choice import chosen_executor
from hpo.placement.cluster import connected
from hpo.placement.hands import Actors, Children
from hpo.placement.serving import do, kill_after
from hpo.plugins import absolute_reference
from hpo.support import formats

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from hpo.options import Placement
    from hpo.placement.bench import Job
    from hpo.placement.hands import Hand, Hands
    from hpo.study.opening import StudyData
    from hpo.study.terms import Terms
    from hpo.task import Task

MAX_LOSSES = 2
"""A job is given again so often whose machine was lost."""

MAX_FAILED_STARTS = 2
"""So many processes in a row may die before they can begin."""


class JobLostError(HPOError):
    """A job ended with the process that did it: killed, out of memory, or over its limit."""


AJob = TypeVar("AJob", bound="Job")
AJob_contra = TypeVar("AJob_contra", bound="Job", contravariant=True)


class Watch(Protocol[AJob_contra]):
    """Hears of jobs."""

    def wants(self, job: AJob_contra) -> bool:
        """Whether a job is still to be done, just before it is given."""

    def begun(self, job: AJob_contra) -> None:
        """A job was given."""

    def epoch(self, job: AJob_contra) -> None:
        """It has trained an epoch."""

    def done(self, job: AJob_contra, result: Any) -> None:
        """It is done."""

    def lost(self, job: AJob_contra, error: JobLostError) -> None:
        """It ended with its process; what the method raises ends all."""


@dataclasses.dataclass(frozen=True)
class Workshop:
    """Where the jobs of a study are done.

    Attributes:
        placement: How they are placed.
        terms: What the study is.
        task: Its task, or how it is found; None if as the study says.
        data: The data, as this process has it.
        data_dir: Folder with data sets, or None.
        for_scores: Whether configurations are evaluated; see :func:`hpo.study.opening.open_data`.

    Raises:
        UsageError: Options contradict each other, or the task cannot be found elsewhere.
    """

    placement: Placement
    terms: Terms
    task: Task | str | None
    data: StudyData
    data_dir: str | os.PathLike[str] | None
    for_scores: bool

    def __post_init__(self) -> None:
        """Refuse a placement that cannot work."""
        chosen_executor(self.placement, self._task())

    def run(self, jobs: Sequence[AJob], watch: Watch[AJob]) -> None:
        """Do jobs.

        Args:
            jobs: The jobs.
            watch: Hears of them, always in this thread.

        Raises:
            HPOError: A job failed, or no worker can work.
            OSError: The disk is full or broken.
        """
        if not jobs:
            return
        with self._hands() as hands:
            if hands is None:
                self._run_here(jobs, watch)
            else:
                _Giving(hands, jobs, watch, self.placement.trial_timeout).run()

    def _run_here(self, jobs: Iterable[AJob], watch: Watch[AJob]) -> None:
        bench = Bench(self.terms, self.data)
        for job in jobs:
            if not watch.wants(job):
                continue
            watch.begun(job)
            on_epoch = partial(watch.epoch, job)
            watch.done(job, do(bench, job, self.placement.trial_timeout, on_epoch))

    def _task(self) -> Task | str:
        return self.task or self.terms.settings.task

    @contextmanager
    def _hands(self) -> Iterator[Hands[Any] | None]:
        """Those that work elsewhere; None if everything is done here."""
        task = self._task()
        executor = chosen_executor(self.placement, task)
        if executor == "inline" or not isinstance(task, str):
            yield None
            return
        folder = self.data_dir or os.environ.get("HPO_DATA_DIR") or self.terms.options.data_dir
        order = Order(
            self.terms,
            absolute_reference(task),
            os.path.abspath(folder) if folder else None,  # noqa: PTH100  (as given)
            self.for_scores,
            self.placement.devices,
            self.placement.trial_timeout,
        )
        if executor == "local":
            yield Children(order, self.placement)
            return
        with connected(self.placement, absolute_reference(task)) as cluster:
            order = dataclasses.replace(order, task=cluster.task)
            yield Actors(order, self.placement, cluster)


class _Giving(Generic[AJob]):
    """Gives jobs to hands, and takes what they send.

    Args:
        hands: How hands are started.
        jobs: The jobs.
        watch: Hears of them.
        limit: After how many seconds a job fails.
    """

    def __init__(
        self, hands: Hands[Any], jobs: Iterable[AJob], watch: Watch[AJob], limit: float | None
    ) -> None:
        self._places = hands
        self._left = deque(jobs)
        self._watch = watch
        self._limit = limit
        self._kill_after = kill_after(limit)
        self._hands: dict[int, Hand] = {}
        self._losses: Counter[int] = Counter()  # by id: a job need not be hashable
        self._failed_starts = 0

    def run(self) -> None:
        """Give all jobs, until the last is done."""
        try:
            while True:
                self._give()
                if not self._left and all(hand.job is None for hand in self._hands.values()):
                    return
                self._places.wait(self._hands.values())
                for place, hand in list(self._hands.items()):
                    if self._listen(hand):
                        hand.close()
                        del self._hands[place]
        finally:
            for hand in self._hands.values():
                hand.close()

    def _give(self) -> None:
        """Give a job to every hand that is free, and start hands for the others."""
        for hand in self._hands.values():
            while hand.is_ready and hand.job is None and self._left:
                job = self._left.popleft()
                if self._watch.wants(job):
                    hand.give(job)
                    self._watch.begun(job)
        # A job is given only to who can begin: on a cluster, some may wait for room for long.
        starting = sum(not hand.is_ready for hand in self._hands.values())
        free = [place for place in range(self._places.n) if place not in self._hands]
        for place in free[: max(0, len(self._left) - starting)]:
            self._hands[place] = self._places.start(place)

    def _listen(self, hand: Hand) -> bool:
        """Take what a hand has sent; return whether it has ended."""
        for kind, content in hand.take():
            match kind:
                case "ready":
                    hand.is_ready = True
                    self._failed_starts = 0
                case "event":
                    self._watch.epoch(hand.job)
                case "done":
                    job, hand.job = hand.job, None
                    self._watch.done(job, content)
                case "left":  # it may have been given a job meanwhile
                    self._give_again(hand)
                    return True
                case "failed":
                    raise content
        if hand.job is not None and not hand.why and self._is_late(hand):
            limit = formats.duration(self._limit)
            hand.why = (
                f"ran far longer than --trial-timeout ({limit}) without ending an epoch, and was "
                "killed"
            )
        if hand.why:
            self._lose(hand)
        return bool(hand.why)

    def _is_late(self, hand: Hand) -> bool:
        return self._kill_after is not None and time.monotonic() - hand.since > self._kill_after

    def _lose(self, hand: Hand) -> None:
        """Give the job of a lost machine again; that of a dead process is lost."""
        if not hand.is_ready:
            self._failed_starts += 1
            if self._failed_starts == MAX_FAILED_STARTS:
                raise HPOError(f"{hand.why}, {formats.times(MAX_FAILED_STARTS)} before it began.")
        elif hand.job is not None:
            job: AJob = hand.job
            self._losses[id(job)] += hand.is_lost
            if hand.is_lost and self._losses[id(job)] <= MAX_LOSSES:
                self._give_again(hand)
            else:
                self._watch.lost(job, JobLostError(hand.why))

    def _give_again(self, hand: Hand) -> None:
        if hand.job is not None:
            self._left.appendleft(hand.job)
