"""Where the values of a hyperparameter stand on an axis, with ticks that name them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpo.reporting.html import ranges
from hpo.reporting.html.escape import label
from hpo.reporting.html.formats import setting

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from hpo.space.parameters import Parameter
    from hpo.study.trial import Trial


_FEW = 8
"""So many whole numbers are told apart like choices."""


@dataclass(frozen=True)
class Axis:
    """The axis of a hyperparameter, from 0 to 1.

    Attributes:
        name: The hyperparameter.
        parameter: Its range.
    """

    name: str
    parameter: Parameter

    @property
    def choices(self) -> tuple[Any, ...]:
        """The choices of a categorical one, or few whole numbers; else nothing."""
        low, high = self.parameter.ends[0], self.parameter.ends[-1]
        choices = tuple(getattr(self.parameter, "choices", ()))
        if choices or not isinstance(low, int) or not isinstance(high, int):
            return choices
        step = getattr(self.parameter, "step", None) or 1
        few = not self.is_logarithmic and (high - low) // step < _FEW
        return tuple(range(low, high + 1, step)) if few else ()

    @property
    def is_logarithmic(self) -> bool:
        """Whether its scale is logarithmic."""
        return bool(getattr(self.parameter, "log", False))

    def place(self, value: Any) -> float | None:
        """Where a value stands, from 0 to 1; None where it has no place."""
        if self.choices:
            if value not in self.choices:
                return None
            return (self.choices.index(value) + 0.5) / len(self.choices)
        return ranges.position(self.parameter, value)

    def places(self, trials: Sequence[Trial]) -> np.ndarray:
        """Where the values of trials stand; NaN where the hyperparameter does not apply."""
        import numpy as np

        found = [self.place(trial.params.get(self.name)) for trial in trials]
        return np.array([np.nan if place is None else place for place in found])

    def ticks(self, most: int = 12) -> dict[str, list[Any]]:
        """Positions and names of choices, or of both ends and some values between."""
        if self.choices:
            named = [(self.place(choice), label(setting(choice), 16)) for choice in self.choices]
            step = -(-len(named) // most)
            named = named[::step]
        else:
            shares = (0.0, 0.25, 0.5, 0.75, 1.0)
            named = [(share, label(setting(self.value(share)))) for share in shares]
        return {"tickvals": [place for place, _ in named], "ticktext": [text for _, text in named]}

    def value(self, share: float) -> float | int:
        """The value at a place of a numeric one, rounded to what is pleasant to read.

        Args:
            share: From 0 at the low end to 1 at the high end.
        """
        low, high = float(self.parameter.ends[0]), float(self.parameter.ends[-1])
        found = low * (high / low) ** share if self.is_logarithmic else low + share * (high - low)
        return round(found) if isinstance(self.parameter.ends[0], int) else float(f"{found:.2g}")


def searched(snapshot: Any) -> tuple[Axis, ...]:
    """The axes of the hyperparameters that can take more than one value, in the space's order."""
    space = snapshot.space
    if space is None:
        return ()
    found = (Axis(name, space[name]) for name in space.names)
    return tuple(axis for axis in found if len(set(axis.parameter.ends)) > 1)
