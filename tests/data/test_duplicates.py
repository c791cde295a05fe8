import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpo import Data
from hpo.data.digests import digests
from hpo.data.duplicates import Duplicates, count, with_copies_grouped
from hpo.data.splits import split
from hpo.errors import HPOError


def objects(*rows):
    array = np.empty(len(rows), object)
    array[:] = rows
    return array


def data(x, **more):
    n = len(next(iter(x.values()))) if isinstance(x, dict) else len(x)
    return Data(x=x, y=np.linspace(0, 1, n), **more)


def counted(found, cv="kfold:2"):
    return count(found, found, split(cv, found))


# ---------------------------------------------------------------- what a copy is

KINDS = {
    "numbers": np.array([[1.0, 2.0], [3.0, 4.0], [1.0, 2.0], [5.0, 6.0]]),
    "pictures": np.arange(4)[[0, 1, 0, 2]][:, None, None] * np.ones((1, 3, 3), "uint8"),
    "one number each": np.array([7, 8, 7, 9]),
    "words": np.array(["a", "b", "a", "c"]),
    "dates": np.array(["2020-01-01", "2020-01-02", "2020-01-01", "2020-01-03"], "datetime64[D]"),
    "texts": objects("good", "bad", "good", "good "),
    "tokens": objects(np.array([1, 2]), np.array([1]), np.array([1, 2]), np.array([1, 2, 0])),
    "lists": objects([1, 2], [12], [1, 2], [1, 2, 0]),
    "dicts": {"a": np.array([1, 1, 1, 2]), "b": objects("x", "y", "x", "x")},
}


@pytest.mark.parametrize("x", KINDS.values(), ids=KINDS)
def test_the_first_and_the_third_sample_are_copies_and_no_others(x):
    found = digests(x)

    assert len(found) == 4
    assert found[0] == found[2]
    assert len(set(found.tolist())) == 3


def test_rows_need_not_lie_together_in_memory():
    x = np.arange(12.0).reshape(3, 4)

    np.testing.assert_array_equal(digests(np.asfortranarray(x)), digests(x))


def test_long_arrays_in_lists_are_told_apart_in_their_middle():
    one, other = np.zeros(5000), np.zeros(5000)
    other[2500] = 1

    assert len(set(digests(objects([one], [other])).tolist())) == 2


@given(st.lists(st.lists(st.integers(0, 2), min_size=2, max_size=2), min_size=1, max_size=30))
def test_samples_are_copies_exactly_where_they_are_equal(rows):
    found = digests(np.array(rows)).tolist()

    for one, digest in zip(rows, found, strict=True):
        assert [row == one for row in rows] == [other == digest for other in found]


def test_fifty_thousand_pictures_take_about_a_second():
    x = np.random.default_rng(0).integers(0, 256, (50_000, 784), "uint8")
    began = time.process_time()

    digests(x)

    assert time.process_time() - began < 3  # 0.1 s on the machine this was written on


# ---------------------------------------------------------------- counting


def test_samples_without_copies_count_nothing():
    assert counted(data(np.arange(10.0)[:, None])) == Duplicates(0, 0, 0)


def test_all_copies_of_a_sample_count():
    assert counted(data(np.array([1, 2, 3, 1, 1, 2])), "holdout:0.5").within_train == 5


def test_copies_across_training_and_validation_are_counted_by_validated_samples():
    x = np.array([1, 1, 2, 2, 3, 4])
    found = data(x, folds=np.array([0, 1, 0, 0, 0, 1]))

    assert counted(found, "predefined").train_validation == 2


def test_a_sample_that_is_validated_on_several_times_counts_once():
    found = data(np.zeros((8, 2)))

    assert counted(found, "repeated-kfold:2x5").train_validation == 8


def test_test_samples_that_are_in_the_training_data_are_counted():
    found = data(np.array([1, 2, 3, 4]), x_test=np.array([4, 5, 4]), y_test=np.zeros(3))

    assert counted(found).train_test == 2


def test_targets_do_not_matter():
    found = Data(x=np.array([1, 1, 2, 3]), y=np.array([0.1, 0.9, 0.5, 0.4]))

    assert counted(found).within_train == 2


# ---------------------------------------------------------------- keeping copies in one fold


def test_data_without_copies_is_left_as_it_is():
    found = data(np.arange(10.0))

    assert with_copies_grouped(found) is found


@given(
    st.lists(st.integers(0, 9), min_size=12, max_size=60).filter(lambda v: len(set(v)) > 3),
    st.sampled_from(["kfold:3", "holdout:0.4"]),
)
def test_no_copy_of_a_sample_is_trained_on_where_it_is_validated_on(values, cv):
    found = with_copies_grouped(data(np.array(values)))

    splits = split(cv, found)

    assert count(found, found, splits).train_validation == 0


@given(
    st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), min_size=1, max_size=25).filter(
        lambda pairs: len({value for value, _ in pairs}) < len(pairs)
    )
)
def test_groups_of_the_task_and_copies_together_are_connected_components(pairs):
    values, groups = (np.array(column) for column in zip(*pairs, strict=True))

    merged = with_copies_grouped(data(values, groups=groups)).groups

    expected = components(values.tolist(), groups.tolist())
    for one in range(len(pairs)):
        assert (merged == merged[one]).tolist() == [expected[one] == other for other in expected]


def components(values, groups):
    """The component of each sample, by walking from sample to sample."""
    found = list(range(len(values)))
    for _ in values:
        for i in range(len(values)):
            for j in range(len(values)):
                if values[i] == values[j] or groups[i] == groups[j]:
                    found[i] = found[j] = min(found[i], found[j])
    return found


def test_groups_of_the_task_may_have_names():
    found = with_copies_grouped(
        data(np.array([1, 1, 2, 3]), groups=np.array(["ann", "bob", "bob", "eve"]))
    )

    assert len(set(found.groups[:3].tolist())) == 1
    assert found.groups[3] != found.groups[0]


def test_a_cut_in_time_through_copies_is_refused_with_what_to_do():
    found = with_copies_grouped(data(np.array([1, 2, 3, 4, 5, 1])))

    with pytest.raises(HPOError, match="--group-duplicates"):
        split("time:2", found)
