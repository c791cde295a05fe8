from __future__ import annotations

import numpy as np
from reporting.random_studies import by_dropping_rate, study_of

from hpo.reporting.figures.axes import searched
from hpo.reporting.figures.parallel import parallel
from hpo.reporting.reading.snapshot import take


def test_a_trial_without_a_hyperparameter_runs_below_its_axis(tmp_path):
    snapshot = take(study_of(tmp_path, by_dropping_rate))
    drawing = parallel(snapshot, searched(snapshot))
    lines = np.concatenate([np.asarray(trace.y) for trace in drawing.plot.data])
    absent = sum("momentum" not in trial.params for trial in snapshot.ranking)
    assert (lines < -0.1).sum() == absent
    assert "runs below" in drawing.note
    assert [trace.name for trace in drawing.plot.data][-1] == "best 6 trials"
