"""The samples that a model got most wrong, as a person would look at them."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpo.reporting.html import formats
from hpo.reporting.html.formats import MISSING, number

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hpo.study.mistakes import Mistakes, Sample


@dataclass(frozen=True)
class Shown:
    """One sample.

    Attributes:
        index: Its number among the training samples.
        truth: Its class or value.
        predicted: What was predicted.
        sure: How sure the model was, in words; "" for a regression.
        text: What it says; "" where it is no text.
        picture: A PNG in base64; "" where it is no picture.
        outcome: True and predicted value and their difference, or what was predicted.
        values: Its features, in the order of the gallery's columns.
    """

    index: int
    truth: str
    predicted: str
    sure: str
    text: str
    picture: str
    outcome: tuple[str, ...]
    values: tuple[str, ...]


@dataclass(frozen=True)
class Gallery:
    """Samples beside each other.

    Attributes:
        title: What they have in common.
        lead: What is seen, in a sentence.
        kind: "text", "picture", "features" or "nothing".
        is_table: Whether it is a table rather than cards.
        is_really: The words between what was predicted and what is true.
        outcome: The headings of what was predicted, where it is a table.
        columns: The names of the features, where it is a table.
        samples: The samples, the worst first.
    """

    title: str
    lead: str
    kind: str
    is_table: bool
    is_really: str
    outcome: tuple[str, ...]
    columns: tuple[str, ...]
    samples: tuple[Shown, ...]


def gallery(mistakes: Iterable[Mistakes], source: int | str, output: str) -> Gallery | None:
    """The gallery of one output of a trial or of the ensemble.

    Args:
        mistakes: All that was stored.
        source: The trial's number, or "ensemble".
        output: The name of the output.

    Returns:
        The gallery; None where nothing was stored of it, or nothing was wrong.
    """
    found = [m for m in mistakes if (m.source, m.output) == (source, output) and m.samples]
    return _gallery(found[0]) if found else None


def _gallery(mistakes: Mistakes) -> Gallery:
    kind = mistakes.samples[0].kind
    regression = mistakes.n_wrong is None
    columns: dict[str, None] = {}
    for sample in mistakes.samples:
        if sample.kind == "features":
            columns |= dict.fromkeys(sample.content)
    names = tuple(columns)
    shown = tuple(_shown(sample, names) for sample in mistakes.samples)
    outcome = ("True", "Predicted", "Off by") if regression else ("True", "Predicted", "Sure")
    return Gallery(
        title="Worst misses" if regression else "Most confident mistakes",
        lead=_lead(mistakes),
        kind=kind,
        is_really="The true value is" if regression else "It is really",
        outcome=outcome,
        columns=names,
        is_table=kind in ("features", "nothing"),
        samples=shown,
    )


def _lead(mistakes: Mistakes) -> str:
    amount = len(mistakes.samples)
    if mistakes.n_wrong is None:
        return (
            f"The {formats.count(amount, 'sample')} whose predictions are furthest off. Samples "
            "that no model could get right, or that were recorded wrongly, gather here."
        )
    of = f" of {mistakes.n_wrong:,}" if mistakes.n_wrong > amount else ""
    return (
        f"{formats.count(amount, 'wrong prediction')}{of}, those first of which the model was "
        "surest. Look for wrong labels, and for what the model does not understand."
    )


def _shown(sample: Sample, columns: tuple[str, ...]) -> Shown:
    sure = f"{number(100 * sample.confidence, 3)} %" if sample.confidence is not None else ""
    features = sample.content if isinstance(sample.content, dict) else {}
    truth, predicted = _word(sample.truth), _word(sample.predicted)
    return Shown(
        index=sample.index,
        truth=truth,
        predicted=f"Predicted {predicted}",
        sure=f"{sure} sure" if sure else _off(sample),
        text=str(sample.content) if sample.kind == "text" else "",
        picture=_picture(sample.content) if sample.kind == "picture" else "",
        outcome=(truth, predicted, sure or _difference(sample)),
        values=tuple(_feature(features.get(name)) for name in columns),
    )


def _feature(value: Any) -> str:
    return MISSING if value is None else formats.setting(value)


def _word(value: Any) -> str:
    return value if isinstance(value, str) else number(value)


def _difference(sample: Sample) -> str:
    if isinstance(sample.truth, str) or isinstance(sample.predicted, str):
        return ""
    apart = sample.predicted - sample.truth
    return f"+{number(apart, 3)}" if apart > 0 else number(apart, 3)


def _off(sample: Sample) -> str:
    return f"off by {_difference(sample)}"


def _picture(content: Any) -> str:
    """The picture, unless it is something else: a study may come from anywhere."""
    try:
        decoded = base64.b64decode(str(content), validate=True)
    except (binascii.Error, ValueError):
        return ""
    return base64.b64encode(decoded).decode("ascii")
