import warnings

import numpy as np
import pytest
from data.samples import GROUPS, samples
from hypothesis import given
from hypothesis import strategies as st
from sklearn import model_selection as sk

from hpo import Data
from hpo.data.splits import (
    are_in_time_order,
    check_name,
    class_labels,
    make_splitter,
    split,
)
from hpo.data.subset import take_part
from hpo.errors import HPOError, UsageError

FORMS = [
    "kfold:3",
    "repeated-kfold:3x2",
    "repeated-kfold:3x1",
    "holdout:0.25",
    "time:3",
    "predefined",
]


def classes(*counts, **more):
    """A classification with so many samples of class 0, class 1, ..."""
    labels = np.repeat(np.arange(len(counts)), counts)
    shuffled = np.random.default_rng(0).permutation(labels)
    return Data(x=np.zeros((len(labels), 2)), y=shuffled, **more)


def validated(splits):
    """How often each sample is validated on, in order of position."""
    rows = np.concatenate([cut.validation for cut in splits])
    return np.bincount(rows).tolist()


# ---------------------------------------------------------------- forms


@pytest.mark.parametrize("form", FORMS)
def test_every_form_trains_and_validates_on_different_samples(form):
    data = samples(folds=np.arange(40) % 4)

    for cut in split(form, data):
        assert len(cut.train)
        assert len(cut.validation)
        assert not set(cut.train) & set(cut.validation)
        assert set(cut.train) | set(cut.validation) <= set(range(40))


@pytest.mark.parametrize("form", FORMS)
def test_every_form_names_positions_in_ascending_order(form):
    for cut in split(form, samples(folds=np.arange(40) % 4)):
        assert (np.diff(cut.train) > 0).all()
        assert (np.diff(cut.validation) > 0).all()


@pytest.mark.parametrize("form", FORMS)
def test_data_is_cut_alike_every_time(form):
    data = samples(folds=np.arange(40) % 4)

    first, second = split(form, data), split(form, data)

    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one.validation, other.validation)
        np.testing.assert_array_equal(one.train, other.train)


@pytest.mark.parametrize("form", FORMS)
def test_a_form_that_exists_is_not_refused(form):
    check_name(form)


def test_k_folds_validate_on_every_sample_once():
    splits = split("kfold:4", samples(42))

    assert validated(splits) == [1] * 42
    assert sorted(len(cut.validation) for cut in splits) == [10, 10, 11, 11]
    assert all(len(cut.train) + len(cut.validation) == 42 for cut in splits)


def test_k_folds_are_shuffled():
    first = split("kfold:4", samples())[0].validation

    assert (np.diff(first) > 1).any()


def test_repeated_k_folds_validate_on_every_sample_once_per_repetition():
    splits = split("repeated-kfold:4x3", samples())

    assert len(splits) == 12
    assert validated(splits) == [3] * 40
    assert validated(splits[:4]) == [1] * 40
    assert set(splits[0].validation) not in [set(cut.validation) for cut in splits[4:]]


@pytest.mark.parametrize("form", ["holdout:0.25", "holdout:.25"])
def test_a_holdout_validates_once_on_its_share(form):
    (cut,) = split(form, samples())

    assert len(cut.validation) == 10
    assert len(cut.train) == 30


@given(st.integers(2, 8), st.integers(20, 60))
def test_time_splits_never_validate_on_the_past(folds, n):
    splits = split(f"time:{folds}", samples(n))

    assert len(splits) == folds
    for cut in splits:
        assert cut.train.max() < cut.validation.min()


@given(st.integers(2, 6), st.integers(20, 60), st.integers(0, 9), st.floats(0.6, 0.95))
def test_time_splits_never_train_on_the_future_whatever_the_seed_and_the_part(folds, n, seed, part):
    times = np.arange(n)
    searched = take_part(Data(x=times, y=np.linspace(0, 1, n)), part, f"time:{folds}")

    splits = split(make_splitter(f"time:{folds}", searched, seed=seed), searched)

    assert searched.x.tolist() == times[-len(searched.x) :].tolist()
    for cut in splits:
        assert searched.x[cut.train].max() < searched.x[cut.validation].min()


@given(st.integers(2, 4), st.integers(1, 4), st.integers(24, 60))
def test_time_splits_of_groups_never_train_on_the_future_or_are_refused(folds, size, n):
    data = samples(n, groups=np.arange(n) // size)

    try:
        splits = split(f"time:{folds}", data)
    except HPOError:
        return
    for cut in splits:
        assert data.groups[cut.train].max() < data.groups[cut.validation].min()


def test_later_time_splits_train_on_more():
    lengths = [len(cut.train) for cut in split("time:3", samples())]

    assert lengths == [10, 20, 30]


def test_predefined_folds_are_taken_as_they_are():
    folds = np.array([0, 1, -1, 1, 0, 7])

    splits = split("predefined", samples(6, folds=folds))

    assert [cut.validation.tolist() for cut in splits] == [[0, 4], [1, 3], [5]]
    assert all(2 in cut.train for cut in splits)


# ---------------------------------------------------------------- classes


def shares(data, rows):
    return np.bincount(data.y[rows], minlength=3) / len(rows)


@pytest.mark.parametrize("form", ["kfold:5", "repeated-kfold:5x2", "holdout:0.2"])
def test_classes_are_as_frequent_in_every_fold_as_in_all_samples(form):
    data = classes(60, 30, 10)

    for cut in split(form, data):
        np.testing.assert_allclose(shares(data, cut.validation), [0.6, 0.3, 0.1])
        np.testing.assert_allclose(shares(data, cut.train), [0.6, 0.3, 0.1])


def test_a_class_with_fewer_samples_than_folds_is_spread_without_a_warning():
    data = classes(30, 30, 2)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        splits = split("kfold:5", data)

    assert validated(splits) == [1] * 62
    assert sorted(int((data.y[cut.validation] == 2).sum()) for cut in splits) == [0, 0, 0, 1, 1]


def test_more_folds_than_samples_of_any_class_are_refused_in_one_line():
    with pytest.raises(HPOError, match=r"^cv kfold:5: .*number of members in each class") as caught:
        split("kfold:5", classes(4, 4, 4))

    assert "\n" not in str(caught.value)


def test_a_holdout_of_a_class_with_one_sample_is_refused():
    with pytest.raises(HPOError, match=r"^cv holdout:0\.2: .*class"):
        split("holdout:0.2", classes(20, 1))


@pytest.mark.parametrize(
    ("y", "class_names"),
    [
        ([0, 1, 1, 0, 2, 2], None),
        ([[0], [1], [1], [0], [2], [2]], None),
        ([0.0, 1.0, 1.0, 0.0, 2.0, 2.0], ["a", "b", "c"]),
        ([[1, 0, 0], [0, 1, 0], [0, 1, 0], [1, 0, 0], [0, 0, 1], [0, 0, 1]], ["a", "b", "c"]),
    ],
    ids=["numbers", "one column", "named", "one-hot and named"],
)
def test_targets_that_are_classes_are_told_by_sample(y, class_names):
    labels = class_labels(Data(x=np.zeros(6), y=np.array(y), class_names=class_names))

    np.testing.assert_array_equal(labels, [0, 1, 1, 0, 2, 2])


def test_booleans_are_classes():
    data = Data(x=np.zeros(4), y=np.array([True, False, False, True]))

    np.testing.assert_array_equal(class_labels(data), [True, False, False, True])


@pytest.mark.parametrize(
    "y",
    [
        np.linspace(0, 1, 6),
        np.array([210_000, 150_000, 99_500, 310_000, 150_000, 99_500]),
        np.array([-1, 0, 1, 0, 1, -1]),
        np.arange(6),
        np.eye(6)[:, :3],
        np.zeros((6, 4, 4), "uint8"),
    ],
    ids=["reals", "prices", "negative", "all different", "rows without names", "images"],
)
def test_targets_that_are_no_classes_are_not_stratified(y):
    assert class_labels(Data(x=np.zeros(6), y=y)) is None


def test_answers_to_several_questions_are_no_classes():
    answers = np.array([[1, 1, 0], [0, 0, 0], [1, 0, 1], [0, 1, 1]])

    assert class_labels(Data(x=np.zeros(4), y=answers, class_names=["a", "b", "c"])) is None


def test_of_several_outputs_the_first_with_classes_counts():
    y = {"price": np.linspace(0, 1, 6), "kind": np.array([0, 1, 2, 0, 1, 2]), "new": np.zeros(6)}

    np.testing.assert_array_equal(class_labels(Data(x=np.zeros(6), y=y)), [0, 1, 2, 0, 1, 2])


def test_whole_numbered_quantities_can_be_cut_into_folds():
    prices = np.random.default_rng(0).integers(10_000, 900_000, 50)

    splits = split("kfold:5", Data(x=np.zeros(50), y=prices))

    assert validated(splits) == [1] * 50


# ---------------------------------------------------------------- groups


@pytest.mark.parametrize("form", ["kfold:3", "holdout:0.3"])
@pytest.mark.parametrize("y", [np.linspace(0, 1, 40), np.arange(40) % 2], ids=["reals", "classes"])
def test_groups_stay_together(form, y):
    splits = split(form, Data(x=np.zeros(40), y=y, groups=GROUPS))

    for cut in splits:
        assert not set(GROUPS[cut.train]) & set(GROUPS[cut.validation])


def test_grouped_folds_validate_on_every_sample_once():
    assert validated(split("kfold:5", samples(groups=GROUPS))) == [1] * 40


def test_groups_may_have_names():
    names = np.array([f"patient {group}" for group in GROUPS])

    for cut in split("kfold:5", samples(groups=names)):
        assert not set(names[cut.train]) & set(names[cut.validation])


@pytest.mark.parametrize(
    "cv",
    ["time:3", "predefined", sk.KFold(4, shuffle=True, random_state=0)],
    ids=["time", "predefined", "splitter"],
)
def test_a_cut_through_a_group_is_refused(cv):
    groups = np.zeros(40, int)

    with pytest.raises(HPOError, match="trains on one part of group 0 and validates on another"):
        split(cv, samples(groups=groups, folds=np.arange(40) % 4))


def test_time_splits_between_groups_are_fine():
    days = np.repeat(np.arange(4), 10)

    splits = split("time:3", samples(groups=days))

    assert [cut.validation.min() for cut in splits] == [10, 20, 30]


def test_repeated_k_folds_of_groups_are_refused():
    with pytest.raises(UsageError, match=r"repeated-kfold.*groups.*kfold:K"):
        split("repeated-kfold:3x2", samples(groups=GROUPS))


def test_fewer_groups_than_folds_are_refused():
    with pytest.raises(HPOError, match=r"^cv kfold:5: .*groups"):
        split("kfold:5", samples(groups=np.arange(40) % 3))


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    "name",
    [
        "",
        "kfold",
        "kfold:",
        "kfold:1",
        "kfold:0",
        "kfold:-3",
        "kfold:five",
        "kfold:5x2",
        "k-fold:5",
        "KFOLD:5",
        "repeated-kfold:5",
        "repeated-kfold:1x5",
        "repeated-kfold:5x0",
        "holdout:0",
        "holdout:0.0",
        "holdout:1.0",
        "holdout:20",
        "holdout:20%",
        "time:1",
        "predefined:3",
        "kfold:5\n",
    ],
)
def test_a_name_that_is_no_way_to_cut_data_is_refused_in_one_line(name):
    for refuse in (check_name, lambda cv: split(cv, samples())):
        with pytest.raises(UsageError, match=r"is not a way to split the data.*kfold:5") as caught:
            refuse(name)
        assert repr(name) in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_splitter_in_place_of_a_name_is_refused():
    with pytest.raises(UsageError, match=r"KFold.*expected a name like.*Task\(cv=\)"):
        check_name(sk.KFold(3))


def test_predefined_folds_that_are_not_there_are_asked_for():
    with pytest.raises(UsageError, match=r"predefined.*Data\(folds"):
        split("predefined", samples())


def test_predefined_folds_without_validation_are_refused():
    with pytest.raises(HPOError, match="makes no fold"):
        split("predefined", samples(folds=np.full(40, -1)))


def test_a_fold_without_training_is_refused():
    with pytest.raises(HPOError, match="fold 0 has no sample to train on"):
        split("predefined", samples(folds=np.zeros(40, int)))


def test_a_fold_without_validation_is_refused():
    class Nothing:
        def split(self, X, y=None, groups=None):  # noqa: N803
            yield np.arange(len(X)), np.array([], int)

    with pytest.raises(HPOError, match="fold 0 has no sample to validate on"):
        split(Nothing(), samples())


@pytest.mark.parametrize("form", ["kfold:50", "repeated-kfold:50x2", "time:50"])
def test_more_folds_than_samples_are_refused(form):
    with pytest.raises(HPOError, match=rf"^cv {form}: .*greater than the number of samples") as c:
        split(form, samples())

    assert "\n" not in str(c.value)


def test_a_holdout_that_leaves_nothing_to_train_on_is_refused():
    with pytest.raises(HPOError, match=r"^cv holdout:0\.9: "):
        split("holdout:0.9", samples(1))


@pytest.mark.parametrize(
    ("cv", "expected"),
    [
        ("time:3", True),
        (sk.TimeSeriesSplit(4, max_train_size=5, gap=2), True),
        ("kfold:3", False),
        ("holdout:0.2", False),
        (sk.KFold(3), False),  # in order, but the first fold is trained on later samples
    ],
)
def test_folds_in_time_order_are_recognized(cv, expected):
    x = np.arange(24.0)[:, None]

    assert are_in_time_order(split(cv, Data(x=x, y=x[:, 0]))) is expected
