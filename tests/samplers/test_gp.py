"""The Gaussian process: its geometry, its gradients, what it finds."""

import numpy as np
import optuna
import pytest
from scipy.optimize import approx_fprime

from hpo.samplers import make_sampler
from hpo.samplers.gp.acquisition import Acquisition, Feasibility, log_improvement
from hpo.samplers.gp.features import Features
from hpo.samplers.gp.model import GaussianProcess, Prior, fit, matern
from hpo.samplers.gp.scores import standardized
from hpo.samplers.history import axes_of
from hpo.space.axes import distribution_of
from hpo.space.parameters import Categorical, Float, Int
from hpo.space.space import Space
from hpo.support.seeds import derived_seed

SPACE = Space(
    {
        "kind": Categorical(["a", "b", "c"]),
        "depth": Int(1, 3),
        "rate": Float(1e-4, 1.0, log=True, when={"kind": ["a", "b"]}),
        "width": Int(8, 512, log=True, when={"depth": ">=2"}),
        "mode": Categorical(["x", "y"], when={"depth": ">=2"}),
    }
)


def new_study(space):
    study = optuna.create_study()
    study.set_user_attr("settings", {"space": space.to_toml()})
    study.set_user_attr("first_seed", 0)
    return study


@pytest.fixture
def axes():
    return axes_of(new_study(SPACE))


def codes_of(axes, *configurations):
    return np.nan_to_num(axes.encode(configurations), nan=0.3)


def processes(axes, n=24):
    rng = np.random.default_rng(0)
    features = Features(axes)
    points = features.of(axes.from_unit(rng.random((n, len(axes.searched)))))
    prior = Prior(len(features.columns))
    scores = fit(points, rng.normal(size=n), features.columns, prior)
    labels = fit(points, np.sign(rng.normal(size=n)), features.columns, prior)
    return features, scores, labels


def squared_distance(axes, left, right):
    one, other = Features(axes).of(codes_of(axes, left, right))
    return ((one - other) ** 2).sum()


def test_values_survive_being_coded(axes):
    for params in [
        {"kind": "b", "depth": 3, "rate": 0.02, "width": 77, "mode": "y"},
        {"kind": "a", "depth": 2, "rate": 1e-4, "width": 512, "mode": "x"},
    ]:
        decoded = axes.decode(axes.encode([params])[0])
        assert decoded == {**params, "rate": pytest.approx(params["rate"])}


def test_what_does_not_apply_makes_no_difference(axes):
    codes = codes_of(axes, {"kind": "c", "depth": 1})
    other = codes.copy()
    other[0, 2:] = [0.9, 0.1, 1.0]
    assert np.array_equal(Features(axes).of(codes), Features(axes).of(other))


def test_an_inactive_value_is_equally_far_from_all_active_ones(axes):
    inactive = {"kind": "c", "depth": 1}
    distances = [
        squared_distance(axes, inactive, {"kind": "a", "depth": 1, "rate": rate})
        for rate in (1e-4, 1e-2, 1.0)
    ]
    assert distances == pytest.approx([distances[0]] * 3)
    near = {"kind": "a", "depth": 1, "rate": 1e-4}
    assert squared_distance(axes, near, {**near, "rate": 1e-3}) < distances[0]


def test_the_kernel_of_a_conditional_space_is_positive_definite(axes):
    rng = np.random.default_rng(1)
    codes = axes.from_unit(rng.random((120, len(axes.searched))))
    points = np.unique(Features(axes).of(codes), axis=0) * rng.uniform(0.1, 5)
    squared = ((points[:, None] - points) ** 2).sum(axis=-1)
    assert np.linalg.eigvalsh(matern(squared)[0]).min() > -1e-9


def test_the_gradient_of_the_acquisition_is_right(axes):
    features, scores, labels = processes(axes)
    acquisition = Acquisition(scores, best=-1.0, feasibility=Feasibility(labels))
    point = np.random.default_rng(2).random(len(features.weight_of))
    value, gradient = acquisition.value_with_gradient(point)
    assert value == pytest.approx(acquisition.values(point[None])[0])
    numeric = approx_fprime(point, lambda x: acquisition.values(x[None])[0], 1e-6)
    assert gradient == pytest.approx(numeric, abs=1e-4)


def test_log_improvement_keeps_its_slope_where_the_improvement_vanishes():
    z = np.array([-1e5, -1001.0, -999.0, -40.0, -1.001, -0.999, 0.0, 5.0])
    found = log_improvement(z)
    assert np.isfinite(found).all()
    assert (np.diff(found) > 0).all()
    assert found[6] == pytest.approx(np.log(1 / np.sqrt(2 * np.pi)))


def test_a_fantasy_takes_away_doubt_and_leaves_the_mean(axes):
    features, scores, _ = processes(axes)
    points = features.of(axes.from_unit(np.random.default_rng(3).random((6, len(axes.searched)))))
    lied: GaussianProcess = scores.with_fantasies(points)
    mean, deviation = scores.predict(points)
    assert lied.predict(points)[0] == pytest.approx(mean, abs=1e-3)
    assert (lied.predict(points)[1] < deviation + 1e-9).all()


def test_one_diverged_trial_does_not_flatten_the_others():
    scores = [0.31, 0.3, 0.29, 0.33, 0.4, 1e9]
    found = standardized(scores)
    assert np.array_equal(np.argsort(found), np.argsort(scores))
    assert found[0] - found[2] > 0.01


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
