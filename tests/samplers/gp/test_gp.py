import numpy as np
import optuna
import pytest
from samplers.asking import new_study
from samplers.gp.processes import SPACE

from hpo.samplers import make_sampler
from hpo.space.axes import distribution_of
from hpo.space.parameters import Categorical, Float, Int
from hpo.space.space import Space
from hpo.support.seeds import derived_seed


def test_it_finds_the_minimum_of_a_conditional_function():
    def value(params):
        branch = {"a": 0.3, "b": 0.0, "c": 0.5}[params["kind"]]
        rate = abs(np.log10(params["rate"]) + 2) if "rate" in params else 0.5
        width = (np.log2(params["width"]) - 6) ** 2 / 9 if "width" in params else 0.4
        return branch + rate + width

    study = new_study(SPACE)
    for number in range(30):
        study.sampler = make_sampler("gp", derived_seed(0, "sampler", number))
        trial = study.ask()
        study.tell(trial, value(SPACE.suggest(trial)))
    assert study.best_params["kind"] == "b"
    assert study.best_value < 0.1


@pytest.mark.parametrize("constant", [Int(5, 5), Float(2.0, 2.0), Categorical(["only"])])
def test_it_tries_no_configuration_twice_while_there_are_others(constant):
    space = Space({"a": Categorical([*range(6)]), "b": Categorical([*"xyz"]), "c": constant})
    study = new_study(space)
    for number in range(18):
        study.sampler = make_sampler("gp", derived_seed(0, "sampler", number))
        trial = study.ask()
        params = space.suggest(trial)
        study.tell(trial, float(params["a"]))

    later = {str(trial.params) for trial in study.trials[10:]}
    before = {str(trial.params) for trial in study.trials[:10]}
    assert len(later) == 8
    assert len(later | before) == len(before) + 8


def test_it_remembers_also_what_its_model_does_not_learn_from():
    space = Space({"a": Categorical([*range(20)]), "b": Categorical([*range(20)])})
    study = new_study(space)
    rng = np.random.default_rng(0)
    pairs = rng.permutation([(a, b) for a in range(20) for b in range(20)])
    for a, b in pairs[:390].tolist():
        study.add_trial(
            optuna.trial.create_trial(
                params={"a": a, "b": b},
                distributions={n: distribution_of(space[n]) for n in space},
                value=float(rng.normal()),
            )
        )
    untried = {tuple(pair) for pair in pairs[390:].tolist()}
    study.sampler = make_sampler("gp", 0)

    params = space.suggest(study.ask())

    assert (params["a"], params["b"]) in untried
