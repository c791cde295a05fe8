"""What a new study tries first: its defaults, and the best of an earlier study."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpo.errors import UsageError

if TYPE_CHECKING:
    from hpo.space.space import Space
    from hpo.study.study import Study

MAX_ADOPTED = 10
"""Largest number of configurations taken from an earlier study."""

TRIALS_PER_ADOPTED = 4
"""At most one trial in so many tries a configuration of an earlier study."""


def first_configurations(space: Space, earlier: Study | None, trials: int) -> list[dict[str, Any]]:
    """What a new study tries first.

    The default configuration comes first, so that reports can show what tuning gained.

    Args:
        space: Its search space.
        earlier: The study whose best configurations follow, or None.
        trials: Number of trials it will have.

    Raises:
        UsageError: The earlier study has no complete trial, or no searched parameter in common.
    """
    defaults = space.defaults()
    first = [defaults] if defaults else []
    if earlier is not None:
        limit = max(1, min(MAX_ADOPTED, trials // TRIALS_PER_ADOPTED))
        first += _adopted(space, earlier, limit, besides=first)
    return first


def _adopted(
    space: Space, earlier: Study, limit: int, besides: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    ranking = earlier.ranking
    if not ranking:
        raise UsageError(
            f"--warm-start {earlier.name}: this study has no complete trial. Run it first, or "
            "choose another one."
        )
    searched = {name for name in space if len(set(space[name].ends)) > 1}
    shared = {
        name
        for trial in ranking
        for name in searched & trial.params.keys()
        if space[name].contains(trial.params[name])
    }
    if not shared:
        raise UsageError(
            f"--warm-start {earlier.name}: the new study searches none of its parameters, or only "
            f"within other bounds. Searched: {', '.join(sorted(searched))}. The best trial of "
            f"{earlier.name} has: {', '.join(ranking[0].params)}."
        )
    adopted: list[dict[str, Any]] = []
    for trial in ranking:
        params = space.adopt(trial.params)
        if params not in [*besides, *adopted]:
            adopted.append(params)
        if len(adopted) == limit:
            break
    return adopted
