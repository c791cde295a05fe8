import dataclasses

import numpy as np
import pytest
from study.demo_study import SETTINGS

from hpo.data.digests import fingerprint
from hpo.errors import HPOError, UsageError
from hpo.plugins import IN_CODE
from hpo.study.opening import load_data_of, of_study, task_of_study
from hpo.task import Data
from tasks import bare_task, linear_data, linear_task


@pytest.mark.parametrize(
    ("task", "message"),
    [(IN_CODE, "Give it again"), ("plugins/mine.py:task", "--task plugins/mine.py:task")],
)
def test_a_task_that_a_study_cannot_find_by_itself_has_to_be_given(task, message):
    with pytest.raises(UsageError, match=message):
        task_of_study("demo", dataclasses.replace(SETTINGS, task=task))


def test_a_task_of_another_name_is_refused():
    with pytest.raises(UsageError, match=r"is of the task 'demo'\. Received: 'other'"):
        task_of_study("demo", SETTINGS, bare_task(name="other"))


def test_the_task_that_is_given_is_taken():
    task = bare_task()

    assert task_of_study("demo", SETTINGS, task) is task


def test_an_installed_task_is_found_by_its_name():
    settings = dataclasses.replace(SETTINGS, task="boston", task_name="boston")

    assert task_of_study("demo", settings).name == "boston"


def test_a_study_searches_on_its_part_of_the_data_and_keeps_the_test_set():
    whole = linear_data()

    part = of_study(whole, dataclasses.replace(SETTINGS, train_size=10), linear_task())

    assert (part.n_samples, len(part.x_test)) == (10, 10)
    assert of_study(whole, SETTINGS, linear_task()).n_samples == whole.n_samples


def test_copies_are_grouped_where_the_study_says_so():
    x = np.repeat(np.arange(12.0), 2).reshape(24, 1)
    settings = dataclasses.replace(SETTINGS, group_duplicates=True)

    data = of_study(Data(x=x, y=x[:, 0]), settings, linear_task())

    assert [len(set(data.groups[2 * n : 2 * n + 2])) for n in range(12)] == [1] * 12
    assert len(set(data.groups)) == 12


def test_the_data_of_a_study_is_loaded_and_compared(study):
    data = linear_data()
    study.facts = {"data": {"fingerprint": fingerprint((data.x, data.y))}}

    assert load_data_of(study, linear_task(), None).n_samples == data.n_samples

    other = linear_task(load=lambda _data_dir: Data(x=data.x + 1, y=data.y))
    with pytest.raises(HPOError, match=r"other data.*--data-dir"):
        load_data_of(study, other, None)
