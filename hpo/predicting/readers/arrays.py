"""Samples from an ``.npz`` file, read row by row."""

from __future__ import annotations

import zipfile
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import numpy as np

from hpo.errors import HPOError
from hpo.predicting.readers.expected import shape_of
from hpo.predicting.readers.member import Member

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from hpo.predicting.readers.expected import Expected


class ArrayFile:
    """An ``.npz`` file, whose arrays are read row by row as they are needed, compressed or not.

    A single input is the array ``x``; several inputs are arrays of their names. Texts are ``x``,
    token ids padded with zeros at the end, or ``tokens``, the ids of all texts one after the other,
    with ``offsets``, where each text begins and the last one ends.

    Args:
        path: The file.
        expected: What samples of the study look like.

    Raises:
        HPOError: The file is damaged, or has other arrays or shapes, or arrays of Python objects.
    """

    def __init__(self, path: Path, expected: Expected) -> None:
        self._path = path
        self._single = expected.only is not None
        self._texts = expected.only == ()
        with ExitStack() as stack:
            self._headers = {name: one.header for name, one in self._open(stack).items()}
        self._ragged = self._texts and {*self._headers} == {"tokens", "offsets"}
        self._check(expected)

    def _check(self, expected: Expected) -> None:
        shapes = {name: header.shape for name, header in self._headers.items()}
        inputs = ["x"] if self._single else [*expected.shapes]
        if self._ragged:
            self.n_samples: int | None = shapes["offsets"][0] - 1
            return
        if {*shapes} != {*inputs}:
            or_texts = ", or tokens and offsets" if self._texts else ""
            raise HPOError(
                f"{self._path}: must hold {', '.join(inputs)}{or_texts} and nothing else. "
                f"Received: {', '.join(shapes) or 'nothing'}"
            )
        for name, shape in shapes.items():
            sample = expected.shapes["" if self._single else name]
            is_padded = self._texts and len(shape) == 2  # noqa: PLR2004
            if not shape or (shape[1:] != sample and not is_padded):
                raise HPOError(
                    f"{self._path}: {name} must have shape {shape_of(sample)}. Received: {shape}"
                )
        lengths = {shape[0] for shape in shapes.values()}
        if len(lengths) != 1:
            raise HPOError(
                f"{self._path}: all arrays must have the same length. Received: {sorted(lengths)}"
            )
        self.n_samples = lengths.pop()

    def chunks(self, size: int) -> Iterator[Any]:
        """Samples, at most ``size`` at a time."""
        with ExitStack() as stack:
            members = self._open(stack)
            if self._ragged:
                yield from self._ragged_chunks(members, size)
                return
            for start in range(0, self.n_samples or 0, size):
                count = min(size, (self.n_samples or 0) - start)
                parts = {name: member.rows(count) for name, member in members.items()}
                if self._texts and parts["x"].ndim > 1:
                    yield _without_padding(parts["x"])
                else:
                    yield parts["x"] if self._single else parts

    def _ragged_chunks(self, members: Mapping[str, Member], size: int) -> Iterator[np.ndarray]:
        offsets = members["offsets"].rows(members["offsets"].header.shape[0])
        end = self._headers["tokens"].shape[0]
        match = offsets.ndim == 1 and offsets.dtype.kind in "iu" and len(offsets) > 0
        if not (match and offsets[0] == 0 and offsets[-1] == end and (np.diff(offsets) >= 0).all()):
            raise HPOError(
                f"{self._path}: offsets must rise from 0 to the number of tokens, {end}, with one "
                "more entry than there are texts."
            )
        for start in range(0, len(offsets) - 1, size):
            ends = offsets[start : start + size + 1]
            tokens = members["tokens"].rows(int(ends[-1] - ends[0]))
            yield _objects(np.split(tokens.astype("int32"), (ends - ends[0])[1:-1]))

    def _open(self, stack: ExitStack) -> dict[str, Member]:
        try:
            archive = stack.enter_context(zipfile.ZipFile(self._path))
            return {
                name.removesuffix(".npy"): Member(
                    self._path, name, stack.enter_context(archive.open(name))
                )
                for name in archive.namelist()
            }
        except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError) as error:
            raise HPOError(f"{self._path}: is not an .npz file ({error}).") from error


def _without_padding(rows: np.ndarray) -> np.ndarray:
    if rows.dtype.kind not in "iu":
        raise HPOError(f"texts must be token ids, which are whole numbers. Received: {rows.dtype}")
    last = rows.shape[1] - np.argmax(rows[:, ::-1] != 0, axis=1) if rows.shape[1] else []
    ends = np.where((rows != 0).any(axis=1), last, 0)
    return _objects([row[:end].astype("int32") for row, end in zip(rows, ends, strict=True)])


def _objects(arrays: Sequence[np.ndarray]) -> np.ndarray:
    objects = np.empty(len(arrays), dtype=object)
    for place, array in enumerate(arrays):
        objects[place] = array
    return objects
