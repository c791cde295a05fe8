"""Texts as token ids, and the transformers that turn them into bags of n-grams or sequences.

A text is an array of token ids. A data set is an object array of such arrays, shape (n_samples,),
or a matrix padded with zeros, shape (n_samples, length). Both transformers learn only from the
training part of a fold.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from hpo import HPOError
from hpo_tasks.sources import find_file, load_pickled_arrays

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

PADDING = 0
START = 1
UNKNOWN = 2
FIRST_WORD = 3  # added to Keras's word numbers, which count from 1

Weighting = Literal["binary", "count", "mean", "tfidf", "nb"]

# A pair of words that occurs only once in all training texts says nothing about other texts.
MIN_OCCURRENCES = 2


def read_dataset(
    task: str, data_dir: Path | None
) -> tuple[dict[str, np.ndarray], Callable[[Any], str]]:
    """Read the texts and words of a task of ``keras.datasets``.

    Args:
        task: "imdb" or "reuters".
        data_dir: The user's data folder.

    Returns:
        The arrays of the file, and a function that turns token ids into words.

    Raises:
        HPOError: A file is missing, or is not the one that Keras ships.
    """
    arrays = load_pickled_arrays(find_file(f"{task}.npz", data_dir, task=task))
    index = find_file(f"{task}_word_index.json", data_dir, task=task)
    return arrays, decoder(json.loads(index.read_text(encoding="utf-8")))


def to_token_ids(texts: Sequence[Any] | np.ndarray) -> np.ndarray:
    """Number the texts of a file of ``keras.datasets`` as its ``load_data`` does.

    Args:
        texts: Lists of word numbers from 1, as the file holds them.

    Returns:
        Object array of int32 arrays, shape (n_texts,): a start mark, then words, from 4.
    """
    array = np.empty(len(texts), dtype=object)
    for position, text in enumerate(texts):
        array[position] = np.concatenate([[START], np.asarray(text) + FIRST_WORD]).astype("int32")
    return array


def decoder(word_index: Mapping[str, int]) -> Callable[[Any], str]:
    """Make a function that turns a text into readable words, with "?" for unknown ones."""
    names = {number + FIRST_WORD: word for word, number in word_index.items()}
    return lambda text: " ".join(names.get(int(token), "?") for token in text if token > START)


class PaddedSequences(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Truncates and pads texts to one length.

    Args:
        num_words: Token ids from this number on become ``UNKNOWN``.
        max_len: Number of tokens per text.
        keep: The end of a longer text that is kept: "start" or "end".
    """

    def __init__(self, num_words: int = 10_000, max_len: int = 200, keep: str = "end") -> None:
        self.num_words = num_words
        self.max_len = max_len
        self.keep = keep

    def fit(self, x: Any, y: Any = None) -> PaddedSequences:
        """Learn nothing.

        Raises:
            HPOError: ``keep`` is neither "start" nor "end".
        """
        del x, y
        if self.keep not in ("start", "end"):
            raise HPOError(f'keep must be "start" or "end". Received: keep={self.keep!r}')
        return self

    def transform(self, x: Any) -> np.ndarray:
        """Token ids, shape (n_samples, max_len), padded with zeros at the end."""
        return padded_sequences(x, self._settings())

    def exported(self) -> tuple[Callable[..., np.ndarray], dict[str, Any]]:
        """Return ``transform`` as a function of NumPy, for ``hpo export``."""
        return padded_sequences, self._settings()

    def _settings(self) -> dict[str, Any]:
        return {
            "num_words": self.num_words,
            "max_len": self.max_len,
            "from_start": self.keep == "start",
        }


class BagOfNgrams(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Turns a text into its distinct n-grams, each with a weight.

    A text becomes the ids of its n-grams and their weights rather than a row of the whole
    vocabulary. That is the same to a model that sums ``Embedding(ids) * weights``, and takes a
    hundredth of the memory. Feature 0 is padding. Feature 1, the start mark, is in every text and
    serves as a bias.

    Args:
        order: The longest n-grams: 1 for words, 2 for pairs of words too, and so on.
        num_features: Size of the vocabulary: the n-grams that occur in the most training texts.
        max_len: Number of n-grams per text; a longer text keeps those with the largest weights.
        weighting: "binary"; "count" (1 + log of the count); "mean" (counts that sum to 1);
            "tfidf" (1 + log of the count, times the inverse document frequency, scaled to length
            1); or "nb" (binary times the log ratio of the n-gram's frequencies in the two classes:
            Wang and Manning, 2012, "Baselines and bigrams: simple, good sentiment and topic
            classification").
    """

    def __init__(
        self,
        order: int = 1,
        num_features: int = 20_000,
        max_len: int = 400,
        weighting: str = "tfidf",
    ) -> None:
        self.order = order
        self.num_features = num_features
        self.max_len = max_len
        self.weighting = weighting

    def fit(self, x: Any, y: Any = None) -> BagOfNgrams:
        """Learn the vocabulary and the weights of its n-grams from training texts.

        Args:
            x: Texts, shape (n_samples,) or (n_samples, length).
            y: Their classes, shape (n_samples,); "nb" needs exactly two, 0 and 1.

        Raises:
            HPOError: The weighting is unknown or does not suit the classes, or ``order`` is too
                large for the token ids.
        """
        if self.weighting not in get_args(Weighting):
            raise HPOError(
                f"weighting must be one of {', '.join(get_args(Weighting))}. "
                f"Received: {self.weighting!r}"
            )
        tokens, rows = _flatten(x)
        self.base_ = int(tokens.max(initial=UNKNOWN)) + 1
        if self.base_**self.order >= 2**63:
            raise HPOError(
                f"order={self.order} is too large for token ids up to {self.base_}: "
                "their n-grams cannot be numbered in 64 bits. Choose a smaller order."
            )
        ngrams = [
            _frequent(keys, key_rows, MIN_OCCURRENCES if n else 1)
            for n, (keys, key_rows) in enumerate(_ngrams(tokens, rows, self.order, self.base_))
        ]
        frequencies = np.concatenate([frequency for _keys, frequency in ngrams])
        # A stable sort: of equally frequent n-grams, shorter ones and smaller ids come first.
        most_frequent = np.argsort(-frequencies, kind="stable")[: self.num_features - 2]
        is_feature = np.zeros(len(frequencies), bool)
        is_feature[most_frequent] = True
        ends = np.cumsum([0, *(len(keys) for keys, _ in ngrams)])
        self.vocabulary_ = [
            keys[is_feature[start:end]]
            for (keys, _), start, end in zip(ngrams, ends, ends[1:], strict=False)
        ]
        self.weights_ = self._weigh(x, y, frequencies[is_feature])
        return self

    def transform(self, x: Any) -> dict[str, np.ndarray]:
        """Return the ids and weights of the n-grams of texts.

        Returns:
            ``ngrams``, int32, and ``weights``, float32, shape (n_samples, max_len) each.
        """
        return bag_of_ngrams(x, self._learned() | {"weights": self.weights_})

    def exported(self) -> tuple[Callable[..., dict[str, np.ndarray]], dict[str, Any]]:
        """Return ``transform`` as a function of NumPy, for ``hpo export``."""
        return bag_of_ngrams, self._learned() | {"weights": self.weights_}

    def _learned(self) -> dict[str, Any]:
        return {
            "base": self.base_,
            "max_len": self.max_len,
            "weighting": self.weighting,
            **{f"vocabulary_{n}": keys for n, keys in enumerate(self.vocabulary_, start=1)},
        }

    def _weigh(self, x: Any, y: Any, frequencies: np.ndarray) -> np.ndarray:
        """The weight of every feature, shape (2 + size of the vocabulary,)."""
        weights = np.ones(2 + len(frequencies))
        if self.weighting == "tfidf":
            weights[2:] = np.log((1 + len(x)) / (1 + frequencies)) + 1
        if self.weighting == "nb":
            weights[2:] = self._log_ratios(x, np.asarray(y))
        return weights

    def _log_ratios(self, x: Any, y: np.ndarray) -> np.ndarray:
        if not np.array_equal(np.unique(y), [0, 1]):
            raise HPOError('weighting "nb" needs two classes, 0 and 1, in every training part.')
        rows, features, _counts = _features(x, self._learned())
        size = sum(map(len, self.vocabulary_))
        shares = []
        for label in (1, 0):
            occurrences = features[y.reshape(-1)[rows] == label] - 2
            counts = np.bincount(occurrences, minlength=size) + 1.0
            shares.append(counts / counts.sum())
        return np.asarray(np.log(shares[0] / shares[1]))


def padded_sequences(x: Any, settings: Mapping[str, Any]) -> np.ndarray:
    """Truncate and pad the token ids of texts to one length.

    Args:
        x: Texts, shape (n_samples,) or (n_samples, length).
        settings: "num_words", "max_len" and "from_start", see :class:`PaddedSequences`.

    Returns:
        Token ids, shape (n_samples, max_len), padded with zeros at the end.
    """
    max_len = int(settings["max_len"])
    padded = np.full((len(x), max_len), PADDING, dtype="int32")
    for row, text in enumerate(x):
        tokens = text[text != PADDING]
        kept = tokens[:max_len] if settings["from_start"] else tokens[-max_len:]
        padded[row, : len(kept)] = kept
    padded[padded >= settings["num_words"]] = UNKNOWN
    return padded


def bag_of_ngrams(x: Any, learned: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Return the ids and weights of the n-grams of texts.

    Args:
        x: Texts, shape (n_samples,) or (n_samples, length).
        learned: What :class:`BagOfNgrams` learned: "base", "max_len", "weighting", "weights" and a
            "vocabulary_N" for every length N of n-grams.

    Returns:
        ``ngrams``, int32, and ``weights``, float32, shape (n_samples, max_len) each.
    """
    weighting, max_len = str(learned["weighting"]), int(learned["max_len"])
    rows, features, counts = _features(x, learned)
    weights = learned["weights"][features].astype("float32")
    if weighting == "mean":
        weights *= counts
    if weighting in ("count", "tfidf"):
        weights *= 1 + np.log(counts, dtype="float32")
    # A long text keeps its heaviest n-grams. Positive floats sort in the order of their bits.
    lightness = np.int64(2**31) - np.abs(weights).view("int32")
    order = np.argsort((rows << 32) + lightness, kind="stable")
    rows, features, weights = rows[order], features[order], weights[order]
    starts = np.searchsorted(rows, np.arange(len(x)))
    place = np.arange(len(rows)) - starts[rows]
    kept = place < max_len - 1
    ngrams = np.zeros((len(x), max_len), "int32")
    values = np.zeros((len(x), max_len), "float32")
    ngrams[rows[kept], place[kept] + 1] = features[kept]
    values[rows[kept], place[kept] + 1] = weights[kept]
    _scale(values, weighting)
    ngrams[:, 0], values[:, 0] = 1, 1.0
    return {"ngrams": ngrams, "weights": values}


def _features(x: Any, learned: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Distinct features of every text: rows (ascending), features and counts."""
    base = int(learned["base"])
    vocabularies = [learned[name] for name in sorted(learned) if name.startswith("vocabulary_")]
    tokens, rows = _flatten(x)
    size = 2 + sum(map(len, vocabularies))
    pairs, first = [], 2
    tokens = np.where(tokens < base, tokens, UNKNOWN)
    ngrams = _ngrams(tokens, rows, len(vocabularies), base)
    for (keys, key_rows), vocabulary in zip(ngrams, vocabularies, strict=True):
        place, is_known = _look_up(keys, vocabulary)
        pairs.append(key_rows[is_known] * size + place + first)
        first += len(vocabulary)
    distinct, counts = np.unique(np.concatenate(pairs), return_counts=True)
    return distinct // size, distinct % size, counts


def _ngrams(
    tokens: np.ndarray, rows: np.ndarray, order: int, base: int
) -> list[tuple[np.ndarray, np.ndarray]]:
    """N-grams of every length up to ``order``, each as one number, with their rows."""
    keys = tokens.astype("int64")
    ngrams = [(keys, rows)]
    for length in range(2, order + 1):
        keys = keys[:-1] * base + tokens[length - 1 :]
        same_text = rows[: len(keys)] == rows[length - 1 :]
        ngrams.append((keys[same_text], rows[: len(keys)][same_text]))
    return ngrams


def _scale(values: np.ndarray, weighting: str) -> None:
    """Scale the weights of every text to length 1 (tfidf) or sum 1 (mean), in place."""
    if weighting == "tfidf":
        values /= np.maximum(np.sqrt((values**2).sum(axis=1, keepdims=True)), 1e-12)
    if weighting == "mean":
        values /= np.maximum(values.sum(axis=1, keepdims=True), 1.0)


def _flatten(x: Any) -> tuple[np.ndarray, np.ndarray]:
    """All tokens of all texts in one array, without padding and start marks, and their rows."""
    lengths = [len(text) for text in x]
    tokens = np.concatenate([np.zeros(0, "int32"), *x])
    rows = np.repeat(np.arange(len(x)), lengths)
    is_word = tokens > START
    return tokens[is_word], rows[is_word]


def _frequent(
    keys: np.ndarray, rows: np.ndarray, min_occurrences: int
) -> tuple[np.ndarray, np.ndarray]:
    """The distinct keys that occur often enough, ascending, and the number of rows of each."""
    distinct, counts = np.unique(keys, return_counts=True)
    distinct = distinct[counts >= min_occurrences]
    place, is_known = _look_up(keys, distinct)
    # With return_counts NumPy sorts, which here is several times faster than its hash table.
    pairs, _counts = np.unique(rows[is_known] * len(distinct) + place, return_counts=True)
    return distinct, np.bincount(pairs % max(len(distinct), 1), minlength=len(distinct))


def _look_up(keys: np.ndarray, vocabulary: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Places in a sorted vocabulary of the keys that it holds, and which keys those are."""
    place = np.searchsorted(vocabulary, keys)
    place[place == len(vocabulary)] = 0
    is_known = vocabulary[place] == keys if len(vocabulary) else np.zeros(len(keys), bool)
    return place[is_known], is_known
