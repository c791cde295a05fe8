import optuna
import pytest
from samplers.asking import CONDITIONAL, new_study

from hpo.samplers.joint import JointSampler
from hpo.space.parameters import Float, Int
from hpo.space.space import Space

CHOICE = {"kind": "b", "layers": 2, "rate": 0.01, "dropout": 0.25}


@pytest.fixture
def questions():
    return []


@pytest.fixture
def sampler(questions):
    def choose(question):
        questions.append(question)
        return CHOICE

    return JointSampler(choose, seed=5)


def test_a_configuration_is_chosen_at_once_and_has_what_applies(sampler, questions):
    study = new_study(CONDITIONAL)
    study.sampler = sampler

    params = CONDITIONAL.suggest(study.ask())

    assert params == {"kind": "b", "layers": 2, "dropout": 0.25}
    assert len(questions) == 1


def test_whoever_chooses_knows_the_number_what_is_fixed_and_what_was_tried(sampler, questions):
    study = new_study(CONDITIONAL)
    study.sampler = sampler
    study.tell(study.ask(), state=optuna.trial.TrialState.FAIL)
    trial = study.ask()
    CONDITIONAL.suggest(trial)
    study.tell(trial, 1.0)
    study.enqueue_trial({"layers": 3})

    assert CONDITIONAL.suggest(study.ask())["layers"] == 3

    question = questions[-1]
    assert (question.number, question.fixed) == (2, {"layers": 3})
    assert question.seed == 0  # of the study, which has one
    assert question.history.scores == [1.0]
    assert [dict(known)["kind"] for known in question.known() if known] == ["'b'"]


def test_nothing_is_chosen_where_all_is_constant(sampler, questions):
    space = Space({"a": Int(3, 3), "b": Float(0.5, 0.5)})
    study = new_study(space)
    study.sampler = sampler

    assert space.suggest(study.ask()) == {"a": 3, "b": 0.5}
    assert questions == []


def test_a_parameter_that_the_space_lacks_is_drawn_at_random(sampler):
    study = new_study(CONDITIONAL)
    study.sampler = sampler
    trial = study.ask()

    drawn = {trial.suggest_float(f"extra-{n}", 0.0, 1.0) for n in range(4)}

    assert len(drawn) == 4


def test_several_objectives_are_refused(sampler):
    study = optuna.create_study(directions=["minimize", "minimize"], sampler=sampler)

    with pytest.raises(ValueError, match="multi-objective"):
        study.ask().suggest_float("x", 0.0, 1.0)
