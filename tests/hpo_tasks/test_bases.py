import os

import numpy as np
import pytest

from hpo import HPOError
from hpo_tasks import bases

SIZE = 32
PICTURES = np.random.default_rng(0).integers(0, 256, (4, SIZE, SIZE, 3), "uint8")


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setenv("HPO_CACHE_DIR", str(folder))
    return folder


def write_weights(path, *, seed):
    """Write weights of the smallest MobileNet, drawn at random, as files of Keras hold them."""
    import h5py
    import keras
    from keras.src.legacy.saving import legacy_h5_format

    keras.utils.set_random_seed(seed)
    network = keras.applications.MobileNet(
        include_top=False, weights=None, alpha=0.25, input_shape=(SIZE, SIZE, 3)
    )
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            # Else nothing would come out of 27 layers with weights drawn at random.
            layer.moving_variance.assign(layer.moving_variance * 0.03)
    with h5py.File(path, "w") as file:
        legacy_h5_format.save_weights_to_hdf5_group(file, network)
    return path


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    return write_weights(tmp_path_factory.mktemp("weights") / "mobilenet.h5", seed=0)


def features_of(pictures, weights, **settings):
    settings = {"alpha": 0.25, "sizes": [SIZE], **settings}
    return bases.PretrainedFeatures("MobileNet", weights, **settings).transform(pictures)


@pytest.mark.parametrize("name", bases.BASES)
def test_pixels_are_scaled_as_the_base_expects_them(name):
    import keras

    pixels = keras.Input((4, 4, 3))
    model = keras.Model(pixels, bases.scaled(name, pixels))
    x = PICTURES[:, :4, :4].astype("float32")

    module = {
        "VGG16": keras.applications.vgg16,
        "Xception": keras.applications.xception,
        "MobileNet": keras.applications.mobilenet,
        "MobileNetV2": keras.applications.mobilenet_v2,
        "EfficientNetV2B0": keras.applications.efficientnet_v2,
    }[name]
    expected = module.preprocess_input(x.copy())
    np.testing.assert_allclose(model.predict(x, verbose=0), expected, atol=1e-3)
    assert not model.trainable_weights


@pytest.mark.slow  # builds networks of 270 layers
@pytest.mark.parametrize("name", bases.BASES)
def test_the_layers_that_are_spoken_of_exist(name):
    import keras

    network = getattr(keras.applications, name)(
        include_top=False, weights=None, input_shape=(96, 96, 3)
    )
    names = [layer.name for layer in network.layers]

    taps = [names.index(tap) for tap in bases.BASES[name].taps]
    blocks = [names.index(block) for block in bases.BASES[name].blocks]

    assert taps == sorted(taps, reverse=True)
    assert blocks == sorted(blocks, reverse=True)
    assert taps[0] == len(names) - 1


def test_a_base_is_frozen_and_has_its_weights(weights):
    base = bases.build_base("MobileNet", 0.25, SIZE, weights)

    assert not base.trainable_weights
    first = base.predict(np.zeros((1, SIZE, SIZE, 3)), verbose=0)
    again = bases.build_base("MobileNet", 0.25, SIZE, weights)
    np.testing.assert_array_equal(first, again.predict(np.zeros((1, SIZE, SIZE, 3)), verbose=0))


def test_weights_of_another_network_are_refused_in_one_line(weights, tmp_path):
    other = tmp_path / "other.h5"
    other.write_bytes(b"no weights")

    with pytest.raises(HPOError, match=r"other\.h5 does not hold weights of MobileNet") as why:
        bases.build_base("MobileNet", 0.25, SIZE, other)
    assert "\n" not in str(why.value)
    with pytest.raises(HPOError, match="does not hold weights of MobileNet"):
        bases.build_base("MobileNet", 0.5, SIZE, weights)


@pytest.mark.parametrize(
    ("base", "alpha", "file"),
    [
        ("MobileNet", 0.25, "mobilenet_2_5_224_tf_no_top.h5"),
        ("MobileNet", 1.0, "mobilenet_1_0_224_tf_no_top.h5"),
        ("VGG16", None, "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"),
    ],
)
def test_weights_are_looked_for_under_the_name_that_keras_gives_them(tmp_path, base, alpha, file):
    (tmp_path / file).write_bytes(b"")

    assert bases.weights_file(base, alpha, tmp_path, task="cats") == tmp_path / file


def test_an_unknown_base_or_width_is_named():
    with pytest.raises(HPOError, match=r"base must be one of VGG16.*Received: 'LeNet'"):
        bases.weights_file("LeNet", None, None, task="cats")
    with pytest.raises(HPOError, match=r"alpha must be one of 0\.25.*Received: 0\.3"):
        bases.weights_file("MobileNet", 0.3, None, task="cats")


@pytest.mark.parametrize(
    ("settings", "n_features"),
    [
        ({"taps": 3, "pooling": "both"}, 2 * (256 + 128 + 64)),
        ({"sizes": [32, 40]}, 512),
    ],
)
def test_features_of_layers_sizes_and_poolings_are_joined(weights, settings, n_features):
    found = features_of(PICTURES, weights, **settings)

    assert found.shape == (4, n_features)
    assert found.dtype == np.float32
    assert np.isfinite(found).all()


def test_features_of_a_picture_and_its_mirror_image_are_the_same(weights):
    mirrored = PICTURES[:, :, ::-1]

    both = features_of(PICTURES, weights)
    np.testing.assert_allclose(both, features_of(mirrored, weights), rtol=1e-3, atol=1e-4)
    one = features_of(PICTURES, weights, mirror=False)
    other = features_of(mirrored, weights, mirror=False)
    np.testing.assert_allclose(both, (one + other) / 2, rtol=1e-3, atol=1e-4)
    assert np.abs(one - other).max() > 1e-2


def test_features_are_computed_once(weights, monkeypatch):
    before = features_of(PICTURES, weights)
    monkeypatch.setattr(bases, "build_base", lambda *_: pytest.fail("built the base again"))

    np.testing.assert_array_equal(features_of(PICTURES.copy(), weights), before)


def test_the_features_of_a_picture_are_computed_once_for_all_folds(weights, monkeypatch):
    whole = features_of(PICTURES[:3], weights)
    seen = []
    compute = bases.PretrainedFeatures._compute

    def counted(self, pictures, size):
        seen.append(len(pictures))
        return compute(self, pictures, size)

    monkeypatch.setattr(bases.PretrainedFeatures, "_compute", counted)
    np.testing.assert_array_equal(features_of(PICTURES[1:3], weights), whole[1:])
    assert features_of(PICTURES[[3, 0]], weights).shape[0] == 2
    assert seen == [1]


def test_other_weights_of_the_same_name_give_other_features(weights, tmp_path):
    other = write_weights(tmp_path / weights.name, seed=1)

    difference = features_of(PICTURES, weights) - features_of(PICTURES, other)
    assert np.abs(difference).max() > 1e-2


def test_the_features_of_imagenet_tell_what_pictures_show():
    folder = os.environ.get("HPO_DATA_DIR")
    if folder is None:
        pytest.skip("HPO_DATA_DIR names no folder with weights/mobilenet_2_5_224_tf_no_top.h5")
    from pathlib import Path

    from sklearn.linear_model import LogisticRegression

    from hpo_tasks.pictures import list_pictures, load_pictures

    weights = bases.weights_file("MobileNet", 0.25, Path(folder), task="cats")
    folders = [Path(folder) / "cats_and_dogs_small/train" / name for name in ("cats", "dogs")]
    paths = [path for pets in folders for path in list_pictures(pets)[:60]]
    y = np.repeat([0, 1], 60)
    train = np.arange(120) % 2 == 0

    x = features_of(load_pictures(paths, 160), weights, sizes=[160])

    classifier = LogisticRegression(C=0.01, max_iter=500).fit(x[train], y[train])
    assert classifier.score(x[~train], y[~train]) > 0.8
