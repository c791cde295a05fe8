from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest

from hpo.support.png import encode, thumbnail


def decode(file: bytes) -> np.ndarray:
    """Read a PNG whose rows are unfiltered, checking the sums of its chunks."""
    assert file[:8] == b"\x89PNG\r\n\x1a\n"
    chunks, place = {}, 8
    while place < len(file):
        (length,) = struct.unpack(">I", file[place : place + 4])
        name = file[place + 4 : place + 8]
        content = file[place + 8 : place + 8 + length]
        (check,) = struct.unpack(">I", file[place + 8 + length : place + 12 + length])
        assert check == zlib.crc32(name + content)
        chunks[name], place = content, place + 12 + length
    width, height, depth, colour = struct.unpack(">2I2B", chunks[b"IHDR"][:10])
    assert depth == 8
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, -1)
    assert not rows[:, 0].any()
    return rows[:, 1:].reshape((height, width, 3) if colour == 2 else (height, width))


@pytest.mark.parametrize("shape", [(3, 5), (4, 2, 3), (2, 3, 1)])
def test_a_picture_is_written_as_it_is(shape):
    picture = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    assert (
        decode(encode(picture)) == picture.reshape(shape[:2] if shape[-1] == 1 else shape)
    ).all()


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((180, 180, 3), (60, 60, 3)), ((28, 28), (28, 28)), ((65, 3), (32, 1)), ((1, 300), (1, 60))],
)
def test_a_thumbnail_has_at_most_so_many_pixels(shape, expected):
    assert thumbnail(np.zeros(shape, np.uint8), 64).shape == expected


def test_a_thumbnail_averages_blocks():
    picture = np.array([[0, 100], [100, 200]], np.uint8)
    assert thumbnail(picture, 1).tolist() == [[100]]


def test_floats_are_stretched_over_all_greys():
    assert thumbnail(np.array([[-1.0, 1.0], [0.0, np.nan]]), 64).tolist() == [[0, 255], [128, 128]]
