import numpy as np
import pytest
import tensorflow as tf

from hpo import Data
from hpo.errors import UsageError
from hpo.training.threads import SMALL_BYTES, THREADS, use_few_for

SMALL = Data(x=np.zeros((10, 3)), y=np.zeros(10))
LARGE = Data(x=np.zeros((SMALL_BYTES // 8, 1)), y=np.zeros(SMALL_BYTES // 8))
TEXTS = Data(x=np.array([[1], [2, 3]], dtype=object), y=np.zeros(2))


@pytest.fixture
def threads(monkeypatch):
    """The numbers of threads that TensorFlow was told."""
    told = []
    monkeypatch.setattr(tf.config.threading, "set_intra_op_parallelism_threads", told.append)
    monkeypatch.delenv("TF_NUM_INTRAOP_THREADS", raising=False)
    monkeypatch.delenv(THREADS, raising=False)
    return told


def test_small_data_gets_a_single_thread(threads, monkeypatch):
    monkeypatch.setenv(THREADS, "2")

    use_few_for(SMALL)

    assert threads == [1]


@pytest.mark.parametrize("data", [LARGE, TEXTS], ids=["large", "texts"])
def test_other_data_gets_the_threads_of_its_worker(threads, monkeypatch, data):
    use_few_for(data)
    assert threads == []

    monkeypatch.setenv(THREADS, "2")
    use_few_for(data)
    assert threads == [2]


def test_a_number_that_the_user_gave_tensorflow_stays(threads, monkeypatch):
    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", "4")

    use_few_for(SMALL)

    assert threads == []


def test_threads_that_are_not_a_number_are_refused(threads, monkeypatch):
    monkeypatch.setenv(THREADS, "many")

    with pytest.raises(UsageError, match="HPO_THREADS=many"):
        use_few_for(LARGE)
    assert threads == []
