"""Reuters: which of 46 topics a newswire is about; 8,982 for training, 2,246 for the test.

The data is Reuters-21578 (Lewis, 1987), newswires with a single topic, in the form of
``keras.datasets.reuters``: lists of word numbers. Topics differ in size: the largest has 3,159
training newswires, the smallest 10.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpo import Data, Params, Reference, Task
from hpo_tasks import text_networks

if TYPE_CHECKING:
    from pathlib import Path

    import keras

TOPICS = [
    "cocoa",
    "grain",
    "veg-oil",
    "earn",
    "acq",
    "wheat",
    "copper",
    "housing",
    "money-supply",
    "coffee",
    "sugar",
    "trade",
    "reserves",
    "ship",
    "cotton",
    "carcass",
    "crude",
    "nat-gas",
    "cpi",
    "money-fx",
    "interest",
    "gnp",
    "meal-feed",
    "alum",
    "oilseed",
    "gold",
    "tin",
    "strategic-metal",
    "livestock",
    "retail",
    "ipi",
    "iron-steel",
    "rubber",
    "heat",
    "jobs",
    "lei",
    "bop",
    "zinc",
    "orange",
    "pet-chem",
    "dlr",
    "gas",
    "silver",
    "wpi",
    "hog",
    "lead",
]

TEST_SHARE = 0.2
SEED = 113


def load(data_dir: Path | None = None) -> Data:
    """Read the newswires, split as in ``keras.datasets.reuters``.

    Args:
        data_dir: Folder with ``reuters.npz`` and ``reuters_word_index.json``; by default they come
            from Keras's cache or Keras's download.

    Raises:
        HPOError: A file is missing, or is not the one that Keras ships.
    """
    import numpy as np

    from hpo_tasks.text import read_dataset, to_token_ids

    arrays, decode = read_dataset("reuters", data_dir)
    order = np.arange(len(arrays["x"]))
    np.random.RandomState(SEED).shuffle(order)
    x, y = to_token_ids(arrays["x"][order]), arrays["y"][order]
    n_train = int(len(x) * (1 - TEST_SHARE))
    return Data(
        x=x[:n_train],
        y=y[:n_train],
        x_test=x[n_train:],
        y_test=y[n_train:],
        class_names=TOPICS,
        decode=decode,
    )


def model(params: Params, data: Data) -> keras.Model:
    """Build the network for a configuration; its outputs are the probabilities of the topics."""
    return text_networks.classifier(params, data, units=len(TOPICS), activation="softmax")


task = Task(
    name="reuters",
    description="Which of 46 topics a newswire is about (11,228 texts)",
    load=load,
    model=model,
    space="reuters",
    objective="val_accuracy",
    cv="kfold:4",
    preprocessor=text_networks.preprocessor,
    epochs=20,
    batch_size=128,
    patience=3,
    reference=Reference(
        0.797, "Chollet, Deep Learning with Python (2017), section 3.5: test accuracy"
    ),
)
