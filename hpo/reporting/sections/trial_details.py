"""The details of each trial, which the rows of the table of trials open; packed to stay small."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from hpo.reporting.figures.theme import BLUE, GRAY, log_ticks, scale_type
from hpo.reporting.html import words
from hpo.reporting.html.words import plain
from hpo.reporting.reading.epochs import chosen_epoch
from hpo.support.formats import finite, number

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

    from hpo.reporting.reading.snapshot import Snapshot
    from hpo.study.trial import Trial

_FACTS = ("Fold scores", "Epochs by stage", "Training loop", "Seed", "Started", "Worker")
_MAX_POINTS_TOTAL = 48_000
"""The learning curves of the whole page share this many points, which take about 130 kB."""
_MIN_POINTS, _MAX_POINTS = 24, 200
_MAX_TRACEBACK_CHARACTERS = 1500
_MAX_TRACEBACKS = 50
_LEVELS = 65_534
"""A curve is packed as integers from 0 to this."""
_GAP = 65_535
"""The integer for a value that is not finite."""


def trial_details(snapshot: Snapshot) -> dict[str, Any]:
    """Collect what the page's script needs to open rows, other than the rows themselves.

    Returns:
        "metric", "styles" of the two lines, names of "facts", and "details" by trial number:
        "facts", "reason", "traceback" and "curves".
    """
    metric = words.metric(snapshot.settings.objective.removeprefix("val_"))
    share = _MAX_POINTS_TOTAL // (2 * max(1, len(snapshot.curves)))
    points = min(_MAX_POINTS, max(_MIN_POINTS, share))
    with_traceback = [trial.number for trial in snapshot.trials if trial.details][:_MAX_TRACEBACKS]
    return {
        "metric": metric,
        "styles": {
            "validation": {"color": BLUE},
            "training": {"color": GRAY, "dash": "dash"},
        },
        "facts": list(_FACTS),
        "details": {
            trial.number: _details(
                snapshot, trial, points, traceback=trial.number in with_traceback
            )
            for trial in snapshot.trials
        },
    }


def _details(snapshot: Snapshot, trial: Trial, points: int, *, traceback: bool) -> dict[str, Any]:
    details: dict[str, Any] = {"facts": _facts(trial)}
    if trial.reason:
        details["reason"] = f"{words.sentence(trial.state)}: {trial.reason}"
    if traceback:
        details["traceback"] = trial.details[-_MAX_TRACEBACK_CHARACTERS:]
    curves = snapshot.curves.get(trial.number)
    if curves:
        details["curves"] = _curves(snapshot, trial, curves, points)
    return details


def _facts(trial: Trial) -> list[str]:
    """The values of :data:`_FACTS`; "" for those that do not apply."""
    folds = [score for score in trial.fold_scores if finite(score) is not None]
    return [
        ", ".join(map(number, folds)) if len(folds) > 1 else "",
        plain(trial.stage_epochs) if len(trial.stage_epochs) > 1 else "",
        trial.training or "",
        "" if trial.seed is None else str(trial.seed),
        trial.started.strftime("%Y-%m-%d %H:%M:%S") if trial.started else "",
        trial.worker or "",
    ]


def _curves(
    snapshot: Snapshot, trial: Trial, curves: Mapping[str, np.ndarray], points: int
) -> dict[str, Any]:
    """Training and validation by epoch, packed between the lowest and the highest value."""
    import numpy as np

    objective = snapshot.settings.objective
    length = max(len(curve) for curve in curves.values())
    rows = np.unique(np.linspace(0, length - 1, points).round().astype(int))
    kinds = (("training", objective.removeprefix("val_")), ("validation", objective))
    means = {
        kind: curves[name].mean(axis=1)[rows[rows < len(curves[name])]]
        for kind, name in kinds
        if name in curves
    }
    values = np.concatenate([mean[np.isfinite(mean)] for mean in means.values()])
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
    scale = scale_type(values)
    packed: dict[str, Any] = {
        "length": length,
        "points": points,
        "low": float(f"{low:.6g}"),
        "high": float(f"{high:.6g}"),
        "lines": {kind: _packed(mean, low, high) for kind, mean in means.items()},
    }
    chosen = chosen_epoch(trial, curves.get(objective))
    if chosen is not None:
        packed["chosen"] = chosen
    if scale == "log":
        packed["ticks"] = log_ticks(values)
    return packed


def _packed(values: np.ndarray, low: float, high: float) -> str:
    """Pack numbers as 16-bit integers in base64."""
    import numpy as np

    shares = (values - low) / ((high - low) or 1.0)
    levels = np.where(np.isfinite(values), np.nan_to_num(shares).clip(0, 1) * _LEVELS, _GAP)
    return base64.b64encode(levels.round().astype("<u2").tobytes()).decode("ascii")
