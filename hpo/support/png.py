"""Small pictures as PNG, written with NumPy and zlib (W3C, PNG Specification, 2003)."""

from __future__ import annotations

import struct
import zlib

import numpy as np

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GRAY, _COLOR = 0, 2
_BITS, _WHITE = 8, 255


def thumbnail(picture: np.ndarray, max_side: int) -> np.ndarray:
    """A picture scaled down until its longer side fits.

    Args:
        picture: Shape (height, width) or (height, width, channels); bytes, or other numbers, whose
            range is stretched to 0 to 255.
        max_side: Maximum length of the longer side, in pixels.

    Returns:
        The picture as bytes; every pixel is the mean of a block of the original.
    """
    values = _as_bytes(np.asarray(picture))
    factor = -(-max(values.shape[:2]) // max_side)
    height, width = (max(1, side // factor) for side in values.shape[:2])
    rows, columns = min(factor, values.shape[0]), min(factor, values.shape[1])
    kept = values[: height * rows, : width * columns].astype(float)
    blocks = kept.reshape(height, rows, width, columns, -1).mean(axis=(1, 3))
    small: np.ndarray = blocks.round().astype(np.uint8)
    return small.reshape(height, width, *values.shape[2:])


def encode(picture: np.ndarray) -> bytes:
    """A picture as a PNG file.

    Args:
        picture: Bytes, shape (height, width), (height, width, 1) or (height, width, 3).
    """
    height, width = picture.shape[:2]
    kind = _COLOR if picture.ndim > 2 and picture.shape[-1] > 1 else _GRAY  # noqa: PLR2004
    rows = np.ascontiguousarray(picture, dtype=np.uint8).reshape(height, -1)
    unfiltered = np.hstack([np.zeros((height, 1), np.uint8), rows]).tobytes()
    header = struct.pack(">2I5B", width, height, _BITS, kind, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(unfiltered, 9)), (b"IEND", b""))
    return _SIGNATURE + b"".join(_chunk(name, content) for name, content in chunks)


def _chunk(name: bytes, content: bytes) -> bytes:
    check = zlib.crc32(name + content)
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", check)


def _as_bytes(picture: np.ndarray) -> np.ndarray:
    if picture.dtype == np.uint8:
        return picture
    values = np.nan_to_num(picture.astype(float))
    low, high = float(values.min()), float(values.max())
    is_bytes = np.issubdtype(picture.dtype, np.integer) and low >= 0 and high <= _WHITE
    shades: np.ndarray = values if is_bytes else (values - low) / ((high - low) or 1.0) * _WHITE
    return np.asarray(shades.round(), dtype=np.uint8)
