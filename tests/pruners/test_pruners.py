import pytest

from hpo import Categorical, Float, Int, Space, Stage
from hpo.errors import UsageError
from hpo.pruners import check, make_pruner, max_epochs_of, rungs
from hpo.pruners.halving import HalvingPruner
from tasks import bare_task


@pytest.mark.parametrize("max_epochs", [1, 2, 5, 12, 20, 25, 100, 200, 1000])
def test_rungs_are_few_and_within_the_training(max_epochs):
    found = rungs(max_epochs)

    assert found == sorted(set(found))
    assert 1 <= found[0] <= max(1, max_epochs // 12)
    assert found[-1] <= max_epochs
    assert len(found) <= 6


def test_auto_is_asha_for_long_trials_only():
    assert make_pruner("auto", max_epochs=20, epochs=20) is None
    assert isinstance(make_pruner("auto", max_epochs=200, epochs=200), HalvingPruner)


def test_a_pruner_that_does_not_exist_is_refused_with_the_nearest():
    with pytest.raises(UsageError, match="Did you mean asha"):
        check("ahsa")


@pytest.mark.parametrize(
    ("epochs", "stages", "max_epochs"),
    [
        (None, (), 30),
        (Int(10, 50), (), 50),
        (Categorical([5, 80]), (), 80),
        (Int(5, 10, when={"rate": ">0.5"}), (), 30),
        (None, (Stage("more", 12, lambda *_: None),), 42),
        (None, (Stage("more", lambda _: 12, lambda *_: None),), 30),
    ],
)
def test_the_most_epochs_are_those_of_the_space_or_the_task(epochs, stages, max_epochs):
    parameters = {"rate": Float(0.1, 1.0)} | ({"epochs": epochs} if epochs else {})
    space = Space(parameters)
    task = bare_task(space=space, epochs=30, stages=stages)

    assert max_epochs_of(task, space) == max_epochs
