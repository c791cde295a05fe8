import os

import pytest

from hpo import HPOError
from hpo.errors import UsageError
from hpo.predicting.readers import Expected, open_samples


@pytest.mark.parametrize("name", ["missing.npz", "notes.txt"])
def test_a_file_of_another_kind_is_a_wrong_usage(name, tmp_path):
    (tmp_path / "notes.txt").touch()

    with pytest.raises(UsageError):
        open_samples(tmp_path / name, Expected({"": (3,)}))


def test_a_damaged_file_is_named(tmp_path):
    (tmp_path / "x.npz").write_text("no archive")

    with pytest.raises(HPOError, match=r"x\.npz: is not an \.npz file"):
        open_samples(tmp_path / "x.npz", Expected({"": (3,)}))


@pytest.mark.parametrize("name", ["folder.csv", "folder.npz", "fifo.csv", "fifo.npz"])
def test_what_is_named_like_a_file_and_is_none_is_a_wrong_usage(name, tmp_path):
    for suffix in ("csv", "npz"):
        (tmp_path / f"folder.{suffix}").mkdir()
        os.mkfifo(tmp_path / f"fifo.{suffix}")

    with pytest.raises(UsageError, match=f"{name} is a (folder|device, a pipe)"):
        open_samples(tmp_path / name, Expected({"": (3,)}))
