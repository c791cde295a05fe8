import numpy as np
import pytest
from data.samples import GROUPS, samples
from sklearn import model_selection as sk

from hpo import Data
from hpo.data.splits import depends_on_seed, make_splitter, split
from hpo.errors import HPOError, UsageError


def test_a_splitter_of_scikit_learn_is_taken_as_it_is():
    splitter = sk.ShuffleSplit(n_splits=3, test_size=8, random_state=1)

    splits = split(splitter, samples())

    assert [len(cut.validation) for cut in splits] == [8, 8, 8]
    for cut, (train, test) in zip(splits, splitter.split(np.zeros(40)), strict=True):
        assert cut.train.tolist() == sorted(train)
        assert cut.validation.tolist() == sorted(test)


def test_a_splitter_is_given_classes_and_groups():
    splitter = sk.StratifiedGroupKFold(5)
    data = Data(x=np.zeros(40), y=GROUPS % 2, groups=GROUPS)

    for cut in split(splitter, data):
        assert not set(GROUPS[cut.train]) & set(GROUPS[cut.validation])
        assert data.y[cut.validation].mean() == 0.5


class TwoCuts:
    """A splitter of one's own."""

    def split(self, X, y=None, groups=None):  # noqa: N803
        yield np.arange(3, len(X)), np.arange(3)
        yield np.arange(3), np.arange(3, len(X))


def test_a_splitter_of_ones_own_is_accepted():
    splits = split(TwoCuts(), samples())

    assert [len(cut.validation) for cut in splits] == [3, 37]


class RandomTraining:
    """Draws what is trained on by chance."""

    def split(self, X, y=None, groups=None):  # noqa: N803
        yield np.random.default_rng().permutation(np.arange(2, len(X)))[:20], np.arange(2)


@pytest.mark.parametrize(
    "splitter",
    [
        sk.KFold(4, shuffle=True),
        sk.KFold(4, shuffle=True, random_state=np.random.RandomState(0)),
        RandomTraining(),
    ],
    ids=["no seed", "a stream of numbers", "training only"],
)
def test_a_splitter_that_leaves_the_cut_to_chance_is_refused(splitter):
    with pytest.raises(UsageError, match=r"differently each time.*random_state"):
        split(splitter, samples())


@pytest.mark.parametrize("cv", [5, None, ["kfold:5"], "".split])
def test_what_is_no_splitter_is_refused(cv):
    with pytest.raises(UsageError, match=r"is not a way to split the data.*splitter"):
        split(cv, samples())


def test_a_splitter_made_for_more_samples_than_there_are_is_refused():
    splitter = sk.PredefinedSplit(np.arange(40) % 2)

    with pytest.raises(HPOError, match=r"contains sample 39, but there are only 20"):
        split(splitter, samples(20))


BY_CHANCE = [
    "kfold:3",
    "repeated-kfold:3x2",
    "holdout:0.25",
    sk.KFold(3, shuffle=True, random_state=5),
    sk.ShuffleSplit(2, random_state=0),
]


FIXED = ["time:3", "predefined", sk.TimeSeriesSplit(3), sk.KFold(3), TwoCuts()]


def cut_with(cv, data, seed):
    return [c.validation.tolist() for c in split(make_splitter(cv, data, seed=seed), data)]


@pytest.mark.parametrize("cv", BY_CHANCE, ids=str)
def test_another_seed_cuts_anew_and_always_alike(cv):
    data = samples()

    cuts = [cut_with(cv, data, seed) for seed in (0, 1, 2, 1)]

    assert depends_on_seed(cv)
    assert cuts[0] == [cut.validation.tolist() for cut in split(cv, data)]
    assert cuts[1] == cuts[3]
    assert cuts[0] != cuts[1] != cuts[2] != cuts[0]


@pytest.mark.parametrize("cv", FIXED, ids=lambda cv: type(cv).__name__)
def test_cuts_that_are_no_matter_of_chance_stay_with_any_seed(cv):
    data = samples(folds=np.arange(40) % 4)

    assert not depends_on_seed(cv)
    assert cut_with(cv, data, 1) == cut_with(cv, data, 0)


@pytest.mark.parametrize("form", ["kfold:4", "holdout:0.3"])
@pytest.mark.parametrize("y", [np.linspace(0, 1, 40), np.arange(40) % 2], ids=["reals", "classes"])
def test_groups_stay_together_however_the_data_is_cut(form, y):
    data = Data(x=np.zeros(40), y=y, groups=GROUPS)

    for cut in split(make_splitter(form, data, seed=3), data):
        assert not set(GROUPS[cut.train]) & set(GROUPS[cut.validation])
