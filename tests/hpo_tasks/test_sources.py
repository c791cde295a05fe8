import functools
import io
import os
import pickle
import socket
import zipfile
from pathlib import Path

import numpy as np
import pytest

from hpo import HPOError
from hpo_tasks import sources

WEIGHTS = "mobilenet_2_5_224_tf_no_top.h5"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """An empty cache of Keras, and no folder named by the environment."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.delenv("HPO_DATA_DIR", raising=False)
    return tmp_path / "keras"


@pytest.fixture
def download(monkeypatch):
    """Stands in for Keras's download: `download.calls` are its arguments."""
    import keras

    def get_file(fname, *, origin, file_hash, cache_subdir):
        get_file.calls.append((origin, file_hash, socket.getdefaulttimeout()))
        print("Downloading data")  # noqa: T201  (as Keras does)
        if get_file.error:
            raise get_file.error
        path = Path(cache_subdir) / fname
        path.write_text("downloaded")
        return str(path)

    get_file.calls = []
    get_file.error = None
    monkeypatch.setattr(keras.utils, "get_file", get_file)
    return get_file


def put(path, text=""):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


# ---------------------------------------------------------------- places


def test_a_file_in_the_named_folder_comes_first(tmp_path, cache, monkeypatch):
    put(cache / "datasets" / "mnist.npz")
    put(tmp_path / "environment" / "mnist.npz")
    monkeypatch.setenv("HPO_DATA_DIR", str(tmp_path / "environment"))
    named = put(tmp_path / "named" / "mnist.npz")

    assert sources.find_file("mnist.npz", named.parent, task="mnist") == named


def test_the_environment_names_the_folder_where_the_code_does_not(tmp_path, cache, monkeypatch):
    put(cache / "datasets" / "mnist.npz")
    named = put(tmp_path / "environment" / "mnist.npz")
    monkeypatch.setenv("HPO_DATA_DIR", str(named.parent))

    assert sources.find_file("mnist.npz", None, task="mnist") == named


def test_a_file_in_the_cache_of_keras_is_found(tmp_path, cache):
    cached = put(cache / "datasets" / "mnist.npz")

    assert sources.find_file("mnist.npz", tmp_path, task="mnist") == cached


def test_the_cache_is_where_keras_has_it(tmp_path, monkeypatch):
    monkeypatch.delenv("KERAS_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    cached = put(tmp_path / ".keras" / "datasets" / "mnist.npz")

    assert sources.find_file("mnist.npz", None, task="mnist") == cached
    assert sources.default_folder(None) == cached.parent


def test_another_mnist_than_that_of_keras_is_taken_and_left_alone(tmp_path, download):
    np.savez(tmp_path / "mnist.npz", x_train=np.zeros(3))
    before = (tmp_path / "mnist.npz").read_bytes()

    path = sources.find_file("mnist.npz", tmp_path, task="mnist")

    assert list(sources.load_arrays(path)) == ["x_train"]
    assert path.read_bytes() == before
    assert download.calls == []


def test_the_pinned_hashes_are_those_of_keras():
    import keras

    for name, sha256 in sources.SHA256.items():
        if name.endswith(".npz"):
            module = Path(keras.__file__).parent / f"src/datasets/{Path(name).stem}.py"
            assert sha256 in module.read_text()
            assert sources.ORIGIN in module.read_text()


# ---------------------------------------------------------------- downloads


def test_a_file_that_is_nowhere_is_downloaded_into_the_cache_of_keras(
    tmp_path, cache, download, capsys
):
    path = sources.find_file("imdb.npz", tmp_path, task="imdb")

    assert path == cache / "datasets" / "imdb.npz"
    assert path.read_text() == "downloaded"
    assert [entry.name for entry in path.parent.iterdir()] == ["imdb.npz"]
    assert download.calls == [
        (f"{sources.ORIGIN}imdb.npz", sources.SHA256["imdb.npz"], sources.TIMEOUT_S)
    ]
    assert socket.getdefaulttimeout() is None
    assert capsys.readouterr().out == ""


def test_a_download_that_fails_says_what_to_do(tmp_path, cache, download, capsys):
    download.error = Exception("URL fetch failure:\n no route to host")

    with pytest.raises(HPOError) as caught:
        sources.find_file("imdb.npz", tmp_path, task="imdb")

    assert str(caught.value) == (
        f"imdb: there is no file imdb.npz in {tmp_path} or {cache}/datasets. Downloading it failed "
        "(URL fetch failure: no route to host). Put imdb.npz into the folder named by --data-dir "
        "or HPO_DATA_DIR."
    )
    assert list((cache / "datasets").iterdir()) == []
    assert capsys.readouterr().out == ""


def test_a_cache_that_cannot_be_made_says_what_to_do(cache):
    cache.write_text("a file in its place")

    with pytest.raises(HPOError, match=r"mnist: there is no file mnist\.npz .* HPO_DATA_DIR\.$"):
        sources.find_file("mnist.npz", None, task="mnist")


def test_keras_itself_downloads_as_it_is_asked_to(tmp_path, cache, capsys):
    origin = put(tmp_path / "origin" / WEIGHTS, "the weights")

    path = sources.find_weights(WEIGHTS, None, task="cats", url=origin.as_uri())

    assert path == cache / "models" / WEIGHTS
    assert path.read_text() == "the weights"
    assert capsys.readouterr().out == ""


def test_keras_itself_refuses_a_download_with_another_hash(tmp_path, cache, monkeypatch):
    origin = put(tmp_path / "origin" / "mnist.npz", "not the digits")
    monkeypatch.setattr(sources, "ORIGIN", f"{origin.parent.as_uri()}/")

    with pytest.raises(HPOError, match=r"there is no file mnist\.npz .*corrupted"):
        sources.find_file("mnist.npz", None, task="mnist")

    assert list((cache / "datasets").iterdir()) == []


# ---------------------------------------------------------------- weights and folders


@pytest.mark.parametrize("folder", ["named/weights", "named", "keras/models"])
def test_weights_are_found_in_every_place(tmp_path, folder):
    path = put(tmp_path / folder / WEIGHTS)

    assert sources.find_weights(WEIGHTS, tmp_path / "named", task="cats", url=None) == path


def test_weights_that_are_nowhere_are_named_with_every_place(tmp_path, cache):
    with pytest.raises(HPOError) as caught:
        sources.find_weights(WEIGHTS, tmp_path, task="cats", url=None)

    assert str(caught.value) == (
        f"cats: there is no file {WEIGHTS} in {tmp_path}/weights or {tmp_path} or {cache}/models. "
        f"Put {WEIGHTS} into the folder named by --data-dir or HPO_DATA_DIR."
    )


@pytest.mark.parametrize("place", ["named", "keras/datasets"])
def test_a_folder_is_found_in_every_place(tmp_path, place):
    path = tmp_path / place / "pictures"
    path.mkdir(parents=True)

    assert sources.find_folder("pictures", tmp_path / "named", task="cats", advice="") == path


def test_a_folder_that_is_nowhere_is_named_with_every_place_and_the_advice(tmp_path, cache):
    with pytest.raises(HPOError) as caught:
        sources.find_folder("pictures", tmp_path, task="cats", advice="Draw some.")

    assert str(caught.value) == (
        f"cats: there is no folder pictures in {tmp_path} or {cache}/datasets. Draw some."
    )


# ---------------------------------------------------------------- reading


class Malicious:
    """Creates a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def malicious_archive(path, harm):
    """An archive whose array of objects creates the file `harm` when it is unpickled."""
    array = np.empty(1, dtype=object)
    array[0] = Malicious(harm)
    np.savez(path, x_train=array)
    return path


def test_the_malicious_archive_of_these_tests_does_harm(tmp_path):
    path = malicious_archive(tmp_path / "imdb.npz", tmp_path / "harm")

    np.load(path, allow_pickle=True)["x_train"]

    assert (tmp_path / "harm").exists()


def test_another_file_than_that_of_keras_is_refused_before_it_is_unpickled(tmp_path):
    path = malicious_archive(tmp_path / "imdb.npz", tmp_path / "harm")

    with pytest.raises(HPOError, match=r"imdb\.npz is not the file Keras ships \(SHA-256 69664113"):
        sources.load_pickled_arrays(path)

    assert not (tmp_path / "harm").exists()


def test_a_file_that_keras_does_not_ship_is_never_unpickled(tmp_path):
    path = malicious_archive(tmp_path / "mine.npz", tmp_path / "harm")

    with pytest.raises(HPOError, match="is not the file Keras ships"):
        sources.load_pickled_arrays(path)

    assert not (tmp_path / "harm").exists()


def test_a_file_that_changes_after_its_hash_was_taken_is_not_read_again(tmp_path, monkeypatch):
    buffer = io.BytesIO()
    np.savez(buffer, x_train=np.array([[1], [2, 3]], dtype=object))
    path = malicious_archive(tmp_path / "imdb.npz", tmp_path / "harm")
    sha256 = sources.hashlib.sha256(buffer.getvalue()).hexdigest()
    monkeypatch.setitem(sources.SHA256, "imdb.npz", sha256)
    monkeypatch.setattr(Path, "read_bytes", lambda _path: buffer.getvalue())

    arrays = sources.load_pickled_arrays(path)

    assert arrays["x_train"].tolist() == [[1], [2, 3]]
    assert not (tmp_path / "harm").exists()


def test_plain_arrays_are_read_without_unpickling(tmp_path):
    path = malicious_archive(tmp_path / "mnist.npz", tmp_path / "harm")

    with pytest.raises(HPOError, match=r"mnist\.npz: cannot be read \(Object arrays"):
        sources.load_arrays(path)

    assert not (tmp_path / "harm").exists()


def a_pickle(path):
    path.write_bytes(pickle.dumps({"x": 1}))


def half_an_archive(path):
    np.savez(path, x=np.zeros(1000))
    path.write_bytes(path.read_bytes()[:4000])


def an_archive_of_text(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.npy", "no array")


@pytest.mark.parametrize(
    "damage", [a_pickle, half_an_archive, an_archive_of_text, lambda path: path.mkdir()]
)
def test_a_damaged_file_is_one_line(tmp_path, damage):
    path = tmp_path / "mnist.npz"
    damage(path)

    with pytest.raises(HPOError, match=r"mnist\.npz: cannot be read \(.+\)") as caught:
        sources.load_arrays(path)

    assert "\n" not in str(caught.value)


def test_a_missing_file_is_one_line(tmp_path):
    for load in (sources.load_arrays, sources.load_pickled_arrays):
        with pytest.raises(HPOError, match=r"imdb\.npz: cannot be read \(.*No such file"):
            load(tmp_path / "imdb.npz")


# ---------------------------------------------------------------- the real files

REAL = os.environ.get("HPO_DATA_DIR")
with_real_data = functools.partial(
    pytest.mark.skipif, REAL is None, reason="HPO_DATA_DIR names no folder with the data sets"
)()


@with_real_data
@pytest.mark.parametrize(("name", "n_train"), [("imdb", 25000), ("reuters", 11228)])
def test_the_file_that_keras_ships_is_read(name, n_train):
    path = sources.find_file(f"{name}.npz", Path(REAL), task=name)

    arrays = sources.load_pickled_arrays(path)

    texts = arrays["x_train" if name == "imdb" else "x"]
    assert texts.shape == (n_train,)
    assert all(isinstance(word, int) for word in texts[0])


@with_real_data
@pytest.mark.parametrize("name", ["imdb", "reuters"])
def test_the_word_index_of_keras_has_the_pinned_hash(name):
    path = sources.find_file(f"{name}_word_index.json", Path(REAL), task=name)

    assert sources.hashlib.sha256(path.read_bytes()).hexdigest() == sources.SHA256[path.name]
