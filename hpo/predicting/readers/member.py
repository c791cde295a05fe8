"""One array of an ``.npz`` file as a stream of rows."""

from __future__ import annotations

import math
import zipfile
import zlib
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from hpo.errors import HPOError

if TYPE_CHECKING:
    from pathlib import Path


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
        HPOError: It is not an array, or an array of Python objects.
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
        except (ValueError, zipfile.BadZipFile, zlib.error) as error:
            raise HPOError(f"{self._what} is not an array ({error}).") from error
        if dtype.hasobject:
            raise HPOError(
                f"{self._what} is an array of Python objects, which would have to be unpickled, "
                "and that could run code. Use numbers; for texts, x padded with zeros, or tokens "
                "and offsets."
            )
        if fortran and len(shape) > 1:
            raise HPOError(
                f"{self._what} is stored column by column. Save it again as "
                "numpy.ascontiguousarray(array)."
            )
        self.header = Header(shape, dtype)

    def rows(self, count: int) -> np.ndarray:
        """Read the next rows.

        Args:
            count: Number of rows.

        Raises:
            HPOError: The file is damaged.
        """
        shape = (count, *self.header.shape[1:])
        size = math.prod(shape) * self.header.dtype.itemsize
        try:
            content = self._stream.read(size)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
            raise HPOError(f"{self._what} is damaged ({error}).") from error
        if len(content) != size:
            raise HPOError(f"{self._what} is damaged: it is too short.")
        return np.frombuffer(bytearray(content), self.header.dtype).reshape(shape)
