"""Samples from files, read chunk by chunk, so that they may be larger than memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from hpo.errors import UsageError
from hpo.predicting.readers.arrays import ArrayFile
from hpo.predicting.readers.expected import Expected
from hpo.predicting.readers.pictures import PictureFolder
from hpo.predicting.readers.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Expected", "Samples", "open_samples"]


class Samples(Protocol):
    """A file or a folder of samples."""

    n_samples: int | None
    """Number of samples; None if it is known only once all have been read."""

    def chunks(self, size: int) -> Iterator[Any]:
        """Samples like the task's ``Data.x``, at most ``size`` at a time."""


def open_samples(path: Path, expected: Expected) -> Samples:
    """Open a file of samples or a folder of pictures, and check the shapes at once.

    Args:
        path: An ``.npz`` or ``.csv`` file, or a folder.
        expected: What samples of the study look like.

    Raises:
        UsageError: The file does not exist or has an unsupported type.
        HPOError: The samples have other shapes than expected, or cannot be read.
    """
    if path.is_dir():
        return PictureFolder(path, expected)
    if not path.exists():
        raise UsageError(f"{path} does not exist.")
    if path.suffix.lower() == ".npz":
        return ArrayFile(path, expected)
    if path.suffix.lower() == ".csv":
        return Table(path, expected)
    raise UsageError(
        f"{path}: expected an .npz file, a .csv file or a folder of pictures with the samples."
    )
