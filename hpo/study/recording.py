"""What a worker records of data and environment before its first trial."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from hpo.data import duplicates
from hpo.data.arrays import by_output
from hpo.data.gaps import describe_gaps
from hpo.scoring.baseline import baseline
from hpo.study.environment import Environment
from hpo.study.facts import DataFacts, Facts
from hpo.study.opening import check_repeatable, check_same_data

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpo.data.splits import Split
    from hpo.study.opening import StudyData
    from hpo.study.study import Study


def record_facts(study: Study, data: StudyData, splits: Sequence[Split]) -> None:
    """Record the facts and the targets of a study, or check that it continues with the same data.

    Args:
        study: The study.
        data: Its data.
        splits: The folds of its trials.

    Raises:
        HPOError: The study was begun with other data, or ``load`` gives other data every time.
    """
    with study.workers.recording_facts():
        if study.facts is None:
            check_repeatable(data)
            study.files.write_targets(by_output(data.searched))
            study.facts = Facts(
                baseline=baseline(data.task, data.searched, splits),
                reference=data.task.reference,
                data=_describe(data, splits),
                environment=Environment.here(),
            )
    check_same_data(study, data)


def _describe(data: StudyData, splits: Sequence[Split]) -> DataFacts:
    searched = data.searched
    inputs = searched.x if isinstance(searched.x, Mapping) else {"": searched.x}
    names, features = searched.class_names, searched.feature_names
    return DataFacts(
        n_samples=searched.n_samples,
        n_samples_whole=data.whole.n_samples,
        fingerprint=data.fingerprint,
        shapes={name: list(np.shape(array)) for name, array in inputs.items()},
        class_names=None if names is None else list(names),
        feature_names=None if features is None else list(features),
        duplicates=duplicates.count(data.whole, searched, splits),
        gaps=describe_gaps(data.task, data.whole),
        folder=data.source.folder,
    )
