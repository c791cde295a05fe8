import hpo
from tasks import linear_task


def search(folder, task=None, **settings):
    return hpo.run(task or linear_task(), **{"trials": 3, "runs": folder, **settings})


def models(study):
    return sorted((study.directory / "ensemble" / "models").glob("*.keras"))


def combine(study, task=None, **settings):
    return hpo.ensemble(study, task=task or linear_task(), **settings)
