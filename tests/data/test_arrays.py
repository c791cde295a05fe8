import numpy as np
import pytest

from hpo import Data
from hpo.data.arrays import by_output, of_output, take

X, PRICE, KIND = np.zeros((4, 2)), np.arange(4.0), np.array([0, 1, 0, 1])


def test_rows_are_taken_of_an_array_or_of_every_array():
    rows = np.array([2, 0])

    assert take(PRICE, rows).tolist() == [2.0, 0.0]
    taken = take({"price": PRICE, "kind": KIND}, rows)
    assert {name: array.tolist() for name, array in taken.items()} == {
        "price": [2.0, 0.0],
        "kind": [0, 0],
    }


def test_the_targets_of_a_single_output_have_the_empty_name():
    assert list(by_output(Data(x=X, y=PRICE))) == [""]
    assert list(by_output(Data(x=X, y={"price": PRICE, "kind": KIND}))) == ["price", "kind"]


def test_the_data_of_one_output_has_its_targets_and_no_test_set():
    data = Data(x=X, y={"price": PRICE, "kind": KIND}, x_test=X, y_test={"price": PRICE})

    found = of_output(data, "kind")

    np.testing.assert_array_equal(found.y, KIND)
    assert found.x_test is None
    assert found.y_test is None


@pytest.mark.parametrize(("y", "names"), [(KIND, ["no", "yes"]), ({"kind": KIND}, None)])
def test_names_of_classes_stay_where_there_is_one_output(y, names):
    data = Data(x=X, y=y, class_names=["no", "yes"])

    assert of_output(data, "kind").class_names == names
