"""What samples of a study look like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpo.errors import HPOError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True)
class Expected:
    """What samples look like that a study can predict.

    Attributes:
        shapes: The shape of a sample by input name; "" where there is one input, () for texts.
        feature_names: The names of the columns, where they have some.
    """

    shapes: Mapping[str, tuple[int, ...]]
    feature_names: Sequence[str] | None = None

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Expected:
        """What the facts of a study say.

        Raises:
            HPOError: They say nothing, since no worker has seen the data yet.
        """
        if not facts:
            raise HPOError("the study has seen no data yet. Search first: hpo run STUDY")
        data = facts["data"]
        shapes = {name: tuple(shape[1:]) for name, shape in data["shapes"].items()}
        return cls(shapes, data["feature_names"])

    @property
    def only(self) -> tuple[int, ...] | None:
        """The shape of a sample of the only input; None where there are several."""
        return self.shapes.get("")

    def shown(self) -> str:
        """Name and shape of every input, for messages."""
        return ", ".join(f"{name or 'x'} {shape_of(one)}" for name, one in self.shapes.items())


def shape_of(sample: tuple[int, ...]) -> str:
    """The shape of an array of samples, for messages."""
    return f"({', '.join(['n_samples', *map(str, sample)])})"
