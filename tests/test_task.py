import re
import subprocess
import sys

import numpy as np
import pytest
from scipy import sparse
from sklearn.model_selection import KFold

from hpo import Data
from hpo.errors import HPOError
from tasks import bare_task

X, Y = np.zeros((6, 2)), np.zeros(6)


# ---------------------------------------------------------------- light imports


@pytest.mark.parametrize(
    "statement",
    [
        "import hpo",
        "import hpo.task",
        "import hpo_tasks.boston",
        "import hpo; hpo.Task, hpo.Data, hpo.Stage, hpo.Reference, hpo.Space, hpo.HPOError",
        "import hpo; hpo.load_task, hpo.load_study",
    ],
)
def test_importing_the_contract_imports_no_heavy_library(statement):
    heavy = {"tensorflow", "keras", "jax", "torch", "sklearn", "plotly", "ray", "hyperopt"}
    script = f"{statement}\nimport sys\nprint(sorted({heavy!r} & set(sys.modules)))"

    printed = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)

    assert printed.stdout == b"[]\n"


# ---------------------------------------------------------------- data


def test_data_counts_its_training_samples():
    assert Data(x=X, y=Y, x_test=X[:2], y_test=Y[:2]).n_samples == 6
    assert Data(x={"a": X, "b": X}, y=Y).n_samples == 6


@pytest.mark.parametrize(
    "part",
    [
        {"y": Y[:5]},
        {"y": {"a": Y, "b": Y[:5]}},
        {"x": {"a": X, "b": X[:5]}},
        {"sample_weight": Y[:5]},
        {"groups": Y[:5]},
        {"folds": Y[:5]},
    ],
    ids=lambda part: next(iter(part)),
)
def test_training_arrays_of_different_lengths_are_refused(part):
    with pytest.raises(
        HPOError, match=r"training arrays must have the same number of rows"
    ) as caught:
        Data(**({"x": X, "y": Y} | part))

    assert "5" in str(caught.value)
    assert "6" in str(caught.value)
    assert next(iter(part)) in str(caught.value)


def test_test_arrays_of_different_lengths_are_refused():
    with pytest.raises(HPOError, match=r"test arrays .*'x_test': \[6\], 'y_test': \[5\]"):
        Data(x=X, y=Y, x_test=X, y_test=Y[:5])


@pytest.mark.parametrize("half", [{"x_test": X}, {"y_test": Y}], ids=["x", "y"])
def test_half_a_test_set_is_refused(half):
    with pytest.raises(HPOError, match="go together"):
        Data(x=X, y=Y, **half)


@pytest.mark.parametrize(
    ("part", "received"),
    [
        ({"y": [0, 1, 2, 3, 4, 5]}, "y must be an array.*list"),
        ({"x": {"image": X, "text": ("a", "b")}}, r"x\['text'\] must be an array.*tuple"),
        ({"x": sparse.csr_matrix(X)}, "x must be an array.*csr_matrix"),
        ({"groups": "aabbcc"}, "groups must be an array.*str"),
        ({"x": np.array(1.0)}, "x must be an array.*ndarray"),
    ],
    ids=["list", "tuple", "sparse", "string", "no dimension"],
)
def test_what_is_no_array_is_refused(part, received):
    with pytest.raises(HPOError, match=received):
        Data(**({"x": X, "y": Y} | part))


@pytest.mark.parametrize(("x", "y"), [(X[:0], Y[:0]), ({}, Y), (X, {}), (None, Y), (X, None)])
def test_data_without_samples_is_refused(x, y):
    with pytest.raises(HPOError, match="at least one sample"):
        Data(x=x, y=y)


@pytest.mark.parametrize("y", [np.array([1, 2, 3, 1, 2, 3]), np.array([0, -1, 1, 0, 1, 2])])
def test_class_numbers_beyond_the_class_names_are_refused(y):
    with pytest.raises(HPOError, match=r"class numbers from 0 to 2\. Received: -?1"):
        Data(x=X, y=y, class_names=["a", "b", "c"])


@pytest.mark.parametrize(
    "y",
    [
        np.array([0, 1, 2, 0, 1, 1]),
        np.array([[0], [1], [2], [0], [1], [1]]),
        np.array([0.0, 1.0, 0.0, 1.0, 0.0, 1.0]),
        np.array([True, False] * 3),
        np.eye(3)[[0, 1, 2, 0, 1, 1]],
        {"a": np.arange(6), "b": Y},
    ],
    ids=["numbers", "column", "some only", "booleans", "one-hot", "outputs"],
)
def test_class_numbers_within_the_class_names_are_fine(y):
    assert Data(x=X, y=y, class_names=["a", "b", "c"]).n_samples == 6


def test_some_samples_are_taken_with_all_that_belongs_to_them():
    rows = np.arange(6)
    data = Data(
        x={"a": rows, "b": -rows},
        y=rows * 2,
        x_test={"a": rows, "b": rows},
        y_test=rows,
        sample_weight=rows / 6,
        class_names=None,
    )

    part = data.subset(np.array([4, 1]))

    assert part.x["a"].tolist() == [4, 1]
    assert part.x["b"].tolist() == [-4, -1]
    assert part.y.tolist() == [8, 2]
    assert part.sample_weight.tolist() == [4 / 6, 1 / 6]
    assert part.groups is None
    assert part.x_test is data.x_test


def test_data_without_its_test_set_keeps_everything_else():
    data = Data(x=X, y=Y, x_test=X, y_test=Y, groups=np.arange(6), feature_names=["a", "b"])

    seen = data.without_test()

    assert seen.x_test is None
    assert seen.y_test is None
    assert seen.x is X
    assert seen.groups is data.groups
    assert seen.feature_names == ["a", "b"]
    assert data.x_test is X


# ---------------------------------------------------------------- objective and direction


@pytest.mark.parametrize(
    ("objective", "direction"),
    [
        ("val_loss", "minimize"),
        ("val_mae", "minimize"),
        ("val_mean_absolute_percentage_error", "minimize"),
        ("val_root_mean_squared_error", "minimize"),
        ("val_sparse_categorical_crossentropy", "minimize"),
        ("val_kl_divergence", "minimize"),
        ("val_squared_hinge", "minimize"),
        ("val_acc", "maximize"),
        ("val_accuracy", "maximize"),
        ("val_sparse_top_k_categorical_accuracy", "maximize"),
        ("val_auc", "maximize"),
        ("val_f1_score", "maximize"),
        ("val_r2_score", "maximize"),
        ("val_cosine_similarity", "maximize"),
        ("val_binary_iou", "maximize"),
        ("val_price_mae", "minimize"),
        ("val_heat_loss_r2_score", "maximize"),
        ("val_error_type_accuracy", "maximize"),
        ("val_accuracy_head_loss", "minimize"),
        ("val_vaccine_mse", "minimize"),
    ],
)
def test_the_direction_is_inferred_from_the_metric(objective, direction):
    assert bare_task(objective).direction == direction


@pytest.mark.parametrize(
    "objective",
    [
        "val_vaccine",
        "val_score",
        "val_tissue_hit",
        "val_dice",  # a loss of Keras's, a coefficient elsewhere
    ],
)
def test_a_direction_that_cannot_be_inferred_is_asked_for(objective):
    with pytest.raises(HPOError, match=rf"'demo'.*{objective}.*Task\(direction="):
        bare_task(objective)


def test_a_direction_that_is_given_is_taken():
    assert bare_task("val_score", direction="maximize").direction == "maximize"
    assert bare_task("val_mae", direction="maximize").direction == "maximize"


@pytest.mark.parametrize("direction", ["min", "MINIMIZE", ""])
def test_a_direction_that_is_none_is_refused(direction):
    with pytest.raises(HPOError, match=rf'"minimize" or "maximize".*direction={direction!r}'):
        bare_task(direction=direction)


def test_an_objective_on_training_data_is_refused_with_the_one_that_was_meant():
    with pytest.raises(HPOError, match=r"'demo'.*objective='mae'.*\"val_mae\""):
        bare_task("mae")


@pytest.mark.parametrize("name", ["epochs", "batch_size", "patience"])
@pytest.mark.parametrize("value", [0, -5, 2.5, "8", True, None, float("inf")])
def test_numbers_that_are_not_whole_or_below_one_are_refused(name, value):
    expected = f"{name} must be a whole number of 1 or more. Received: {name}={value!r}"

    with pytest.raises(HPOError, match=re.escape(expected)):
        bare_task(**{name: value})
    with pytest.raises(HPOError, match=re.escape(expected)):
        bare_task().plan({name: value})


def test_one_of_everything_is_enough():
    assert bare_task(epochs=1, batch_size=1, patience=1).epochs == 1


def test_the_metric_is_named_without_its_prefix():
    assert bare_task("val_val_mae").metric_name == "val_mae"


# ---------------------------------------------------------------- the name of the evaluation


class Cuts:
    """A splitter without a text of its own."""


def test_an_evaluation_is_remembered_in_one_line_that_is_the_same_in_every_process():
    assert bare_task(cv="kfold:4").cv_name == "kfold:4"
    assert bare_task(cv=KFold(4, shuffle=True, random_state=0)).cv_name == (
        "KFold(n_splits=4, random_state=0, shuffle=True)"
    )
    assert bare_task(cv=Cuts()).cv_name == bare_task(cv=Cuts()).cv_name
    assert "0x" not in bare_task(cv=Cuts()).cv_name
    assert "Cuts" in bare_task(cv=Cuts()).cv_name


# ---------------------------------------------------------------- functions


class Callable:
    """A model factory that is no function."""

    def __call__(self, params, data):
        del params, data


@pytest.mark.parametrize(
    ("field", "function", "message"),
    [
        ("load", lambda: None, r"load must be a function of (data_dir). Received: <lambda>()"),
        ("load", None, "load must be a function of (data_dir). Received: None"),
        ("model", lambda params: params, "of (params, data). Received: <lambda>(params)"),
        ("model", 3, "model must be a function of (params, data). Received: 3"),
        ("preprocessor", lambda: None, "preprocessor must be a function of (params)."),
        ("preprocessor", X, "preprocessor must be a function of (params). Received: array("),
        ("callbacks", [1], "callbacks must be a function of (params). Received: [1]"),
        ("metric", lambda y: y, "metric must be a function of (y_true, y_pred)."),
        ("prepare", lambda s: s, "prepare must be a function of (source, directory, on_progress)."),
    ],
)
def test_a_function_that_cannot_be_called_as_it_will_be_is_refused(field, function, message):
    with pytest.raises(HPOError, match=re.escape(message)) as caught:
        bare_task(**{field: function})

    assert str(caught.value).startswith("Task 'demo': ")


@pytest.mark.parametrize(
    "function", [lambda *_: None, lambda p, d, more=3: (p, d, more), Callable(), max]
)
def test_whatever_takes_the_arguments_will_do(function):
    assert bare_task(model=function).model is function


def test_an_objective_that_is_no_text_is_refused():
    with pytest.raises(HPOError, match=re.escape("Received: objective=['val_mae'].")):
        bare_task(["val_mae"], direction="minimize")
