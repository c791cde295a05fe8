import dataclasses

import numpy as np
import pytest
from study.demo_study import SETTINGS, ask

from hpo.data.digests import fingerprint
from hpo.errors import HPOError, UsageError
from hpo.options import Options
from hpo.plugins import IN_CODE
from hpo.study.facts import DataFacts, Facts
from hpo.study.opening import open_data, searched_part, task_of_study
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
