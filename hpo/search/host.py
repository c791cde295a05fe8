"""Who decides: what a worker asks of whoever holds its study.

A worker evaluates configurations. Its host says which, and keeps what comes of them. Where the
study lies is the host's matter alone, so a worker may run on a machine that cannot reach it.
"""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from optuna.exceptions import UpdateFinishedTrialError

from hpo.pruners.pruning import Pruning
from hpo.samplers import make_sampler
from hpo.samplers.untried import UntriedSampler
from hpo.study import mistakes
from hpo.study.terms import terms_of
from hpo.support.seeds import derived_seed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    import numpy as np

    from hpo.study.facts import Facts
    from hpo.study.mistakes import Mistakes, Predictions
    from hpo.study.study import Study
    from hpo.study.terms import Terms
    from hpo.study.trial import Failure
    from hpo.support.locks import Lock
    from hpo.task import Params
    from hpo.training.evaluation import Evaluation
    from hpo.training.lockstep import EpochReport


@dataclass(frozen=True)
class Assignment:
    """A configuration to evaluate.

    Attributes:
        number: The trial's number.
        seed: The seed of its weights and batches.
        params: Its hyperparameters.
    """

    number: int
    seed: int
    params: Params


@dataclass(frozen=True, eq=False)
class Cut:
    """The folds of an earlier trial.

    Attributes:
        number: The trial's number.
        index: The samples that were validated, shape (n,), ascending.
        fold: The first fold that validated each, shape (n,).
    """

    number: int
    index: np.ndarray
    fold: np.ndarray


class Host(Protocol):
    """Decides what a worker evaluates, and keeps what comes of it."""

    def terms(self) -> Terms:
        """What the study is now."""

    def working(self, worker: str) -> AbstractContextManager[None]:
        """Count a worker as alive."""

    def recording_facts(self) -> AbstractContextManager[None]:
        """Let one worker at a time record the facts, where workers can wait for each other."""

    def wants_facts(self, fingerprint: str) -> bool:
        """Whether facts of data with this fingerprint should be recorded."""

    def record_facts(self, facts: Facts, targets: Mapping[str, np.ndarray]) -> None:
        """Record facts, and the targets of all training samples, if they are still wanted."""

    def cut(self) -> Cut | None:
        """The folds of an earlier trial; None if no trial is complete."""

    def ask(self, worker: str) -> Assignment | None:
        """Begin a trial, unless enough have been begun."""

    def may_ask_later(self) -> bool:
        """Whether, where nothing is left to begin, trials of others may have to be taken over."""

    def is_hopeless(
        self, number: int, report: EpochReport, *, max_epochs: int, epochs: int
    ) -> bool:
        """Whether a trial is not worth continuing.

        Args:
            number: The trial.
            report: Its state after an epoch on which pruners judge.
            max_epochs: Maximum number of epochs of the study's trials.
            epochs: Maximum number of epochs of this trial.
        """

    def models_directory(self, number: int, score: float) -> Path | None:
        """Where the models of a trial with this score are saved; None if they are not kept."""

    def complete(self, number: int, evaluation: Evaluation) -> None:
        """Keep the result of a trial; its models are saved."""

    def prune(self, number: int, epochs_trained: int) -> None:
        """End a trial that is not worth continuing."""

    def fail(self, number: int, failure: Failure) -> None:
        """End a trial as failed; if it was interrupted, its configuration is queued again."""

    def wants_baseline(self) -> bool:
        """Whether nobody has recorded a baseline, or why there is none."""

    def record_baseline(self, value: float | None, reason: str) -> None:
        """Record the baseline, or why there is none."""

    def predictions(self) -> Predictions | None:
        """The predictions among which the worst are looked for; None if there are none."""

    def record_mistakes(self, found: Sequence[Mistakes]) -> None:
        """Keep the worst predictions."""


class StudyHost:
    """The host that has the study at hand.

    Args:
        study: The study; its options say how it is searched.
    """

    def __init__(self, study: Study) -> None:
        self._study = study
        self._looked_at = float("-inf")

    def terms(self) -> Terms:
        """What the study is now."""
        return terms_of(self._study)

    def working(self, worker: str) -> AbstractContextManager[None]:
        """Count a worker as alive."""
        return self._study.workers.working(worker)

    def recording_facts(self) -> AbstractContextManager[None]:
        """Let one worker at a time record the facts."""
        return self._study.workers.recording_facts()

    def wants_facts(self, fingerprint: str) -> bool:
        """Whether nothing is recorded, or only of a run that ended before its first trial."""
        study = self._study
        facts = study.facts
        if facts is None:
            return True
        is_stale = facts.data.fingerprint != fingerprint
        return is_stale and not study.has_begun and study.workers.n_alive() <= 1

    def record_facts(self, facts: Facts, targets: Mapping[str, np.ndarray]) -> None:
        """Record facts, and the targets of all training samples, if they are still wanted."""
        if self.wants_facts(facts.data.fingerprint or ""):
            self._study.files.write_targets(targets)
            self._study.facts = facts

    def cut(self) -> Cut | None:
        """The folds of the best trial whose arrays are there."""
        files = self._study.files
        number = next((t.number for t in self._study.ranking if files.has_arrays(t.number)), None)
        if number is None:
            return None
        arrays = files.arrays(number)
        return Cut(number, arrays.index, arrays.fold)

    def ask(self, worker: str) -> Assignment | None:
        """Begin a trial, unless enough have been begun or patience has run out."""
        while True:
            self._give_up_lost()
            with self._study.workers.asking() as turn:
                # Trials of other workers count, too, or two workers would ask for the same.
                counts = self._study.counts
                if counts.begun >= counts.target or self._is_out_of_patience():
                    return None
                assignment = self._draw(worker, counts.begun, turn)
            if assignment is not None:
                return assignment

    def _draw(self, worker: str, begun: int, turn: Lock) -> Assignment | None:
        """Begin a trial; None if the turn was lost meanwhile, and nobody's trial is begun."""
        study, options = self._study, self._study.options
        sampler = make_sampler(options.sampler, derived_seed(options.seed, "sampler", begun))
        # A grid knows what it has tried.
        sampler = sampler if options.sampler == "grid" else UntriedSampler(sampler)
        trial = None
        try:
            trial = study.queue.ask(sampler)
            trial.assign(worker, derived_seed(options.seed, "training", begun))
            # Under the lock, so that the next worker knows what is being tried.
            assignment = Assignment(trial.number, trial.seed, trial.suggest(study.space))
            if turn.is_held():
                return assignment
        except UpdateFinishedTrialError:
            pass  # another had the turn, and gave the trial up
        if trial is not None:
            study.queue.withdraw(trial)
        return None

    def _give_up_lost(self) -> None:
        """Give up the trials of dead workers in a database: nobody else may be there to notice."""
        database, now = self._study.database, time.monotonic()
        if database is not None and now >= self._looked_at + database.interval:
            self._looked_at = now
            self._study.queue.give_up_lost(at_most=self._study.options.retry)

    def may_ask_later(self) -> bool:
        """Whether trials of workers run that a database may find dead."""
        study = self._study
        if study.database is None or self._is_out_of_patience():
            return False
        counts = study.counts
        return counts.finished < min(counts.begun, counts.target)

    def _is_out_of_patience(self) -> bool:
        patience = self._study.options.patience
        return patience is not None and self._study.trials_since_best >= patience

    def is_hopeless(
        self, number: int, report: EpochReport, *, max_epochs: int, epochs: int
    ) -> bool:
        """Whether the study's pruner would end a trial."""
        trial, name = self._study.queue.running[number], self._study.options.pruner
        return Pruning(trial, name, max_epochs=max_epochs, epochs=epochs).is_hopeless(report)

    def models_directory(self, number: int, score: float) -> Path | None:
        """The trial's folder, if its score is among the best."""
        if self._study.rank(score) >= self._study.options.keep:
            return None
        return self._study.files.trial_directory(number)

    def complete(self, number: int, evaluation: Evaluation) -> None:
        """Store the result of a trial, and remove the models of trials it surpasses."""
        self._study.queue.complete(self._study.queue.running[number], evaluation)
        self._study.drop_models(keep=self._study.options.keep)

    def prune(self, number: int, epochs_trained: int) -> None:
        """End a trial that is not worth continuing."""
        self._study.queue.prune(self._study.queue.running[number], epochs_trained)

    def fail(self, number: int, failure: Failure) -> None:
        """End a trial as failed, unless somebody else has ended it."""
        self._study.queue.fail(number, failure)

    def wants_baseline(self) -> bool:
        """Whether nobody has recorded a baseline, or why there is none."""
        facts = self._study.facts
        return facts is not None and facts.baseline_reason is None

    def record_baseline(self, value: float | None, reason: str) -> None:
        """Record the baseline, or why there is none, if nobody has."""
        facts = self._study.facts
        if facts is not None and facts.baseline_reason is None:
            self._study.facts = dataclasses.replace(facts, baseline=value, baseline_reason=reason)

    def predictions(self) -> Predictions | None:
        """Those of the best trial, and of the ensemble if there is one."""
        return None if self._study.best is None else mistakes.predictions_of(self._study)

    def record_mistakes(self, found: Sequence[Mistakes]) -> None:
        """Write the worst predictions into the study's folder."""
        mistakes.write(self._study, found)
