"""A study: the trials of one search over one task, and their files."""

from __future__ import annotations

import dataclasses
import shutil
import uuid
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from hpo.errors import HPOError
from hpo.options import Options
from hpo.scoring.direction import as_loss
from hpo.study import confirmation
from hpo.study.files import with_prefix
from hpo.study.keys import CONSULTATION, FACTS, FAILURE, FIRST_SEED, OPTIONS, RESULT, SEED, SETTINGS
from hpo.study.settings import Settings
from hpo.study.trial import Failure, Trial, from_optuna
from hpo.study.workers import keep_log
from hpo.support import files
from hpo.training.evaluation import TrialArrays

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy as np
    import optuna

    from hpo.space.space import Space
    from hpo.study.confirmation import Confirmation
    from hpo.training.evaluation import Evaluation
KILLED = Failure("interrupted: the search was killed", "interrupted")


_Record = TypeVar("_Record", Settings, Options)


class Study:
    """A study on disk.

    Use :func:`hpo.study.folder.create_study` and :func:`hpo.load_study` to get one.

    Args:
        record: Optuna's study underneath.
        directory: The folder of the study's files.
    """

    def __init__(self, record: optuna.Study, directory: Path) -> None:
        self.record = record
        self.directory = directory
        self._ended: dict[int, Trial] = {}
        self._without_models: set[int] = set()
        self._options: Options | None = None

    @property
    def name(self) -> str:
        """The study's name."""
        return self.record.study_name

    @property
    def settings(self) -> Settings:
        """What makes the study the study it is."""
        return self._attribute(SETTINGS, Settings)

    @property
    def options(self) -> Options:
        """How this run searches it, or where it does not search, how the latest run did."""
        return self._options or self._attribute(OPTIONS, Options, but_known=True)

    @options.setter
    def options(self, options: Options) -> None:
        self.record.set_user_attr(OPTIONS, dataclasses.asdict(options))
        if FIRST_SEED not in self.record.user_attrs:
            self.record.set_user_attr(FIRST_SEED, options.seed)
        self.search_with(options)

    def search_with(self, options: Options) -> None:
        """Search it with options that another run of the study cannot change."""
        self._options = options

    @property
    def wanted(self) -> int:
        """How many trials it shall have; no more than there are configurations to try."""
        from hpo.space.axes import axes_of_space
        from hpo.space.combinations import all_values, grid_values, has_at_least
        from hpo.study.tried import count_untried

        wanted, axes = self.options.trials, axes_of_space(self.settings.space)
        values = grid_values(axes) if self.options.sampler == "grid" else all_values(axes)
        trials = self.trials
        if values is None or has_at_least(axes, values, wanted + len(trials)):
            return wanted
        begun = sum(trial.counts or trial.state in ("running", "waiting") for trial in trials)
        return min(wanted, begun + count_untried(self.record, axes, values, max(0, wanted - begun)))

    @property
    def has_begun(self) -> bool:
        """Whether a trial was ever begun; until then nothing of it is worth keeping."""
        return any(trial.state != "waiting" for trial in self.trials)

    @property
    def space(self) -> Space:
        """The search space."""
        from hpo.space.space import Space

        return Space.from_text(self.settings.space, name=f"study {self.name}")

    @property
    def facts(self) -> dict[str, Any]:
        """What the first worker found: baseline, data, environment; empty before it did.

        Keys: ``baseline`` (float), ``reference`` ({score, source} or None), ``data``
        ({n_samples, n_samples_whole, fingerprint, shapes, class_names, feature_names, duplicates};
        the samples are those searched on, the fingerprint is of the whole data; duplicates as
        :class:`hpo.data.duplicates.Duplicates` has them) and
        ``environment`` ({python, hpo, keras, tensorflow, ..., backend, devices, platform}).
        """
        return dict(self.record.user_attrs.get(FACTS, {}))

    @facts.setter
    def facts(self, facts: dict[str, Any]) -> None:
        self.record.set_user_attr(FACTS, facts)

    @property
    def trials(self) -> list[Trial]:
        """All trials, by number."""
        return [self._trial(frozen) for frozen in self.record.get_trials(deepcopy=False)]

    @property
    def ranking(self) -> list[Trial]:
        """The complete trials, best first; the earlier of two equal ones comes first."""
        complete = [trial for trial in self.trials if trial.score is not None]
        return sorted(complete, key=lambda trial: (self._loss(trial), trial.number))

    @property
    def best(self) -> Trial | None:
        """The best complete trial, or None while there is none."""
        ranking = self.ranking
        return ranking[0] if ranking else None

    @property
    def confirmation(self) -> Confirmation | None:
        """What the best configurations came to when they were evaluated again, or None."""
        return confirmation.read(self.record.user_attrs, self.trials, self.settings.direction)

    @property
    def chosen(self) -> Trial | None:
        """The trial to show as the best: that of the best confirmed score, else ``best``.

        A trial that was confirmed has its confirmed score here, and the standard error of that. The
        search itself, and the choice of an ensemble, go by ``best`` and ``ranking``, which mean
        first scores: only these are there for all trials.
        """
        return confirmation.chosen(self.confirmation, self.trials, self.ranking)

    @property
    def smallest_as_good(self) -> Trial | None:
        """The smallest model within one standard error of the best, or None where none is known.

        On confirmed scores where there are any, else on first ones.
        """
        return confirmation.smallest(self.confirmation, self.trials, self.ranking)

    @property
    def test_consultations(self) -> list[dict[str, Any]]:
        """Every time the test set was consulted: ``time``, ``command`` and ``result``."""
        attributes = self.record.user_attrs
        found = [entry for key, entry in attributes.items() if key.startswith(CONSULTATION)]
        return sorted(found, key=lambda entry: datetime.fromisoformat(entry["time"]))

    def record_consultation(self, command: str, result: dict[str, Any]) -> None:
        """Put on record that the test set was consulted, before anybody sees the result."""
        entry = {
            "time": datetime.now().astimezone().isoformat(timespec="seconds"),
            "command": command,
            "result": result,
        }
        # Under a key of its own, so that of two at the same time neither is lost.
        self.record.set_user_attr(CONSULTATION + uuid.uuid4().hex, entry)

    def trial_directory(self, number: int) -> Path:
        """The folder of a trial's files."""
        return self.directory / "trials" / str(number)

    def model_paths(self, number: int) -> list[Path]:
        """The kept models of a trial, one per fold; empty where they were not kept."""
        found = self.trial_directory(number).glob("fold-*.keras")
        return sorted(found, key=lambda path: int(path.stem.removeprefix("fold-")))

    def arrays(self, number: int) -> TrialArrays:
        """Curves and out-of-fold predictions of a complete trial.

        Raises:
            HPOError: The trial's file is missing or damaged.
        """
        path = self.trial_directory(number) / "evaluation.npz"
        arrays = files.read_arrays(path)
        try:
            return TrialArrays(
                curves=with_prefix(arrays, "curve/"),
                predictions=with_prefix(arrays, "oof/"),
                index=arrays["index"],
                fold=arrays["fold"],
            )
        except KeyError as error:
            raise HPOError(f"{path}: lacks {error}. The file is damaged.") from error

    @property
    def targets(self) -> dict[str, np.ndarray]:
        """Targets of all training samples by output name, shape (n_samples, ...) each.

        A model with one output has the single name ``""``. Empty before the first worker ran.
        """
        path = self.directory / "targets.npz"
        return with_prefix(files.read_arrays(path), "y/") if path.exists() else {}

    @targets.setter
    def targets(self, targets: dict[str, np.ndarray]) -> None:
        arrays = {f"y/{name}": target for name, target in targets.items()}
        files.write_arrays(self.directory / "targets.npz", arrays)

    @property
    def ensemble(self) -> dict[str, Any] | None:
        """The latest ensemble, as ``hpo ensemble --json`` prints it, or None."""
        path = self.directory / "ensemble" / "ensemble.json"
        return dict(files.read_json(path)) if path.exists() else None

    @property
    def counted(self) -> int:
        """How many trials have been had."""
        return sum(trial.counts for trial in self.trials)

    @property
    def in_vain(self) -> int:
        """How many trials have been had since the best one."""
        best = self.best
        if best is None or best.ended is None:
            return self.counted
        # By the time they ended: trials of other workers have higher numbers and end earlier.
        return sum(
            trial.counts and trial.ended is not None and trial.ended > best.ended
            for trial in self.trials
        )

    def complete(self, trial: optuna.Trial, evaluation: Evaluation) -> None:
        """Store what a trial came to; its files first, so that a complete trial has them."""
        files.write_arrays(
            self.trial_directory(trial.number) / "evaluation.npz",
            {
                "index": evaluation.arrays.index,
                "fold": evaluation.arrays.fold,
                **{f"curve/{name}": c for name, c in evaluation.arrays.curves.items()},
                **{f"oof/{name}": p for name, p in evaluation.arrays.predictions.items()},
            },
        )
        trial.set_user_attr(RESULT, evaluation.summary())
        self.record.tell(trial, evaluation.score)

    def prune(self, trial: optuna.Trial, epochs_trained: int) -> None:
        """End a trial that is not worth going on with; what it reported last stays known."""
        import optuna

        trial.set_user_attr(RESULT, {"epochs_trained": epochs_trained})
        self.record.tell(trial, state=optuna.trial.TrialState.PRUNED)

    def rank(self, score: float) -> int:
        """How many complete trials are better than a score."""
        loss = as_loss(score, self.settings.direction)
        return sum(self._loss(trial) < loss for trial in self.ranking)

    def _loss(self, trial: Trial) -> float:
        return as_loss(trial.score or 0.0, self.settings.direction)

    def drop_models(self, keep: int) -> None:
        """Remove the models of all complete trials but the best ``keep``."""
        for trial in self.ranking[keep:]:
            if trial.number not in self._without_models:
                self._without_models.add(trial.number)
                for path in self.model_paths(trial.number):
                    path.unlink(missing_ok=True)

    def fail(self, number: int, failure: Failure) -> bool:
        """End a running trial as failed; one that was interrupted is queued to be tried again.

        Args:
            number: The trial's number.
            failure: Why it failed.

        Returns:
            Whether the trial still ran; if not, it stays as somebody else ended it.
        """
        import optuna

        frozen = self.record.get_trials(deepcopy=False)[number]
        try:
            # Whoever finds a worker dead has no Trial of Optuna's, only the number.
            self.record._storage.set_trial_user_attr(  # noqa: SLF001
                frozen._trial_id,  # noqa: SLF001
                FAILURE,
                dataclasses.asdict(failure),
            )
            self.record.tell(number, state=optuna.trial.TrialState.FAIL)
        except (optuna.exceptions.UpdateFinishedTrialError, ValueError):
            return False
        shutil.rmtree(self.trial_directory(number), ignore_errors=True)
        # A worker may have died after drawing the first few of those that were queued.
        params = {**frozen.system_attrs.get("fixed_params", {}), **frozen.params}
        if failure.cause == "interrupted" and params:
            attributes = {k: v for k, v in frozen.user_attrs.items() if k == SEED}
            self.record.enqueue_trial(params, user_attrs=attributes)
        return True

    def fail_orphans(self, worker: str | None = None, failure: Failure = KILLED) -> list[int]:
        """Fail the running trials whose worker is gone.

        Args:
            worker: Only those of this worker, known to be dead; by default every running trial
                whose worker no longer holds its lock.
            failure: What became of the worker; by default the search was killed.

        Returns:
            The numbers of those trials.
        """
        with self.asking():
            orphans = [
                trial.number
                for trial in self.trials
                if trial.state == "running"
                and (trial.worker in (worker, None) if worker else not self.is_alive(trial.worker))
            ]
            return [number for number in orphans if self.fail(number, failure)]

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Let other runs know that a run of it is going on; there may be several."""
        from hpo.support.locks import FileLock

        lock = FileLock(self.directory / "run.lock")
        lock.acquire(shared=True)
        try:
            yield
        finally:
            lock.release()

    def is_in_use(self) -> bool:
        """Whether a run of it is going on, or a worker works for it."""
        from hpo.support.locks import FileLock

        lock = FileLock(self.directory / "run.lock")
        if not lock.acquire(block=False):
            return True
        lock.release()
        return any(self.is_alive(path.stem) for path in self._worker_locks())

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Hold the lock under which a trial is begun and gets its worker's name.

        So a running trial without one was left by a worker that died.
        """
        from hpo.support.locks import FileLock

        lock = FileLock(self.directory / "ask.lock")
        lock.acquire()
        try:
            yield
        finally:
            lock.release()

    def sweep(self) -> None:
        """Remove what workers that were killed have left; what they printed goes to the log."""
        with self.asking():
            for lock in self._worker_locks():
                if not self.is_alive(lock.stem):
                    keep_log(lock.with_suffix(".log"), self.directory / "worker.log")
                    lock.unlink(missing_ok=True)

    def worker_lock(self, worker: str) -> Path:
        """The file whose lock a worker holds as long as it lives."""
        return self.directory / "workers" / f"{worker}.lock"

    def _worker_locks(self) -> list[Path]:
        return list((self.directory / "workers").glob("*.lock"))

    def is_alive(self, worker: str | None) -> bool:
        """Whether a worker still holds its lock."""
        from hpo.support.locks import FileLock

        if worker is None or not self.worker_lock(worker).exists():
            return False
        lock = FileLock(self.worker_lock(worker))
        if not lock.acquire(block=False):
            return True
        lock.release()
        return False

    def _trial(self, frozen: optuna.trial.FrozenTrial) -> Trial:
        if frozen.number not in self._ended:
            trial = from_optuna(frozen)
            if not frozen.state.is_finished():
                return trial
            self._ended[frozen.number] = trial
        return self._ended[frozen.number]

    def _attribute(self, key: str, kind: type[_Record], *, but_known: bool = False) -> _Record:
        try:
            found = self.record.user_attrs[key]
            if but_known:  # what another version could choose makes no other study of it
                names = {field.name for field in dataclasses.fields(kind)}
                found = {name: value for name, value in found.items() if name in names}
            return kind(**found)
        except (KeyError, TypeError):
            raise HPOError(
                f"study {self.name!r} in {self.directory} lacks its {key}, or they are those of "
                "another version of hpo. Run it again with this version, or delete the folder."
            ) from None
