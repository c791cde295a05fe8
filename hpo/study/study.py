"""A study: the trials of one search over one task, and their ranking."""

from __future__ import annotations

import dataclasses
import functools
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from hpo.errors import HPOError, one_line
from hpo.options import Options
from hpo.scoring.direction import as_loss, direction_of
from hpo.study import confirmation, renamed
from hpo.study.artifacts import Artifacts
from hpo.study.code import Code, CodeChange
from hpo.study.commands import command
from hpo.study.facts import Facts
from hpo.study.files import StudyFiles
from hpo.study.keys import (
    ARTIFACTS,
    CODE,
    CODE_CHANGES,
    CONSULTATION,
    FACTS,
    FIRST_SEED,
    JOURNAL,
    LATE,
    OPTIONS,
    RETRIED,
    SETTINGS,
)
from hpo.study.queue import TrialQueue
from hpo.study.settings import Settings
from hpo.study.trial import Trial, from_optuna, retried
from hpo.study.workers import DatabaseWorkers, StudyWorkers
from hpo.support.types import checked, fits

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

    import optuna

    from hpo.space.space import Space
    from hpo.study.confirmation import Confirmation, Repeat
    from hpo.study.database import Database
    from hpo.task import Direction

_Record = TypeVar("_Record", Settings, Options)


@dataclass(frozen=True)
class Counts:
    """How far a search is.

    Attributes:
        begun: Number of trials that are finished or running.
        finished: Number of finished trials: complete, pruned or failed.
        target: Number of trials to search for.
    """

    begun: int
    finished: int
    target: int


class Study:
    """A study on disk.

    Get one with :func:`hpo.run` or :func:`hpo.load_study`.

    Args:
        record: Optuna's study.
        directory: The folder of the study's files.
        database: The database that keeps its trials; by default a journal in the folder does.

    Attributes:
        directory: The folder of the study's files.
        database: The database that keeps its trials, or None.
        files: The arrays and models of its trials, its targets and its ensemble.
        workers: The locks and logs of its workers.
        queue: Its trials that wait and run.
    """

    def __init__(
        self, record: optuna.Study, directory: Path, database: Database | None = None
    ) -> None:
        self._record = record
        self.directory = directory
        self.database = database
        url = None if database is None else record.user_attrs.get(ARTIFACTS)
        self.files = StudyFiles(directory, Artifacts(url, directory) if url else None)
        self.workers = (
            StudyWorkers(directory)
            if database is None
            else DatabaseWorkers(directory, database, record.study_name)
        )
        self.queue = TrialQueue(record, self.files, self.workers)
        self._ended: dict[int, Trial] = {}
        self._options: Options | None = None
        self._settings: Settings | None = None

    @property
    def name(self) -> str:
        """The study's name: that of its folder, which may have been copied or renamed."""
        return self.files.study

    def command(self, name: str, *words: str) -> str:
        """A command on this study, to be told to its user.

        Args:
            name: The command, such as ``"ensemble"``.
            words: What follows the study's name.
        """
        return command(self.directory, name, *words, task=self.settings.task)

    @property
    def storage(self) -> optuna.storages.BaseStorage:
        """Optuna's storage of its trials."""
        return self._record._storage  # noqa: SLF001  (the study's own)

    @property
    def storage_id(self) -> int:
        """The number of the study in its storage."""
        return self._record._study_id  # noqa: SLF001

    @property
    def attributes(self) -> dict[str, Any]:
        """All that is recorded of the study besides its trials, by key."""
        return self._record.user_attrs

    @property
    def place(self) -> str:
        """Where its trials are kept, for messages."""
        if self.database is None:
            return str(self.directory / JOURNAL)
        return f"{self.database.name}, study {self._record.study_name!r}"

    @property
    def settings(self) -> Settings:
        """What must not change while the study exists."""
        if self._settings is None:
            self._settings = self._attribute(SETTINGS, Settings)
        return self._settings

    @settings.setter
    def settings(self, settings: Settings) -> None:
        self._record.set_user_attr(SETTINGS, dataclasses.asdict(settings))
        self._settings = settings

    @property
    def code(self) -> Code | None:
        """The task's code as it was accepted last; None for a study of version 0.1.0."""
        stored = self._record.user_attrs.get(CODE)
        with self._reading(CODE):
            return checked(Code.from_json(stored)) if stored else None

    @code.setter
    def code(self, code: Code) -> None:
        self._record.set_user_attr(CODE, code.to_json())

    @property
    def code_changes(self) -> list[CodeChange]:
        """The changes of the task's code with which the study was continued, in order."""
        with self._reading(CODE_CHANGES):
            entries = self._record.user_attrs.get(CODE_CHANGES, [])
            return [checked(CodeChange(**entry)) for entry in entries]

    def accept_code(self, code: Code, changes: Sequence[str]) -> None:
        """Continue with changed code, and record from which trial on.

        Args:
            code: The code.
            changes: What changed.
        """
        change = CodeChange(self.n_begun, tuple(changes))
        entries = [dataclasses.asdict(one) for one in (*self.code_changes, change)]
        self._record.set_user_attr(CODE_CHANGES, entries)
        self.code = code

    @property
    def options(self) -> Options:
        """How this run searches it; if it does not search, how the latest run did."""
        return self._options or self._attribute(OPTIONS, Options, only_known=True)

    @options.setter
    def options(self, options: Options) -> None:
        self._record.set_user_attr(OPTIONS, dataclasses.asdict(options))
        if FIRST_SEED not in self._record.user_attrs:
            self._record.set_user_attr(FIRST_SEED, options.seed)
        self.search_with(options)

    def search_with(self, options: Options) -> None:
        """Use options for this run that another run of the study cannot change."""
        self._options = options

    @property
    def target(self) -> int:
        """Number of trials to search for; at most the number of possible configurations."""
        return self._target(self.trials)

    @property
    def counts(self) -> Counts:
        """How far the search is, from one look at the trials: a database has to be asked."""
        trials = self.trials
        return Counts(
            begun=sum(trial.is_begun for trial in trials),
            finished=sum(trial.is_finished for trial in trials),
            target=self._target(trials),
        )

    def _target(self, trials: Sequence[Trial]) -> int:
        from hpo.study.tried import n_possible

        begun = sum(trial.state != "interrupted" for trial in trials)
        is_grid = self.options.sampler == "grid"
        return n_possible(
            self._record, self.settings.space, begun, self.options.trials, is_grid=is_grid
        )

    @property
    def has_begun(self) -> bool:
        """Whether a trial was ever begun; until then, nothing in the study is worth keeping."""
        return any(trial.state != "waiting" for trial in self.trials)

    @property
    def space(self) -> Space:
        """The search space."""
        from hpo.space.space import Space

        return Space.from_text(self.settings.space, name=f"study {self.name}")

    @property
    def facts(self) -> Facts | None:
        """What the first worker recorded of data and environment; None before it did."""
        stored = self._record.user_attrs.get(FACTS)
        with self._reading(FACTS):
            return checked(Facts.from_json(stored)) if stored else None

    @facts.setter
    def facts(self, facts: Facts) -> None:
        self._record.set_user_attr(FACTS, facts.to_json())

    @property
    def trials(self) -> list[Trial]:
        """All trials, by number; a failed one that was queued again counts as interrupted."""
        with self._reading(RETRIED):
            again = retried(self._record)
        trials = map(self._trial, self._record.get_trials(deepcopy=False))
        return [replace(t, state="interrupted") if t.number in again else t for t in trials]

    @property
    def ranking(self) -> list[Trial]:
        """The complete trials, the best first; of equal ones, the earlier first."""
        complete = [trial for trial in self.trials if trial.score is not None]
        return sorted(complete, key=lambda trial: (self._loss(trial), trial.number))

    @property
    def best(self) -> Trial | None:
        """The best complete trial, or None."""
        ranking = self.ranking
        return ranking[0] if ranking else None

    @property
    def confirmation(self) -> Confirmation | None:
        """The results of evaluating the best configurations again, or None."""
        trials, direction = self.trials, self.settings.direction
        with self._reading(confirmation.PLAN):
            return confirmation.read(self._record.user_attrs, trials, direction)

    def plan_confirmation(self, trials: Sequence[Trial], repeats: int, *, new_cuts: bool) -> None:
        """Record which trials will be evaluated again; this replaces an earlier plan.

        Args:
            trials: The trials.
            repeats: How often each is evaluated, 1 or more.
            new_cuts: Whether every repeat cuts the data differently.
        """
        numbers = [trial.number for trial in trials]
        plan = {"trials": numbers, "repeats": repeats, "new_cuts": new_cuts}
        self._record.set_user_attr(confirmation.PLAN, plan)

    def record_repeat(self, number: int, repeat: int, result: Repeat) -> None:
        """Record the result of evaluating a trial again.

        Args:
            number: The number of the trial.
            repeat: Which evaluation of it, from 1.
            result: The result.
        """
        self._record.set_user_attr(confirmation.key(number, repeat), result.to_json())

    def has_repeat(self, number: int, repeat: int) -> bool:
        """Whether this repeat of a trial has a score."""
        return "score" in self._record.user_attrs.get(confirmation.key(number, repeat), {})

    @property
    def chosen(self) -> Trial | None:
        """The trial to show as the best: the one with the best confirmed score, else ``best``.

        Here, a confirmed trial has its confirmed score and the standard error of that. The search
        and the choice of an ensemble use ``best`` and ``ranking``, that is first scores, because
        only these exist for all trials.
        """
        return confirmation.chosen(self.confirmation, self.trials, self.ranking)

    @property
    def smallest_as_good(self) -> Trial | None:
        """The trial of the smallest model within one standard error of the best, or None.

        Confirmed scores are used if there are any, else first scores.
        """
        return confirmation.smallest(self.confirmation, self.trials, self.ranking)

    @property
    def test_consultations(self) -> list[dict[str, Any]]:
        """Every consultation of the test set, in order: ``time``, ``command`` and ``result``."""
        attributes = self._record.user_attrs
        entries = [entry for key, entry in attributes.items() if key.startswith(CONSULTATION)]
        with self._reading(CONSULTATION):
            if not all(fits(entry.get("result"), dict[str, Any]) for entry in entries):
                raise TypeError("a result is not a mapping")
            return sorted(entries, key=lambda entry: datetime.fromisoformat(entry["time"]))

    def record_consultation(self, command: str, result: dict[str, Any]) -> None:
        """Record that the test set was consulted, before anybody sees the result."""
        entry = {
            "time": datetime.now().astimezone().isoformat(timespec="seconds"),
            "command": command,
            "result": result,
        }
        # Under a key of its own, so that two at the same time are both kept.
        self._record.set_user_attr(CONSULTATION + uuid.uuid4().hex, entry)

    @property
    def n_finished(self) -> int:
        """Number of finished trials: complete, pruned or failed."""
        return sum(trial.is_finished for trial in self.trials)

    @property
    def n_begun(self) -> int:
        """Number of trials that are finished or running."""
        return sum(trial.is_begun for trial in self.trials)

    @property
    def trials_since_best(self) -> int:
        """Number of trials that finished after the best one."""
        best = self.best
        if best is None or best.ended is None:
            return self.n_finished
        # By the time they ended: trials of other workers have higher numbers and end earlier.
        return sum(
            trial.is_finished and trial.ended is not None and trial.ended > best.ended
            for trial in self.trials
        )

    def importances(self, names: Collection[str]) -> dict[str, float]:
        """How much hyperparameters matter; see :func:`hpo.study.importances.importances`.

        Args:
            names: The hyperparameters that have more than one value.
        """
        from hpo.study.importances import importances

        return importances(self._record, names)

    @property
    def late_results(self) -> dict[int, float]:
        """Scores that came after their trials had been given up, by trial; they do not count."""
        attributes = self._record.user_attrs
        with self._reading(LATE):
            return {
                int(key.removeprefix(LATE)): float(entry["score"])
                for key, entry in attributes.items()
                if key.startswith(LATE)
            }

    def rank(self, score: float) -> int:
        """Number of complete trials that are better than a score."""
        loss = as_loss(score, self._direction)
        return sum(self._loss(trial) < loss for trial in self.ranking)

    @functools.cached_property
    def _direction(self) -> Direction:
        return direction_of(self._record)

    def _loss(self, trial: Trial) -> float:
        return as_loss(trial.score or 0.0, self._direction)

    def drop_models(self, keep: int) -> None:
        """Remove the models of all complete trials but the best ``keep``."""
        self.files.drop_models(trial.number for trial in self.ranking[keep:])

    if not TYPE_CHECKING:  # a type checker would accept every name otherwise

        def __getattr__(self, name: str) -> Any:
            return renamed.by_old_name(self, name, renamed.STUDY)

    @contextmanager
    def _reading(self, key: str) -> Iterator[None]:
        """Say where it is if something in the journal has not the form that it should have."""
        try:
            yield
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise HPOError(
                f"{self.place}: {key.strip('/')} is damaged ({one_line(error)}). "
                "Restore the file from a copy, or start another study with --study NAME."
            ) from error

    def _trial(self, frozen: optuna.trial.FrozenTrial) -> Trial:
        if frozen.number not in self._ended:
            trial = from_optuna(frozen)
            if not frozen.state.is_finished():
                return trial
            self._ended[frozen.number] = trial
        return self._ended[frozen.number]

    def _attribute(self, key: str, kind: type[_Record], *, only_known: bool = False) -> _Record:
        try:
            stored = self._record.user_attrs[key]
            if only_known:  # another version may have had other options
                names = {field.name for field in dataclasses.fields(kind)}
                stored = {name: value for name, value in stored.items() if name in names}
            return checked(kind(**stored))
        except (KeyError, TypeError, AttributeError):
            raise HPOError(
                f"study {self.name!r} in {self.directory}: its {key} are missing, or they are from "
                "another version of hpo. Use that version, or start another study with "
                "--study NAME."
            ) from None
