"""Networks for digits, by the name of their ``architecture``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpo import HPOError

if TYPE_CHECKING:
    from collections.abc import Callable

    from hpo import Params

    Body = Callable[[Any, Params], Any]

SIDE = 28


def features(images: Any, params: Params) -> Any:
    """Apply the network that ``architecture`` names, without its output layer.

    Args:
        images: A symbolic tensor, gray values from 0 to 1, shape (n, 28, 28, 1).
        params: The configuration.

    Returns:
        A symbolic tensor, shape (n, n_features).

    Raises:
        HPOError: There is no such architecture.
    """
    body = _BODIES.get(params["architecture"])
    if body is None:
        raise HPOError(
            f"mnist: architecture must be one of {', '.join(_BODIES)}. "
            f"Received: {params['architecture']!r}"
        )
    return body(_augment(images, params), params)


def _augment(images: Any, params: Params) -> Any:
    """Shift and turn digits at random; empty paper fills the space at the edge."""
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
        features = _activate(features, params)
    return features


def _convnet(images: Any, params: Params) -> Any:
    """Plain convolutions of growing width; each block halves the picture."""
    features = _convolve(images, params["filters"], params, pool=True)
    for block in (1, 2):
        width, more = params["filters"] << block, params["convolutions"] - 1
        for _ in range(more):
            features = _convolve(features, width, params)
        features = _convolve(features, width, params, pool=True)
    return _pool(features, params)


def _separable(images: Any, params: Params) -> Any:
    """Depthwise separable convolutions (Chollet, 2017, "Xception"), after a plain one."""
    import keras

    features = _convolve(images, params["filters"], params, pool=True)
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
            features = _activate(features, params, pool=last)
    return _pool(features, params)


def _residual(images: Any, params: Params) -> Any:
    """Residual blocks at two resolutions (He, Zhang, Ren and Sun, 2016)."""
    features = _convolve(images, params["filters"], params, pool=True)
    for stage in (1, 2):
        width = params["filters"] << (stage - 1)
        for block in range(params["residual_blocks"]):
            strides = 2 if stage > 1 and block == 0 else 1
            features = _residual_block(features, width, params, strides=strides)
    return _pool(features, params)


def _residual_block(features: Any, width: int, params: Params, *, strides: int) -> Any:
    import keras

    shortcut = features
    if strides > 1 or features.shape[-1] != width:
        shortcut = keras.layers.Conv2D(width, 1, strides=strides)(features)
    inner = _convolve(features, width, params, strides=strides)
    inner = _convolve(inner, width, params, relu=False)
    return keras.layers.ReLU()(keras.layers.Add()([shortcut, inner]))


def _convolve(
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
    return _activate(features, params, pool=pool, relu=relu)


def _activate(features: Any, params: Params, *, pool: bool = False, relu: bool = True) -> Any:
    import keras

    if pool:
        # Pooling comes first, so that a quarter of the numbers are normalized; it halves the time.
        features = keras.layers.MaxPooling2D(padding="same")(features)
    if params["batch_norm"]:
        # The default momentum of 0.99 averages over more steps than an epoch on part of the digits.
        features = keras.layers.BatchNormalization(momentum=0.9)(features)
    return keras.layers.ReLU()(features) if relu else features


def _pool(features: Any, params: Params) -> Any:
    import keras

    if params["head"] == "average":
        return keras.layers.GlobalAveragePooling2D()(features)
    return keras.layers.Flatten()(features)


def _penalty(params: Params) -> Any:
    import keras

    return keras.regularizers.L2(params["l2"]) if params.get("l2") else None


_BODIES: dict[str, Body] = {
    "convnet": _convnet,
    "dense": _dense,
    "separable": _separable,
    "residual": _residual,
}
