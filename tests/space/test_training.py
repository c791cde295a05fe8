import pytest

from hpo import Categorical, Float, Int, Space
from hpo.errors import UsageError
from hpo.space.training import check_training_parameters

SWITCH = {"long": Categorical([True, False], default=True)}


@pytest.mark.parametrize("name", ["epochs", "batch_size", "patience"])
@pytest.mark.parametrize(
    ("parameter", "problem"),
    [
        (Int(0, 8), "allows 0"),
        (Int(0, 8, when={"long": True}), "allows 0"),
        (Categorical([16, 0]), "allows 0"),
        (Categorical(["16", 32]), 'allows "16"'),
        (Categorical([2.5]), "allows 2.5"),
        (Categorical([True]), "allows true"),
        (Int(-4, -1), "allows -4"),
        (Float(2, 9), "is a float"),
    ],
)
def test_numbers_that_cannot_be_trained_are_refused_before_the_search(name, parameter, problem):
    with pytest.raises(UsageError, match=rf"search_spaces: space: \[{name}\] {problem}"):
        check_training_parameters(Space({**SWITCH, name: parameter}))


def test_numbers_that_can_be_trained_are_taken():
    check_training_parameters(
        Space(
            {
                **SWITCH,
                "epochs": Int(1, 9),
                "batch_size": Categorical([1, 64]),
                "patience": Int(1, 2, when={"long": True}),
                "other": Float(0.0, 1.0),
            }
        )
    )
