"""Members of an ensemble: single trials, and the models that the search kept for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from hpo.data import splits
from hpo.data.preprocessing import FoldCache
from hpo.errors import HPOError
from hpo.training.evaluation import build

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from hpo.study.study import Study
    from hpo.task import Data, Task


@dataclass(frozen=True, order=True)
class Member:
    """A trial that can be a member of an ensemble.

    Attributes:
        study: The name of its study.
        trial: Its number in that study.
    """

    study: str
    trial: int

    def __str__(self) -> str:
        return f"trial {self.trial} of study {self.study!r}"


@dataclass(frozen=True, eq=False)
class SavedModel:
    """One model of a member, and the transformer that makes its inputs.

    Attributes:
        path: The model's file.
        transformer: The fitted transformer, or None; models that share one hold the same object.
        activations: What makes probabilities of its outputs, by the names of those that are logits.
    """

    path: Path
    transformer: Any
    activations: Mapping[str, str]


class Members(Protocol):
    """Finds the saved models of members; a member predicts the average of its models."""

    def models(self, member: Member) -> Sequence[SavedModel]:
        """The saved models of a member, all of the same architecture.

        Raises:
            HPOError: One is missing, or lies outside the folder of its study.
        """

    def build(self, member: Member) -> Any:
        """Build the network of a member, untrained: what its models' weights fit."""


def check_path(path: Path, member: Member, study: Study) -> None:
    """Refuse the file of a model that is a link out of the folder of its study.

    The folder itself may have been renamed or copied, or be a link to a larger disk.

    Raises:
        HPOError: The file lies outside.
    """
    target = path.resolve()
    if not target.is_relative_to(study.directory.resolve()):
        raise HPOError(
            f"{member}: its model {path} is a link to {target}, outside of its study. Somebody "
            f"replaced it. Delete it and train it again: {study.command('ensemble')}"
        )


class FoldModels:
    """The fold models that the search kept, each with the transformer of its own fold.

    Where the folds follow one another in time, the last fold's model predicts alone: the others
    know only older data.

    Args:
        studies: The studies that keep the models, by name.
        task: Their task.
        data: The data they searched on; transformers are fitted on the training part of each fold.
    """

    def __init__(self, studies: Mapping[str, Study], task: Task, data: Data) -> None:
        self._studies = studies
        self._task = task
        searched = self._data = data.without_test()
        first = next(iter(studies.values()))
        folds = splits.split(first.settings.cv_for(task), searched, task.objective)
        self._n_folds = len(folds)
        self._first = len(folds) - 1 if splits.are_in_time_order(folds) else 0
        self._folds = FoldCache(task, searched, folds)

    def models(self, member: Member) -> list[SavedModel]:
        """The models of all folds that predict new samples.

        Raises:
            HPOError: One is missing, or lies outside the folder of its study.
        """
        study = self._studies[member.study]
        paths = study.files.model_paths(member.trial)
        if len(paths) != self._n_folds:
            raise HPOError(
                f"study {study.name!r}: trial {member.trial} has {len(paths)} of its "
                f"{self._n_folds} fold models. Train them again: "
                f"{study.command('ensemble')}"
            )
        for path in paths:
            check_path(path, member, study)
        trial = study.trials[member.trial]
        transformers = self._folds.transformers(trial.params)
        return [
            SavedModel(path, transformer, trial.activations)
            for path, transformer in zip(paths, transformers, strict=True)
        ][self._first :]

    def build(self, member: Member) -> Any:
        """Build the network of a member, untrained."""
        trial = self._studies[member.study].trials[member.trial]
        model, _folds = build(self._task, self._data, self._folds, trial.params, trial.seed or 0)
        return model
