import numpy as np

from hpo.samplers.gp.features import Features
from hpo.samplers.gp.model import Prior, fit
from hpo.space.parameters import Categorical, Float, Int
from hpo.space.space import Space

SPACE = Space(
    {
        "kind": Categorical(["a", "b", "c"]),
        "depth": Int(1, 3),
        "rate": Float(1e-4, 1.0, log=True, when={"kind": ["a", "b"]}),
        "width": Int(8, 512, log=True, when={"depth": ">=2"}),
        "mode": Categorical(["x", "y"], when={"depth": ">=2"}),
    }
)


def processes(axes, n=24):
    rng = np.random.default_rng(0)
    features = Features(axes)
    points = features.of(axes.from_unit(rng.random((n, len(axes.searched)))))
    prior = Prior(len(features.columns))
    scores = fit(points, rng.normal(size=n), features.columns, prior)
    labels = fit(points, np.sign(rng.normal(size=n)), features.columns, prior)
    return features, scores, labels
