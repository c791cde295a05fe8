"""Samples from files, read chunk by chunk, so that they may be larger than memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from hpo.errors import UsageError
from hpo.predicting.readers.arrays import ArrayFile
from hpo.predicting.readers.expected import Expected
from hpo.predicting.readers.pictures import PictureFolder
from hpo.predicting.readers.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

__all__ = ["Expected", "Samples", "open_samples"]

_FILES: dict[str, Callable[[Path, Expected], Samples]] = {".npz": ArrayFile, ".csv": Table}


class Samples(Protocol):
    """A file or a folder of samples."""

    path: Path
    """The file or folder."""
    n_samples: int | None
    """Number of samples; None if it is known only once all have been read."""

    def chunks(self, size: int) -> Iterator[Any]:
        """Samples like the task's ``Data.x``, at most ``size`` at a time."""

    def place(self, name: str, index: Sequence[int]) -> str:
        """The place of a value in the file, for messages.

        Args:
            name: The input; "" if there is one.
            index: The value's position in the array of all samples, from 0.
        """


def open_samples(path: Path, expected: Expected) -> Samples:
    """Open a file of samples or a folder of pictures, and check the shapes at once.

    Args:
        path: An ``.npz`` or ``.csv`` file, or a folder.
        expected: What samples of the study look like.

    Raises:
        UsageError: The file does not exist, is a device or a pipe, or has an unsupported type.
        HPOError: The samples have other shapes than expected, or cannot be read.
    """
    kind = path.suffix.lower()
    if path.is_dir() and kind not in _FILES:
        return PictureFolder(path, expected)
    if not path.exists():
        raise UsageError(f"{path} does not exist.")
    if path.is_dir() or (kind in _FILES and not path.is_file()):  # a pipe could be read only once
        what = "folder" if path.is_dir() else "device, a pipe or a socket"
        raise UsageError(f"{path} is a {what}. Expected a file, as its name ends in {kind}.")
    if kind in _FILES:
        return _FILES[kind](path, expected)
    raise UsageError(
        f"{path}: expected an .npz file, a .csv file or a folder of pictures with the samples."
    )
