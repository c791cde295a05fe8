"""hpo needs a model's weights only; its network is built again where Keras cannot load it."""

import keras
import numpy as np
import pytest

import hpo
from hpo import Data, Float, HPOError, Space, Task
from hpo.errors import HPOWarning
from hpo.exporting import export
from hpo.search.events import EpochEnded, Warned

X = np.random.default_rng(0).normal(size=(40, 4)).astype("float32")


def without_config():
    class Scaled(keras.layers.Layer):
        def __init__(self, inner, factor, **kwargs):
            super().__init__(**kwargs)
            self.inner, self.factor = inner, factor

        def call(self, x):
            return self.inner(x) * self.factor

    return Scaled(keras.layers.Dense(3), np.float32(2.0))


def registered_in_model():
    @keras.saving.register_keras_serializable("test_saving")
    class Doubled(keras.layers.Layer):
        def call(self, x):
            return x * 2.0

    return Doubled()


def of_code():
    return keras.layers.Lambda(lambda x: x * 2.0)


def make_task(make_layer):
    def model(_params, _data):
        layers = [keras.Input((4,)), make_layer(), keras.layers.Dense(1)]
        network = keras.Sequential(layers)
        network.compile(keras.optimizers.SGD(0.01), "mse", metrics=["mae"])
        return network

    return Task(
        name="own",
        load=lambda _data_dir: Data(x=X, y=X.sum(1), x_test=X[:9], y_test=X[:9].sum(1)),
        model=model,
        space=Space({"rate": Float(1e-3, 1e-1)}),
        objective="val_mae",
        cv="kfold:2",
        epochs=2,
    )


@pytest.mark.parametrize("make_layer", [without_config, registered_in_model, of_code])
@pytest.mark.parametrize("refit", [False, True])
def test_layers_of_the_plugins_own_take_part_in_ensembles(tmp_path, make_layer, refit):
    task = make_task(make_layer)
    study = hpo.run(task, trials=1, runs=tmp_path)
    assert [trial.state for trial in study.trials] == ["complete"]

    made = hpo.ensemble(study, task=task, method="mean", refit=refit)

    folder = "ensemble/models" if refit else "trials/0"
    expected = 0.0
    for path in sorted((study.directory / folder).glob("*.keras")):
        network = task.model({}, None)
        network.load_weights(path)
        expected += network.predict(X, verbose=0) / (1 if refit else 2)
    np.testing.assert_allclose(made.predict(X), expected, atol=1e-5)


def test_an_export_needs_the_whole_model_and_says_so(tmp_path):
    task = make_task(without_config)
    made = hpo.ensemble(hpo.run(task, trials=1, runs=tmp_path), task=task)

    with pytest.raises(HPOError, match="a layer of its model cannot be saved"):
        export(made, tmp_path / "exported")


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras's own
def test_models_that_no_longer_fit_are_refused_with_what_to_do(tmp_path):
    study = hpo.run(make_task(without_config), trials=1, runs=tmp_path)

    changed = make_task(lambda: keras.layers.Dense(7))
    with (
        pytest.warns(HPOWarning, match="the code of its task has changed"),
        pytest.raises(HPOError, match=r"model\(\) has changed since the search"),
    ):
        hpo.ensemble(study, task=changed)


@pytest.mark.parametrize(
    ("make_layer", "reason"),
    [
        (without_config, "a layer of its model cannot be saved"),
        (registered_in_model, "its model has 'Doubled' from"),
        (of_code, "its model has a Lambda layer"),
    ],
)
def test_what_an_export_will_refuse_is_said_before_the_first_trial_trains(
    tmp_path, make_layer, reason
):
    events = []

    study = hpo.run(make_task(make_layer), trials=2, runs=tmp_path, on_event=events.append)

    kinds = [type(event) for event in events if isinstance(event, Warned | EpochEnded)]
    (warning,) = [event.message for event in events if isinstance(event, Warned)]
    assert kinds[0] is Warned
    assert warning.startswith(f"hpo export will refuse its models: task 'own': {reason}")
    assert [trial.state for trial in study.trials] == ["complete"] * 2


def test_a_model_of_keras_own_layers_is_not_warned_of(tmp_path):
    events = []

    hpo.run(
        make_task(lambda: keras.layers.Dense(7)), trials=1, runs=tmp_path, on_event=events.append
    )

    assert not [event for event in events if isinstance(event, Warned)]
