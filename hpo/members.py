"""Members of an ensemble: single trials that predict new samples with the models kept of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from hpo import cv as cv_module
from hpo.errors import HPOError
from hpo.preprocessing import fit, transform
from hpo.training.variables import by_output

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from hpo.cv import Split
    from hpo.study import Study
    from hpo.task import Data, Task

PREDICTION_BATCH = 512


class Members(Protocol):
    """Predicts with single trials of a study."""

    def predict(self, number: int, x: Any) -> dict[str, np.ndarray]:
        """Predict raw samples with a trial, by output name."""


class FoldModels:
    """Predicts with the fold models that the search kept.

    Args:
        study: The study that keeps the models.
        task: Its task.
        data: The data it searched on; fold preprocessors are fitted on its training parts.
    """

    def __init__(self, study: Study, task: Task, data: Data) -> None:
        self._study = study
        self._task = task
        self._data = data
        self._splits: Sequence[Split] = cv_module.split(
            study.settings.cv_for(task), data.without_test()
        )

    def predict(self, number: int, x: Any) -> dict[str, np.ndarray]:
        """Average the predictions of a trial's fold models for raw samples, by output name."""
        paths = self._study.model_paths(number)
        if len(paths) != len(self._splits):
            raise HPOError(
                f"study {self._study.name!r}: trial {number} has {len(paths)} of its "
                f"{len(self._splits)} fold models. Search with a larger --keep."
            )
        return average(self._study, number, paths, self._preprocessed(number, x))

    def _preprocessed(self, number: int, x: Any) -> Iterator[Any]:
        """The samples as each fold's preprocessor makes them, one fold in memory at a time."""
        params = self._study.trials[number].params
        transformer = self._task.preprocessor(params) if self._task.preprocessor else None
        plain = transform(None, x) if transformer is None else None
        for split in self._splits:
            if transformer is None:
                yield plain
            else:
                yield transform(fit(transformer, self._data, split.train), x)


def average(
    study: Study, number: int, paths: Sequence[Path], samples: Iterable[Any]
) -> dict[str, np.ndarray]:
    """Average the predictions of several models of one trial.

    Args:
        study: The study.
        number: The trial's number.
        paths: The saved models, of one architecture.
        samples: For every model its samples, preprocessed.

    Returns:
        The mean predictions by output name.

    Raises:
        HPOError: A model cannot be loaded.
    """
    import keras

    try:
        model = keras.saving.load_model(paths[0], compile=False, safe_mode=True)
    except (ValueError, TypeError) as error:
        raise HPOError(
            f"study {study.name!r}: the models of trial {number} cannot be loaded: "
            f"{' '.join(str(error).split())[:300]} Register layers of your own with "
            "keras.saving.register_keras_serializable; Lambda layers are not loaded."
        ) from error
    total: dict[str, Any] = {}
    for path, of_model in zip(paths, samples, strict=True):
        model.load_weights(path)
        outputs = model.predict(of_model, batch_size=PREDICTION_BATCH, verbose=0)
        for name, prediction in by_output(model, outputs).items():
            total[name] = total.get(name, 0.0) + np.asarray(prediction) / len(paths)
    return total
