"""The record of an ensemble, made from the choice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hpo.ensembles.selection import AUTO
from hpo.scoring.direction import as_loss
from hpo.scoring.metrics import finite_or_none
from hpo.study.ensemble_record import EnsembleRecord, MemberRecord, RetrainedRecord

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from hpo.ensembles.retraining import Retrained
    from hpo.ensembles.selection import Candidates, Choice
    from hpo.options import EnsembleOptions
    from hpo.study.study import Study


def describe(
    study: Study,
    options: EnsembleOptions,
    candidates: Candidates,
    choice: Choice,
    retrained: Sequence[Retrained],
    *,
    in_time_order: bool = False,
) -> EnsembleRecord:
    """Describe an ensemble before it is evaluated on the test set.

    Args:
        study: The study that keeps it.
        options: The options that were requested.
        candidates: The candidates.
        choice: The choice among them.
        retrained: The trials that were trained again.
        in_time_order: Whether the folds follow one another in time.
    """
    best = candidates.members[0]
    single = candidates.score(candidates.predictions[best])
    weights, predictions = choice.combiner.weights, candidates.predictions
    return EnsembleRecord(
        study=study.name,
        method=choice.method,
        method_asked=options.method,
        refit=options.refit,
        seeds=options.seeds if options.refit else None,
        members=[
            MemberRecord(m.study, m.trial, weight, finite_or_none(candidates.score(predictions[m])))
            for m, weight in weights.items()
        ],
        stacking=choice.combiner.settings(),
        correlation=_correlation([predictions[member] for member in weights]),
        oof=choice.score,
        oof_interval=list(choice.interval) if choice.interval else None,
        oof_apparent=finite_or_none(choice.apparent),
        gain=finite_or_none(as_loss(single - choice.score, candidates.direction)),
        best_single=best.trial,
        best_single_study=best.study,
        best_single_oof=finite_or_none(single),
        oof_by_method={
            name: None if score is None else finite_or_none(score)
            for name, score in choice.by_method.items()
        },
        retrained=[
            RetrainedRecord(one.member.study, one.member.trial, one.score, one.recorded)
            for one in retrained
        ],
        notes=[*candidates.notes, *_notes(options, choice, in_time_order=in_time_order)],
    )


def _notes(options: EnsembleOptions, choice: Choice, *, in_time_order: bool) -> Iterator[str]:
    others = [score for score in choice.by_method.values() if score is not None]
    if options.method == AUTO and len(others) > 1 and choice.score not in others:
        yield (
            "auto chooses the method again for every fold, on the other folds, so its score is not "
            "that of any one method."
        )
    if in_time_order and not options.refit:
        yield (
            "the folds follow one another in time, so every member predicts new samples with the "
            "model of its last fold, which knows the latest data. With --refit it learns from all "
            "of it."
        )


def _correlation(predictions: Sequence[Mapping[str, np.ndarray]]) -> list[list[float | None]]:
    """The correlations of predictions, shape (n_members, n_members); None for constant ones."""
    flat = [np.concatenate([p.reshape(-1) for p in one.values()]) for one in predictions]
    with np.errstate(divide="ignore", invalid="ignore"):
        correlation = np.atleast_2d(np.corrcoef(flat))
    return [[finite_or_none(round(float(r), 4)) for r in row] for row in correlation]
