import optuna
import pytest
from samplers.asking import ask, new_study, search

from hpo.space.parameters import Float
from hpo.space.space import Space
from hpo.study.keys import FAILURE


@pytest.mark.parametrize("sampler", ["sobol", "gp"])
def test_points_spread_evenly_differ_when_a_worker_dies(sampler):
    space = Space({"x": Float(0.0, 1.0), "y": Float(0.0, 1.0)})
    study = new_study(space)
    first, second = (ask(study, space, sampler) for _ in range(2))
    first.set_user_attr(FAILURE, {"reason": "killed", "cause": "outside"})
    study.tell(first, state=optuna.trial.TrialState.FAIL)

    third = ask(study, space, sampler)

    assert third.params not in [first.params, second.params]


def test_a_sobol_sequence_goes_on_from_trial_to_trial():
    space = Space({"x": Float(0.0, 1.0), "y": Float(0.0, 1.0)})
    points = [trial.params for trial in search(space, "sobol", 16).trials]
    for name in ("x", "y"):
        assert sorted(int(point[name] * 16) for point in points) == [*range(16)]
