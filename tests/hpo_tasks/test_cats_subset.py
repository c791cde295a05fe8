import io
import logging
import os
import zipfile
from pathlib import Path

import pytest

from hpo import HPOError
from hpo_tasks import cats_subset

SMALL = {"train": 4, "validation": 2, "test": 2}
N_SMALL = sum(SMALL.values())


def picture(kind, number):
    """What passes for a JPEG, another one for every class and number."""
    return b"\xff\xd8\xff" + f"{kind} {number}".encode() + b"\xff\xd9"


def kaggle(numbers=range(N_SMALL + 3)):
    return {
        f"train/{kind}.{number}.jpg": picture(kind, number)
        for kind in ("cat", "dog")
        for number in numbers
    }


def microsoft(numbers=range(N_SMALL + 3)):
    files = {
        f"PetImages/{kind.capitalize()}/{number}.jpg": picture(kind, number)
        for kind in ("cat", "dog")
        for number in numbers
    }
    return files | {"PetImages/Cat/Thumbs.db": b"", "readme[1].txt": b""}


def zipped(files, path=None):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    if path is not None:
        path.write_bytes(buffer.getvalue())
    return path or buffer.getvalue()


def extracted(files, folder):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def found(folder):
    """The contents of all files under a folder, by path."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def subset(sizes=SMALL):
    files, start = {}, 0
    for part, size in sizes.items():
        for number in range(start, start + size):
            for kind in ("cat", "dog"):
                files[f"{part}/{kind}s/{kind}.{number}.jpg"] = picture(kind, number)
        start += size
    return files


@pytest.fixture
def small(monkeypatch):
    """A subset of eight pictures of either class."""
    monkeypatch.setattr(cats_subset, "PARTS", SMALL)


@pytest.fixture
def directory(tmp_path):
    return tmp_path / "data"


# ---------------------------------------------------------------- what is cut


def test_the_subset_is_that_of_the_book(tmp_path, directory):
    source = zipped(kaggle(range(2005)), tmp_path / "train.zip")

    folder = cats_subset.prepare(source, directory)

    assert found(folder) == subset({"train": 1000, "validation": 500, "test": 500})


SOURCES = {
    "Kaggle's archive, one within the other": lambda path: zipped(
        {"sampleSubmission.csv": b"", "test1.zip": b"", "train.zip": zipped(kaggle())},
        path / "dogs-vs-cats.zip",
    ),
    "the inner archive": lambda path: zipped(kaggle(), path / "train.zip"),
    "the outer archive extracted": lambda path: extracted({"train.zip": zipped(kaggle())}, path),
    "both extracted": lambda path: extracted(kaggle() | {"test1/1.jpg": b"other"}, path),
    "the inner archive extracted": lambda path: extracted(kaggle(), path / "in") / "train",
    "extracted into a folder": lambda path: extracted(kaggle(), path / "dogs-vs-cats").parent,
    "Microsoft's archive": lambda path: zipped(microsoft(), path / "kagglecatsanddogs_5340.zip"),
    "Microsoft's archive extracted": lambda path: extracted(microsoft(), path),
    "its folder of pictures": lambda path: extracted(microsoft(), path / "in") / "PetImages",
}


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("make", SOURCES.values(), ids=SOURCES.keys())
def test_every_form_of_the_collection_gives_the_same_subset(tmp_path, directory, make):
    (tmp_path / "source").mkdir()

    folder = cats_subset.prepare(make(tmp_path / "source"), directory)

    assert folder == directory / "cats_and_dogs_small"
    assert found(folder) == subset()
    assert [path.name for path in directory.iterdir()] == ["cats_and_dogs_small"]


@pytest.mark.usefixtures("small")
def test_the_data_may_be_put_into_the_folder_that_it_comes_from(tmp_path):
    extracted(kaggle(), tmp_path)

    assert found(cats_subset.prepare(tmp_path, tmp_path)) == subset()


@pytest.mark.usefixtures("small")
def test_progress_is_told_after_every_picture(tmp_path, directory):
    told = []

    cats_subset.prepare(extracted(kaggle(), tmp_path), directory, lambda *n: told.append(n))

    assert told == [(done, 16) for done in range(1, 17)]


@pytest.mark.usefixtures("small")
def test_the_folder_of_the_environment_is_the_default(tmp_path, monkeypatch):
    monkeypatch.setenv("HPO_DATA_DIR", str(tmp_path / "environment"))

    folder = cats_subset.prepare(extracted(kaggle(), tmp_path))

    assert folder == tmp_path / "environment" / "cats_and_dogs_small"


@pytest.mark.usefixtures("small")
def test_the_cache_of_keras_is_the_default_without_one(tmp_path, monkeypatch):
    monkeypatch.delenv("HPO_DATA_DIR", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))

    folder = cats_subset.prepare(extracted(kaggle(), tmp_path))

    assert folder == tmp_path / "keras" / "datasets" / "cats_and_dogs_small"


@pytest.mark.usefixtures("small")
def test_names_in_an_archive_lead_nowhere_else(tmp_path, directory):
    outside = {f"../../{name}": content for name, content in kaggle().items()}
    source = zipped({**outside, "../evil.jpg": b"", "/evil.jpg": b""}, tmp_path / "train.zip")

    folder = cats_subset.prepare(source, directory)

    assert found(folder) == subset()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "train.zip"]


# ---------------------------------------------------------------- broken pictures


BROKEN = {"empty": b"", "a page": b"<html>404</html>", "cut off": b"\xff\xd8\xff" + b"0" * 9000}


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_picture_of_microsoft_makes_room_for_the_next_number(
    tmp_path, directory, caplog, content
):
    files = microsoft() | {"PetImages/Cat/1.jpg": content}

    with caplog.at_level(logging.WARNING):
        folder = cats_subset.prepare(extracted(files, tmp_path), directory)

    numbers = {
        part: sorted(int(path.stem[4:]) for path in (folder / part / "cats").iterdir())
        for part in SMALL
    }
    assert numbers == {"train": [0, 2, 3, 4], "validation": [5, 6], "test": [7, 8]}
    assert (folder / "test/cats/cat.8.jpg").read_bytes() == picture("cat", 8)
    assert found(folder / "test/dogs") == {f"dog.{n}.jpg": picture("dog", n) for n in (6, 7)}
    assert ["PetImages/Cat/1.jpg" in message for message in caplog.messages] == [True]


@pytest.mark.usefixtures("small")
def test_too_many_broken_pictures_are_named(tmp_path, directory):
    files = microsoft() | {f"PetImages/Dog/{n}.jpg": b"" for n in range(4)}

    with pytest.raises(HPOError) as caught:
        cats_subset.prepare(extracted(files, tmp_path), directory)

    assert str(caught.value) == (
        f"{tmp_path}: missing 1 of the 8 pictures of a dog; these are broken: "
        "PetImages/Dog/0.jpg, PetImages/Dog/1.jpg, PetImages/Dog/2.jpg, PetImages/Dog/3.jpg. "
        "Download it again."
    )
    assert list(directory.iterdir()) == []


@pytest.mark.usefixtures("small")
def test_a_broken_picture_of_kaggle_is_an_error(tmp_path, directory):
    source = zipped(kaggle() | {"train/dog.3.jpg": b""}, tmp_path / "train.zip")

    with pytest.raises(HPOError, match=r"train\.zip: its train/dog\.3\.jpg is not a complete JPEG"):
        cats_subset.prepare(source, directory)

    assert list(directory.iterdir()) == []


@pytest.mark.usefixtures("small")
def test_a_picture_damaged_within_the_archive_is_an_error(tmp_path, directory):
    source = tmp_path / "train.zip"
    with zipfile.ZipFile(source, "w") as archive:  # stored as it is, so that it can be found
        for name, content in kaggle().items():
            archive.writestr(name, content)
    source.write_bytes(source.read_bytes().replace(picture("cat", 5), picture("dog", 5)))

    with pytest.raises(HPOError, match=r"its train/cat\.5\.jpg is not a complete JPEG"):
        cats_subset.prepare(source, directory)


# ---------------------------------------------------------------- missing and damaged


@pytest.mark.usefixtures("small")
def test_missing_pictures_are_counted_and_named(tmp_path, directory):
    source = extracted(kaggle(range(5)), tmp_path)

    with pytest.raises(HPOError) as caught:
        cats_subset.prepare(source, directory)

    assert str(caught.value) == (
        f"{tmp_path}: missing 6 of the 16 pictures: cat.5.jpg, cat.6.jpg, cat.7.jpg, "
        "dog.5.jpg, dog.6.jpg and 1 more. Download it again."
    )
    assert list(directory.iterdir()) == []


@pytest.mark.parametrize(
    "make",
    [
        lambda path: path,
        lambda path: zipped({"cat.jpg": b"", "test1/1.jpg": b""}, path / "test1.zip"),
    ],
)
def test_a_source_without_such_pictures_says_what_was_expected(tmp_path, directory, make):
    with pytest.raises(HPOError, match=r"has no pictures named as .*Give dogs-vs-cats\.zip"):
        cats_subset.prepare(make(tmp_path), directory)


def test_half_an_archive_is_one_line(tmp_path, directory):
    source = zipped(kaggle(), tmp_path / "train.zip")
    source.write_bytes(source.read_bytes()[:1000])

    with pytest.raises(HPOError, match=r"train\.zip: is not a complete zip archive"):
        cats_subset.prepare(source, directory)


def test_half_an_archive_within_a_whole_one_is_one_line(tmp_path, directory):
    source = zipped({"train.zip": zipped(kaggle())[:1000]}, tmp_path / "dogs-vs-cats.zip")

    with pytest.raises(HPOError, match=r"dogs-vs-cats\.zip: is not a complete zip archive"):
        cats_subset.prepare(source, directory)


# ---------------------------------------------------------------- whole or not at all


@pytest.mark.usefixtures("small")
def test_a_subset_that_is_there_is_left_as_it_is(tmp_path, directory):
    extracted(kaggle(), tmp_path)
    before = cats_subset.prepare(tmp_path, directory).stat().st_mtime_ns
    told = []

    folder = cats_subset.prepare(tmp_path, directory, lambda *n: told.append(n))

    assert folder.stat().st_mtime_ns == before
    assert told == []


@pytest.mark.usefixtures("small")
def test_a_folder_that_holds_something_else_is_neither_used_nor_replaced(tmp_path, directory):
    mine = extracted({"train/cats/mine.jpg": b"mine"}, directory / "cats_and_dogs_small")

    with pytest.raises(HPOError, match=r"cats_and_dogs_small exists, but .*Move it away"):
        cats_subset.prepare(extracted(kaggle(), tmp_path), directory)

    assert found(mine) == {"train/cats/mine.jpg": b"mine"}


@pytest.mark.usefixtures("small")
def test_nothing_of_that_name_is_there_until_the_subset_is_complete(tmp_path, directory):
    def interrupt(done, of):
        assert not (directory / "cats_and_dogs_small").exists()
        if done == of:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cats_subset.prepare(extracted(kaggle(), tmp_path), directory, interrupt)

    assert list(directory.iterdir()) == []


@pytest.mark.usefixtures("small")
def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path, directory, monkeypatch):
    source = extracted(kaggle(), tmp_path)

    def write_bytes(_path, _content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", write_bytes)

    with pytest.raises(HPOError) as caught:
        cats_subset.prepare(source, directory)

    assert str(caught.value) == (
        f"{directory}/cats_and_dogs_small: cannot be written (No space left on device). "
        "Make room, or choose another folder with --data-dir."
    )
    assert list(directory.iterdir()) == []


@pytest.mark.usefixtures("small")
def test_a_folder_that_cannot_be_made_is_one_line(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(HPOError, match=r"cannot be written \(Not a directory\)"):
        cats_subset.prepare(extracted(kaggle(), tmp_path), tmp_path / "file" / "data")


# ---------------------------------------------------------------- the real pictures


def test_real_pictures_pass_for_whole_ones(tmp_path):
    folder = os.environ.get("HPO_DATA_DIR")
    if folder is None:
        pytest.skip("HPO_DATA_DIR names no folder with cats_and_dogs_small")
    source = tmp_path / "train"
    source.mkdir()
    for path in Path(folder).glob("cats_and_dogs_small/*/*/*.jpg"):
        (source / path.name).symlink_to(path)

    made = cats_subset.prepare(tmp_path, tmp_path / "data")

    assert found(made) == found(Path(folder) / "cats_and_dogs_small")
