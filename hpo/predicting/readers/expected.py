"""What samples of a study look like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpo.errors import HPOError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hpo.study.facts import Facts


@dataclass(frozen=True)
class Expected:
    """What samples must look like so that a study can predict them.

    Attributes:
        shapes: The shape of a sample by input name; "" if there is one input, () for texts.
        feature_names: The names of the columns, if they have names.
    """

    shapes: Mapping[str, tuple[int, ...]]
    feature_names: Sequence[str] | None = None

    @classmethod
    def of(cls, facts: Facts | None) -> Expected:
        """Read what the facts of a study say.

        Raises:
            HPOError: There are no facts yet, since no worker has loaded the data.
        """
        if facts is None:
            raise HPOError("the study has not loaded its data yet. Search first: hpo run")
        shapes = {name: tuple(shape[1:]) for name, shape in facts.data.shapes.items()}
        return cls(shapes, facts.data.feature_names)

    @property
    def only(self) -> tuple[int, ...] | None:
        """The shape of a sample of the only input; None if there are several inputs."""
        return self.shapes.get("")

    def shown(self) -> str:
        """Name and shape of every input, for messages."""
        return ", ".join(f"{name or 'x'} {shape_of(one)}" for name, one in self.shapes.items())


def shape_of(sample: tuple[int, ...]) -> str:
    """The shape of an array of samples, for messages."""
    return f"({', '.join(['n_samples', *map(str, sample)])})"
