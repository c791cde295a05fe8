"""The axis of a hyperparameter: positions of its values, and ticks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpo.reporting.html import ranges
from hpo.reporting.html.escape import label
from hpo.support.formats import setting

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from hpo.reporting.reading.snapshot import Snapshot
    from hpo.space.parameters import Parameter
    from hpo.study.trial import Trial

MAX_INTEGERS_AS_CHOICES = 8
"""An integer range with at most this many values is drawn like choices."""


@dataclass(frozen=True)
class Axis:
    """The axis of a hyperparameter, from 0 to 1.

    Attributes:
        name: The name of the hyperparameter.
        parameter: The hyperparameter with its range.
    """

    name: str
    parameter: Parameter

    @property
    def choices(self) -> tuple[Any, ...]:
        """The choices, or the values of a short integer range; else an empty tuple."""
        low, high = self.parameter.ends[0], self.parameter.ends[-1]
        choices = tuple(getattr(self.parameter, "choices", ()))
        if choices or not isinstance(low, int) or not isinstance(high, int):
            return choices
        step = getattr(self.parameter, "step", None) or 1
        is_short = not self.is_logarithmic and (high - low) // step < MAX_INTEGERS_AS_CHOICES
        return tuple(range(low, high + 1, step)) if is_short else ()

    @property
    def is_logarithmic(self) -> bool:
        """Whether the scale is logarithmic."""
        return bool(getattr(self.parameter, "log", False))

    def place(self, value: Any) -> float | None:
        """The position of a value, from 0 to 1; None if it has none."""
        if self.choices:
            if value not in self.choices:
                return None
            return (self.choices.index(value) + 0.5) / len(self.choices)
        return ranges.position(self.parameter, value)

    def places(self, trials: Sequence[Trial]) -> np.ndarray:
        """The positions of the values of trials; NaN where the hyperparameter does not apply."""
        import numpy as np

        places = [self.place(trial.params.get(self.name)) for trial in trials]
        return np.array([np.nan if place is None else place for place in places])

    def ticks(self, max_choices: int = 12) -> dict[str, list[Any]]:
        """Ticks for Plotly: at the choices, or at both ends of the range and values in between.

        Args:
            max_choices: If there are more choices, some have no tick.
        """
        if self.choices:
            named = [(self.place(choice), label(setting(choice), 16)) for choice in self.choices]
            step = -(-len(named) // max_choices)
            named = named[::step]
        else:
            shares = (0.0, 0.25, 0.5, 0.75, 1.0)
            named = [(share, label(setting(self.value(share)))) for share in shares]
        return {"tickvals": [place for place, _ in named], "ticktext": [text for _, text in named]}

    def value(self, share: float) -> float | int:
        """The value at a position of a numeric range, rounded for reading.

        Args:
            share: The position, from 0 at the low end to 1 at the high end.
        """
        low, high = float(self.parameter.ends[0]), float(self.parameter.ends[-1])
        value = low * (high / low) ** share if self.is_logarithmic else low + share * (high - low)
        return round(value) if isinstance(self.parameter.ends[0], int) else float(f"{value:.2g}")


def searched(snapshot: Snapshot) -> tuple[Axis, ...]:
    """The axes of the hyperparameters that can take more than one value, in the space's order."""
    space = snapshot.space
    if space is None:
        return ()
    return tuple(Axis(name, space[name]) for name in space.names if ranges.is_searched(space[name]))
