"""MNIST: which of the ten digits somebody wrote, on pictures of 28 x 28 grey pixels.

The data is that of LeCun, Bottou, Bengio and Haffner (1998, "Gradient-based learning applied to
document recognition", Proceedings of the IEEE 86): 60,000 digits to learn from and 10,000 for the
test. The parameter ``architecture`` chooses between four kinds of network, all of them small
enough to be trained on all digits by a CPU in minutes.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from hpo import Data, HPOError, Params, Reference, Task
from hpo_tasks.optimizers import make_optimizer
from hpo_tasks.sources import find_file, load_arrays

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import keras
    import numpy as np

    Body = Callable[[Any, Params], Any]

SIDE = 28
N_CLASSES = 10
# What a cosine schedule ends with; with nothing at all an epoch beyond its end would be wasted.
FLOOR = 0.005


def load(data_dir: Path | None = None) -> Data:
    """Read the digits from ``mnist.npz``, as Keras ships them.

    Args:
        data_dir: The folder that the file lies in.
    """
    arrays = load_arrays(find_file("mnist.npz", data_dir, task="mnist"))
    return Data(
        # The pictures stay whole numbers of one byte, a quarter of what floats would take.
        x=arrays["x_train"][..., None],
        y=arrays["y_train"],
        x_test=arrays["x_test"][..., None],
        y_test=arrays["y_test"],
        class_names=[str(digit) for digit in range(N_CLASSES)],
        decode=decode,
    )


def decode(sample: np.ndarray) -> np.ndarray:
    """Turn one sample into a grey picture.

    Args:
        sample: Grey values from 0 to 255, shape (28, 28, 1).

    Returns:
        The same without the axis of channels, uint8, shape (28, 28).
    """
    import numpy as np

    return np.asarray(sample, "uint8")[..., 0]


def model(params: Params, data: Data) -> keras.Model:
    """Build and compile the network that ``architecture`` names.

    Args:
        params: The configuration.
        data: Digits, shape (n, 28, 28, 1), of which only the shape is read.
    """
    import keras

    body = _BODIES.get(params["architecture"])
    if body is None:
        raise HPOError(
            f"mnist: architecture must be one of {', '.join(_BODIES)}. "
            f"Received: {params['architecture']!r}"
        )
    inputs = keras.Input(data.x.shape[1:], dtype="uint8")
    features = body(_augmented(keras.layers.Rescaling(1 / 255)(inputs), params), params)
    features = keras.layers.Dropout(params["dropout"])(features)
    outputs = keras.layers.Dense(N_CLASSES, activation="softmax")(features)
    network = keras.Model(inputs, outputs, name=params["architecture"])
    network.compile(
        make_optimizer(params | {"learning_rate": _learning_rate(params)}),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return network


def callbacks(params: Params) -> list[Any]:
    """Lower the learning rate as ``schedule`` says.

    Neither schedule looks at a validation part, so that a model can be trained anew on all the
    digits in the same way.
    """
    import keras

    schedule = params["schedule"]
    if schedule == "cosine":
        peak, epochs = _learning_rate(params), int(params["epochs"])
        return [
            keras.callbacks.LearningRateScheduler(
                lambda epoch, _rate: peak * cosine(epoch, epochs=epochs)
            )
        ]
    if schedule == "plateau":
        # With augmented digits the loss hardly ever rises; an epoch that gains little is enough.
        return [
            keras.callbacks.ReduceLROnPlateau(
                monitor="loss", factor=0.3, patience=1, min_delta=2e-3, min_lr=1e-6
            )
        ]
    return []


def cosine(epoch: int, *, epochs: int) -> float:
    """The share of the highest learning rate: half a cosine, 1 at first and near 0 in the end.

    Loshchilov and Hutter (2017), "SGDR: stochastic gradient descent with warm restarts".

    Args:
        epoch: The epoch, from 0.
        epochs: The number of epochs; later ones have what it ends with.
    """
    return max(FLOOR, (1 + math.cos(math.pi * min(epoch / epochs, 1.0))) / 2)


def _augmented(images: Any, params: Params) -> Any:
    """Shift and turn digits at random; what lies beyond their edge is paper."""
    import keras

    shift, degrees = params["shift"], params["rotation"]
    if shift:
        share = shift / SIDE
        images = keras.layers.RandomTranslation(share, share, fill_mode="constant")(images)
    if degrees:
        images = keras.layers.RandomRotation(degrees / 360, fill_mode="constant")(images)
    return images


def _dense(images: Any, params: Params) -> Any:
    import keras

    features = keras.layers.Flatten()(images)
    for _layer in range(params["dense_layers"]):
        features = keras.layers.Dropout(params["dense_dropout"])(features)
        features = keras.layers.Dense(
            params["units"], use_bias=not params["batch_norm"], kernel_regularizer=_penalty(params)
        )(features)
        features = _activated(features, params)
    return features


def _convnet(images: Any, params: Params) -> Any:
    """Plain convolutions of growing width, each block halving the picture."""
    features = _convolved(images, params["filters"], params, pool=True)
    for block in (1, 2):
        width, more = params["filters"] << block, params["convolutions"] - 1
        for _ in range(more):
            features = _convolved(features, width, params)
        features = _convolved(features, width, params, pool=True)
    return _pooled(features, params)


def _separable(images: Any, params: Params) -> Any:
    """Depthwise separable convolutions (Chollet, 2017, "Xception"), after a plain one."""
    import keras

    features = _convolved(images, params["filters"], params, pool=True)
    for block in (1, 2):
        for last in [False] * (params["convolutions"] - 1) + [True]:
            features = keras.layers.SeparableConv2D(
                params["filters"] << block,
                3,
                padding="same",
                use_bias=not params["batch_norm"],
                depthwise_regularizer=_penalty(params),
                pointwise_regularizer=_penalty(params),
            )(features)
            features = _activated(features, params, pool=last)
    return _pooled(features, params)


def _residual(images: Any, params: Params) -> Any:
    """Residual blocks at two resolutions (He, Zhang, Ren and Sun, 2016)."""
    features = _convolved(images, params["filters"], params, pool=True)
    for stage in (1, 2):
        width = params["filters"] << (stage - 1)
        for block in range(params["residual_blocks"]):
            strides = 2 if stage > 1 and block == 0 else 1
            features = _residual_block(features, width, params, strides=strides)
    return _pooled(features, params)


def _residual_block(features: Any, width: int, params: Params, *, strides: int) -> Any:
    import keras

    shortcut = features
    if strides > 1 or features.shape[-1] != width:
        shortcut = keras.layers.Conv2D(width, 1, strides=strides)(features)
    inner = _convolved(features, width, params, strides=strides)
    inner = _convolved(inner, width, params, relu=False)
    return keras.layers.ReLU()(keras.layers.Add()([shortcut, inner]))


_BODIES: dict[str, Body] = {
    "convnet": _convnet,
    "dense": _dense,
    "separable": _separable,
    "residual": _residual,
}


def _convolved(
    features: Any,
    width: int,
    params: Params,
    *,
    strides: int = 1,
    pool: bool = False,
    relu: bool = True,
) -> Any:
    import keras

    features = keras.layers.Conv2D(
        width,
        3,
        strides=strides,
        padding="same",
        use_bias=not params["batch_norm"],
        kernel_regularizer=_penalty(params),
    )(features)
    return _activated(features, params, pool=pool, relu=relu)


def _activated(features: Any, params: Params, *, pool: bool = False, relu: bool = True) -> Any:
    import keras

    if pool:
        # Pooling first leaves a quarter of the numbers to normalise, which is half of the time.
        features = keras.layers.MaxPooling2D(padding="same")(features)
    if params["batch_norm"]:
        # The default momentum of 0.99 remembers longer than an epoch of a part of the digits.
        features = keras.layers.BatchNormalization(momentum=0.9)(features)
    return keras.layers.ReLU()(features) if relu else features


def _pooled(features: Any, params: Params) -> Any:
    import keras

    if params["head"] == "average":
        return keras.layers.GlobalAveragePooling2D()(features)
    return keras.layers.Flatten()(features)


def _penalty(params: Params) -> Any:
    import keras

    return keras.regularizers.L2(params["l2"]) if params.get("l2") else None


def _learning_rate(params: Params) -> float:
    name = "sgd_learning_rate" if params["optimizer"] == "sgd" else "learning_rate"
    return float(params[name])


task = Task(
    name="mnist",
    description="The ten handwritten digits on 60,000 grey pictures (classification, 28 x 28)",
    load=load,
    model=model,
    space="mnist",
    objective="val_accuracy",
    # Of 60,000 digits a fifth measures accuracies near 0.99 to a tenth of a percent; further folds
    # would multiply the time and tell little more.
    cv="holdout:0.2",
    callbacks=callbacks,
    epochs=12,
    batch_size=128,
    # A cosine schedule reaches its best at its end, whatever the epochs before looked like.
    patience=1000,
    reference=Reference(
        0.9908, "Chollet, Deep Learning with Python (2017), section 5.1: test accuracy"
    ),
)
