from __future__ import annotations

from datetime import datetime, timedelta

import fixture_studies as studies
import optuna

from hpo.reporting.figures.timeline import timeline
from hpo.reporting.reading.snapshot import take
from hpo.study.keys import RESULT


def timed_study(tmp_path, spans):
    """A study whose trials ran from minute to minute with a worker: (worker, from, to)."""
    study = studies.new_study(tmp_path)
    noon = datetime(2026, 1, 31, 12)  # noqa: DTZ001  (Optuna's times have no zone)
    for worker, begin, end in spans:
        trial = optuna.trial.create_trial(
            value=1.0, user_attrs={"worker": worker, RESULT: {"fold_scores": []}}
        )
        trial.datetime_start = noon + timedelta(minutes=begin)
        trial.datetime_complete = noon + timedelta(minutes=end)
        study._record.add_trial(trial)
    return take(study)


def test_every_worker_has_a_row_and_a_successor_shares_it(tmp_path):
    spans = [("a", 0, 5), ("b", 0, 10), ("a", 5, 8), ("c", 9, 10)]
    drawing = timeline(timed_study(tmp_path, spans))
    assert list(drawing.plot.data[0].y) == [1, 2, 1, 1]
    assert "2 workers were busy 95.0% of the time" in drawing.note


def test_there_is_no_timeline_without_times(tmp_path):
    study = studies.new_study(tmp_path)
    studies.begin(study)
    assert timeline(take(study)) is None
