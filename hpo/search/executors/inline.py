"""One worker in this process: for debugging, and for tasks that exist only in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpo.search.events import raising

if TYPE_CHECKING:
    from collections.abc import Callable

    from hpo.search.events import OnEvent
    from hpo.study.study import Study
    from hpo.task import Task


class InlineExecutor:
    """Runs one worker in this process."""

    def run(
        self, study: Study, task: Task, *, on_event: OnEvent, stopping: Callable[[], bool]
    ) -> None:
        """Evaluate trials here until the study has enough or the search is stopped."""
        from hpo.search.host import StudyHost
        from hpo.search.worker import Worker
        from hpo.study.workers import new_worker_name

        Worker(
            StudyHost(study),
            name=new_worker_name(),
            task=task,
            on_event=raising(on_event),
            stopping=stopping,
        ).run()


def make() -> InlineExecutor:
    """Make the executor."""
    return InlineExecutor()
