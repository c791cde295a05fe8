"""Members of an ensemble: single trials, and the models that the search kept of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from hpo.data import splits
from hpo.data.preprocessing import FoldCache
from hpo.errors import HPOError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from hpo.study.study import Study
    from hpo.task import Data, Task


@dataclass(frozen=True, order=True)
class Member:
    """A trial that an ensemble may be made of.

    Attributes:
        study: The name of its study.
        trial: Its number there.
    """

    study: str
    trial: int

    def __str__(self) -> str:
        return f"trial {self.trial} of study {self.study!r}"


@dataclass(frozen=True, eq=False)
class SavedModel:
    """One model of a member, with the preprocessing it was trained behind.

    Attributes:
        path: The model's file.
        transformer: The fitted transformer, or None; models that share one have the same object.
    """

    path: Path
    transformer: Any


class Members(Protocol):
    """Knows the models of trials; a member predicts the average of its models."""

    def models(self, member: Member) -> Sequence[SavedModel]:
        """The saved models of a member, of one architecture.

        Raises:
            HPOError: One is missing, or lies outside the folder of its study.
        """


def check_path(path: Path, member: Member, study: Study) -> None:
    """Refuse a model that a link leads to outside the folder of its study.

    The folder itself may have been renamed, copied, or be a link to a larger disk.

    Raises:
        HPOError: The model lies outside.
    """
    target = path.resolve()
    if not target.is_relative_to(study.directory.resolve()):
        raise HPOError(
            f"{member}: the file of its model, {path}, leads to {target}, outside of its study. "
            "Somebody replaced it: delete it, and hpo ensemble trains it again."
        )


class FoldModels:
    """The fold models that the search kept, each behind its own fold's preprocessor.

    Args:
        studies: The studies that keep the models, by name.
        task: Their task.
        data: The data they searched on; fold preprocessors are fitted on its training parts.
    """

    def __init__(self, studies: Mapping[str, Study], task: Task, data: Data) -> None:
        self._studies = studies
        searched = data.without_test()
        first = next(iter(studies.values()))
        cuts = splits.split(first.settings.cv_for(task), searched)
        self._n_folds = len(cuts)
        self._folds = FoldCache(task, searched, cuts)

    def models(self, member: Member) -> list[SavedModel]:
        """The models of all folds.

        Raises:
            HPOError: One is missing, or lies outside the folder of its study.
        """
        study = self._studies[member.study]
        paths = study.model_paths(member.trial)
        if len(paths) != self._n_folds:
            raise HPOError(
                f"study {study.name!r}: trial {member.trial} has {len(paths)} of its "
                f"{self._n_folds} fold models. Train them again: hpo ensemble {study.name}"
            )
        for path in paths:
            check_path(path, member, study)
        transformers = self._folds.transformers(study.trials[member.trial].params)
        return [SavedModel(*pair) for pair in zip(paths, transformers, strict=True)]
