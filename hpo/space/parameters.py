"""Hyperparameters: the choices of a categorical one, and all the types there are."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

from hpo.space.conditions import Condition, When, parse_when
from hpo.space.messages import show
from hpo.space.ranges import Float, Int, is_finite_float
from hpo.space.values import Scalar, same

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import optuna

__all__ = ["Categorical", "Float", "Int", "Parameter"]

MAX_CHOICES = 10_000
"""Every trial of a study records all the choices."""


@dataclass(frozen=True)
class Categorical:
    """A hyperparameter that is one of some choices; with a single choice, a constant.

    Args:
        choices: At least one string, boolean, int or finite float; no two may be equal in
            Python, as ``True`` and ``1`` are, since Optuna cannot tell them apart.
        default: The choice in the default configuration; a constant has its only choice.
        when: What earlier parameters must be for this one to apply, by their names: a value,
            a list of values, or a comparison such as ``">=2"`` or ``"!=adam"``.

    Attributes:
        conditions: ``when``, parsed.
        kinds: The types of the choices, so that ``[1]`` and ``[True]`` are unequal.
    """

    choices: Sequence[Scalar]
    _: KW_ONLY
    default: Scalar | None = None
    when: When | None = field(default=None, compare=False)
    conditions: Mapping[str, Condition] = field(init=False, repr=False, hash=False)
    kinds: tuple[type, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if isinstance(self.choices, list | tuple):
            choices = tuple(map(_without_numpy, self.choices))
            chosen = [choice for choice in choices if same(choice, self.default)]
            object.__setattr__(self, "choices", choices)
            object.__setattr__(self, "default", chosen[0] if chosen else self.default)
        object.__setattr__(self, "kinds", tuple(map(type, self.ends)))
        when, conditions = parse_when(self.when)
        object.__setattr__(self, "when", when)
        object.__setattr__(self, "conditions", conditions)

    @property
    def ends(self) -> tuple[Scalar, ...]:
        """All the choices."""
        return tuple(self.choices) if isinstance(self.choices, tuple) else ()

    def contains(self, value: object) -> bool:
        """Whether the value is one of the choices."""
        return any(same(value, choice) for choice in self.choices)

    def as_own(self, value: Scalar) -> Scalar:
        """The choice that a value is the same as."""
        return next(choice for choice in self.choices if same(choice, value))

    def with_fitting_default(self) -> Categorical:
        """The same with the first choice as its default where the default is not a choice."""
        if self.default is None or self.contains(self.default):
            return self
        return replace(self, default=self.choices[0])

    def describe(self) -> str:
        """The choices in words, such as ``one of ["adam", "sgd"]``."""
        return f"one of {show(list(self.choices))}"

    def problems(self) -> Iterator[str]:
        """What is wrong with the choices; a later problem assumes that the earlier are fixed."""
        if not isinstance(self.choices, tuple):
            yield f"choices={show(self.choices)} is not a list. Write it like choices=[16, 32]."
        if not self.choices:
            yield "choices is empty. List at least one value."
        if len(self.choices) > MAX_CHOICES:
            yield (
                f"choices has {len(self.choices)} values; at most {MAX_CHOICES} are possible. "
                "Search the position in a list with an Int, or leave some out."
            )
        for choice in self.choices:
            if type(choice) not in (str, bool, int) and not is_finite_float(choice):
                yield (
                    f"choices has {show(choice)}, which is not a string, boolean or finite number. "
                    "Use only these types."
                )
        seen: dict[Scalar, Scalar] = {}
        for choice in self.choices:
            if choice in seen:
                twin = show(seen[choice])
                yield f"choices has {twin} and {show(choice)}, which are equal. Keep one."
            seen[choice] = choice

    def suggest(self, trial: optuna.trial.BaseTrial, name: str) -> Scalar:
        """Ask a trial for a choice."""
        return cast("Scalar", trial.suggest_categorical(name, self.choices))


Parameter = Float | Int | Categorical
"""A hyperparameter of a search space."""


def _without_numpy(value: Any) -> Any:
    return float(value) if isinstance(value, float) else value
