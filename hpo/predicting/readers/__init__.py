"""Samples from files, chunk by chunk, so that they may take more than fits into memory."""

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
    """A file, or a folder, of samples."""

    n_samples: int | None
    """How many there are; None where only reading them all would tell."""

    def chunks(self, size: int) -> Iterator[Any]:
        """Samples as the task's ``Data.x``, at most ``size`` at a time."""


def open_samples(path: Path, expected: Expected) -> Samples:
    """Look into a file of samples, or a folder of pictures; wrong shapes are told at once.

    Args:
        path: An ``.npz`` or ``.csv`` file, or a folder.
        expected: What they should look like.

    Raises:
        UsageError: There is no such file, or it is of another kind.
        HPOError: Its samples are not of the shape that is expected, or cannot be read.
    """
    if path.is_dir():
        return PictureFolder(path, expected)
    if not path.exists():
        raise UsageError(f"there is no file {path}.")
    if path.suffix.lower() == ".npz":
        return ArrayFile(path, expected)
    if path.suffix.lower() == ".csv":
        return Table(path, expected)
    raise UsageError(f"{path}: samples come in an .npz file, a .csv file or a folder of pictures.")
