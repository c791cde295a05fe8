"""Everything that the report needs of a study, read from disk once."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from hpo.data.logits import probabilities
from hpo.errors import HPOError
from hpo.reporting.html.ranges import is_searched
from hpo.reporting.reading.rivals import rivals
from hpo.scoring.direction import as_loss
from hpo.study import confirmation, mistakes
from hpo.study.facts import Facts
from hpo.support.formats import finite

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np

    from hpo.options import Options
    from hpo.reporting.reading.rivals import Rival
    from hpo.space.space import Space
    from hpo.study.code import CodeChange
    from hpo.study.confirmation import Confirmation
    from hpo.study.ensemble_record import EnsembleRecord
    from hpo.study.mistakes import Mistakes
    from hpo.study.settings import Settings
    from hpo.study.study import Study
    from hpo.study.trial import Trial
    from hpo.task import Params
    from hpo.training.evaluation import TrialArrays

MAX_DETAILED_TRIALS = 5
"""The page shows learning curves of this many of the best trials."""

_Read = TypeVar("_Read")


@dataclass(frozen=True)
class OutOfFold:
    """Out-of-fold predictions of a trial or of the ensemble.

    Attributes:
        source: Who made them, as shown on the page.
        index: The indices of the predicted training samples, shape (n_predicted,).
        predictions: The predictions by output name, shape (n_predicted, ...) each.
    """

    source: str
    index: np.ndarray
    predictions: Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Snapshot:
    """A study as it stood when the report was written.

    Attributes:
        name: The name of the study.
        settings: The settings of the study, which never change.
        options: The options of the search; None if no run has started.
        facts: Baseline, reference, data and environment, as far as they are known.
        trials: All trials, by number.
        ranking: The complete trials with a finite score, best first.
        defaults: The default configuration; None if the search space has none.
        space: The search space; None if it cannot be read.
        arrays: Learning curves and predictions of the best trials, by trial number.
        targets: Targets of the training samples by output name; may be empty.
        ensemble: The latest ensemble, or None.
        ensemble_predictions: The ensemble's out-of-fold predictions, or None.
        curves: Learning curves of the objective, by trial number and metric.
        importances: The importances of hyperparameters, in descending order; may be empty.
        rivals: Other studies of the same task.
        mistakes: The samples with the worst predictions; may be empty.
        consultations: Each time that the test set was consulted.
        confirmation: The re-evaluated best configurations, or None.
        code_changes: The changes of the task's code with which the search continued.
        unreadable: What could not be read, a sentence each.
    """

    name: str
    settings: Settings
    options: Options | None
    facts: Facts
    trials: list[Trial]
    ranking: list[Trial]
    defaults: Params | None
    space: Space | None
    arrays: dict[int, TrialArrays]
    targets: dict[str, np.ndarray]
    ensemble: EnsembleRecord | None
    ensemble_predictions: OutOfFold | None
    curves: dict[int, dict[str, np.ndarray]]
    importances: dict[str, float]
    rivals: tuple[Rival, ...]
    mistakes: tuple[Mistakes, ...]
    consultations: list[dict[str, Any]]
    confirmation: Confirmation | None
    code_changes: list[CodeChange]
    unreadable: tuple[str, ...]

    @property
    def best(self) -> Trial | None:
        """The best trial of the search; None if none is complete."""
        return self.ranking[0] if self.ranking else None

    @property
    def chosen(self) -> Trial | None:
        """The trial with the best confirmed score, with that score; else the best of the search."""
        return confirmation.chosen(self.confirmation, self.trials, self.ranking)

    @property
    def smallest_as_good(self) -> Trial | None:
        """The trial with the smallest model within one standard error of the best, or None.

        Confirmed scores count if there are any, else the scores of the search.
        """
        return confirmation.smallest(self.confirmation, self.trials, self.ranking)

    @property
    def default_trial(self) -> Trial | None:
        """The complete trial of the default configuration, or None."""
        first = next((trial for trial in self.ranking if trial.number == 0), None)
        return first if first is not None and first.params == self.defaults else None

    def alike(self, *numbers: int) -> tuple[list[Trial], bool]:
        """Trials with scores that can be compared, and whether these are confirmed."""
        return confirmation.alike(self.confirmation, self.trials, *numbers)

    @property
    def minimizes(self) -> bool:
        """Whether lower scores are better."""
        return self.settings.direction == "minimize"

    @property
    def test_consulted(self) -> int:
        """How many times the test set was consulted."""
        return max(len(self.consultations), self.ensemble.test_consulted if self.ensemble else 0)

    @property
    def test(self) -> Mapping[str, float | None]:
        """The scores of the ensemble on the test set by metric; may be empty."""
        return self.ensemble.test if self.ensemble else {}

    def gain(self, score: float, over: float) -> float:
        """By how much a score is better than another; negative if it is worse."""
        return as_loss(over - score, self.settings.direction)


def take(study: Study, opened: Mapping[str, Study] | None = None) -> Snapshot:
    """Read what the report needs of a study.

    If a file is missing or damaged, the page lacks only the part that needs the file.

    Args:
        study: The study.
        opened: Studies in the same folder that are open already, by the name of their folder.

    Raises:
        HPOError: The study has no settings.
    """
    unreadable: list[str] = []
    settings = study.settings
    trials = study.trials
    ranking = [trial for trial in study.ranking if finite(trial.score) is not None]
    space = _read(lambda: study.space, unreadable)
    _read(lambda: study.files.fetch_arrays(trial.number for trial in trials), unreadable)
    return Snapshot(
        name=study.name,
        settings=settings,
        options=_read(lambda: study.options, []),
        facts=_read(lambda: study.facts or Facts(), unreadable) or Facts(),
        trials=trials,
        ranking=ranking,
        defaults=space.defaults() if space else None,
        space=space,
        arrays=_arrays(study, ranking[:MAX_DETAILED_TRIALS], unreadable),
        targets=_read(lambda: study.files.targets, unreadable) or {},
        ensemble=_read(lambda: study.files.ensemble, unreadable),
        ensemble_predictions=_read(lambda: _ensemble_predictions(study), unreadable),
        curves=_curves(study, settings, trials, unreadable),
        importances=_importances(study, space),
        rivals=rivals(study, opened or {}),
        mistakes=_read(lambda: mistakes.load(study), unreadable) or (),
        consultations=_read(lambda: study.test_consultations, unreadable) or [],
        confirmation=_read(lambda: study.confirmation, unreadable),
        code_changes=_read(lambda: study.code_changes, unreadable) or [],
        unreadable=tuple(dict.fromkeys(unreadable)),
    )


def _read(read: Callable[[], _Read], unreadable: list[str]) -> _Read | None:
    try:
        return read()
    except HPOError as error:
        unreadable.append(str(error))
        return None


def _arrays(study: Study, trials: list[Trial], unreadable: list[str]) -> dict[int, TrialArrays]:
    found = {}
    for trial in trials:
        arrays = _read(partial(study.files.arrays, trial.number), unreadable)
        if arrays is not None:
            shown = probabilities(arrays.predictions, trial.activations)
            found[trial.number] = dataclasses.replace(arrays, predictions=shown)
    return found


def _curves(
    study: Study, settings: Settings, trials: list[Trial], unreadable: list[str]
) -> dict[int, dict[str, np.ndarray]]:
    names = (settings.objective.removeprefix("val_"), settings.objective)
    by_trial = {}
    for trial in trials:
        curves = _read(partial(study.files.curves, trial.number, names), unreadable)
        if curves:
            by_trial[trial.number] = curves
    return by_trial


def _importances(study: Study, space: Space | None) -> dict[str, float]:
    if space is None:
        return {}
    searched = tuple(name for name in space.names if is_searched(space[name]))
    return study.importances(searched)


def _ensemble_predictions(study: Study) -> OutOfFold | None:
    stored = study.files.ensemble_predictions
    return None if stored is None else OutOfFold("Ensemble", stored.index, stored.predictions)
