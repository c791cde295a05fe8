from __future__ import annotations

import fixture_studies as studies
import pytest
from reporting.random_studies import by_dropping_rate, study_of

from hpo.reporting.reading.snapshot import take
from hpo.reporting.sections.parameters import parameters


def test_the_hyperparameter_that_decides_is_the_most_important(tmp_path):
    found = take(study_of(tmp_path, by_dropping_rate)).importances
    assert next(iter(found)) == "learning_rate"
    assert found["learning_rate"] > 0.5
    assert sum(found.values()) == pytest.approx(1)


def test_a_conditional_hyperparameter_has_an_importance_and_a_mark(tmp_path):
    study = study_of(tmp_path, lambda p: 2 + abs(p.get("momentum", 2) - 0.9))
    snapshot = take(study)
    assert snapshot.importances["momentum"] > 0.2
    bars = next(d for d in parameters(snapshot).drawings if d.name == "parameters-importance")
    assert "momentum *" in bars.plot.data[0].y
    assert "applies in some trials only" in bars.note


def test_few_trials_have_no_importances_and_the_section_says_so(tmp_path):
    section = parameters(take(study_of(tmp_path, by_dropping_rate, trials=5)))
    assert "parameters-importance" not in [drawing.name for drawing in section.drawings]
    assert "With fewer than 12 complete trials, importances cannot be estimated" in section.lead


def test_a_hyperparameter_that_hardly_ever_applied_has_no_importance(tmp_path):
    study = studies.new_study(tmp_path)
    for number in range(20):
        optimizer = {"optimizer": "sgd", "momentum": 0.9} if number < 3 else {"optimizer": "adam"}
        study.queue.enqueue({"layers": 1 + number % 5, **optimizer})
        trial = study._record.ask()
        study.space.suggest(trial)
        study._record.tell(trial, 0.5 if number < 3 else 1 + number % 5)
    snapshot = take(study)
    assert "momentum" not in snapshot.importances
    bars = next(d for d in parameters(snapshot).drawings if d.name == "parameters-importance")
    assert "Hyperparameters that applied in fewer than 8 trials are left out." in bars.note
