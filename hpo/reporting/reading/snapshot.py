"""Everything the report needs of a study, read from disk once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from hpo.errors import HPOError
from hpo.reporting.html.formats import finite
from hpo.reporting.reading.importances import importances
from hpo.reporting.reading.rivals import rivals
from hpo.scoring.direction import as_loss
from hpo.study import confirmation, mistakes
from hpo.study.files import read_curves
from hpo.support import files

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np

    from hpo.options import Options
    from hpo.reporting.reading.rivals import Rival
    from hpo.space.space import Space
    from hpo.study.confirmation import Confirmation
    from hpo.study.mistakes import Mistakes
    from hpo.study.settings import Settings
    from hpo.study.study import Study
    from hpo.study.trial import Trial
    from hpo.task import Params
    from hpo.training.evaluation import TrialArrays

DETAILED = 5
"""Of so many of the best trials the page shows curves."""

_Read = TypeVar("_Read")


@dataclass(frozen=True)
class OutOfFold:
    """Out-of-fold predictions of a trial or of the ensemble.

    Attributes:
        source: Whose they are, as the page says it.
        index: The training samples predicted, shape (n_predicted,).
        predictions: Their predictions by output name, shape (n_predicted, ...) each.
    """

    source: str
    index: np.ndarray
    predictions: dict[str, np.ndarray]


@dataclass(frozen=True)
class Snapshot:
    """A study as it stood when the report was written.

    Attributes:
        name: The study's name.
        settings: What makes the study the study it is.
        options: How it was searched; None where no run has begun.
        facts: Baseline, reference, data and environment; may be empty.
        trials: All trials, by number.
        ranking: The complete trials with a finite score, best first.
        defaults: The default configuration; None where the space has none.
        space: The search space; None where it cannot be read.
        arrays: Curves and predictions of the best trials, by number.
        targets: Targets of the training samples by output name; may be empty.
        ensemble: What ``hpo ensemble`` wrote, or None.
        ensemble_predictions: The ensemble's out-of-fold predictions, or None.
        curves: The objective in training and validation of every trial that has curves, by number.
        importances: Share of every hyperparameter that matters, the greatest first; may be empty.
        rivals: Other studies of the same task.
        mistakes: Samples that were predicted worst; may be empty.
        consultations: Every time the test set was consulted.
        confirmation: The best configurations evaluated again, or None.
        unreadable: What could not be read, a sentence each.
    """

    name: str
    settings: Settings
    options: Options | None
    facts: dict[str, Any]
    trials: list[Trial]
    ranking: list[Trial]
    defaults: Params | None
    space: Space | None
    arrays: dict[int, TrialArrays]
    targets: dict[str, np.ndarray]
    ensemble: dict[str, Any] | None
    ensemble_predictions: OutOfFold | None
    curves: dict[int, dict[str, np.ndarray]]
    importances: dict[str, float]
    rivals: tuple[Rival, ...]
    mistakes: tuple[Mistakes, ...]
    consultations: list[dict[str, Any]]
    confirmation: Confirmation | None
    unreadable: tuple[str, ...]

    @property
    def best(self) -> Trial | None:
        """The best trial, or None while none is complete."""
        return self.ranking[0] if self.ranking else None

    @property
    def chosen(self) -> Trial | None:
        """The trial of the best confirmed score, with it; else the best trial."""
        return confirmation.chosen(self.confirmation, self.trials, self.ranking)

    @property
    def smallest_as_good(self) -> Trial | None:
        """The smallest model within one standard error of the best, or None.

        On confirmed scores where there are any, else on first ones.
        """
        return confirmation.smallest(self.confirmation, self.trials, self.ranking)

    @property
    def default_trial(self) -> Trial | None:
        """The complete trial of the default configuration, or None."""
        first = next((trial for trial in self.ranking if trial.number == 0), None)
        return first if first is not None and first.params == self.defaults else None

    @property
    def minimizes(self) -> bool:
        """Whether lower scores are better."""
        return self.settings.direction == "minimize"

    @property
    def test_consulted(self) -> int:
        """How often the test set was consulted."""
        return max(len(self.consultations), int((self.ensemble or {}).get("test_consulted", 0)))

    def gain(self, score: float, over: float) -> float:
        """By how much a score is better than another; negative where it is worse."""
        return as_loss(over - score, self.settings.direction)


def take(study: Study, opened: Mapping[str, Study] | None = None) -> Snapshot:
    """Read a study.

    A file that is missing or damaged costs the page the part that needs it, and no more.

    Args:
        study: The study.
        opened: Studies of the same folder that were opened already, by the name of their folder.

    Returns:
        What the report needs of it.

    Raises:
        HPOError: The study lacks its settings.
    """
    unreadable: list[str] = []
    settings = study.settings
    trials = study.trials
    ranking = [trial for trial in study.ranking if finite(trial.score) is not None]
    space = _read(lambda: study.space, unreadable)
    arrays = {
        trial.number: found
        for trial in ranking[:DETAILED]
        if (found := _read(lambda n=trial.number: study.arrays(n), unreadable)) is not None  # type: ignore[misc]
    }
    return Snapshot(
        name=study.name,
        settings=settings,
        options=_read(lambda: study.options, []),
        facts=study.facts,
        trials=trials,
        ranking=ranking,
        defaults=space.defaults() if space else None,
        space=space,
        arrays=arrays,
        targets=_read(lambda: study.targets, unreadable) or {},
        ensemble=_read(lambda: study.ensemble, unreadable),
        ensemble_predictions=_read(lambda: _ensemble_predictions(study), unreadable),
        curves=_curves(study, settings, trials, unreadable),
        importances=_importances(study, space, len(ranking)),
        rivals=rivals(study, opened or {}),
        mistakes=_read(lambda: mistakes.load(study.directory), unreadable) or (),
        consultations=study.test_consultations,
        confirmation=study.confirmation,
        unreadable=tuple(dict.fromkeys(unreadable)),
    )


def _read(read: Callable[[], _Read], unreadable: list[str]) -> _Read | None:
    try:
        return read()
    except HPOError as error:
        unreadable.append(str(error))
        return None


def _curves(
    study: Study, settings: Settings, trials: list[Trial], unreadable: list[str]
) -> dict[int, dict[str, np.ndarray]]:
    names = (settings.objective.removeprefix("val_"), settings.objective)
    found = {}
    for trial in trials:
        path = study.trial_directory(trial.number) / "evaluation.npz"
        curves = _read(lambda p=path: read_curves(p, names), unreadable)  # type: ignore[misc]
        if curves:
            found[trial.number] = curves
    return found


def _importances(study: Study, space: Space | None, complete: int) -> dict[str, float]:
    if space is None:
        return {}
    searched = tuple(name for name in space.names if len(set(space[name].ends)) > 1)
    return importances(study.record, searched, complete)


def _ensemble_predictions(study: Study) -> OutOfFold | None:
    path = study.directory / "ensemble" / "oof.npz"
    if not path.exists():
        return None
    arrays = files.read_arrays(path)
    if "index" not in arrays:
        raise HPOError(f"{path}: lacks 'index'. Make the ensemble anew: hpo ensemble {study.name}.")
    predictions = {k.removeprefix("oof/"): v for k, v in arrays.items() if k.startswith("oof/")}
    return OutOfFold("The ensemble", arrays["index"], predictions)
