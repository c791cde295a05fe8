"""Damaged files to predict: read, or refused in one line; nothing else is ever raised."""

import numpy as np
import pytest
from predicting.files import NAMES, X, write_table

from hpo import HPOError
from hpo.predicting.readers import Expected, open_samples
from tasks import picture_data

TOKENS = {"tokens": np.arange(1, 40), "offsets": np.array([0, 5, 5, 20, 39])}
PADDED = {"x": np.arange(24, dtype="int64").reshape(4, 6)}
SEVERAL = {"a": X, "b": np.arange(23.0)}


def read(path, expected):
    """Read all samples, or refuse them."""
    try:
        for chunk in open_samples(path, expected).chunks(7):
            parts = chunk.values() if isinstance(chunk, dict) else [chunk]
            assert all(isinstance(part, np.ndarray) and len(part) <= 7 for part in parts)
    except HPOError as error:
        assert str(path) in str(error)  # noqa: PT017  (or it is read)


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "utf-16"])
@pytest.mark.parametrize("names", [None, NAMES], ids=["positions", "names"])
def test_a_damaged_table_is_read_or_refused(fuzzer, tmp_path, encoding, names):
    path = write_table(tmp_path / "x.csv", X.round(3), names)
    whole = path.read_text().replace("width", "wïdth").encode(encoding)
    expected = Expected({"": (3,)}, [name.replace("width", "wïdth") for name in NAMES])

    for _ in fuzzer.rounds():
        path.write_bytes(fuzzer.damaged(whole))
        read(path, expected)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize(
    ("arrays", "expected"),
    [
        ({"x": X}, Expected({"": (3,)})),
        (SEVERAL, Expected({"a": (3,), "b": ()})),
        (TOKENS, Expected({"": ()})),
        (PADDED, Expected({"": ()})),
    ],
    ids=["numbers", "several", "tokens", "padded"],
)
def test_a_damaged_file_of_arrays_is_read_or_refused(fuzzer, tmp_path, save, arrays, expected):
    path = tmp_path / "x.npz"
    save(path, **arrays)
    whole = path.read_bytes()

    for number in fuzzer.rounds():
        damage = fuzzer.damaged_archive if number % 2 else fuzzer.damaged
        path.write_bytes(damage(whole))
        read(path, expected)


@pytest.mark.parametrize("suffix", ["png", "jpg", "bmp"])
def test_a_damaged_picture_is_read_or_refused(fuzzer, tmp_path, suffix):
    import tensorflow as tf

    encode = tf.io.encode_jpeg if suffix == "jpg" else tf.io.encode_png
    whole = encode(picture_data().x[0]).numpy()
    path = tmp_path / f"0.{suffix}"

    for _ in fuzzer.rounds():
        path.write_bytes(fuzzer.damaged(whole))
        read(tmp_path, Expected({"": (8, 6, 3)}))
