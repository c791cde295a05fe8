import os
from pathlib import Path

import numpy as np
import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optuna.samplers import RandomSampler

from hpo import HPOError, load_task
from hpo.plugins import load_space
from hpo.training.evaluation import Evaluator
from hpo_tasks import boston

SPACE = load_space("boston")
DATA = boston.load()


def configuration(seed, *overrides):
    """A configuration drawn at random."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=RandomSampler(seed=seed))
    return SPACE.override(overrides).suggest(study.ask())


# ---------------------------------------------------------------- data


def test_404_tracts_are_for_training_and_102_for_the_test():
    assert DATA.x.shape == (404, 13)
    assert DATA.y.shape == (404,)
    assert DATA.x_test.shape == (102, 13)
    assert DATA.y_test.shape == (102,)


def test_the_tracts_stand_in_the_order_of_keras():
    assert DATA.y[:3].tolist() == [15.2, 42.3, 50.0]
    assert DATA.y_test[:3].tolist() == [7.2, 18.8, 19.0]


def test_the_data_is_raw():
    assert DATA.x.dtype == DATA.y.dtype == np.float64
    assert DATA.x[:, DATA.feature_names.index("TAX")].max() == 711.0


def test_the_data_is_that_of_keras_bit_by_bit():
    folder = os.environ.get("HPO_DATA_DIR")
    if folder is None:
        pytest.skip("HPO_DATA_DIR names no folder with boston_housing.npz")
    with np.load(Path(folder) / "boston_housing.npz", allow_pickle=False) as file:
        x, y = file["x"], file["y"]
    order = np.arange(len(x))
    np.random.RandomState(113).shuffle(order)
    train, test = np.split(order, [int(len(x) * 0.8)])

    for ours, theirs in [
        (DATA.x, x[train]),
        (DATA.y, y[train]),
        (DATA.x_test, x[test]),
        (DATA.y_test, y[test]),
    ]:
        np.testing.assert_array_equal(ours, theirs)
        assert ours.dtype == theirs.dtype


def test_a_tract_can_be_looked_at():
    tract = DATA.decode(DATA.x[0])

    assert list(tract) == list(DATA.feature_names)
    assert tract["CRIM"] == 1.23247
    assert tract["LSTAT"] == 18.72


def test_loading_needs_no_folder(tmp_path):
    np.testing.assert_array_equal(boston.load(tmp_path).x, DATA.x)


# ---------------------------------------------------------------- column B


def prepared(**params):
    return boston.preprocessor({"scaling": "standard", **params}).fit_transform(DATA.x)


@pytest.mark.parametrize("params", [{}, {"column_b": "keep"}])
def test_all_columns_are_kept_by_default(params):
    assert prepared(**params).shape == (404, 13)


def test_column_b_is_dropped_on_demand():
    without = prepared(column_b="drop")

    others = [n for n, name in enumerate(DATA.feature_names) if name != "B"]
    np.testing.assert_array_equal(without, prepared()[:, others])
    assert without.shape == (404, 12)


def test_column_b_can_be_dropped_on_the_command_line():
    assert configuration(0, "column_b=drop")["column_b"] == "drop"


def test_anything_else_for_column_b_is_refused():
    with pytest.raises(HPOError, match=r"column_b must be .*Received: 'leave'"):
        boston.preprocessor({"scaling": "standard", "column_b": "leave"})


# ---------------------------------------------------------------- the space


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31))
def test_every_configuration_has_a_preprocessor_that_works(seed):
    params = configuration(seed)

    transformer = boston.preprocessor(params).fit(DATA.x[:303])

    found = transformer.transform(DATA.x)
    assert found.shape == (404, 13)
    assert np.isfinite(found).all()


@pytest.mark.parametrize("scaling", SPACE["scaling"].choices)
def test_every_scaling_brings_the_columns_to_one_scale(scaling):
    found = prepared(scaling=scaling)

    assert (found.std(axis=0) > 0.2).all()
    assert np.abs(found).max() < 12


def test_the_task_uses_the_space_that_ships_with_it():
    task = load_task("boston")

    assert task is boston.task
    assert load_space(task.space) == SPACE
    assert SPACE.defaults() is not None


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**31))
def test_every_configuration_has_a_model_that_starts_near_the_prices(seed):
    import keras

    params = configuration(seed)

    model = boston.model(params, DATA)

    assert model.output_shape == (None, 1)
    assert model.loss == params["loss"]
    assert float(model.optimizer.learning_rate) == pytest.approx(params["learning_rate"])
    dense = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]
    units = [params[f"units_{n}"] for n in range(1, params["layers"] + 1)]
    assert [layer.units for layer in dense] == [*units, 1]
    assert abs(model(np.zeros((1, 13))).numpy().item() - 20.0) < 1e-3


def test_a_short_training_beats_the_baseline():
    task = load_task("boston")
    params = SPACE.defaults() | {"epochs": 15, "learning_rate": 3e-3}

    evaluation = Evaluator(task, DATA, "holdout:0.25").evaluate(params, seed=1)

    assert evaluation.score < 5.0  # always guessing the median costs 6.6
    assert len(evaluation.arrays.index) == 101
