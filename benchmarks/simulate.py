"""Simulates how many workers one place that decides can keep busy.

    python benchmarks/simulate.py runs/boston runs/mnist [--kind postgres] [--sampler tpe]
                                  [--workers 10 --workers 100 ...] [--trials 5000]

The lengths of trials are those of recorded studies, drawn at random; what asking and telling cost
was measured (see ``COSTS``). Workers wait for each other to ask, since two must not be given the
same configuration, and every trial takes its share of what the place can do. Printed is the share
of their time in which workers train.
"""

from __future__ import annotations

import heapq
import random
from dataclasses import dataclass

import click

import hpo


@dataclass(frozen=True)
class Costs:
    """What a place that decides takes for a trial, in seconds.

    Attributes:
        ask: To ask when the study is new; nobody else asks meanwhile.
        ask_later: The same with 5,000 trials, by sampler; it grows with their number.
        most: Most trials a second that were measured, whatever the number of workers.
    """

    ask: float
    ask_later: dict[str, float]
    most: float


COSTS = {
    "journal": Costs(ask=0.01, ask_later={"random": 0.03, "tpe": 0.28}, most=46),
    "ray": Costs(ask=0.02, ask_later={"random": 0.03, "tpe": 0.28}, most=23),
    "postgres": Costs(ask=0.03, ask_later={"random": 0.14, "tpe": 0.5}, most=28),
}
"""Measured by ``benchmarks/scale.py`` and ``benchmarks/overhead.py``, on two cores."""


def share_of_training(
    lengths: list[float], workers: int, trials: int, later: float, costs: Costs
) -> float:
    """The share of their time in which workers train, from the first to the last trial.

    Args:
        lengths: Seconds that trials take.
        workers: Number of workers.
        trials: Number of trials.
        later: Seconds an ask takes with 5,000 trials.
        costs: What the place takes for a trial.
    """
    draw = random.Random(0)  # noqa: S311  (a simulation)
    free = [(0.0, number) for number in range(workers)]
    turn = place = trained = end = 0.0
    for begun in range(trials):
        ready, worker = heapq.heappop(free)
        length = draw.choice(lengths)
        ask = costs.ask + (later - costs.ask) * begun / 5000
        place = max(place, ready) + 1 / costs.most
        turn = max(turn, ready) + ask
        begin = max(turn, place)
        trained += length
        end = max(end, begin + length)
        heapq.heappush(free, (begin + length, worker))
    return trained / (workers * end)


@click.command()
@click.argument("studies", nargs=-1, required=True)
@click.option("--kind", type=click.Choice([*COSTS]), default="postgres", show_default=True)
@click.option("--sampler", type=click.Choice(["random", "tpe"]), default="tpe", show_default=True)
@click.option("--workers", "counts", type=int, multiple=True, default=[10, 30, 100, 300, 1000])
@click.option("--trials", type=int, default=5000, show_default=True)
def main(
    studies: tuple[str, ...], kind: str, sampler: str, counts: tuple[int, ...], trials: int
) -> None:
    """Print a table: workers, and for each study the share of their time in which they train."""
    lengths = {}
    for name in studies:
        study = hpo.load_study(name)
        lengths[study.name] = [
            t.seconds for t in study.trials if t.state == "complete" and t.seconds
        ]
    costs = COSTS[kind]
    print(f"{kind}, {sampler}, {trials} trials")
    print(
        "workers",
        *(f"{name} ({sum(of) / len(of):.0f} s)".rjust(16) for name, of in lengths.items()),
    )
    for workers in counts:
        shares = [
            share_of_training(of, workers, trials, costs.ask_later[sampler], costs)
            for of in lengths.values()
        ]
        print(f"{workers:7}", *(f"{share:16.0%}" for share in shares))


if __name__ == "__main__":
    main()
