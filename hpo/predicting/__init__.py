"""Predicts the samples of a file with the ensemble of a study."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hpo.errors import HPOError, one_line
from hpo.options import PredictOptions
from hpo.predicting.gaps import Gaps
from hpo.predicting.readers import Expected, open_samples
from hpo.predicting.readers.arrays import ArrayFile
from hpo.predicting.readers.member import STRINGS
from hpo.predicting.readers.pictures import PictureFolder
from hpo.predicting.writers import Answers, check_output, writing
from hpo.scoring.outcomes import joined_labels

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hpo.data.targets import Target
    from hpo.ensembles.ensemble import Ensemble
    from hpo.predicting.readers import Samples
    from hpo.study.study import Study


@dataclass(frozen=True)
class Predicted:
    """The result of predicting a file.

    Attributes:
        study: The name of the study.
        n_samples: Number of samples.
        output: The file with the predictions; None if they were printed.
    """

    study: str
    n_samples: int
    output: Path | None


def look_into(study: Study, path: Path, output: Path | None) -> Samples:
    """Open the samples that a study will predict, before anything slow is done.

    Args:
        study: The study.
        path: An ``.npz`` or ``.csv`` file, or a folder of pictures.
        output: The file that predictions will be written to; None prints them.

    Raises:
        UsageError: A file does not exist or has an unsupported type.
        HPOError: The samples do not have the shape that the study was trained on.
    """
    check_output(output, path)
    return open_samples(path, Expected.of(study.facts))


def predict_file(
    ensemble: Ensemble,
    samples: Samples,
    output: Path | None = None,
    *,
    chunk: int = PredictOptions.chunk,
    on_progress: Callable[[int, int | None], None] = lambda _done, _of: None,
) -> Predicted:
    """Predict samples chunk by chunk.

    Args:
        ensemble: The ensemble.
        samples: The samples, as :func:`look_into` opens them.
        output: A ``.csv`` or ``.npz`` file, written whole or not at all; None prints a table.
        chunk: Number of samples in memory at a time, 1 or more.
        on_progress: Called after every chunk with the number of samples done and the number of
            all, which is None if it is unknown.

    Raises:
        HPOError: The samples are damaged, there are none, or a model cannot be loaded.
    """
    _check_kind(ensemble, samples)
    gaps = Gaps(ensemble)
    targets = ensemble.targets
    done = 0
    with writing(output) as writer:
        for x in samples.chunks(chunk):
            gaps.check(samples, x, done)
            predictions = _predictions(ensemble, x, samples, done)
            named = predictions if isinstance(predictions, dict) else {"": predictions}
            writer.write({name: answers(np.asarray(p), targets[name]) for name, p in named.items()})
            done += len(next(iter(named.values())))
            on_progress(done, samples.n_samples)
        if not done:
            raise HPOError("there are no samples to predict.")
    return Predicted(ensemble.study.name, done, output)


def _predictions(ensemble: Ensemble, x: Any, samples: Samples, done: int) -> Any:
    try:
        return ensemble.predict(x)
    except HPOError:
        raise
    except Exception as error:  # of Keras, TensorFlow or the task's preprocessing
        raise HPOError(
            f"{samples.path}: the samples from number {done} on, counted from 0, cannot be "
            f"predicted: {one_line(error)}"
        ) from error


def _check_kind(ensemble: Ensemble, samples: Samples) -> None:
    x = ensemble.data.x
    if isinstance(samples, PictureFolder) and x.dtype != np.uint8:
        raise HPOError(
            f"study {ensemble.study.name!r}: the task's samples are {x.dtype}, not bytes (uint8), "
            "so hpo does not know how the task makes them from pictures. Make an .npz file of "
            "samples as the task does."
        )
    if not isinstance(samples, ArrayFile):
        return
    inputs = x if isinstance(x, Mapping) else {"x": x}
    for name in samples.padded:
        if not inputs[name].dtype.hasobject or _are_strings(inputs[name]):
            raise HPOError(
                f"{samples.path}: {name} must have shape (n_samples), as the task's has, not two "
                "axes."
            )
    for name, dtype in samples.dtypes.items():
        trained_on = inputs.get(name)  # tokens and offsets are arrays of the file alone
        if (dtype.kind in STRINGS) != _are_strings(trained_on):
            kind = "numbers" if trained_on is None else trained_on.dtype
            raise HPOError(
                f"{samples.path}: {name} has values of type {dtype}, but the task's are {kind}."
            )


def _are_strings(array: Any) -> bool:
    if array is None:
        return False
    in_objects = array.dtype.hasobject and isinstance(array.flat[0], str)
    return in_objects or array.dtype.kind in STRINGS


def answers(values: np.ndarray, target: Target) -> Answers:
    """Predictions of one output, with scores and labels if it has classes or labels.

    Args:
        values: Predictions, shape (n, ...).
        target: What they are.
    """
    if target.kind == "quantity":
        return Answers(values)
    n = len(values)
    scores = values.reshape(n, -1, target.width)
    names = target.names
    if target.kind == "labels":
        has_label = (scores > target.threshold).reshape(-1, target.width)
        longest = len(";".join(names))  # one width for all chunks
        labels = np.array(joined_labels(has_label, names), f"<U{longest}")
    elif target.kind == "two classes":
        labels = np.array(names)[(scores[..., 0] > target.threshold).astype(int)]
        if target.are_probabilities:
            scores = np.concatenate([1 - scores, scores], axis=-1)
        else:
            names = names[1:]
    else:
        labels = np.array(names)[scores.argmax(axis=-1)]
    steps = _steps(values, target)
    return Answers(
        values,
        scores.reshape(n, *steps, len(names)),
        labels.reshape(n, *steps),
        names,
        scale="probability" if target.are_probabilities else "score",
        several=target.kind == "labels",
    )


def _steps(values: np.ndarray, target: Target) -> tuple[int, ...]:
    """The shape of the steps or pixels of a sample; empty if a sample has one answer."""
    if not target.per_step:
        return ()
    has_columns = target.kind != "two classes" or values.shape[-1] == 1
    return values.shape[1:-1] if has_columns else values.shape[1:]


def summary(predicted: Predicted) -> Mapping[str, Any]:
    """The object that ``hpo predict --json`` prints."""
    output = None if predicted.output is None else str(predicted.output)
    return {"study": predicted.study, "n_samples": predicted.n_samples, "output": output}
