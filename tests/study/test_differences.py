import dataclasses

import pytest
from study.demo_study import SETTINGS

from hpo.study.differences import differences


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"cv": "kfold:9"}, ["cv is kfold:9, not kfold:2"]),
        ({"task_name": "other"}, ["task name is other, not demo"]),
        ({"train_size": 0.5}, ["train size is 0.5, not all"]),
        ({"group_duplicates": True}, ["--group-duplicates is on, not off"]),
        ({"precision": "float16"}, ["precision is float16, not the default"]),
    ],
)
def test_a_setting_that_differs_is_named_with_both_values(changes, expected):
    assert differences(dataclasses.replace(SETTINGS, **changes), SETTINGS) == expected


def test_only_the_fields_that_are_asked_for_are_compared():
    other = dataclasses.replace(SETTINGS, cv="kfold:9", space="")

    assert differences(other, SETTINGS, ("space",)) == [
        "space: [units] is missing, [rate] is missing"
    ]
