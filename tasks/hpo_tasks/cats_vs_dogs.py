"""Cats and dogs: which of the two a colour picture shows.

The pictures are the 4,000 of Kaggle's "Dogs vs. Cats" (2013) that Chollet ("Deep Learning with
Python", 2017, section 5.2) chose: his 2,000 for training and 1,000 for validation are what is
searched on, in three folds, so that every model trains on 2,000 as his did; 1,000 are the test.

The parameter ``approach`` chooses how much comes from ImageNet: nothing ("scratch"), the features
that a trained base computes once ("features"), the frozen base behind augmentation ("augmented"),
or a base whose last blocks are trained too ("fine_tuning"). ``base``, and ``alpha`` for the width
of a MobileNet, are options: ``--set base=VGG16``.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from hpo import Data, HPOError, Params, Reference, Stage, Task
from hpo_tasks.cats_subset import prepare

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
FLOOR = 0.01
WARM_UP = 3
WIDEST = 256
ADVICE = (
    "Kaggle's Dogs vs. Cats cannot be downloaded without an account: get it there, cut it with "
    "`hpo data prepare cats_vs_dogs FILE`, or name its folder with --data-dir or HPO_DATA_DIR."
)

# The contract hands the user's folder to load alone, and the weights of a base lie there too.
_folder: dict[str, Path | None] = {"data_dir": None}


def load(data_dir: Path | None = None) -> Data:
    """Read the pictures: 3,000 for training and 1,000 for the test, 180 x 180 each.

    Args:
        data_dir: The folder that holds ``cats_and_dogs_small``.

    Raises:
        HPOError: The pictures are not there, or one of them is broken.
    """
    from hpo_tasks.sources import find_folder

    _folder["data_dir"] = data_dir
    folder = find_folder(FOLDER, data_dir, task=NAME, advice=ADVICE)
    x, y = _part(folder, "train", "validation")
    x_test, y_test = _part(folder, "test")
    return Data(x=x, y=y, x_test=x_test, y_test=y_test, class_names=list(CLASSES), decode=decode)


def decode(sample: np.ndarray) -> np.ndarray:
    """Turn one sample into a picture for a person: uint8, shape (height, width, 3)."""
    import numpy as np

    return np.asarray(sample, "uint8")


def preprocessor(params: Params) -> Any:
    """Shrink the pictures, or turn them into features of the base.

    Args:
        params: The configuration.

    Raises:
        HPOError: The base is unknown, or its weights are nowhere to be had.
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
        data: Prepared samples, of which only the shape is read: (n, size, size, 3) or
            (n, n_features).

    Raises:
        HPOError: The base is unknown, or its weights are nowhere to be had.
    """
    import keras

    approach = _approach(params)
    if approach == "features":
        inputs = keras.Input(data.x.shape[1:])
        features = inputs
    else:
        inputs = keras.Input(data.x.shape[1:], dtype="uint8")
        pixels = _augmented(keras.layers.Rescaling(1.0)(inputs), params)
        features = _convolved(pixels, params) if approach == "scratch" else _seen(pixels, params)
    network = keras.Model(inputs, _classified(features, params), name=approach)
    _compile(network, params, _learning_rate(params))
    return network


def callbacks(params: Params) -> list[Any]:
    """Lower the learning rate as ``schedule`` says, of the epoch or the training loss alone."""
    import keras

    if params["schedule"] == "plateau":
        return [
            keras.callbacks.ReduceLROnPlateau(
                monitor="loss", factor=0.3, patience=3, min_delta=1e-3, min_lr=1e-6
            )
        ]
    if params["schedule"] == "constant":
        return []
    return [_cosine(int(params.get("epochs", EPOCHS)))]


def share_of_peak(epoch: int, epochs: int) -> float:
    """The share of the highest learning rate: rising for three epochs, then half a cosine.

    Loshchilov and Hutter (2017), "SGDR: stochastic gradient descent with warm restarts".

    Args:
        epoch: The epoch, from 0.
        epochs: The number of epochs.
    """
    rising = min((epoch + 1) / WARM_UP, 1.0)
    falling = (1 + math.cos(math.pi * min(epoch / epochs, 1.0))) / 2
    return max(FLOOR, rising * falling)


def fine_tuning_epochs(params: Params) -> int:
    """As many epochs as the first stage has, for fine-tuning; else none."""
    return int(params.get("epochs", EPOCHS)) if params["approach"] == "fine_tuning" else 0


def start_fine_tuning(network: keras.Model, params: Params) -> None:
    """Let the last blocks of the base be trained, with a learning rate of their own."""
    from hpo_tasks.bases import unfreeze

    unfreeze(network, params["base"], params["unfrozen_blocks"])
    _compile(network, params, params["fine_tuning_rate"])


def _part(folder: Path, *parts: str) -> tuple[np.ndarray, np.ndarray]:
    """Pictures, uint8, shape (n, 180, 180, 3), and classes, shape (n,), of parts of the data."""
    import numpy as np

    from hpo_tasks.pictures import list_pictures, load_pictures

    folders = [(folder / part / f"{name}s", n) for part in parts for n, name in enumerate(CLASSES)]
    found = [(path, n) for within, n in folders for path in list_pictures(within)]
    pictures = load_pictures([path for path, _class in found], SIZE)
    return pictures, np.array([n for _path, n in found], "int64")


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


# ---------------------------------------------------------------- layers


def _augmented(pixels: Any, params: Params) -> Any:
    """Change pictures at random while training; pixels stay between 0 and 255."""
    import keras

    if params["augmentation"] == "none":
        return pixels
    pixels = keras.layers.RandomFlip("horizontal")(pixels)
    if params["augmentation"] == "mirror":
        return pixels
    shift, zoom, turn = params["shift"], params["zoom"], params["rotation"] / 360
    if shift:
        pixels = keras.layers.RandomTranslation(shift, shift, fill_mode="reflect")(pixels)
    if turn:
        pixels = keras.layers.RandomRotation(turn, fill_mode="reflect")(pixels)
    if zoom:
        # Two factors, so that the aspect ratio changes too.
        pixels = keras.layers.RandomZoom(zoom, zoom, fill_mode="reflect")(pixels)
    if params["contrast"]:
        pixels = keras.layers.RandomContrast(params["contrast"], value_range=(0, 255))(pixels)
    return pixels


def _convolved(pixels: Any, params: Params) -> Any:
    """Blocks of convolutions, each halving the picture, after a first one that halves it too."""
    import keras

    features = keras.layers.Rescaling(1 / 127.5, offset=-1.0)(pixels)
    features = keras.layers.Conv2D(
        params["width"],
        5,
        strides=2,
        padding="same",
        use_bias=False,
        kernel_regularizer=_penalty(params),
    )(features)
    block = {"plain": _plain_block, "separable": _separable_block}[params["architecture"]]
    for number in range(params["blocks"]):
        features = block(features, min(params["width"] << number, WIDEST), params)
    return keras.layers.GlobalAveragePooling2D()(_activated(features))


def _plain_block(features: Any, width: int, params: Params) -> Any:
    import keras

    # Pooling first leaves a quarter of the numbers to normalise and convolve.
    features = _activated(keras.layers.MaxPooling2D(padding="same")(features))
    if params["channel_dropout"]:
        features = keras.layers.SpatialDropout2D(params["channel_dropout"])(features)
    return keras.layers.Conv2D(
        width, 3, padding="same", use_bias=False, kernel_regularizer=_penalty(params)
    )(features)


def _separable_block(features: Any, width: int, params: Params) -> Any:
    """Two separable convolutions beside a shortcut (Chollet, 2017, "Xception")."""
    import keras

    penalty = _penalty(params)
    shortcut = keras.layers.Conv2D(
        width, 1, strides=2, padding="same", use_bias=False, kernel_regularizer=penalty
    )(features)
    for _layer in range(2):
        features = keras.layers.SeparableConv2D(
            width, 3, padding="same", use_bias=False, pointwise_regularizer=penalty
        )(_activated(features))
    features = keras.layers.MaxPooling2D(3, strides=2, padding="same")(features)
    return keras.layers.Add()([features, shortcut])


def _activated(features: Any) -> Any:
    import keras

    # The default momentum of 0.99 remembers longer than an epoch of 2,000 pictures.
    return keras.layers.ReLU()(keras.layers.BatchNormalization(momentum=0.9)(features))


def _seen(pixels: Any, params: Params) -> Any:
    """What the frozen base sees in the pictures, pooled."""
    import keras

    from hpo_tasks.bases import build_base, scaled

    base = build_base(params["base"], params.get("alpha"), pixels.shape[1], _weights(params))
    # Batch normalisation keeps to the moments of ImageNet, also when its block is trained.
    maps = base(scaled(params["base"], pixels), training=False)
    return keras.layers.GlobalAveragePooling2D()(maps)


def _classified(features: Any, params: Params) -> Any:
    """The probability of a dog."""
    import keras

    features = keras.layers.Dropout(params["dropout"])(features)
    if params.get("units"):
        features = keras.layers.Dense(
            params["units"], activation="relu", kernel_regularizer=_penalty(params)
        )(features)
        features = keras.layers.Dropout(params["dropout"])(features)
    return keras.layers.Dense(1, activation="sigmoid", kernel_regularizer=_penalty(params))(
        features
    )


# ---------------------------------------------------------------- optimisation


def _compile(network: keras.Model, params: Params, rate: float) -> None:
    import keras

    from hpo_tasks.optimizers import make_optimizer

    loss = keras.losses.BinaryCrossentropy(label_smoothing=params["label_smoothing"])
    optimizer = make_optimizer({**params, "learning_rate": rate})
    network.compile(optimizer, loss=loss, metrics=["accuracy"])


def _learning_rate(params: Params) -> float:
    name = "sgd_learning_rate" if params["optimizer"] == "sgd" else "learning_rate"
    return float(params[name])


def _cosine(epochs: int) -> Any:
    import keras

    peak: list[float] = []

    def rate(epoch: int, present: float) -> float:
        # The stages of a training are compiled with rates of their own.
        peak[:] = peak or [float(present)]
        return peak[0] * share_of_peak(epoch, epochs)

    return keras.callbacks.LearningRateScheduler(rate)


def _penalty(params: Params) -> Any:
    import keras

    return keras.regularizers.L2(params["l2"]) if params.get("l2") else None


task = Task(
    name=NAME,
    description="Cats and dogs on 4,000 colour pictures (classification, 180 x 180)",
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
