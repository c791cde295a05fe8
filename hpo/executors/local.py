"""Workers as child processes of this one: whatever becomes of them, the study goes on."""

from __future__ import annotations

import selectors
from typing import TYPE_CHECKING

from hpo.devices import environments
from hpo.errors import HPOError, UsageError
from hpo.events import TrialEnded
from hpo.executors.child import Child
from hpo.trial import Cause, Failure

if TYPE_CHECKING:
    from collections.abc import Callable

    from hpo.events import OnEvent
    from hpo.study import Study
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
    """The children that work for a study now."""

    def __init__(self, study: Study, on_event: OnEvent) -> None:
        self._study = study
        self._on_event = on_event
        self._places = environments(study.options)
        self._children: list[Child] = []
        self._in_vain = 0

    def work(self, stopping: Callable[[], bool]) -> None:
        """Keep as many children at work as there are places, until no trial is left to do."""
        with selectors.DefaultSelector() as selector:
            while True:
                if stopping():
                    for child in self._children:
                        child.ask_to_stop()
                else:
                    self._fill_places(selector)
                if not self._children:
                    return
                self._listen(selector)

    def kill(self) -> None:
        """End all children at once; their trials are put back."""
        for child in self._children:
            child.kill()
            self._study.fail_orphans(child.name)
            child.close()
        self._children.clear()

    def _fill_places(self, selector: selectors.BaseSelector) -> None:
        if len(self._children) == len(self._places):
            return
        to_do = self._study.options.trials - self._study.counted
        taken = [child.environment for child in self._children]
        free = list(self._places)
        for environment in taken:
            free.remove(environment)
        for environment in free[: max(0, to_do - len(taken))]:
            child = Child(self._study, environment)
            self._children.append(child)
            selector.register(child, selectors.EVENT_READ)

    def _listen(self, selector: selectors.BaseSelector) -> None:
        ready = {key.fileobj for key, _ in selector.select(POLL_SECONDS)}
        for child in list(self._children):
            child.kill_if_excessive()
            more = child.read(self._on_event) if child in ready else child.is_alive()
            if not more:
                selector.unregister(child)
                self._children.remove(child)
                self._take_leave(child)

    def _take_leave(self, child: Child) -> None:
        """See to what a child that has ended leaves behind."""
        failure = child.failure
        if failure is None:
            _bury(self._study, child, self._on_event)
            worked = child.has_begun or child.has_left
            self._in_vain = 0 if worked else self._in_vain + 1
        child.close()
        if failure is not None:
            raise (UsageError if failure.usage else HPOError)(failure.message)
        if self._in_vain == STARTS_IN_VAIN:
            raise HPOError(
                f"{child.epitaph()}, {self._in_vain} times before its first trial. "
                f"What it printed is in {child.log_path}"
            )


def make() -> LocalExecutor:
    """Make the executor."""
    return LocalExecutor()


def _bury(study: Study, child: Child, on_event: OnEvent) -> None:
    """Fail the trial of a dead worker, which no heartbeat does in a journal."""
    reason = child.epitaph()
    # Where the limits were its trial's own doing, the configuration is to blame.
    cause: Cause = "configuration" if child.verdict else "outside"
    for number in study.fail_orphans(child.name, Failure(reason, cause)):
        seconds = study.trials[number].seconds or 0.0
        on_event(TrialEnded(child.name, number, "failed", None, seconds, reason))
