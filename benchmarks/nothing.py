"""A task whose trials take no time: what remains is what the engine costs.

If ``NOTHING_BEFORE`` names a file, no trial ends before that file is there.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hpo import Data, Float, Int, Space, Task

if TYPE_CHECKING:
    from hpo.training.evaluation import Evaluation, Evaluator

ROWS = np.arange(400)


def load(_data_dir: Path | None) -> Data:
    """Make data that nothing looks at, and let this process evaluate nothing."""
    from hpo.training.evaluation import Evaluator

    Evaluator.evaluate = evaluate  # type: ignore[method-assign, assignment]
    rng = np.random.default_rng(0)
    return Data(x=rng.normal(size=(400, 13)), y=rng.normal(size=400))


def evaluate(evaluator: Evaluator, params: dict[str, Any], **_more: object) -> Evaluation:
    """Return at once, with curves and predictions of the usual size."""
    from hpo.data.splits import validated_by
    from hpo.training.evaluation import Evaluation, TrialArrays

    while not Path(os.environ.get("NOTHING_BEFORE", "/")).exists():
        time.sleep(0.01)
    score = abs(np.log10(params["rate"]) + 3) + abs(np.log2(params["units"]) - 6)
    curves = {name: np.full((100, 4), score) for name in ("loss", "mae", "val_loss", "val_mae")}
    index, fold = validated_by([split.validation for split in evaluator.splits])
    arrays = TrialArrays(curves, index, {"": np.zeros((400, 1), "float32")}, fold)
    return Evaluation(float(score), [float(score)] * 4, [50], 1000, "fused", "mse", arrays)


task = Task(
    name="nothing",
    load=load,
    model=lambda _params, _data: None,
    space=Space({"rate": Float(1e-5, 1e-1, log=True), "units": Int(8, 512, log=True)}),
    objective="val_mae",
    cv="kfold:4",
    epochs=100,
)
