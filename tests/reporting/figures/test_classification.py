from __future__ import annotations

import fixture_studies as studies
import numpy as np
from reporting.documents import read

from hpo.study.facts import DataFacts, Facts


def test_a_classification_gets_a_confusion_matrix_instead(tmp_path):
    document = read(studies.classification_study(tmp_path))
    figure = document.figures["predictions-0-0-confusion"]["data"][0]
    assert np.sum(figure["hovertext"]) == 300
    assert figure["x"] == [f"topic {n}" for n in range(5)]
    assert "predictions are correct" in document.text
    assert "higher than the common-sense baseline" in document.text


def test_classes_of_one_name_stay_apart(tmp_path):
    study = studies.classification_study(tmp_path, classes=3)
    study.facts = Facts(data=DataFacts(class_names=["a", "a", "b"]))
    assert read(study).figures["predictions-0-0-confusion"]["data"][0]["x"] == ["a", "a (2)", "b"]


def test_of_very_many_classes_the_most_frequent_are_shown(tmp_path):
    document = read(studies.classification_study(tmp_path, classes=80))
    assert "50 most frequent of 80 classes" in document.text
