"""Compares samplers: the best value after 50 evaluations, and the time per ask.

    python benchmarks/samplers.py [--sampler gp ...] [--function branin ...] [--trials 50]
                                  [--seeds 10] [--boston] [--train-size 0.5]

Every sampler is used as the search uses it: a new one for every trial, which takes what it knows
from the study. The comparison includes Hyperopt used directly and, where PyTorch is installed,
Optuna's GPSampler. It prints the median of the best values over the seeds (with quartiles in
brackets) and the seconds of CPU time per ask. All functions are minimized.
"""

from __future__ import annotations

import importlib.util
import time
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from hpo import samplers
from hpo.errors import UsageError
from hpo.samplers.untried import UntriedSampler
from hpo.space.parameters import Categorical, Float, Int
from hpo.space.space import Parameter, Space
from hpo.support.seeds import derived_seed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import optuna


@dataclass(frozen=True)
class Function:
    """A function to minimize, and its space."""

    space: Space
    value: Callable[[Mapping[str, Any]], float]


@dataclass(frozen=True)
class Outcome:
    """The best value of one search, and seconds per ask."""

    best: float
    seconds: float


def branin(params: Mapping[str, Any]) -> float:
    """Branin's function; its minimum is 0.3979."""
    x, y = params["x"], params["y"]
    bowl = y - 5.1 / (4 * np.pi**2) * x**2 + 5 / np.pi * x - 6
    return float(bowl**2 + 10 * (1 - 1 / (8 * np.pi)) * np.cos(x) + 10)


_HARTMANN_A = np.array(
    [
        [10, 3, 17, 3.5, 1.7, 8],
        [0.05, 10, 17, 0.1, 8, 14],
        [3, 3.5, 1.7, 10, 17, 8],
        [17, 8, 0.05, 10, 0.1, 14],
    ]
)
_HARTMANN_P = 1e-4 * np.array(
    [
        [1312, 1696, 5569, 124, 8283, 5886],
        [2329, 4135, 8307, 3736, 1004, 9991],
        [2348, 1451, 3522, 2883, 3047, 6650],
        [4047, 8828, 8732, 5743, 1091, 381],
    ]
)


def hartmann6(params: Mapping[str, Any]) -> float:
    """Hartmann's function of six variables; its minimum is -3.3224."""
    point = np.array([params[f"x{i}"] for i in range(6)])
    exponents = (_HARTMANN_A * (point - _HARTMANN_P) ** 2).sum(axis=1)
    return float(-np.array([1.0, 1.2, 3.0, 3.2]) @ np.exp(-exponents))


def ackley5(params: Mapping[str, Any]) -> float:
    """Ackley's function of five variables; its minimum is 0."""
    point = np.array([params[f"x{i}"] for i in range(5)])
    near = -20 * np.exp(-0.2 * np.sqrt((point**2).mean()))
    return float(near - np.exp(np.cos(2 * np.pi * point).mean()) + 20 + np.e)


def mixed(params: Mapping[str, Any]) -> float:
    """Like tuning a network: optimizers with their own learning rates, layers with their units.

    Its minimum is 0, at three layers of 64, 128 and 32 units, adam and a rate of 0.003.
    """
    best_units = {"units_1": 64, "units_2": 128, "units_3": 32}
    value = 0.5 * (3 - params["layers"]) ** 2
    for name, units in best_units.items():
        if name in params:
            value += 0.3 * np.log2(params[name] / units) ** 2
    if params["optimizer"] == "adam":
        value += np.log10(params["adam_rate"] / 3e-3) ** 2
    else:
        value += 0.5 + np.log10(params["sgd_rate"] / 1e-1) ** 2 + (params["momentum"] - 0.9) ** 2
    value += {"relu": 0.0, "tanh": 0.4, "elu": 0.1}[params["activation"]]
    return float(value + 4 * (params["dropout"] - 0.2) ** 2)


MIXED = Space(
    {
        "layers": Int(1, 3),
        "units_1": Int(8, 512, log=True),
        "units_2": Int(8, 512, log=True, when={"layers": ">=2"}),
        "units_3": Int(8, 512, log=True, when={"layers": ">=3"}),
        "optimizer": Categorical(["adam", "sgd"]),
        "adam_rate": Float(1e-5, 1e-1, log=True, when={"optimizer": "adam"}),
        "sgd_rate": Float(1e-4, 1.0, log=True, when={"optimizer": "sgd"}),
        "momentum": Float(0.0, 0.99, when={"optimizer": "sgd"}),
        "activation": Categorical(["tanh", "elu", "relu"]),
        "dropout": Float(0.0, 0.5, step=0.1),
    }
)

FUNCTIONS = {
    "branin": Function(Space({"x": Float(-5, 10), "y": Float(0, 15)}), branin),
    "hartmann6": Function(Space({f"x{i}": Float(0, 1) for i in range(6)}), hartmann6),
    "ackley5": Function(
        Space({f"x{i}": Float(-32.768, 32.768) for i in range(5)}),
        ackley5,
    ),
    "mixed": Function(MIXED, mixed),
}


def search(
    function: Function, make: Callable[[int], optuna.samplers.BaseSampler], trials: int, seed: int
) -> Outcome:
    """Minimize a function as the search does."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study()
    study.set_user_attr("settings", {"space": function.space.to_toml()})
    study.set_user_attr("first_seed", seed)
    seconds = 0.0
    for number in range(trials):
        began = time.process_time()
        study.sampler = make(derived_seed(seed, "sampler", number))
        trial = study.ask()
        try:
            params = function.space.suggest(trial)
        except UsageError:  # the grid is exhausted
            break
        seconds += time.process_time() - began
        study.tell(trial, function.value(params))
    return Outcome(study.best_value, seconds / trials)


def search_with_hyperopt(function: Function, trials: int, seed: int) -> Outcome:
    """Minimize a function with Hyperopt alone, in a space as Hyperopt's users write it."""
    import hyperopt

    seconds = 0.0

    def evaluate(params: dict[str, Any]) -> float:
        nonlocal seconds
        began = time.process_time()
        value = function.value(_applicable(function.space, params))
        seconds += time.process_time() - began
        return value

    began = time.process_time()
    hyperopt_trials = hyperopt.Trials()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        hyperopt.fmin(
            evaluate,
            _hyperopt_space(function.space),
            algo=hyperopt.tpe.suggest,
            max_evals=trials,
            trials=hyperopt_trials,
            rstate=np.random.default_rng(seed),
            show_progressbar=False,
            verbose=False,
        )
    spent = time.process_time() - began - seconds
    return Outcome(min(hyperopt_trials.losses()), spent / trials)


def _applicable(space: Space, params: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that apply, from values for all of them or nested in choices."""
    flat: dict[str, Any] = {}
    for name, value in params.items():
        flat |= value if isinstance(value, dict) else {name: value}
    active: dict[str, Any] = {}
    for name, parameter in space.parameters.items():
        if all(e in active and c.holds(active[e]) for e, c in parameter.conditions.items()):
            value = flat[name]
            active[name] = int(value) if isinstance(parameter, Int) else value
    return active


def _hyperopt_space(space: Space) -> dict[str, Any]:
    """The space for Hyperopt: parameters with conditions are nested in the options of a choice."""
    from hyperopt import hp

    nodes = {name: _hyperopt_node(name, parameter) for name, parameter in space.parameters.items()}
    listed = {name: node for name, node in nodes.items() if isinstance(node, list)}
    nested: dict[str, Any] = {}
    for name, parameter in space.parameters.items():
        if name in listed:
            below = {
                n: p.conditions[name] for n, p in space.parameters.items() if name in p.conditions
            }
            options = [
                {name: choice} | {n: nodes[n] for n, when in below.items() if when.holds(choice)}
                for choice in listed[name]
            ]
            nested[name] = hp.choice(name, options)
        elif not parameter.conditions:
            nested[name] = nodes[name]
    return nested


def _hyperopt_node(name: str, parameter: Parameter) -> Any:
    """A parameter for Hyperopt; a list of values where other parameters may depend on it."""
    from hyperopt import hp

    if isinstance(parameter, Categorical):
        return list(parameter.choices)
    low, high, step = parameter.low, parameter.high, parameter.step
    if isinstance(parameter, Int) and parameter.log:
        return hp.qloguniform(name, np.log(low - 0.5), np.log(high + 0.499), 1)
    if isinstance(parameter, Int):
        return list(range(low, high + 1)) if high - low < 5 else hp.uniformint(name, low, high)
    if parameter.log:
        return hp.loguniform(name, np.log(low), np.log(high))
    return hp.quniform(name, low, high, step) if step else hp.uniform(name, low, high)


def search_boston(sampler: str, trials: int, seed: int, train_size: str | None) -> Outcome:
    """Search Boston housing from beginning to end; the seconds are those of whole trials."""
    import tempfile

    import hpo

    with tempfile.TemporaryDirectory() as runs:
        began = time.perf_counter()
        study = hpo.run(
            "boston",
            sampler=sampler,
            trials=trials,
            seed=seed,
            runs=runs,
            train_size=train_size,
            keep=0,
        )
        seconds = (time.perf_counter() - began) / trials
        best = study.best
    return Outcome(best.score if best and best.score is not None else np.nan, seconds)


def describe(outcomes: list[Outcome]) -> str:
    """Format the median and the quartiles of the best values, and the mean seconds per ask."""
    best = [outcome.best for outcome in outcomes]
    low, median, high = np.quantile(best, [0.25, 0.5, 0.75])
    seconds = np.mean([outcome.seconds for outcome in outcomes])
    return f"{median:10.4f}  [{low:8.4f} {high:8.4f}]  {seconds:7.3f} s"


def available() -> list[str]:
    """The samplers whose packages are installed."""
    installed = []
    for name in samplers.NAMES:
        try:
            samplers.make_sampler(name, 0)
        except UsageError:
            continue
        installed.append(name)
    return installed


def _searches() -> dict[str, Callable[[Function, int, int], Outcome]]:
    def of(name: str) -> Callable[[Function, int, int], Outcome]:
        return lambda function, trials, seed: search(
            function, lambda own: UntriedSampler(samplers.make_sampler(name, own)), trials, seed
        )

    searches = {name: of(name) for name in available()}
    searches["Hyperopt itself"] = search_with_hyperopt
    if importlib.util.find_spec("torch"):
        import optuna

        searches["Optuna's GPSampler"] = lambda function, trials, seed: search(
            function, lambda own: optuna.samplers.GPSampler(seed=own), trials, seed
        )
    return searches


@click.command()
@click.option("--sampler", "names", multiple=True, help="Only these samplers; by default all.")
@click.option("--function", "functions", multiple=True, type=click.Choice([*FUNCTIONS]))
@click.option("--trials", default=50, show_default=True)
@click.option("--seeds", default=10, show_default=True)
@click.option("--boston", is_flag=True, help="Also search Boston housing from beginning to end.")
@click.option("--train-size", help="With --boston: how much of the training data to search on.")
def main(
    names: tuple[str, ...],
    functions: tuple[str, ...],
    trials: int,
    seeds: int,
    boston: bool,
    train_size: str | None,
) -> None:
    """Compare samplers."""
    searches = {n: s for n, s in _searches().items() if not names or n in names}
    for label in functions or FUNCTIONS:
        print(f"\n{label}, {trials} evaluations, {seeds} seeds")
        for name, searched in searches.items():
            outcomes = [searched(FUNCTIONS[label], trials, seed) for seed in range(seeds)]
            print(f"  {name:20}{describe(outcomes)}", flush=True)
    if boston:
        print(f"\nboston, {trials} evaluations, {seeds} seeds (seconds per trial)")
        for name in [name for name in searches if name in samplers.NAMES]:
            outcomes = [search_boston(name, trials, seed, train_size) for seed in range(seeds)]
            print(f"  {name:20}{describe(outcomes)}", flush=True)


if __name__ == "__main__":
    main()
