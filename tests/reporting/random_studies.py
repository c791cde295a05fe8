from __future__ import annotations

import fixture_studies as studies
import numpy as np
import optuna

from hpo.study.keys import RESULT


def study_of(tmp_path, score_of, trials=60, **kwargs):
    """A study of random configurations, each with a score that follows from it."""
    study = studies.new_study(tmp_path, **kwargs)
    study._record.sampler = optuna.samplers.RandomSampler(seed=0)
    for _ in range(trials):
        trial = study._record.ask()
        params = study.space.suggest(trial)
        trial.set_user_attr(RESULT, {"fold_scores": []})
        study._record.tell(trial, score_of(params))
    return study


def by_dropping_rate(params):
    return 2.0 + abs(np.log10(params["learning_rate"]) + 3)
