"""The nearest people of a gallery."""

import itertools
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceguard.domain.errors import EncoderMismatch
from faceguard.domain.similarity import HeadKind, SimilarityHead
from faceguard.domain.template import ConsentMeans, Embedding, EncoderId, Gallery, Subject
from faceguard.pipeline.matcher import Matcher, as_distances

ENCODER = EncoderId("test", "0123456789ab", "plain")
OTHER = EncoderId("test", "0123456789ab", "mirror")


def subjects(ids):
    when = datetime(2026, 1, 1, tzinfo=UTC)
    return {int(i): Subject(int(i), f"Person {i}", ConsentMeans.PAPER, when) for i in set(ids)}


def unit_rows(count, length=16, seed=0):
    rows = np.random.default_rng(seed).normal(size=(count, length))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def gallery(rows, ids):
    return Gallery(ENCODER, rows, np.array(ids, np.int64), subjects(ids))


@given(
    ids=st.lists(st.integers(1, 6), min_size=1, max_size=20),
    seed=st.integers(0, 2**32 - 1),
    top=st.integers(1, 8),
)
def test_search_is_the_exhaustive_search_in_float64(ids, seed, top):
    rows = unit_rows(len(ids), seed=seed)
    probe = Embedding(unit_rows(1, seed=seed + 1)[0], ENCODER)
    exact = ((rows.astype(np.float64) - probe.values.astype(np.float64)) ** 2).sum(axis=1)
    nearest = {i: min(d for d, owner in zip(exact, ids, strict=True) if owner == i) for i in set(ids)}
    expected = sorted((d, i) for i, d in nearest.items())[:top]
    found = Matcher(gallery(rows, ids)).search(probe, top)
    assert [c.subject_id for c in found] == [i for _, i in expected]
    np.testing.assert_allclose([c.distance.value for c in found], [d for d, _ in expected], atol=1e-9)


def test_identical_vectors_have_distance_zero_and_opposite_ones_four():
    rows = unit_rows(3)
    matcher = Matcher(gallery(np.concatenate([rows, -rows[:1]]), [1, 2, 3, 4]))
    probe = Embedding(rows[0], ENCODER)
    assert matcher.search(probe)[0].distance.value == 0.0
    assert matcher.compare(probe, 4).value == pytest.approx(4.0, abs=1e-6)


def test_one_to_one_is_the_distance_to_that_persons_nearest_template():
    rows = unit_rows(4)
    matcher = Matcher(gallery(rows, [7, 3, 7, 3]))
    probe = Embedding(unit_rows(1, seed=9)[0], ENCODER)
    for person, own in ((7, (0, 2)), (3, (1, 3))):
        expected = min(probe.distance(Embedding(rows[i], ENCODER)) for i in own)
        assert matcher.compare(probe, person).value == pytest.approx(expected.value, abs=1e-9)
    for nobody in (1, 5, 99):
        assert matcher.compare(probe, nobody) is None


def test_a_search_and_a_comparison_agree_on_the_same_person():
    matcher = Matcher(gallery(unit_rows(50), list(range(1, 51))))
    probe = Embedding(unit_rows(1, seed=3)[0], ENCODER)
    for candidate in matcher.search(probe, 50):
        assert matcher.compare(probe, candidate.subject_id) == candidate.distance


def test_the_order_of_the_rows_never_matters_even_between_equals():
    row = unit_rows(1)[0]
    probe = Embedding(row, ENCODER)
    for ids in itertools.permutations([4, 9, 2]):
        found = Matcher(gallery(np.stack([row] * 3), ids)).search(probe, 3)
        assert [c.subject_id for c in found] == [2, 4, 9]


def test_what_is_not_a_number_is_the_farthest_in_every_order():
    values = [np.nan, 0.5, np.inf, -1e-7, 4.0001, -np.inf]
    for order in itertools.permutations(values):
        found = as_distances(np.array(order, np.float32))
        assert np.isfinite(found).all()
        assert found[order.index(0.5)] == np.float32(0.5)
        for place, value in enumerate(order):
            if np.isnan(value) or value > 4:
                assert found[place] == 4.0


def test_nobody_is_found_in_an_empty_gallery():
    matcher = Matcher(Gallery.empty(ENCODER, 16))
    probe = Embedding(unit_rows(1)[0], ENCODER)
    assert matcher.search(probe) == ()
    assert matcher.compare(probe, 1) is None
    assert matcher.gallery.size == 0


def test_embeddings_of_another_encoder_are_never_compared():
    matcher = Matcher(gallery(unit_rows(2), [1, 2]))
    stranger = Embedding(unit_rows(1)[0], OTHER)
    with pytest.raises(EncoderMismatch):
        matcher.search(stranger)
    with pytest.raises(EncoderMismatch):
        matcher.compare(stranger, 1)
    with pytest.raises(EncoderMismatch):
        Matcher(Gallery.empty(ENCODER, 16)).search(stranger)


def test_embeddings_of_another_length_are_never_compared():
    with pytest.raises(EncoderMismatch):
        Matcher(gallery(unit_rows(2), [1, 2])).search(Embedding(unit_rows(1, length=8)[0], ENCODER))


def test_ten_thousand_people_are_searched_rightly():
    rows = unit_rows(10_000, length=128)
    matcher = Matcher(gallery(rows, list(range(1, 10_001))))
    first, second = matcher.search(Embedding(rows[4321], ENCODER))
    assert (first.subject_id, first.distance.value) == (4322, 0.0)
    assert second.distance > first.distance


def head(length=16, seed=1, kind=HeadKind.ABSOLUTE, encoder=ENCODER):
    return SimilarityHead(kind, encoder, -9.0 * np.random.default_rng(seed).random(length), 20.0)


@given(
    ids=st.lists(st.integers(1, 6), min_size=1, max_size=20),
    seed=st.integers(0, 2**32 - 1),
    kind=st.sampled_from(HeadKind),
)
def test_a_learned_comparison_is_searched_as_exhaustively(ids, seed, kind):
    rows, learned = unit_rows(len(ids), seed=seed), head(kind=kind)
    probe = Embedding(unit_rows(1, seed=seed + 1)[0], ENCODER)
    exact = learned.distances(probe.values, rows)
    nearest = {i: min(d for d, owner in zip(exact, ids, strict=True) if owner == i) for i in set(ids)}
    matcher = Matcher(gallery(rows, ids), learned)
    found = matcher.search(probe, 3)
    assert [(c.distance.value, c.subject_id) for c in found] == sorted((d, i) for i, d in nearest.items())[:3]
    for person, d in nearest.items():
        assert matcher.compare(probe, person).value == d
    assert matcher.compare(probe, 7) is None


@given(ids=st.permutations([1, 1, 2, 2, 3, 3]))
def test_people_at_the_same_learned_distance_come_by_number(ids):
    rows = np.tile(unit_rows(1), (6, 1))
    found = Matcher(gallery(rows, ids), head()).search(Embedding(unit_rows(1, seed=5)[0], ENCODER), 3)
    assert [c.subject_id for c in found] == [1, 2, 3]
    assert len({c.distance.value for c in found}) == 1


def test_the_same_vector_is_nearest_and_nobody_nearer():
    rows, learned = unit_rows(50), head()
    found = Matcher(gallery(rows, range(1, 51)), learned).search(Embedding(rows[7], ENCODER), 50)
    assert found[0].subject_id == 8
    assert found[0].distance.value == 0.0


def test_a_learned_comparison_of_another_encoder_or_length_is_refused():
    with pytest.raises(EncoderMismatch):
        Matcher(gallery(unit_rows(2), [1, 2]), head(encoder=OTHER))
    with pytest.raises(EncoderMismatch, match="length"):
        Matcher(gallery(unit_rows(2), [1, 2]), head(length=8))
