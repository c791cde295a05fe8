"""The results of confirming the best configurations, as their study keeps them.

The study keeps one entry for what is to be confirmed and one for every evaluation, so that a
confirmation that was stopped continues where it was.
"""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from hpo.scoring.direction import as_loss
from hpo.scoring.one_standard_error import smallest_as_good
from hpo.support.types import checked, fits

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hpo.study.trial import Trial
    from hpo.task import Direction

PLAN = "confirmation"


@dataclass(frozen=True)
class Repeat:
    """The result of evaluating a configuration again.

    Attributes:
        seed: The seed of its weights and batches.
        score: Its score; None if it failed.
        std_error: The standard error of the score over the folds; None with a single fold.
        fold_scores: The objective of every fold.
        epochs: The chosen number of epochs.
        reason: Why it failed, or None.
        seconds: Its duration.
    """

    seed: int
    score: float | None = None
    std_error: float | None = None
    fold_scores: Sequence[float] = ()
    epochs: int | None = None
    reason: str | None = None
    seconds: float | None = None

    def to_json(self) -> dict[str, Any]:
        """The result as the journal of a study keeps it."""
        if self.score is None:
            return {"seed": self.seed, "reason": self.reason, "seconds": self.seconds}
        return {
            "seed": self.seed,
            "score": self.score,
            "std_error": self.std_error,
            "fold_scores": list(self.fold_scores),
            "epochs": self.epochs,
            "seconds": self.seconds,
        }


MAX_REPEATS = 100_000
"""A larger number of repeats is taken for damage, rather than counted up to."""


@dataclass(frozen=True)
class Confirmed:
    """A configuration that is evaluated again.

    Attributes:
        number: The number of its trial.
        first: Its score in the search.
        scores: Its scores in the repeats so far.
        model_size: Number of parameters of its model, or None.
        reason: Why it failed in a repeat, or None.
    """

    number: int
    first: float
    scores: tuple[float, ...]
    model_size: int | None = None
    reason: str | None = None

    @property
    def score(self) -> float | None:
        """The mean over the repeats; None if one failed or none is done."""
        return statistics.fmean(self.scores) if self.scores and self.reason is None else None

    @property
    def std_error(self) -> float | None:
        """The standard error of the mean over the repeats; None for fewer than two.

        It covers the variation of seeds and cuts. All repeats share the same samples, so it does
        not cover sampling variation (Nadeau and Bengio, 2003, "Inference for the generalization
        error").
        """
        n = len(self.scores)
        return statistics.stdev(self.scores) / math.sqrt(n) if n > 1 else None


@dataclass(frozen=True)
class Confirmation:
    """The best configurations of a study, evaluated again with new seeds and new cuts.

    Attributes:
        repeats: How often each is evaluated.
        new_cuts: Whether every repeat cuts the data differently; else only seeds differ.
        direction: Whether scores are minimized or maximized.
        configurations: The configurations, the best of the search first.
    """

    repeats: int
    new_cuts: bool
    direction: Direction
    configurations: tuple[Confirmed, ...]

    @property
    def is_complete(self) -> bool:
        """Whether every configuration has all its repeats or has failed."""
        return all(
            one.reason is not None or len(one.scores) == self.repeats for one in self.configurations
        )

    @property
    def ranking(self) -> list[Confirmed]:
        """The configurations that did not fail, the best first; empty until all are done."""
        scored = [(one.score, one) for one in self.configurations if one.score is not None]
        ranked = sorted(scored, key=lambda pair: (as_loss(pair[0], self.direction), pair[1].number))
        return [one for _score, one in ranked] if self.is_complete else []

    @property
    def best(self) -> Confirmed | None:
        """The one with the best confirmed score; None until all are done, or if all failed."""
        return next(iter(self.ranking), None)

    @property
    def one_standard_error(self) -> Confirmed | None:
        """The smallest model whose score is within one standard error of the best."""
        return smallest_as_good(self.ranking)

    def to_json(self, study: str) -> dict[str, Any]:
        """What ``hpo confirm --json`` prints.

        Args:
            study: The name of the study.
        """
        best, smallest = self.best, self.one_standard_error
        return {
            "study": study,
            "repeats": self.repeats,
            "new_cuts": self.new_cuts,
            "configurations": [
                {
                    "trial": one.number,
                    "first": one.first,
                    "confirmed": one.score,
                    "std_error": one.std_error,
                    "scores": list(one.scores),
                    "model_size": one.model_size,
                    "reason": one.reason,
                }
                for one in self.configurations
            ],
            "best": None if best is None else best.number,
            "one_standard_error": None if smallest is None else smallest.number,
        }


def read(
    attributes: Mapping[str, Any], trials: Sequence[Trial], direction: Direction
) -> Confirmation | None:
    """Read the results of a study's latest confirmation so far; None if there is none.

    Args:
        attributes: The attributes in the study's journal, by key.
        trials: All trials of the study, by number.
        direction: Whether scores are minimized or maximized.

    Raises:
        TypeError: A value is not of the type that was written.
        LookupError: A key is missing.
        AttributeError: A result is not a mapping.
    """
    plan = attributes.get(PLAN)
    if plan is None:
        return None
    if not (
        fits(plan["trials"], list[int])
        and all(0 <= number < len(trials) for number in plan["trials"])
        and plan["repeats"] in range(1, MAX_REPEATS + 1)
        and fits(plan["new_cuts"], bool)
    ):
        raise TypeError("a value of an unexpected type")
    configurations = []
    for number in plan["trials"]:
        trial = trials[number]
        if trial.score is None:  # the line with its score is damaged
            continue
        entries = [attributes.get(key(number, n), {}) for n in range(1, plan["repeats"] + 1)]
        configurations.append(
            checked(
                Confirmed(
                    number=number,
                    first=float(trial.score),
                    scores=tuple(entry["score"] for entry in entries if "score" in entry),
                    model_size=trial.model_size,
                    reason=next((entry["reason"] for entry in entries if "reason" in entry), None),
                )
            )
        )
    return Confirmation(
        plan["repeats"],
        plan["new_cuts"],
        direction,
        tuple(configurations),
    )


def chosen(
    confirmation: Confirmation | None, trials: Sequence[Trial], ranking: Sequence[Trial]
) -> Trial | None:
    """Choose the trial to show as the best.

    Args:
        confirmation: The confirmation, or None.
        trials: All trials of the study, by number.
        ranking: The complete trials, the best of the search first.

    Returns:
        The trial with the best confirmed score, with that score and its standard error; without
        confirmed scores the best of the search, or None.
    """
    best = confirmation.best if confirmation else None
    if best is None:
        return next(iter(ranking), None)
    return replace(trials[best.number], score=best.score, std_error=best.std_error)


def alike(
    confirmation: Confirmation | None, trials: Sequence[Trial], *numbers: int
) -> tuple[list[Trial], bool]:
    """Trials with scores that can be compared with each other.

    A score of the search is too good for the best trials, which were chosen by it; a confirmed one
    is not.

    Args:
        confirmation: The confirmation, or None.
        trials: All trials of the study, by number.
        *numbers: The numbers of the trials.

    Returns:
        The trials, with their confirmed scores if all have one, else with those of the search;
        and whether the scores are confirmed.
    """
    scores = {one.number: one for one in (confirmation.ranking if confirmation else ())}
    if not set(numbers) <= scores.keys():
        return [trials[number] for number in numbers], False
    return [
        replace(trials[number], score=scores[number].score, std_error=scores[number].std_error)
        for number in numbers
    ], True


def smallest(
    confirmation: Confirmation | None, trials: Sequence[Trial], ranking: Sequence[Trial]
) -> Trial | None:
    """Choose the trial of the smallest model within one standard error of the best.

    Args:
        confirmation: The confirmation, whose scores are used, or None.
        trials: All trials of the study, by number.
        ranking: The complete trials, the best of the search first.

    Returns:
        The trial with its score in the search; None if the best has no standard error.
    """
    if confirmation is None or confirmation.best is None:
        return smallest_as_good(ranking)
    confirmed = confirmation.one_standard_error
    return None if confirmed is None else trials[confirmed.number]


def key(number: int, repeat: int) -> str:
    """The key of an evaluation in the journal of the study.

    Args:
        number: The number of the trial.
        repeat: Which evaluation of it, from 1.
    """
    return f"{PLAN}/{number}/{repeat}"
