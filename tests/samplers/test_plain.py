"""Samplers that build no model: grid and Sobol; CMA-ES; and what is said where one is missing."""

import importlib.util

import optuna
import pytest

from hpo.errors import UsageError
from hpo.samplers import NAMES, make_sampler
from hpo.samplers.history import axes_of
from hpo.samplers.untried import UntriedSampler
from hpo.space.axes import distribution_of
from hpo.space.combinations import grid_values, grid_values_of
from hpo.space.parameters import Categorical, Float, Int
from hpo.space.space import Space
from hpo.study.keys import FAILURE
from hpo.study.tried import count_untried
from hpo.support.seeds import derived_seed


def new_study(space):
    study = optuna.create_study()
    study.set_user_attr("settings", {"space": space.to_toml()})
    study.set_user_attr("first_seed", 0)
    return study


def untried(study, most):
    axes = axes_of(study)
    return count_untried(study, axes, grid_values(axes), most)


def distributions(space):
    return {name: distribution_of(parameter) for name, parameter in space.parameters.items()}


def ask(study, space, sampler):
    study.sampler = make_sampler(sampler, derived_seed(0, "sampler", len(study.trials)))
    trial = study.ask()
    space.suggest(trial)
    return trial


def search(space, sampler, trials, value=lambda _: 0.0):
    study = new_study(space)
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


@pytest.mark.parametrize(
    ("parameter", "values"),
    [
        (Float(0.0, 20.0, step=1.0), [float(x) for x in range(21)]),
        (Int(1, 1024, log=True), [1, 6, 32, 181, 1024]),
        (Int(0, 100), [0, 25, 50, 75, 100]),
        (Int(3, 9), [*range(3, 10)]),
    ],
)
def test_the_values_of_a_grid(parameter, values):
    (axis,) = axes_of(new_study(Space({"x": parameter}))).axes
    assert grid_values_of(axis) == values


TWO_BY_TWO = Space({"a": Categorical([1, 2]), "b": Categorical([3, 4])})


def test_what_is_queued_in_part_becomes_a_combination_that_was_not_tried():
    study = new_study(TWO_BY_TWO)
    study.add_trial(
        optuna.trial.create_trial(
            params={"a": 1, "b": 3}, distributions=distributions(TWO_BY_TWO), value=0.0
        )
    )
    study.enqueue_trial({"a": 1})

    assert untried(study, 10) == 2  # and the queued one
    assert ask(study, TWO_BY_TWO, "grid").params == {"a": 1, "b": 4}
    assert untried(study, 10) == 2


def test_a_combination_that_failed_from_outside_is_tried_once_more():
    study = new_study(TWO_BY_TWO)
    left = []
    for _ in range(2):
        study.enqueue_trial({"a": 1, "b": 3})
        trial = ask(study, TWO_BY_TWO, "grid")
        trial.set_user_attr(FAILURE, {"reason": "killed", "cause": "outside"})
        study.tell(trial, state=optuna.trial.TrialState.FAIL)
        left.append(untried(study, 10))

    assert left == [4, 3]


@pytest.mark.parametrize("sampler", ["sobol", "gp"])
def test_points_spread_evenly_differ_when_a_worker_dies(sampler):
    space = Space({"x": Float(0.0, 1.0), "y": Float(0.0, 1.0)})
    study = new_study(space)
    first, second = (ask(study, space, sampler) for _ in range(2))
    first.set_user_attr(FAILURE, {"reason": "killed", "cause": "outside"})
    study.tell(first, state=optuna.trial.TrialState.FAIL)

    third = ask(study, space, sampler)

    assert third.params not in [first.params, second.params]


def test_the_parents_of_genetic_search_are_the_best_of_all_trials():
    space = Space({"x": Categorical([*range(1000)]), "y": Categorical([*range(1000)])})
    study = new_study(space)
    for x in range(40):
        study.add_trial(
            optuna.trial.create_trial(
                params={"x": x, "y": x}, distributions=distributions(space), value=float(x)
            )
        )

    children = [ask(study, space, "genetic").params for _ in range(30)]

    inherited = [value < 20 for child in children for value in child.values()]
    assert sum(inherited) > 20  # of 60; 20 of 1000 values are the parents', half mutate


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


SMALL = Space(
    {
        "kind": Categorical(["a", "b"]),
        "units": Int(1, 3),
        "dropout": Float(0.0, 0.3, step=0.1, when={"kind": "b"}),
        "constant": Float(2.0, 2.0),
    }
)


@pytest.mark.parametrize("sampler", sorted(set(NAMES) - {"grid", "gp-torch"}))
def test_nothing_is_tried_twice_while_something_is_left(sampler):
    study = new_study(SMALL)
    for number in range(15):
        study.sampler = UntriedSampler(make_sampler(sampler, derived_seed(0, "sampler", number)))
        trial = study.ask()
        params = SMALL.suggest(trial)
        study.tell(trial, float(params["units"]))

    assert len({str(sorted(trial.params.items())) for trial in study.trials}) == 15  # 3 + 3 x 4
    SMALL.suggest(study.ask())  # and then again something that is known


@pytest.mark.parametrize("sampler", ["tpe", "random", "genetic"])
def test_where_nothing_can_come_twice_a_sampler_asks_as_it_does_by_itself(sampler):
    def configurations(wrapped):
        study = new_study(CONDITIONAL_AND_CONTINUOUS)
        for number in range(30):
            own = make_sampler(sampler, derived_seed(0, "sampler", number))
            study.sampler = UntriedSampler(own) if wrapped else own
            trial = study.ask()
            study.tell(trial, CONDITIONAL_AND_CONTINUOUS.suggest(trial)["rate"])
        return [trial.params for trial in study.trials]

    assert configurations(wrapped=True) == configurations(wrapped=False)


CONDITIONAL_AND_CONTINUOUS = Space(
    {
        "kind": Categorical(["a", "b"]),
        "rate": Float(1e-4, 1.0, log=True),
        "dropout": Float(0.0, 0.5, step=0.25, when={"kind": "b"}),
    }
)
