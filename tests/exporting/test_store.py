import json
import zipfile
from fractions import Fraction

import pytest
from exporting.exports import combined, save_lambda

import hpo
from hpo import HPOError
from hpo.exporting import export
from hpo.search.events import EpochEnded, Warned
from tasks import linear_network, linear_task


def test_a_lambda_that_came_into_a_study_is_not_exported(tmp_path):
    made = combined(tmp_path, linear_task(), trials=1)
    save_lambda(made.study.files.model_paths(0)[0])

    with pytest.raises(HPOError, match="Lambda layer, which contains code"):
        export(made, tmp_path / "export")


def test_saved_models_keep_their_members_weights(ensemble, exported):
    manifest = json.loads((exported / "manifest.json").read_text())

    assert [m["weight"] for m in manifest["members"]] == pytest.approx([*ensemble.weights.values()])
    for member in manifest["members"]:
        for saved in member["models"]:
            assert zipfile.is_zipfile(exported / saved["file"])


def network_with(layer):
    """The linear network behind a layer of the plugin's own."""

    def model(params, data):
        import keras

        network = keras.Sequential([layer(), *linear_network(params, data).layers])
        network.compile(keras.optimizers.SGD(params["rate"]), "mse", metrics=["mae"])
        return network

    return model


def without_config():
    import keras

    class Scaled(keras.layers.Layer):
        def __init__(self, factor):
            super().__init__()
            self.factor = factor

        def call(self, inputs):
            return inputs * self.factor.numerator

    return Scaled(Fraction(2))


def registered():
    import keras

    @keras.saving.register_keras_serializable("mine")
    class Doubled(keras.layers.Layer):
        def call(self, inputs):
            return inputs * 2

    return Doubled()


def with_code():
    import keras

    return keras.layers.Lambda(lambda inputs: inputs * 2)


@pytest.mark.parametrize(
    ("layer", "reason"),
    [
        (without_config, "a layer of its model cannot be saved"),
        (registered, "its model has 'Doubled' from"),
        (with_code, "its model has a Lambda layer"),
    ],
)
def test_what_an_export_will_refuse_is_said_before_the_first_trial_trains(tmp_path, layer, reason):
    events = []
    task = linear_task(model=network_with(layer))

    study = hpo.run(task, trials=2, runs=tmp_path, on_event=events.append)

    kinds = [type(event) for event in events if isinstance(event, Warned | EpochEnded)]
    (warning,) = [event.message for event in events if isinstance(event, Warned)]
    assert kinds[0] is Warned
    assert warning.startswith(f"hpo export will refuse its models: task 'linear': {reason}")
    assert [trial.state for trial in study.trials] == ["complete"] * 2


def test_a_model_of_keras_own_layers_is_not_warned_of(tmp_path):
    events = []

    hpo.run(linear_task(), trials=1, runs=tmp_path, on_event=events.append)

    assert not [event for event in events if isinstance(event, Warned)]
