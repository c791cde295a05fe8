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


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((2, 3), complex), "values of type complex128. Use numbers"),
        (np.zeros((2, 3), "datetime64[D]"), r"values of type datetime64\[D\]. Use numbers"),
        (np.zeros((2, 3), "timedelta64[s]"), r"values of type timedelta64\[s\]. Use numbers"),
        (np.zeros((2, 3), "V4"), r"values of type \|V4. Use numbers"),
        (np.zeros((2, 3), [("a", "f4")]), "values of type .*'a'.* Use numbers"),
    ],
)
def test_values_that_are_not_numbers_are_refused_before_anything_is_loaded(
    array, message, tmp_path
):
    np.savez(tmp_path / "x.npz", x=array)

    with pytest.raises(HPOError, match=f"x.npz: x has {message}"):
        open_samples(tmp_path / "x.npz", Expected({"": (3,)}))


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        (np.array([1.5, 2, 3]), "tokens must be token ids, which are whole numbers.*float64"),
        (np.array([1, 2**31, 3]), r"tokens\[1\] is 2147483648. Token ids must not exceed"),
        (np.array([1, 2, 2**63], "uint64"), r"tokens\[2\] is 9223372036854775808"),
        (np.array([[1, 2, 3]]).T, "tokens and offsets must have one axis each"),
        (np.array([True, False, True]), "must be token ids"),
    ],
)
def test_tokens_that_are_not_ids_are_refused(tokens, message, tmp_path):
    np.savez(tmp_path / "x.npz", tokens=tokens, offsets=np.array([0, 1, 3]))

    with pytest.raises(HPOError, match=message):
        [*open_samples(tmp_path / "x.npz", OF_TEXTS).chunks(1)]


def test_padded_ids_that_are_too_large_are_refused_with_their_place(tmp_path):
    np.savez(tmp_path / "x.npz", x=np.array([[1, 2], [3, 4], [5, 2**40]]))

    with pytest.raises(HPOError, match=r"x\[2, 1\] is 1099511627776"):
        [*open_samples(tmp_path / "x.npz", OF_TEXTS).chunks(2)]


@pytest.mark.parametrize("dtype", ["int64", "uint64", "uint8"])
def test_offsets_that_fall_are_refused_whatever_their_type(dtype, tmp_path):
    np.savez(tmp_path / "x.npz", tokens=np.arange(8), offsets=np.array([0, 5, 3, 8], dtype))

    with pytest.raises(HPOError, match="offsets must rise from 0"):
        next(open_samples(tmp_path / "x.npz", OF_TEXTS).chunks(9))


def test_offsets_without_an_axis_are_refused(tmp_path):
    np.savez(tmp_path / "x.npz", tokens=np.arange(8), offsets=np.array(8))

    with pytest.raises(HPOError, match="must have one axis each"):
        open_samples(tmp_path / "x.npz", OF_TEXTS)


@pytest.mark.parametrize("dtype", [">f4", ">i8", "float16", "longdouble"])
def test_numbers_of_other_machines_are_read_as_those_of_this_one(dtype, tmp_path):
    np.savez(tmp_path / "x.npz", x=np.arange(6).reshape(2, 3).astype(dtype))

    chunk = next(open_samples(tmp_path / "x.npz", Expected({"": (3,)})).chunks(9))

    assert chunk.dtype.isnative
    assert chunk.dtype.itemsize <= 8
    np.testing.assert_array_equal(chunk, np.arange(6).reshape(2, 3))


def test_an_encrypted_archive_is_refused(tmp_path):
    path = tmp_path / "x.npz"
    np.savez(path, x=np.zeros((2, 3)))
    content = bytearray(path.read_bytes())
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)

    with pytest.raises(HPOError, match=r"x\.npz: is not an \.npz file .*encrypted"):
        open_samples(path, Expected({"": (3,)}))


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_a_file_that_was_cut_short_is_refused(save, tmp_path):
    path = tmp_path / "x.npz"
    save(path, x=np.random.default_rng(0).normal(size=(20, 3)))
    whole = path.read_bytes()

    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        with pytest.raises(HPOError, match=r"x\.npz"):
            [*open_samples(path, Expected({"": (3,)})).chunks(8)]


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
