"""Learned comparisons: the two forms, their safety for signed values, and what an LLR is not."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from faceguard.domain.errors import EncoderMismatch
from faceguard.domain.similarity import HeadKind, SimilarityHead, differences, probability
from faceguard.domain.template import Embedding, EncoderId

ENCODER = EncoderId("enc", "0123456789ab", "arcface-rgb")


def head(kind=HeadKind.ABSOLUTE, weights=(-1.0, -2.0), bias=3.0):
    return SimilarityHead(kind, ENCODER, np.array(weights), bias)


def test_the_absolute_form_by_hand():
    assert differences(HeadKind.ABSOLUTE, [0.5, -0.5], [-0.25, 0.5]).tolist() == [0.75, 1.0]
    assert head().llr([0.5, -0.5], [-0.25, 0.5]) == pytest.approx(3.0 - 0.75 - 2.0)


def test_the_chi_square_form_by_hand():
    # (0.75)^2 / 0.75 and 1^2 / 1; for positive values as in DeepFace: (0.6 - 0.2)^2 / (0.6 + 0.2)
    assert differences(HeadKind.CHI_SQUARE, [0.5, -0.5], [-0.25, 0.5]).tolist() == [0.75, 1.0]
    assert differences(HeadKind.CHI_SQUARE, [0.6], [0.2])[0] == pytest.approx(0.16 / 0.8)


@given(arrays(np.float64, (2, 5), elements=st.floats(-1, 1)))
def test_the_chi_square_form_is_finite_symmetric_and_never_above_the_absolute_one(pair):
    a, b = pair
    found = differences(HeadKind.CHI_SQUARE, a, b)
    assert np.isfinite(found).all()
    assert (found >= 0).all()
    assert np.array_equal(found, differences(HeadKind.CHI_SQUARE, b, a))
    assert (found <= np.abs(a - b) * (1 + 1e-12)).all()
    assert not differences(HeadKind.CHI_SQUARE, a, a).any()


def test_an_llr_becomes_a_distance_that_shrinks_with_likeness_and_stays_in_range():
    alike, apart = head().distances([0.0, 0.0], [0.0, 0.0]), head().distances([1.0, 0.0], [0.0, 1.0])
    assert (alike, apart) == (0.0, 3.0 / 20.0)
    assert (head().llr_of(alike), head().llr_of(apart)) == (3.0, 0.0)
    assert alike < apart
    assert head(weights=(-1e6, -1e6)).distances([1.0, 0.0], [0.0, 1.0]) == 4.0
    assert head(bias=80.0).distances([1.0, 0.0], [1.0, 0.0]) == 0.0


def test_what_is_not_a_number_is_the_farthest():
    assert head().distances([math.nan, 0.0], [0.0, 0.0]) == 4.0


@given(
    kind=st.sampled_from(HeadKind),
    weights=arrays(np.float64, 6, elements=st.floats(-1e3, 0)).filter(lambda w: w.any()),
    pair=arrays(np.float32, (2, 6), elements=st.floats(-1, 1, width=32)),
    bias=st.floats(-80, 80),
)
def test_nothing_is_nearer_than_the_same_vector(kind, weights, pair, bias):
    found = SimilarityHead(kind, ENCODER, weights, bias)
    itself = found.distances(pair[0], pair[0])
    assert found.llr(pair[0], pair[0]) == bias
    assert 0.0 == itself <= found.distances(pair[0], pair[1])
    assert found.distances(pair[0], pair[1]) == found.distances(pair[1], pair[0])
    assert 0.0 <= found.distances(pair[0], pair[1]) <= 4.0


@given(
    kind=st.sampled_from(HeadKind),
    pair=arrays(np.float64, (2, 4), elements=st.floats(-1, 1)),
    place=st.integers(0, 3),
    step=st.floats(0, 1),
)
def test_whoever_moves_away_in_one_value_never_comes_nearer(kind, pair, place, step):
    found = SimilarityHead(kind, ENCODER, np.array([-1.0, -3.0, 0.0, -0.1]), 5.0)
    moved = pair[1].copy()
    moved[place] += math.copysign(step, moved[place] - pair[0][place])
    assert found.distances(pair[0], moved) >= found.distances(pair[0], pair[1]) - 1e-12


@given(
    kind=st.sampled_from(HeadKind),
    rows=arrays(np.float32, (7, 5), elements=st.one_of(st.floats(-1, 1, width=32), st.just(math.nan))),
)
def test_a_table_holds_what_single_pairs_do_and_no_broken_number_comes_near(kind, rows):
    found = SimilarityHead(kind, ENCODER, np.linspace(-9.0, -1.0, 5), 20.0)
    for table in (found.table(rows[:3], rows), found.table(rows, rows[:3]).T):
        assert table.dtype == np.float32
        assert np.allclose(table, found.distances(rows[:3, np.newaxis], rows), atol=1e-5)
    broken = np.isnan(rows).any(axis=1)
    assert (found.table(rows, rows)[broken] == 4.0).all()


def test_equal_pairs_are_equal_to_the_last_bit_wherever_they_stand():
    rows = np.random.default_rng(4).normal(size=(33, 128))
    found = SimilarityHead(HeadKind.ABSOLUTE, ENCODER, -np.random.default_rng(5).random(128), 10.0)
    alike = np.tile(rows[0], (33, 1))
    assert np.unique(found.llr(rows[1], alike)).size == 1
    assert found.llr(rows[1], alike)[32] == found.llr(rows[1], rows[0]) == found.llr(rows[0], rows[1])


def test_embeddings_of_another_encoder_are_not_compared():
    other = Embedding(np.array([1.0, 0.0]), EncoderId("other", "0123456789ab", "arcface-rgb"))
    own = Embedding(np.array([1.0, 0.0]), ENCODER)
    assert head().distance(own, own).value == 0.0
    for pair in ((own, other), (other, own), (other, other)):
        with pytest.raises(EncoderMismatch):
            head().distance(*pair)


def test_another_head_has_another_digest():
    first = head().digest
    assert first == head().digest
    others = [head(HeadKind.CHI_SQUARE), head(weights=(-1.0, -2.0000001)), head(bias=3.0000001)]
    assert len({first, *(other.digest for other in others)}) == 4


def test_listed_pairs_are_as_single_ones():
    rows = np.random.default_rng(1).normal(size=(6, 2)).astype(np.float32)
    first, second = np.array([0, 3, 5]), np.array([1, 2, 5])
    found = head().pair_distances(rows, first, second)
    assert found == pytest.approx(
        [float(head().distances(rows[a], rows[b])) for a, b in zip(first, second, strict=True)]
    )
    assert head().pair_distances(rows, first[:0], second[:0]).size == 0


@pytest.mark.parametrize("bad", [(math.nan, 1.0), (math.inf, 1.0), (1.0,)])
def test_a_head_that_cannot_be_trusted_is_none(bad):
    with pytest.raises(ValueError, match="finite weights"):
        head(weights=bad)
    with pytest.raises(ValueError, match="finite bias"):
        head(bias=math.nan)


@pytest.mark.parametrize("bad", [(-1.0, 0.1), (0.0, 0.0)])
def test_a_head_for_which_a_difference_speaks_for_sameness_or_for_nothing_is_none(bad):
    with pytest.raises(ValueError, match="never speaks for one person"):
        head(weights=bad)
    with pytest.raises(ValueError, match="bias lies between"):
        head(bias=80.1)


def test_a_probability_needs_a_prior():
    assert probability(0.0, 0.5) == 0.5
    assert probability(math.log(99.0), 0.5) == pytest.approx(0.99)
    assert probability(math.log(99.0), 0.01) == pytest.approx(0.5)
    assert probability(-1e6, 0.5) == 0.0
    for llr, prior in ((0.0, 0.0), (0.0, 1.0), (math.nan, 0.5), (0.0, math.nan)):
        with pytest.raises(ValueError, match="prior"):
            probability(llr, prior)
