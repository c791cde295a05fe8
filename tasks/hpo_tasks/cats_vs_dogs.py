"""Cats and dogs: which of the two a color picture shows.

The pictures are the 4,000 of Kaggle's "Dogs vs. Cats" (2013) that Chollet ("Deep Learning with
Python", 2017, section 5.2) chose. The search uses his 2,000 for training and 1,000 for validation
in three folds, so that every model trains on 2,000 pictures as his did. The other 1,000 are the
test set.

The parameter ``approach`` chooses how much comes from ImageNet: nothing ("scratch"), features that
a pretrained base computes once ("features"), a frozen base after augmentation ("augmented"), or a
base whose last blocks are trained too ("fine_tuning"). ``base``, and ``alpha`` for the width of a
MobileNet, are options: ``--set base=VGG16``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpo import Data, HPOError, Params, Reference, Stage, Task
from hpo_tasks.cats_subset import prepare
from hpo_tasks.optimizers import make_optimizer, make_schedule

if TYPE_CHECKING:
    from pathlib import Path

    import keras
    import numpy as np

NAME = "cats_vs_dogs"
FOLDER = "cats_and_dogs_small"
CLASSES = ("cat", "dog")
SIZE = 180
APPROACHES = ("scratch", "features", "augmented", "fine_tuning")
EPOCHS = 60
WARM_UP = 3
ADVICE = (
    "Kaggle's Dogs vs. Cats needs an account: download it there and run `hpo data prepare "
    "cats_vs_dogs FILE`, or name the folder that holds it with --data-dir or HPO_DATA_DIR."
)

# Only load gets the user's folder, and the weights of a base lie there too.
_folder: dict[str, Path | None] = {"data_dir": None}


def load(data_dir: Path | None = None) -> Data:
    """Read the pictures: 3,000 for training and 1,000 for the test, 180 x 180 each.

    Args:
        data_dir: The folder that holds ``cats_and_dogs_small``.

    Raises:
        HPOError: The pictures are missing, or one of them is broken.
    """
    from hpo_tasks.sources import find_folder

    _folder["data_dir"] = data_dir
    folder = find_folder(FOLDER, data_dir, task=NAME, advice=ADVICE)
    x, y = _part(folder, "train", "validation")
    x_test, y_test = _part(folder, "test")
    return Data(x=x, y=y, x_test=x_test, y_test=y_test, class_names=list(CLASSES), decode=decode)


def decode(sample: np.ndarray) -> np.ndarray:
    """Turn one sample into a picture to look at: uint8, shape (height, width, 3)."""
    import numpy as np

    return np.asarray(sample, "uint8")


def preprocessor(params: Params) -> Any:
    """Resize the pictures, or turn them into features of the base.

    Args:
        params: The configuration.

    Raises:
        HPOError: The base is unknown, or its weights cannot be found or downloaded.
    """
    from hpo_tasks.pictures import Resize

    approach = _approach(params)
    if approach == "scratch":
        return Resize(params["picture_size"])
    if approach != "features":
        return Resize(params["base_picture_size"])
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from hpo_tasks.bases import PretrainedFeatures

    features = PretrainedFeatures(
        params["base"],
        _weights(params),
        sizes=[int(size) for size in params["feature_sizes"].split("+")],
        alpha=params.get("alpha"),
        taps=params["feature_layers"],
        pooling=params["feature_pooling"],
        mirror=params["feature_mirror"],
    )
    return make_pipeline(features, StandardScaler())


def model(params: Params, data: Data) -> keras.Model:
    """Build and compile the network of the configuration's approach.

    Args:
        params: The configuration.
        data: Preprocessed samples; only their shape matters: (n, size, size, 3) or
            (n, n_features).

    Raises:
        HPOError: The base is unknown, or its weights cannot be found or downloaded.
    """
    import keras

    from hpo_tasks.color_networks import augment, base_features, classifier, convolutional_features

    approach = _approach(params)
    if approach == "features":
        inputs = features = keras.Input(data.x.shape[1:])
    else:
        inputs = keras.Input(data.x.shape[1:], dtype="uint8")
        pixels = augment(keras.layers.Rescaling(1.0)(inputs), params)
        if approach == "scratch":
            features = convolutional_features(pixels, params)
        else:
            features = base_features(pixels, params, _weights(params))
    network = keras.Model(inputs, classifier(features, params), name=approach)
    _compile(network, params)
    return network


def callbacks(params: Params) -> list[Any]:
    """Lower the learning rate as ``schedule`` says."""
    return make_schedule(params, epochs=int(params.get("epochs", EPOCHS)), warm_up=WARM_UP)


def fine_tuning_epochs(params: Params) -> int:
    """Return the number of epochs of fine-tuning: that of the first stage, or 0."""
    return int(params.get("epochs", EPOCHS)) if params["approach"] == "fine_tuning" else 0


def start_fine_tuning(network: keras.Model, params: Params) -> None:
    """Make the last blocks of the base trainable, with a learning rate of their own."""
    from hpo_tasks.bases import unfreeze

    unfreeze(network, params["base"], params["unfrozen_blocks"])
    rate = params["fine_tuning_rate"]
    _compile(network, {**params, "learning_rate": rate, "sgd_learning_rate": rate})


def _part(folder: Path, *parts: str) -> tuple[np.ndarray, np.ndarray]:
    """Load the pictures of some parts, uint8, shape (n, 180, 180, 3), and classes, shape (n,)."""
    import numpy as np

    from hpo_tasks.pictures import list_pictures, load_pictures

    folders = [(folder / part / f"{name}s", n) for part in parts for n, name in enumerate(CLASSES)]
    labeled = [(path, n) for within, n in folders for path in list_pictures(within)]
    pictures = load_pictures([path for path, _class in labeled], SIZE)
    return pictures, np.array([n for _path, n in labeled], "int64")


def _approach(params: Params) -> str:
    approach: str = params["approach"]
    if approach not in APPROACHES:
        raise HPOError(
            f"{NAME}: approach must be one of {', '.join(APPROACHES)}. Received: {approach!r}"
        )
    return approach


def _weights(params: Params) -> Path:
    from hpo_tasks.bases import weights_file

    return weights_file(params["base"], params.get("alpha"), _folder["data_dir"], task=NAME)


def _compile(network: keras.Model, params: Params) -> None:
    import keras

    loss = keras.losses.BinaryCrossentropy(label_smoothing=params["label_smoothing"])
    network.compile(make_optimizer(params), loss=loss, metrics=["accuracy"])


task = Task(
    name=NAME,
    description="Cats and dogs on 4,000 color pictures (classification, 180 x 180)",
    load=load,
    model=model,
    space=NAME,
    objective="val_accuracy",
    cv="kfold:3",
    preprocessor=preprocessor,
    callbacks=callbacks,
    stages=[Stage("fine_tuning", fine_tuning_epochs, start_fine_tuning)],
    epochs=EPOCHS,
    batch_size=32,
    patience=20,
    reference=Reference(
        0.82,
        "Chollet, Deep Learning with Python (2017), section 5.2: convnet from scratch with "
        "augmentation",
    ),
    prepare=prepare,
)
