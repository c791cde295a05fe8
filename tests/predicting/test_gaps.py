"""Missing values: refused with their place, unless the task fills them or was trained on them."""

import keras
import numpy as np
import pytest
from predicting.files import NAMES, X, combined, predict, rows_of, table_task, write_table
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from hpo import Data, HPOError
from tasks import linear_data, linear_task


def with_value(value, row=4, column=1):
    rows = X.astype(object)
    rows[row, column] = value
    return rows


@pytest.fixture(scope="module")
def filling(tmp_path_factory):
    """An ensemble whose preprocessing fills gaps with the mean of the training samples."""
    task = table_task(preprocessor=lambda _params: make_pipeline(SimpleImputer(), StandardScaler()))
    return combined(tmp_path_factory.mktemp("runs"), task)


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ("", "has no value"),
        (" ", "has no value"),
        ("nan", "has no value"),
        ("inf", "is inf"),
        ("-Infinity", "is -inf"),
        ("1e999", "is inf"),
        ("1e300", r"is 1e\+300"),
    ],
)
def test_a_gap_in_a_table_is_refused_with_line_and_column(ensemble, tmp_path, value, what):
    path = write_table(tmp_path / "x.csv", with_value(value), NAMES)

    with pytest.raises(HPOError, match=f"x.csv: line 6, column 'height' {what}, and the task's"):
        predict(ensemble, path, tmp_path / "out.csv", chunk=3)

    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize(("value", "what"), [(np.nan, "has no value"), (-np.inf, "is -inf")])
def test_a_gap_in_an_array_is_refused_with_its_position(ensemble, tmp_path, value, what):
    np.savez(tmp_path / "x.npz", x=with_value(value).astype("float32"))

    with pytest.raises(HPOError, match=rf"x\.npz: x\[4, 1\] {what}"):
        predict(ensemble, tmp_path / "x.npz", tmp_path / "out.csv", chunk=3)


def test_a_gap_that_the_preprocessing_fills_is_predicted(filling, tmp_path):
    path = write_table(tmp_path / "x.csv", with_value(""), NAMES)

    predict(filling, path, tmp_path / "out.csv")

    predicted = [float(row["value"]) for row in rows_of(tmp_path / "out.csv")]
    expected = filling.predict(with_value(np.nan).astype("float64")).ravel()
    assert np.isfinite(expected).all()
    np.testing.assert_allclose(predicted, expected, rtol=1e-6)


def test_what_the_preprocessing_does_not_fill_is_refused_there_too(filling, tmp_path):
    rows = with_value("")
    rows[7, 2] = "inf"
    path = write_table(tmp_path / "x.csv", rows, NAMES)

    with pytest.raises(HPOError, match="line 9, column 'age' is inf"):
        predict(filling, path, tmp_path / "out.csv")


def data_with_gaps():
    data = linear_data()
    x = data.x.copy()
    x[::5, 0] = np.nan
    return Data(x=x, y=data.y)


def masking_network(params, data):
    inputs = keras.Input(data.x.shape[1:])
    known = keras.layers.Masking(mask_value=0.0)(keras.ops.nan_to_num(inputs))
    network = keras.Model(inputs, keras.layers.Dense(1)(known))
    network.compile(keras.optimizers.SGD(params["rate"]), "mse", metrics=["mae"])
    return network


def test_models_that_were_trained_on_gaps_predict_samples_with_gaps(tmp_path):
    task = linear_task(load=lambda _data_dir: data_with_gaps(), model=masking_network)
    made = combined(tmp_path / "runs", task)
    np.savez(tmp_path / "x.npz", x=with_value(np.nan).astype("float64"))

    predict(made, tmp_path / "x.npz", tmp_path / "out.csv")

    predicted = [float(row["value"]) for row in rows_of(tmp_path / "out.csv")]
    expected = made.predict(with_value(np.nan).astype("float64")).ravel()
    np.testing.assert_allclose(predicted, expected, rtol=1e-6)


def test_strings_for_a_task_of_numbers_are_refused(ensemble, tmp_path):
    np.savez(tmp_path / "x.npz", x=X.astype(str))

    with pytest.raises(HPOError, match=r"x has values of type <U\d+, but the task's are float64"):
        predict(ensemble, tmp_path / "x.npz", None)


def test_samples_that_the_models_cannot_predict_are_named(ensemble, tmp_path, monkeypatch):
    np.savez(tmp_path / "x.npz", x=X)

    def fail(_x):
        raise ValueError("indices[3] = 17 is not in [0, 10)")

    monkeypatch.setattr(ensemble, "predict", fail)
    with pytest.raises(HPOError, match=r"x\.npz: the samples from number 0 on.*is not in \[0, 10"):
        predict(ensemble, tmp_path / "x.npz", None)
