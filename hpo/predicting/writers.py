"""Writes predictions chunk by chunk: to a table or an ``.npz`` file, completely or not at all."""

from __future__ import annotations

import csv
import shutil
import sys
import tempfile
import zipfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Literal, Protocol

import numpy as np

from hpo.errors import HPOError, UsageError
from hpo.support import files

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

SUFFIXES = (".csv", ".npz")


@dataclass(frozen=True, eq=False)
class Answers:
    """The predictions of one output for some samples.

    Attributes:
        values: Predictions as the ensemble makes them, shape (n, ...).
        scores: A column per class or label, shape (n, ..., n_columns); None if there are neither.
            With steps or pixels, their shape stands in between.
        labels: The name of the most probable class, or the names of all predicted labels,
            separated by semicolons, shape (n, ...); None if there are neither.
        names: The names of the columns of ``scores``.
        scale: Whether scores are probabilities.
        several: Whether a sample may have any number of labels.
    """

    values: np.ndarray
    scores: np.ndarray | None = None
    labels: np.ndarray | None = None
    names: tuple[str, ...] = ()
    scale: Literal["probability", "score"] = "probability"
    several: bool = False


class Writer(Protocol):
    """Writes predictions as they are made."""

    def write(self, chunk: Mapping[str, Answers]) -> None:
        """Write the predictions of the next samples, by output name."""


def check_output(path: Path | None, *inputs: Path) -> Path | None:
    """Refuse a file that predictions cannot be written to.

    Args:
        path: The file, or None.
        inputs: Files that are read, which it must not replace.

    Returns:
        Its path with links resolved, or None.

    Raises:
        UsageError: It is neither a ``.csv`` nor an ``.npz`` file, or must not be replaced.
    """
    if path is None:
        return None
    target = files.output_file(path, *inputs)
    if path.suffix.lower() not in SUFFIXES or target.suffix.lower() not in SUFFIXES:
        raise UsageError(f"--output {path}: predictions can be written to a .csv or an .npz file.")
    return target


@contextmanager
def writing(path: Path | None) -> Iterator[Writer]:
    """Write predictions to a file, which appears when the block succeeds.

    Args:
        path: A ``.csv`` or an ``.npz`` file; None prints a table to standard output.

    Yields:
        The writer.

    Raises:
        UsageError: The file has another type, or must not be replaced.
    """
    target = check_output(path)
    if target is None:
        yield TableWriter(sys.stdout)
        return
    with files.replacing(target) as temporary:
        if target.suffix.lower() == ".csv":
            with temporary.open("w", newline="", encoding="utf-8") as file:
                yield TableWriter(file)
            return
        with ExitStack() as stack:
            writer = ArrayWriter(temporary, stack)
            yield writer
            writer.finish()


class TableWriter:
    """Writes a row per sample: label and probabilities, or values.

    Args:
        file: An open text file.
    """

    def __init__(self, file: IO[str]) -> None:
        self._writer = csv.writer(file, lineterminator="\n")
        self._has_header = False

    def write(self, chunk: Mapping[str, Answers]) -> None:
        """Write the predictions of the next samples, by output name."""
        columns: dict[str, list[Any]] = {}
        for output, answers in chunk.items():
            columns |= _columns(f"{output}_" if output else "", answers)
        if not self._has_header:
            self._writer.writerow(columns)
            self._has_header = True
        self._writer.writerows(zip(*columns.values(), strict=True))


class ArrayWriter:
    """Writes ``predictions`` and, for classes, ``labels`` to an ``.npz`` file.

    Several outputs become arrays of their own names, with labels in ``NAME_labels``. Rows lie in
    temporary files until the number of samples is known, since an array's shape comes first.

    Args:
        path: The file to write.
        stack: Closes the temporary files.
    """

    def __init__(self, path: Path, stack: ExitStack) -> None:
        self._path = path
        self._stack = stack
        self._parts: dict[str, _Spooled] = {}

    def write(self, chunk: Mapping[str, Answers]) -> None:
        """Take the predictions of the next samples, by output name."""
        for output, answers in chunk.items():
            self._add(output or "predictions", answers.values)
            if answers.labels is not None:
                self._add(f"{output}_labels" if output else "labels", answers.labels)

    def finish(self) -> None:
        """Write the file."""
        with zipfile.ZipFile(self._path, "w", allowZip64=True) as archive:
            for name, part in self._parts.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                    part.write_to(member)

    def _add(self, name: str, rows: np.ndarray) -> None:
        if name not in self._parts:
            spool = tempfile.TemporaryFile(dir=self._path.parent)  # noqa: SIM115
            file = self._stack.enter_context(spool)
            self._parts[name] = _Spooled(file, rows.shape[1:], rows.dtype)
        self._parts[name].add(rows)


class _Spooled:
    """An array whose rows lie in a temporary file."""

    def __init__(self, file: IO[bytes], shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        self._file = file
        self._shape = shape
        self._dtype = dtype
        self._count = 0

    def add(self, rows: np.ndarray) -> None:
        if rows.shape[1:] != self._shape:
            raise HPOError(
                f"predictions must all have the same shape. Received: {rows.shape[1:]} after "
                f"{self._shape}"
            )
        self._file.write(np.ascontiguousarray(rows, self._dtype).tobytes())
        self._count += len(rows)

    def write_to(self, member: IO[bytes]) -> None:
        header = {
            "descr": np.lib.format.dtype_to_descr(self._dtype),
            "fortran_order": False,
            "shape": (self._count, *self._shape),
        }
        np.lib.format.write_array_header_2_0(member, header)
        self._file.seek(0)
        shutil.copyfileobj(self._file, member)


def _columns(prefix: str, answers: Answers) -> dict[str, list[Any]]:
    if answers.labels is None or answers.scores is None:
        flat = answers.values.reshape(len(answers.values), -1).T
        numbered = [""] if len(flat) == 1 else [f"_{place}" for place in range(len(flat))]
        return {
            f"{prefix}value{number}": [f"{value:.9g}" for value in column]
            for number, column in zip(numbered, flat, strict=True)
        }
    word = "labels" if answers.several else "label"
    columns: dict[str, list[Any]] = {}
    for step in np.ndindex(answers.labels.shape[1:]):
        place = "".join(f"_{number}" for number in step)
        columns[f"{prefix}{word}{place}"] = answers.labels[(slice(None), *step)].tolist()
    for step in np.ndindex(answers.labels.shape[1:]):
        place = "".join(f"{number}_" for number in step)
        for column, name in enumerate(answers.names):
            scores = answers.scores[(slice(None), *step, column)]
            columns[f"{prefix}{answers.scale}_{place}{name}"] = [f"{x:.6g}" for x in scores]
    return columns
