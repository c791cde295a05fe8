import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpo import Data
from hpo.data.splits import split
from hpo.data.subset import parse, take_part
from hpo.errors import UsageError


def samples(n=100, **more):
    """Samples that are their own positions."""
    return Data(**{"x": np.arange(n)[:, None], "y": np.linspace(-1, 1, n), **more})


def classes(*counts, **more):
    labels = np.repeat(np.arange(len(counts)), counts)
    names = [f"class {k}" for k in range(len(counts))]
    return samples(len(labels), y=labels, class_names=names, **more)


def positions(part):
    return part.x[:, 0].tolist()


# ---------------------------------------------------------------- what may be given


@pytest.mark.parametrize(
    ("given", "size"),
    [("0.2", 0.2), (0.5, 0.5), ("2000", 2000), (2000, 2000), (2000.0, 2000), (None, None)],
)
def test_a_share_or_a_number_of_samples_is_read(given, size):
    assert parse(given) == size
    assert type(parse(given)) is type(size)


@pytest.mark.parametrize(
    "given", ["0", 0, -5, "-0.2", 1, "1.0", "half", "", "nan", "inf", 2.5, True, []]
)
def test_anything_else_is_refused_with_what_came_in(given):
    with pytest.raises(UsageError, match=r"share .* between 0 and 1.* Received: ") as raised:
        parse(given)

    assert str(raised.value).endswith(str(given))


@pytest.mark.parametrize("size", [101, 0.001])
def test_a_part_larger_than_the_data_or_empty_is_refused(size):
    with pytest.raises(UsageError, match="1 to 100 samples"):
        take_part(samples(), size, "kfold:4")


# ---------------------------------------------------------------- which samples


@pytest.mark.parametrize(("size", "n"), [(0.25, 25), (40, 40), (100, 100), (None, 100)])
def test_a_part_has_the_size_asked_for_in_the_order_of_the_data(size, n):
    taken = positions(take_part(samples(), size, "kfold:4"))

    assert len(taken) == n
    assert taken == sorted(set(taken))


@pytest.mark.parametrize("data", [samples(), classes(70, 20, 10)])
def test_the_part_is_always_the_same_and_no_mere_beginning(data):
    first, again = (positions(take_part(data, 30, "kfold:4")) for _ in range(2))

    assert first == again
    assert first != list(range(30))


def test_everything_that_belongs_to_a_sample_is_taken_along():
    n = 40
    data = samples(
        n,
        y={"a": np.arange(n), "b": np.arange(n) / 2},
        sample_weight=np.arange(n) / n,
        folds=np.arange(n) % 3,
        x_test=np.zeros((5, 1)),
        y_test=np.zeros(5),
    )

    part = take_part(data, 12, "predefined")

    rows = np.array(positions(part))
    np.testing.assert_array_equal(part.y["a"], rows)
    np.testing.assert_array_equal(part.y["b"], rows / 2)
    np.testing.assert_array_equal(part.sample_weight, rows / n)
    np.testing.assert_array_equal(part.folds, rows % 3)
    assert part.x_test is data.x_test
    assert len(split("predefined", part)) == 3


def test_a_part_of_a_file_that_is_mapped_into_memory_is_copied(tmp_path):
    np.save(tmp_path / "x.npy", np.arange(100)[:, None])
    data = samples(x=np.load(tmp_path / "x.npy", mmap_mode="r"))

    part = take_part(data, 10, "kfold:2")

    assert type(part.x) is np.ndarray
    assert len(positions(part)) == 10


# ---------------------------------------------------------------- classes


def test_classes_keep_their_shares():
    part = take_part(classes(600, 300, 100), 0.1, "kfold:4")

    assert np.bincount(part.y).tolist() == [60, 30, 10]


def test_rare_classes_keep_two_samples_so_that_a_holdout_can_be_stratified():
    counts = [500, 300, *range(43, 2, -1), 2, 2]

    part = take_part(classes(*counts), 0.1, "holdout:0.3")

    assert part.n_samples == round(0.1 * sum(counts))
    assert np.bincount(part.y, minlength=len(counts)).min() == 2
    assert len(split("holdout:0.5", part)) == 1


def test_every_class_keeps_one_sample_where_two_are_too_many():
    part = take_part(classes(*[20] * 10, 1), 12, "kfold:2")

    assert set(part.y) == set(range(11))


def test_a_part_smaller_than_the_number_of_classes_can_be_taken():
    assert take_part(classes(*[5] * 10), 4, "kfold:2").n_samples == 4


@given(st.lists(st.integers(1, 60), min_size=1, max_size=12), st.data())
def test_any_classes_can_be_shared_out(counts, data):
    n = data.draw(st.integers(1, sum(counts)))

    part = take_part(classes(*counts), n, "kfold:2")

    had = np.bincount(part.y, minlength=len(counts))
    assert had.sum() == n
    assert (had <= counts).all()
    if n >= len(counts):
        assert had.min() >= 1
    if n >= 2 * len(counts):
        shares = n * np.array(counts) / sum(counts)
        assert (had <= np.maximum(np.ceil(shares), 2)).all()


# ---------------------------------------------------------------- groups and time


@pytest.mark.parametrize("y", [np.linspace(0, 1, 100), np.arange(100) % 2 == 0])
def test_groups_stay_whole(y):
    groups = np.arange(100) // 5

    part = take_part(samples(y=y, groups=groups), 32, "kfold:2")

    assert part.n_samples == 30
    assert set(np.bincount(part.groups)) <= {0, 5}


def test_groups_of_one_class_each_are_shared_out_by_class():
    groups = np.arange(100) // 5
    part = take_part(classes(50, 50, groups=groups), 40, "kfold:2")

    assert np.bincount(part.y).tolist() == [20, 20]


def test_a_part_without_room_for_a_group_is_refused():
    with pytest.raises(UsageError, match="no whole group"):
        take_part(samples(groups=np.zeros(100)), 10, "kfold:2")


def test_an_evaluation_in_time_takes_the_most_recent_part():
    assert positions(take_part(samples(), 30, "time:3")) == list(range(70, 100))


def test_a_group_that_begins_before_the_most_recent_part_is_left_out():
    data = samples(groups=np.arange(100) // 8)

    assert positions(take_part(data, 30, "time:3")) == list(range(72, 100))
