"""What a model was compiled with, as far as it decides on the objective: plain numbers and names.

A name such as ``val_auc`` does not say what was computed: the curve, the threshold, logits, weights
of samples and outputs are settings, and a function of one's own may have any name. So every trial
records the objective as its model was compiled with it.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind = Literal["metric", "loss"]


@dataclass(frozen=True)
class Term:
    """One of Keras's own metrics or losses on one output.

    Attributes:
        kind: A metric, or a loss, which Keras averages batch by batch.
        name: The name of its class in ``keras.metrics`` or ``keras.losses``.
        config: What the class is called with.
        output: The output; "" for the only one.
        factor: What the term is multiplied by in a sum: the weight of a loss.
        weighted: Whether sample weights count.
    """

    kind: Kind
    name: str
    config: Mapping[str, Any] = field(default_factory=dict)
    output: str = ""
    factor: float = 1.0
    weighted: bool = False

    @property
    def from_logits(self) -> bool:
        """Whether predictions are logits to it."""
        return bool(self.config.get("from_logits"))


@dataclass(frozen=True)
class Compiled:
    """What a model was compiled with.

    Attributes:
        objective: The terms whose sum is the objective; empty if one of them is not Keras's own.
        losses: The losses of the outputs that are Keras's own.
        batch_size: Samples per batch in validation, over which Keras averages losses.
        shapes: The shape of the prediction of one sample, by output.
        penalties: The penalties of weights and activities in the objective, by fold; empty if it
            has none.
        computed: The objective without penalties as computed from the predictions of every fold;
            empty if it could not be computed.
    """

    objective: tuple[Term, ...] = ()
    losses: tuple[Term, ...] = ()
    batch_size: int = 512
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    penalties: tuple[float, ...] = ()
    computed: tuple[float, ...] = ()

    def loss_of(self, output: str) -> Term | None:
        """The loss of an output; None if there is none, or it is not one of Keras's own."""
        return next((loss for loss in self.losses if loss.output == output), None)

    def predicts_logits(self, output: str) -> bool:
        """Whether an output predicts logits, by its loss or the objective."""
        terms = [term for term in (*self.losses, *self.objective) if term.output == output]
        return any(term.from_logits for term in terms)

    @property
    def is_weighted(self) -> bool:
        """Whether sample weights count in the objective."""
        return any(term.weighted for term in self.objective)

    def to_json(self) -> dict[str, Any]:
        """The record as a trial stores it."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, stored: Any) -> Compiled | None:
        """Read a record; None if it is missing or damaged."""
        try:
            return cls(
                objective=_terms(stored["objective"]),
                losses=_terms(stored["losses"]),
                batch_size=max(1, int(stored["batch_size"])),
                shapes={str(n): tuple(map(int, s)) for n, s in stored["shapes"].items()},
                penalties=tuple(map(float, stored["penalties"])),
                computed=tuple(map(float, stored["computed"])),
            )
        except (AttributeError, KeyError, TypeError, ValueError):
            return None


def _terms(stored: list[Mapping[str, Any]]) -> tuple[Term, ...]:
    return tuple(
        Term(
            kind="loss" if term["kind"] == "loss" else "metric",
            name=str(term["name"]),
            config=dict(term["config"]),
            output=str(term["output"]),
            factor=float(term["factor"]),
            weighted=bool(term["weighted"]),
        )
        for term in stored
    )
