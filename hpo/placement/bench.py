"""What a process that does jobs has at hand: the task, its data, and what earlier jobs left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from hpo.errors import UsageError
from hpo.placement import devices
from hpo.study.opening import open_data
from hpo.support.quiet import import_keras
from hpo.training import threads

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from hpo.study.opening import StudyData
    from hpo.study.terms import Terms

Kept = TypeVar("Kept")


class Job(Protocol):
    """Something to do with a task and its data; it travels to the process that does it."""

    def do(self, bench: Bench, on_epoch: Callable[[], None]) -> Any:
        """Do it.

        Args:
            bench: What is at hand.
            on_epoch: To be called after every epoch.

        Returns:
            What the process that gave the job keeps; it travels back.

        Raises:
            HPOError: It cannot be done.
            OSError: The disk is full or broken.
        """


class Bench:
    """What a process that does jobs has at hand.

    Args:
        terms: What the study is.
        data: Its task and its data, without the test set.
    """

    def __init__(self, terms: Terms, data: StudyData) -> None:
        self.terms = terms
        self.data = data.without_test()
        self._kept: tuple[Hashable, Any] = (None, None)
        threads.use_few_for(self.data.searched)

    def keep(self, key: Hashable, make: Callable[[], Kept]) -> Kept:
        """What was made for a key; only that of the latest key is kept, since it may be large."""
        if self._kept[0] != key:
            self._kept = (None, None)  # freed before the next is made
            self._kept = (key, make())
        kept: Kept = self._kept[1]
        return kept


@dataclass(frozen=True)
class Order:
    """What a process that is started for jobs has to know.

    Attributes:
        terms: What the study is.
        task: How its task is found, by default as the study says.
        data_dir: Folder with data sets; None for that of the search.
        for_scores: Whether configurations are evaluated; see :func:`hpo.study.opening.open_data`.
        devices: Which devices were asked for.
        limit: After how many seconds a job fails; None for never.
    """

    terms: Terms
    task: str | None
    data_dir: str | None
    for_scores: bool
    devices: str = "auto"
    limit: float | None = None

    def open(self) -> Bench:
        """Import Keras, load the data and make a bench.

        Raises:
            UsageError: A GPU was asked for that cannot be used.
            HPOError: The data cannot be loaded, or has changed.
        """
        backend = self.terms.settings.backend
        devices.keep_to_cores(backend)
        import_keras(backend)
        data = open_data(self.terms, self.task, self.data_dir, for_scores=self.for_scores)
        unused = "" if self.devices in ("auto", "cpu") else devices.unused_gpus()
        if unused:
            raise UsageError(f"devices {self.devices}: {unused}")
        return Bench(self.terms, data)
