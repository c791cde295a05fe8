import optuna
from samplers.asking import ask, distributions, new_study

from hpo.samplers.history import axes_of
from hpo.space.combinations import grid_values
from hpo.space.parameters import Categorical
from hpo.space.space import Space
from hpo.study.keys import FAILURE
from hpo.study.tried import count_untried


def untried(study, most):
    axes = axes_of(study)
    return count_untried(study, axes, grid_values(axes), most)


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
