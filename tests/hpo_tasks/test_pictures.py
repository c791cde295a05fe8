import subprocess
import sys

import numpy as np
import pytest

from hpo import HPOError
from hpo_tasks import pictures
from tasks import bare_task


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setenv("HPO_CACHE_DIR", str(folder))
    return folder


def write_jpeg(path, colour, size=(20, 30)):
    import tensorflow as tf

    path.parent.mkdir(parents=True, exist_ok=True)
    picture = np.full((*size, 3), colour, np.uint8)
    path.write_bytes(tf.io.encode_jpeg(picture, quality=95).numpy())
    return path


@pytest.fixture
def paths(tmp_path):
    return [write_jpeg(tmp_path / f"pictures/{n}.jpg", 80 * n) for n in range(3)]


def random_pictures(n=4, size=16):
    return np.random.default_rng(0).integers(0, 256, (n, size, size, 3), "uint8")


def test_pictures_of_a_folder_come_by_name(paths):
    (paths[0].parent / "notes.txt").write_text("no picture")

    assert pictures.list_pictures(paths[0].parent) == paths


def test_a_folder_without_pictures_is_named(tmp_path):
    with pytest.raises(HPOError, match=r"nowhere has no JPEG files"):
        pictures.list_pictures(tmp_path / "nowhere")


def test_pictures_are_decoded_to_bytes_of_one_size(paths):
    found = pictures.load_pictures(paths, 8)

    assert found.dtype == np.uint8
    assert found.shape == (3, 8, 8, 3)
    assert np.abs(found[:, 4, 4, 0].astype(int) - [0, 80, 160]).max() <= 2


def test_a_file_that_is_no_picture_is_named(tmp_path):
    path = tmp_path / "broken.jpg"
    path.write_bytes(b"no picture")

    with pytest.raises(HPOError, match=r"broken\.jpg is not a JPEG picture"):
        pictures.load_pictures([path], 8)


def test_pictures_are_decoded_once(paths, cache, monkeypatch):
    before = pictures.load_pictures(paths, 8).copy()
    monkeypatch.setattr(pictures, "_decode", lambda path: pytest.fail(f"decoded {path} again"))

    np.testing.assert_array_equal(pictures.load_pictures(paths, 8), before)
    assert len(list(cache.iterdir())) == 1


def test_another_size_or_another_picture_is_another_entry(paths, cache):
    pictures.load_pictures(paths, 8)
    pictures.load_pictures(paths, 9)
    write_jpeg(paths[0], 255)

    changed = pictures.load_pictures(paths, 8)

    assert changed[0].min() > 250
    assert len(list(cache.iterdir())) == 3


@pytest.mark.parametrize("damage", [b"", b"no array", None])
def test_a_damaged_entry_is_made_anew(paths, cache, damage):
    before = pictures.load_pictures(paths, 8).copy()
    (entry,) = cache.iterdir()
    # Cut off in the middle where no other damage is asked for. A fresh file: the old one is mapped.
    content = entry.read_bytes()[:200] if damage is None else damage
    entry.unlink()
    entry.write_bytes(content)

    np.testing.assert_array_equal(pictures.load_pictures(paths, 8), before)


def test_an_entry_with_objects_is_made_anew_and_not_unpickled(cache):
    cache.mkdir()
    np.save(cache / "key.npy", np.array([{}], object), allow_pickle=True)

    assert pictures.cached("key", lambda: np.ones(3)).tolist() == [1, 1, 1]


def test_the_cache_is_made_whole_or_not_at_all(cache):
    def fail():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pictures.cached("key", fail)

    assert not cache.exists() or not list(cache.iterdir())


def test_two_processes_that_build_the_same_entry_both_get_it_whole(cache):
    # Both wait until both are making the array.
    program = """
import pathlib, sys, time
import numpy as np
from hpo_tasks import pictures
folder, own, other = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
def make():
    (folder / own).touch()
    while not (folder / other).exists():
        time.sleep(0.001)
    return np.arange(1_000_000)
print(int(pictures.cached("key", make).sum()))
"""
    signals = cache.parent
    both = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(signals), *names],
            stdout=subprocess.PIPE,
            text=True,
        )
        for names in (("one", "two"), ("two", "one"))
    ]

    found = [process.communicate(timeout=60)[0].strip() for process in both]

    assert found == ["499999500000"] * 2
    assert [path.name for path in cache.iterdir()] == ["key.npy"]


def test_resizing_keeps_bytes_and_brightness():
    found = pictures.resize(np.full((2, 16, 16, 3), 200, np.uint8), 8)

    assert found.dtype == np.uint8
    assert found.shape == (2, 8, 8, 3)
    assert (found == 200).all()


@pytest.mark.parametrize("size", [8, 16])
def test_folds_share_one_array_of_resized_pictures(size):
    transformer = pictures.Resize(size)
    shared = [transformer.fit(None).transform(random_pictures().copy()) for _fold in range(2)]

    assert np.asarray(shared[0]) is np.asarray(shared[1])
    assert not shared[0].flags.writeable


def test_the_preprocessed_folds_of_a_task_are_one_array():
    from hpo import Data
    from hpo.training.evaluation import Evaluator

    task = bare_task("val_accuracy", preprocessor=lambda _params: pictures.Resize(8))
    data = Data(x=random_pictures(6), y=np.array([0, 1] * 3), class_names=["a", "b"])

    folds = Evaluator(task, data, "kfold:3").folds({})

    assert len({id(fold.x) for fold in folds}) == 1


def test_the_cache_lies_where_the_user_keeps_caches(tmp_path, monkeypatch):
    monkeypatch.delenv("HPO_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert pictures.cache_directory() == tmp_path / "hpo"

    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert pictures.cache_directory() == tmp_path / ".cache" / "hpo"


def test_rows_are_made_once_for_every_picture(cache):
    made = []

    def means(batch):
        made.append(len(batch))
        return batch.mean(axis=(1, 2, 3), keepdims=False)[:, None]

    first = np.arange(4, dtype=np.uint8)[:, None, None, None] * np.ones((1, 2, 2, 3), np.uint8)
    assert pictures.cached_rows("key", first[:3], means).tolist() == [[0], [1], [2]]
    assert pictures.cached_rows("key", first[::-1], means).tolist() == [[3], [2], [1], [0]]
    assert made == [3, 1]


def test_damaged_rows_are_made_again(cache):
    picture = np.zeros((1, 2, 2, 3), np.uint8)
    rows = pictures.cached_rows("key", picture, lambda batch: np.ones((len(batch), 2)))
    (path,) = cache.glob("*.npz")
    path.write_bytes(path.read_bytes()[:40])

    np.testing.assert_array_equal(pictures.cached_rows("key", picture, lambda _: rows), rows)
