from __future__ import annotations

import fixture_studies as studies
import numpy as np
from reporting.random_studies import by_dropping_rate, study_of

from hpo.reporting import write_report
from hpo.reporting.figures.others import others
from hpo.reporting.reading.snapshot import take


def test_studies_of_the_same_task_are_drawn_beside_each_other(tmp_path):
    study = study_of(tmp_path, by_dropping_rate, name="one", task_name="boston")
    study_of(tmp_path, by_dropping_rate, 8, name="two", task_name="boston")
    study_of(tmp_path, by_dropping_rate, 3, name="other task", task_name="reuters")
    study_of(tmp_path, by_dropping_rate, 3, name="rmse", task_name="boston", objective="val_rmse")
    studies.new_study(tmp_path, "empty", task_name="boston")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "journal.log").write_text('"boston" nonsense\n{}\n')
    section = others(take(study))
    assert section.lead.startswith("2 studies of the task boston")
    traces = section.drawings[0].plot.data
    assert [trace.name for trace in traces] == ["one (tpe), this study", "two (tpe)"]
    assert [len(trace.x) for trace in traces] == [60, 8]
    progress = section.drawings[1].plot.data[0].y
    assert (np.diff(progress) <= 0).all()


def test_a_study_alone_has_no_such_section(tmp_path):
    study = study_of(tmp_path, by_dropping_rate, 3)
    assert others(take(study)) is None
    assert "Compared with other studies" not in write_report(study).read_text(encoding="utf-8")
