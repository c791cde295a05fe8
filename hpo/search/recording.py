"""What a worker records of data and environment before its first trial."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hpo.data import duplicates
from hpo.data.arrays import by_output, shapes
from hpo.data.gaps import describe_gaps
from hpo.data.splits import validated_by
from hpo.errors import HPOError
from hpo.scoring.agreement import compare, tolerance_for
from hpo.scoring.baseline import baseline
from hpo.study.environment import Environment
from hpo.study.facts import DataFacts, Facts
from hpo.study.opening import check_repeatable, check_same_data

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpo.data.splits import Split
    from hpo.search.host import Host
    from hpo.study.opening import StudyData
    from hpo.task import Data, Task
    from hpo.training.evaluation import Evaluation


def record_facts(host: Host, data: StudyData, splits: Sequence[Split]) -> None:
    """Record the facts and the targets of a study, or check that it continues with the same data.

    Args:
        host: Holds the study.
        data: Its data.
        splits: The folds of its trials.

    Raises:
        HPOError: The study was begun with other data, or ``load`` gives other data every time.
    """
    with host.recording_facts():
        if host.wants_facts(data.fingerprint):
            check_repeatable(data)
            facts = Facts(
                reference=data.task.reference,
                data=_describe(data, splits),
                environment=Environment.here(),
            )
            host.record_facts(facts, by_output(data.searched))
    check_same_data(host.terms(), data)


def check_cut(host: Host, splits: Sequence[Split]) -> None:
    """Refuse a study whose trials were evaluated on other folds, whose scores would be mixed.

    Version 0.1.0 stratified other kinds of targets, for example.

    Args:
        host: Holds the study.
        splits: The folds of its next trials.

    Raises:
        HPOError: The folds of its trials were other ones.
    """
    earlier = host.cut()
    if earlier is None:
        return
    index, fold = validated_by([split.validation for split in splits])
    if not (np.array_equal(earlier.index, index) and np.array_equal(earlier.fold, fold)):
        raise HPOError(
            f"study {host.terms().name!r}: its data is now split differently than for trial "
            f"{earlier.number}, so scores of old and new trials cannot be ranked together. Another "
            "version of hpo or of scikit-learn may have begun it. Start another study with "
            "--study NAME."
        )


def record_baseline(
    host: Host, task: Task, data: Data, splits: Sequence[Split], evaluation: Evaluation
) -> str:
    """Record the baseline of a study once a trial has shown what its objective is.

    There is none, but a reason, where the objective cannot be computed from predictions, or where
    that gives another score than Keras logged.

    Args:
        host: Holds the study.
        task: Its task.
        data: The data that the study searches on.
        splits: How the study cuts it.
        evaluation: The evaluation of a complete trial.

    Returns:
        Why there is none; "" if there is one, or if that was recorded before.
    """
    if not host.wants_baseline():
        return ""
    compiled = evaluation.compiled
    value, reason = None, f"{task.metric_name} cannot be computed from predictions alone"
    if compiled.computed:
        tolerance = tolerance_for(compiled if task.metric is None else None)
        agreement = compare(
            evaluation.fold_scores, compiled.computed, compiled.penalties, tolerance=tolerance
        )
        reason = f"{task.metric_name} is not what hpo computes: {agreement}"
        if agreement.holds:
            value = baseline(task, data, splits, compiled, evaluation.loss)
            reason = "no constant prediction has a score" if value is None else ""
    host.record_baseline(value, reason)
    return reason


def _describe(data: StudyData, splits: Sequence[Split]) -> DataFacts:
    searched = data.searched
    names, features = searched.class_names, searched.feature_names
    return DataFacts(
        n_samples=searched.n_samples,
        n_samples_whole=data.whole.n_samples,
        fingerprint=data.fingerprint,
        shapes={name: list(shape) for name, shape in shapes(searched.x).items()},
        class_names=None if names is None else list(names),
        feature_names=None if features is None else list(features),
        duplicates=duplicates.count(data.whole, searched, splits),
        gaps=describe_gaps(data.task, data.whole),
        folder=data.source.folder,
    )
