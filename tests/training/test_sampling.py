"""Balanced batches: who is in them, in which order, and how a killed run goes on."""

import json
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faceguard.domain.errors import FaceguardError
from faceguard.training.sampling import BalancedSampler, require_pairs

COUNTS = (1, 2, 3, 4, 9, 1, 5)
LABELS = np.repeat(np.arange(len(COUNTS)), COUNTS)


def batches(sampler, count):
    return [sampler.batch() for _ in range(count)]


@settings(deadline=None)
@given(
    counts=st.lists(st.integers(1, 9), min_size=2, max_size=12).filter(lambda c: sum(n > 1 for n in c) >= 2),
    people=st.integers(2, 8),
    photos=st.integers(2, 6),
    seed=st.integers(0, 99),
)
def test_every_batch_has_p_people_with_k_photos_each_as_different_as_can_be(counts, people, photos, seed):
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))
    sampler = BalancedSampler(labels, people, photos, seed)
    assert sampler.people == min(people, sum(n > 1 for n in counts))
    for batch in batches(sampler, 12):
        assert batch.dtype == np.int64
        rows = batch.reshape(sampler.people, photos)
        assert (labels[rows] == labels[rows[:, :1]]).all()
        assert len(set(labels[rows[:, 0]].tolist())) == sampler.people
        for of_one in rows:
            there = counts[labels[of_one[0]]]
            assert there >= 2
            assert len(set(of_one.tolist())) == min(photos, there)
            seen = Counter(of_one.tolist()).values()
            assert max(seen) - (min(seen) if len(seen) == there else 0) <= max(1, -(-photos // there))


def test_everybody_comes_once_before_anybody_comes_again_and_so_do_their_photos():
    sampler = BalancedSampler(np.repeat(np.arange(10), 6), 5, 3, seed=1)
    rows = np.concatenate([sampler.batch() for _ in range(4)])
    assert sorted(Counter((rows // 6).tolist()).values()) == [6] * 10
    assert Counter(rows.tolist()) == Counter(range(60))


def test_photos_are_drawn_alike_over_many_batches():
    sampler = BalancedSampler(LABELS, 3, 2, seed=2)
    drawn = Counter(row for batch in batches(sampler, 3000) for row in batch.tolist())
    several = [p for p, n in enumerate(COUNTS) if n > 1]
    for person in several:
        rows = np.flatnonzero(person == LABELS).tolist()
        each = [drawn[row] for row in rows]
        assert sum(each) == pytest.approx(3000 * 3 * 2 / len(several), rel=0.01)
        assert max(each) - min(each) <= 2


def test_the_same_seed_gives_the_same_batches_and_another_one_others():
    def first(seed):
        return [b.tolist() for b in batches(BalancedSampler(LABELS, 3, 2, seed), 5)]

    assert first(3) == first(3)
    assert first(3) != first(4)


def test_a_run_that_was_killed_goes_on_with_the_batches_that_would_have_come():
    whole = BalancedSampler(LABELS, 3, 4, seed=5)
    for _ in range(7):
        whole.batch()
    state = json.loads(json.dumps(whole.state()))
    expected = [whole.batch().tolist() for _ in range(9)]
    other = BalancedSampler(LABELS, 3, 4, seed=99)
    other.resume(state)
    assert [other.batch().tolist() for _ in range(9)] == expected


def test_a_state_of_other_photos_is_refused():
    state = BalancedSampler(LABELS, 3, 2).state()
    with pytest.raises(FaceguardError, match="other photos"):
        BalancedSampler(np.repeat(np.arange(9), 3), 3, 2).resume(state)


def test_labels_may_be_names():
    batch = BalancedSampler(["Ann", "Ann", "Bob", "Bob", "Cy"], 2, 2).batch()
    assert sorted(batch.tolist()) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ([1, 2, 3], "nobody has two photos or more here \\(3 people, 3 photos"),
        ([1, 1, 2, 3], "only 1 person has two photos or more here \\(3 people, 4 photos"),
        ([], "nobody has"),
    ],
)
def test_metric_learning_is_refused_with_the_number_of_people_when_no_pair_can_be_made(labels, said):
    with pytest.raises(FaceguardError, match=said):
        BalancedSampler(labels, 2, 2)


def test_how_many_have_two_photos_is_answered():
    assert require_pairs(LABELS) == 5


def test_a_batch_of_one_person_or_single_photos_is_a_mistake():
    for people, photos in ((1, 4), (4, 1)):
        with pytest.raises(ValueError, match="at least"):
            BalancedSampler(LABELS, people, photos)
