"""Samples from an ``.npz`` file, read row by row."""

from __future__ import annotations

import zipfile
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import numpy as np

from hpo.errors import HPOError, one_line
from hpo.predicting.readers.expected import shape_of
from hpo.predicting.readers.member import Member

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from hpo.predicting.readers.expected import Expected


class ArrayFile:
    """An ``.npz`` file, whose arrays are read row by row as they are needed, compressed or not.

    A single input is the array ``x``; several inputs are arrays of their names. Texts are token ids
    padded with zeros at the end. A single input of texts may also be ``tokens``, the ids of all
    texts one after the other, with ``offsets``, where each text begins and the last one ends.

    Args:
        path: The file.
        expected: What samples of the study look like.

    Raises:
        HPOError: The file is damaged, or has other arrays or shapes, or arrays of Python objects.

    Attributes:
        padded: The names of its arrays that must be texts padded with zeros, by their shape.
    """

    def __init__(self, path: Path, expected: Expected) -> None:
        self.path = path
        self._single = expected.only is not None
        self._texts = expected.only == ()
        self.padded: set[str] = set()
        with ExitStack() as stack:
            self._headers = {name: one.header for name, one in self._open(stack).items()}
        self._ragged = self._texts and {*self._headers} == {"tokens", "offsets"}
        self._check(expected)

    def _check(self, expected: Expected) -> None:
        shapes = {name: header.shape for name, header in self._headers.items()}
        inputs = ["x"] if self._single else [*expected.shapes]
        if self._ragged:
            if any(len(shape) != 1 for shape in shapes.values()):
                raise HPOError(
                    f"{self.path}: tokens and offsets must have one axis each. Received: {shapes}"
                )
            self.n_samples: int | None = max(0, shapes["offsets"][0] - 1)
            return
        if {*shapes} != {*inputs}:
            or_texts = ", or tokens and offsets" if self._texts else ""
            raise HPOError(
                f"{self.path}: must hold {', '.join(inputs)}{or_texts} and nothing else. "
                f"Received: {', '.join(shapes) or 'nothing'}"
            )
        for name, shape in shapes.items():
            sample = expected.shapes["" if self._single else name]
            is_padded = sample == () and len(shape) == 2  # noqa: PLR2004
            if is_padded:
                self.padded.add(name)
            if not shape or (shape[1:] != sample and not is_padded):
                raise HPOError(
                    f"{self.path}: {name} must have shape {shape_of(sample)}. Received: {shape}"
                )
        lengths = {shape[0] for shape in shapes.values()}
        if len(lengths) != 1:
            raise HPOError(
                f"{self.path}: all arrays must have the same length. Received: {sorted(lengths)}"
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
                for name in self.padded:
                    parts[name] = _without_padding(self._token_ids(name, parts[name], start))
                yield parts["x"] if self._single else parts

    def _ragged_chunks(self, members: Mapping[str, Member], size: int) -> Iterator[np.ndarray]:
        offsets = members["offsets"].rows(members["offsets"].header.shape[0])
        end = self._headers["tokens"].shape[0]
        match = offsets.dtype.kind in "iu" and len(offsets) > 0
        if not (match and offsets[0] == 0 and offsets[-1] == end and _rises(offsets)):
            raise HPOError(
                f"{self.path}: offsets must rise from 0 to the number of tokens, {end}, with one "
                "more entry than there are texts."
            )
        offsets = offsets.astype("int64")
        for start in range(0, len(offsets) - 1, size):
            ends = offsets[start : start + size + 1]
            tokens = members["tokens"].rows(int(ends[-1] - ends[0]))
            ids = self._token_ids("tokens", tokens, int(ends[0]))
            yield _objects(np.split(ids, (ends - ends[0])[1:-1]))

    def _token_ids(self, name: str, tokens: np.ndarray, start: int) -> np.ndarray:
        """Tokens as models take them; ``start`` is where they begin in their array."""
        if tokens.dtype.kind not in "iu":
            raise HPOError(
                f"{self.path}: {name} must be token ids, which are whole numbers. "
                f"Received: {tokens.dtype}"
            )
        limits = np.iinfo("int32")
        is_id = (tokens >= limits.min) & (tokens <= limits.max)
        if not is_id.all():
            row, *column = (int(place) for place in np.argwhere(~is_id)[0])
            where = self.place(name, (start + row, *column))
            raise HPOError(
                f"{self.path}: {where} is {tokens[~is_id][0]}. Token ids must not exceed "
                f"{limits.max}."
            )
        return tokens.astype("int32")

    def place(self, name: str, index: Sequence[int]) -> str:
        """The element of a value, for messages.

        Args:
            name: The input; "" if there is one.
            index: The value's position in the array of all samples, from 0.
        """
        return f"{name or 'x'}[{', '.join(map(str, index))}]"

    @property
    def dtypes(self) -> dict[str, np.dtype[Any]]:
        """The types of the arrays, by their names."""
        return {name: header.dtype for name, header in self._headers.items()}

    def _open(self, stack: ExitStack) -> dict[str, Member]:
        try:
            archive = stack.enter_context(zipfile.ZipFile(self.path))
            return {
                name.removesuffix(".npy"): Member(
                    self.path, name, stack.enter_context(archive.open(name))
                )
                for name in archive.namelist()
            }
        except (HPOError, OSError) as error:
            if isinstance(error, OSError) and error.filename is None:  # of the content
                raise HPOError(f"{self.path}: is not an .npz file ({one_line(error)}).") from error
            raise
        except Exception as error:  # a damaged archive raises almost anything
            raise HPOError(f"{self.path}: is not an .npz file ({one_line(error)}).") from error


def _rises(offsets: np.ndarray) -> bool:
    # Differences of unsigned numbers are never below 0.
    return bool((offsets[1:] >= offsets[:-1]).all())


def _without_padding(rows: np.ndarray) -> np.ndarray:
    last = rows.shape[1] - np.argmax(rows[:, ::-1] != 0, axis=1) if rows.shape[1] else []
    ends = np.where((rows != 0).any(axis=1), last, 0)
    return _objects([row[:end] for row, end in zip(rows, ends, strict=True)])


def _objects(arrays: Sequence[np.ndarray]) -> np.ndarray:
    objects = np.empty(len(arrays), dtype=object)
    for place, array in enumerate(arrays):
        objects[place] = array
    return objects
