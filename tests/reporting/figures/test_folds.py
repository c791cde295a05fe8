import dataclasses

import fixture_studies as studies

from hpo.reporting.figures.folds import MAX_TRIALS, folds
from hpo.reporting.reading.snapshot import take


def study_of(tmp_path, *fold_scores):
    study = studies.new_study(tmp_path)
    for scores in fold_scores:
        found = studies.evaluation(sum(scores) / len(scores), folds=len(scores))
        studies.add_complete(study, dataclasses.replace(found, fold_scores=list(scores)))
    return study


def test_every_fold_has_a_point_for_every_trial_and_every_trial_a_mean(tmp_path):
    section = folds(take(study_of(tmp_path, [3.0, 5.0], [1.0, 2.0])))

    (drawing,) = section.drawings
    first, second, mean = drawing.plot.data
    assert [trace.name for trace in (first, second, mean)] == ["fold 1", "fold 2", "mean"]
    assert list(first.x) == ["1", "0"]  # the best trial first
    assert [list(trace.y) for trace in (first, second, mean)] == [
        [1.0, 3.0],
        [2.0, 5.0],
        [1.5, 4.0],
    ]
    assert "1.000 to 5.000" in drawing.alt


def test_only_the_best_trials_are_drawn(tmp_path):
    scores = [[float(number), number + 1.0] for number in range(1, MAX_TRIALS + 3)]

    (drawing,) = folds(take(study_of(tmp_path, *scores))).drawings

    assert len(drawing.plot.data[0].x) == MAX_TRIALS


def test_there_is_no_section_before_a_trial_is_complete(tmp_path):
    assert folds(take(studies.new_study(tmp_path))) is None
