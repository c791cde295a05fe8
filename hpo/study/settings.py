"""What a study is and how it is searched, as it remembers them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hpo.task import Direction, Task


@dataclass(frozen=True)
class Settings:
    """What makes a study the study it is; none of it may change when the study goes on.

    Attributes:
        task: How the task's plugin is found: a name, ``module:attribute`` or a path.
        task_name: The name the task gives itself.
        objective: The name Keras logs the objective under.
        direction: Whether it is minimized or maximized.
        cv: How trials are evaluated.
        space: The search space, as TOML.
        train_size: The part of the training data that is searched on: a share below 1, or a
            number of samples; None for all of it.
        group_duplicates: Whether all copies of a sample stay in one fold.
        precision: Keras's dtype policy, such as "mixed_float16", or None for its default.
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

    @property
    def evaluation(self) -> str:
        """How trials are evaluated, and on which part of the data, for people."""
        if self.train_size is None:
            return self.cv
        part = (
            f"{self.train_size:.4g} of the training data"
            if self.train_size < 1
            else f"{self.train_size:,} training samples"
        )
        return f"{self.cv} on {part}"

    def cv_for(self, task: Task) -> Any:
        """How to cut the data: the task's own splitter where the study was begun with it."""
        return task.cv if self.cv == task.cv_name else self.cv
