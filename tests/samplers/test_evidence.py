"""What samplers learn from trials that failed, and from trials that still run."""

import optuna
import pytest
from samplers.asking import new_study

from hpo.samplers import NAMES, make_sampler
from hpo.space.parameters import Categorical, Float, Int
from hpo.space.space import Space
from hpo.study.keys import FAILURE
from hpo.support.seeds import derived_seed

LEARNING = ["tpe", "gp", "hyperopt"]
WITHOUT_TORCH = [name for name in NAMES if name != "gp-torch"]

SPACE = Space(
    {
        "kind": Categorical(["a", "b", "c", "d"]),
        "width": Float(0.0, 1.0),
        "rate": Float(1e-4, 1.0, log=True),
        "depth": Int(1, 3),
        "extra": Float(0.0, 1.0, when={"depth": ">=2"}),
    }
)


def ask(study, sampler, number):
    study.sampler = make_sampler(sampler, derived_seed(1, "sampler", number))
    trial = study.ask()
    return trial, SPACE.suggest(trial)


def score(params):
    return (params["width"] - 0.4) ** 2 + params["rate"] + params.get("extra", 0.3)


def fail(study, trial, cause):
    trial.set_user_attr(FAILURE, {"reason": "it failed", "cause": cause, "details": ""})
    study.tell(trial, state=optuna.trial.TrialState.FAIL)


def search(sampler, trials, fails=lambda _: False, cause="configuration"):
    study, asked = new_study(SPACE), []
    for number in range(trials):
        trial, params = ask(study, sampler, number)
        asked.append(params)
        if fails(params):
            fail(study, trial, cause)
        else:
            study.tell(trial, score(params))
    return study, asked


@pytest.mark.parametrize("sampler", LEARNING)
@pytest.mark.parametrize(
    "fails",
    [lambda p: p["kind"] in ("c", "d"), lambda p: p["width"] > 0.5],
    ids=["half of the choices", "half of a range"],
)
def test_few_asks_fall_where_configurations_fail(sampler, fails):
    _, asked = search(sampler, 60, fails)
    assert sum(map(fails, asked[:30])) > 0
    assert sum(map(fails, asked[30:])) < 30 / 4


@pytest.mark.parametrize("sampler", LEARNING)
@pytest.mark.parametrize("cause", ["outside", "interrupted"])
def test_failures_from_outside_are_no_evidence(sampler, cause):
    without, _ = search(sampler, 25)
    with_failures, _ = search(sampler, 25)
    for kind in "abcd" * 5:
        params = {"kind": kind, "width": 0.5, "rate": 0.1, "depth": 1}
        with_failures.enqueue_trial(params)
        trial = with_failures.ask()
        SPACE.suggest(trial)
        fail(with_failures, trial, cause)
    assert ask(with_failures, sampler, 25)[1] == ask(without, sampler, 25)[1]


@pytest.mark.parametrize("sampler", LEARNING)
def test_a_search_goes_on_where_everything_failed_so_far(sampler):
    _, asked = search(sampler, 14, lambda _: True)
    assert all(SPACE.contains(params) for params in asked)
    assert len({str(params) for params in asked}) > 10


@pytest.mark.parametrize("sampler", WITHOUT_TORCH)
def test_the_same_seed_and_history_give_the_same_configuration(sampler):
    first, asked = search(sampler, 22)
    second, asked_again = search(sampler, 22)
    assert asked == asked_again
    assert ask(first, sampler, 22)[1] == ask(second, sampler, 22)[1]


@pytest.mark.parametrize("sampler", WITHOUT_TORCH)
def test_all_configurations_lie_in_the_space(sampler):
    _, asked = search(sampler, 30)
    assert [SPACE.problems(params) for params in asked] == [[]] * 30


def test_the_gaussian_process_keeps_away_from_what_other_workers_run():
    study, _ = search("gp", 15)
    asked = [ask(study, "gp", 15)[1] for _ in range(4)]
    pairs = [(a, b) for n, a in enumerate(asked) for b in asked[:n]]
    same = [a for a, b in pairs if a["kind"] == b["kind"] and abs(a["width"] - b["width"]) < 0.01]
    assert not same
