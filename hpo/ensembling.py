"""Ensembles of a study's best trials: chosen on out-of-fold predictions, judged on the test set."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hpo import artifacts, selection
from hpo import cv as cv_module
from hpo.errors import HPOError, UsageError
from hpo.facts import fingerprint
from hpo.metrics import companions, is_regression, on_output, scorer_of
from hpo.plugins import task_of_study
from hpo.preprocessing import fit, transform
from hpo.runs import load_study
from hpo.selection import Candidates
from hpo.study import Study
from hpo.training.variables import by_output

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Sequence

    from hpo.cv import Split
    from hpo.metrics import Scorer
    from hpo.task import Data, Task

PREDICTION_BATCH = 512
DEFAULT_SIZE = 20


def ensemble(
    study: str | Study,
    *,
    method: str = "greedy",
    size: int = DEFAULT_SIZE,
    runs: str | os.PathLike[str] | None = None,
    data_dir: str | os.PathLike[str] | None = None,
    task: Task | str | None = None,
    on_member: Callable[[int, int], None] = lambda _done, _of: None,
) -> Ensemble:
    """Combine the best trials of a study and evaluate the result on the test set.

    Members and weights are chosen on out-of-fold predictions alone. Each call consults the test
    set once, and the study keeps the count.

    Args:
        study: The study or its name.
        method: "greedy" (selection with replacement) or "mean" (equal weights for the best).
        size: Rounds of greedy selection, or members of a mean.
        runs: The folder of studies.
        data_dir: Folder with data sets; by default that of the search.
        task: The study's task, or how to find it; needed where the study was searched with a
            plugin file or a Task given in code.
        on_member: Told how many of how many members have predicted the test set.

    Returns:
        The ensemble.

    Raises:
        UsageError: There is no such study or method, or the task has to be given.
        HPOError: The study has no trial whose models were kept, or its data has changed.
    """
    opened = study if isinstance(study, Study) else load_study(study, runs)
    if size < 1:
        raise UsageError(f"an ensemble needs a size of 1 or more. Received: size={size}")
    loaded = task_of_study(opened.name, opened.settings, task)
    candidates = _candidates(opened, loaded)
    blends = {name: selection.select(name, candidates, size) for name in selection.METHODS}
    if method not in blends:
        raise UsageError(
            f"no ensemble method {method!r}. There are: {', '.join(selection.METHODS)}."
        )
    data = _load_data(opened, loaded, data_dir)
    made = Ensemble(opened, loaded, data, blends[method])
    test = _consult_test(made, candidates.trials[0], on_member)
    blended = candidates.blend(blends[method])
    made.result = {
        "study": opened.name,
        "method": method,
        "members": [{"trial": n, "weight": weight} for n, weight in made.weights.items()],
        "oof": candidates.score(blended),
        "best_single": candidates.trials[0],
        "best_single_oof": candidates.score(candidates.blend({candidates.trials[0]: 1.0})),
        "oof_by_method": {
            name: candidates.score(candidates.blend(weights)) for name, weights in blends.items()
        },
        **test,
        "created": datetime.now().astimezone().isoformat(timespec="seconds"),
    }
    folder = opened.directory / "ensemble"
    artifacts.write_arrays(
        folder / "oof.npz",
        {"index": candidates.index, **{f"oof/{name}": p for name, p in blended.items()}},
    )
    artifacts.write_json(folder / "ensemble.json", made.result)
    return made


class Ensemble:
    """A weighted average of trials, each the average of its fold models.

    Args:
        study: The study.
        task: Its task.
        data: The task's data; fold preprocessors are fitted on its training part.
        weights: Weight by trial number, summing to 1.

    Attributes:
        study: The study.
        task: Its task.
        data: The task's data.
        weights: Weight by trial number.
        members: Predicts with single trials.
        result: What ``hpo ensemble --json`` prints.
    """

    def __init__(self, study: Study, task: Task, data: Data, weights: Mapping[int, float]) -> None:
        self.study = study
        self.weights = dict(weights)
        self.result: dict[str, Any] = {}
        self.task = task
        self.data = data
        self.members = Members(study, task, data)

    def predict(self, x: Any) -> Any:
        """Predict new samples.

        Args:
            x: Raw samples as in the task's ``Data.x``, shape (n_samples, ...), or a dict.

        Returns:
            Predictions, shape (n_samples, ...); a dict by output name for several outputs.
        """
        blended = self.blend({number: self.members.predict(number, x) for number in self.weights})
        return blended[""] if list(blended) == [""] else blended

    def blend(self, predictions: Mapping[int, Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
        """Weighted average of the members' predictions, by output name."""
        names = next(iter(predictions.values()))
        return {
            name: np.asarray(sum(w * predictions[n][name] for n, w in self.weights.items()))
            for name in names
        }


class Members:
    """Predicts with the fold models of trials.

    Args:
        study: The study that keeps the models.
        task: Its task.
        data: Its data.
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
        import keras

        paths = self._study.model_paths(number)
        if len(paths) != len(self._splits):
            raise HPOError(
                f"study {self._study.name!r}: trial {number} has {len(paths)} of its "
                f"{len(self._splits)} fold models. Search with a larger --keep."
            )
        try:
            model = keras.saving.load_model(paths[0], compile=False, safe_mode=True)
        except (ValueError, TypeError) as error:
            raise HPOError(
                f"study {self._study.name!r}: the models of trial {number} cannot be loaded: "
                f"{' '.join(str(error).split())[:300]} Register layers of your own with "
                "keras.saving.register_keras_serializable; Lambda layers are not loaded."
            ) from error
        total: dict[str, Any] = {}
        for path, samples in zip(paths, self._preprocessed(number, x), strict=True):
            model.load_weights(path)
            outputs = model.predict(samples, batch_size=PREDICTION_BATCH, verbose=0)
            for name, prediction in by_output(model, outputs).items():
                total[name] = total.get(name, 0.0) + np.asarray(prediction) / len(paths)
        return total

    def _preprocessed(self, number: int, x: Any) -> list[Any]:
        if self._task.preprocessor is None:
            return [transform(None, x)] * len(self._splits)
        params = self._study.trials[number].params
        transformer = self._task.preprocessor(params)
        return [transform(fit(transformer, self._data, s.train), x) for s in self._splits]


def _candidates(study: Study, task: Task) -> Candidates:
    kept = [trial for trial in study.ranking if study.model_paths(trial.number)]
    if not kept:
        raise HPOError(
            f"study {study.name!r} has no complete trial whose models were kept. "
            f"Search first: hpo run {study.settings.task} --keep 25"
        )
    arrays = [study.arrays(trial.number) for trial in kept]
    index = arrays[0].index
    return Candidates(
        predictions={
            trial.number: of_trial.predictions for trial, of_trial in zip(kept, arrays, strict=True)
        },
        index=index,
        targets={name: target[index] for name, target in study.targets.items()},
        scorer=scorer_of(task, list(arrays[0].predictions), kept[0].loss),
        maximize=study.settings.direction == "maximize",
    )


def _load_data(study: Study, task: Task, data_dir: str | os.PathLike[str] | None) -> Data:
    folder = data_dir or study.options.data_dir
    data = task.load(Path(folder) if folder else None)
    found, recorded = fingerprint((data.x, data.y)), study.facts["data"]["fingerprint"]
    if found != recorded:
        raise HPOError(
            f"study {study.name!r} was searched on other data (fingerprint {recorded}, now "
            f"{found}). Give the folder of that data with --data-dir."
        )
    return data


def _consult_test(
    made: Ensemble, best_single: int, on_member: Callable[[int, int], None]
) -> dict[str, Any]:
    """Evaluate the ensemble and the best single trial on the test set, and put it on record."""
    data = made.data
    study = made.study
    if data.x_test is None:
        return {"test": {}, "test_best_single": {}, "test_consulted": len(study.test_consultations)}
    predictions: dict[int, dict[str, np.ndarray]] = {}
    numbers = {*made.weights, best_single}
    for done, number in enumerate(sorted(numbers), start=1):
        predictions[number] = made.members.predict(number, data.x_test)
        on_member(done, len(numbers))
    metrics = _test_metrics(made, best_single, list(predictions[best_single]))
    targets = data.y_test if isinstance(data.y_test, Mapping) else {"": data.y_test}

    def scores(blended: Mapping[str, np.ndarray]) -> dict[str, float]:
        return {name: metric(targets, blended) for name, metric in metrics.items()}

    test, test_best_single = scores(made.blend(predictions)), scores(predictions[best_single])
    study.record_consultation(f"hpo ensemble {study.name}", test)
    return {
        "test": test,
        "test_best_single": test_best_single,
        "test_consulted": len(study.test_consultations),
    }


def _test_metrics(made: Ensemble, best_single: int, outputs: Sequence[str]) -> dict[str, Scorer]:
    """The objective, and for a single output what people ask for beside it."""
    loss = made.study.trials[best_single].loss
    metrics = {made.task.metric_name: scorer_of(made.task, outputs, loss)}
    if list(outputs) == [""]:
        regression = (
            is_regression(made.task.metric_name) or cv_module.class_labels(made.data) is None
        )
        beside = companions(classification=not regression)
        for name, metric in beside.items():
            metrics.setdefault(name, on_output(metric))
    return metrics
