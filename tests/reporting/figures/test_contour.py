from __future__ import annotations

import fixture_studies as studies
import numpy as np
from reporting.random_studies import by_dropping_rate, study_of

from hpo.reporting.figures.axes import searched
from hpo.reporting.figures.contour import contour
from hpo.reporting.reading.snapshot import take


def test_the_contour_shows_the_two_most_important_that_apply_together(tmp_path):
    snapshot = take(study_of(tmp_path, lambda p: by_dropping_rate(p) + p["layers"]))
    drawing = contour(snapshot, searched(snapshot))
    assert "learning_rate" in drawing.title
    assert "layers" in drawing.title
    assert "nearby trials are left empty" in drawing.note


def test_the_surface_is_best_where_trials_were_and_empty_where_none_was(tmp_path):
    space = "".join(
        f'[{name}]\ntype = "float"\nlow = 0.0\nhigh = 1.0\ndefault = 0.5\n' for name in "ab"
    )
    study = studies.new_study(tmp_path, space=space)
    for number in range(40):
        place = number / 39 * 0.5  # all trials on the lower half of the diagonal
        study.queue.enqueue({"a": place, "b": place})
        trial = study._record.ask()
        study.space.suggest(trial)
        study._record.tell(trial, 1 + abs(place - 0.1))
    snapshot = take(study)
    z = np.asarray(contour(snapshot, searched(snapshot)).plot.data[0].z)
    assert np.isnan(z[-1]).all()
    best = np.unravel_index(np.nanargmin(z), z.shape)
    assert max(best) <= 12


def test_no_contour_without_two_hyperparameters_that_matter(tmp_path):
    assert contour(take(studies.new_study(tmp_path)), ()) is None
