import numpy as np
import optuna
import pytest

from hpo.scoring.direction import as_loss, direction_of


def test_a_score_to_minimize_is_its_own_loss():
    assert as_loss(0.3, "minimize") == 0.3


def test_the_higher_of_two_scores_to_maximize_is_the_lower_loss():
    assert as_loss(0.9, "maximize") < as_loss(0.3, "maximize")


def test_an_array_of_scores_becomes_an_array_of_losses():
    np.testing.assert_array_equal(as_loss(np.array([1.0, -2.0]), "maximize"), [-1.0, 2.0])


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_the_direction_of_an_optuna_study_is_named_as_a_task_names_it(direction):
    assert direction_of(optuna.create_study(direction=direction)) == direction
