"""Exports an ensemble as a folder that predicts without hpo and without the task's plugin."""

from __future__ import annotations

import re
import shutil
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hpo.errors import HPOError, UsageError
from hpo.exporting import model_card
from hpo.exporting.steps import describe
from hpo.exporting.store import Arrays, Store
from hpo.predicting.gaps import Gaps
from hpo.study.facts import Facts
from hpo.support import files

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hpo.data.targets import Target
    from hpo.ensembles.ensemble import Ensemble
    from hpo.ensembles.members import Member, SavedModel
    from hpo.task import Data

FORMAT = 1
STANDALONE = ("predict.py", "samples.py", "preprocessing.py", "folder.py")
PREPROCESSING = "preprocessing"

# Comments for linters, which mean nothing in an export.
_FOR_LINTERS = re.compile(r"  # (?:noqa|type: ignore)\b.*")


@dataclass(frozen=True)
class Export:
    """An exported ensemble.

    Attributes:
        directory: The folder.
        models: Number of models in it.
        bytes: Size of all its files.
    """

    directory: Path
    models: int
    bytes: int


def export(
    ensemble: Ensemble,
    directory: str | Path,
    on_model: Callable[[int, int], None] = lambda _done, _of: None,
) -> Export:
    """Write an ensemble to a new folder, completely or not at all.

    Members become ``.keras`` files, and their fitted preprocessing becomes arrays and JSON. The
    folder also gets the code that predicts with them, a model card and the versions. The test set
    is not consulted.

    Args:
        ensemble: The ensemble.
        directory: The folder, which must be new or empty.
        on_model: Called after every model with the number of models written and the number of all.

    Raises:
        UsageError: The folder is not empty.
        HPOError: A transformer cannot be written as data, or a model needs the task's plugin.
    """
    target = check_directory(directory)
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{uuid.uuid4().hex}")
    try:
        count = _write(ensemble, temporary, on_model)
        if target.exists():
            target.rmdir()
        temporary.rename(target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return Export(target, count, sum(f.stat().st_size for f in target.rglob("*") if f.is_file()))


def check_directory(directory: str | Path) -> Path:
    """Refuse a folder that an export cannot be written to.

    Returns:
        Its absolute path, with links resolved.

    Raises:
        UsageError: It is not empty, or not a folder.
    """
    target = files.output_folder(Path(directory), "DIR")
    if target.exists() and any(target.iterdir()):
        raise UsageError(f"{directory} exists and is not an empty folder. Choose another one.")
    return target


def _write(ensemble: Ensemble, folder: Path, on_model: Callable[[int, int], None]) -> int:
    store = Store(folder)
    members = {member: ensemble.members.models(member) for member in ensemble.weights}
    writer = _Members(store, sum(map(len, members.values())), on_model)
    data, facts = ensemble.data, ensemble.study.facts or Facts()
    manifest = {
        "format": FORMAT,
        "study": ensemble.study.name,
        "task": ensemble.task.name,
        "inputs": _inputs(data),
        "accepts_gaps": Gaps(ensemble).are_accepted,
        "class_names": facts.data.class_names,
        "feature_names": facts.data.feature_names,
        "targets": {name: _target(target) for name, target in ensemble.targets.items()},
        "members": [
            {
                "name": str(m),
                "weight": weight,
                "models": writer.write(m, members[m]),
                "activations": dict(members[m][0].activations),
            }
            for m, weight in ensemble.weights.items()
        ],
        "stacking": ensemble.combiner.settings(),
        "versions": model_card.versions(),
    }
    files.write_json(folder / "manifest.json", manifest)
    for name in STANDALONE:
        source = (Path(__file__).parent / "standalone" / name).read_text(encoding="utf-8")
        (folder / name).write_text(_FOR_LINTERS.sub("", source), encoding="utf-8")
    (folder / "README.md").write_text(model_card.write(ensemble, manifest), encoding="utf-8")
    (folder / "requirements.txt").write_text(model_card.requirements(), encoding="utf-8")
    return writer.done


class _Members:
    """Writes the models of members, and every fitted preprocessing once."""

    def __init__(self, store: Store, of: int, on_model: Callable[[int, int], None]) -> None:
        self._store = store
        self._of = of
        self._on_model = on_model
        self._preprocessing: dict[int, str] = {}
        self.done = 0

    def write(self, member: Member, models: Sequence[SavedModel]) -> list[dict[str, Any]]:
        written = []
        for saved in models:
            name = f"{self.done:03d}-{member.study}-trial-{member.trial}.keras"
            file = self._store.copy(saved.path, name, str(member))
            written.append({"file": file, "preprocessing": self._steps(saved.transformer)})
            self.done += 1
            self._on_model(self.done, self._of)
        return written

    def _steps(self, transformer: Any) -> str | None:
        if transformer is None:
            return None
        if id(transformer) not in self._preprocessing:  # ids of objects that the members hold
            name = f"{PREPROCESSING}/{len(self._preprocessing):03d}"
            arrays = Arrays(f"the transformer {type(transformer).__name__}")
            arrays.write(self._store.folder, name, describe(transformer, arrays, self._store))
            self._preprocessing[id(transformer)] = name
        return self._preprocessing[id(transformer)]


def _target(target: Target) -> dict[str, Any]:
    return {
        "kind": target.kind,
        "names": list(target.names),
        "width": target.width,
        "threshold": target.threshold,
        "per_step": target.per_step,
    }


def _inputs(data: Data) -> dict[str, Any]:
    parts = data.x if isinstance(data.x, Mapping) else {"": data.x}
    for name, array in parts.items():
        if array.dtype.hasobject and array.ndim != 1:
            raise HPOError(
                f"the task's x{f'[{name!r}]' if name else ''} is an array of Python objects of "
                f"shape {array.shape}, which cannot be stored without pickling. Convert it to "
                "numbers, or to strings of a fixed width, in the task's load."
            )
    return {
        name: {
            "shape": list(np.shape(array)[1:]),
            "dtype": "tokens" if array.dtype.hasobject else array.dtype.name,
            "texts": array.dtype.hasobject,
        }
        for name, array in parts.items()
    }
