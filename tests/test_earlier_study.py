"""A study that version 0.1.0 made is continued, combined, shown, used and exported.

``tests/studies/tiny-0.1.0`` is what ``hpo run tiny_task:task --trials 6 --seed 0 --keep 3``,
``hpo confirm tiny --top 2 --repeats 2`` and ``hpo ensemble tiny`` left; what is expected of it here
is what the same version made of a copy.
"""

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import hpo

TESTS = Path(__file__).parent
TASK = "tiny_task:task"
X = np.linspace(-1.0, 1.0, 12).reshape(4, 3)
PREDICTIONS = [
    0.22517307102680206,
    0.009340563789010048,
    -0.20649176836013794,
    -0.42232418060302734,
]
CONTINUED = [
    ({"units": 1, "learning_rate": 0.09206617049191385}, 1.6092275381088257),
    ({"units": 3, "learning_rate": 0.009203868850859892}, 1.203780174255371),
    ({"units": 2, "learning_rate": 0.0045202975598144495}, 1.6971769332885742),
]


@pytest.fixture
def runs(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(TESTS / "plugins")
    shutil.copytree(TESTS / "studies" / "tiny-0.1.0", tmp_path / "tiny")
    return tmp_path


def test_its_search_continues_as_it_would_have(runs):
    study = hpo.run(TASK, trials=9, seed=0, keep=3, runs=runs, executor="inline")

    later = [(trial.params, pytest.approx(trial.score, rel=1e-5)) for trial in study.trials[6:]]
    assert later == CONTINUED


def test_its_confirmation_still_stands(runs):
    study = hpo.load_study("tiny", runs)

    assert study.best.number == study.chosen.number == 3
    assert study.best.score == 0.40469713509082794
    assert study.chosen.score == 0.5552812647074461


def test_its_ensemble_predicts_what_it_predicted(runs):
    ensemble = hpo.load_ensemble("tiny", runs=runs)

    np.testing.assert_allclose(np.ravel(ensemble.predict(X)), PREDICTIONS, atol=1e-5)


def test_an_ensemble_of_it_comes_out_the_same(runs):
    before = json.loads((runs / "tiny" / "ensemble" / "ensemble.json").read_text())

    after = hpo.ensemble("tiny", runs=runs).result

    # Processors differ in the last digits.
    assert [approximately(member) for member in after["members"]] == before["members"]
    assert after["oof"] == pytest.approx(before["oof"], rel=1e-6)
    assert after["test"] == pytest.approx(before["test"], rel=1e-5)
    assert after["test_consulted"] == 2


def test_its_report_shows_every_trial_and_its_ensemble(runs):
    page = Path(hpo.report("tiny", runs=runs)).read_text()

    assert "0.5553" in page
    assert "0.3240" in page


def test_its_ensemble_can_be_exported(runs, tmp_path):
    from hpo.exporting import export

    exported = export(hpo.load_ensemble("tiny", runs=runs), tmp_path / "exported")

    assert exported.models == 12


def test_trials_that_were_split_differently_are_not_ranked_with_new_ones(runs):
    study = hpo.load_study("tiny", runs)
    number = study.best.number
    arrays = study.files.arrays(number)
    other = dataclasses.replace(arrays, fold=np.roll(arrays.fold, 1))
    study.files.write_arrays(number, other)

    with pytest.raises(hpo.HPOError, match=r"split differently than for trial 3.*--study NAME"):
        hpo.run(TASK, trials=9, seed=0, runs=runs, executor="inline")

    assert len(hpo.load_study("tiny", runs).trials) == 6


def approximately(values):
    return {
        name: pytest.approx(value, rel=1e-6) if isinstance(value, float) else value
        for name, value in values.items()
    }
