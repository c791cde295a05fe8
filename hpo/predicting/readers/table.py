"""Samples from a ``.csv`` file, read line by line."""

from __future__ import annotations

import csv
import itertools
import math
from typing import TYPE_CHECKING

import numpy as np

from hpo.errors import HPOError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from hpo.predicting.readers.expected import Expected


class Table:
    """A ``.csv`` file of numbers; an empty cell is NaN.

    If the file has a header and the task names its features, columns are found by name, in any
    order, and other columns are ignored. Otherwise columns are in the order of the features.

    Args:
        path: The file.
        expected: What samples of the study look like.

    Raises:
        HPOError: The samples of the study are not rows of numbers, or columns are missing.
    """

    n_samples: int | None = None

    def __init__(self, path: Path, expected: Expected) -> None:
        self._path = path
        shape = expected.only
        if shape is None or len(shape) != 1:
            raise HPOError(
                f"{path}: a table cannot hold samples of shape {expected.shown()}. "
                "Use an .npz file."
            )
        with path.open(newline="", encoding="utf-8-sig") as file:
            first = next(csv.reader(file), [])
        self._columns = self._find_columns(first, shape[0], expected.feature_names)
        self._has_header = _is_header(first)
        self._width = len(first)

    def _find_columns(
        self, first: Sequence[str], n_columns: int, names: Sequence[str] | None
    ) -> list[int]:
        header = [cell.strip() for cell in first]
        if names is not None and _is_header(first) and not _are_numbers(first):
            missing = [name for name in names if name not in header]
            if missing:
                raise HPOError(
                    f"{self._path}: the columns {', '.join(missing)} are missing. The header has: "
                    f"{', '.join(header)}"
                )
            if len({*header}) < len(header):
                raise HPOError(f"{self._path}: the header has a column name twice.")
            return [header.index(name) for name in names]
        if len(first) != n_columns:
            raise HPOError(f"{self._path}: must have {n_columns} columns. Received: {len(first)}")
        return list(range(n_columns))

    def chunks(self, size: int) -> Iterator[np.ndarray]:
        """Rows, at most ``size`` at a time, shape (n, n_columns)."""
        with self._path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file)
            rows = (self._row(row, reader.line_num) for row in reader if row)
            if self._has_header:
                next(reader, None)
            while chunk := list(itertools.islice(rows, size)):
                yield np.array(chunk, "float64")

    def _row(self, row: Sequence[str], line: int) -> list[float]:
        if len(row) != self._width:
            raise HPOError(
                f"{self._path}: line {line} has {len(row)} cells, but the first line has "
                f"{self._width}."
            )
        try:
            return [
                float(row[place]) if row[place].strip() else math.nan for place in self._columns
            ]
        except ValueError as error:
            raise HPOError(
                f"{self._path}: line {line} has a cell that is not a number: {error}."
            ) from error


def _is_header(cells: Sequence[str]) -> bool:
    """Whether a line names the columns, or numbers them from 0, as pandas does by default."""
    stripped = [cell.strip() for cell in cells]
    is_counted = len(stripped) > 1 and stripped == [str(n) for n in range(len(stripped))]
    return is_counted or not _are_numbers(cells)


def _are_numbers(cells: Sequence[str]) -> bool:
    try:
        for cell in cells:
            float(cell.strip() or "nan")
    except ValueError:
        return False
    return True
