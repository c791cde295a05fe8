import optuna

from hpo.samplers import make_sampler
from hpo.space.axes import distribution_of
from hpo.space.parameters import Categorical, Float, Int
from hpo.space.space import Space
from hpo.support.seeds import derived_seed


def new_study(space):
    study = optuna.create_study()
    study.set_user_attr("settings", {"space": space.to_toml()})
    study.set_user_attr("first_seed", 0)
    return study


def distributions(space):
    return {name: distribution_of(parameter) for name, parameter in space.parameters.items()}


def ask(study, space, sampler):
    study.sampler = make_sampler(sampler, derived_seed(0, "sampler", len(study.trials)))
    trial = study.ask()
    space.suggest(trial)
    return trial


def search(space, sampler, trials, value=lambda _: 0.0):
    study = new_study(space)
    for number in range(trials):
        study.sampler = make_sampler(sampler, derived_seed(0, "sampler", number))
        trial = study.ask()
        study.tell(trial, value(space.suggest(trial)))
    return study


CONDITIONAL = Space(
    {
        "kind": Categorical(["a", "b"]),
        "layers": Int(1, 3),
        "rate": Float(1e-4, 1.0, log=True, when={"kind": "a"}),
        "dropout": Float(0.0, 0.5, step=0.25, when={"layers": ">=2"}),
    }
)
