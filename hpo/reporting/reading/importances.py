"""How much each hyperparameter matters."""

from __future__ import annotations

import warnings
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import optuna

ENOUGH = 12
"""With fewer complete trials, an importance would be an accident."""
APPLIED = 8
"""In so many complete trials a hyperparameter has to apply, for the same reason."""
_QUANTILE = 0.1
_BEST = 5
"""So many of the best trials, at least, stand for those that did well."""


def importances(record: optuna.Study, names: tuple[str, ...], complete: int) -> dict[str, float]:
    """The importance of every searched hyperparameter.

    Args:
        record: Optuna's study.
        names: The hyperparameters that have more than one value.
        complete: The number of complete trials.

    Returns:
        Shares that add up to 1, the greatest first; empty with too few trials, or where none of
        them sets good trials apart. One that applied in fewer than :data:`APPLIED` complete trials
        is left out.
    """
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

    if complete < ENOUGH:
        return {}
    quantile = min(0.5, max(_QUANTILE, _BEST / complete))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of regimes with few trials, which the page says itself
        found = get_param_importances(
            record,
            evaluator=PedAnovaImportanceEvaluator(target_quantile=quantile),
            normalize=False,
        )
    applied = _applied(record)
    kept = {
        name: float(value)
        for name, value in found.items()
        if name in names and value > 0 and applied[name] >= APPLIED
    }
    total = sum(kept.values())
    shares = {name: value / total for name, value in kept.items()} if total else {}
    return dict(sorted(shares.items(), key=lambda item: -item[1]))


def _applied(record: optuna.Study) -> Counter[str]:
    """In how many complete trials each hyperparameter applied."""
    from optuna.trial import TrialState

    trials = record.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    return Counter(name for trial in trials for name in trial.params)
