"""The workers of a search: placed, listened to, and replaced when they die."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Generic, TypeVar

from hpo.errors import HPOError
from hpo.search.events import TrialEnded, WorkerFailed, WorkerLeft, error_of
from hpo.search.executors.member import Member
from hpo.study.trial import Cause, Failure
from hpo.support import formats

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hpo.search.events import OnEvent
    from hpo.study.study import Study

MAX_FAILED_STARTS = 2
"""So many workers in a row may die before their first trial."""

AMember = TypeVar("AMember", bound=Member)


class Crew(ABC, Generic[AMember]):
    """The workers of a study, by the place that each has.

    Args:
        study: The study.
        n_places: Number of workers at the same time.
        on_event: Called with every event of the workers.
    """

    def __init__(self, study: Study, n_places: int, on_event: OnEvent) -> None:
        self.study = study
        self.on_event = on_event
        self.members: dict[int, AMember] = {}
        self._failed_starts = dict.fromkeys(range(n_places), 0)

    @abstractmethod
    def start(self, place: int) -> AMember:
        """Start a worker in a place."""

    @abstractmethod
    def listen(self) -> Iterable[int]:
        """Wait a moment for events, pass them on, and give the places whose workers have ended."""

    def work(self, stopping: Callable[[], bool]) -> None:
        """Keep a worker at work in every place until no trial is left to do.

        Raises:
            HPOError: No worker can work.
        """
        try:
            while True:
                if stopping():
                    for member in self.members.values():
                        member.ask_to_stop()
                else:
                    self._fill_places()
                if not self.members:
                    return
                for place in list(self.listen()):
                    self._clean_up(place, self.members.pop(place))
        except BaseException:
            self._kill()
            raise

    def fail_trial_of(self, member: AMember) -> list[int]:
        """Fail the trial of a dead worker, since a journal has no heartbeats that would notice.

        Returns:
            The number of the trial, if there is one.
        """
        reason = member.cause_of_death()
        # A trial that exceeded a limit did so through its configuration.
        cause: Cause = "configuration" if member.exceeded else "outside"
        numbers = self.study.queue.fail_orphans(member.name, Failure(reason, cause))
        for number in numbers:
            seconds = self.study.trials[number].seconds or 0.0
            self.on_event(TrialEnded(member.name, number, "failed", None, seconds, reason))
        return numbers

    def n_to_do(self) -> int:
        """Number of trials that nobody runs, or that one of these workers runs.

        In a database, those of others count: their workers may be found dead.
        """
        if self.study.database is not None:
            return self.study.target - self.study.n_finished
        own = {member.name for member in self.members.values()}
        others = sum(
            trial.state == "running" and trial.worker not in own for trial in self.study.trials
        )
        return self.study.target - self.study.n_finished - others

    def _kill(self) -> None:
        """Kill all workers; their trials are queued again."""
        for member in self.members.values():
            member.kill()
            self.study.queue.fail_orphans(member.name)
            self._forget(member)
            member.close()
        self.members.clear()

    def _fill_places(self) -> None:
        free = [place for place in self._failed_starts if place not in self.members]
        if not free:
            return
        if not self.members and self.study.database is None:
            self.study.queue.fail_orphans()  # those of workers that were started by hand
        for place in free[: max(0, self.n_to_do() - len(self.members))]:
            self.members[place] = self.start(place)

    def _clean_up(self, place: int, member: AMember) -> None:
        """Handle what a worker that has ended leaves behind."""
        member.close()
        self.fail_trial_of(member)
        if not member.has_left:
            self.on_event(WorkerLeft(member.name))
        self._forget(member)
        if member.failure is not None:
            raise error_of(member.failure)
        failed = not (member.has_begun or member.has_left)
        self._failed_starts[place] = self._failed_starts[place] + 1 if failed else 0
        if self._failed_starts[place] == MAX_FAILED_STARTS:
            self._give_up(place, member)

    def _forget(self, member: AMember) -> None:
        self.study.workers.lock_path(member.name).unlink(missing_ok=True)

    def _give_up(self, place: int, member: AMember) -> None:
        """Continue without a place where workers die before their first trial, if others work."""
        message = (
            f"{member.cause_of_death()}, {formats.times(MAX_FAILED_STARTS)} before its first "
            f"trial. Its output is in {member.log_path}."
        )
        del self._failed_starts[place]
        if not any(other.has_begun for other in self.members.values()):
            raise HPOError(message)
        others = formats.count(len(self.members), "worker")
        message += f" The search continues with {others}."
        self.on_event(WorkerFailed(member.name, message))
