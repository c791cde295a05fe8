"""Consulting the test set: once per ensemble, and recorded in the study."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpo.data.targets import QUANTITY
from hpo.scoring.metrics import (
    accuracy,
    binary_accuracy,
    binary_cross_entropy,
    companions,
    finite_or_none,
    on_output,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from hpo.data.targets import Target
    from hpo.ensembles.ensemble import Ensemble
    from hpo.ensembles.members import Member
    from hpo.scoring.metrics import Metric
    from hpo.scoring.scorer import Scorer


@dataclass(frozen=True)
class TestScores:
    """Scores on the test set; None for a score that is not a number.

    Attributes:
        test: The scores of the ensemble by metric; empty without a test set.
        test_best_single: The scores of the best single trial by metric.
        test_consulted: How often the study has consulted the test set, this time included.
    """

    test: dict[str, float | None]
    test_best_single: dict[str, float | None]
    test_consulted: int


def consult_test(
    ensemble: Ensemble,
    best_single: Member,
    objective: Scorer,
    command: str,
    on_member: Callable[[int, int], None],
) -> TestScores:
    """Evaluate the ensemble and the best single trial on the test set, and record that.

    Args:
        ensemble: The ensemble; its data has the test set.
        best_single: The best single trial.
        objective: The objective on whole arrays.
        command: The command that makes the ensemble again.
        on_member: Called with how many of how many members have predicted.
    """
    data = ensemble.data
    study = ensemble.study
    if data.x_test is None:
        return TestScores({}, {}, len(study.test_consultations))
    members = sorted({*ensemble.weights, best_single})
    predictions = ensemble.loaded.predict(members, data.x_test, on_member)
    metrics = _test_metrics(ensemble, objective, predictions[best_single])
    targets = data.y_test if isinstance(data.y_test, Mapping) else {"": data.y_test}

    def scores(blended: Mapping[str, np.ndarray]) -> dict[str, float | None]:
        return {name: finite_or_none(metric(targets, blended)) for name, metric in metrics.items()}

    test = scores(ensemble.combiner.combine(predictions))
    test_best_single = scores(predictions[best_single])
    study.record_consultation(command, test)
    return TestScores(test, test_best_single, len(study.test_consultations))


def _test_metrics(
    ensemble: Ensemble, objective: Scorer, predictions: Mapping[str, np.ndarray]
) -> dict[str, Scorer]:
    """The objective, and the usual metrics of every output."""
    metrics = {ensemble.task.metric_name: objective}
    targets = ensemble.targets_of(predictions)
    for output, predicted in predictions.items():
        target = targets.get(output, QUANTITY)
        if output and target.kind == "quantity" and len(predicted) != predicted.size:
            continue  # one of several outputs that is neither a class nor a quantity
        for name, metric in _companions(target).items():
            metrics.setdefault(f"{output}_{name}" if output else name, on_output(metric, output))
    return metrics


def _companions(target: Target) -> dict[str, Metric]:
    if target.kind == "labels":
        return {"binary_accuracy": binary_accuracy, "binary_crossentropy": binary_cross_entropy}
    if target.is_exclusive and not target.are_probabilities:
        # Scores on an unknown scale tell the best of several classes, but no probability.
        return {"accuracy": accuracy} if target.kind == "one class" else {}
    return companions(classification=target.is_exclusive)
