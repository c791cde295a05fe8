"""Predicts three things from what a person writes: age, income bracket, and being retired.

The people and their posts are generated here. One network has three outputs, each with a loss of
its own. The weights of the losses are searched like any hyperparameter. That is why the objective
cannot be the loss, which falls with its weights. Instead the network logs an error made of the
metrics of all outputs, and a function computes the same error on whole arrays, for ensembles::

    hpo run ./examples/three_outputs.py --trials 5
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpo import Categorical, Data, Float, Int, Params, Space, Task

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import keras
    import numpy as np

VOCABULARY = 300
POST_LENGTH = 50
BRACKETS = ("low", "middle", "high")
RETIREMENT = 66.0
YEARS = 10.0  # An age that is off by so many years counts as much as a wrong class.


def people(n: int, seed: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Generate people and what they write.

    Every word is used most often at a certain age and income. Income rises with age until people
    retire, most of them near the same age.

    Args:
        n: Number of people.
        seed: The same seed generates the same people.

    Returns:
        Word numbers of every person, from 1, shape (n, POST_LENGTH), padded with zeros, and the
        targets by output, shapes (n,).
    """
    import numpy as np

    language, random = np.random.default_rng(0), np.random.default_rng(seed)
    age = random.uniform(18, 90, n)
    retired = age + random.normal(0, 3, n) > RETIREMENT
    income = random.normal(0, 1, n) + np.minimum(age, 60) / 15 - 2.5 - retired
    age_of_word = language.uniform(10, 100, VOCABULARY)
    income_of_word = language.normal(0, 2, VOCABULARY)
    distance = np.square((age[:, None] - age_of_word) / 15)
    distance += np.square((income[:, None] - income_of_word) / 1.5)
    # The Gumbel trick: with this noise, each word is the largest with its own probability.
    chances = -distance[:, None] / 2 + random.gumbel(size=(n, POST_LENGTH, VOCABULARY))
    words = chances.argmax(axis=2) + 1
    length = random.integers(POST_LENGTH // 5, POST_LENGTH + 1, n)
    words[np.arange(POST_LENGTH) >= length[:, None]] = 0
    bracket = np.digitize(income, [-0.7, 0.7])
    return words, {"income": bracket, "retired": retired.astype(int), "age": age}


def load(data_dir: Path | None = None) -> Data:
    """Generate 1,800 people for training and 600 for the test.

    Args:
        data_dir: Not used: the people are generated.
    """
    del data_dir
    return of_size(1800, 600)


def of_size(n_train: int, n_test: int) -> Data:
    """Generate data of any size."""
    x, y = people(n_train, seed=1)
    x_test, y_test = people(n_test, seed=2)
    return Data(x=x, y=y, x_test=x_test, y_test=y_test, class_names=BRACKETS)


def model(params: Params, data: Data) -> keras.Model:
    """Build one body, dense layers on the mean of the words, and three heads."""
    import keras
    from keras import layers

    posts = keras.Input(data.x.shape[1:])
    words = layers.Embedding(VOCABULARY + 1, params["embedding"], mask_zero=True)(posts)
    hidden = layers.GlobalAveragePooling1D()(words)
    for layer in range(1, params["layers"] + 1):
        hidden = layers.Dense(params[f"units_{layer}"], activation="relu")(hidden)
        hidden = layers.Dropout(params["dropout"])(hidden)
    heads = {
        # Ages are around 50, give or take 20: the network starts from there.
        "age": layers.Rescaling(20.0, 50.0, name="age")(layers.Dense(1)(hidden)),
        "income": layers.Dense(len(BRACKETS), activation="softmax", name="income")(hidden),
        "retired": layers.Dense(1, activation="sigmoid", name="retired")(hidden),
    }
    network = keras.Model(posts, heads)
    network.compile(
        keras.optimizers.Adam(params["learning_rate"]),
        loss={
            "age": params["age_loss"],
            "income": "sparse_categorical_crossentropy",
            "retired": "binary_crossentropy",
        },
        # Only the ratios of the weights matter to the optimizer, so the first one is fixed.
        loss_weights={
            "age": 1.0,
            "income": params["income_weight"],
            "retired": params["retired_weight"],
        },
        metrics={"age": ["mae"], "income": ["accuracy"], "retired": ["accuracy"]},
    )
    _log_error(network)
    return network


def _log_error(network: keras.Model) -> None:
    """Make a network log the error in addition to its metrics."""
    metrics_result = network.get_metrics_result

    def with_error() -> dict[str, Any]:
        logs = metrics_result()
        shares = (
            logs["age_mae"] / YEARS,
            1 - logs["income_accuracy"],
            1 - logs["retired_accuracy"],
        )
        return {**logs, "error": sum(shares) / len(shares)}

    network.get_metrics_result = with_error


def error(y_true: Mapping[str, np.ndarray], y_pred: Mapping[str, np.ndarray]) -> float:
    """Compute the error that the networks log: the mean of the errors of all outputs.

    Args:
        y_true: Targets by output, shapes (n,).
        y_pred: Predictions by output: ages and probabilities of being retired, shapes (n,), and
            probabilities of the brackets, shape (n, 3).

    Returns:
        The error, 0 or more.
    """
    import numpy as np

    shares = (
        np.abs(y_true["age"] - y_pred["age"]).mean() / YEARS,
        (y_true["income"] != y_pred["income"].argmax(axis=1)).mean(),
        (y_true["retired"] != (y_pred["retired"] > 0.5)).mean(),  # noqa: PLR2004
    )
    return float(np.mean(shares))


space = Space(
    {
        "embedding": Int(4, 64, log=True, default=16),
        "layers": Int(1, 2, default=1),
        "units_1": Int(16, 128, log=True, default=64),
        "units_2": Int(16, 128, log=True, default=32, when={"layers": ">=2"}),
        "dropout": Float(0.0, 0.5, step=0.1, default=0.1),
        "age_loss": Categorical(["mae", "huber"], default="mae"),
        "income_weight": Float(1.0, 100.0, log=True, default=10.0),
        "retired_weight": Float(1.0, 100.0, log=True, default=10.0),
        "learning_rate": Float(1e-3, 3e-2, log=True, default=5e-3),
        "batch_size": Categorical([32, 64, 128], default=64),
    }
)

task = Task(
    name="three_outputs",
    description="Age, income bracket and retirement of people by what they write (three outputs)",
    load=load,
    model=model,
    space=space,
    objective="val_error",
    metric=error,
    cv="kfold:3",
    epochs=15,
    patience=5,
)
