"""IMDB: whether a movie review is good or bad; 25,000 reviews for training, 25,000 for the test.

The data is that of Maas, Daly, Pham, Huang, Ng and Potts (2011), "Learning word vectors for
sentiment analysis", in the form of ``keras.datasets.imdb``: reviews are lists of word numbers.
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
        data_dir: Folder with ``imdb.npz`` and ``imdb_word_index.json``; by default they come from
            Keras's cache or Keras's download.

    Raises:
        HPOError: A file is missing, or is not the one that Keras ships.
    """
    from hpo_tasks.text import read_dataset, to_token_ids

    arrays, decode = read_dataset("imdb", data_dir)
    return Data(
        x=to_token_ids(arrays["x_train"]),
        y=arrays["y_train"],
        x_test=to_token_ids(arrays["x_test"]),
        y_test=arrays["y_test"],
        class_names=["negative", "positive"],
        decode=decode,
    )


def model(params: Params, data: Data) -> keras.Model:
    """Build the network for a configuration; its output is the probability of a good review."""
    return text_networks.classifier(params, data, units=1, activation="sigmoid")


task = Task(
    name="imdb",
    description="Whether a movie review is good or bad (50,000 texts)",
    load=load,
    model=model,
    space="imdb",
    objective="val_accuracy",
    # A fifth of 25,000 reviews is enough to tell networks apart, in a third of the time of folds.
    cv="holdout:0.2",
    preprocessor=text_networks.preprocessor,
    epochs=12,
    batch_size=128,
    patience=2,
    reference=Reference(
        0.883, "Chollet, Deep Learning with Python (2017), section 3.4: test accuracy"
    ),
)
