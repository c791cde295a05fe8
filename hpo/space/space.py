"""Search spaces: the hyperparameters of a task, their ranges and when they apply."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType, NoneType
from typing import TYPE_CHECKING, Any

from hpo.errors import suggestion
from hpo.space.conditions import all_hold
from hpo.space.messages import refusal, show
from hpo.space.parameters import Categorical, Float, Int, Parameter
from hpo.space.values import Scalar, is_kind

if TYPE_CHECKING:
    import optuna


@dataclass(frozen=True)
class Space:
    """A search space: hyperparameters in the order in which they are drawn.

    A parameter applies when all its conditions hold. One that does not apply is absent from the
    configuration, and no condition on it holds. Two spaces are equal when their parameters are
    equal, whatever the names and the order.

    Args:
        parameters: The hyperparameters by name; a name is a Python identifier.
        name: What messages call the space, such as ``"boston.toml"``.

    Raises:
        UsageError: A range, choice, default, name or condition makes no sense; the text names
            the space and the parameter, and says how to fix it.
    """

    parameters: Mapping[str, Parameter]
    name: str = field(default="space", compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "parameters", MappingProxyType(dict(self.parameters)))
        for name in self.parameters:
            problem = next(self._definition_problems(name), None)
            if problem is not None:
                raise refusal(self.name, name, problem)

    def __hash__(self) -> int:
        return hash(frozenset(self.parameters.items()))

    def __reduce__(self) -> tuple[type[Space], tuple[dict[str, Parameter], str]]:
        # A mapping proxy cannot be pickled, yet spaces travel to worker processes.
        return Space, (dict(self.parameters), self.name)

    def __getitem__(self, name: str) -> Parameter:
        return self.parameters[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.parameters)

    def __len__(self) -> int:
        return len(self.parameters)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the parameters, in order."""
        return tuple(self.parameters)

    @classmethod
    def from_toml(cls, path: str | Path) -> Space:
        """Read a space from a TOML file; it is named after the file.

        Raises:
            UsageError: The file cannot be read, or does not hold a valid space.
        """
        from hpo.space.toml import read_text

        return cls.from_text(read_text(Path(path)), Path(path).name)

    @classmethod
    def from_text(cls, text: str, name: str = "space") -> Space:
        """Read a space from TOML: one table per parameter.

        Args:
            text: The TOML.
            name: What messages call the space.

        Raises:
            UsageError: The text is not valid TOML, or not a valid space.
        """
        from hpo.space.toml import read_parameters

        return cls(read_parameters(text, name), name)

    def to_toml(self) -> str:
        """The space as TOML, from which :meth:`from_text` makes an equal space."""
        from hpo.space.toml import write_parameters

        return write_parameters(self.parameters)

    def override(self, settings: Sequence[str]) -> Space:
        """The space with parameters fixed or changed, as ``--set`` does it.

        Args:
            settings: ``NAME=VALUE`` fixes a parameter, ``NAME.FIELD=VALUE`` changes its
                ``low``, ``high``, ``log``, ``step``, ``choices`` or ``default``; a later
                setting sees what the earlier ones did. Values are TOML, or plain strings.
                A constant may be set to any value of its type; ``epochs``, ``batch_size`` and
                ``patience`` may be set in any space. Parameters that can no longer apply are
                dropped.

        Raises:
            UsageError: A setting names nothing that is there, or a value that does not fit.
        """
        from hpo.space.overrides import apply_settings

        return Space(apply_settings(self.parameters, settings, self.name), self.name)

    def suggest(self, trial: optuna.trial.BaseTrial) -> dict[str, Any]:
        """Ask an Optuna trial for a configuration: the parameters that apply, in order."""
        params: dict[str, Any] = {}
        for name, parameter in self.parameters.items():
            if all_hold(parameter.conditions, params):
                params[name] = parameter.suggest(trial, name)
        return params

    def defaults(self) -> dict[str, Any] | None:
        """The default configuration; None if a parameter has no default and more than one value."""
        values = {name: _default(parameter) for name, parameter in self.parameters.items()}
        if None in values.values():
            return None
        params: dict[str, Any] = {}
        for name, parameter in self.parameters.items():
            if all_hold(parameter.conditions, params):
                params[name] = values[name]
        return params

    def adopt(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """A configuration of another space, as far as it fits into this one.

        The parameter's default, if there is one, replaces a value that does not fit.

        Args:
            params: The configuration.

        Returns:
            The parameters that then apply, except those that have no value.
        """
        adopted: dict[str, Any] = {}
        for name, parameter in self.parameters.items():
            fits = name in params and parameter.contains(params[name])
            value = parameter.as_own(params[name]) if fits else _default(parameter)
            if value is not None and all_hold(parameter.conditions, adopted):
                adopted[name] = value
        return adopted

    def contains(self, params: Mapping[str, Any]) -> bool:
        """Whether a configuration has exactly the parameters that apply, each in its range."""
        return not self.problems(params)

    def problems(self, params: Mapping[str, Any]) -> list[str]:
        """Why a configuration does not lie in this space; empty if it does."""
        problems: list[str] = []
        present: dict[str, Any] = {}
        for name, parameter in self.parameters.items():
            applies = all_hold(parameter.conditions, present)
            if applies and name in params:
                present[name] = params[name]
            problems += _value_problems(name, parameter, params, applies=applies)
        problems += [f"[{name}] is not in the space." for name in params if name not in self.names]
        return problems

    def _definition_problems(self, name: str) -> Iterator[str]:
        parameter = self.parameters[name]
        if not str(name).isidentifier():
            yield "is not a Python identifier. Use letters, digits and underscores."
        if not is_kind(parameter, Float, Int, Categorical):
            yield f"is {show(parameter)}. Make it a Float, Int or Categorical."
        yield from parameter.problems()
        if parameter.default is not None and not parameter.contains(parameter.default):
            yield (
                f"default={show(parameter.default)} is not {parameter.describe()}. "
                "Choose a default that fits."
            )
        yield from self._when_problems(name)

    def _when_problems(self, name: str) -> Iterator[str]:
        parameter = self.parameters[name]
        if not is_kind(parameter.when, Mapping, NoneType):
            yield f'when={show(parameter.when)} is not a table. Write it like {{ layers = ">=2" }}.'
        written = parameter.when or {}
        places = {known: place for place, known in enumerate(self.names)}
        for earlier, condition in parameter.conditions.items():
            if earlier == name:
                yield "when names the parameter itself. Name an earlier one."
            if earlier not in places:
                hint = suggestion(earlier, self.names)
                yield f"when names an unknown parameter {show(earlier)}. {hint}"
            if places[earlier] > places[name]:
                yield f"when names [{earlier}], which comes later. Move [{earlier}] above [{name}]."
            problem = condition.problem(earlier, self.parameters[earlier])
            if problem is not None:
                yield f"when {earlier} = {show(written[earlier])} {problem}"


def _default(parameter: Parameter) -> Scalar | None:
    if parameter.default is None and len(set(parameter.ends)) == 1:
        return parameter.ends[0]
    return parameter.default


def _value_problems(
    name: str, parameter: Parameter, params: Mapping[str, Any], *, applies: bool
) -> Iterator[str]:
    if not applies and name in params:
        yield f"[{name}] does not apply: it has when = {show(parameter.when)}."
    if applies and name not in params:
        yield f"[{name}] is missing; it must be {parameter.describe()}."
    if applies and name in params and not parameter.contains(params[name]):
        yield f"[{name}] {show(params[name])} is not {parameter.describe()}."
