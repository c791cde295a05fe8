"""Predictions against the truth, on samples that the predicting model had not seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpo.reporting.figures.classification import confusion
from hpo.reporting.figures.regression import scatter
from hpo.reporting.figures.reliability import confidence, reliability
from hpo.reporting.html.section import Panel, Section
from hpo.reporting.reading.snapshot import OutOfFold
from hpo.reporting.sections.class_scores import class_scores
from hpo.reporting.sections.mistakes import gallery
from hpo.scoring.outcomes import read_classes, read_values

if TYPE_CHECKING:
    import numpy as np

    from hpo.reporting.html.section import Drawing
    from hpo.reporting.reading.snapshot import Snapshot


def predictions(snapshot: Snapshot) -> Section | None:
    """The section with predicted against true; None where either is not known."""
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
        title="Predicted against true",
        lead="What the models answer to samples they had not been trained on: every prediction "
        "here comes from the fold in which its sample was held out. " + _how_to_read(drawings),
        template="panels",
        content=panels,
        drawings=drawings,
    )


def _how_to_read(drawings: tuple[Drawing, ...]) -> str:
    sentences = []
    if any(drawing.name.endswith("residuals") for drawing in drawings):
        sentences.append(
            "Points on the dotted diagonal are predicted exactly; residuals that lean to one side "
            "of zero show where the model is wrong in a systematic way."
        )
    if any(drawing.name.endswith("confusion") for drawing in drawings):
        sentences.append(
            "Each row of the confusion matrix shows what the samples of one class were taken for; "
            "what lies on its diagonal is right."
        )
    return " ".join(sentences)


def _sources(snapshot: Snapshot) -> dict[int | str, OutOfFold]:
    """Whose predictions are shown: the ensemble's and the best trial's, by trial or "ensemble"."""
    sources: dict[int | str, OutOfFold] = {}
    if snapshot.ensemble_predictions is not None:
        sources["ensemble"] = snapshot.ensemble_predictions
    best = snapshot.best
    if best is not None and best.number in snapshot.arrays:
        arrays = snapshot.arrays[best.number]
        sources[best.number] = OutOfFold(
            f"Trial {best.number}, the best", arrays.index, arrays.predictions
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
    found: np.ndarray = targets[index]
    return found


def _panel(
    snapshot: Snapshot,
    truth: np.ndarray,
    predicted: np.ndarray,
    key: tuple[int | str, str],
    name: str,
    label: str,
) -> Panel | None:
    # Of several outputs nothing says whose the names of the classes are.
    names = None if key[1] else (snapshot.facts.get("data") or {}).get("class_names")
    shown = gallery(snapshot.mistakes, *key)
    classes = read_classes(truth, predicted, names)
    if classes is not None:
        matrix = confusion(classes, name)
        drawings = (matrix, reliability(classes, name), confidence(classes, name))
        return Panel(label, drawings, shown, class_scores(classes))
    values = read_values(truth, predicted)
    return None if values is None else Panel(label, scatter(values, name), shown)
