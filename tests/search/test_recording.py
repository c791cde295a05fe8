import numpy as np
import pytest
from study.demo_study import SETTINGS, ask

from hpo.data.digests import fingerprint
from hpo.data.splits import split
from hpo.errors import HPOError
from hpo.options import Options
from hpo.scoring.compiled import Compiled, Term
from hpo.search.host import StudyHost
from hpo.search.recording import record_baseline, record_facts
from hpo.study.folder import create_study
from hpo.study.opening import DataSource, StudyData
from hpo.task import Data, Reference
from hpo.training.evaluation import Evaluation, TrialArrays
from tasks import bare_task, linear_data, linear_task


@pytest.fixture
def study(tmp_path):
    """A study of which nothing is recorded."""
    made = create_study(tmp_path, "demo", SETTINGS)
    made.options = Options()
    return made


def recorded(study, searched, task=None, whole=None):
    """The facts of a study after a worker recorded this data."""
    whole = whole or searched
    data = StudyData(
        task or linear_task(),
        whole,
        searched,
        fingerprint((whole.x, whole.y)),
        DataSource("", "", 0.0),
    )
    record_facts(StudyHost(study), data, split("kfold:2", searched))
    return study.facts


def evaluated(logged, computed, penalties=()):
    """An evaluation of the linear task, whose objective is a mean absolute error."""
    compiled = Compiled(
        objective=(Term("metric", "MeanAbsoluteError"),),
        shapes={"": (1,)},
        computed=computed,
        penalties=penalties,
    )
    arrays = TrialArrays({"loss": np.ones((1, 2))}, np.arange(30), {"": np.ones(30)}, np.zeros(30))
    return Evaluation(np.mean(logged), logged, [1], 4, "fused", "", arrays, compiled=compiled)


def test_the_baseline_is_recorded_when_a_trial_shows_what_the_objective_is(study):
    data = linear_data()
    cuts = split("kfold:2", data)
    recorded(study, data)

    record_baseline(StudyHost(study), linear_task(), data, cuts, evaluated([0.5, 0.7], (0.5, 0.7)))

    expected = [np.abs(data.y[c.validation] - np.median(data.y[c.train])).mean() for c in cuts]
    assert study.facts.baseline == pytest.approx(np.mean(expected), rel=1e-6)
    assert study.facts.baseline_reason == ""


def test_there_is_no_baseline_but_a_reason_where_keras_logged_something_else(study):
    data = linear_data()
    recorded(study, data)

    record_baseline(
        StudyHost(study),
        linear_task(),
        data,
        split("kfold:2", data),
        evaluated([500, 700], (0.5, 0.7)),
    )

    assert study.facts.baseline is None
    assert "Keras logged 600" in study.facts.baseline_reason
    assert "hpo computes 0.6 " in study.facts.baseline_reason


def test_penalties_are_no_disagreement(study):
    data = linear_data()
    recorded(study, data)

    record_baseline(
        StudyHost(study),
        linear_task(),
        data,
        split("kfold:2", data),
        evaluated([1.5, 1.7], (0.5, 0.7), (1, 1)),
    )

    assert study.facts.baseline > 0


def test_a_study_records_its_data_and_no_baseline_before_a_trial(study):
    facts = recorded(study, linear_data(feature_names=["a", "b", "c"]))

    assert facts.data.n_samples == facts.data.n_samples_whole == 30
    assert facts.data.shapes == {"": [30, 3]}
    assert facts.data.feature_names == ["a", "b", "c"]
    assert facts.data.class_names is None
    assert facts.data.duplicates.within_train == 0
    assert facts.baseline is None
    assert facts.reference is None


def test_the_targets_are_kept_by_output(study):
    price, kind = np.linspace(0, 1, 12), np.arange(12) % 2
    data = Data(x=np.zeros((12, 1)), y={"price": price, "kind": kind})

    recorded(study, data, bare_task("val_price_mae"))

    assert {name: list(y) for name, y in study.files.targets.items()} == {
        "price": list(price),
        "kind": list(kind),
    }


def test_a_reference_is_recorded_with_its_source(study):
    reference = Reference(0.5, "a textbook")

    assert recorded(study, linear_data(), linear_task(reference=reference)).reference == reference


def test_a_study_on_a_part_continues_with_any_part_of_the_same_data(study):
    whole = linear_data()

    facts = recorded(study, Data(x=whole.x[:20], y=whole.y[:20]), whole=whole)
    ask(study)

    assert (facts.data.n_samples, facts.data.n_samples_whole) == (20, 30)
    assert recorded(study, Data(x=whole.x[5:], y=whole.y[5:]), whole=whole) == facts


def test_a_study_that_has_begun_refuses_other_data(study):
    data = linear_data()
    recorded(study, data)
    ask(study)

    with pytest.raises(HPOError, match=r"other data.*--study NAME"):
        recorded(study, Data(x=data.x + 1, y=data.y))


def test_a_study_without_a_trial_takes_other_data(study):
    data = linear_data()
    before = recorded(study, data).data.fingerprint

    assert recorded(study, Data(x=data.x + 1, y=data.y)).data.fingerprint != before
