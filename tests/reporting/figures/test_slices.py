from __future__ import annotations

import fixture_studies as studies
import numpy as np
from reporting.random_studies import by_dropping_rate, study_of

from hpo.reporting.figures.axes import searched
from hpo.reporting.figures.slices import MAX_POINTS, slices
from hpo.reporting.reading.snapshot import take


def test_slices_show_the_whole_range_that_was_searched(tmp_path):
    snapshot = take(study_of(tmp_path, by_dropping_rate, trials=4))
    drawings = {drawing.title: drawing.plot for drawing in slices(snapshot, searched(snapshot))}
    low, high = drawings["learning_rate"].layout.xaxis.range
    assert low < -5 < -2 < high


def test_constants_are_not_drawn(tmp_path):
    space = studies.SPACE + '\n[fixed]\ntype = "categorical"\nchoices = ["a"]\ndefault = "a"\n'
    snapshot = take(study_of(tmp_path, by_dropping_rate, space=space))
    assert [axis.name for axis in searched(snapshot)] == [
        "learning_rate",
        "layers",
        "optimizer",
        "momentum",
    ]


def test_every_hyperparameter_has_a_slice_the_most_important_first(tmp_path):
    snapshot = take(study_of(tmp_path, by_dropping_rate))
    drawings = slices(snapshot, searched(snapshot))
    assert drawings[0].title == "learning_rate"
    assert {drawing.title for drawing in drawings} == set(snapshot.space.names)
    momentum = next(drawing for drawing in drawings if drawing.title == "momentum")
    having = sum("momentum" in trial.params for trial in snapshot.trials)
    assert len(momentum.plot.data[0].x) == having
    assert f"Applies in {having} trials." in momentum.note


def test_choices_and_few_whole_numbers_stand_in_columns(tmp_path):
    snapshot = take(study_of(tmp_path, by_dropping_rate))
    drawings = {drawing.title: drawing.plot for drawing in slices(snapshot, searched(snapshot))}
    assert drawings["optimizer"].layout.xaxis.ticktext == ("adam", "rmsprop", "sgd")
    assert drawings["layers"].layout.xaxis.ticktext == ("1", "2", "3", "4", "5")
    columns = np.round(drawings["layers"].data[0].x).tolist()
    in_order = [trial.params["layers"] - 1 for trial in snapshot.ranking[::-1]]
    assert columns == in_order
    assert drawings["learning_rate"].layout.xaxis.type == "log"


def test_slices_of_very_many_trials_keep_the_best(tmp_path):
    snapshot = take(studies.large_study(tmp_path, trials=MAX_POINTS + 50))
    drawing = slices(snapshot, searched(snapshot))[0]
    drawn = set(drawing.plot.data[0].customdata)
    assert len(drawn) == MAX_POINTS
    assert {trial.number for trial in snapshot.ranking[: MAX_POINTS // 2]} <= drawn
    assert f"{MAX_POINTS} of {MAX_POINTS + 50} trials drawn" in drawing.note
