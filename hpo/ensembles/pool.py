"""The candidates for an ensemble: the best trials of one study, or of several that agree."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import numpy as np

from hpo.data.logits import logits, probabilities
from hpo.ensembles import measure
from hpo.ensembles.members import Member
from hpo.ensembles.selection import Candidates, parts
from hpo.errors import HPOError, UsageError
from hpo.scoring.direction import as_loss
from hpo.study.differences import differences
from hpo.study.folder import list_studies, load_study
from hpo.study.study import Study

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from hpo.scoring.scorer import Scorer
    from hpo.study.trial import Trial
    from hpo.task import Data, Task
    from hpo.training.evaluation import TrialArrays

MAX_CANDIDATES = 25
"""Several studies share this number, unless their parts fall below the next one."""

MIN_CANDIDATES_PER_STUDY = 10

_SETTINGS_IN_COMMON = (
    "task_name",
    "objective",
    "direction",
    "cv",
    "train_size",
    "group_duplicates",
)


def open_studies(
    studies: Sequence[str | Study], runs: str | os.PathLike[str] | None
) -> dict[str, Study]:
    """Open the studies of an ensemble.

    Args:
        studies: The studies or their names; the first will keep the ensemble.
        runs: The folder of studies.

    Returns:
        The studies by name, in this order.

    Raises:
        UsageError: A study does not exist, is given twice, or is in another folder.
        HPOError: The studies do not agree.
    """
    if not studies:
        raise UsageError("an ensemble needs at least one study. Received: none")
    opened = [one if isinstance(one, Study) else load_study(one, runs) for one in studies]
    by_name = {study.name: study for study in opened}
    if len(by_name) < len(opened):
        names = ", ".join(study.name for study in opened)
        raise UsageError(f"each study can be given only once. Received: {names}")
    first = opened[0]
    for other in opened[1:]:
        if other.directory.resolve() != (first.directory.parent / other.name).resolve():
            raise UsageError(
                f"study {other.name!r} is in {other.directory}, but the ensemble would look for it "
                f"in {first.directory.parent}. Put the studies into one folder."
            )
        differences = "; ".join(_differences(other, first))
        if differences:
            raise HPOError(
                f"study {other.name!r} does not agree with {first.name!r}: {differences}. The "
                "members of an ensemble must predict the same samples out of fold."
            )
    return by_name


def member_studies(first: Study, names: Sequence[str]) -> dict[str, Study]:
    """Open the studies of an existing ensemble, which are in the folder of the first.

    Args:
        first: The study that keeps the ensemble.
        names: The names of the members' studies.

    Raises:
        HPOError: One of them does not exist any more.
    """
    folder = first.directory.parent
    url = first.database.url if first.database else None
    studies = {first.name: first}
    for name in names:
        if name in studies:
            continue
        # The file may contain anything, even a path to another folder.
        if name not in list_studies(folder, url):
            raise HPOError(
                f"the ensemble of {first.name!r} has members of study {name!r}, which is not in "
                f"{folder}. Put it back there, or make the ensemble again: "
                f"{first.command('ensemble')}"
            )
        studies[name] = load_study(name, folder, url)
    return studies


def candidates(studies: dict[str, Study], task: Task, data: Data) -> Candidates:
    """The best trials with their out-of-fold predictions, the best first.

    Args:
        studies: The studies by name; they agree.
        task: Their task.
        data: The data that they searched on.

    Raises:
        HPOError: No trial is complete, the trials predicted different samples, or the objective
            cannot be computed from predictions.
    """
    least = MIN_CANDIDATES_PER_STUDY if len(studies) > 1 else 1
    per_study = max(MAX_CANDIDATES // len(studies), least)
    trials = {
        Member(study.name, trial.number): trial
        for study in studies.values()
        for trial in _best(study, per_study)
    }
    if not trials:
        names = ", ".join(map(repr, studies))
        first = next(iter(studies.values()))
        if first.trials:
            raise HPOError(f"study {names} has no complete trial. See: {first.command('show')}")
        raise HPOError(
            f"study {names} has no trials. Search first: hpo run {shlex.quote(first.settings.task)}"
        )
    direction = next(iter(studies.values())).settings.direction
    if len(studies) > 1:
        ranked = sorted(trials.items(), key=lambda item: as_loss(item[1].score or 0.0, direction))
        trials = dict(ranked)
    arrays = {m: studies[m.study].files.arrays(m.trial) for m in trials}
    best, reference = next(iter(arrays.items()))
    for member, other in arrays.items():
        _check_same_samples(best, reference, member, other)
    index = reference.index
    targets = {n: target[index] for n, target in studies[best.study].files.targets.items()}
    groups = None if data.groups is None else np.asarray(data.groups)[index]
    pool = Candidates(
        predictions={
            member: probabilities(other.predictions, trials[member].activations)
            for member, other in arrays.items()
        },
        targets=targets,
        index=index,
        fold=parts(reference.fold, targets, groups, task.objective),
        scorer=_of_probabilities(
            measure.scorer_of_trial(task, list(reference.predictions), trials[best]),
            trials[best].activations,
        ),
        direction=direction,
        units=groups,
        weights=measure.sample_weights(data, index, trials[best]),
    )
    return measure.measured(pool, reference.fold, studies[best.study], task, data)


def _of_probabilities(score: Scorer, activations: Mapping[str, str]) -> Scorer:
    """A scorer that takes probabilities in place of the logits that the models predict."""
    if not activations:
        return score

    def of_logits(
        targets: Mapping[str, np.ndarray],
        predictions: Mapping[str, np.ndarray],
        weights: np.ndarray | None = None,
    ) -> float:
        return score(targets, logits(predictions, activations), weights)

    return of_logits


def _best(study: Study, number: int) -> list[Trial]:
    return [trial for trial in study.ranking if study.files.has_arrays(trial.number)][:number]


def _differences(other: Study, first: Study) -> list[str]:
    """What differs between two studies and keeps them from predicting the same samples."""
    phrases = differences(other.settings, first.settings, _SETTINGS_IN_COMMON)
    theirs, ours = (one.facts.data.fingerprint if one.facts else None for one in (other, first))
    return phrases if theirs == ours else [*phrases, f"data fingerprint is {theirs}, not {ours}"]


def _check_same_samples(
    best: Member, reference: TrialArrays, member: Member, other: TrialArrays
) -> None:
    same = np.array_equal(reference.index, other.index) and np.array_equal(
        reference.fold, other.fold
    )
    if not same:
        raise HPOError(
            f"{member} was evaluated on other folds than {best}. Leave its study out, or search "
            "again."
        )
    shapes = [
        {name: p.shape[1:] for name, p in of.predictions.items()} for of in (reference, other)
    ]
    if shapes[0] != shapes[1]:
        raise HPOError(
            f"{member} cannot be combined with {best}: it predicts outputs of the shapes "
            f"{shapes[1]}, not {shapes[0]}."
        )
