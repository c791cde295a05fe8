"""How important each hyperparameter of a study is.

Source: Conditional PED-ANOVA (Ito et al., 2026, "Hyperparameter Importance in Hierarchical and
Dynamic Search Spaces", on Watanabe et al., 2023, "PED-ANOVA"), by Optuna. A hyperparameter that
applies in some trials only is judged on those, weighted by how many they are.
"""

from __future__ import annotations

import math
import warnings
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    import optuna

MIN_TRIALS_FOR_IMPORTANCE = 12
"""With fewer complete trials, importances would be accidental."""
MIN_TRIALS_APPLIED = 8
"""A hyperparameter that applied in fewer complete trials is left out, for the same reason."""
_TARGET_QUANTILE = 0.1
_MIN_BEST_TRIALS = 5
"""The best trials, whose values PED-ANOVA compares with all others, are at least this many."""


def importances(record: optuna.Study, names: Collection[str]) -> dict[str, float]:
    """Compute the importance of each searched hyperparameter.

    Args:
        record: Optuna's study.
        names: The hyperparameters that can take more than one value.

    Returns:
        Shares that add up to 1, in descending order. Empty if there are too few trials, or if no
        hyperparameter sets good trials apart. A hyperparameter that applied in fewer than
        :data:`MIN_TRIALS_APPLIED` complete trials is left out.
    """
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
    from optuna.trial import TrialState

    trials = record.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    n_complete = sum(math.isfinite(trial.value or 0.0) for trial in trials)
    if n_complete < MIN_TRIALS_FOR_IMPORTANCE:
        return {}
    quantile = min(0.5, max(_TARGET_QUANTILE, _MIN_BEST_TRIALS / n_complete))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Optuna warns of few trials; the page says so itself.
        all_importances = get_param_importances(
            record,
            evaluator=PedAnovaImportanceEvaluator(target_quantile=quantile),
            normalize=False,
        )
    n_applied = Counter(name for trial in trials for name in trial.params)
    kept = {
        name: float(value)
        for name, value in all_importances.items()
        if name in names and value > 0 and n_applied[name] >= MIN_TRIALS_APPLIED
    }
    total = sum(kept.values())
    shares = {name: value / total for name, value in kept.items()} if total else {}
    return dict(sorted(shares.items(), key=lambda item: -item[1]))
