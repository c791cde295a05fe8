"""Writes what TensorBoard shows: curves, weights, hyperparameters, and embedded words."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hpo.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from hpo.task import Data, Params
    from hpo.training import FoldArrays
    from hpo.training.evaluation import Evaluation

MOST_WORDS = 5_000
"""Rows of an embedding that the projector is given."""

_CHECKED_SAMPLES = 20
_LOWEST_WORD = 3  # below it are padding, the start mark and what is unknown


def check_folder(directory: Path) -> None:
    """Refuse to write for TensorBoard where it is not installed, or where nothing can be written.

    Args:
        directory: The folder to write to; it is made.

    Raises:
        UsageError: What is wrong.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"--tensorboard {directory}: cannot be made ({error.strerror}). Name another folder."
        ) from error
    if importlib.util.find_spec("tensorboard") is None:
        raise UsageError("--tensorboard needs TensorBoard: pip install 'hpo-keras[tensorboard]'")


@dataclass(frozen=True)
class Board:
    """The folder of one trial, as a run of TensorBoard's.

    Args:
        directory: The folder.
        objective: The name Keras logs the objective under.
    """

    directory: Path
    objective: str

    def write(
        self, params: Params, model: Any, folds: list[FoldArrays], data: Data, found: Evaluation
    ) -> None:
        """Write what a trial came to.

        Args:
            params: The configuration.
            model: The model with the weights of the first fold at the chosen epoch.
            folds: The preprocessed folds.
            data: The data they were made of.
            found: What evaluating the configuration came to.
        """
        self._write_curves(found.arrays.curves)
        self._write_summary(params, model, found)
        for layer in model.layers:
            if type(layer).__name__ == "Embedding" and _are_words(data.x, folds[0].x):
                self._write_words(np.asarray(layer.get_weights()[0])[:MOST_WORDS], data)
                break

    def _write_curves(self, curves: dict[str, np.ndarray]) -> None:
        import tensorflow as tf

        for part in ("train", "validation"):
            with tf.summary.create_file_writer(str(self.directory / part)).as_default():
                for name, curve in curves.items():
                    if name.startswith("val_") != (part == "validation"):
                        continue
                    for epoch, value in enumerate(curve.mean(axis=1), start=1):
                        tag = f"epoch_{name.removeprefix('val_')}"
                        tf.summary.scalar(tag, float(value), step=epoch)

    def _write_summary(self, params: Params, model: Any, found: Evaluation) -> None:
        import tensorflow as tf
        from tensorboard.plugins.hparams import api as hparams

        with tf.summary.create_file_writer(str(self.directory)).as_default():
            hparams.hparams(dict(params), trial_id=self.directory.name)
            tf.summary.scalar(self.objective, found.score, step=sum(found.epochs))
            for weight in model.weights:
                values = np.asarray(weight, "float32")
                tf.summary.histogram(weight.path, values, step=sum(found.epochs))

    def _write_words(self, vectors: np.ndarray, data: Data) -> None:
        words = [_word(data, number) for number in range(len(vectors))]
        np.savetxt(self.directory / "words.tsv", vectors, fmt="%.5g", delimiter="\t")
        (self.directory / "labels.tsv").write_text("\n".join(words) + "\n", encoding="utf-8")
        (self.directory / "projector_config.pbtxt").write_text(
            'embeddings {\n  tensor_name: "words"\n  tensor_path: "words.tsv"\n'
            '  metadata_path: "labels.tsv"\n}\n'
        )


def _are_words(raw: Any, preprocessed: Any) -> bool:
    """Whether the rows of an embedding are the tokens of the raw texts."""
    if not (
        isinstance(raw, np.ndarray)
        and isinstance(preprocessed, np.ndarray)
        and preprocessed.ndim == 2  # noqa: PLR2004
        and (raw.dtype == object or raw.dtype.kind in "iu")
    ):
        return False
    return all(
        set(row[row >= _LOWEST_WORD].tolist()) <= set(np.asarray(text).tolist())
        for row, text in zip(preprocessed[:_CHECKED_SAMPLES], raw[:_CHECKED_SAMPLES], strict=False)
    )


def _word(data: Data, number: int) -> str:
    if data.decode is None:
        return str(number)
    try:
        word = " ".join(str(data.decode(np.array([number]))).split())
    except Exception:  # noqa: BLE001  (a plugin's function, given what may be no word)
        word = ""
    return word or str(number)
