"""Boston housing: the median price of homes in 506 census tracts of 1970.

The data (Harrison and Rubinfeld, 1978, "Hedonic prices and the demand for clean air", J. Environ.
Economics & Management 5) ships with this package. Its column B is computed from the share of Black
residents on the assumption that segregation raises prices. That is a flaw of the data set; a model
for real decisions should not use the column. ``--set column_b=drop`` leaves it out.
"""

from __future__ import annotations

import csv
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from hpo import Data, HPOError, Params, Reference, Task

if TYPE_CHECKING:
    from pathlib import Path

    import keras

COLUMN_B = 11
N_COLUMNS = 13
TEST_SPLIT = 0.2
SEED = 113


def load(data_dir: Path | None = None) -> Data:
    """Read the data set, split as in ``keras.datasets.boston_housing``: 404 and 102 tracts.

    Args:
        data_dir: Not used: the data ships with this package.
    """
    del data_dir
    import numpy as np

    text = files("hpo_tasks").joinpath("data/boston_housing.csv").read_text(encoding="ascii")
    names, *rows = csv.reader(text.splitlines())
    table = np.array(rows, dtype="float64")
    order = np.arange(len(table))
    np.random.RandomState(SEED).shuffle(order)
    table = table[order]
    n_train = int(len(table) * (1 - TEST_SPLIT))
    x, y = table[:, :-1], table[:, -1]
    return Data(
        x=x[:n_train],
        y=y[:n_train],
        x_test=x[n_train:],
        y_test=y[n_train:],
        feature_names=names[:-1],
        decode=lambda sample: dict(zip(names[:-1], map(float, sample), strict=True)),
    )


def preprocessor(params: Params) -> Any:
    """Scale the columns; without column B if ``column_b`` is ``"drop"``.

    Raises:
        HPOError: ``column_b`` is neither ``"keep"`` nor ``"drop"``.
    """
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import PowerTransformer, QuantileTransformer, StandardScaler

    column_b = params.get("column_b", "keep")
    if column_b not in ("keep", "drop"):
        raise HPOError(f'boston: column_b must be "keep" or "drop". Received: {column_b!r}')
    dropped = COLUMN_B if column_b == "drop" else None
    columns = [column for column in range(N_COLUMNS) if column != dropped]
    scalers = {
        "standard": StandardScaler(),
        "power": PowerTransformer(),
        "quantile": QuantileTransformer(n_quantiles=100, output_distribution="normal"),
    }
    selector = ColumnTransformer([("columns", "passthrough", columns)])
    return make_pipeline(selector, scalers[params["scaling"]])


def model(params: Params, data: Data) -> keras.Model:
    """Build a dense network with one output, the price in thousands of dollars."""
    import keras

    regularizer = keras.regularizers.L2(params["l2"])
    layers: list[Any] = [keras.Input(data.x.shape[1:])]
    for layer in range(1, params["layers"] + 1):
        layers += [
            keras.layers.Dense(
                params[f"units_{layer}"],
                activation=params["activation"],
                kernel_regularizer=regularizer,
            ),
            keras.layers.Dropout(params["dropout"]),
        ]
    # Homes cost about 20 thousand dollars, give or take 10: the network starts from there.
    layers += [keras.layers.Dense(1), keras.layers.Rescaling(scale=10.0, offset=20.0)]
    network = keras.Sequential(layers)
    optimizer = keras.optimizers.get(params["optimizer"])
    optimizer.learning_rate = params["learning_rate"]
    network.compile(optimizer, loss=params["loss"], metrics=["mae"])
    return network


task = Task(
    name="boston",
    description="Median price of homes in 506 census tracts (regression, 13 features)",
    load=load,
    model=model,
    space="boston",
    objective="val_mae",
    cv="kfold:4",
    preprocessor=preprocessor,
    epochs=200,
    batch_size=16,
    patience=25,
    reference=Reference(2.55, "Chollet, Deep Learning with Python (2017), section 3.6: test MAE"),
)
