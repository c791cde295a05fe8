import os

import numpy as np
import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optuna.samplers import RandomSampler

from hpo import Data, HPOError
from hpo.plugins import load_space
from hpo.training.evaluation import Evaluator
from hpo_tasks import bases, cats_vs_dogs
from hpo_tasks.cats_vs_dogs import task
from hpo_tasks.optimizers import FINAL_SHARE, cosine

SPACE = load_space("cats_vs_dogs")
COUNTS = {"train": 4, "validation": 2, "test": 3}  # of each class
SIZE = 32


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Made-up pictures: cats are dark, dogs are bright."""
    import tensorflow as tf

    data_dir = tmp_path_factory.mktemp("data")
    noise = np.random.default_rng(0)
    for part, count in COUNTS.items():
        for n, name in enumerate(("cats", "dogs")):
            within = data_dir / "cats_and_dogs_small" / part / name
            within.mkdir(parents=True)
            for number in range(count):
                picture = noise.integers(0, 100, (40, 50, 3)) + 150 * n
                jpeg = tf.io.encode_jpeg(picture.astype("uint8")).numpy()
                (within / f"{name[:-1]}.{number}.jpg").write_bytes(jpeg)
    return data_dir


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch):
    folder = tmp_path_factory.getbasetemp() / "cache"
    monkeypatch.setenv("HPO_CACHE_DIR", str(folder))
    return folder


@pytest.fixture
def untrained_base(monkeypatch, tmp_path):
    """The smallest MobileNet without ImageNet."""
    import keras

    path = tmp_path / "weights.h5"
    path.write_bytes(b"")

    def build(_base, alpha, size, _weights):
        base = keras.applications.MobileNet(
            include_top=False, weights=None, alpha=alpha, input_shape=(size, size, 3)
        )
        for layer in base.layers:
            if isinstance(layer, keras.layers.BatchNormalization):
                # Else nothing would come out of 27 layers with weights drawn at random.
                layer.moving_variance.assign(layer.moving_variance * 0.03)
        base.trainable = False
        return base

    monkeypatch.setattr(bases, "build_base", build)
    monkeypatch.setattr(bases, "weights_file", lambda *_, **__: path)


def configuration(approach, *overrides):
    """The default configuration of an approach."""
    return SPACE.override([f"approach={approach}", *overrides]).defaults()


def small(approach, *overrides):
    sizes = {
        "scratch": [f"picture_size.choices=[{SIZE}]", "width=16"],
        "features": ["feature_sizes.choices=['32']"],
    }
    return configuration(
        approach,
        *sizes.get(approach, [f"base_picture_size.choices=[{SIZE}]"]),
        *overrides,
    )


def pictures(n=8, size=SIZE):
    """Made-up data: of dark and of bright pictures."""
    y = np.arange(n) % 2
    x = np.random.default_rng(0).integers(0, 100, (n, size, size, 3)) + 150 * y[:, None, None, None]
    return Data(x=x.astype("uint8"), y=y, class_names=["cat", "dog"])


def prepared(params, data):
    x = cats_vs_dogs.preprocessor(params).fit_transform(data.x)
    return Data(x=x, y=data.y, class_names=data.class_names)


# ---------------------------------------------------------------- data


def test_train_and_validation_are_searched_on_and_test_is_the_test(folder):
    data = cats_vs_dogs.load(folder)

    assert data.x.shape == (12, 180, 180, 3)
    assert data.x.dtype == np.uint8
    assert data.y.tolist() == [0] * 4 + [1] * 4 + [0] * 2 + [1] * 2
    assert data.x_test.shape == (6, 180, 180, 3)
    assert data.y_test.tolist() == [0] * 3 + [1] * 3
    assert (data.x.mean(axis=(1, 2, 3)) > 128).astype(int).tolist() == data.y.tolist()


def test_a_picture_can_be_looked_at(folder):
    data = cats_vs_dogs.load(folder)

    picture = data.decode(data.x[0])

    assert picture.shape == (180, 180, 3)
    assert picture.dtype == np.uint8
    assert data.class_names == ["cat", "dog"]


def test_missing_pictures_are_named_in_one_line(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))

    with pytest.raises(HPOError, match="cats_and_dogs_small") as why:
        cats_vs_dogs.load(tmp_path)

    assert "\n" not in str(why.value)


def test_the_real_pictures_are_3000_and_1000(monkeypatch, tmp_path):
    if os.environ.get("HPO_DATA_DIR") is None:
        pytest.skip("HPO_DATA_DIR names no folder with cats_and_dogs_small")
    from pathlib import Path

    found = Path(os.environ["HPO_DATA_DIR"]) / "cats_and_dogs_small"

    assert len(list(found.glob("train/*/*.jpg"))) == 2000
    assert len(list(found.glob("validation/*/*.jpg"))) == 1000
    assert len(list(found.glob("test/*/*.jpg"))) == 1000


# ---------------------------------------------------------------- the space


def test_the_task_uses_the_space_that_ships_with_it():
    assert load_space(task.space) == SPACE
    assert SPACE.defaults()["approach"] == "scratch"  # needs nothing but the pictures


def test_approaches_have_parameters_of_their_own():
    assert "base" not in configuration("scratch")
    assert "picture_size" not in configuration("features")
    assert "augmentation" not in configuration("features")
    assert "unfrozen_blocks" not in configuration("augmented")
    assert configuration("fine_tuning")["unfrozen_blocks"] == 1


def test_another_base_has_no_width():
    params = configuration("features", "base=VGG16")

    assert params["base"] == "VGG16"
    assert "alpha" not in params


def test_an_unknown_approach_is_refused():
    with pytest.raises(HPOError, match=r"approach must be one of scratch.*Received: 'guess'"):
        cats_vs_dogs.preprocessor({"approach": "guess"})


# ---------------------------------------------------------------- models


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 2**31))
def test_every_network_from_scratch_gives_a_probability(seed):
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=RandomSampler(seed=seed))
    params = SPACE.override(["approach=scratch"]).suggest(study.ask())
    data = prepared(params, pictures(4))

    model = cats_vs_dogs.model(params, data)

    found = model.predict(data.x, verbose=0)
    assert found.shape == (4, 1)
    assert ((found > 0) & (found < 1)).all()


@pytest.mark.parametrize("architecture", SPACE["architecture"].choices)
def test_a_network_from_scratch_is_the_same_after_loading(tmp_path, architecture):
    params = small("scratch", f"architecture={architecture}", "contrast=0.2")

    assert_survives_saving(params, tmp_path)


@pytest.mark.parametrize("approach", ["features", "augmented", "fine_tuning"])
def test_a_network_with_a_base_is_the_same_after_loading(untrained_base, tmp_path, approach):
    assert_survives_saving(small(approach), tmp_path)


def assert_survives_saving(params, tmp_path):
    import keras

    data = prepared(params, pictures())
    model = cats_vs_dogs.model(params, data)
    model.save(tmp_path / "model.keras")

    again = keras.saving.load_model(tmp_path / "model.keras", compile=False, safe_mode=True)

    found = again.predict(data.x, verbose=0)
    assert found.shape == (8, 1)
    assert ((found > 0) & (found < 1)).all()
    np.testing.assert_allclose(found, model.predict(data.x, verbose=0), atol=1e-5)


@pytest.mark.parametrize("approach", cats_vs_dogs.APPROACHES[1:])
def test_missing_weights_are_named_in_one_line(tmp_path, monkeypatch, approach):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(cats_vs_dogs, "_folder", {"data_dir": tmp_path})
    monkeypatch.setattr("hpo_tasks.sources._download", refuse)
    params = configuration(approach)

    with pytest.raises(HPOError, match=r"mobilenet_2_5_224_tf_no_top\.h5") as why:
        cats_vs_dogs.model(params, prepared(params, pictures()))
    assert "\n" not in str(why.value)


def refuse(file, *_, **__):
    raise HPOError(f"{file} is not there")


# ---------------------------------------------------------------- fine-tuning


def test_only_fine_tuning_has_a_second_stage():
    (stage,) = task.stages

    assert stage.epochs_for(configuration("fine_tuning", "epochs=7")) == 7
    assert stage.epochs_for(configuration("fine_tuning")) == task.epochs
    assert [stage.epochs_for(configuration(a)) for a in cats_vs_dogs.APPROACHES[:3]] == [0, 0, 0]


@pytest.mark.parametrize(("blocks", "first"), [(1, "conv_dw_13"), (2, "conv_dw_12")])
def test_fine_tuning_trains_the_last_blocks_without_their_normalisation(
    untrained_base, blocks, first
):
    import keras

    params = small("fine_tuning", f"unfrozen_blocks={blocks}", "fine_tuning_rate=3e-5")
    model = cats_vs_dogs.model(params, prepared(params, pictures()))
    (base,) = [layer for layer in model.layers if isinstance(layer, keras.Model)]
    assert not base.trainable_weights
    optimizer = model.optimizer

    task.stages[0].prepare(model, params)

    trained = [layer.name for layer in base.layers if layer.trainable_weights]
    assert trained[0] == first
    assert trained[-1] == "conv_pw_13"
    assert len(trained) == 2 * blocks
    assert model.optimizer is not optimizer
    assert float(model.optimizer.learning_rate) == pytest.approx(3e-5)


def test_the_base_keeps_its_moments_while_its_block_is_trained(untrained_base):
    import keras

    params = small("fine_tuning", "augmentation=none")
    data = prepared(params, pictures())
    model = cats_vs_dogs.model(params, data)
    task.stages[0].prepare(model, params)
    (base,) = [layer for layer in model.layers if isinstance(layer, keras.Model)]
    moments = base.get_layer("conv_pw_13_bn").get_weights()
    kernel = base.get_layer("conv_pw_13").get_weights()[0]

    model.fit(data.x, data.y, epochs=1, verbose=0)

    np.testing.assert_array_equal(moments, base.get_layer("conv_pw_13_bn").get_weights())
    assert np.abs(base.get_layer("conv_pw_13").get_weights()[0] - kernel).max() > 0


# ---------------------------------------------------------------- schedules


def test_the_cosine_rises_for_three_epochs_and_falls_to_nearly_nothing():
    shares = [cosine(epoch, epochs=30, warm_up=3) for epoch in range(30)]

    assert shares[0] < shares[1] < shares[2]
    assert shares[3:] == sorted(shares[3:], reverse=True)
    assert max(shares) > 0.95
    assert shares[-1] == FINAL_SHARE


@pytest.mark.parametrize("schedule", SPACE["schedule"].choices)
def test_no_schedule_needs_a_validation_part(schedule):
    for callback in cats_vs_dogs.callbacks(configuration("scratch", f"schedule={schedule}")):
        assert not getattr(callback, "monitor", "").startswith("val_")


# ---------------------------------------------------------------- training


def test_a_short_training_from_scratch_tells_dark_from_bright():
    params = small("scratch", "epochs=6", "batch_size.choices=[4]", "dropout=0", "zoom=0.1")

    evaluation = Evaluator(task, pictures(40), "holdout:0.25").evaluate(params, seed=1)

    assert evaluation.score > 0.8
    assert evaluation.training == "fused"
    assert evaluation.epochs[1] == 0


@pytest.mark.slow  # traces a MobileNet twice
def test_fine_tuning_goes_through_both_stages(untrained_base):
    params = small("fine_tuning", "epochs=1", "schedule=constant")

    evaluation = Evaluator(task, pictures(12), "kfold:2").evaluate(params, seed=1)

    assert len(evaluation.arrays.curves["val_accuracy"]) == 2
    assert len(evaluation.epochs) == 2
