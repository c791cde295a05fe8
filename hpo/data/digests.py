"""Digests of a whole data set, and of its single samples."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

_DIGEST_BYTES = 8


def digests(x: Any) -> np.ndarray:
    """A number for every sample, equal for equal contents, types and shapes.

    Args:
        x: Samples as in ``Data.x``: an array, shape (n_samples, ...), or a dict of such arrays.

    Returns:
        The numbers, shape (n_samples,), unsigned with 64 bits.
    """
    if isinstance(x, Mapping):
        parts = [digests(x[name]) for name in sorted(x)]
        return parts[0] if len(parts) == 1 else digests(np.column_stack(parts))
    array = np.asarray(x)
    if array.dtype.hasobject:
        # By default NumPy abbreviates and rounds, so that different rows look the same.
        with np.printoptions(threshold=sys.maxsize, floatmode="unique"):
            return _digested(_content(row) for row in array)
    # Row by row: pictures may be a memory map that is larger than memory.
    kind = f"{array.dtype.str}{array.shape[1:]}".encode()
    return _digested((row.tobytes() for row in array), kind)


def _content(row: Any) -> bytes:
    """The contents of a sample without a fixed size: a text, a list, an array of numbers."""
    if isinstance(row, np.ndarray) and not row.dtype.hasobject:
        return f"{row.dtype.str}{row.shape}".encode() + row.tobytes()
    return repr(row).encode()


def _digested(rows: Iterable[bytes], kind: bytes = b"") -> np.ndarray:
    start = hashlib.blake2b(kind, digest_size=_DIGEST_BYTES)
    parts = []
    for row in rows:
        digest = start.copy()
        digest.update(row)
        parts.append(digest.digest())
    return np.frombuffer(b"".join(parts), np.uint64)


def fingerprint(arrays: Any) -> str:
    """A short digest of arrays or dicts of arrays, equal for equal contents and types."""
    digest = hashlib.sha256()
    _update(digest, arrays)
    return digest.hexdigest()[:16]


def _update(digest: Any, arrays: Any) -> None:
    if isinstance(arrays, Mapping | tuple):
        parts = arrays.items() if isinstance(arrays, Mapping) else enumerate(arrays)
        for name, part in parts:
            digest.update(str(name).encode())
            _update(digest, part)
        return
    array = np.asarray(arrays)
    digest.update(f"{array.dtype.str}{array.shape}".encode())
    if array.dtype.hasobject:
        _update_objects(digest, array)
    else:
        digest.update(np.ascontiguousarray(array).view(np.uint8).reshape(-1).data)


def _update_objects(digest: Any, array: np.ndarray) -> None:
    # By default NumPy abbreviates and rounds, so that different rows look the same.
    with np.printoptions(threshold=sys.maxsize, floatmode="unique"):
        for row in array.tolist():
            if isinstance(row, np.ndarray) and not row.dtype.hasobject:
                digest.update(f"{row.dtype.str}{row.shape}".encode() + row.tobytes())
            else:
                digest.update(repr(row).encode())
