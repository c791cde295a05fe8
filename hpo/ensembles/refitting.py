"""Members of an ensemble trained again on all the training data: ``hpo ensemble --refit``.

A fold model has seen only a part of the data, and even less if the search ran on a part of it.
Nothing is left here to choose an epoch on, so a member trains for the number of epochs that the
mean curve of its trial chose. The number of epochs is kept rather than the number of steps: how
often a sample has been seen decides between too little training and too much, so the steps grow in
proportion to the data. A schedule over steps therefore ends earlier in the training than in the
search; one over epochs does not. Batch size and learning rate are those of the trial.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hpo.data.preprocessing import FoldCache
from hpo.data.splits import Split
from hpo.ensembles.members import SavedModel, check_path
from hpo.ensembles.progress import Tally
from hpo.ensembles.training_again import Training, training_again
from hpo.errors import HPOError
from hpo.study.terms import terms_of
from hpo.support import files
from hpo.support.seeds import derived_seed
from hpo.training.evaluation import build
from hpo.training.fixed_epochs import train_for
from hpo.training.saving import save_model

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from hpo.ensembles.members import Member
    from hpo.ensembles.progress import RefitProgress
    from hpo.placement.bench import Bench
    from hpo.placement.jobs import Workshop
    from hpo.study.study import Study
    from hpo.study.terms import Terms
    from hpo.task import Data, Params, Task


@dataclass(frozen=True)
class _Job:
    """One model to train.

    Attributes:
        member: Whose model it is.
        study: The study of the member.
        params: Its configuration.
        seed: The seed of its weights and batches.
        epochs: How long each stage trains.
        path: Where the model is stored.
    """

    member: Member
    study: Terms
    params: Params
    seed: int
    epochs: tuple[int, ...]
    path: Path

    @property
    def n_epochs(self) -> int:
        """How long all stages train together."""
        return sum(self.epochs)

    def do(self, bench: Bench, on_epoch: Callable[[], None]) -> bytes:
        """Train the model and return its file."""
        task, data = bench.data.task, bench.data.whole
        with training_again(self.study, self.member.trial, self.seed, refit=True):
            folds = bench.keep("refit", lambda: _one_fold(task, data))
            model, (fold,) = build(task, data, folds, self.params, self.seed)
            train_for(
                task, model, fold, self.params, self.epochs, seed=self.seed, on_epoch=on_epoch
            )
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / self.path.name
                save_model(model, path)
                return path.read_bytes()


class _Refitting(Training):
    """Stores the models that are trained."""

    refit = True

    def store(self, job: _Job, result: bytes) -> None:
        """Store a model."""
        with files.replacing(job.path) as temporary:
            temporary.write_bytes(result)
        self.studies[job.member.study].files.publish(job.path)


class RefittedModels:
    """Trains trials again on all the training data, and stores their models.

    Args:
        studies: The studies of the trials, by name.
        task: Their task.
        data: All of the task's data.
        seeds: Number of models per trial, 1 or more: the first is trained with the seed of the
            trial, the others with seeds derived from it.
    """

    def __init__(
        self, studies: Mapping[str, Study], task: Task, data: Data, seeds: int = 1
    ) -> None:
        self._studies = studies
        self._task = task
        self._data = data.without_test()
        self._seeds = seeds
        self._transformers = _one_fold(task, self._data)

    def train(
        self,
        members: Collection[Member],
        workshop: Workshop,
        on_progress: Callable[[RefitProgress], None] = lambda _progress: None,
    ) -> None:
        """Train the models of members, except those that exist already.

        Each is stored as soon as it is trained, so an interrupted call continues from there.

        Args:
            members: The members.
            workshop: Where they are trained.
            on_progress: Called after every epoch and every model.

        Raises:
            HPOError: A loss became NaN or infinite, or the task's own code raised an error.
        """
        jobs = [job for member in sorted(members) for job in self._jobs(member)]
        for job in jobs:
            self._studies[job.member.study].files.fetch(job.path)
        missing = [job for job in jobs if not job.path.exists()]
        tally = Tally(
            on_progress,
            len(jobs),
            sum(job.n_epochs for job in missing),
            several=len(self._studies) > 1,
        )
        for job in jobs:
            if job not in missing:
                tally.count_model(job.member, job.seed, job.n_epochs)
        workshop.run(missing, _Refitting(self._studies, tally))

    def models(self, member: Member) -> list[SavedModel]:
        """The models of a member, one per seed.

        Raises:
            HPOError: One is missing, or lies outside the folder of its study.
        """
        jobs = self._jobs(member)
        self._studies[member.study].files.fetch(*(job.path for job in jobs))
        missing = [job.path.name for job in jobs if not job.path.exists()]
        if missing:
            raise HPOError(
                f"study {member.study!r}: the model {missing[0]} of trial {member.trial} is "
                "missing. Train it again: "
                f"{self._studies[member.study].command('ensemble', '--refit')}"
            )
        for job in jobs:
            check_path(job.path, member, self._studies[member.study])
        (transformer,) = self._transformers.transformers(jobs[0].params)
        activations = self._studies[member.study].trials[member.trial].activations
        return [SavedModel(job.path, transformer, activations) for job in jobs]

    def build(self, member: Member) -> Any:
        """Build the network of a member, untrained."""
        trial = self._studies[member.study].trials[member.trial]
        model, _folds = build(
            self._task, self._data, self._transformers, trial.params, trial.seed or 0
        )
        return model

    def _jobs(self, member: Member) -> list[_Job]:
        study = self._studies[member.study]
        trial = study.trials[member.trial]
        epochs = tuple(trial.stage_epochs or [trial.epochs or 0])
        if len(epochs) != 1 + len(self._task.stages):
            raise HPOError(
                f"study {study.name!r}: trial {trial.number} was trained in {len(epochs)} stages, "
                f"but the task now has {1 + len(self._task.stages)}. Search again."
            )
        own = trial.seed or 0
        seeds = [own, *(derived_seed(own, "refit", place) for place in range(1, self._seeds))]
        folder = study.directory / "ensemble" / "models"
        chosen = "-".join(map(str, epochs))
        return [
            _Job(
                member=member,
                study=terms_of(study),
                params=trial.params,
                seed=seed,
                epochs=epochs,
                path=folder / f"trial-{trial.number}-seed-{seed}-epochs-{chosen}.keras",
            )
            for seed in seeds
        ]


def _one_fold(task: Task, data: Data) -> FoldCache:
    """All the data as one fold without a validation part."""
    rows = np.arange(data.n_samples)
    return FoldCache(task, data, [Split(rows, rows[:0])])
