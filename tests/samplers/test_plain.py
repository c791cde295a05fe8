"""Samplers that build no model: grid and Sobol; CMA-ES; and what is said where one is missing."""

import importlib.util

import optuna
import pytest

from hpo.errors import UsageError
from hpo.samplers import NAMES, make_sampler
from hpo.seeds import derived_seed
from hpo.space import Categorical, Float, Int, Space


def search(space, sampler, trials, value=lambda _: 0.0):
    study = optuna.create_study()
    study.set_user_attr("settings", {"space": space.to_toml()})
    study.set_user_attr("options", {"seed": 0})
    for number in range(trials):
        study.sampler = make_sampler(sampler, derived_seed(0, "sampler", number))
        trial = study.ask()
        study.tell(trial, value(space.suggest(trial)))
    return study


CONDITIONAL = Space(
    {
        "kind": Categorical(["a", "b"]),
        "layers": Int(1, 3),
        "rate": Float(1e-4, 1.0, log=True, when={"kind": "a"}),
        "dropout": Float(0.0, 0.5, step=0.25, when={"layers": ">=2"}),
    }
)


def test_a_grid_tries_every_combination_once():
    study = search(CONDITIONAL, "grid", 42)
    tried = {str(sorted(trial.params.items())) for trial in study.trials}
    assert len(tried) == 42  # (5 rates with a, b alone) x (1 layer, 2 and 3 with 3 dropouts)
    with pytest.raises(UsageError, match="all 42 combinations"):
        CONDITIONAL.suggest(study.ask())


def test_a_grid_thins_out_a_wide_range():
    study = search(CONDITIONAL, "grid", 42)
    rates = sorted({trial.params["rate"] for trial in study.trials if "rate" in trial.params})
    assert rates == pytest.approx([1e-4, 1e-3, 1e-2, 1e-1, 1.0])


def test_a_grid_keeps_the_steps_it_is_given():
    study = search(Space({"units": Int(0, 100, step=5)}), "grid", 21)
    assert sorted(trial.params["units"] for trial in study.trials) == [*range(0, 101, 5)]


def test_a_sobol_sequence_goes_on_from_trial_to_trial():
    space = Space({"x": Float(0.0, 1.0), "y": Float(0.0, 1.0)})
    points = [trial.params for trial in search(space, "sobol", 16).trials]
    for name in ("x", "y"):
        assert sorted(int(point[name] * 16) for point in points) == [*range(16)]


def test_cmaes_closes_in_on_a_minimum():
    space = Space(
        {
            "x": Float(-1.0, 1.0),
            "y": Float(1e-3, 10.0, log=True),
            "kind": Categorical(["a", "b", "c"]),
        }
    )

    def value(params):
        return (params["x"] - 0.3) ** 2 + abs(params["y"] - 0.1) + (params["kind"] != "b")

    study = search(space, "cmaes", 100, value)
    late = sorted(trial.value for trial in study.trials[80:])
    assert late[10] < sorted(trial.value for trial in study.trials[:20])[10] / 4
    assert sum(trial.params["kind"] == "b" for trial in study.trials[80:]) > 13


def test_cmaes_stores_nothing_that_would_have_to_be_unpickled():
    study = search(CONDITIONAL, "cmaes", 20)
    assert not any(trial.system_attrs for trial in study.trials)


def test_the_samplers_of_the_design_are_there():
    wanted = {"random", "grid", "sobol", "tpe", "cmaes", "genetic", "hyperopt", "gp", "gp-torch"}
    assert wanted == set(NAMES)


@pytest.mark.skipif(importlib.util.find_spec("torch") is not None, reason="PyTorch is there")
def test_without_pytorch_its_sampler_says_what_to_do():
    with pytest.raises(UsageError, match="pip install torch"):
        make_sampler("gp-torch", 0)
