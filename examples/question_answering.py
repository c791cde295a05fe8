"""Answers questions about short stories: a network with two inputs; the answer is one word.

The stories are generated here, after those of Weston et al. (2015), "Towards AI-complete question
answering: a set of prerequisite toy tasks": people walk from room to room, and a question asks
where one of them is. Guessing is right one time in six. The example shows a task with several
inputs, a search space in code whose encoders are branches with their own hyperparameters, and
samples that people can read::

    hpo run ./examples/question_answering.py --trials 5
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpo import Categorical, Data, Float, Int, Params, Space, Task

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import keras
    import numpy as np

PEOPLE = ("anna", "ben", "clara", "david")
PLACES = ("bathroom", "bedroom", "garden", "hallway", "kitchen", "office")
MOVES = ("went to the", "ran to the", "is in the", "entered the")
QUESTIONS = ("where is", "where is now")
WORDS = ("", *dict.fromkeys(" ".join((*PEOPLE, *PLACES, *MOVES, *QUESTIONS)).split()))
NUMBERS = {word: number for number, word in enumerate(WORDS)}
SENTENCES = (2, 3)
STORY_LENGTH = 5 * SENTENCES[1]
QUESTION_LENGTH = 4


def stories(n: int, seed: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Generate stories, a question about each, and the answers.

    Args:
        n: Number of stories.
        seed: The same seed generates the same stories.

    Returns:
        Word numbers by input, shapes (n, STORY_LENGTH) and (n, QUESTION_LENGTH), and the answers
        as positions in ``PLACES``, shape (n,). Padding comes first, so that all stories end at the
        same position.
    """
    import numpy as np

    random = np.random.default_rng(seed)
    texts, questions, answers = [], [], []
    for _ in range(n):
        story: list[str] = []
        place_of: dict[str, str] = {}
        for _ in range(random.integers(SENTENCES[0], SENTENCES[1] + 1)):
            person, place = str(random.choice(PEOPLE)), str(random.choice(PLACES))
            story += [person, *str(random.choice(MOVES)).split(), place]
            place_of[person] = place
        person = str(random.choice(sorted(place_of)))
        texts.append(_word_numbers(story, STORY_LENGTH))
        where, is_, *now = str(random.choice(QUESTIONS)).split()
        questions.append(_word_numbers([where, is_, person, *now], QUESTION_LENGTH))
        answers.append(PLACES.index(place_of[person]))
    return {"story": np.array(texts), "question": np.array(questions)}, np.array(answers)


def _word_numbers(words: Sequence[str], length: int) -> list[int]:
    return [0] * (length - len(words)) + [NUMBERS[word] for word in words]


def load(data_dir: Path | None = None) -> Data:
    """Generate 1,500 stories for training and 500 for the test.

    Args:
        data_dir: Not used: the stories are generated.
    """
    del data_dir
    return of_size(1500, 500)


def of_size(n_train: int, n_test: int) -> Data:
    """Generate data of any size."""
    x, y = stories(n_train, seed=1)
    x_test, y_test = stories(n_test, seed=2)
    return Data(x=x, y=y, x_test=x_test, y_test=y_test, class_names=PLACES, decode=in_words)


def in_words(sample: Mapping[str, np.ndarray]) -> dict[str, str]:
    """Turn a sample, a row of word numbers for each input, into words."""
    return {
        name: " ".join(WORDS[number] for number in row if number) for name, row in sample.items()
    }


def model(params: Params, data: Data) -> keras.Model:
    """Build a network that reads every word of the story with its match to the question."""
    import keras
    from keras import layers

    story = keras.Input((STORY_LENGTH,), name="story")
    question = keras.Input((QUESTION_LENGTH,), name="question")
    # Recurrent layers skip the padding; convolutions cannot.
    embedding = layers.Embedding(
        len(WORDS), params["embedding"], mask_zero=params["encoder"] == "recurrent"
    )
    topic = layers.GlobalAveragePooling1D()(embedding(question))
    words = embedding(story)
    # The product is large where a word of the story is also in the question. Without it the network
    # has to learn which words are the same, which takes ten times as long.
    matches = layers.Multiply()([words, layers.RepeatVector(STORY_LENGTH)(topic)])
    joined = layers.Concatenate()([words, matches])
    encoded = ENCODERS[params["encoder"]](joined, params)
    encoded = layers.Dropout(params["dropout"])(encoded)
    answer = layers.Dense(len(data.class_names or ()), activation="softmax")(encoded)
    network = keras.Model({"story": story, "question": question}, answer)
    network.compile(
        keras.optimizers.Adam(params["learning_rate"]),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return network


def _recurrent(sequence: Any, params: Params) -> Any:
    from keras import layers

    layer = layers.GRU(params["units"])
    return (layers.Bidirectional(layer) if params["both_ways"] else layer)(sequence)


def _convolutional(sequence: Any, params: Params) -> Any:
    from keras import layers

    for _ in range(params["convolutions"]):
        sequence = layers.Conv1D(params["filters"], params["width"], activation="relu")(sequence)
    return layers.Dense(32, activation="relu")(layers.Flatten()(sequence))


ENCODERS = {"recurrent": _recurrent, "convolutional": _convolutional}

space = Space(
    {
        "encoder": Categorical([*ENCODERS], default="convolutional"),
        "embedding": Int(8, 64, log=True, default=32),
        "units": Int(16, 64, log=True, default=32, when={"encoder": "recurrent"}),
        "both_ways": Categorical([False, True], default=False, when={"encoder": "recurrent"}),
        "convolutions": Int(1, 2, default=1, when={"encoder": "convolutional"}),
        "filters": Int(16, 128, log=True, default=64, when={"encoder": "convolutional"}),
        "width": Int(3, 7, default=5, when={"encoder": "convolutional"}),
        "dropout": Float(0.0, 0.4, step=0.1, default=0.0),
        "learning_rate": Float(2e-3, 2e-2, log=True, default=1e-2),
        "batch_size": Categorical([16, 32, 64], default=32),
    }
)

task = Task(
    name="question_answering",
    description="Where a person is, according to a short story (two text inputs, 6 classes)",
    load=load,
    model=model,
    space=space,
    objective="val_accuracy",
    cv="kfold:3",
    epochs=12,
    patience=6,
)
