"""Samples from a folder of pictures, decoded chunk by chunk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hpo.errors import HPOError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from hpo.predicting.readers.expected import Expected

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp")
MAX_CHANNELS = 4


class PictureFolder:
    """A folder of pictures in the order of their names, each resized to the size of the samples.

    Args:
        path: The folder.
        expected: What samples of the study look like: shape (height, width, channels), bytes.

    Raises:
        HPOError: There is no picture, or the samples of the study are not pictures.
    """

    def __init__(self, path: Path, expected: Expected) -> None:
        shape = expected.only or ()
        if len(shape) != 3 or not 1 <= shape[2] <= MAX_CHANNELS:  # noqa: PLR2004
            raise HPOError(
                f"{path}: the samples of this study are not pictures; they have shape "
                f"{expected.shown()}. Use an .npz file."
            )
        self.path = path
        self.paths = sorted(
            entry
            for entry in path.iterdir()
            if entry.suffix.lower() in SUFFIXES and entry.is_file()
        )
        if not self.paths:
            raise HPOError(f"{path}: does not contain pictures ({', '.join(SUFFIXES)}).")
        self.n_samples: int | None = len(self.paths)
        self._shape: tuple[int, ...] = shape

    def chunks(self, size: int) -> Iterator[np.ndarray]:
        """Pictures, at most ``size`` at a time, uint8, shape (n, height, width, channels)."""
        for start in range(0, len(self.paths), size):
            yield np.stack([self._picture(path) for path in self.paths[start : start + size]])

    def place(self, _name: str, index: Sequence[int]) -> str:
        """The picture of a value, for messages.

        Args:
            index: The value's position in the array of all samples, from 0.
        """
        return self.paths[index[0]].name

    def _picture(self, path: Path) -> np.ndarray:
        import tensorflow as tf

        height, width, channels = self._shape
        try:
            # decode_jpeg reads PNG files too, whatever their names end in.
            decode = tf.io.decode_bmp if path.suffix.lower() == ".bmp" else tf.io.decode_jpeg
            pixels = decode(path.read_bytes(), channels=channels)
        except (tf.errors.OpError, ValueError) as error:
            raise HPOError(f"{path} is not a picture with {channels} channels.") from error
        if pixels.shape[:2] != (height, width):
            resized = tf.image.resize(pixels, (height, width), antialias=True)
            pixels = tf.cast(tf.clip_by_value(tf.round(resized), 0, 255), tf.uint8)
        return np.asarray(pixels)
