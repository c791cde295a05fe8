"""MNIST: which of the ten digits a person wrote, on pictures of 28 x 28 gray pixels.

The data is that of LeCun, Bottou, Bengio and Haffner (1998, "Gradient-based learning applied to
document recognition", Proceedings of the IEEE 86): 60,000 digits for training and 10,000 for the
test. The parameter ``architecture`` chooses one of four kinds of network. All are small enough to
train on all digits in minutes on a CPU.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpo import Data, Params, Reference, Task
from hpo_tasks import digit_networks
from hpo_tasks.optimizers import make_optimizer, make_schedule
from hpo_tasks.sources import find_file, load_arrays

if TYPE_CHECKING:
    from pathlib import Path

    import keras
    import numpy as np

N_CLASSES = 10
EPOCHS = 12


def load(data_dir: Path | None = None) -> Data:
    """Read the digits from ``mnist.npz``, as Keras ships them.

    Args:
        data_dir: The folder that the file lies in.
    """
    arrays = load_arrays(find_file("mnist.npz", data_dir, task="mnist"))
    return Data(
        # The pictures stay one byte per pixel, a quarter of the memory that floats would take.
        x=arrays["x_train"][..., None],
        y=arrays["y_train"],
        x_test=arrays["x_test"][..., None],
        y_test=arrays["y_test"],
        class_names=[str(digit) for digit in range(N_CLASSES)],
        decode=decode,
    )


def decode(sample: np.ndarray) -> np.ndarray:
    """Turn one sample into a gray picture.

    Args:
        sample: Gray values from 0 to 255, shape (28, 28, 1).

    Returns:
        The same values without the axis of channels, uint8, shape (28, 28).
    """
    import numpy as np

    return np.asarray(sample, "uint8")[..., 0]


def model(params: Params, data: Data) -> keras.Model:
    """Build and compile the network that ``architecture`` names.

    Args:
        params: The configuration.
        data: Digits, shape (n, 28, 28, 1); only their shape matters.

    Raises:
        HPOError: There is no such architecture.
    """
    import keras

    inputs = keras.Input(data.x.shape[1:], dtype="uint8")
    features = digit_networks.features(keras.layers.Rescaling(1 / 255)(inputs), params)
    features = keras.layers.Dropout(params["dropout"])(features)
    outputs = keras.layers.Dense(N_CLASSES, activation="softmax")(features)
    network = keras.Model(inputs, outputs, name=params["architecture"])
    network.compile(
        make_optimizer(params),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return network


def callbacks(params: Params) -> list[Any]:
    """Lower the learning rate as ``schedule`` says."""
    # With augmentation the loss hardly ever rises, so one epoch with little gain lowers the rate.
    return make_schedule(
        params, epochs=int(params.get("epochs", EPOCHS)), patience=1, min_delta=2e-3
    )


task = Task(
    name="mnist",
    description="The ten handwritten digits on 60,000 gray pictures (classification, 28 x 28)",
    load=load,
    model=model,
    space="mnist",
    objective="val_accuracy",
    # A fifth of 60,000 digits measures accuracies near 0.99 to a tenth of a percent; more folds
    # would multiply the time and add little.
    cv="holdout:0.2",
    callbacks=callbacks,
    epochs=EPOCHS,
    batch_size=128,
    # A cosine schedule reaches its best score at its end, so no earlier epoch should stop it.
    patience=1000,
    reference=Reference(
        0.9908, "Chollet, Deep Learning with Python (2017), section 5.1: test accuracy"
    ),
)
