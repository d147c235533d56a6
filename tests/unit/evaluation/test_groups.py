"""Rates within groups against slow loops, and the groups that names and lists say."""

import itertools
import json

import numpy as np
import pytest

from faceguard.domain.errors import FaceguardError
from faceguard.evaluation import groups
from faceguard.evaluation.error_rates import Share
from faceguard.evaluation.group_report import Grouped, group_lines, groups_answer
from faceguard.evaluation.groups import (
    bootstrap_by_photo,
    close_pairs,
    group_rates,
    overall_rate,
    read_groups,
    utk_age,
    utk_group,
)


@pytest.fixture
def photos():
    """60 unit vectors near three directions, the groups crowded in different ways."""
    chance = np.random.default_rng(5)
    group = ["near", "far", None] * 20
    spread = {"near": 0.5, "far": 1.2, None: 0.8}
    centre = np.zeros(16)
    centre[0] = 1.0
    matrix = np.array([centre + spread[name] * chance.normal(size=16) / 4 for name in group])
    matrix[33] = matrix[3] + 1e-3  # one picture twice, slightly changed
    return (matrix / np.linalg.norm(matrix, axis=1, keepdims=True)).astype(np.float32), group


def slow(matrix, tau, chosen):
    wanted = itertools.combinations([i for i in range(len(matrix)) if chosen(i)], 2)
    d = [(i, j, float(((matrix[i].astype(float) - matrix[j].astype(float)) ** 2).sum())) for i, j in wanted]
    return [(i, j) for i, j, x in d if x <= tau], len(d)


@pytest.mark.parametrize("block", [1, 7, 60, 100])
@pytest.mark.parametrize("tau", [0.0, 0.2, 0.7, 4.0])
def test_every_pair_within_tau_is_found_once(photos, block, tau):
    matrix, _ = photos
    found = close_pairs(matrix, tau, block)
    wanted, _ = slow(matrix, tau, lambda i: True)
    assert sorted(zip(found.first.tolist(), found.second.tolist(), strict=True)) == wanted
    assert (np.diff(found.d) >= 0).all()


def test_a_distance_of_exactly_tau_matches():
    matrix = np.eye(2, dtype=np.float32)
    assert close_pairs(matrix, 2.0).d.tolist() == [2.0]
    assert close_pairs(matrix, np.nextafter(2.0, 0.0)).d.size == 0


def test_each_group_is_compared_within_itself_and_the_worst_comes_first(photos):
    matrix, group = photos
    close = close_pairs(matrix, 0.3)
    rates = group_rates(close, group, resamples=50)
    assert [rate.group for rate in rates] == ["near", "far"]
    for rate in rates:
        wanted, n = slow(matrix, 0.3, lambda i, name=rate.group: group[i] == name)
        assert rate.rate == Share(len(wanted), n)
        assert rate.photos == 20
    wanted, n = slow(matrix, 0.3, lambda i: True)
    assert overall_rate(close, resamples=50).rate == Share(len(wanted), n)


def test_photos_that_match_with_many_widen_the_interval():
    """Ten matches of one photo are one accident, ten matches of twenty photos are ten."""
    one = bootstrap_by_photo(100, np.zeros(10, np.int64), np.arange(1, 11))
    ten = bootstrap_by_photo(100, np.arange(0, 20, 2), np.arange(1, 21, 2))
    rate = 10 / 4950
    assert one[0] == 0.0
    assert one[0] < ten[0] < rate < ten[1] < one[1]


def test_the_bootstrap_is_what_comparing_the_drawn_photos_gives():
    first, second, n = np.array([0, 1, 2]), np.array([1, 3, 4]), 6
    chance = np.random.default_rng(1)
    matching = set(zip(first.tolist(), second.tolist(), strict=True))
    rates = []
    for _ in range(200):
        drawn = chance.integers(n, size=n)
        pairs = [(min(a, b), max(a, b)) for a, b in itertools.combinations(drawn.tolist(), 2) if a != b]
        rates.append(np.mean([pair in matching for pair in pairs]) if pairs else np.nan)
    wanted = np.nanquantile(rates, [0.025, 0.975])
    assert bootstrap_by_photo(n, first, second, resamples=200) == pytest.approx(tuple(wanted))


def test_near_duplicates_are_told_apart_by_name(photos):
    matrix, group = photos
    names = [f"{i}.jpg" for i in range(60)]
    found = groups_answer(Grouped(names, group, close_pairs(matrix, 0.3), 0.01))
    assert found["near_duplicates"] == 1
    assert (found["nearest"][0]["first"], found["nearest"][0]["second"]) == ("3.jpg", "33.jpg")
    near = found["groups"][0]
    assert near["group"] == "near"
    assert near["false_matches"] == near["without_near_duplicates"]["false_matches"] + 1
    json.dumps(found, allow_nan=False)
    told = {"encoder": "e", "detector": "d", "provider": "p", "photos": 60, "seconds": 1.0, "failed_to_acquire": 0}
    text = "\n".join(group_lines({**found, **told, "from_cache": 0, "failure_reasons": {}}))
    assert text.index("near  ") < text.index("far  ") < text.index("overall  ")
    assert "3.jpg  33.jpg" in text


def test_no_match_at_all_is_told_by_the_rule_of_three():
    matrix = np.eye(20, dtype=np.float32)
    found = groups_answer(Grouped([str(i) for i in range(20)], ["a"] * 20, close_pairs(matrix, 1.0), 0.4))
    assert found["groups"][0]["bounds_by_photo"] is None
    assert found["groups"][0]["fmr_below"] == pytest.approx(3 / 190)


def test_a_tau_that_matches_everything_is_refused(photos, monkeypatch):
    monkeypatch.setattr(groups, "MOST_CLOSE", 100)
    with pytest.raises(FaceguardError, match="smaller one"):
        close_pairs(photos[0], 4.0)


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("utkface/1_0_2_00000.jpg", "Asian male"),
        ("116_1_0_00001.jpg", "White female"),
        ("26_0_4_x.png", "other male"),
        ("x_x_x_00002.jpg", None),
        ("30_x_1_00002.jpg", None),
    ],
)
def test_the_name_of_a_photo_says_its_group(name, group):
    assert utk_group(name) == group


def test_the_name_says_the_age_too():
    assert [utk_age(name) for name in ("a/7_0_2_1.jpg", "x_0_2_1.jpg")] == [7, None]


@pytest.mark.parametrize("name", ["Ann_0001.jpg", "1_0_5_1.jpg", "1_2_0_1.jpg", "1_0.jpg"])
def test_other_names_say_nothing(name):
    with pytest.raises(ValueError, match="AGE_GENDER"):
        utk_group(name)


def test_a_list_says_the_groups(tmp_path):
    (tmp_path / "g.csv").write_text("file,group\na/1.jpg,north\nb.jpg,\n")
    assert read_groups(tmp_path / "g.csv") == {"a/1.jpg": "north", "b.jpg": None}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name,group\n", "must begin"),
        ("file,group\na\n", "Line 2"),
        ("file,group\na,x\na,y\n", "twice"),
        ('file,group\n"a\n', "cannot be read"),
    ],
)
def test_a_wrong_list_is_refused(tmp_path, text, words):
    (tmp_path / "g.csv").write_text(text)
    with pytest.raises(FaceguardError, match=words):
        read_groups(tmp_path / "g.csv")
