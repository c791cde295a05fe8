import pytest
from samplers.asking import new_study

from hpo.samplers import NAMES, make_sampler
from hpo.samplers.untried import UntriedSampler
from hpo.space.parameters import Categorical, Float, Int
from hpo.space.space import Space
from hpo.support.seeds import derived_seed

SMALL = Space(
    {
        "kind": Categorical(["a", "b"]),
        "units": Int(1, 3),
        "dropout": Float(0.0, 0.3, step=0.1, when={"kind": "b"}),
        "constant": Float(2.0, 2.0),
    }
)


@pytest.mark.parametrize("sampler", sorted(set(NAMES) - {"grid", "gp-torch"}))
def test_nothing_is_tried_twice_while_something_is_left(sampler):
    study = new_study(SMALL)
    for number in range(15):
        study.sampler = UntriedSampler(make_sampler(sampler, derived_seed(0, "sampler", number)))
        trial = study.ask()
        params = SMALL.suggest(trial)
        study.tell(trial, float(params["units"]))

    assert len({str(sorted(trial.params.items())) for trial in study.trials}) == 15  # 3 + 3 x 4
    SMALL.suggest(study.ask())  # and then again something that is known


@pytest.mark.parametrize("sampler", ["tpe", "random", "genetic"])
def test_where_nothing_can_come_twice_a_sampler_asks_as_it_does_by_itself(sampler):
    def configurations(wrapped):
        study = new_study(CONDITIONAL_AND_CONTINUOUS)
        for number in range(30):
            own = make_sampler(sampler, derived_seed(0, "sampler", number))
            study.sampler = UntriedSampler(own) if wrapped else own
            trial = study.ask()
            study.tell(trial, CONDITIONAL_AND_CONTINUOUS.suggest(trial)["rate"])
        return [trial.params for trial in study.trials]

    assert configurations(wrapped=True) == configurations(wrapped=False)


CONDITIONAL_AND_CONTINUOUS = Space(
    {
        "kind": Categorical(["a", "b"]),
        "rate": Float(1e-4, 1.0, log=True),
        "dropout": Float(0.0, 0.5, step=0.25, when={"kind": "b"}),
    }
)
