import pytest
from samplers.asking import CONDITIONAL, search

from hpo.errors import UsageError
from hpo.space.parameters import Int
from hpo.space.space import Space


def test_a_grid_tries_every_combination_once():
    study = search(CONDITIONAL, "grid", 42)
    tried = {str(sorted(trial.params.items())) for trial in study.trials}
    assert len(tried) == 42  # (5 rates with a, b alone) x (1 layer, 2 and 3 with 3 dropouts)
    with pytest.raises(UsageError, match="all 42 combinations"):
        CONDITIONAL.suggest(study.ask())


def test_a_grid_thins_out_a_wide_range():
    study = search(CONDITIONAL, "grid", 42)
    rates = sorted({trial.params["rate"] for trial in study.trials if "rate" in trial.params})
    assert rates == pytest.approx([1e-4, 1e-3, 1e-2, 1e-1, 1.0])


def test_a_grid_keeps_the_steps_it_is_given():
    study = search(Space({"units": Int(0, 100, step=5)}), "grid", 21)
    assert sorted(trial.params["units"] for trial in study.trials) == [*range(0, 101, 5)]
