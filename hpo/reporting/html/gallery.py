"""Galleries: samples with their predictions, side by side."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Example:
    """One sample in a gallery.

    Attributes:
        index: The index among the training samples.
        truth: The true class or value.
        predicted: The predicted class or value.
        quality: The confidence of a predicted class or the error of a predicted value, in words.
        text: The text of the sample; "" if it is not a text.
        picture: The picture as a PNG in base64; "" if the sample is not a picture.
        outcome: The cells of a table: true, predicted, and error or confidence.
        values: The features, in the order of the gallery's columns.
    """

    index: int
    truth: str
    predicted: str
    quality: str
    text: str
    picture: str
    outcome: tuple[str, ...]
    values: tuple[str, ...]


@dataclass(frozen=True)
class Gallery:
    """Samples side by side.

    Attributes:
        title: The heading.
        lead: What the gallery shows, in a sentence or two.
        kind: "text", "picture", "features" or "nothing".
        is_table: Whether the samples are rows of a table instead of cards.
        truth_label: The words before the true class or value on a card.
        outcome: The headings of the outcome in a table.
        columns: The names of the features, which are columns of a table.
        examples: The samples, the worst first.
    """

    title: str
    lead: str
    kind: str
    is_table: bool
    truth_label: str
    outcome: tuple[str, ...]
    columns: tuple[str, ...]
    examples: tuple[Example, ...]
