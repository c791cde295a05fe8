"""The samples that the out-of-fold predictions of a study got most wrong.

A report has neither the data nor the task. So the search and the ensemble, which have both, store
what a person wants to see of these samples, small enough to be sent by mail.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from hpo.data.logits import probabilities
from hpo.data.targets import metric_of
from hpo.errors import HPOError, one_line
from hpo.scoring.outcomes import joined_labels, read_classes, read_labels, read_values
from hpo.study.files import OutOfFold
from hpo.support import files
from hpo.support.png import encode, thumbnail
from hpo.support.types import checked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpo.scoring.outcomes import Labels
    from hpo.study.study import Study
    from hpo.task import Data

FILE = "samples.json"
MAX_SAMPLES = 12
MAX_TEXT_LENGTH = 300
"""Maximum number of characters of a stored text."""
MAX_PICTURE_PIXELS = 64
"""Maximum number of pixels along the longer side of a stored picture."""

Kind = Literal["text", "picture", "features", "nothing"]


@dataclass(frozen=True)
class Sample:
    """A training sample with its out-of-fold prediction.

    Attributes:
        index: Its number among the training samples.
        truth: The name of its class, or its value.
        predicted: The predicted class or value.
        confidence: The predicted probability of that class, from 0 to 1; None for a regression.
        kind: The kind of ``content``.
        content: A text, a PNG picture in base64, or values by feature name.
    """

    index: int
    truth: str | float
    predicted: str | float
    confidence: float | None
    kind: Kind
    content: Any


@dataclass(frozen=True)
class Mistakes:
    """The worst samples of one output of a trial or of the ensemble.

    Attributes:
        source: The trial's number, or "ensemble".
        output: The name of the output; "" for a single output.
        n_wrong: Number of samples that were predicted wrongly; None for a regression.
        samples: The samples, the worst first.
    """

    source: int | str
    output: str
    n_wrong: int | None
    samples: tuple[Sample, ...]


@dataclass(frozen=True, eq=False)
class Predictions:
    """Predictions among which the worst are looked for.

    Attributes:
        objective: The study's objective.
        targets: Targets of all training samples by output name, shape (n_samples, ...) each.
        by_source: Out-of-fold predictions by the trial's number, or "ensemble".
        losses: Keras's name for the loss by output name.
    """

    objective: str
    targets: Mapping[str, np.ndarray]
    by_source: Mapping[int | str, OutOfFold]
    losses: Mapping[str, str]


def store(study: Study, data: Data) -> None:
    """Store the worst samples of the best trial, and of the ensemble if there is one.

    Args:
        study: The study.
        data: The data that it searches on.
    """
    write(study, find(predictions_of(study), data))


def predictions_of(study: Study) -> Predictions:
    """The predictions of the ensemble and of the best trial, as far as they exist."""
    by_source, best = _sources(study), study.best
    outputs = {name for of_source in by_source.values() for name in of_source.predictions}
    return Predictions(
        objective=study.settings.objective,
        targets=study.files.targets,
        by_source=by_source,
        losses={name: best.loss_of(name) for name in outputs} if best else {},
    )


def find(predictions: Predictions, data: Data) -> list[Mistakes]:
    """The worst samples of every source and output.

    Args:
        predictions: The predictions.
        data: The data that the study searches on.
    """
    return [
        mistakes
        for source, out_of_fold in predictions.by_source.items()
        for mistakes in _worst(predictions, data, source, out_of_fold)
    ]


def write(study: Study, found: Sequence[Mistakes]) -> None:
    """Write the worst samples.

    Args:
        study: The study.
        found: The samples.
    """
    path = study.directory / FILE
    files.write_json(path, [asdict(mistakes) for mistakes in found])
    study.files.publish(path)


def load(study: Study) -> tuple[Mistakes, ...]:
    """Read what :func:`write` wrote.

    Args:
        study: The study.

    Returns:
        The worst samples; empty if none were stored.

    Raises:
        HPOError: The file is damaged.
    """
    path = study.directory / FILE
    study.files.fetch(path)
    if not path.exists():
        return ()
    try:
        return tuple(
            checked(
                Mistakes(**{**entry, "samples": tuple(Sample(**one) for one in entry["samples"])})
            )
            for entry in files.read_json(path)
        )
    except (KeyError, TypeError) as error:
        raise HPOError(f"{path}: is damaged ({one_line(error)}). Delete the file.") from error


def _sources(study: Study) -> dict[int | str, OutOfFold]:
    """The predictions of the ensemble and of the best trial, if they exist."""
    sources: dict[int | str, OutOfFold] = {}
    of_ensemble = study.files.ensemble_predictions
    if of_ensemble is not None:
        sources["ensemble"] = of_ensemble
    best = study.best
    if best and study.files.has_arrays(best.number):
        of_best = study.files.arrays(best.number)
        predictions = probabilities(of_best.predictions, best.activations)
        sources[best.number] = OutOfFold(of_best.index, predictions)
    return sources


def _worst(
    predictions: Predictions, data: Data, source: int | str, out_of_fold: OutOfFold
) -> list[Mistakes]:
    by_output = []
    targets = predictions.targets
    index = out_of_fold.index
    for output, predicted in out_of_fold.predictions.items():
        target = targets.get(output)
        if target is None or len(target) != data.n_samples:
            continue
        names = None if output else data.class_names
        metric = metric_of(predictions.objective, output, several=len(targets) > 1)
        loss = predictions.losses.get(output, "")
        judged = _judge(target[index], predicted, names, metric, loss)
        if judged is not None:
            by_output.append(_decoded(data, source, output, index, judged))
    return by_output


@dataclass(frozen=True, eq=False)
class _Judged:
    """The worst predictions: their positions, classes or values, and confidences."""

    positions: np.ndarray
    truth: list[Any]
    predicted: list[Any]
    confidence: list[float | None]
    n_wrong: int | None


def _judge(
    truth: np.ndarray, predicted: np.ndarray, names: Any, metric: str, loss: str
) -> _Judged | None:
    n = len(truth)
    labels = read_labels(truth, predicted, names, metric=metric, loss=loss)
    if labels is not None:
        return _judge_labels(labels) if len(labels.truth) == n else None
    classes = read_classes(truth, predicted, names, metric=metric, loss=loss)
    if classes is not None and len(classes.truth) == n:
        wrong = np.flatnonzero(
            (classes.truth != classes.predicted) & np.isfinite(classes.confidence)
        )
        worst = wrong[np.argsort(-classes.confidence[wrong], kind="stable")][:MAX_SAMPLES]
        return _Judged(
            worst,
            [classes.names[c] for c in classes.truth[worst]],
            [classes.names[c] for c in classes.predicted[worst]],
            classes.confidence[worst].tolist(),
            len(wrong),
        )
    if classes is not None or read_values(truth, predicted) is None or truth.size != n:
        return None
    true, guessed = truth.astype(float).ravel(), predicted.astype(float).ravel()
    off = np.abs(guessed - true)
    known = np.flatnonzero(np.isfinite(off))
    worst = known[np.argsort(-off[known], kind="stable")][:MAX_SAMPLES]
    nothing: list[float | None] = [None] * len(worst)
    return _Judged(worst, true[worst].tolist(), guessed[worst].tolist(), nothing, None)


def _judge_labels(labels: Labels) -> _Judged:
    """Samples with a wrong label, first those whose wrong label is the most confident."""
    wrong = (labels.truth != labels.predicted) & np.isfinite(labels.confidence)
    certainty = np.where(wrong, labels.confidence, -1.0).max(axis=1)
    positions = np.flatnonzero(wrong.any(axis=1))
    worst = positions[np.argsort(-certainty[positions], kind="stable")][:MAX_SAMPLES]

    def named(rows: np.ndarray) -> list[str]:
        return [text or "none" for text in joined_labels(rows[worst], labels.names)]

    confidence = certainty[worst].tolist()
    return _Judged(worst, named(labels.truth), named(labels.predicted), confidence, len(positions))


def _decoded(
    data: Data, source: int | str, output: str, index: np.ndarray, judged: _Judged
) -> Mistakes:
    samples = []
    for place, position in enumerate(judged.positions):
        number = int(index[position])
        kind, content = _look_safely(data, number)
        samples.append(
            Sample(
                number,
                judged.truth[place],
                judged.predicted[place],
                judged.confidence[place],
                kind,
                content,
            )
        )
    return Mistakes(source, output, judged.n_wrong, tuple(samples))


def _look_safely(data: Data, number: int) -> tuple[Kind, Any]:
    """Look at a sample; if that fails, the text says why."""
    try:
        return look(data, number)
    except Exception as error:  # noqa: BLE001  (a plugin's own function may raise anything)
        return "text", _cut(f"[the task's decode failed: {type(error).__name__}: {error}]")


def look(data: Data, number: int) -> tuple[Kind, Any]:
    """Show a training sample as a person would look at it.

    Args:
        data: The data; without ``decode``, samples are shown by ``feature_names``, or not at all.
        number: The number of the sample.

    Returns:
        The kind of the content, and the content, which JSON can hold.
    """
    x = data.x
    sample = {k: part[number] for k, part in x.items()} if isinstance(x, Mapping) else x[number]
    if data.decode is not None:
        return _shown(data.decode(sample))
    if data.feature_names is not None and not isinstance(sample, Mapping):
        return _shown(dict(zip(data.feature_names, np.ravel(sample).tolist(), strict=False)))
    return "nothing", None


def _shown(decoded: Any) -> tuple[Kind, Any]:
    if isinstance(decoded, Mapping):
        return "features", {str(name): _plain(value) for name, value in decoded.items()}
    if isinstance(decoded, np.ndarray) and _is_picture(decoded):
        small = thumbnail(decoded, MAX_PICTURE_PIXELS)
        return "picture", base64.b64encode(encode(small)).decode("ascii")
    return "text", _cut(str(decoded))


def _is_picture(array: np.ndarray) -> bool:
    gray_or_color = array.ndim == 2 or (array.ndim == 3 and array.shape[-1] in (1, 3))  # noqa: PLR2004
    return gray_or_color and array.size > 0 and np.issubdtype(array.dtype, np.number)


def _cut(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= MAX_TEXT_LENGTH else flat[: MAX_TEXT_LENGTH - 1] + "…"


def _plain(value: Any) -> Any:
    plain = value.item() if isinstance(value, np.generic) else value
    if isinstance(plain, float):
        return plain if math.isfinite(plain) else None
    return plain if isinstance(plain, bool | int | None) else _cut(str(plain))
