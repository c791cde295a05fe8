"""How candidates are measured: the objective of the search, checked against what Keras logged."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import numpy as np

from hpo.data import splits
from hpo.data.arrays import by_output
from hpo.ensembles.selection.uncertainty import is_mean
from hpo.errors import HPOError
from hpo.scoring.agreement import (
    ABSOLUTE_TOLERANCE,
    RELATIVE_TOLERANCE,
    Agreement,
    compare,
    scores_of,
    tolerance_for,
)
from hpo.scoring.compiled import Compiled
from hpo.scoring.metrics import scorer_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hpo.ensembles.selection import Candidates
    from hpo.scoring.scorer import Scorer
    from hpo.study.study import Study
    from hpo.study.trial import Trial
    from hpo.task import Data, Task


def scorer_of_trial(task: Task, outputs: Sequence[str], trial: Trial) -> Scorer:
    """The objective as a trial's model was compiled with it.

    Raises:
        HPOError: It cannot be computed from predictions.
    """
    return scorer_of(task, outputs, trial.loss, Compiled.from_json(trial.compiled))


def sample_weights(data: Data, index: np.ndarray, trial: Trial) -> np.ndarray | None:
    """The weights of samples, if the objective depends on them.

    Args:
        data: The data that was searched on.
        index: Positions of the samples, shape (n,).
        trial: A trial.
    """
    compiled = Compiled.from_json(trial.compiled)
    if data.sample_weight is None or compiled is None or not compiled.is_weighted:
        return None
    weights: np.ndarray = np.asarray(data.sample_weight, "float64")[index]
    return weights


def measured(
    candidates: Candidates, fold: np.ndarray, study: Study, task: Task, data: Data
) -> Candidates:
    """Let candidates be scored as their trials were: by fold, by what Keras logged.

    An objective that is not a mean over samples, such as an area under a curve, must not compare
    predictions of different ensembles. Where a single fold was cut into parts that different
    ensembles predict, it is scored by part.

    Args:
        candidates: The candidates, the best first.
        fold: The fold that predicted each sample, shape (n_predicted,).
        study: The study of the best candidate.
        task: Its task.
        data: The data that was searched on.

    Raises:
        HPOError: The objective cannot be computed from predictions: that gives another score than
            Keras logged.
    """
    best = candidates.members[0]
    trial = study.trials[best.trial]
    by_fold = dataclasses.replace(candidates, blocks=fold)
    own = by_fold.predictions[best]
    overlap = _overlap(study, task, data, len(fold))
    agreement = _agreement(by_fold, fold, trial, overlap=overlap, is_own=task.metric is not None)
    notes = []
    if agreement is not None and not agreement.holds:
        where = f"{task.objective} of {best}"
        if task.metric is None:
            raise HPOError(_refusal(study, task, trial, agreement, where))
        notes.append(f"Task(metric=) is not what the search measured: for {where}, {agreement}.")
    sizes = np.unique(fold, return_counts=True)[1]
    is_one_mean = is_mean(by_fold, own)
    if is_one_mean and len(set(sizes)) == 1:
        by_fold = dataclasses.replace(by_fold, blocks=None)  # the mean over folds is that of all
    elif not is_one_mean and len(sizes) == 1 and len(np.unique(by_fold.fold)) > 1:
        by_fold = dataclasses.replace(by_fold, blocks=by_fold.fold)
    single, score = by_fold.score(own), trial.score or 0.0
    if not math.isclose(single, score, rel_tol=RELATIVE_TOLERANCE, abs_tol=ABSOLUTE_TOLERANCE):
        by_part = by_fold.blocks is by_fold.fold
        reasons = "; ".join(_reasons(trial, overlap=overlap, by_part=by_part))
        if reasons:
            notes.append(f"{best} has {single:.6g} here and {score:.6g} in the search: {reasons}.")
    notes += _notes_on_test(by_fold, data, task)
    return dataclasses.replace(by_fold, notes=tuple(notes))


def _overlap(study: Study, task: Task, data: Data, n_predicted: int) -> bool:
    """Whether several folds predict the same sample, as with repeated-kfold."""
    try:
        cuts = splits.split(study.settings.cv_for(task), data)
    except HPOError:
        return True  # not known
    return sum(len(cut.validation) for cut in cuts) != n_predicted


def _agreement(
    candidates: Candidates, fold: np.ndarray, trial: Trial, *, overlap: bool, is_own: bool
) -> Agreement | None:
    """Compare what the scorer computes with what Keras logged; None if that is not possible."""
    compiled = Compiled.from_json(trial.compiled)
    numbers = np.unique(fold)
    if compiled is not None and compiled.computed and not is_own:
        computed = compiled.computed
    elif overlap or len(numbers) != len(trial.fold_scores):
        return None
    else:
        own = candidates.predictions[candidates.members[0]]
        computed = scores_of(
            lambda place: candidates.score_on(own, fold == numbers[place]), len(numbers)
        )
    if len(computed) != len(trial.fold_scores):
        return None
    penalties = () if compiled is None else compiled.penalties
    return compare(trial.fold_scores, computed, penalties, tolerance=tolerance_for(compiled))


def _refusal(study: Study, task: Task, trial: Trial, agreement: Agreement, where: str) -> str:
    compiled = Compiled.from_json(trial.compiled)
    cause = "it may be a function of the plugin's own, or depend on sample weights or on masks"
    if compiled is not None and compiled.objective:
        cause = "masks, weights or terms of the model's own take part in it"
    elif compiled is not None:
        cause = "the model was compiled with a function or settings of its own under this name"
    return (
        f"study {study.name!r}: the objective {task.objective!r} is not known: for {where}, "
        f"{agreement}; {cause}. Give Task(metric=function of y_true and y_pred) that computes it."
    )


def _reasons(trial: Trial, *, overlap: bool, by_part: bool) -> Iterator[str]:
    compiled = Compiled.from_json(trial.compiled)
    if compiled is not None and compiled.penalties:
        yield "the loss of the search contains penalties of weights, which are left out here"
    if overlap:
        yield "predictions of samples that several folds predict are averaged here"
    if by_part:
        yield (
            "it is scored on parts of the hold-out here, since it is not a mean over samples and "
            "every part is predicted by an ensemble chosen on the others"
        )


def _notes_on_test(candidates: Candidates, data: Data, task: Task) -> Iterator[str]:
    per_step = any(y.size != len(y) for y in by_output(data).values())
    if task.metric is not None and per_step and data.x_test is not None:
        yield (
            "Task(metric=) may leave targets out, such as padding; the other metrics on the test "
            "set count all of them."
        )
    if candidates.weights is not None and data.x_test is not None:
        yield "sample weights count out of fold, but the test set has none: it is not weighted."
