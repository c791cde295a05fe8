"""The samples with the worst predictions, for a person to look at."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

from hpo.reporting.html.gallery import Example, Gallery
from hpo.reporting.html.words import signed
from hpo.support import formats
from hpo.support.formats import MISSING, number

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hpo.study.mistakes import Mistakes, Sample


def gallery(mistakes: Iterable[Mistakes], source: int | str, output: str) -> Gallery | None:
    """Make the gallery of one output of a trial or of the ensemble.

    Args:
        mistakes: All stored mistakes.
        source: The number of the trial, or "ensemble".
        output: The name of the output.

    Returns:
        The gallery; None if no samples are stored for this output.
    """
    stored = (m for m in mistakes if (m.source, m.output) == (source, output) and m.samples)
    first = next(stored, None)
    return None if first is None else _gallery(first)


def _gallery(mistakes: Mistakes) -> Gallery:
    kind = mistakes.samples[0].kind
    regression = mistakes.n_wrong is None
    columns: dict[str, None] = {}
    for sample in mistakes.samples:
        if sample.kind == "features":
            columns |= dict.fromkeys(sample.content)
    names = tuple(columns)
    examples = tuple(_example(sample, names) for sample in mistakes.samples)
    return Gallery(
        title="Largest errors" if regression else "Most confident mistakes",
        lead=_lead(mistakes),
        kind=kind,
        truth_label="True value:" if regression else "True class:",
        outcome=("True", "Predicted", "Error" if regression else "Confidence"),
        columns=names,
        is_table=kind in ("features", "nothing"),
        examples=examples,
    )


def _lead(mistakes: Mistakes) -> str:
    amount = len(mistakes.samples)
    if mistakes.n_wrong is None:
        return (
            f"The {formats.count(amount, 'sample')} with the largest errors. Look for wrong labels "
            "and for samples that no model could predict."
        )
    of = f" of {mistakes.n_wrong:,}" if mistakes.n_wrong > amount else ""
    return (
        f"{formats.count(amount, 'wrong prediction')}{of}, the most confident first. Look for "
        "wrong labels and for patterns that the model misses."
    )


def _example(sample: Sample, columns: tuple[str, ...]) -> Example:
    features = sample.content if isinstance(sample.content, dict) else {}
    truth, predicted = _word(sample.truth), _word(sample.predicted)
    if sample.confidence is None:
        value = _error(sample)
        quality = f"error {value}"
    else:
        value = f"{number(100 * sample.confidence, 3)}%"
        quality = f"{value} confidence"
    return Example(
        index=sample.index,
        truth=truth,
        predicted=f"Predicted: {predicted}",
        quality=quality,
        text=str(sample.content) if sample.kind == "text" else "",
        picture=_picture(sample.content) if sample.kind == "picture" else "",
        outcome=(truth, predicted, value),
        values=tuple(_feature(features.get(name)) for name in columns),
    )


def _feature(value: Any) -> str:
    return MISSING if value is None else formats.setting(value)


def _word(value: Any) -> str:
    return value if isinstance(value, str) else number(value)


def _error(sample: Sample) -> str:
    if isinstance(sample.truth, str) or isinstance(sample.predicted, str):
        return ""
    return signed(sample.predicted - sample.truth)


def _picture(content: Any) -> str:
    """The picture if it is base64, else "": a study may come from anywhere."""
    try:
        decoded = base64.b64decode(str(content), validate=True)
    except (binascii.Error, ValueError):
        return ""
    return base64.b64encode(decoded).decode("ascii")
