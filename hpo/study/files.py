"""The arrays that a study keeps in files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpo.errors import HPOError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np


def read_curves(path: Path, names: Sequence[str]) -> dict[str, np.ndarray]:
    """Some of the curves of a trial.

    Args:
        path: The trial's ``evaluation.npz``; nothing in it is unpickled.
        names: The metrics wanted.

    Returns:
        Those of them that there are, shape (n_epochs_trained, n_folds) each; empty where there is
        no file.

    Raises:
        HPOError: The file is damaged.
    """
    import numpy as np

    if not path.exists():
        return {}
    try:
        with path.open("rb") as file, np.lib.npyio.NpzFile(file, allow_pickle=False) as archive:
            kept = set(archive.files)
            found = {n: archive[f"curve/{n}"] for n in names if f"curve/{n}" in kept}
    except Exception as error:  # a damaged archive raises almost anything
        raise HPOError(f"{path}: cannot be read ({error or type(error).__name__}).") from error
    return {name: curve for name, curve in found.items() if curve.ndim > 1 and len(curve)}


def with_prefix(arrays: dict[str, Any], prefix: str) -> dict[str, Any]:
    """The arrays whose names start with a prefix, named without it."""
    return {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}
