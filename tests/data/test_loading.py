import numpy as np
import pytest

from hpo import Data, HPOError
from hpo.data.loading import load_data
from tasks import bare_task


def raising(error):
    def load(_data_dir):
        raise error

    return bare_task(load=load)


def test_data_is_loaded_from_the_folder(tmp_path):
    folders = []

    def load(data_dir):
        folders.append(data_dir)
        return Data(x=np.zeros((2, 1)), y=np.zeros(2))

    assert load_data(bare_task(load=load), str(tmp_path)).n_samples == 2
    load_data(bare_task(load=load), None)
    assert folders == [tmp_path, None]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ValueError("two\nlines"), "ValueError: two lines"),
        (SystemExit(3), "SystemExit: 3"),
        (FileNotFoundError(2, "No such file", "x.npz"), "FileNotFoundError: .*x.npz"),
    ],
)
def test_whatever_a_task_raises_is_told_in_one_line(error, reason):
    with pytest.raises(HPOError, match=f"^task 'demo': its data cannot be loaded: {reason}"):
        load_data(raising(error), None)


def test_what_a_task_says_itself_is_left_as_it_is():
    with pytest.raises(HPOError, match=r"^set HPO_DATA_DIR$"):
        load_data(raising(HPOError("set HPO_DATA_DIR")), None)


def test_a_task_that_loads_something_else_is_refused():
    with pytest.raises(HPOError, match=r"must return hpo.Data. Received: tuple"):
        load_data(bare_task(load=lambda _data_dir: (1, 2)), None)
