"""Several trials that predict together."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from hpo.data.targets import decide, metric_of
from hpo.ensembles.loaded_models import LoadedModels

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

    from hpo.data.targets import Target
    from hpo.ensembles.members import Member, Members
    from hpo.ensembles.selection import Combiner
    from hpo.study.ensemble_record import EnsembleRecord
    from hpo.study.study import Study
    from hpo.task import Data, Task


class Ensemble:
    """Several trials that predict together, each with the average of its models.

    Args:
        study: The study that keeps it.
        task: Its task.
        data: The data that the members were trained on.
        combiner: The members, and how their predictions are combined.
        members: Finds the members' models.
        record: Its record in the study.

    Attributes:
        study: The study that keeps it.
        task: Its task.
        data: The data that the members were trained on.
        combiner: The members, and how their predictions are combined.
        members: Finds the members' models, each with its preprocessing.
        loaded: Predicts with single members.
        record: Its record in the study.
    """

    def __init__(
        self,
        study: Study,
        task: Task,
        data: Data,
        combiner: Combiner,
        members: Members,
        record: EnsembleRecord,
    ) -> None:
        self.study = study
        self.task = task
        self.data = data
        self.combiner = combiner
        self.members = members
        self.loaded = LoadedModels(members)
        self.record = record

    @property
    def result(self) -> dict[str, Any]:
        """What ``hpo ensemble --json`` prints."""
        return self.record.to_json()

    @property
    def weights(self) -> Mapping[Member, float]:
        """The weight of every member, in descending order."""
        return self.combiner.weights

    @cached_property
    def targets(self) -> dict[str, Target]:
        """What the ensemble predicts, by output name."""
        stored = self.study.files.ensemble_predictions
        return self.targets_of(stored.predictions if stored else {})

    def targets_of(self, predictions: Mapping[str, np.ndarray]) -> dict[str, Target]:
        """What members or the ensemble predict.

        Args:
            predictions: Predictions of any samples, by output name, shape (n, ...) each.
        """
        targets, best = self.study.files.targets, self.study.best
        return {
            name: decide(
                y,
                metric=metric_of(self.task.objective, name, several=len(targets) > 1),
                loss=best.loss_of(name) if best else "",
                names=None if name else self.data.class_names,
                predictions=predictions.get(name),
            )
            for name, y in targets.items()
        }

    def predict(self, x: Any) -> Any:
        """Predict new samples.

        Models stay loaded and preprocessors fitted, so samples can be predicted in parts.

        Args:
            x: Raw samples as in the task's ``Data.x``, shape (n_samples, ...), or a dict.

        Returns:
            Predictions, shape (n_samples, ...); a dict by output name for several outputs. If the
            models predict logits, these are probabilities.
        """
        combined = self.combiner.combine(self.loaded.predict([*self.weights], x))
        return combined[""] if list(combined) == [""] else combined
