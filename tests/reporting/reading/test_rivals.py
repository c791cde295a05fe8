import dataclasses
import os

import fixture_studies as studies

from hpo.reporting.reading.rivals import MAX_RIVALS, Rival, as_rival, rivals


def study_of(runs, name, *scores, **settings):
    study = studies.new_study(runs, name, **{"task_name": "boston", **settings})
    for score in scores:
        found = dataclasses.replace(studies.evaluation(1.0), score=score)
        studies.add_complete(study, found)
    return study


def test_studies_that_are_scored_alike_are_compared_by_name(tmp_path):
    study = study_of(tmp_path, "mine", 1.0)
    study_of(tmp_path, "b", 2.0, 3.0)
    study_of(tmp_path, "a", 4.0)

    assert [(rival.name, rival.scores) for rival in rivals(study, {})] == [
        ("a", (4.0,)),
        ("b", (2.0, 3.0)),
    ]


def test_studies_of_another_task_or_objective_are_left_out(tmp_path):
    study = study_of(tmp_path, "mine", 1.0)
    study_of(tmp_path, "task", 2.0, task_name="another task")
    study_of(tmp_path, "objective", 2.0, objective="val_rmse")
    study_of(tmp_path, "direction", 2.0, direction="maximize")
    study_of(tmp_path, "empty")

    assert rivals(study, {}) == ()


def test_a_study_that_cannot_be_read_is_left_out(tmp_path):
    study = study_of(tmp_path, "mine", 1.0)
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "journal.log").write_text(f'"{study.settings.task_name}" and nonsense')

    assert rivals(study, {}) == ()


def test_of_very_many_studies_those_last_changed_are_compared(tmp_path):
    study = study_of(tmp_path, "mine", 1.0)
    for number in range(MAX_RIVALS + 2):
        other = study_of(tmp_path, f"s{number:02}", 2.0)
        os.utime(other.directory / "journal.log", (number, number))

    assert [rival.name for rival in rivals(study, {})] == [
        f"s{n:02}" for n in range(2, MAX_RIVALS + 2)
    ]


def test_scores_that_are_not_finite_are_left_out(tmp_path):
    study = study_of(tmp_path, "mine", 1.0, float("inf"), 2.0)

    assert as_rival(study, study) == Rival(
        "mine", study.options.sampler, study.settings.evaluation, (1.0, 2.0)
    )
