"""Executors: where the workers of a search run."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Protocol, get_args

from hpo.errors import UsageError, suggestion
from hpo.options import Executor as Name

if TYPE_CHECKING:
    from collections.abc import Callable

    from hpo.search.events import OnEvent
    from hpo.study.study import Study
    from hpo.task import Task

NAMES = get_args(Name)


class Executor(Protocol):
    """Places workers, and makes sure that a dead one harms only its own trial."""

    def run(
        self, study: Study, task: Task, *, on_event: OnEvent, stopping: Callable[[], bool]
    ) -> None:
        """Evaluate trials until the study has enough or the search is stopped.

        Args:
            study: The study; its options say how it is searched.
            task: Its task.
            on_event: Called with every event of the workers.
            stopping: Whether to stop; running trials are then interrupted after their epoch.

        Raises:
            HPOError: No worker can work.
        """


def make_executor(name: str) -> Executor:
    """Make an executor.

    Args:
        name: One of ``NAMES``.

    Raises:
        UsageError: There is no such executor.
    """
    if name not in NAMES:
        raise UsageError(f"no executor {name!r}. {suggestion(name, NAMES)}")
    executor: Executor = importlib.import_module(f"hpo.search.executors.{name}").make()
    return executor
