import optuna
from samplers.asking import ask, distributions, new_study

from hpo.space.parameters import Categorical
from hpo.space.space import Space


def test_the_parents_of_genetic_search_are_the_best_of_all_trials():
    space = Space({"x": Categorical([*range(1000)]), "y": Categorical([*range(1000)])})
    study = new_study(space)
    for x in range(40):
        study.add_trial(
            optuna.trial.create_trial(
                params={"x": x, "y": x}, distributions=distributions(space), value=float(x)
            )
        )

    children = [ask(study, space, "genetic").params for _ in range(30)]

    inherited = [value < 20 for child in children for value in child.values()]
    assert sum(inherited) > 20  # of 60; 20 of 1000 values are the parents', half mutate
