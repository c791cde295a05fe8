import dataclasses

import fixture_studies as studies
import pytest

from hpo.reporting.figures.importance import drawing
from hpo.reporting.reading.snapshot import take


@pytest.fixture
def snapshot(tmp_path):
    return take(studies.regression_study(tmp_path))


def drawn(snapshot, **importances):
    return drawing(dataclasses.replace(snapshot, importances=importances))


def test_every_importance_is_a_bar_with_its_share(snapshot):
    found = drawn(snapshot, learning_rate=0.7, layers=0.295, optimizer=0.005)

    (bars,) = found.plot.data
    assert list(bars.y) == ["learning_rate", "layers", "optimizer"]
    assert list(bars.x) == [0.7, 0.295, 0.005]
    assert [text.replace(" %", "%") for text in bars.text] == ["70%", "30%", "under 1%"]
    assert "learning_rate" in found.title
    assert "learning_rate" in found.alt


def test_a_hyperparameter_that_applies_in_some_trials_only_is_marked(snapshot):
    found = drawn(snapshot, learning_rate=0.7, momentum=0.3)

    assert list(found.plot.data[0].y) == ["learning_rate", "momentum *"]
    assert "*" in found.note
    assert "*" not in drawn(snapshot, learning_rate=1.0).note


def test_names_become_no_markup(snapshot):
    found = drawn(dataclasses.replace(snapshot, space=None), **{"<b>": 1.0})

    assert list(found.plot.data[0].y) == ["&lt;b&gt;"]
