"""Who is named before the door starts refusing, and who is not."""

from datetime import UTC, datetime, timedelta

import numpy as np

from faceguard.evaluation.drift import drifting
from faceguard.evaluation.genuine import GenuineScore, ScoreDomain, ScoreOrigin

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
TAU = 1.1


def visits(person, distances, *, days=2.0, origin=ScoreOrigin.FACE):
    return [
        GenuineScore(float(d), person, START + timedelta(days=i * days), ScoreDomain.PHOTO_LIVE, origin)
        for i, d in enumerate(distances)
    ]


def noisy(start, end, count, seed):
    return np.linspace(start, end, count) + np.random.default_rng(seed).normal(scale=0.05, size=count)


def test_a_beard_that_grows_is_noticed_long_before_tau_is_reached():
    (found,) = drifting(visits(7, noisy(0.5, 0.9, 40, 1)), TAU)
    assert found.subject_id == 7
    assert 0.08 < found.per_month < 0.22
    assert START + timedelta(days=80) < found.reaches < START + timedelta(days=80 + 90)


def test_noise_without_a_trend_names_nobody():
    named = sum(bool(drifting(visits(1, noisy(0.6, 0.6, 40, seed)), TAU)) for seed in range(100))
    assert named == 0


def test_a_trend_too_slow_to_matter_within_three_months_names_nobody():
    assert not drifting(visits(1, noisy(0.5, 0.55, 60, 2)), TAU)


def test_whoever_always_lies_close_to_tau_is_named_without_a_trend():
    (found,) = drifting(visits(3, noisy(1.04, 1.04, 20, 3)), TAU)
    assert found.reaches is None
    assert found.recent > 0.9 * TAU


def test_one_bad_day_names_nobody():
    distances = noisy(0.6, 0.6, 30, 4)
    distances[17] = 1.09
    assert not drifting(visits(1, distances), TAU)


def test_one_day_alone_shows_no_trend():
    assert not drifting(visits(1, np.linspace(0.5, 0.9, 20), days=0.02), TAU)


def test_few_visits_name_nobody():
    assert not drifting(visits(1, np.linspace(0.9, 1.09, 7)), TAU)


def test_pairs_of_templates_say_nothing_about_today():
    assert not drifting(visits(1, np.linspace(0.9, 1.09, 20), origin=ScoreOrigin.TEMPLATES), TAU)


def test_a_new_beard_that_was_shaved_off_again_names_nobody():
    grown_and_shaved = np.concatenate([np.linspace(0.5, 0.95, 30), np.full(30, 0.5)])
    assert not drifting(visits(1, grown_and_shaved), TAU)


def test_the_most_urgent_first():
    people = visits(1, noisy(0.5, 0.9, 40, 5)) + visits(2, noisy(1.2, 1.2, 10, 6)) + visits(3, noisy(1.08, 1.08, 20, 7))
    assert [d.subject_id for d in drifting(people, TAU)] == [2, 3, 1]
