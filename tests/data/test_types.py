import numpy as np
import pytest

from hpo import Data, HPOError
from hpo.data.loading import load_data
from tasks import bare_task

X = np.arange(8.0).reshape(4, 2)
Y = np.array([0, 1, 1, 0])
PICTURES = np.zeros((4, 8, 6, 3), "uint8")


class Column:
    """What other libraries have in place of arrays: a shape, a length, and NumPy's view of it."""

    def __init__(self, values):
        self._values = np.asarray(values)
        self.shape = self._values.shape

    def __len__(self):
        return len(self._values)

    def __iter__(self):
        return iter(self._values)

    def __array__(self, dtype=None, copy=None):
        return self._values


class Missing:
    """As pandas marks a missing value."""


def objects(*values, shape=None):
    array = np.empty(len(values), object)
    array[:] = values
    return array if shape is None else array.reshape(shape)


def loaded(preprocessor=None, **arrays):
    task = bare_task(
        load=lambda _data_dir: Data(**{"x": X, "y": Y} | arrays), preprocessor=preprocessor
    )
    return load_data(task, None)


# ---------------------------------------------------------------- names


@pytest.mark.parametrize(
    "names",
    [
        np.array(["no", "yes"]),
        np.array([b"no", b"yes"]),
        Column(["no", "yes"]),
        ("no", "yes"),
        {"no": 0, "yes": 1},
    ],
)
def test_names_become_plain_texts(names):
    data = loaded(class_names=names, feature_names=names)

    assert data.class_names == data.feature_names == ["no", "yes"]
    assert {type(name) for name in data.class_names} == {str}


def test_numbers_become_names():
    data = loaded(class_names=np.unique(Y), feature_names=np.arange(2))

    assert (data.class_names, data.feature_names) == (["0", "1"], ["0", "1"])


@pytest.mark.parametrize("names", ["ab", 3])
def test_names_that_are_not_a_list_are_refused(names):
    with pytest.raises(HPOError, match=f"class_names must be a list of names. Received: {names!r}"):
        Data(x=X, y=Y, class_names=names)


def test_as_many_features_as_columns_are_named():
    with pytest.raises(HPOError, match="Received: 3 names for 2 columns"):
        loaded(feature_names=["a", "b", "c"])


# ---------------------------------------------------------------- settled


@pytest.mark.parametrize(
    "y",
    [
        Y.astype(object),
        objects(*[np.int64(v) for v in Y]),
        Column(Y),
        Column(Y.astype(object)),
    ],
)
def test_targets_that_are_all_numbers_become_an_array_of_numbers(y):
    data = loaded(y=y, x_test=X, y_test=y, class_names=["a", "b"])

    for part in (data.y, data.y_test):
        assert part.dtype == "int64"
        np.testing.assert_array_equal(part, Y)


def test_a_tensor_becomes_an_array():
    import tensorflow as tf

    data = loaded(x=tf.constant(X), y={"kind": tf.one_hot(Y, 2)})

    assert type(data.x) is type(data.y["kind"]) is np.ndarray
    np.testing.assert_array_equal(data.y["kind"], np.eye(2)[Y])


def test_one_hot_rows_as_objects_become_a_matrix():
    np.testing.assert_array_equal(loaded(y=objects(*np.eye(2)[Y])).y, np.eye(2)[Y])


def test_samples_of_a_mixed_table_become_numbers_unless_a_preprocessor_reads_them():
    x = X.astype(object)

    assert loaded(x=x).x.dtype == "float64"
    assert loaded(x={"a": x}).x["a"].dtype == "float64"
    assert loaded(x=x, preprocessor=lambda _params: None).x is x


def test_booleans_and_texts_for_a_model_stay():
    texts = objects("one", "two", "three", "four")

    assert loaded(y=Y == 1).y.dtype == bool
    assert loaded(x=texts).x is texts
    assert loaded(x=texts.astype("U")).x.dtype.kind == "U"


def test_a_column_of_weights_or_groups_is_taken_as_one_value_per_sample():
    data = loaded(sample_weight=np.ones((4, 1)), groups=Y[:, None])

    assert data.sample_weight.shape == data.groups.shape == (4,)


def test_whole_numbers_of_any_size_are_numbers():
    assert loaded(y=objects(2**70, 1, 2, 3)).y.dtype == "float64"


@pytest.mark.parametrize(
    ("x", "x_test"),
    [
        (PICTURES, np.zeros((3, 4, 4, 3), "uint8")),
        (np.zeros((4, 9), "int32"), np.zeros((3, 5), "int64")),
        (np.zeros((4, 9, 2)), np.zeros((3, 5, 2), "float32")),
        (np.zeros((4, 2)), np.zeros((3, 2), bool)),
        (np.array(["long", "short", "a", "b"]), np.array(["longer text"] * 3)),
    ],
)
def test_a_test_set_may_have_other_lengths_sizes_and_precision(x, x_test):
    assert loaded(x=x, x_test=x_test, y_test=Y[:3, None]).x_test.shape == x_test.shape


# ---------------------------------------------------------------- refused


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"y": {"kind": np.array([b"a"] * 4)}}, r"y\['kind'\] must hold numbers.*such as b'a'"),
        ({"y": objects(0, 1, "x", 0)}, r"y must hold numbers.*'x' in row 2.*numpy.unique"),
        ({"y": objects(0, None, 1, 0)}, r"y must hold numbers.*None in row 1"),
        ({"y": Column(objects(0, Missing(), 1, 0))}, "y must.*Missing in row 1"),
        ({"y": Y.astype("datetime64[s]")}, "y must hold numbers. Received: dates"),
        ({"y": Y * 1j}, "y must hold numbers. Received: complex numbers"),
        ({"x_test": X, "y_test": Y.astype(str)}, "y_test must hold numbers"),
        ({"x": objects(*range(7), "x", shape=(4, 2))}, r"x must.*'x' in row 3.*preprocessor"),
        ({"x": objects([1], [2, 3], [4], [5])}, "x must hold numbers.*list in row 0.*preprocessor"),
        ({"x": X.astype("datetime64[s]")}, "x must hold numbers. Received: dates"),
        ({"x": np.ma.masked_equal(X, 3.0)}, "x has 1 masked values"),
        ({"sample_weight": np.array([1, 2, np.nan, 1])}, "sample_weight.*nan in row 2"),
        ({"sample_weight": np.array(list("abcd"))}, "sample_weight must hold numbers"),
        ({"sample_weight": np.ones((4, 2))}, "sample_weight must have one value per sample"),
        ({"groups": np.ones((4, 2))}, r"groups must have one value.*shape \(4, 2\)"),
        ({"x_test": {"a": X}, "y_test": Y}, "x_test must have the same parts as x. Received: a"),
        ({"x_test": X[:, :1], "y_test": Y}, r"x_test must have samples.*\(4, 1\), while.*\(4, 2\)"),
        ({"x_test": X[:, 0], "y_test": Y}, "x_test must have samples of the shape of x"),
        ({"x": PICTURES, "x_test": PICTURES[..., :1], "y_test": Y}, "x_test must have samples"),
        (
            {"x_test": X.astype(str), "y_test": Y},
            "x_test must hold the type of values that x holds",
        ),
        ({"x_test": X, "y_test": np.eye(3)[Y]}, "y_test must have samples of the shape of y"),
        ({"x": {"a": X}, "x_test": {"a": X[:, :1]}, "y_test": Y}, r"x\['a'\]_test must have"),
        ({"y": objects(0, 1, 2, 0), "class_names": ["a", "b"]}, "class numbers from 0 to 1"),
    ],
)
def test_what_cannot_be_learned_from_is_refused_in_one_line(arrays, message):
    with pytest.raises(HPOError, match=message) as caught:
        loaded(**arrays)

    assert "\n" not in str(caught.value)
