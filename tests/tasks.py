"""Tiny tasks: bare ones that only say what they are, and ones that train in a second."""

import numpy as np

from hpo import Data, Float, Space, Task

N_TRAIN = 30


def bare_task(objective="val_mae", **settings):
    """A task that can neither load nor train, for what reads no more than its settings."""
    return Task(
        **{
            "name": "demo",
            "load": lambda _data_dir: None,
            "model": lambda _params, _data: None,
            "space": "none",
            "objective": objective,
            **settings,
        }
    )


def linear_data(**more):
    """30 samples to train on and 10 to test, of three features whose weighted sum is the target."""
    x = np.random.default_rng(0).normal(size=(N_TRAIN + 10, 3))
    y = x @ [1.0, -2.0, 0.5]
    return Data(x=x[:N_TRAIN], y=y[:N_TRAIN], x_test=x[N_TRAIN:], y_test=y[N_TRAIN:], **more)


def linear_network(params, data):
    """One dense unit."""
    import keras

    network = keras.Sequential([keras.Input(data.x.shape[1:]), keras.layers.Dense(1)])
    network.compile(keras.optimizers.SGD(params["rate"]), "mse", metrics=["mae"])
    return network


def linear_task(**settings):
    """The linear network on the linear data, with a learning rate to search."""
    from sklearn.preprocessing import StandardScaler

    return Task(
        **{
            "name": "linear",
            "load": lambda _data_dir: linear_data(),
            "model": linear_network,
            "space": Space({"rate": Float(1e-3, 0.2, log=True, default=0.05)}),
            "objective": "val_mae",
            "cv": "kfold:2",
            "epochs": 3,
            "batch_size": 8,
            "preprocessor": lambda _params: StandardScaler(),
            **settings,
        }
    )


def network_with_heads(params, data):
    """One dense unit for each output, for data whose targets are a dictionary."""
    import keras

    inputs = keras.Input(data.x.shape[1:])
    heads = {name: keras.layers.Dense(1, name=name)(inputs) for name in data.y}
    network = keras.Model(inputs, heads)
    network.compile(
        keras.optimizers.SGD(params.get("rate", 0.05)),
        dict.fromkeys(heads, "mse"),
        metrics=dict.fromkeys(heads, "mae"),
    )
    return network


def picture_data():
    """40 color pictures of noise, eight pixels high and six wide, of cats and dogs in turn."""
    x = np.random.default_rng(0).integers(0, 256, size=(40, 8, 6, 3), dtype="uint8")
    return Data(x=x, y=np.arange(40) % 2, class_names=["cat", "dog"])


def picture_network(params, data):
    """One sigmoid unit on all pixels."""
    import keras

    del params
    layers = [keras.Input(data.x.shape[1:]), keras.layers.Rescaling(1 / 255)]
    layers += [keras.layers.Flatten(), keras.layers.Dense(1, activation="sigmoid")]
    network = keras.Sequential(layers)
    network.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return network


def picture_task(**settings):
    """A classification into two classes."""
    return linear_task(
        **{
            "load": lambda _data_dir: picture_data(),
            "model": picture_network,
            "objective": "val_accuracy",
            "preprocessor": None,
            **settings,
        }
    )


def text_data(n_classes=4, n_test=0):
    """60 texts of word numbers, those from 20 on tell the class; the last ones are for testing."""
    rng = np.random.default_rng(0)
    y = np.arange(60) % n_classes
    x = np.empty(60, dtype=object)
    for row, label in enumerate(y):
        common = rng.integers(4, 20, size=rng.integers(5, 15))
        telling = 20 + 3 * label + rng.integers(0, 3, size=8)
        x[row] = np.concatenate([[1], rng.permutation([*common, *telling])]).astype("int32")
    data = Data(x=x, y=y, class_names=[str(n) for n in range(n_classes)])
    if not n_test:
        return data
    return Data(
        x=x[:-n_test],
        y=y[:-n_test],
        x_test=x[-n_test:],
        y_test=y[-n_test:],
        class_names=data.class_names,
    )
