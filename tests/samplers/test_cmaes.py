from samplers.asking import CONDITIONAL, search

from hpo.space.parameters import Categorical, Float
from hpo.space.space import Space


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
