"""Networks for texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpo_tasks.optimizers import make_optimizer

if TYPE_CHECKING:
    import keras

    from hpo import Data, Params

BAGS = ("bag", "average")


def preprocessor(params: Params) -> Any:
    """Make bags of n-grams for networks without word order, padded sequences for others."""
    from hpo_tasks.text import BagOfNgrams, PaddedSequences

    if params["architecture"] not in BAGS:
        return PaddedSequences(
            num_words=params["num_words"], max_len=params["max_len"], keep=params["keep"]
        )
    return BagOfNgrams(
        order=params["ngrams"],
        num_features=params["num_features"],
        max_len=params["max_ngrams"],
        weighting=params.get("weighting", "mean"),
    )


def classifier(params: Params, data: Data, *, units: int, activation: str) -> keras.Model:
    """Build and compile the network for a configuration.

    Args:
        params: The configuration; ``architecture`` names one of the networks below.
        data: Preprocessed training samples.
        units: Number of units of the output layer.
        activation: Its activation: "sigmoid" or "softmax".
    """
    import keras

    encoders = {
        "bag": _bag,
        "average": _average,
        "conv": _convolutions,
        "recurrent": _recurrent,
    }
    inputs, features = encoders[params["architecture"]](params, data, units)
    if params["architecture"] == "bag" and params["layers"] == 0:
        output = keras.layers.Activation(activation)(features)
    else:
        output = keras.layers.Dense(units, activation=activation)(features)
    network = keras.Model(inputs, output)
    binary = activation == "sigmoid"
    loss = "binary_crossentropy" if binary else "sparse_categorical_crossentropy"
    network.compile(make_optimizer(params), loss=loss, metrics=["accuracy"])
    return network


def _bag(params: Params, data: Data, n_outputs: int) -> tuple[Any, Any]:
    """A dense network on a bag of n-grams; a linear model with 0 layers."""
    import keras

    layers = params["layers"]
    inputs, summed = _weighted_sum(
        params, data, params["units"] if layers else n_outputs, params["input_dropout"]
    )
    if layers == 0:
        return inputs, summed
    hidden = keras.layers.Activation(params["activation"])(summed)
    hidden = keras.layers.Dropout(params["dropout"])(hidden)
    for _layer in range(1, layers):
        hidden = keras.layers.Dense(params["units"], activation=params["activation"])(hidden)
        hidden = keras.layers.Dropout(params["dropout"])(hidden)
    return inputs, hidden


def _average(params: Params, data: Data, n_outputs: int) -> tuple[Any, Any]:
    """The mean of the embeddings of words and n-grams.

    Joulin, Grave, Bojanowski and Mikolov (2016), "Bag of tricks for efficient text classification".
    """
    import keras

    del n_outputs
    inputs, mean = _weighted_sum(params, data, params["embedding"], params["input_dropout"])
    return inputs, keras.layers.Dropout(params["dropout"])(mean)


def _weighted_sum(params: Params, data: Data, units: int, dropout: float) -> tuple[Any, Any]:
    """Sum the weighted vectors of the n-grams, as a dense layer without bias does a sparse row."""
    import keras

    shape = data.x["ngrams"].shape[1:]
    ngrams = keras.Input(shape, dtype="int32", name="ngrams")
    weights = keras.Input(shape, dtype="float32", name="weights")
    regularizer = keras.regularizers.L2(params["l2"]) if params["l2"] else None
    vectors = keras.layers.Embedding(
        params["num_features"], units, embeddings_regularizer=regularizer
    )(ngrams)
    scaled = keras.layers.Rescaling(params.get("scale", 1.0))(weights)
    kept = keras.layers.Dropout(dropout)(scaled)
    inputs = {"ngrams": ngrams, "weights": weights}
    return inputs, keras.layers.Dot(axes=1)([kept, vectors])


def _convolutions(params: Params, data: Data, n_outputs: int) -> tuple[Any, Any]:
    """One or two convolutions over embedded words, then the maximum of each filter.

    Kim (2014), "Convolutional neural networks for sentence classification".
    """
    import keras

    del n_outputs
    inputs, hidden = _embedded(params, data, mask=False)
    for layer in range(params["conv_layers"]):
        if layer:
            hidden = keras.layers.MaxPooling1D(3)(hidden)
        hidden = keras.layers.Conv1D(
            params["filters"], params["kernel_size"], activation="relu", padding="same"
        )(hidden)
    pooled = keras.layers.GlobalMaxPooling1D()(hidden)
    return inputs, keras.layers.Dropout(params["dropout"])(pooled)


def _recurrent(params: Params, data: Data, n_outputs: int) -> tuple[Any, Any]:
    """An LSTM or GRU that reads the embedded words in both directions."""
    import keras

    del n_outputs
    inputs, hidden = _embedded(params, data, mask=True)
    cell = {"lstm": keras.layers.LSTM, "gru": keras.layers.GRU}[params["cell"]]
    read = keras.layers.Bidirectional(cell(params["recurrent_units"]))(hidden)
    return inputs, keras.layers.Dropout(params["dropout"])(read)


def _embedded(params: Params, data: Data, *, mask: bool) -> tuple[Any, Any]:
    import keras

    inputs = keras.Input(data.x.shape[1:], dtype="int32")
    vectors = keras.layers.Embedding(params["num_words"], params["embedding"], mask_zero=mask)(
        inputs
    )
    return inputs, keras.layers.SpatialDropout1D(params["input_dropout"])(vectors)
