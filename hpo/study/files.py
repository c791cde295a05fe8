"""The files of a study, except its journal: trials' arrays and models, targets, ensemble.

Only this module knows the names of the arrays in ``evaluation.npz``, ``targets.npz`` and
``oof.npz``.
"""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hpo.errors import HPOError
from hpo.study.commands import command
from hpo.study.ensemble_record import EnsembleRecord
from hpo.support import files
from hpo.training.evaluation import TrialArrays

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from hpo.study.artifacts import Artifacts

_INDEX, _FOLD, _ID = "index", "fold", "id"
_MODEL = re.compile(r"trials/(\d+)/fold-\d+\.keras")
_STORED = ("trials/*/[!.]*", "ensemble/**/[!.]*", "targets.npz", "samples.json")
_CURVE, _OUT_OF_FOLD, _TARGET = "curve/", "oof/", "y/"


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """Predictions of training samples by models that were not trained on them.

    Attributes:
        index: The numbers of the training samples, shape (n_predicted,).
        predictions: Their predictions by output name, shape (n_predicted, ...) each.
    """

    index: np.ndarray
    predictions: Mapping[str, np.ndarray]


class StudyFiles:
    """The files of a study, except its journal.

    Args:
        directory: The study's folder.
        artifacts: Where its files are stored, if the folder is only a cache of them.
    """

    def __init__(self, directory: Path, artifacts: Artifacts | None = None) -> None:
        self._directory = directory
        self._artifacts = artifacts
        self._without_models: set[int] = set()

    @property
    def study(self) -> str:
        """The study's name: that of its folder, which may have been copied or renamed."""
        return Path(os.path.abspath(self._directory)).name  # noqa: PTH100  (links are kept)

    def trial_directory(self, number: int) -> Path:
        """The folder of a trial's files."""
        return self._directory / "trials" / str(number)

    def remove_trial(self, number: int) -> None:
        """Remove all files of a trial."""
        if self._artifacts is not None:
            prefix = f"trials/{number}/"
            stored = [name for name in self._artifacts.names() if name.startswith(prefix)]
            self._artifacts.remove(self._directory / name for name in stored)
        shutil.rmtree(self.trial_directory(number), ignore_errors=True)

    def model_paths(self, number: int) -> list[Path]:
        """The models of a trial, one per fold; empty if they were not kept."""
        here = self._artifacts is None
        paths = self._local_models(number) if here else self._stored_models({number})
        ordered = sorted(paths, key=lambda path: int(path.stem.removeprefix("fold-")))
        self.fetch(*ordered)
        return ordered

    def _local_models(self, number: int) -> Iterable[Path]:
        return self.trial_directory(number).glob("fold-*.keras")

    def _stored_models(self, numbers: Collection[int]) -> list[Path]:
        names = self._artifacts.names() if self._artifacts is not None else ()
        found = (_MODEL.fullmatch(name) for name in names)
        return [self._directory / one[0] for one in found if one and int(one[1]) in numbers]

    def fetch(self, *paths: Path) -> None:
        """Bring files that are stored elsewhere into the study's folder, where they are read.

        Raises:
            HPOError: The store cannot be read.
        """
        if self._artifacts is not None:
            self._artifacts.fetch(paths)

    def fetch_all(self) -> None:
        """Bring all files that are stored elsewhere into the study's folder."""
        if self._artifacts is not None:
            self.fetch(*(self._directory / name for name in self._artifacts.names()))

    def publish(self, *paths: Path) -> None:
        """Store files that were written into the study's folder, if others look elsewhere.

        Raises:
            HPOError: The store cannot be written.
        """
        if self._artifacts is not None:
            self._artifacts.publish(paths)

    def publish_all(self) -> None:
        """Store all files that others need, if they look elsewhere."""
        for pattern in _STORED:
            self.publish(*(path for path in self._directory.glob(pattern) if path.is_file()))

    def publish_trial(self, number: int) -> None:
        """Store all files of a trial, if others look elsewhere."""
        self.publish(*self.trial_directory(number).glob("[!.]*"))

    def write_models(self, number: int, models: Mapping[str, bytes]) -> None:
        """Write the models of a trial that another process saved, by the names of their files."""
        for name, content in models.items():
            with files.replacing(self.trial_directory(number) / Path(name).name) as temporary:
                temporary.write_bytes(content)

    def drop_models(self, numbers: Iterable[int]) -> None:
        """Remove the models of trials."""
        dropped = set(numbers)
        if self._artifacts is not None:
            self._artifacts.remove(self._stored_models(dropped))
        for number in dropped - self._without_models:
            for path in self._local_models(number):
                path.unlink(missing_ok=True)
        self._without_models |= dropped

    def has_arrays(self, number: int) -> bool:
        """Whether the curves and predictions of a trial are stored."""
        path = self._evaluation(number)
        return path.exists() or (self._artifacts is not None and self._artifacts.has(path))

    def fetch_arrays(self, numbers: Iterable[int]) -> None:
        """Bring the arrays of trials into the study's folder, before they are read one by one."""
        self.fetch(*map(self._evaluation, numbers))

    def arrays(self, number: int) -> TrialArrays:
        """Curves and out-of-fold predictions of a complete trial.

        Raises:
            HPOError: The trial's file is missing or damaged.
        """
        path = self._evaluation(number)
        self.fetch(path)
        arrays = files.read_arrays(path)
        try:
            return TrialArrays(
                curves=_with_prefix(arrays, _CURVE),
                predictions=_with_prefix(arrays, _OUT_OF_FOLD),
                index=arrays[_INDEX],
                fold=arrays[_FOLD],
            )
        except KeyError as error:
            raise HPOError(f"{path}: the array {error} is missing. The file is damaged.") from error

    def write_arrays(self, number: int, arrays: TrialArrays) -> None:
        """Write curves and out-of-fold predictions of a trial, whose models are saved."""
        files.write_arrays(
            self._evaluation(number),
            {
                _INDEX: arrays.index,
                _FOLD: arrays.fold,
                **_prefixed(_CURVE, arrays.curves),
                **_prefixed(_OUT_OF_FOLD, arrays.predictions),
            },
        )
        self.publish_trial(number)

    def curves(self, number: int, names: Sequence[str]) -> dict[str, np.ndarray]:
        """Some of the curves of a trial, without reading the rest of its file.

        Args:
            number: The trial.
            names: The metrics to read.

        Returns:
            Those that exist, shape (n_epochs_trained, n_folds) each; empty if the trial has no
            file.

        Raises:
            HPOError: The file is damaged.
        """
        path = self._evaluation(number)
        self.fetch(path)
        if not path.exists():
            return {}
        read = _with_prefix(files.read_arrays(path, [_CURVE + name for name in names]), _CURVE)
        return {name: curve for name, curve in read.items() if curve.ndim > 1 and len(curve)}

    @property
    def targets(self) -> dict[str, np.ndarray]:
        """Targets of all training samples by output name, shape (n_samples, ...) each.

        A single output has the name ``""``. Empty before the first worker ran.

        Raises:
            HPOError: Their file is damaged.
        """
        path = self._directory / "targets.npz"
        self.fetch(path)
        found = _with_prefix(files.read_arrays(path), _TARGET) if path.exists() else {}
        if not all(array.ndim for array in found.values()):
            raise HPOError(f"{path}: is damaged (an array has no axis of samples).")
        return found

    def write_targets(self, targets: Mapping[str, np.ndarray]) -> None:
        """Write the targets of all training samples.

        Args:
            targets: By output name, shape (n_samples, ...) each.
        """
        path = self._directory / "targets.npz"
        files.write_arrays(path, _prefixed(_TARGET, targets))
        self.publish(path)

    @property
    def ensemble(self) -> EnsembleRecord | None:
        """The latest ensemble, or None.

        Raises:
            HPOError: Its file is damaged.
        """
        path = self._ensemble("ensemble.json")
        self.fetch(path)
        if not path.exists():
            return None
        try:
            record = EnsembleRecord.from_json(files.read_json(path))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise HPOError(
                f"{path}: is damaged ({error!r}). Make the ensemble again: "
                f"{command(self._directory, 'ensemble')}"
            ) from error
        return record.of_study(self.study)

    @property
    def ensemble_predictions(self) -> OutOfFold | None:
        """Cross-fitted predictions of the latest ensemble, or None.

        Raises:
            HPOError: Their file is damaged.
        """
        path = self._ensemble("oof.npz")
        self.fetch(path)
        if not path.exists():
            return None
        arrays = files.read_arrays(path)
        if _INDEX not in arrays:
            raise HPOError(
                f"{path}: the array {_INDEX!r} is missing. Make the ensemble again: "
                f"{command(self._directory, 'ensemble')}"
            )
        record = self.ensemble
        if record is None or bytes(arrays.get(_ID, ())).hex() != record.id:
            raise HPOError(
                f"{path}: belongs to another ensemble than ensemble.json, so writing them was "
                f"interrupted. Make it again: {command(self._directory, 'ensemble')}"
            )
        return OutOfFold(arrays[_INDEX], _with_prefix(arrays, _OUT_OF_FOLD))

    def write_ensemble(self, record: EnsembleRecord, predictions: OutOfFold) -> None:
        """Write an ensemble; it replaces the one before.

        Args:
            record: The ensemble; both files get its id.
            predictions: Its cross-fitted predictions.
        """
        named = _prefixed(_OUT_OF_FOLD, predictions.predictions)
        own = np.frombuffer(bytes.fromhex(record.id), "uint8")
        arrays = {_INDEX: predictions.index, _ID: own, **named}
        oof, description = self._ensemble("oof.npz"), self._ensemble("ensemble.json")
        files.write_arrays(oof, arrays)
        files.write_json(description, record.to_json())
        self.publish(oof, description)

    def _evaluation(self, number: int) -> Path:
        return self.trial_directory(number) / "evaluation.npz"

    def _ensemble(self, name: str) -> Path:
        return self._directory / "ensemble" / name


def _prefixed(prefix: str, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {prefix + name: array for name, array in arrays.items()}


def _with_prefix(arrays: Mapping[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    """The arrays whose names start with a prefix, named without it."""
    return {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}
