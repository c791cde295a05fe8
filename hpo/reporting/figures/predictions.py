"""Predictions against the truth, on samples that the predicting model had not seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpo.reporting.figures.classification import confusion, read_classes
from hpo.reporting.figures.regression import read_values, scatter
from hpo.reporting.section import Drawing, Section
from hpo.reporting.snapshot import OutOfFold

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from hpo.reporting.snapshot import Snapshot


def predictions(snapshot: Snapshot) -> Section | None:
    """The section with predicted against true; None where either is not known."""
    drawings = tuple(
        drawing
        for place, source in enumerate(_sources(snapshot))
        for drawing in _drawings(snapshot, source, f"predictions-{place}")
    )
    if not drawings:
        return None
    return Section(
        anchor="predictions",
        title="Predicted against true",
        lead="Out-of-fold predictions: every sample was predicted by a model that had not been "
        "trained on it. " + _how_to_read(drawings),
        template="figures",
        drawings=drawings,
    )


def _how_to_read(drawings: Sequence[Drawing]) -> str:
    sentences = []
    if any(drawing.name.endswith("residuals") for drawing in drawings):
        sentences.append(
            "Points on the dotted diagonal are predicted exactly; residuals that lean to one side "
            "of zero show where the model is wrong in a systematic way."
        )
    if any(drawing.name.endswith("confusion") for drawing in drawings):
        sentences.append(
            "Each row of a confusion matrix shows what the samples of one class were taken for; "
            "what lies on its diagonal is right."
        )
    return " ".join(sentences)


def _sources(snapshot: Snapshot) -> list[OutOfFold]:
    sources = []
    best = snapshot.best
    if best is not None and best.number in snapshot.arrays:
        arrays = snapshot.arrays[best.number]
        sources.append(OutOfFold(f"Trial {best.number}", arrays.index, arrays.predictions))
    if snapshot.ensemble_predictions is not None:
        sources.append(snapshot.ensemble_predictions)
    return sources


def _drawings(snapshot: Snapshot, source: OutOfFold, name: str) -> list[Drawing]:
    drawings = []
    for place, (output, predicted) in enumerate(source.predictions.items()):
        truth = _truth(snapshot, source, output)
        if truth is None or len(truth) != len(predicted):
            continue
        title = f"{source.source}, {output}" if output else source.source
        drawings += _draw(snapshot, truth, predicted, f"{name}-{place}", title)
    return drawings


def _truth(snapshot: Snapshot, source: OutOfFold, output: str) -> np.ndarray | None:
    targets, index = snapshot.targets.get(output), source.index
    if targets is None or not len(index) or index.min() < 0 or index.max() >= len(targets):
        return None
    found: np.ndarray = targets[index]
    return found


def _draw(
    snapshot: Snapshot, truth: np.ndarray, predicted: np.ndarray, name: str, title: str
) -> list[Drawing]:
    names = (snapshot.facts.get("data") or {}).get("class_names")
    classes = read_classes(truth, predicted, names)
    if classes is not None:
        return [confusion(classes, name, title)]
    values = read_values(truth, predicted)
    return [] if values is None else scatter(values, name, title)
