"""Hyperopt behind Optuna's interface."""

import warnings

import numpy as np
import optuna
import pytest

from hpo.samplers import make_sampler
from hpo.space.parameters import Categorical, Float
from hpo.space.space import Space

SPACE = Space(
    {
        "x": Float(-5.0, 5.0),
        "rate": Float(1e-4, 1.0, log=True),
        "kind": Categorical(["a", "b", "c"]),
    }
)


def score(params):
    return (params["x"] - 1) ** 2 + abs(np.log10(params["rate"]) + 2) + (params["kind"] == "a")


def asked_through_optuna(trials, seed):
    study = optuna.create_study(sampler=make_sampler("hyperopt", seed))
    study.set_user_attr("settings", {"space": SPACE.to_toml()})
    for _ in range(trials):
        trial = study.ask()
        study.tell(trial, score(SPACE.suggest(trial)))
    return [trial.params for trial in study.trials]


def asked_by_hyperopt(trials, seed):
    import hyperopt
    from hyperopt import hp

    asked = []

    def evaluate(params):
        asked.append(params)
        return score(params)

    hyperopt.fmin(
        evaluate,
        {
            "x": hp.uniform("x", -5, 5),
            "rate": hp.loguniform("rate", np.log(1e-4), 0.0),
            "kind": hp.choice("kind", ["a", "b", "c"]),
        },
        algo=hyperopt.tpe.suggest,
        max_evals=trials,
        rstate=np.random.default_rng(seed),
        show_progressbar=False,
        verbose=False,
    )
    return asked


@pytest.mark.filterwarnings("ignore")
def test_it_asks_exactly_what_hyperopt_asks():
    ours, theirs = asked_through_optuna(40, seed=3), asked_by_hyperopt(40, seed=3)
    for mine, other in zip(ours, theirs, strict=True):
        assert mine == {
            **other,
            "x": pytest.approx(other["x"]),
            "rate": pytest.approx(other["rate"]),
        }


def test_users_see_none_of_its_warnings(monkeypatch):
    from hyperopt import tpe

    suggest = tpe.suggest

    def complaining(*args, **kwargs):
        warnings.warn("Setting the shape on a NumPy array has been deprecated", stacklevel=1)
        return suggest(*args, **kwargs)

    monkeypatch.setattr(tpe, "suggest", complaining)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(asked_through_optuna(3, seed=0)) == 3
