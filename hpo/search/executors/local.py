"""Workers in child processes: whatever happens to them, the search continues."""

from __future__ import annotations

import selectors
from typing import TYPE_CHECKING

from hpo.errors import HPOError
from hpo.search.devices import environments
from hpo.search.events import TrialEnded, WorkerFailed, WorkerLeft, error_of
from hpo.search.executors.child import Child
from hpo.study.trial import Cause, Failure
from hpo.support import formats

if TYPE_CHECKING:
    from collections.abc import Callable

    from hpo.search.events import OnEvent
    from hpo.study.study import Study
    from hpo.task import Task

POLL_SECONDS = 0.2
MAX_FAILED_STARTS = 2
"""So many workers in a row may die before their first trial."""


class LocalExecutor:
    """Runs workers in child processes and replaces those that die."""

    def run(
        self, study: Study, task: Task, *, on_event: OnEvent, stopping: Callable[[], bool]
    ) -> None:
        """Evaluate trials in children until the study has enough or the search is stopped."""
        del task  # the children find it through the study's settings
        crew = _Crew(study, on_event)
        try:
            crew.work(stopping)
        except BaseException:
            crew.kill()
            raise


class _Crew:
    """The children that work for a study, by the place that each has."""

    def __init__(self, study: Study, on_event: OnEvent) -> None:
        self._study = study
        self._task = study.settings.task  # a later run of the study may find it elsewhere
        self._on_event = on_event
        self._places = dict(enumerate(environments(study.options)))
        self._children: dict[int, Child] = {}
        self._failed_starts = dict.fromkeys(self._places, 0)

    def work(self, stopping: Callable[[], bool]) -> None:
        """Keep a child at work in every place until no trial is left to do."""
        with selectors.DefaultSelector() as selector:
            while True:
                if stopping():
                    for child in self._children.values():
                        child.ask_to_stop()
                else:
                    self._fill_places(selector)
                if not self._children:
                    return
                self._listen(selector)

    def kill(self) -> None:
        """Kill all children; their trials are queued again."""
        for child in self._children.values():
            child.kill()
            self._study.queue.fail_orphans(child.name)
            self._study.workers.lock_path(child.name).unlink(missing_ok=True)
            child.close()
        self._children.clear()

    def _fill_places(self, selector: selectors.BaseSelector) -> None:
        free = [place for place in self._places if place not in self._children]
        if not free:
            return
        if not self._children:
            self._study.queue.fail_orphans()  # those of workers that were started by hand
        for place in free[: max(0, self._to_do() - len(self._children))]:
            child = Child(self._study, self._task, self._places[place])
            self._children[place] = child
            selector.register(child, selectors.EVENT_READ)

    def _to_do(self) -> int:
        """Number of trials that nobody runs, or that one of these children runs."""
        own = {child.name for child in self._children.values()}
        others = sum(
            trial.state == "running" and trial.worker not in own for trial in self._study.trials
        )
        return self._study.target - self._study.n_finished - others

    def _listen(self, selector: selectors.BaseSelector) -> None:
        ready = _readable(selector, POLL_SECONDS)
        for place, child in list(self._children.items()):
            child.kill_if_it_takes_too_much_memory()
            if child in ready:
                ended = not child.read(self._on_event)
            else:
                # Only when nothing is left to read: after Ctrl-Z and fg there may be a lot.
                child.kill_if_it_takes_too_long()
                # A process that the plugin started may hold the pipe open forever, so its end
                # may never come; what the worker wrote before it died still counts.
                ended = not child.is_alive() and child not in _readable(selector, 0)
            if ended:
                selector.unregister(child)
                del self._children[place]
                self._clean_up(place, child)

    def _clean_up(self, place: int, child: Child) -> None:
        """Handle what a child that has ended leaves behind."""
        child.close()
        _fail_trial_of(child, self._study, self._on_event)
        if child.failure is not None:
            raise error_of(child.failure)
        failed = not (child.has_begun or child.has_left)
        self._failed_starts[place] = self._failed_starts[place] + 1 if failed else 0
        if self._failed_starts[place] == MAX_FAILED_STARTS:
            self._give_up(place, child)

    def _give_up(self, place: int, child: Child) -> None:
        """Continue without a place where workers die before their first trial, if others work."""
        message = (
            f"{child.cause_of_death()}, {formats.times(MAX_FAILED_STARTS)} before its first trial. "
            f"Its output is in {child.log_path}."
        )
        del self._places[place]
        if not any(other.has_begun for other in self._children.values()):
            raise HPOError(message)
        others = formats.count(len(self._children), "worker")
        message += f" The search continues with {others}."
        self._on_event(WorkerFailed(child.name, message))


def make() -> LocalExecutor:
    """Make the executor."""
    return LocalExecutor()


def _readable(selector: selectors.BaseSelector, seconds: float) -> set[object]:
    """The children with something to read, waiting for so many seconds at most."""
    return {key.fileobj for key, _ in selector.select(seconds)}


def _fail_trial_of(child: Child, study: Study, on_event: OnEvent) -> None:
    """Fail the trial of a dead worker, since a journal has no heartbeats that would notice."""
    reason = child.cause_of_death()
    # A trial that exceeded a limit did so through its configuration.
    cause: Cause = "configuration" if child.exceeded else "outside"
    for number in study.queue.fail_orphans(child.name, Failure(reason, cause)):
        seconds = study.trials[number].seconds or 0.0
        on_event(TrialEnded(child.name, number, "failed", None, seconds, reason))
    if not child.has_left:
        on_event(WorkerLeft(child.name))
    study.workers.lock_path(child.name).unlink(missing_ok=True)
