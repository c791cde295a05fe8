"""Samples from a ``.csv`` file, read line by line."""

from __future__ import annotations

import csv
import itertools
import math
from typing import TYPE_CHECKING

import numpy as np

from hpo.errors import HPOError
from hpo.predicting.readers.text import open_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from hpo.predicting.readers.expected import Expected

MAX_CELL_LENGTH = 1 << 24
"""Characters of a cell; a quotation mark that is never closed makes one of the rest of the file."""
_SHOWN_LENGTH = 40


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
        self.path = path
        shape = expected.only
        if shape is None or len(shape) != 1:
            raise HPOError(
                f"{path}: a table cannot hold samples of shape {expected.shown()}. "
                "Use an .npz file."
            )
        first = next((cells for _line, cells in self._lines() if cells), None)
        if first is None:
            raise HPOError(f"{path} is empty.")
        self._width = len(first)
        self._has_header = _is_header(first)
        self._names = [cell.strip() for cell in first] if self._has_header else []
        is_named = self._has_header and not _are_numbers(first)
        names = expected.feature_names if is_named else None
        self._columns = self._find_columns(first, shape[0], names)

    def _find_columns(
        self, first: Sequence[str], n_columns: int, names: Sequence[str] | None
    ) -> list[int]:
        if names is None:
            if len(first) != n_columns:
                raise HPOError(
                    f"{self.path}: must have {n_columns} columns. Received: {len(first)}"
                    f"{_hint(first)}"
                )
            return list(range(n_columns))
        missing = [name for name in names if name not in self._names]
        if missing:
            header = _shortened(", ".join(self._names), 10 * _SHOWN_LENGTH)
            raise HPOError(
                f"{self.path}: the columns {', '.join(missing)} are missing. The header has: "
                f"{header}{_hint(first)}"
            )
        for name in names:
            if self._names.count(name) > 1:
                raise HPOError(f"{self.path}: the header has a column name twice: {name}")
        return [self._names.index(name) for name in names]

    def chunks(self, size: int) -> Iterator[np.ndarray]:
        """Rows, at most ``size`` at a time, shape (n, n_columns)."""
        rows = (self._numbers(cells, line) for line, cells in self._rows())
        while chunk := list(itertools.islice(rows, size)):
            yield np.array(chunk, "float64")

    def place(self, _name: str, index: Sequence[int]) -> str:
        """The cell of a value, for messages.

        Args:
            index: Row and column among the samples, from 0.
        """
        line = next(itertools.islice(self._rows(), index[0], None))[0]
        return f"line {line}, {self._column(index[1])}"

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        """The lines of the samples, with their numbers.

        Blank lines are left out, but in a table of one column they are empty cells.
        """
        rows = ((line, cells or [""]) for line, cells in self._lines() if cells or self._width == 1)
        return itertools.islice(rows, int(self._has_header), None)

    def _lines(self) -> Iterator[tuple[int, list[str]]]:
        csv.field_size_limit(MAX_CELL_LENGTH)
        last = 0
        with open_text(self.path) as file:
            reader = csv.reader(file)
            try:
                for cells in reader:
                    last = reader.line_num
                    yield last, cells
            except csv.Error as error:
                raise HPOError(f"{self.path}: line {last + 1} cannot be read ({error}).") from error
            except UnicodeError as error:
                where = f"the text behind line {last}" if last else "its text"
                raise HPOError(f"{self.path}: {where} cannot be read ({error}).") from error

    def _numbers(self, cells: Sequence[str], line: int) -> list[float]:
        if len(cells) != self._width:
            raise HPOError(
                f"{self.path}: line {line} has {len(cells)} cells, but the first line has "
                f"{self._width}."
            )
        numbers = []
        for place, column in enumerate(self._columns):
            try:
                numbers.append(_number(cells[column]))
            except ValueError:
                raise HPOError(
                    f"{self.path}: line {line} has a cell that is not a number: "
                    f"{_shortened(cells[column])!r} in {self._column(place)}."
                ) from None
        return numbers

    def _column(self, place: int) -> str:
        """The column of a feature, for messages."""
        column = self._columns[place]
        return f"column {self._names[column]!r}" if self._names else f"column {column + 1}"


def _number(cell: str) -> float:
    stripped = cell.strip()
    if "_" in stripped:  # which Python takes for a separator of digits
        raise ValueError
    return float(stripped) if stripped else math.nan


def _is_header(cells: Sequence[str]) -> bool:
    """Whether a line names the columns, or numbers them from 0, as pandas does by default."""
    stripped = [cell.strip() for cell in cells]
    is_counted = len(stripped) > 1 and stripped == [str(n) for n in range(len(stripped))]
    return is_counted or not _are_numbers(cells)


def _are_numbers(cells: Sequence[str]) -> bool:
    try:
        for cell in cells:
            _number(cell)
    except ValueError:
        return False
    return True


def _hint(first: Sequence[str]) -> str:
    """What may be wrong with a table that does not have the columns of the samples."""
    other = next((mark for mark in ";\t" if mark in "".join(first)), None)
    if other is None:
        return ""
    return f". Its cells are separated by {other!r}: use commas, and points in numbers"


def _shortened(text: str, length: int = _SHOWN_LENGTH) -> str:
    return text if len(text) <= length else f"{text[:length]}..."
