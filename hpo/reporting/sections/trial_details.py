"""What a row of the table of trials opens into, small enough for a thousand of them."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from hpo.reporting.figures.curves import chosen_epoch
from hpo.reporting.figures.theme import BLUE, GREY, log_ticks, scale_type
from hpo.reporting.html import formats
from hpo.reporting.html.formats import finite, number, plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

    from hpo.reporting.reading.snapshot import Snapshot
    from hpo.study.trial import Trial

_FACTS = ("On each fold", "Epochs by stage", "Trained by", "Seed", "Started", "Worker")
_POINTS_IN_ALL = 48_000
"""Points of curves on the whole page: some 130 kB."""
_FEWEST, _MOST = 24, 200
_TRACEBACK = 1500
_TRACEBACKS = 50
"""Characters of a traceback that are shown, and of how many failed trials."""
_LEVELS = 65_534
_NOTHING = 65_535


def trial_details(snapshot: Snapshot) -> dict[str, Any]:
    """What the page's script needs to open rows, beside what stands in the rows themselves.

    Returns:
        "metric", "styles" of the two lines, the names of "facts", and "details" by trial:
        "facts", "reason", "details" (a traceback) and "curves".
    """
    metric = formats.metric(snapshot.settings.objective.removeprefix("val_"))
    share = _POINTS_IN_ALL // (2 * max(1, len(snapshot.curves)))
    points = min(_MOST, max(_FEWEST, share))
    failed = {trial.number for trial in snapshot.trials if trial.details}
    told = set(sorted(failed)[:_TRACEBACKS])
    return {
        "metric": metric,
        "styles": {
            "validation": {"color": BLUE},
            "training": {"color": GREY, "dash": "dash"},
        },
        "facts": list(_FACTS),
        "details": {
            trial.number: _details(snapshot, trial, points, traceback=trial.number in told)
            for trial in snapshot.trials
        },
    }


def _details(snapshot: Snapshot, trial: Trial, points: int, *, traceback: bool) -> dict[str, Any]:
    found: dict[str, Any] = {"facts": _facts(trial)}
    if trial.reason:
        found["reason"] = f"{formats.sentence(trial.state)}: {trial.reason}"
    if traceback:
        found["details"] = trial.details[-_TRACEBACK:]
    curves = snapshot.curves.get(trial.number)
    if curves:
        found["curves"] = _curves(snapshot, trial, curves, points)
    return found


def _facts(trial: Trial) -> list[str]:
    """The values of :data:`_FACTS`; "" for one that does not apply."""
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
    """Training and validation by epoch, in whole numbers between the lowest and the highest."""
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
    known = np.concatenate([mean[np.isfinite(mean)] for mean in means.values()])
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    scale = scale_type(known)
    found: dict[str, Any] = {
        "length": length,
        "points": points,
        "low": float(f"{low:.6g}"),
        "high": float(f"{high:.6g}"),
        "lines": {kind: _packed(mean, low, high) for kind, mean in means.items()},
    }
    chosen = chosen_epoch(trial, curves.get(objective))
    if chosen is not None:
        found["chosen"] = chosen
    if scale == "log":
        found["ticks"] = log_ticks(known)
    return found


def _packed(values: np.ndarray, low: float, high: float) -> str:
    """Numbers in 16 bits each, in base64; what is no number is the greatest of them."""
    import numpy as np

    shares = (values - low) / ((high - low) or 1.0)
    whole = np.where(np.isfinite(values), np.nan_to_num(shares).clip(0, 1) * _LEVELS, _NOTHING)
    return base64.b64encode(whole.round().astype("<u2").tobytes()).decode("ascii")
