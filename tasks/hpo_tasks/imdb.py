"""IMDB: whether a film review is good or bad; 25,000 reviews to learn from, 25,000 to test on.

Maas, Daly, Pham, Huang, Ng and Potts (2011), "Learning word vectors for sentiment analysis", in
the form of ``keras.datasets.imdb``: reviews are lists of word numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpo import Data, Params, Reference, Task
from hpo_tasks import text_networks

if TYPE_CHECKING:
    from pathlib import Path

    import keras


def load(data_dir: Path | None = None) -> Data:
    """Read the reviews.

    Args:
        data_dir: Folder with ``imdb.npz`` and ``imdb_word_index.json``; without one they come from
            Keras's cache, or from where Keras downloads them.

    Raises:
        HPOError: A file is missing, or is not the one that Keras ships.
    """
    from hpo_tasks.text import numbered, read

    arrays, decode = read("imdb", data_dir)
    return Data(
        x=numbered(arrays["x_train"]),
        y=arrays["y_train"],
        x_test=numbered(arrays["x_test"]),
        y_test=arrays["y_test"],
        class_names=["negative", "positive"],
        decode=decode,
    )


def model(params: Params, data: Data) -> keras.Model:
    """Build the network of a configuration; its output is the probability of a good review."""
    return text_networks.classifier(params, data, units=1, activation="sigmoid")


task = Task(
    name="imdb",
    description="Whether a film review is good or bad (50,000 texts)",
    load=load,
    model=model,
    space="imdb",
    objective="val_accuracy",
    # Of 25,000 reviews a fifth is enough to tell networks apart, at a third of the time of folds.
    cv="holdout:0.2",
    preprocessor=text_networks.preprocessor,
    epochs=12,
    batch_size=128,
    patience=2,
    reference=Reference(
        0.883, "Chollet, Deep Learning with Python (2017), section 3.4: test accuracy"
    ),
)
