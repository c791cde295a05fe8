import numpy as np
import pytest

from hpo.data.digests import fingerprint


def rows(*lists):
    """Samples of different lengths: an array of objects, whose rows are arrays."""
    array = np.empty(len(lists), object)
    for place, values in enumerate(lists):
        array[place] = np.array(values, "int32")
    return array


def test_equal_rows_have_equal_fingerprints():
    assert fingerprint(rows([1, 2], [3])) == fingerprint(rows([1, 2], [3]))


def test_long_rows_are_told_apart_in_their_middle():
    one, other = np.zeros(5000), np.zeros(5000)
    other[2500] = 1

    assert fingerprint(rows(one, [1])) != fingerprint(rows(other, [1]))


@pytest.mark.parametrize("other", [rows([1], [2, 3]), rows([3], [1, 2]), rows([1, 2, 3], [])])
def test_rows_are_told_apart_by_where_they_end_and_stand(other):
    assert fingerprint(rows([1, 2], [3])) != fingerprint(other)


def test_rows_are_told_apart_by_their_type():
    other = rows([1, 2], [3])
    other[0] = other[0].astype("int64")

    assert fingerprint(other) != fingerprint(rows([1, 2], [3]))


def test_lists_in_an_array_of_objects_are_told_apart_too():
    one, other = np.zeros(5000), np.ones(5000)
    one[0] = one[-1] = other[0] = other[-1] = 7
    arrays = [np.empty(1, object) for _ in range(2)]
    arrays[0][0], arrays[1][0] = [one], [other]

    assert fingerprint(arrays[0]) != fingerprint(arrays[1])


def test_dicts_are_told_apart_by_their_names():
    assert fingerprint({"a": np.ones(3)}) != fingerprint({"b": np.ones(3)})
