"""Out-of-fold predictions compared with the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpo.data.targets import metric_of
from hpo.reporting.figures.classification import confusion
from hpo.reporting.figures.regression import scatter
from hpo.reporting.figures.reliability import confidence, reliability
from hpo.reporting.figures.thresholds import threshold_figures
from hpo.reporting.html.section import Panel, Section
from hpo.reporting.reading.snapshot import OutOfFold
from hpo.reporting.sections.class_scores import class_scores, label_scores
from hpo.reporting.sections.mistakes import gallery
from hpo.scoring.outcomes import read_classes, read_labels, read_values

if TYPE_CHECKING:
    import numpy as np

    from hpo.reporting.html.section import Drawing
    from hpo.reporting.reading.snapshot import Snapshot


def predictions(snapshot: Snapshot) -> Section | None:
    """Make the section; None if predictions or targets are not known."""
    panels = tuple(
        panel
        for place, (key, source) in enumerate(_sources(snapshot).items())
        for panel in _panels(snapshot, key, source, f"predictions-{place}")
    )
    if not panels:
        return None
    drawings = tuple(drawing for panel in panels for drawing in panel.drawings)
    return Section(
        anchor="predictions",
        title="Predicted vs. true",
        lead="All predictions in this section are out-of-fold: each comes from a model that was "
        "not trained on that sample. " + _how_to_read(drawings),
        template="panels",
        content=panels,
        drawings=drawings,
    )


def _how_to_read(drawings: tuple[Drawing, ...]) -> str:
    sentences = []
    if any(drawing.name.endswith("residuals") for drawing in drawings):
        sentences.append(
            "Points on the dotted diagonal are predicted exactly. Residuals that are mostly above "
            "or mostly below zero show systematic errors."
        )
    if any(drawing.name.endswith("confusion") for drawing in drawings):
        sentences.append(
            "Each row of the confusion matrix shows how the samples of one class were predicted; "
            "correct predictions are on the diagonal."
        )
    return " ".join(sentences)


def _sources(snapshot: Snapshot) -> dict[int | str, OutOfFold]:
    """The predictions to show, by "ensemble" or the number of the best trial."""
    sources: dict[int | str, OutOfFold] = {}
    if snapshot.ensemble_predictions is not None:
        sources["ensemble"] = snapshot.ensemble_predictions
    best = snapshot.best
    if best is not None and best.number in snapshot.arrays:
        arrays = snapshot.arrays[best.number]
        sources[best.number] = OutOfFold(
            f"Trial {best.number} (best)", arrays.index, arrays.predictions
        )
    return sources


def _panels(snapshot: Snapshot, key: int | str, source: OutOfFold, name: str) -> list[Panel]:
    panels = []
    for place, (output, predicted) in enumerate(source.predictions.items()):
        truth = _truth(snapshot, source, output)
        if truth is None or len(truth) != len(predicted):
            continue
        label = f"{source.source}: {output}" if output else source.source
        panel = _panel(snapshot, truth, predicted, (key, output), f"{name}-{place}", label)
        if panel is not None:
            panels.append(panel)
    return panels


def _truth(snapshot: Snapshot, source: OutOfFold, output: str) -> np.ndarray | None:
    targets, index = snapshot.targets.get(output), source.index
    if targets is None or not len(index) or index.min() < 0 or index.max() >= len(targets):
        return None
    truth: np.ndarray = targets[index]
    return truth


def _panel(
    snapshot: Snapshot,
    truth: np.ndarray,
    predicted: np.ndarray,
    key: tuple[int | str, str],
    name: str,
    label: str,
) -> Panel | None:
    # With several outputs, it is not known to which of them the class names belong.
    names = None if key[1] else snapshot.facts.data.class_names
    samples = gallery(snapshot.mistakes, *key)
    metric = metric_of(snapshot.settings.objective, key[1], several=len(snapshot.targets) > 1)
    loss = snapshot.best.loss_of(key[1]) if snapshot.best else ""
    labels = read_labels(truth, predicted, names, metric=metric, loss=loss)
    classes = labels.answers if labels else None
    if classes is None:
        classes = read_classes(truth, predicted, names, metric=metric, loss=loss)
    if classes is not None:
        matrix = confusion(classes, name)
        curves = () if labels else threshold_figures(classes, name)
        drawings = (matrix, reliability(classes, name), confidence(classes, name), *curves)
        table = label_scores(labels) if labels else class_scores(classes)
        return Panel(label, drawings, samples, table)
    values = read_values(truth, predicted)
    return None if values is None else Panel(label, scatter(values, name), samples)
