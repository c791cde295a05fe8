"""The trials of one study, or of several that agree, as candidates for an ensemble."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hpo.ensembles.members import Member
from hpo.ensembles.selection import Candidates, parts
from hpo.errors import HPOError, UsageError
from hpo.scoring.direction import as_loss
from hpo.scoring.metrics import scorer_of
from hpo.study.differences import differences
from hpo.study.folder import list_studies, load_study
from hpo.study.study import Study

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from hpo.study.trial import Trial
    from hpo.task import Data, Task
    from hpo.training.evaluation import TrialArrays

MOST_CANDIDATES = 25
"""Of so many of the best trials an ensemble is chosen; each of several studies gives its part."""

FEWEST_OF_EACH = 10

_SETTINGS_IN_COMMON = (
    "task_name",
    "objective",
    "direction",
    "cv",
    "train_size",
    "group_duplicates",
)


def open_studies(
    given: Sequence[str | Study], runs: str | os.PathLike[str] | None
) -> dict[str, Study]:
    """Open studies that an ensemble is to be made of.

    Args:
        given: The studies or their names; the ensemble is stored in the first.
        runs: The folder of studies.

    Returns:
        The studies by name, in that order.

    Raises:
        UsageError: There is no such study, one is named twice, or they lie in several folders.
        HPOError: They do not agree.
    """
    if not given:
        raise UsageError("an ensemble is made of one study or more. Received: none")
    opened = [one if isinstance(one, Study) else load_study(one, runs) for one in given]
    studies = {study.name: study for study in opened}
    if len(studies) < len(opened):
        names = [study.name for study in opened]
        raise UsageError(f"every study once, please. Received: {', '.join(names)}")
    first = opened[0]
    for other in opened[1:]:
        if other.directory.resolve() != (first.directory.parent / other.name).resolve():
            raise UsageError(
                f"study {other.name!r} lies in {other.directory}, and the ensemble would look for "
                f"it in {first.directory.parent}. Put the studies into one folder."
            )
        differences = "; ".join(_differences(other, first))
        if differences:
            raise HPOError(
                f"study {other.name!r} does not agree with {first.name!r}: {differences}. Members "
                "of one ensemble have to predict the same samples out of fold."
            )
    return studies


def member_studies(first: Study, names: Sequence[str]) -> dict[str, Study]:
    """Open the studies of an ensemble that was made, which lie beside the first.

    Raises:
        HPOError: One of them is not there any more.
    """
    folder = first.directory.parent
    found = {first.name: first}
    for name in names:
        if name in found:
            continue
        # A file may name anything, also a path that leads elsewhere.
        if name not in list_studies(folder):
            raise HPOError(
                f"the ensemble of {first.name!r} has members of study {name!r}, which is not in "
                f"{folder}. Put it back there, or make the ensemble anew: hpo ensemble {first.name}"
            )
        found[name] = load_study(name, folder)
    return found


def candidates(studies: dict[str, Study], task: Task, data: Data) -> Candidates:
    """The best trials with their out-of-fold predictions, the best first.

    Args:
        studies: The studies by name; they agree.
        task: Their task.
        data: The data they searched on.

    Raises:
        HPOError: There is no complete trial, or the studies predicted other samples.
    """
    most = max(MOST_CANDIDATES // len(studies), FEWEST_OF_EACH if len(studies) > 1 else 1)
    trials = {
        Member(study.name, trial.number): trial
        for study in studies.values()
        for trial in _best(study, most)
    }
    if not trials:
        names = ", ".join(map(repr, studies))
        first = next(iter(studies.values()))
        raise HPOError(
            f"study {names} has no complete trial. Search first: hpo run {first.settings.task}"
        )
    direction = next(iter(studies.values())).settings.direction
    if len(studies) > 1:
        ranked = sorted(trials.items(), key=lambda item: as_loss(item[1].score or 0.0, direction))
        trials = dict(ranked)
    arrays = {m: studies[m.study].files.arrays(m.trial) for m in trials}
    best, reference = next(iter(arrays.items()))
    for member, found in arrays.items():
        _check_same_samples(best, reference, member, found)
    index = reference.index
    targets = {n: target[index] for n, target in studies[best.study].files.targets.items()}
    groups = None if data.groups is None else np.asarray(data.groups)[index]
    return Candidates(
        predictions={member: found.predictions for member, found in arrays.items()},
        targets=targets,
        index=index,
        fold=parts(reference.fold, targets, groups),
        scorer=scorer_of(task, list(reference.predictions), trials[best].loss),
        direction=direction,
        units=groups,
    )


def _best(study: Study, most: int) -> list[Trial]:
    return [trial for trial in study.ranking if study.files.has_arrays(trial.number)][:most]


def _differences(other: Study, first: Study) -> list[str]:
    """What keeps two studies from predicting the same samples out of fold."""
    found = differences(other.settings, first.settings, _SETTINGS_IN_COMMON)
    theirs, ours = (one.facts.data.fingerprint if one.facts else None for one in (other, first))
    return found if theirs == ours else [*found, f"data fingerprint is {theirs}, not {ours}"]


def _check_same_samples(
    best: Member, reference: TrialArrays, member: Member, found: TrialArrays
) -> None:
    same = np.array_equal(reference.index, found.index) and np.array_equal(
        reference.fold, found.fold
    )
    if not same:
        raise HPOError(
            f"{member} was cut into other folds than {best}. Leave the study out, or search again."
        )
    shapes = [
        {name: p.shape[1:] for name, p in of.predictions.items()} for of in (reference, found)
    ]
    if shapes[0] != shapes[1]:
        raise HPOError(
            f"{member} predicts outputs of the shapes {shapes[1]}, {best} of {shapes[0]}. They "
            "cannot be combined."
        )
