import math

import optuna
import pytest
from optuna.trial import TrialState
from samplers.asking import new_study

from hpo.samplers.history import History, axes_for, axes_of, study_seed
from hpo.space.axes import distribution_of
from hpo.space.parameters import Categorical, Float
from hpo.space.space import Space
from hpo.study.keys import FAILURE

SPACE = Space({"kind": Categorical(["a", "b"]), "rate": Float(0.0, 1.0, when={"kind": "a"})})


def told(study, *, value=None, state=None, reports=(), cause=None):
    trial = study.ask()
    for step, report in enumerate(reports):
        trial.report(report, step)
    if cause:
        trial.set_user_attr(FAILURE, {"reason": "it failed", "cause": cause})
    study.tell(trial, value, state=state)


def history(study):
    asking = study.ask()
    return History.of(study, study.get_trials(deepcopy=False)[asking.number])


@pytest.mark.parametrize(
    ("direction", "scores"), [("minimize", [2.0, 1.0]), ("maximize", [-2, -1])]
)
def test_scores_are_all_to_be_minimized(direction, scores):
    study = optuna.create_study(direction=direction)
    for value in (2.0, 1.0):
        told(study, value=value)

    assert history(study).scores == scores


def test_a_pruned_trial_is_never_better_than_half_of_the_complete_ones():
    study = optuna.create_study()
    for value in (1.0, 2.0, 3.0):
        told(study, value=value)
    told(study, state=TrialState.PRUNED, reports=[9.0, 0.5])
    told(study, state=TrialState.PRUNED, reports=[0.5, 9.0])
    told(study, state=TrialState.PRUNED)

    assert history(study).scores == [1.0, 2.0, 3.0, 2.0, 9.0]


@pytest.mark.parametrize(("value", "stands_for"), [(math.inf, 3.0), (-math.inf, 1.0)])
def test_an_infinite_score_is_replaced_by_the_nearest_finite_one(value, stands_for):
    study = optuna.create_study()
    for one in (1.0, value, 3.0):
        told(study, value=one)

    assert history(study).scores == [1.0, stands_for, 3.0]


def test_only_failures_of_the_configuration_are_evidence():
    study = optuna.create_study()
    for cause in ("configuration", "outside", "interrupted"):
        told(study, state=TrialState.FAIL, cause=cause)
    study.ask()  # still runs

    found = history(study)

    assert [trial.number for trial in found.failed] == [0]
    assert [trial.number for trial in found.running] == [3]
    assert found.begun == 3  # the interrupted one will be tried again


def test_the_axes_of_a_study_are_those_of_its_space_with_their_conditions():
    axes = axes_of(new_study(SPACE))

    assert [axis.name for axis in axes.axes] == ["kind", "rate"]
    assert list(axes.axes[1].conditions) == ["kind"]


def test_without_a_space_the_axes_are_what_all_trials_have_in_common():
    study = optuna.create_study()
    for names in (["a", "b"], ["b", "c"]):
        trial = study.ask()
        for name in names:
            trial.suggest_float(name, 0.0, 1.0)
        study.tell(trial, 0.0)

    assert [axis.name for axis in axes_of(study).axes] == ["b"]


def test_a_parameter_that_the_space_lacks_comes_last_and_always_applies():
    wanted = {"extra": distribution_of(Float(0.0, 1.0))} | {
        name: distribution_of(parameter) for name, parameter in SPACE.parameters.items()
    }

    axes = axes_for(new_study(SPACE), wanted)

    assert [(axis.name, list(axis.conditions)) for axis in axes.axes] == [
        ("kind", []),
        ("rate", ["kind"]),
        ("extra", []),
    ]


def test_the_seed_of_a_study_is_its_first():
    study = optuna.create_study()
    assert study_seed(study, 5) == 5

    study.set_user_attr("first_seed", 7)
    assert study_seed(study, 5) == 7
