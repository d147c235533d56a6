"""A comparison is learned from pairs, and its answer is a likelihood ratio."""

import numpy as np
import pytest

pytest.importorskip("sklearn")

from faceguard.domain.errors import FaceguardError
from faceguard.domain.similarity import HeadKind
from faceguard.domain.template import EncoderId
from faceguard.evaluation.side_by_side import cllr
from faceguard.training.head import learn_head, likelihood, others_by_chance, training_pairs

ENCODER = EncoderId("enc", "0123456789ab", "arcface-rgb")


def faces(people, photos, seed, values=12, noisy=4):
    """Unit rows whose last values say nothing: one photo's differ as much as another person's."""
    chance = np.random.default_rng(seed)
    own = np.repeat(chance.normal(size=(people, values)), photos, axis=0)
    rows = own + chance.normal(scale=0.35, size=own.shape)
    rows[:, -noisy:] = chance.normal(scale=1.5, size=(len(rows), noisy))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows.astype(np.float32), np.repeat(np.arange(people), photos)


def auc(same, different):
    return np.mean(same[:, np.newaxis] < different[np.newaxis])


@pytest.mark.parametrize("kind", list(HeadKind))
def test_a_head_learns_which_values_count_and_serves_people_it_never_saw(kind):
    matrix, who = faces(60, 4, seed=1)
    learned = learn_head(kind, matrix, training_pairs(matrix, who), ENCODER, strength=1.0)
    assert learned.encoder_id == ENCODER
    assert np.abs(learned.weights[-4:]).max() < 0.5 * np.abs(learned.weights[:-4]).mean()
    fresh, whose = faces(60, 4, seed=2)
    first, second = np.triu_indices(len(whose), 1)
    same = whose[first] == whose[second]
    d = learned.pair_distances(fresh, first, second)
    plain = ((fresh[first] - fresh[second]) ** 2).sum(1)
    assert auc(d[same], d[~same][::7]) > auc(plain[same], plain[~same][::7]) + 0.01


def test_the_answer_is_a_likelihood_ratio_of_pairs_by_chance():
    matrix, who = faces(80, 4, seed=3)
    learned = learn_head(HeadKind.ABSOLUTE, matrix, training_pairs(matrix, who), ENCODER)
    fresh, whose = faces(80, 4, seed=4)
    first, second = np.triu_indices(len(whose), 1)
    same = whose[first] == whose[second]
    llr = learned.llr(fresh[first], fresh[second])
    cost = cllr(llr[same], llr[~same])
    assert cost < 0.6
    # neither a shift nor a stretch makes it much better: it is calibrated
    assert cost < cllr(llr[same] + 1.0, llr[~same] + 1.0)
    assert cost < cllr(llr[same] - 1.0, llr[~same] - 1.0)
    assert cost < cllr(1.6 * llr[same], 1.6 * llr[~same])


def test_pairs_are_all_of_one_person_the_nearest_others_and_others_by_chance():
    matrix, who = faces(10, 3, seed=5)
    pairs = training_pairs(matrix, who)
    assert pairs.same.sum() == 10 * 3
    assert (who[pairs.first] == who[pairs.second]).tolist() == pairs.same.tolist()
    assert pairs.chance_from == 30 + 30 * 8
    near = matrix[0] @ matrix[who != who[0]].T
    rows = pairs.second[30 : pairs.chance_from][pairs.first[30 : pairs.chance_from] == 0]
    assert sorted(matrix[0] @ matrix[rows].T) == pytest.approx(sorted(near)[-8:])


def test_others_by_chance_are_other_people():
    who = np.repeat(np.arange(5), 4)
    first, second = others_by_chance(who, 1000, 1)
    assert 700 < len(first) < 900
    assert (who[first] != who[second]).all()


@pytest.mark.parametrize("labels", [[0, 1, 2], [0, 0, 0]])
def test_without_two_photos_or_two_people_nothing_is_learned(labels):
    with pytest.raises(FaceguardError, match="two photos"):
        training_pairs(np.eye(3, dtype=np.float32), labels)


@pytest.mark.parametrize("kind", list(HeadKind))
def test_no_difference_speaks_for_one_person_even_where_the_pairs_would_have_it_so(kind):
    matrix, who = faces(40, 3, seed=6)
    # one value that differs within a person and agrees between people: unlike photos would be taken for one person's
    matrix[:, 0] = np.tile([0.3, -0.3, 0.0], 40)
    learned = learn_head(kind, matrix, training_pairs(matrix, who), ENCODER, strength=1.0)
    assert learned.weights.max() <= 0.0
    assert learned.weights[0] == 0.0
    assert (learned.weights < 0.0).any()


def test_pairs_that_tell_nothing_teach_nothing():
    alike = np.tile(np.eye(2, 4, dtype=np.float32), (2, 1))  # rows 0 and 2 are the same, and two people's
    pairs = training_pairs(alike, [0, 0, 1, 1])
    with pytest.raises(FaceguardError, match="Nothing in these pairs"):
        learn_head(HeadKind.ABSOLUTE, alike, pairs, ENCODER)


def test_the_strength_ties_the_weights_together():
    matrix, who = faces(60, 4, seed=8)
    pairs = training_pairs(matrix, who)
    spread = [
        np.ptp(w) / np.abs(w).mean()
        for w in (learn_head(HeadKind.ABSOLUTE, matrix, pairs, ENCODER, c).weights for c in (1e-5, 1.0))
    ]
    assert spread[0] < spread[1]


def test_a_score_becomes_a_likelihood_ratio():
    matrix, who = faces(80, 4, seed=9)
    pairs = training_pairs(matrix, who)
    d = ((matrix[pairs.first] - matrix[pairs.second]) ** 2).sum(1)
    slope, offset = likelihood(d, pairs)
    assert slope < 0 < offset
    shifted = likelihood(10.0 * d + 3.0, pairs)
    assert shifted[0] == pytest.approx(slope / 10.0, rel=1e-3)
    assert 3.0 * shifted[0] + shifted[1] == pytest.approx(offset, rel=1e-2)
