"""Ensembles of the best trials: chosen on out-of-fold predictions, judged on the test set."""

from __future__ import annotations

import dataclasses
import math
import os
import shlex
import uuid
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from hpo.data import splits
from hpo.ensembles import pool, selection
from hpo.ensembles.ensemble import Ensemble
from hpo.ensembles.members import FoldModels, Member
from hpo.ensembles.record import describe
from hpo.ensembles.refitting import RefittedModels
from hpo.ensembles.retraining import train_missing
from hpo.ensembles.test_set import consult_test
from hpo.errors import HPOError, UsageError, suggestion
from hpo.options import EnsembleOptions, Placement
from hpo.placement.jobs import Workshop
from hpo.plugins import absolute_reference
from hpo.study import mistakes
from hpo.study.files import OutOfFold
from hpo.study.folder import load_study
from hpo.study.opening import open_data
from hpo.study.study import Study
from hpo.study.terms import terms_of
from hpo.support.options import command_words, read_options, takes_options
from hpo.training import threads

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from typing import Unpack

    from hpo.ensembles.members import Members
    from hpo.ensembles.progress import RefitProgress
    from hpo.ensembles.retraining import Retrained
    from hpo.ensembles.selection import Candidates, Choice, Combiner
    from hpo.options import EnsembleKeywords
    from hpo.study.ensemble_record import EnsembleRecord
    from hpo.task import Task


@takes_options(EnsembleOptions)
def ensemble(
    *studies: str | Study | Sequence[str | Study],
    runs: str | os.PathLike[str] | None = None,
    data_dir: str | os.PathLike[str] | None = None,
    task: Task | str | None = None,
    on_member: Callable[[int, int], None] = lambda _done, _of: None,
    on_refit: Callable[[RefitProgress], None] = lambda _progress: None,
    **options: Unpack[EnsembleKeywords],
) -> Ensemble:
    """Combine the best trials of a study and evaluate the result on the test set.

    Members and weights are chosen on out-of-fold predictions; the claimed score is cross-fitted:
    every part of the data is predicted by an ensemble chosen on the others. Each call consults the
    test set once, and the first study keeps the count and the ensemble.

    A member predicts with its fold models; those that the search did not keep are trained again
    from the recorded seed. With ``refit`` it is trained again on all the training data instead (see
    :mod:`hpo.ensembles.refitting`); out-of-fold scores stay those of the fold models.

    Args:
        studies: The study or its name, or several studies of one task that were cut alike.
        runs: The folder of studies.
        data_dir: Folder with data sets; by default that of the search.
        task: The study's task, or how to find it; needed for a plugin file or a Task in code.
        on_member: Called with how many of how many members have predicted.
        on_refit: Called after every epoch and every model that is trained.
        **options: As :mod:`hpo.options` declares them.

    Returns:
        The ensemble.

    Raises:
        UsageError: There is no such study or method, or the task has to be given.
        HPOError: No trial can be a member, studies do not agree, the data has changed, or a model
            cannot be trained.
    """
    asked = read_options(EnsembleOptions, options)
    _check(asked)
    opened = pool.open_studies(_listed(studies), runs)
    first, *_ = opened.values()
    data = open_data(first, task, data_dir)
    workshop = Workshop(asked, terms_of(first), task, data, data_dir, for_scores=False)
    candidates = pool.candidates(opened, data.task, data.searched)
    choice = _choose(asked, candidates, first, data.task)
    trained_on = data.whole if asked.refit else data.searched
    single = [] if data.whole.x_test is None else candidates.members[:1]
    needed = _Needed(asked.refit, asked.seeds, {*choice.combiner.weights, *single})
    cut = splits.split(first.settings.cv_for(data.task), data.searched, data.task.objective)
    models, retrained = _train(opened, workshop, needed, on_refit)
    in_time_order = splits.are_in_time_order(cut)
    record = describe(first, asked, candidates, choice, retrained, in_time_order=in_time_order)
    made = Ensemble(first, data.task, trained_on, choice.combiner, models, record)
    command = _command([*opened], asked, {"--task": task, "--runs": runs, "--data-dir": data_dir})
    tested = consult_test(made, candidates.members[0], candidates.scorer, command, on_member)
    now = datetime.now().astimezone().isoformat(timespec="seconds")
    own = uuid.uuid4().hex
    made.record = dataclasses.replace(record, **vars(tested), created=now, id=own)
    first.files.write_ensemble(made.record, OutOfFold(candidates.index, choice.predictions))
    mistakes.store(first, data.searched)
    return made


def load_ensemble(
    study: str | Study,
    *,
    runs: str | os.PathLike[str] | None = None,
    data_dir: str | os.PathLike[str] | None = None,
    task: Task | str | None = None,
    on_refit: Callable[[RefitProgress], None] = lambda _progress: None,
) -> Ensemble:
    """Load the latest ensemble of a study, without consulting the test set.

    Models that a later search removed are trained again from the recorded seeds.

    Args:
        study: The study that keeps the ensemble, or its name.
        runs: The folder of studies.
        data_dir: Folder of data sets; by default that of the search. The data is needed to fit
            preprocessors.
        task: The study's task, or how to find it; needed for a plugin file or a Task in code.
        on_refit: Called after every epoch and every model that is trained.

    Returns:
        The ensemble; models are loaded when it predicts for the first time.

    Raises:
        UsageError: The study does not exist, or the task has to be given.
        HPOError: The study has no ensemble, its file is damaged, or the data has changed.
    """
    opened = study if isinstance(study, Study) else load_study(study, runs)
    record = opened.files.ensemble
    if record is None:
        raise HPOError(
            f"study {opened.name!r} has no ensemble yet. Make one: {opened.command('ensemble')}"
        )
    combiner = selection.combiner_of(record)
    studies = pool.member_studies(opened, [member.study for member in combiner.weights])
    _check_members(studies, combiner, record)
    data = open_data(opened, task, data_dir).without_test()
    trained_on = data.whole if record.refit else data.searched
    needed = _Needed(record.refit, record.seeds or 1, set(combiner.weights))
    here = Workshop(Placement(), terms_of(opened), task, data, data_dir, for_scores=False)
    members, _retrained_now = _train(studies, here, needed, on_refit)
    return Ensemble(opened, data.task, trained_on, combiner, members, record)


@dataclasses.dataclass(frozen=True)
class _Needed:
    """The members whose models are needed, and how they are refitted, if they are."""

    refit: bool
    seeds: int
    members: Collection[Member]


def _listed(studies: Sequence[str | Study | Sequence[str | Study]]) -> list[str | Study]:
    return [
        study
        for given in studies
        for study in ([given] if isinstance(given, str | Study | os.PathLike) else given)
    ]


def _check(options: EnsembleOptions) -> None:
    known = (selection.AUTO, *selection.METHODS)
    if options.method not in known:
        raise UsageError(
            f"no ensemble method {options.method!r}. {suggestion(options.method, known)}"
        )
    if options.seeds > 1 and not options.refit:
        raise UsageError(
            "seeds: the number of models of every member that is refitted, so it needs --refit. "
            f"Received: seeds={options.seeds}, refit={options.refit}"
        )


def _command(studies: Sequence[str], options: EnsembleOptions, places: Mapping[str, object]) -> str:
    """The command that makes the ensemble again."""
    words = ["hpo", "ensemble", *studies, *command_words(options)]
    for flag, value in places.items():
        if isinstance(value, str | os.PathLike):
            path = os.fspath(value)
            words += [flag, absolute_reference(path) if flag == "--task" else path]
    return shlex.join(words)


def _check_members(
    studies: Mapping[str, Study], combiner: Combiner, record: EnsembleRecord
) -> None:
    """Refuse members other than the trials that the ensemble was made of."""
    first, *others = studies.values()
    again = f"Make it again: {first.command('ensemble', *(study.name for study in others))}"
    # The recorded time has no fractions of a second.
    made = datetime.fromisoformat(record.created) + timedelta(seconds=1)
    for member in combiner.weights:
        trials = studies[member.study].trials
        if not (0 <= member.trial < len(trials) and trials[member.trial].state == "complete"):
            raise HPOError(f"the ensemble contains {member}, which is not complete. {again}")
        ended = trials[member.trial].ended
        if ended is not None and ended.astimezone() > made:
            raise HPOError(f"{member} was searched after the ensemble was made. {again}")


def _choose(options: EnsembleOptions, candidates: Candidates, study: Study, task: Task) -> Choice:
    choice = selection.choose(options.method, candidates, options.size)
    if not math.isfinite(choice.score):
        raise HPOError(
            f"study {study.name!r}: {task.metric_name} of the ensemble's out-of-fold "
            f"predictions is {choice.score}. Check Task(metric=), and the predictions: "
            f"{study.command('report')}"
        )
    return choice


def _train(
    studies: dict[str, Study],
    workshop: Workshop,
    needed: _Needed,
    on_refit: Callable[[RefitProgress], None],
) -> tuple[Members, list[Retrained]]:
    """Train the models that are missing."""
    task, data = workshop.data.task, workshop.data
    threads.use_few_for(data.searched)
    if needed.refit:
        models = RefittedModels(studies, task, data.whole, needed.seeds)
        models.train(needed.members, workshop, on_refit)
        return models, []
    cut = splits.split(workshop.terms.settings.cv_for(task), data.searched, task.objective)
    retrained = train_missing(studies, needed.members, len(cut), workshop, on_refit)
    return FoldModels(studies, task, data.searched), retrained
