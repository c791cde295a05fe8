"""Workers in child processes: whatever happens to them, the search continues."""

from __future__ import annotations

import selectors
from typing import TYPE_CHECKING

from hpo.placement.devices import environments
from hpo.search.executors.child import Child
from hpo.search.executors.crew import Crew

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hpo.search.events import OnEvent
    from hpo.study.study import Study
    from hpo.task import Task

POLL_SECONDS = 0.2


class LocalExecutor:
    """Runs workers in child processes and replaces those that die."""

    def run(
        self, study: Study, task: Task, *, on_event: OnEvent, stopping: Callable[[], bool]
    ) -> None:
        """Evaluate trials in children until the study has enough or the search is stopped."""
        del task  # the children find it through the study's settings
        with selectors.DefaultSelector() as selector:
            _LocalCrew(study, on_event, selector).work(stopping)


class _LocalCrew(Crew[Child]):
    """The children that work for a study."""

    def __init__(self, study: Study, on_event: OnEvent, selector: selectors.BaseSelector) -> None:
        self._environments = environments(study.options)
        super().__init__(study, len(self._environments), on_event)
        self._task = study.settings.task  # a later run of the study may find it elsewhere
        self._selector = selector

    def start(self, place: int) -> Child:
        """Start a child."""
        child = Child(self.study, self._task, self._environments[place])
        self._selector.register(child, selectors.EVENT_READ)
        return child

    def listen(self) -> Iterator[int]:
        """Read what the children write."""
        ready = self._readable(POLL_SECONDS)
        for place, child in self.members.items():
            child.kill_if_it_takes_too_much_memory()
            if child in ready:
                ended = not child.read(self.on_event)
            else:
                # Only when nothing is left to read: after Ctrl-Z and fg there may be a lot.
                child.kill_if_it_takes_too_long()
                # A process that the plugin started may hold the pipe open forever, so its end
                # may never come; what the worker wrote before it died still counts.
                ended = not child.is_alive() and child not in self._readable(0)
            if ended:
                self._selector.unregister(child)
                yield place

    def _readable(self, seconds: float) -> set[object]:
        """The children with something to read, waiting for so many seconds at most."""
        return {key.fileobj for key, _ in self._selector.select(seconds)}


def make() -> LocalExecutor:
    """Make the executor."""
    return LocalExecutor()
