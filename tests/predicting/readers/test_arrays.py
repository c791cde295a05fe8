import os

import numpy as np
import pytest
from predicting.files import predict

from hpo import HPOError
from hpo.predicting.readers import Expected, open_samples

TEXTS = [[1, 5, 6], [], [1], [1, 7, 8, 9]]


OF_TEXTS = Expected({"": ()})


def test_padded_texts_become_arrays_of_their_own_lengths(tmp_path):
    padded = np.array([[*text, *[0] * (5 - len(text))] for text in TEXTS])
    np.savez(tmp_path / "x.npz", x=padded)

    chunks = [*open_samples(tmp_path / "x.npz", OF_TEXTS).chunks(3)]

    assert [len(chunk) for chunk in chunks] == [3, 1]
    assert [text.tolist() for chunk in chunks for text in chunk] == TEXTS


@pytest.mark.parametrize("size", [1, 3, 10])
def test_ragged_texts_are_given_as_tokens_and_offsets(size, tmp_path):
    offsets = np.cumsum([0, *map(len, TEXTS)])
    tokens = np.concatenate([np.array(text, "int64") for text in TEXTS])
    np.savez_compressed(tmp_path / "x.npz", tokens=tokens, offsets=offsets)

    samples = open_samples(tmp_path / "x.npz", OF_TEXTS)

    assert samples.n_samples == 4
    found = [text for chunk in samples.chunks(size) for text in chunk]
    assert [text.tolist() for text in found] == TEXTS
    assert {text.dtype for text in found} == {np.dtype("int32")}


@pytest.mark.parametrize("offsets", [[1, 8], [0, 7], [0, 9, 8], [0.0, 8.0]])
def test_offsets_that_do_not_fit_are_refused(offsets, tmp_path):
    np.savez(tmp_path / "x.npz", tokens=np.arange(8), offsets=np.array(offsets))

    with pytest.raises(HPOError, match="offsets must rise from 0 to the number of tokens, 8"):
        next(open_samples(tmp_path / "x.npz", OF_TEXTS).chunks(9))


def test_several_inputs_are_arrays_of_their_names(tmp_path):
    np.savez(tmp_path / "x.npz", a=np.arange(10).reshape(5, 2), b=np.arange(5))
    expected = Expected({"a": (2,), "b": ()})

    chunks = [*open_samples(tmp_path / "x.npz", expected).chunks(3)]

    assert [chunk["a"].shape for chunk in chunks] == [(3, 2), (2, 2)]
    np.testing.assert_array_equal(np.concatenate([chunk["b"] for chunk in chunks]), np.arange(5))


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": np.zeros((2, 4))}, r"x must have shape \(n_samples, 3\). Received: \(2, 4\)"),
        ({"y": np.zeros((2, 3))}, "must hold x and nothing else. Received: y"),
        ({"x": np.zeros((2, 3)), "y": np.zeros(2)}, "Received: x, y"),
        ({"x": np.array([[1, "a", None]], dtype=object)}, "x is an array of Python objects"),
        ({"x": np.asfortranarray(np.zeros((4, 3)))}, "stored column by column"),
    ],
)
def test_arrays_that_do_not_fit_are_told_before_anything_is_loaded(arrays, message, tmp_path):
    np.savez(tmp_path / "x.npz", **arrays)

    with pytest.raises(HPOError, match=message):
        open_samples(tmp_path / "x.npz", Expected({"": (3,)}))


class Harm:
    """Makes a folder when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


def test_samples_of_python_objects_are_not_unpickled(ensemble, tmp_path):
    harm = Harm(str(tmp_path / "harm"))
    np.savez(tmp_path / "x.npz", x=np.array([harm], dtype=object))

    with pytest.raises(HPOError, match="would have to be unpickled"):
        predict(ensemble, tmp_path / "x.npz", None)

    assert not (tmp_path / "harm").exists()
