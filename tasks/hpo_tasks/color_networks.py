"""Networks for color pictures: convolutions from scratch, or a pretrained base with a classifier.

All functions take symbolic tensors: pixels from 0 to 255, shape (n, height, width, 3), or features,
shape (n, n_features).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from hpo import Params

MAX_FILTERS = 256


def augment(pixels: Any, params: Params) -> Any:
    """Change pictures at random during training; pixels stay between 0 and 255."""
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
        # One factor per side, so that the aspect ratio changes too.
        pixels = keras.layers.RandomZoom(zoom, zoom, fill_mode="reflect")(pixels)
    if params["contrast"]:
        pixels = keras.layers.RandomContrast(params["contrast"], value_range=(0, 255))(pixels)
    return pixels


def convolutional_features(pixels: Any, params: Params) -> Any:
    """Apply a convolution and blocks of convolutions; each of them halves the picture."""
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
        features = block(features, min(params["width"] << number, MAX_FILTERS), params)
    return keras.layers.GlobalAveragePooling2D()(_activate(features))


def _plain_block(features: Any, width: int, params: Params) -> Any:
    import keras

    # Pooling comes first, so that only a quarter of the numbers are normalized and convolved.
    features = _activate(keras.layers.MaxPooling2D(padding="same")(features))
    if params["channel_dropout"]:
        features = keras.layers.SpatialDropout2D(params["channel_dropout"])(features)
    return keras.layers.Conv2D(
        width, 3, padding="same", use_bias=False, kernel_regularizer=_penalty(params)
    )(features)


def _separable_block(features: Any, width: int, params: Params) -> Any:
    """Two separable convolutions with a shortcut around them (Chollet, 2017, "Xception")."""
    import keras

    penalty = _penalty(params)
    shortcut = keras.layers.Conv2D(
        width, 1, strides=2, padding="same", use_bias=False, kernel_regularizer=penalty
    )(features)
    for _layer in range(2):
        features = keras.layers.SeparableConv2D(
            width, 3, padding="same", use_bias=False, pointwise_regularizer=penalty
        )(_activate(features))
    features = keras.layers.MaxPooling2D(3, strides=2, padding="same")(features)
    return keras.layers.Add()([features, shortcut])


def _activate(features: Any) -> Any:
    import keras

    # The default momentum of 0.99 averages over more steps than an epoch of 2,000 pictures has.
    return keras.layers.ReLU()(keras.layers.BatchNormalization(momentum=0.9)(features))


def base_features(pixels: Any, params: Params, weights: Path) -> Any:
    """Apply the frozen base with these weights, and pool its feature maps."""
    import keras

    from hpo_tasks.bases import build_base, scaled

    base = build_base(params["base"], params.get("alpha"), pixels.shape[1], weights)
    # Batch normalization uses the statistics of ImageNet, even when its block is trained.
    maps = base(scaled(params["base"], pixels), training=False)
    return keras.layers.GlobalAveragePooling2D()(maps)


def classifier(features: Any, params: Params) -> Any:
    """Turn features into the probability of a dog."""
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


def _penalty(params: Params) -> Any:
    import keras

    return keras.regularizers.L1L2(params.get("l1", 0.0), params["l2"])
