"""What is said about staff, and from when on."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from scipy.stats import beta

from faceguard.domain.template import Embedding, EncoderId, Template, TemplateSource
from faceguard.evaluation.genuine import (
    ENOUGH_GENUINE,
    GenuineScore,
    GenuineScores,
    ScoreDomain,
    ScoreOrigin,
    against_live,
    own_pairs,
)

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
PHOTO, CAMERA = TemplateSource.PHOTO, TemplateSource.CAMERA


def scores(*distances, person=None, origin=ScoreOrigin.PIN, domain=ScoreDomain.PHOTO_LIVE):
    return tuple(
        GenuineScore(d, i if person is None else person, NOON, domain, origin) for i, d in enumerate(distances)
    )


def test_before_thirty_known_scores_nothing_is_said():
    assert GenuineScores(scores(*[0.5] * (ENOUGH_GENUINE - 1))).beyond(1.0) is None
    assert GenuineScores(scores(*[0.5] * ENOUGH_GENUINE)).beyond(1.0) is not None


def test_what_the_face_alone_knew_does_not_make_it_enough():
    by_face = scores(*[0.5] * 500, origin=ScoreOrigin.FACE)
    assert GenuineScores(by_face + scores(*[0.5] * 29)).beyond(1.0) is None


def test_two_photos_of_one_person_are_no_score_of_a_door():
    photos = scores(*[1.9] * 100, domain=ScoreDomain.PHOTO_PHOTO)
    found = GenuineScores(photos + scores(*[0.5] * 30))
    assert found.known == 30
    assert found.beyond(1.0).n == 30
    assert found.by_domain()[ScoreDomain.PHOTO_PHOTO] == 100


def test_the_bounds_are_exact_where_everybody_comes_once():
    found = GenuineScores(scores(*[0.5] * 57, *[1.2] * 3)).beyond(1.0)
    assert (found.beyond, found.n, found.people, found.value) == (3, 60, 60, 0.05)
    assert found.low == pytest.approx(beta.ppf(0.025, 3, 58))
    assert found.high == pytest.approx(beta.ppf(0.975, 4, 57))


def test_a_tie_is_within():
    found = GenuineScores(scores(*[1.0] * 40))
    assert found.beyond(1.0).beyond == 0
    assert found.beyond(float(np.nextafter(1.0, 0))).beyond == 40


def test_whoever_is_always_refused_widens_the_bounds():
    once = GenuineScores(scores(*[0.5] * 90, *[1.2] * 10), enrolled=500).beyond(1.0)
    lumped = tuple(s for p in range(9) for s in scores(*[0.5] * 10, person=p)) + scores(*[1.2] * 10, person=9)
    same = GenuineScores(lumped, enrolled=500).beyond(1.0)
    assert same.value == once.value
    assert same.low < once.low < once.high < same.high
    assert same.people == 10


def test_where_everybody_was_seen_no_spread_between_people_is_left():
    lumped = tuple(s for p in range(9) for s in scores(*[0.5] * 10, person=p)) + scores(*[1.2] * 10, person=9)
    all_of_them = GenuineScores(lumped, enrolled=10).beyond(1.0)
    assert (all_of_them.low, all_of_them.high) == pytest.approx((beta.ppf(0.025, 10, 91), beta.ppf(0.975, 11, 90)))


def test_one_person_alone_says_little_about_the_others():
    found = GenuineScores(scores(*[0.5] * 300, person=1), enrolled=40).beyond(1.0)
    assert found.high > 0.9
    few = GenuineScores(tuple(s for p in range(5) for s in scores(*[0.5] * 60, person=p)), enrolled=40).beyond(1.0)
    assert 0.3 < few.high < 0.6


@pytest.mark.parametrize("people", [5, 10, 40])
def test_the_bounds_hold_for_the_others_in_nineteen_of_twenty_doors(people):
    """People differ (beta, mean 5 %), each comes 20 times; the rate of everybody else is what is to be covered."""
    chance, held, doors = np.random.default_rng(people), 0, 300
    for _ in range(doors):
        own = chance.beta(0.5, 9.5, people)
        misses = chance.binomial(20, own)
        made = [d for p, k in enumerate(misses) for d in scores(*[1.2] * k, *[0.5] * (20 - k), person=p)]
        found = GenuineScores(tuple(made), enrolled=100_000).beyond(1.0)
        held += found.low <= 0.05 <= found.high
    assert held / doors > (0.85 if people == 5 else 0.9)


def test_grants_by_the_face_and_labels_of_refusals_tilt_no_rate():
    known = scores(*[0.5] * 15, *[1.2] * 15)
    by_face = scores(*[0.5] * 5000, origin=ScoreOrigin.FACE)
    labelled = scores(*[1.5] * 50, origin=ScoreOrigin.LABEL)
    found = GenuineScores(known + by_face + labelled)
    assert (found.known, found.beyond(1.0).n, found.beyond(1.0).value) == (30, 30, 0.5)
    assert len(found.distances) == 5080


def test_pictures_of_one_minute_are_one_visit():
    checks = scores(*[0.5, 0.6, 0.9] * 20, person=1, origin=ScoreOrigin.LIVE_CHECK)
    pairs = scores(*[0.4] * 30, person=1, origin=ScoreOrigin.TEMPLATES)
    other = scores(*[0.4] * 30, person=2, origin=ScoreOrigin.TEMPLATES)
    found = GenuineScores(checks + pairs + other)
    assert found.known == 2  # the worst check of the first, and of the second the worst pair
    assert not found.enough


def test_refusals_that_nobody_explained_are_counted_beside_the_rate():
    known = scores(*[0.5] * 100)
    without = GenuineScores(known).beyond(1.0)
    found = GenuineScores(known, (1.1, 1.3, 0.9)).beyond(1.0)
    assert (found.value, found.high, found.unexplained) == (0.0, without.high, 2)
    assert GenuineScores(known, (1.1, 1.3)).beyond(1.2).unexplained == 1


def test_a_greater_tau_never_sends_more_staff_back():
    chance = np.random.default_rng(4)
    found = GenuineScores(scores(*chance.uniform(0, 1.5, 200)), tuple(chance.uniform(0.9, 1.9, 20)))
    rates = [found.beyond(tau) for tau in np.linspace(0, 2, 81)]
    values = [rate.value for rate in rates]
    assert values == sorted(values, reverse=True)
    assert all(0 <= rate.low <= rate.value <= rate.high <= 1 for rate in rates)


def test_what_a_live_picture_is_compared_with():
    assert against_live(frozenset({PHOTO})) is ScoreDomain.PHOTO_LIVE
    assert against_live(frozenset({CAMERA})) is ScoreDomain.LIVE_LIVE
    assert against_live(frozenset({PHOTO, CAMERA})) is ScoreDomain.BOTH_LIVE


def test_pairs_of_templates_by_what_they_are():
    encoder = EncoderId("enc", "0123456789ab", "arcface-rgb")

    def template(number, person, source, *values):
        vector = Embedding.normalised(np.array(values, float), encoder)
        return Template(number, person, vector, source, NOON + timedelta(days=number))

    found = own_pairs(
        (
            template(1, 1, PHOTO, 1, 0),
            template(2, 1, CAMERA, 0, 1),
            template(3, 1, CAMERA, 1, 0),
            template(4, 2, PHOTO, 1, 0),
            template(5, 2, PHOTO, -1, 0),
        )
    )
    assert [(s.subject_id, round(s.distance, 6), s.domain, s.time.day - NOON.day) for s in found] == [
        (1, 2.0, ScoreDomain.PHOTO_LIVE, 2),
        (1, 0.0, ScoreDomain.PHOTO_LIVE, 3),
        (1, 2.0, ScoreDomain.LIVE_LIVE, 3),
        (2, 4.0, ScoreDomain.PHOTO_PHOTO, 5),
    ]


@pytest.mark.parametrize("distance", [-0.1, 4.1, float("nan")])
def test_what_is_no_distance_is_no_score(distance):
    with pytest.raises(ValueError, match="distance"):
        GenuineScore(distance, 1, NOON, ScoreDomain.PHOTO_LIVE, ScoreOrigin.PIN)
