"""Predicts the samples of a file with the ensemble of a study."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hpo.data import splits
from hpo.data.arrays import of_output
from hpo.errors import HPOError, one_line
from hpo.options import PredictOptions
from hpo.predicting.gaps import Gaps
from hpo.predicting.readers import Expected, open_samples
from hpo.predicting.readers.arrays import ArrayFile
from hpo.predicting.readers.member import STRINGS
from hpo.predicting.readers.pictures import PictureFolder
from hpo.predicting.writers import Answers, check_output, writing
from hpo.scoring.metrics import is_regression

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

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
    readers = _readers(ensemble)
    done = 0
    with writing(output) as writer:
        for x in samples.chunks(chunk):
            gaps.check(samples, x, done)
            predictions = _predictions(ensemble, x, samples, done)
            named = predictions if isinstance(predictions, dict) else {"": predictions}
            writer.write({name: readers(name, np.asarray(p)) for name, p in named.items()})
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


def _readers(ensemble: Ensemble) -> Callable[[str, np.ndarray], Answers]:
    """A function that interprets the predictions of an output as classes or as values."""
    known: dict[str, tuple[str, ...]] = {}

    def read(output: str, values: np.ndarray) -> Answers:
        if output not in known:
            known[output] = _class_names(ensemble, output, values)
        return answers(values, known[output])

    return read


def answers(values: np.ndarray, names: tuple[str, ...]) -> Answers:
    """Predictions of one output, with probabilities and labels if it has classes.

    Args:
        values: Predictions, shape (n, ...).
        names: The names of the classes; empty for quantities.
    """
    if not names:
        return Answers(values)
    scores = values.reshape(len(values), -1)
    if scores.shape[1] == 1:
        scores = np.concatenate([1 - scores, scores], axis=1)
    labels = np.array(names)[scores.argmax(axis=1)]
    return Answers(values, scores, labels, names)


def _class_names(ensemble: Ensemble, output: str, values: np.ndarray) -> tuple[str, ...]:
    """The names of the classes of an output; empty if it is not a classification."""
    prefix = f"{output}_" if output else ""
    data = of_output(ensemble.data, output)
    width = values[0].size
    if is_regression(ensemble.task.metric_name.removeprefix(prefix)):
        return ()
    n_classes = 2 if width == 1 else width
    are_probabilities = bool(((values >= 0) & (values <= 1)).all())
    if data.class_names is not None:
        fits = len(data.class_names) == n_classes and (are_probabilities or width > 1)
        return tuple(map(str, data.class_names)) if fits else ()
    truth = splits.class_labels(data)
    if truth is None or not are_probabilities or truth.max() >= n_classes:
        return ()
    return tuple(map(str, range(n_classes)))


def summary(predicted: Predicted) -> Mapping[str, Any]:
    """The object that ``hpo predict --json`` prints."""
    output = None if predicted.output is None else str(predicted.output)
    return {"study": predicted.study, "n_samples": predicted.n_samples, "output": output}
