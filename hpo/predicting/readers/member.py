"""One array of an ``.npz`` file as a stream of rows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from hpo.errors import HPOError, one_line

if TYPE_CHECKING:
    from pathlib import Path

NUMBERS, STRINGS = "biuf", "US"
"""Kinds of NumPy types."""


@dataclass(frozen=True)
class Header:
    """Shape and type of an array.

    Attributes:
        shape: Shape, (n_samples, ...).
        dtype: Type of its numbers.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]


class Member:
    """One array of an ``.npz`` file, read from beginning to end, compressed or not.

    Args:
        path: The file, for messages.
        name: The name of the array in the file.
        stream: The content of the array.

    Attributes:
        header: Shape and type.

    Raises:
        HPOError: It is not an array, or neither one of numbers nor one of strings.
    """

    def __init__(self, path: Path, name: str, stream: IO[bytes]) -> None:
        self._what = f"{path}: {name.removesuffix('.npy')}"
        self._stream = stream
        try:
            version = np.lib.format.read_magic(stream)
            read = np.lib.format.read_array_header_1_0
            if version != (1, 0):
                read = np.lib.format.read_array_header_2_0
            shape, fortran, dtype = read(stream)
        except Exception as error:  # a damaged header raises almost anything
            raise HPOError(f"{self._what} is not an array ({one_line(error)}).") from error
        if dtype.hasobject:
            raise HPOError(
                f"{self._what} is an array of Python objects, which would have to be unpickled, "
                "and that could run code. Use numbers; for texts, token ids padded with zeros."
            )
        if dtype.kind not in NUMBERS + STRINGS:
            raise HPOError(f"{self._what} has values of type {dtype}. Use numbers.")
        if fortran and len(shape) > 1:
            raise HPOError(
                f"{self._what} is stored column by column. Save it again as "
                "numpy.ascontiguousarray(array)."
            )
        if dtype.itemsize == 0 or any(length < 0 for length in shape):
            raise HPOError(f"{self._what} is damaged: shape {shape}, type {dtype}.")
        self.header = Header(shape, dtype)
        self._rows_left = shape[0] if shape else 0

    def rows(self, count: int) -> np.ndarray:
        """Read the next rows.

        Args:
            count: Number of rows.

        Raises:
            HPOError: The file is damaged.
        """
        shape = (count, *self.header.shape[1:])
        size = math.prod(shape) * self.header.dtype.itemsize
        self._rows_left -= count
        try:
            content = self._stream.read(size)
            # The checksum is compared once the end is reached.
            rest = b"" if self._rows_left else self._stream.read(1)
        except Exception as error:  # a damaged archive raises almost anything
            raise HPOError(f"{self._what} is damaged ({one_line(error)}).") from error
        if len(content) != size or rest:
            raise HPOError(f"{self._what} is damaged: it is too {'long' if rest else 'short'}.")
        rows = np.frombuffer(bytearray(content), self.header.dtype).reshape(shape)
        return rows.astype(_native(self.header.dtype), copy=False)


def _native(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The type in which models take numbers, whatever machine wrote them."""
    if dtype.kind == "f" and dtype.itemsize > np.dtype("float64").itemsize:
        return np.dtype("float64")
    return dtype.newbyteorder("=")
