"""Networks from ``keras.applications``, pretrained on ImageNet, that tasks build on."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from hpo import HPOError
from hpo_tasks.pictures import batches, cached_rows, digest, rescale

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

ORIGIN = "https://storage.googleapis.com/tensorflow/keras-applications/"
ALPHAS = {0.25: "2_5", 0.5: "5_0", 0.75: "7_5", 1.0: "1_0"}

# What keras.applications subtracts from blue, green and red for networks converted from Caffe.
CAFFE_MEAN = (103.939, 116.779, 123.68)


@dataclass(frozen=True)
class Base:
    """The facts about a network of ``keras.applications`` that tasks need.

    Args:
        file: Keras's name for the file with its weights without the classifier; ``{alpha}`` stands
            for the width.
        folder: The folder below ``ORIGIN`` that Keras downloads the weights from.
        scaling: The pixels it expects: from -1 to 1 ("tf"), from 0 to 255 in the order blue, green,
            red, minus their means ("caffe"), or from 0 to 255 ("none").
        blocks: The first layers of its last blocks, the last block first.
        taps: The last layers at each of its lowest resolutions, the lowest first.
    """

    file: str
    folder: str
    scaling: str
    blocks: tuple[str, ...]
    taps: tuple[str, ...]


BASES = {
    "VGG16": Base(
        "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5",
        "vgg16",
        "caffe",
        ("block5_conv1", "block4_conv1"),
        ("block5_pool", "block4_pool", "block3_pool"),
    ),
    "Xception": Base(
        "xception_weights_tf_dim_ordering_tf_kernels_notop.h5",
        "xception",
        "tf",
        ("block14_sepconv1", "block13_sepconv1_act"),
        ("block14_sepconv2_act", "block12_sepconv3_bn", "block4_sepconv2_bn"),
    ),
    "MobileNet": Base(
        "mobilenet_{alpha}_224_tf_no_top.h5",
        "mobilenet",
        "tf",
        ("conv_dw_13", "conv_pad_12"),
        ("conv_pw_13_relu", "conv_pw_11_relu", "conv_pw_5_relu"),
    ),
    "MobileNetV2": Base(
        "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5",
        "mobilenet_v2",
        "tf",
        ("block_16_expand", "block_15_expand"),
        ("out_relu", "block_13_expand_relu", "block_6_expand_relu"),
    ),
    "EfficientNetV2B0": Base(
        "efficientnetv2-b0_notop.h5",
        "efficientnet_v2",
        "none",
        ("block6h_expand_conv", "block6g_expand_conv"),
        ("top_activation", "block6a_expand_activation", "block4a_expand_activation"),
    ),
}


def weights_file(base: str, alpha: float | None, data_dir: Path | None, *, task: str) -> Path:
    """Find the weights of a base, or download them.

    Args:
        base: One of ``BASES``.
        alpha: The width of a MobileNet: 0.25, 0.5, 0.75 or 1.0.
        data_dir: The user's data folder.
        task: The task that needs them, for messages.

    Raises:
        HPOError: There is no such base or width, or its weights cannot be found or downloaded.
    """
    from hpo_tasks.sources import find_weights

    network = _base(base)
    if "{alpha}" in network.file and alpha not in ALPHAS:
        raise HPOError(
            f"{task}: alpha must be one of {', '.join(map(str, ALPHAS))}. Received: {alpha}"
        )
    file = network.file.format(alpha=ALPHAS.get(alpha or 0.0, ""))
    url = f"{ORIGIN}{network.folder}/{file}"
    return find_weights(file, data_dir, task=task, url=url)


def build_base(base: str, alpha: float | None, size: int, weights: Path) -> Any:
    """Build a frozen base with its weights for pictures of one size.

    Args:
        base: One of ``BASES``.
        alpha: The width of a MobileNet.
        size: Height and width of the pictures, in pixels.
        weights: The file with its weights.

    Returns:
        A model that takes pixels prepared by :func:`scaled`, shape (n, size, size, 3).

    Raises:
        HPOError: The file does not hold the weights of this base.
    """
    import keras

    _base(base)
    width = {} if alpha is None else {"alpha": alpha}
    shape = (size, size, 3)
    model = getattr(keras.applications, base)(
        include_top=False, weights=None, input_shape=shape, **width
    )
    try:
        model.load_weights(weights)
    except (ValueError, OSError, KeyError) as error:
        reason = " ".join(str(error).split())[:200]
        raise HPOError(f"{weights} does not hold weights of {base}: {reason}") from error
    model.trainable = False
    return model


def scaled(base: str, pixels: Any) -> Any:
    """Prepare pixels for a base as its ``preprocess_input`` does, with Keras layers.

    Args:
        base: One of ``BASES``.
        pixels: A symbolic tensor, from 0 to 255, shape (n, height, width, 3).

    Returns:
        A symbolic tensor of the same shape.
    """
    import keras

    scaling = _base(base).scaling
    if scaling == "tf":
        return keras.layers.Rescaling(1 / 127.5, offset=-1.0)(pixels)
    floats = keras.layers.Rescaling(1.0)(pixels)
    if scaling == "none":
        return floats
    swap = keras.layers.Conv2D(3, 1, trainable=False, name="to_bgr")
    swapped = swap(floats)
    swap.set_weights([np.eye(3, dtype="float32")[::-1][None, None], -np.array(CAFFE_MEAN)])
    return swapped


def unfreeze(model: Any, base: str, blocks: int) -> None:
    """Make the last blocks of a base trainable, except for their batch normalization.

    Batch normalization keeps its ImageNet statistics: with few pictures, statistics that move
    while the weights change would destroy what the base has learned.

    Args:
        model: A model that has the base as one of its layers.
        base: One of ``BASES``.
        blocks: Number of blocks, counted from the end; 1 or 2.
    """
    import keras

    first = _base(base).blocks[blocks - 1]
    nested = next(layer for layer in model.layers if isinstance(layer, keras.Model))
    names = [layer.name for layer in nested.layers]
    nested.trainable = True
    for position, layer in enumerate(nested.layers):
        is_late = position >= names.index(first)
        layer.trainable = is_late and not isinstance(layer, keras.layers.BatchNormalization)


class PretrainedFeatures(BaseEstimator, TransformerMixin):  # type: ignore[misc]
    """Turns pictures into features of a pretrained base; it learns nothing from them.

    The cache holds the features of every picture by its content, the weights and all settings, so
    that folds, trials and workers share them.

    Args:
        base: One of ``BASES``.
        weights: The file with its weights.
        sizes: Heights and widths that the pictures are resized to; the features of all sizes are
            joined.
        alpha: The width of a MobileNet.
        taps: Number of resolutions that features are taken from, counted from the end; 1 to 3.
        pooling: How a feature map becomes a number: its "average", its "max", or "both".
        mirror: Whether to average the features of the picture and its mirror image.
    """

    def __init__(
        self,
        base: str,
        weights: Path,
        sizes: Sequence[int],
        *,
        alpha: float | None = None,
        taps: int = 1,
        pooling: str = "average",
        mirror: bool = True,
    ) -> None:
        self.base = base
        self.weights = weights
        self.sizes = sizes
        self.alpha = alpha
        self.taps = taps
        self.pooling = pooling
        self.mirror = mirror

    def fit(self, _x: Any, _y: Any = None) -> PretrainedFeatures:
        """Learn nothing."""
        return self

    def transform(self, x: np.ndarray) -> np.ndarray:
        """Features, float32, shape (n, n_features), of pictures, uint8, shape (n, h, w, 3)."""
        weights_hash = hashlib.sha256(self.weights.read_bytes()).hexdigest()
        by_size = [
            cached_rows(
                digest(["features", *self._settings(size), weights_hash]),
                x,
                lambda pictures, size=size: self._compute(pictures, size),  # type: ignore[misc]
            )
            for size in self.sizes
        ]
        return np.concatenate(by_size, axis=1)

    def exported(self) -> tuple[Callable[..., np.ndarray], dict[str, Any]]:
        """Return ``transform`` as a function of Keras models, for ``hpo export``.

        The export includes the frozen base: one extractor per size.
        """
        extractors = {
            f"extractor_{place}": self._shared_extractor(size)
            for place, size in enumerate(self.sizes)
        }
        return pretrained_features, extractors

    def _shared_extractor(self, size: int) -> Any:
        """Return the same model for equal settings, so that all folds export a single one."""
        key = (*self._settings(size), str(self.weights))
        if key not in _extractors:
            _extractors[key] = self._extractor(size)
        return _extractors[key]

    def _settings(self, size: int) -> list[Any]:
        return [self.base, self.alpha, size, self.taps, self.pooling, self.mirror]

    def _compute(self, x: np.ndarray, size: int) -> np.ndarray:
        extractor = self._extractor(size)
        # Not resize(): enlarged pictures would fill the cache, and nothing would use them again.
        parts = [extractor.predict_on_batch(rescale(batch, size)) for batch in batches(x)]
        return np.concatenate(parts)

    def _extractor(self, size: int) -> Any:
        import keras

        base = build_base(self.base, self.alpha, size, self.weights)
        taps = [base.get_layer(name).output for name in _base(self.base).taps[: self.taps]]
        extract = keras.Model(
            base.input, [pooled for tap in taps for pooled in _pooled(tap, self.pooling)]
        )
        pictures = keras.Input((size, size, 3), dtype="uint8")
        pixels = scaled(self.base, pictures)
        features = _joined(extract(pixels))
        if self.mirror:
            mirrored = keras.ops.flip(pixels, axis=2)
            features = keras.layers.Average()([features, _joined(extract(mirrored))])
        return keras.Model(pictures, features)


# Weak references, since a base takes up to 80 MB.
_extractors: WeakValueDictionary[tuple[Any, ...], Any] = WeakValueDictionary()


def pretrained_features(x: np.ndarray, models: Mapping[str, Any]) -> np.ndarray:
    """Compute the features of pictures.

    Args:
        x: Pictures, uint8, shape (n, height, width, 3).
        models: "extractor_0" and so on: models that take pictures, uint8, shape
            (n, size, size, 3).

    Returns:
        The features of all extractors, joined; float32, shape (n, n_features).
    """
    by_size = []
    for name in sorted(models):
        size = models[name].input_shape[1]
        parts = [models[name].predict_on_batch(rescale(batch, size)) for batch in batches(x)]
        by_size.append(np.concatenate(parts))
    return np.concatenate(by_size, axis=1)


def _pooled(maps: Any, pooling: str) -> list[Any]:
    import keras

    average, maximum = keras.layers.GlobalAveragePooling2D(), keras.layers.GlobalMaxPooling2D()
    layers = {"average": [average], "max": [maximum], "both": [average, maximum]}
    return [layer(maps) for layer in layers[pooling]]


def _joined(parts: Any) -> Any:
    import keras

    if not isinstance(parts, list):
        return parts
    return parts[0] if len(parts) == 1 else keras.layers.Concatenate()(parts)


def _base(name: str) -> Base:
    if name not in BASES:
        raise HPOError(f"base must be one of {', '.join(BASES)}. Received: {name!r}")
    return BASES[name]
