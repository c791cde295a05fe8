import pytest

from hpo import Categorical, Float, HPOError, Int, Space
from hpo.options import Options
from hpo.search.warm_start import first_configurations
from hpo.study.folder import create_study
from hpo.study.settings import Settings

SPACE = Space(
    {
        "rate": Float(1e-4, 1e-1, log=True, default=1e-2),
        "kind": Categorical(["a", "b"], default="a"),
        "units": Int(1, 8, default=4, when={"kind": "b"}),
    }
)


@pytest.fixture
def make(tmp_path):
    """Makes a study with complete trials, of which the last is the best."""

    def make(name, space, *configurations):
        study = create_study(
            tmp_path, name, Settings("t", "t", "val_mae", "minimize", "kfold:2", space.to_toml())
        )
        study.options = Options()
        for place, params in enumerate(configurations):
            study.queue.enqueue(params)
            trial = study._record.ask()
            space.suggest(trial)
            study._record.tell(trial, -float(place))
        return study

    return make


def test_the_default_comes_first_and_then_the_best_of_the_earlier_study(make):
    good, better = {"rate": 0.05, "kind": "a"}, {"rate": 0.02, "kind": "b", "units": 2}
    earlier = make("earlier", SPACE, good, better)

    assert first_configurations(SPACE, earlier, 40) == [SPACE.defaults(), better, good]


def test_what_does_not_fit_gives_way_to_the_default(make):
    wide = Space({"rate": Float(1e-4, 1.0, log=True), "units": Int(1, 100), "other": Int(1, 2)})
    earlier = make("earlier", wide, {"rate": 0.02, "units": 50, "other": 1})

    assert first_configurations(SPACE, earlier, 40)[1:] == [{"rate": 0.02, "kind": "a"}]


def test_a_quarter_of_the_trials_at_the_most_are_taken_over(make):
    rates = [{"rate": 0.001 * place, "kind": "a"} for place in range(1, 9)]
    earlier = make("earlier", SPACE, *rates)

    adopted = first_configurations(SPACE, earlier, 12)[1:]

    assert [params["rate"] for params in adopted] == [0.008, 0.007, 0.006]


def test_a_study_that_shares_nothing_is_refused(make):
    earlier = make("earlier", Space({"depth": Int(1, 3)}), {"depth": 2})

    with pytest.raises(HPOError, match="the new study searches none of its parameters"):
        first_configurations(SPACE, earlier, 40)


def test_an_empty_study_is_refused(make):
    with pytest.raises(HPOError, match="has no complete trial"):
        first_configurations(SPACE, make("earlier", SPACE), 40)
