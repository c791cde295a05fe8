"""The settings of a study."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpo.task import Direction  # noqa: TC001  (what is read from a study is compared with it)

if TYPE_CHECKING:
    from hpo.task import Task


@dataclass(frozen=True)
class Settings:
    """What must not change while a study exists.

    Attributes:
        task: How to find the task: a name, ``module:attribute`` or a path.
        task_name: The name of the task.
        objective: Keras's name for the objective in its logs.
        direction: Whether the objective is minimized or maximized.
        cv: How trials are evaluated, such as "kfold:5".
        space: The search space, as TOML.
        train_size: The part of the training data that the study searches on: a share below 1, or a
            number of samples; None for all of it.
        group_duplicates: Whether all copies of a sample stay in one fold.
        precision: Keras's dtype policy, such as "mixed_float16"; None for its default.
        backend: Keras's backend; None for studies of version 0.1.0, which did not record it.
    """

    task: str
    task_name: str
    objective: str
    direction: Direction
    cv: str
    space: str
    train_size: float | int | None = None
    group_duplicates: bool = False
    precision: str | None = None
    backend: str | None = None

    @property
    def evaluation(self) -> str:
        """How trials are evaluated, and on which part of the data, in words."""
        if self.train_size is None:
            return self.cv
        part = (
            f"{self.train_size:.4g} of the training data"
            if self.train_size < 1
            else f"{self.train_size:,} training samples"
        )
        return f"{self.cv} on {part}"

    def cv_for(self, task: Task) -> Any:
        """How to cut the data: the splitter of the task if the study was begun with it."""
        return task.cv if self.cv == task.cv_name else self.cv
