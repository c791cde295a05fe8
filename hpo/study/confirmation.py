"""What confirming the best configurations came to, as their study remembers it.

The study holds one entry for what is to be confirmed and one for every evaluation, so that a
confirmation that was stopped goes on where it was.
"""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from hpo.scoring.direction import as_loss
from hpo.scoring.one_standard_error import smallest_as_good

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hpo.study.trial import Trial
    from hpo.task import Direction

PLAN = "confirmation"


@dataclass(frozen=True)
class Repeat:
    """What evaluating a configuration again came to.

    Attributes:
        seed: The seed of its weights and batches.
        score: Its score; None where it failed.
        std_error: The standard error of the score over the folds; None with a single fold.
        fold_scores: The objective of every fold.
        epochs: The chosen number of epochs.
        reason: Why it failed, or None.
        seconds: How long it took.
    """

    seed: int
    score: float | None = None
    std_error: float | None = None
    fold_scores: Sequence[float] = ()
    epochs: int | None = None
    reason: str | None = None
    seconds: float | None = None

    def to_json(self) -> dict[str, Any]:
        """It as a study's journal keeps it."""
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


@dataclass(frozen=True)
class Confirmed:
    """One configuration, evaluated again.

    Attributes:
        number: The number of its trial.
        first: The score of the search.
        scores: The score of every repeat so far.
        model_size: Number of parameters of its model, or None.
        reason: Why it failed when it was evaluated again, or None.
    """

    number: int
    first: float
    scores: tuple[float, ...]
    model_size: int | None = None
    reason: str | None = None

    @property
    def score(self) -> float | None:
        """The mean over the repeats; None where it failed or has none."""
        return statistics.fmean(self.scores) if self.scores and self.reason is None else None

    @property
    def std_error(self) -> float | None:
        """The standard error of the mean over the repeats; None for fewer than two.

        It tells of the luck of seeds and cuts. All repeats share their samples, so what other
        samples would change is not in it (Nadeau and Bengio, 2003).
        """
        n = len(self.scores)
        return statistics.stdev(self.scores) / math.sqrt(n) if n > 1 else None


@dataclass(frozen=True)
class Confirmation:
    """The best configurations of a study, evaluated again with new seeds and new cuts.

    Attributes:
        repeats: How often each is evaluated.
        new_cuts: Whether the data was cut anew; where that cannot be, only seeds differ.
        direction: Whether scores are minimized or maximized.
        configurations: The configurations, the best of the search first.
    """

    repeats: int
    new_cuts: bool
    direction: Direction
    configurations: tuple[Confirmed, ...]

    @property
    def is_complete(self) -> bool:
        """Whether every configuration has all its repeats, or has failed."""
        return all(
            one.reason is not None or len(one.scores) == self.repeats for one in self.configurations
        )

    @property
    def ranking(self) -> list[Confirmed]:
        """Those that did not fail, the best confirmed score first; empty until all are done."""
        scored = [(one.score, one) for one in self.configurations if one.score is not None]
        ranked = sorted(scored, key=lambda pair: (as_loss(pair[0], self.direction), pair[1].number))
        return [one for _score, one in ranked] if self.is_complete else []

    @property
    def best(self) -> Confirmed | None:
        """The best by its confirmed score; None until all are done, and where all failed."""
        return next(iter(self.ranking), None)

    @property
    def one_standard_error(self) -> Confirmed | None:
        """The smallest model whose score lies within one standard error of the best."""
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
    """What a study's latest confirmation came to so far; None where there is none.

    Args:
        attributes: What the study's journal keeps of it, by key.
        trials: All trials of the study, by number.
        direction: Whether scores are minimized or maximized.
    """
    plan = attributes.get(PLAN)
    if plan is None:
        return None
    configurations = []
    for number in plan["trials"]:
        trial = trials[number]
        entries = [attributes.get(key(number, n), {}) for n in range(1, plan["repeats"] + 1)]
        configurations.append(
            Confirmed(
                number=number,
                first=float(trial.score or 0.0),
                scores=tuple(entry["score"] for entry in entries if "score" in entry),
                model_size=trial.model_size,
                reason=next((entry["reason"] for entry in entries if "reason" in entry), None),
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
    """The trial to show as the best, with the score to show.

    Args:
        confirmation: What was confirmed, or None.
        trials: All trials of the study, by number.
        ranking: The complete trials, the best of the search first.

    Returns:
        The trial of the best confirmed score, with that score and its standard error; the best of
        the search where none was confirmed, None where there is none.
    """
    best = confirmation.best if confirmation else None
    if best is None:
        return next(iter(ranking), None)
    return replace(trials[best.number], score=best.score, std_error=best.std_error)


def smallest(
    confirmation: Confirmation | None, trials: Sequence[Trial], ranking: Sequence[Trial]
) -> Trial | None:
    """The trial of the smallest model within one standard error of the best.

    Args:
        confirmation: What was confirmed, whose scores count, or None.
        trials: All trials of the study, by number.
        ranking: The complete trials, the best of the search first.

    Returns:
        The trial as the search left it; None where the best has no standard error.
    """
    if confirmation is None or confirmation.best is None:
        return smallest_as_good(ranking)
    found = confirmation.one_standard_error
    return None if found is None else trials[found.number]


def key(number: int, repeat: int) -> str:
    """Under which name a study holds an evaluation of a trial.

    Args:
        number: The trial.
        repeat: Which evaluation of it, from 1.
    """
    return f"{PLAN}/{number}/{repeat}"
