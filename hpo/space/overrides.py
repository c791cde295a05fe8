"""Changes to a search space by ``--set``: ``NAME=VALUE`` and ``NAME.FIELD=VALUE``."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from hpo.errors import suggestion
from hpo.space.messages import refusal, show
from hpo.space.parameters import Categorical, Float, Int, Parameter
from hpo.space.ranges import as_float
from hpo.space.toml import keys_of
from hpo.space.values import Scalar, is_number, read_value, same

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hpo.errors import UsageError

_TYPE_NAMES = {str: "string", bool: "boolean", int: "whole number", float: "number"}
_SETTABLE_IN_ANY_SPACE = ("epochs", "batch_size", "patience")


def apply_settings(
    parameters: Mapping[str, Parameter], settings: Sequence[str], file: str
) -> dict[str, Parameter]:
    """Fix and change parameters as :meth:`hpo.space.space.Space.override` describes it.

    Args:
        parameters: The parameters of a valid space.
        settings: ``NAME=VALUE`` or ``NAME.FIELD=VALUE``, in the order in which they apply.
        file: What messages call the space.

    Returns:
        The parameters that can still apply.

    Raises:
        UsageError: A setting names an unknown parameter or field, or a value that does not fit.
    """
    current = dict(parameters)
    ranges = dict(parameters)  # where a value must lie, even if an earlier setting fixed it
    for setting in (_parse_setting(written, file) for written in settings):
        if setting.name not in current and not setting.may_add:
            raise setting.refusal(f"no such parameter. {suggestion(setting.name, current)}")
        name, within = setting.name, ranges.get(setting.name)
        if setting.key is not None:
            current[name] = ranges[name] = _changed(current[name], setting, within)
        elif within is not None:
            current[name] = _fixed(within, setting)
        else:
            current[name] = _added(setting)
    return _applicable({name: _settled(name, current[name], file) for name in current})


@dataclass(frozen=True)
class _Setting:
    written: str
    name: str
    key: str | None
    text: str
    file: str

    @property
    def may_add(self) -> bool:
        return self.key is None and self.name in _SETTABLE_IN_ANY_SPACE

    @property
    def readings(self) -> tuple[Any, str]:
        """What the text may mean: a TOML value, or the string itself."""
        return read_value(self.text), self.text

    def refusal(self, problem: str) -> UsageError:
        written = " ".join(self.written.split())
        return refusal(self.file, self.name, f"--set {written}: {problem}")


def _parse_setting(written: str, file: str) -> _Setting:
    target, equals, text = (part.strip() for part in written.partition("="))
    name, dot, key = target.partition(".")
    setting = _Setting(written, name, key if dot else None, text, file)
    if not (equals and name):
        raise setting.refusal("is not NAME=VALUE. Write it like learning_rate=1e-3.")
    return setting


def _fixed(within: Parameter, setting: _Setting) -> Categorical:
    within = _settled(setting.name, within, setting.file)
    for reading in setting.readings:
        value = _fitted(within, reading)
        if value is not None:
            return Categorical((value,), default=value, when=within.when)
    raise setting.refusal(_misfit(within, setting))


def _fitted(within: Parameter, value: Any) -> Scalar | None:
    """The value as the parameter takes it, on a step or not; None if it does not take it."""
    match within:
        case Float(low, high):
            return float(value) if is_number(value) and low <= value <= high else None
        case Int(low, high):
            return value if type(value) is int and low <= value <= high else None
        case Categorical((only,)):
            value = as_float(value) if isinstance(only, float) else value
            return value if type(value) is type(only) else None
    return next((choice for choice in within.choices if same(choice, value)), None)


def _misfit(within: Parameter, setting: _Setting) -> str:
    value, name = setting.readings[0], setting.name
    if isinstance(within, Categorical) and len(within.choices) == 1:
        only = within.choices[0]
        return (
            f"{show(value)} is not of the same type as {show(only)}. "
            f"Give a {_TYPE_NAMES[type(only)]}."
        )
    problem = f"{show(value)} is not {within.describe()}."
    if isinstance(within, Categorical):
        choices = show([*within.choices, value])
        return f"{problem} Choose one of them, or add it first: --set '{name}.choices={choices}'."
    if not is_number(value) or (isinstance(within, Int) and type(value) is not int):
        return f"{problem} Give such a number."
    end = "low" if value < within.low else "high"
    return f"{problem} Widen the range first: --set {name}.{end}={setting.text}."


def _added(setting: _Setting) -> Categorical:
    value = setting.readings[0]
    if type(value) is not int or value < 1:
        raise setting.refusal(f"{show(value)} is not a whole number of 1 or more. Give one.")
    return Categorical((value,), default=value)


def _changed(parameter: Parameter, setting: _Setting, within: Parameter | None) -> Parameter:
    """The parameter with one of its fields changed; :func:`_settled` adapts its default."""
    if type(parameter) is not type(within):
        raise setting.refusal("an earlier --set fixed this parameter. Leave one of the two out.")
    keys = [key for key in keys_of(type(parameter)) if key != "when"]
    if setting.key not in keys:
        hint = suggestion(setting.key, keys)
        raise setting.refusal(f"no field {show(setting.key)} to change. {hint}")
    change: dict[str, Any] = {setting.key: setting.readings[0]}
    if setting.key == "default":
        parameter = _settled(setting.name, parameter, setting.file)
        change["default"] = _fitting_default(parameter, setting)
    return replace(parameter, **change)


def _fitting_default(parameter: Parameter, setting: _Setting) -> Any:
    for reading in setting.readings:
        if parameter.contains(reading):
            return reading
    shown = show(setting.readings[0])
    raise setting.refusal(f"{shown} is not {parameter.describe()}. Choose a default that fits.")


def _settled(name: str, parameter: Parameter, file: str) -> Parameter:
    """The parameter with its default moved into its range, which may have changed."""
    problem = next(parameter.problems(), None)
    if problem is not None:
        raise refusal(file, name, problem)
    return parameter.with_fitting_default()


def _applicable(parameters: Mapping[str, Parameter]) -> dict[str, Parameter]:
    """The parameters that can still apply, with conditions on the values that are left."""
    kept: dict[str, Parameter] = {}
    for name, parameter in parameters.items():
        possible = (
            earlier in kept and condition.possible(kept[earlier])
            for earlier, condition in parameter.conditions.items()
        )
        if all(possible):
            kept[name] = _narrowed(parameter, kept)
    return kept


def _narrowed(parameter: Parameter, kept: Mapping[str, Parameter]) -> Parameter:
    when = dict(parameter.when or {})
    for earlier, condition in parameter.conditions.items():
        if condition.problem(earlier, kept[earlier]) is not None:
            when[earlier] = condition.within(kept[earlier])
    return replace(parameter, when=when)
