from __future__ import annotations

import dataclasses

import fixture_studies as studies
import numpy as np
from reporting.documents import read


def test_trial_and_ensemble_are_drawn_against_the_truth(page):
    names = [name for name in page.figures if name.startswith("predictions-")]
    assert names == [
        f"predictions-{n}-0-{kind}" for n in (0, 1) for kind in ("values", "residuals")
    ]
    assert "Mean absolute error" in page.text


def test_several_outputs_are_drawn_one_by_one(tmp_path):
    study = studies.new_study(tmp_path)
    study.files.write_targets({"price": np.linspace(0, 1, 20), "kind": np.arange(20) % 3})
    found = studies.evaluation(2.5, targets=np.linspace(0, 1, 20))
    outputs = {
        name: studies.predictions(target, 0.1) for name, target in study.files.targets.items()
    } | {"unknown": np.zeros(20)}
    arrays = dataclasses.replace(found.arrays, predictions=outputs)
    studies.add_complete(study, dataclasses.replace(found, arrays=arrays))
    names = [name for name in read(study).figures if name.startswith("predictions")]
    assert names == [
        "predictions-0-0-values",
        "predictions-0-0-residuals",
        "predictions-0-1-confusion",
        "predictions-0-1-reliability",
        "predictions-0-1-confidence",
    ]
