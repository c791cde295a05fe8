"""What is put on record of an ensemble: ``ensemble.json`` and its out-of-fold predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hpo.ensembles import selection
from hpo.scoring.direction import as_loss
from hpo.scoring.metrics import finite_or_none
from hpo.study.files import OutOfFold

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hpo.ensembles.retraining import Retrained
    from hpo.ensembles.selection import Candidates, Choice
    from hpo.options import EnsembleOptions
    from hpo.study.study import Study


def of_choice(
    study: Study, options: EnsembleOptions, candidates: Candidates, choice: Choice
) -> dict[str, Any]:
    """All that is recorded of a choice: members, how they are combined, and scores.

    Args:
        study: The study that keeps the ensemble.
        options: How the ensemble was to be made.
        candidates: What was chosen from.
        choice: What was chosen.
    """
    return {
        "study": study.name,
        "method": choice.method,
        "method_asked": options.method,
        "refit": options.refit,
        "seeds": options.seeds if options.refit else None,
        **_members(candidates, choice),
        **_scores(candidates, choice),
    }


def of_retrained(retrained: Sequence[Retrained]) -> list[dict[str, Any]]:
    """What training trials again came to."""
    return [{**vars(one.member), "score": one.score, "recorded": one.recorded} for one in retrained]


def write(study: Study, candidates: Candidates, choice: Choice, result: Mapping[str, Any]) -> None:
    """Store an ensemble with its study.

    Args:
        study: The study.
        candidates: What was chosen from.
        choice: What was chosen; its cross-fitted predictions are stored.
        result: What ``hpo ensemble --json`` prints.
    """
    study.files.write_ensemble(result, OutOfFold(candidates.index, choice.predictions))


def _scores(candidates: Candidates, choice: Choice) -> dict[str, Any]:
    """The scores of the ensemble and of the best single trial, out of fold."""
    best = candidates.members[0]
    single = candidates.score(candidates.predictions[best])
    gain = as_loss(single - choice.score, candidates.direction)
    return {
        "oof": choice.score,
        "oof_interval": list(choice.interval) if choice.interval else None,
        "oof_apparent": finite_or_none(choice.apparent),
        "gain": finite_or_none(gain),
        "best_single": best.trial,
        "best_single_study": best.study,
        "best_single_oof": finite_or_none(single),
        "oof_by_method": {
            name: None if score is None else finite_or_none(score)
            for name, score in choice.by_method.items()
        },
    }


def _members(candidates: Candidates, choice: Choice) -> dict[str, Any]:
    """The members with their weights and own scores, and how alike their predictions are."""
    stored = selection.to_json(choice.combiner)
    predictions = [candidates.predictions[member] for member in choice.combiner.weights]
    for entry, of_member in zip(stored["members"], predictions, strict=True):
        entry["oof"] = finite_or_none(candidates.score(of_member))
    flat = [np.concatenate([p.reshape(-1) for p in one.values()]) for one in predictions]
    with np.errstate(divide="ignore", invalid="ignore"):  # of members that are constant
        correlation = np.atleast_2d(np.corrcoef(flat))
    rows = [[finite_or_none(round(float(r), 4)) for r in row] for row in correlation]
    return {**stored, "correlation": rows}
