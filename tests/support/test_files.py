import errno
import os
import pickle
import socket
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hpo.errors import HPOError, UsageError
from hpo.support import files


class Trap:
    """Calls off the test when it is unpickled."""

    def __reduce__(self):
        return pytest.fail, ("something was unpickled",)


def files_in(folder):
    return sorted(path.name for path in folder.iterdir())


# ---------------------------------------------------------------- arrays


def test_arrays_come_back_as_they_were_written(tmp_path):
    arrays = {
        "index": np.arange(3),
        "oof/": np.array([[0.5], [0.25], [1.0]], "float32"),
        "oof/head": np.array([True, False, True]),
        "names": np.array(["a", "bb"]),
        "empty": np.zeros((0, 4)),
    }
    path = tmp_path / "new" / "folder" / "arrays.npz"

    files.write_arrays(path, arrays)
    read = files.read_arrays(path)

    assert list(read) == list(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(read[name], array)
        assert read[name].dtype == array.dtype


def test_arrays_are_written_compressed(tmp_path):
    path = tmp_path / "zeros.npz"

    files.write_arrays(path, {"zeros": np.zeros(100_000)})

    assert path.stat().st_size < 10_000


def test_nothing_but_the_arrays_stands_in_the_file(tmp_path):
    path = tmp_path / "arrays.npz"

    files.write_arrays(path, {"x": np.arange(3)})

    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == ["x.npy"]


def test_a_file_of_any_ending_holds_arrays(tmp_path):
    path = tmp_path / "predictions"

    files.write_arrays(path, {"x": np.arange(3)})

    np.testing.assert_array_equal(files.read_arrays(path)["x"], np.arange(3))
    assert files_in(tmp_path) == ["predictions"]


@pytest.mark.parametrize(
    "array",
    [
        np.array([[1], [1, 2]], dtype=object),
        np.array([(1, "a")], dtype=[("number", int), ("anything", object)]),
    ],
    ids=["objects", "records with objects"],
)
def test_an_array_of_objects_is_not_written(tmp_path, array):
    with pytest.raises(HPOError, match="'y/' holds Python objects") as caught:
        files.write_arrays(tmp_path / "y.npz", {"fine": np.arange(3), "y/": array})

    assert str(tmp_path / "y.npz") in str(caught.value)
    assert files_in(tmp_path) == []


def test_an_array_of_objects_is_refused_not_unpickled(tmp_path):
    path = tmp_path / "trap.npz"
    np.savez(path, fine=np.arange(3), trap=np.array([Trap()], dtype=object))

    with pytest.raises(HPOError, match=r"trap\.npz: cannot be read"):
        files.read_arrays(path)


def test_a_pickle_in_place_of_the_arrays_is_refused_not_unpickled(tmp_path):
    path = tmp_path / "trap.npz"
    path.write_bytes(pickle.dumps(Trap()))

    with pytest.raises(HPOError, match=r"trap\.npz: cannot be read"):
        files.read_arrays(path)


def test_a_lone_array_is_no_archive(tmp_path):
    path = tmp_path / "lone.npz"
    with path.open("wb") as file:
        np.save(file, np.arange(3))

    with pytest.raises(HPOError, match=r"lone\.npz: cannot be read"):
        files.read_arrays(path)


def test_a_member_that_is_no_array_is_refused(tmp_path):
    path = tmp_path / "arrays.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.npz", b"123")

    with pytest.raises(HPOError, match=r"arrays\.npz: cannot be read \('a\.npz' is no array\)"):
        files.read_arrays(path)


def test_only_arrays_that_are_asked_for_are_read(tmp_path):
    path = tmp_path / "arrays.npz"
    files.write_arrays(path, {"a": np.arange(3), "b": np.arange(2)})

    assert files.read_arrays(path, ["b", "c"]).keys() == {"b"}


def test_a_missing_file_of_arrays_is_named(tmp_path):
    with pytest.raises(HPOError, match=r"absent\.npz: cannot be read .*No such file"):
        files.read_arrays(tmp_path / "absent.npz")


def test_a_file_of_arrays_that_was_cut_short_is_refused(tmp_path):
    path = tmp_path / "arrays.npz"
    files.write_arrays(path, {"a": np.arange(20), "b": np.arange(3.0)})
    whole = path.read_bytes()

    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(HPOError, match=r"arrays\.npz: cannot be read \(.+\)\."):
            files.read_arrays(path)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_file_of_arrays_is_refused_or_read_as_it_was(tmp_path, data):
    path = tmp_path / "arrays.npz"
    arrays = {"a": np.arange(20), "b": np.linspace(0, 1, 3)}
    files.write_arrays(path, arrays)
    content = bytearray(path.read_bytes())
    position = data.draw(st.integers(0, len(content) - 1))
    content[position] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)

    try:
        read = files.read_arrays(path)
    except HPOError as error:
        assert "arrays.npz: cannot be read" in str(error)  # noqa: PT017  (or it was read)
        return

    for name in read.keys() & arrays.keys():  # a damaged name is a name all the same
        np.testing.assert_array_equal(read[name], arrays[name])


# ---------------------------------------------------------------- JSON


def test_json_comes_back_as_it_was_written(tmp_path):
    content = {"members": [{"trial": 3, "weight": 0.25}], "text": "Zürich", "none": None}
    path = tmp_path / "new" / "content.json"

    files.write_json(path, content)

    assert files.read_json(path) == content


def test_json_is_written_for_people_too(tmp_path):
    path = tmp_path / "content.json"

    files.write_json(path, {"a": 1, "b": 2})

    assert path.read_text().splitlines() == ["{", '  "a": 1,', '  "b": 2', "}"]


def test_json_that_others_cannot_read_is_not_written(tmp_path):
    path = tmp_path / "content.json"

    with pytest.raises(ValueError, match="not JSON compliant"):
        files.write_json(path, {"score": float("nan")})

    assert files_in(tmp_path) == []


@pytest.mark.parametrize("content", [b"", b'{"a": 1', b"\xff\xfe{}", b"{} {}"])
def test_damaged_json_is_refused_with_its_path(tmp_path, content):
    path = tmp_path / "damaged.json"
    path.write_bytes(content)

    with pytest.raises(HPOError, match=r"damaged\.json: cannot be read"):
        files.read_json(path)


def test_missing_json_is_named(tmp_path):
    with pytest.raises(HPOError, match=r"absent\.json: cannot be read"):
        files.read_json(tmp_path / "absent.json")


# ---------------------------------------------------------------- replacing


def fail_in_the_middle(path):
    with files.replacing(path) as temporary:
        temporary.write_text("half of the n")
        raise KeyboardInterrupt


def test_a_failing_write_leaves_the_old_file_and_no_litter(tmp_path):
    path = tmp_path / "model.keras"
    path.write_text("old")

    with pytest.raises(KeyboardInterrupt):
        fail_in_the_middle(path)

    assert path.read_text() == "old"
    assert files_in(tmp_path) == ["model.keras"]


def test_arrays_that_cannot_be_written_leave_the_old_ones_and_no_litter(tmp_path):
    path = tmp_path / "arrays.npz"
    files.write_arrays(path, {"a": np.arange(3)})

    with pytest.raises(TypeError):
        files.write_arrays(path, {"a": np.arange(4), 5: np.arange(4)})

    assert len(files.read_arrays(path)["a"]) == 3
    assert files_in(tmp_path) == ["arrays.npz"]


def test_the_old_file_stays_whole_until_the_new_one_is(tmp_path):
    path = tmp_path / "content.json"
    files.write_json(path, "old")

    with files.replacing(path) as temporary:
        temporary.write_text('"new"')
        before = files.read_json(path)

    assert before == "old"
    assert files.read_json(path) == "new"
    assert files_in(tmp_path) == ["content.json"]


def test_the_temporary_file_has_the_ending_that_says_its_format(tmp_path):
    with files.replacing(tmp_path / "fold-0.keras") as temporary:
        temporary.touch()

    assert temporary.suffix == ".keras"
    assert files_in(tmp_path) == ["fold-0.keras"]


def test_an_error_names_the_file_that_was_to_be_written(tmp_path):
    path = tmp_path / "content.json"

    def fail():
        with files.replacing(path):
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space left") as caught:
        fail()

    assert caught.value.filename == str(path)


# ---------------------------------------------------------------- outputs


def test_an_output_that_is_a_link_is_the_file_it_points_to(tmp_path):
    (tmp_path / "target.csv").write_text("old")
    (tmp_path / "link.csv").symlink_to("target.csv")
    (tmp_path / "dangling.csv").symlink_to("new.csv")

    assert files.output_file(tmp_path / "link.csv") == tmp_path / "target.csv"
    assert files.output_file(tmp_path / "dangling.csv") == tmp_path / "new.csv"


@pytest.mark.parametrize("path", ["/dev/null", "fifo.csv", "link-to-fifo.csv", "socket.csv"])
def test_an_output_that_is_not_a_file_is_refused(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    os.mkfifo("fifo.csv")
    Path("link-to-fifo.csv").symlink_to("fifo.csv")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("socket.csv")

        with pytest.raises(UsageError, match=f"--output {path} is a device, a pipe or a socket"):
            files.output_file(Path(path))
        with pytest.raises(UsageError, match=f"--output {path} is not a folder"):
            files.output_folder(Path(path))

    assert Path("fifo.csv").is_fifo()


@pytest.mark.parametrize("output", ["x.csv", "link.csv", "hard.csv", "folder/../x.csv"])
def test_an_output_that_is_an_input_is_refused_by_whatever_name(output, tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("precious")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link.csv").symlink_to(path)
    (tmp_path / "hard.csv").hardlink_to(path)

    with pytest.raises(UsageError, match="the command reads and would replace"):
        files.output_file(tmp_path / output, path)

    assert path.read_text() == "precious"


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("folder", "is a folder. Name a file in it"),
        ("file/out.csv", "lies below .*file, which is not a folder"),
        ("circle/out.csv", "cannot be a file"),
        ("circle", "cannot be a file"),
        ("x" * 300, "cannot be a file .*name too long"),
        ("x\0y", "cannot be a file"),
    ],
)
def test_an_output_that_cannot_be_written_is_refused(output, message, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "circle").symlink_to("circle")

    with pytest.raises(UsageError, match=message):
        files.output_file(tmp_path / output)


def test_an_output_folder_may_be_a_link_or_missing(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("folder")

    assert files.output_folder(tmp_path / "link") == tmp_path / "folder"
    assert files.output_folder(tmp_path / "new" / "er") == tmp_path / "new" / "er"
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="is not a folder"):
        files.output_folder(tmp_path / "file")


def test_temporary_files_of_killed_processes_are_swept_and_no_others(tmp_path):
    folder = tmp_path / "trials" / "3"
    folder.mkdir(parents=True)
    old, new = folder / f".{'a1' * 16}.keras", folder / f".{'b2' * 16}.npz"
    others = [folder / ".hidden", folder / "fold-0.keras", tmp_path / f"{'c3' * 16}.json"]
    for path in (old, new, *others):
        path.touch()
        os.utime(path, (time.time() - 3600,) * 2)
    new.touch()

    files.sweep(tmp_path)

    assert sorted(path for path in tmp_path.rglob("*") if path.is_file()) == sorted([new, *others])
