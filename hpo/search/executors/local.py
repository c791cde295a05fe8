"""Workers as child processes of this one: whatever becomes of them, the study goes on."""

from __future__ import annotations

import selectors
from typing import TYPE_CHECKING

from hpo.errors import HPOError, UsageError
from hpo.search.devices import environments
from hpo.search.events import TrialEnded, WorkerFailed, WorkerLeft
from hpo.search.executors.child import Child
from hpo.study.trial import Cause, Failure

if TYPE_CHECKING:
    from collections.abc import Callable

    from hpo.search.events import OnEvent
    from hpo.study.study import Study
    from hpo.task import Task

POLL_SECONDS = 0.2
STARTS_IN_VAIN = 2  # workers that may die before their first trial, one after the other


class LocalExecutor:
    """Runs workers in child processes and replaces those that die."""

    def run(
        self, study: Study, task: Task, *, on_event: OnEvent, stopping: Callable[[], bool]
    ) -> None:
        """Have the study's trials evaluated by children, until it has enough or is stopped."""
        del task  # the children find it by the study's settings
        crew = _Crew(study, on_event)
        try:
            crew.work(stopping)
        except BaseException:
            crew.kill()
            raise


class _Crew:
    """The children that work for a study now, by the place they have."""

    def __init__(self, study: Study, on_event: OnEvent) -> None:
        self._study = study
        self._on_event = on_event
        self._places = dict(enumerate(environments(study.options)))
        self._children: dict[int, Child] = {}
        self._in_vain = dict.fromkeys(self._places, 0)

    def work(self, stopping: Callable[[], bool]) -> None:
        """Keep as many children at work as there are places, until no trial is left to do."""
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
        """End all children at once; their trials are put back."""
        for child in self._children.values():
            child.kill()
            self._study.fail_orphans(child.name)
            self._study.workers.lock_path(child.name).unlink(missing_ok=True)
            child.close()
        self._children.clear()

    def _fill_places(self, selector: selectors.BaseSelector) -> None:
        free = [place for place in self._places if place not in self._children]
        if not free:
            return
        if not self._children:
            self._study.fail_orphans()  # of workers that somebody started by hand
        for place in free[: max(0, self._to_do() - len(self._children))]:
            child = Child(self._study, self._places[place])
            self._children[place] = child
            selector.register(child, selectors.EVENT_READ)

    def _to_do(self) -> int:
        """Trials that nobody has begun, or that one of these children has."""
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
                # What it did while nobody listened has been read: after Ctrl-Z and fg, say.
                child.kill_if_it_takes_too_long()
                # A process that the plugin started may hold the pipe open, so its end may never
                # come; what was written before the worker died still counts.
                ended = not child.is_alive() and child not in _readable(selector, 0)
            if ended:
                selector.unregister(child)
                del self._children[place]
                self._take_leave(place, child)

    def _take_leave(self, place: int, child: Child) -> None:
        """See to what a child that has ended leaves behind."""
        child.close()
        _bury(self._study, child, self._on_event)
        if child.failure is not None:
            raise (UsageError if child.failure.usage else HPOError)(child.failure.message)
        in_vain = not (child.has_begun or child.has_left)
        self._in_vain[place] = self._in_vain[place] + 1 if in_vain else 0
        if self._in_vain[place] == STARTS_IN_VAIN:
            self._give_up(place, child)

    def _give_up(self, place: int, child: Child) -> None:
        """Go on without a place where workers die before their first trial, if others work."""
        message = (
            f"{child.epitaph()}, {STARTS_IN_VAIN} times before its first trial. "
            f"What it printed is in {child.log_path}"
        )
        del self._places[place]
        if not any(other.has_begun for other in self._children.values()):
            raise HPOError(message)
        left = len(self._children)
        told = f"{message}. The search goes on with {left} worker{'s' if left > 1 else ''}."
        self._on_event(WorkerFailed(child.name, told))


def make() -> LocalExecutor:
    """Make the executor."""
    return LocalExecutor()


def _readable(selector: selectors.BaseSelector, seconds: float) -> set[object]:
    """The children that have something to read, after so many seconds at the latest."""
    return {key.fileobj for key, _ in selector.select(seconds)}


def _bury(study: Study, child: Child, on_event: OnEvent) -> None:
    """Fail the trial of a dead worker, which no heartbeat does in a journal."""
    reason = child.epitaph()
    # Where the limits were its trial's own doing, the configuration is to blame.
    cause: Cause = "configuration" if child.verdict else "outside"
    for number in study.fail_orphans(child.name, Failure(reason, cause)):
        seconds = study.trials[number].seconds or 0.0
        on_event(TrialEnded(child.name, number, "failed", None, seconds, reason))
    if not child.has_left:
        on_event(WorkerLeft(child.name))
    study.workers.lock_path(child.name).unlink(missing_ok=True)
