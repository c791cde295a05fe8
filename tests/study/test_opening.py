import dataclasses
import random

import numpy as np
import pytest
from study.demo_study import SETTINGS, ask

import hpo
from hpo.data.digests import fingerprint
from hpo.data.splits import split
from hpo.errors import HPOError, UsageError
from hpo.options import Options
from hpo.plugins import IN_CODE
from hpo.search.host import StudyHost
from hpo.search.recording import record_facts
from hpo.study.facts import DataFacts, Facts
from hpo.study.opening import check_repeatable, open_data, searched_part, task_of_study
from hpo.support.locks import FileLock
from hpo.task import Data
from tasks import bare_task, linear_data, linear_task


@pytest.mark.parametrize(
    ("task", "message"),
    [(IN_CODE, "Pass it again"), ("plugins/mine.py:task", "--task plugins/mine.py:task")],
)
def test_a_task_that_a_study_cannot_find_by_itself_has_to_be_given(task, message):
    with pytest.raises(UsageError, match=message):
        task_of_study("demo", dataclasses.replace(SETTINGS, task=task))


def test_a_task_of_another_name_is_refused():
    with pytest.raises(UsageError, match=r"was searched with the task 'demo'\. Received: 'other'"):
        task_of_study("demo", SETTINGS, bare_task(name="other"))


def test_the_task_that_is_given_is_taken():
    task = bare_task()

    assert task_of_study("demo", SETTINGS, task) is task


def test_an_installed_task_is_found_by_its_name():
    settings = dataclasses.replace(SETTINGS, task="boston", task_name="boston")

    assert task_of_study("demo", settings).name == "boston"


def test_a_study_searches_on_its_part_of_the_data_and_keeps_the_test_set():
    whole = linear_data()

    part = searched_part(whole, dataclasses.replace(SETTINGS, train_size=10), linear_task())

    assert (part.n_samples, len(part.x_test)) == (10, 10)
    assert searched_part(whole, SETTINGS, linear_task()).n_samples == whole.n_samples


def test_copies_are_grouped_where_the_study_says_so():
    x = np.repeat(np.arange(12.0), 2).reshape(24, 1)
    settings = dataclasses.replace(SETTINGS, group_duplicates=True)

    data = searched_part(Data(x=x, y=x[:, 0]), settings, linear_task())

    assert [len(set(data.groups[2 * n : 2 * n + 2])) for n in range(12)] == [1] * 12
    assert len(set(data.groups)) == 12


@pytest.fixture
def task(study):
    """The task of the study, which has begun with its data."""
    data = linear_data()
    study.options = Options()
    study.facts = Facts(data=DataFacts(fingerprint=fingerprint((data.x, data.y))))
    ask(study)
    return linear_task(name="demo")


def test_the_data_of_a_study_is_loaded_whole_and_as_it_is_searched(study, task):
    data = open_data(study, task)

    assert data.task is task
    assert data.whole.n_samples == data.searched.n_samples == linear_data().n_samples
    assert data.whole.x_test is not None
    assert data.without_test().whole.x_test is None
    assert data.without_test().searched.x_test is None


def test_data_other_than_that_of_the_study_is_refused(study, task):
    whole = linear_data()
    other = dataclasses.replace(task, load=lambda _data_dir: Data(x=whole.x + 1, y=whole.y))

    with pytest.raises(HPOError, match=r"other data.*--data-dir"):
        open_data(study, other)


def random_load(_data_dir):
    rows = np.random.permutation(30)  # noqa: NPY002
    whole = linear_data()
    return Data(x=whole.x[rows], y=whole.y[rows])


def generator_load(_data_dir):
    whole = linear_data()
    return Data(x=whole.x, y=whole.y, groups=np.random.default_rng().integers(9, size=30))


def shuffled_load(_data_dir):
    rows = random.sample(range(30), 30)
    whole = linear_data()
    return Data(x={"a": whole.x[rows]}, y=whole.y[rows])


@pytest.mark.parametrize("load", [random_load, generator_load, shuffled_load])
def test_a_load_without_seeds_is_refused_before_the_first_trial(tmp_path, load):
    with pytest.raises(HPOError, match=r"'linear': `load` must give the same data.*seed") as caught:
        hpo.run(linear_task(load=load), trials=1, runs=tmp_path)

    assert "--data-dir" not in str(caught.value)
    assert not hpo.load_study("linear", tmp_path).has_begun


def test_a_load_with_seeds_may_use_global_generators_and_leaves_them_as_they_were(study):
    def load(_data_dir):
        np.random.seed(3)  # noqa: NPY002
        return random_load(None)

    study.options = Options()
    data = open_data(study, linear_task(name="demo", load=load))
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    check_repeatable(data)

    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


PLUGIN = """\
import functools
import numpy as np
from hpo import Data, Float, Space, Task

{seed}
ROWS = np.random.permutation(30)

@functools.cache
def load(data_dir):
    x = np.arange(30.0)[:, None]
    return Data(x=x[ROWS], y=ROWS[:, None] * 1.0)

task = Task("mine", load, print, Space({{"rate": Float(0, 1)}}), "val_mae")
"""


@pytest.mark.parametrize("seed", ["", "np.random.seed(3)"])
def test_a_plugin_that_draws_when_it_is_imported_needs_a_seed_there(study, tmp_path, seed):
    file = tmp_path / "mine.py"
    file.write_text(PLUGIN.format(seed=seed))
    study.options = Options()
    study.settings = dataclasses.replace(SETTINGS, task=str(file), task_name="mine")
    data = open_data(study, str(file))

    if seed:
        check_repeatable(data)
    else:
        with pytest.raises(HPOError, match="must give the same data every time"):
            check_repeatable(data)


@pytest.mark.parametrize("limit", ["MAX_SECONDS_TO_LOAD_AGAIN", "MAX_BYTES_TO_LOAD_AGAIN"])
def test_data_that_takes_long_or_much_memory_is_loaded_once(study, monkeypatch, limit):
    study.options = Options()
    data = open_data(study, linear_task(name="demo", load=random_load))
    monkeypatch.setattr(f"hpo.study.opening.{limit}", 0)

    check_repeatable(data)


def test_a_load_that_works_only_once_is_enough(study):
    left = [linear_data()]
    study.options = Options()

    check_repeatable(open_data(study, linear_task(name="demo", load=lambda _data_dir: left.pop())))


def test_workers_whose_data_differs_are_told_why(study, monkeypatch):
    monkeypatch.delenv("HPO_DATA_DIR", raising=False)
    study.options = Options()
    rows = iter([np.arange(30), np.arange(30)[::-1]])
    whole = linear_data()

    def load(_data_dir):
        return by_process[0]

    def worker(name):
        held.append(FileLock(study.workers.lock_path(name)))
        held[-1].acquire()
        order = next(rows)
        by_process[:] = [Data(x=whole.x[order], y=whole.y[order])]
        data = open_data(study, linear_task(name="demo", load=load))
        record_facts(StudyHost(study), data, split("kfold:2", data.searched))

    by_process, held = [], []
    worker("one")
    with pytest.raises(
        HPOError, match="does not give the same data every time: give its"
    ) as caught:
        worker("two")

    assert "--data-dir" not in str(caught.value)
    for lock in held:
        lock.release()
