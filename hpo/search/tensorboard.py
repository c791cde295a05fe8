"""Writes what TensorBoard shows: curves, weights, hyperparameters and embedded words."""

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

MAX_WORDS = 5_000
"""Largest number of rows of an embedding that the projector gets."""

_SAMPLES_TO_CHECK = 20
_FIRST_WORD = 3
"""Smaller token ids are padding, the start mark and unknown words."""


def check_folder(directory: Path) -> None:
    """Refuse if TensorBoard is not installed, or the folder cannot be written to.

    Args:
        directory: The folder to write to; it is created.

    Raises:
        UsageError: What is wrong.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"--tensorboard {directory}: cannot create this folder ({error.strerror}). Choose "
            "another one."
        ) from error
    if importlib.util.find_spec("tensorboard") is None:
        raise UsageError(
            "--tensorboard needs TensorBoard. Install it: pip install 'hpo-keras[tensorboard]'"
        )


@dataclass(frozen=True)
class Board:
    """The folder of one trial, which is a run in TensorBoard.

    Args:
        directory: The folder.
        objective: The name under which Keras logs the objective.
    """

    directory: Path
    objective: str

    def write(
        self,
        params: Params,
        model: Any,
        folds: list[FoldArrays],
        data: Data,
        evaluation: Evaluation,
    ) -> None:
        """Write the results of a trial.

        Args:
            params: The configuration.
            model: The model with the weights of the first fold at the chosen epoch.
            folds: The preprocessed folds.
            data: The data they were made of.
            evaluation: The result of evaluating the configuration.
        """
        self._write_curves(evaluation.arrays.curves)
        self._write_summary(params, model, evaluation)
        for layer in model.layers:
            if type(layer).__name__ == "Embedding" and _are_words(data.x, folds[0].x):
                self._write_words(np.asarray(layer.get_weights()[0])[:MAX_WORDS], data)
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

    def _write_summary(self, params: Params, model: Any, evaluation: Evaluation) -> None:
        import tensorflow as tf
        from tensorboard.plugins.hparams import api as hparams

        with tf.summary.create_file_writer(str(self.directory)).as_default():
            hparams.hparams(dict(params), trial_id=self.directory.name)
            tf.summary.scalar(self.objective, evaluation.score, step=sum(evaluation.epochs))
            for weight in model.weights:
                values = np.asarray(weight, "float32")
                tf.summary.histogram(weight.path, values, step=sum(evaluation.epochs))

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
        set(row[row >= _FIRST_WORD].tolist()) <= set(np.asarray(text).tolist())
        for row, text in zip(
            preprocessed[:_SAMPLES_TO_CHECK], raw[:_SAMPLES_TO_CHECK], strict=False
        )
    )


def _word(data: Data, number: int) -> str:
    if data.decode is None:
        return str(number)
    try:
        word = " ".join(str(data.decode(np.array([number]))).split())
    except Exception:  # noqa: BLE001  (a plugin's function; this may not be a word)
        word = ""
    return word or str(number)
