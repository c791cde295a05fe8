"""Ensembles of a study's best trials: chosen on out-of-fold predictions, judged on the test set."""

from __future__ import annotations

import math
import os
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from hpo import artifacts, selection
from hpo.consultation import (
    DEFAULT_METHOD,
    DEFAULT_SIZE,
    command_of,
    consult_test,
    finite_or_none,
)
from hpo.errors import HPOError, UsageError
from hpo.facts import fingerprint
from hpo.loading import load_data
from hpo.members import FoldModels, Members
from hpo.metrics import scorer_of
from hpo.parts import take_part
from hpo.plugins import task_of_study
from hpo.refitting import RefittedModels
from hpo.runs import load_study
from hpo.selection import Candidates
from hpo.study import Study
from hpo.training import threads
from hpo.training.precision import precision

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from hpo.refitting import RefitProgress
    from hpo.task import Data, Task


def ensemble(  # noqa: PLR0913  (what an ensemble may be told)
    study: str | Study,
    *,
    method: str = DEFAULT_METHOD,
    size: int = DEFAULT_SIZE,
    refit: bool = False,
    seeds: int = 1,
    runs: str | os.PathLike[str] | None = None,
    data_dir: str | os.PathLike[str] | None = None,
    task: Task | str | None = None,
    on_member: Callable[[int, int], None] = lambda _done, _of: None,
    on_refit: Callable[[RefitProgress], None] = lambda _progress: None,
) -> Ensemble:
    """Combine the best trials of a study and evaluate the result on the test set.

    Members and weights are chosen on out-of-fold predictions alone. Each call consults the test
    set once, and the study keeps the count.

    A member predicts with the fold models that the search kept. With ``refit`` it is trained anew
    on all the training data instead, also where the search ran on a part of it; see
    :mod:`hpo.refitting`. Out-of-fold scores stay those of the fold models.

    Args:
        study: The study or its name.
        method: "greedy" (selection with replacement) or "mean" (equal weights for the best).
        size: Rounds of greedy selection, or members of a mean.
        refit: Whether members are trained anew on all the training data, for the number of epochs
            that their trial chose. Models are kept, so one that was interrupted goes on when it
            is called again. Every complete trial can be a member then, with models or without.
        seeds: With ``refit``, how many models a member has, each from a seed of its own.
        runs: The folder of studies.
        data_dir: Folder with data sets; by default that of the search.
        task: The study's task, or how to find it; needed where the study was searched with a
            plugin file or a Task given in code.
        on_member: Told how many of how many members have predicted the test set.
        on_refit: Told after every epoch and every model that is trained.

    Returns:
        The ensemble.

    Raises:
        UsageError: There is no such study or method, or the task has to be given.
        HPOError: The study has no trial that can be a member, its data has changed, or a model
            cannot be trained.
    """
    opened = study if isinstance(study, Study) else load_study(study, runs)
    _check_arguments(method, size, seeds, refit=refit)
    loaded = task_of_study(opened.name, opened.settings, task)
    candidates = _candidates(opened, loaded, refit=refit)
    blends = {name: selection.select(name, candidates, size) for name in selection.METHODS}
    scores = {name: candidates.score(candidates.blend(blends[name])) for name in blends}
    if not math.isfinite(scores[method]):
        raise HPOError(
            f"study {opened.name!r}: {loaded.metric_name} of the ensemble's out-of-fold "
            f"predictions is {scores[method]}. Look at Task(metric=), or at the predictions: "
            f"hpo report {opened.name}"
        )
    best_single = candidates.trials[0]
    data = _load_data(opened, loaded, data_dir, whole=refit)
    members: Members
    if refit:
        tested = {best_single} if data.x_test is not None else set()
        members = _refit(opened, loaded, data, {*blends[method], *tested}, seeds, on_refit)
    else:
        members = FoldModels(opened, loaded, data)
    made = Ensemble(opened, loaded, data, blends[method], members)
    command = command_of(opened, task, data_dir, method=method, size=size, refit=refit, seeds=seeds)
    test = consult_test(made, best_single, command, on_member)
    blended = candidates.blend(blends[method])
    single = candidates.score(candidates.blend({best_single: 1.0}))
    made.result = {
        "study": opened.name,
        "method": method,
        "refit": refit,
        "seeds": seeds if refit else None,
        "members": [{"trial": n, "weight": weight} for n, weight in made.weights.items()],
        "oof": scores[method],
        "best_single": best_single,
        "best_single_oof": finite_or_none(single),
        "oof_by_method": {name: finite_or_none(score) for name, score in scores.items()},
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
    """A weighted average of trials, each the average of its models.

    Args:
        study: The study.
        task: Its task.
        data: The data that the members were trained on.
        weights: Weight by trial number, summing to 1.
        members: Predicts with single trials; by default with the fold models of the search.

    Attributes:
        study: The study.
        task: Its task.
        data: The data that the members were trained on.
        weights: Weight by trial number.
        members: Predicts with single trials.
        result: What ``hpo ensemble --json`` prints.
    """

    def __init__(
        self,
        study: Study,
        task: Task,
        data: Data,
        weights: Mapping[int, float],
        members: Members | None = None,
    ) -> None:
        self.study = study
        self.weights = dict(weights)
        self.result: dict[str, Any] = {}
        self.task = task
        self.data = data
        self.members: Members = members or FoldModels(study, task, data)

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


def _check_arguments(method: str, size: int, seeds: int, *, refit: bool) -> None:
    if size < 1:
        raise UsageError(f"an ensemble needs a size of 1 or more. Received: size={size}")
    if method not in selection.METHODS:
        raise UsageError(
            f"no ensemble method {method!r}. There are: {', '.join(selection.METHODS)}."
        )
    if seeds < 1 or (seeds > 1 and not refit):
        raise UsageError(
            "seeds: how many models of every member are refitted, 1 or more; it needs --refit. "
            f"Received: seeds={seeds}, refit={refit}"
        )


def _refit(
    study: Study,
    task: Task,
    data: Data,
    numbers: Collection[int],
    seeds: int,
    on_refit: Callable[[RefitProgress], None],
) -> RefittedModels:
    threads.use_few_for(data)
    models = RefittedModels(study, task, data, seeds)
    with precision(study.options.precision):
        models.train(numbers, on_refit)
    return models


def _candidates(study: Study, task: Task, *, refit: bool) -> Candidates:
    """The trials with what they are chosen by, and with models unless these are made anew."""
    kept = [
        trial
        for trial in study.ranking
        if (study.trial_directory(trial.number) / "evaluation.npz").exists()
        and (refit or study.model_paths(trial.number))
    ]
    if not kept:
        lacking = "" if refit else " whose models were kept"
        raise HPOError(
            f"study {study.name!r} has no complete trial{lacking}. "
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


def _load_data(
    study: Study, task: Task, data_dir: str | os.PathLike[str] | None, *, whole: bool
) -> Data:
    """Load the data that the study was searched on, or the whole of which it was a part."""
    named = data_dir or os.environ.get("HPO_DATA_DIR")
    data = load_data(task, named or study.options.data_dir)
    found, recorded = fingerprint((data.x, data.y)), study.facts["data"]["fingerprint"]
    if found != recorded:
        raise HPOError(
            f"study {study.name!r} was searched on other data (fingerprint {recorded}, now "
            f"{found}). Give the folder of that data with --data-dir."
        )
    if whole:
        return data
    return take_part(data, study.settings.train_size, study.settings.cv_for(task))
