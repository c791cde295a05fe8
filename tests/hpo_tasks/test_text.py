"""Bags of n-grams and padded sequences: what is learnt, and of which texts."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone

from hpo import HPOError
from hpo_tasks.text import (
    FIRST_WORD,
    START,
    UNKNOWN,
    BagOfNgrams,
    PaddedSequences,
    decoder,
    to_token_ids,
)

A, B, C, D = range(4, 8)


def texts(*lists):
    array = np.empty(len(lists), dtype=object)
    for row, tokens in enumerate(lists):
        array[row] = np.array(tokens, "int32")
    return array


def bag(transformed, row):
    """The n-grams of a text with their weights, padding left out."""
    pairs = zip(transformed["ngrams"][row], transformed["weights"][row], strict=True)
    return {int(ngram): float(weight) for ngram, weight in pairs if ngram}


def test_texts_are_numbered_as_keras_numbers_them():
    (text,) = to_token_ids([[1, 5]])
    assert text.tolist() == [START, 1 + FIRST_WORD, 5 + FIRST_WORD]


def test_a_text_is_shown_in_its_words():
    (text,) = to_token_ids([[2, 1, 9]])
    assert decoder({"film": 1, "good": 2})(text) == "good film ?"


@pytest.mark.parametrize(("keep", "kept"), [("start", [4, 5]), ("end", [5, 6])])
def test_a_long_text_keeps_the_end_asked_for(keep, kept):
    padded = PaddedSequences(num_words=10, max_len=2, keep=keep).fit_transform(texts([4, 5, 6]))
    assert padded.tolist() == [kept]


def test_a_short_text_is_padded_and_rare_words_become_unknown():
    padded = PaddedSequences(num_words=6, max_len=4).fit_transform(texts([4, 6]))
    assert padded.tolist() == [[4, UNKNOWN, 0, 0]]


def test_an_unknown_end_is_refused():
    with pytest.raises(HPOError, match="Received: keep='middle'"):
        PaddedSequences(keep="middle").fit(texts([4]))


def test_a_padded_matrix_is_the_same_to_both_transformers_as_the_texts():
    ragged, matrix = texts([A, B, C], [B]), np.array([[A, B, C], [B, 0, 0]])
    for transformer in (PaddedSequences(10, 3), BagOfNgrams(2, 20, 8, "binary")):
        one, other = transformer.fit_transform(ragged), clone(transformer).fit_transform(matrix)
        np.testing.assert_equal(one, other)


def test_every_text_holds_the_bias_once():
    made = BagOfNgrams(1, 10, 4, "tfidf").fit_transform(texts([A], [], [A, B, C, A]))
    assert [weights[1] for weights in (bag(made, row) for row in range(3))] == [1, 1, 1]


def test_pairs_do_not_reach_from_one_text_into_the_next():
    x = texts([A, B], [A, B], [C, A], [C, A])
    made = BagOfNgrams(2, 50, 10, "binary").fit(x)
    assert sum(map(len, made.vocabulary_)) == 3 + 2  # three words, "A B" and "C A"; no "B A"


def test_a_pair_that_occurs_once_is_no_feature_and_a_word_is():
    made = BagOfNgrams(2, 50, 10, "binary").fit(texts([A, B], [C]))
    assert [len(keys) for keys in made.vocabulary_] == [3, 0]


def test_the_vocabulary_holds_the_ngrams_of_most_texts():
    x = texts([A, A, A, A], [B], [B], [C], [C], [C])
    made = BagOfNgrams(1, 2 + 2, 10, "binary").fit(x)
    assert made.vocabulary_[0].tolist() == [B, C]


def test_what_training_texts_do_not_hold_is_no_feature():
    made = BagOfNgrams(2, 50, 10, "binary").fit(texts([A, B], [A, B]))
    assert bag(made.transform(texts([D, C, 1000])), 0) == {1: 1}


def test_counts_are_dampened_and_means_sum_to_one():
    x = texts([A, A, B], [B])
    counted = bag(BagOfNgrams(1, 10, 5, "count").fit_transform(x), 0)
    assert counted == pytest.approx({1: 1, 2: 1 + math.log(2), 3: 1})
    mean = bag(BagOfNgrams(1, 10, 5, "mean").fit_transform(x), 0)
    assert mean == pytest.approx({1: 1, 2: 2 / 3, 3: 1 / 3})


def test_tfidf_has_length_one_and_prefers_what_is_rare():
    weights = bag(BagOfNgrams(1, 10, 5, "tfidf").fit_transform(texts([A, B], [A], [A])), 0)
    assert weights[3] > weights[2]
    assert weights[2] ** 2 + weights[3] ** 2 == pytest.approx(1)
    assert weights[3] / weights[2] == pytest.approx((math.log(4 / 2) + 1) / (math.log(4 / 4) + 1))


def test_log_ratios_have_the_sign_of_the_class_that_uses_the_word():
    x, y = texts([A, C], [A, C], [B, C], [B, C]), np.array([1, 1, 0, 0])
    made = BagOfNgrams(1, 10, 5, "nb").fit(x, y)
    ratios = dict(zip(made.vocabulary_[0].tolist(), made.weights_[2:], strict=True))
    assert ratios[A] == pytest.approx(math.log(3)) == -ratios[B]
    assert ratios[C] == pytest.approx(0)


def test_log_ratios_need_two_classes():
    with pytest.raises(HPOError, match="two classes"):
        BagOfNgrams(1, 10, 5, "nb").fit(texts([A], [B], [C]), np.array([0, 1, 2]))


def test_of_a_long_text_the_heaviest_ngrams_are_kept():
    x = texts([A, B, C], [A], [A], [B])
    weights = bag(BagOfNgrams(1, 10, 1 + 2, "tfidf").fit_transform(x), 0)
    assert set(weights) == {1, 3, 4}  # A, the most common word, is left out


def test_an_unknown_weighting_is_refused():
    with pytest.raises(HPOError, match="Received: 'tf'"):
        BagOfNgrams(weighting="tf").fit(texts([A]))


def test_ngrams_too_many_to_be_numbered_are_refused():
    with pytest.raises(HPOError, match="64 bits"):
        BagOfNgrams(order=4).fit(texts([A, 80_000]))


@given(
    st.lists(st.lists(st.integers(START, 12), max_size=8), min_size=2, max_size=6),
    st.integers(1, 3),
    st.sampled_from(["binary", "count", "mean", "tfidf"]),
)
def test_a_bag_counts_what_a_plain_loop_counts(lists, order, weighting):
    x = texts(*lists)
    made = BagOfNgrams(order, 10_000, 100, weighting).fit(x)
    transformed = made.transform(x)
    occurrences = {}
    for tokens in lists:
        for ngram in _ngrams(tokens, order):
            occurrences[ngram] = occurrences.get(ngram, 0) + 1
    for row, tokens in enumerate(lists):
        known = {n for n in _ngrams(tokens, order) if len(n) == 1 or occurrences[n] > 1}
        assert len(bag(transformed, row)) == 1 + len(known)
        assert transformed["ngrams"].max() < 10_000


def _ngrams(tokens, order):
    kept = [token for token in tokens if token > START]
    return [
        tuple(kept[start : start + length])
        for length in range(1, order + 1)
        for start in range(len(kept) - length + 1)
    ]


def test_only_the_training_part_is_learnt_from():
    x = texts([A, B], [A, B], [C, D], [C, D])
    made = BagOfNgrams(2, 50, 10, "tfidf").fit(x[:2])
    assert bag(made.transform(x), 2) == {1: 1}
