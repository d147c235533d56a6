"""Miners: which triplets each takes."""

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("pytorch_metric_learning")

from faceguard.domain.errors import FaceguardError
from faceguard.training.losses import make_loss
from faceguard.training.miners import MINERS, make_miner


def batch(people=6, photos=4, length=8, seed=0):
    torch.manual_seed(seed)
    labels = torch.arange(people).repeat_interleave(photos)
    return torch.randn(len(labels), length) + torch.randn(people, length)[labels], labels


def loss(**options):
    return make_loss("triplet", 6, 8, **options)


@pytest.mark.parametrize("name", MINERS)
def test_a_triplet_is_two_photos_of_one_person_and_one_of_another(name):
    x, y = batch()
    anchor, positive, negative = make_miner(name, loss(margin=2.0))(x, y)
    assert len(anchor) == len(positive) == len(negative) > 0
    assert (y[anchor] == y[positive]).all()
    assert (anchor != positive).all()
    assert (y[anchor] != y[negative]).all()


@pytest.mark.parametrize("name", MINERS)
def test_who_has_one_photo_is_no_anchor_and_one_person_alone_gives_nothing(name):
    x, y = batch()
    y[0] = 99
    anchor, positive, _ = make_miner(name, loss(margin=2.0))(x, y)
    assert 0 not in anchor
    assert 0 not in positive
    assert len(make_miner(name, loss())(x, torch.zeros_like(y))[0]) == 0
    assert len(make_miner(name, loss())(x, torch.arange(len(y)))[0]) == 0


def test_batch_hard_takes_the_farthest_positive_and_the_nearest_negative_of_each_face():
    x, y = batch()
    anchor, positive, negative = make_miner("batch-hard", loss())(x, y)
    assert anchor.tolist() == list(range(len(y)))
    distance = torch.cdist(x, x)
    same = y.unsqueeze(0) == y.unsqueeze(1)
    assert torch.equal(positive, distance.masked_fill(~same, -1.0).argmax(1))
    assert torch.equal(negative, distance.masked_fill(same, 1e9).argmin(1))


@pytest.mark.parametrize("squared", [True, False])
def test_semi_hard_takes_all_negatives_between_the_positive_and_the_margin(squared):
    x, y = batch()
    found = set(
        zip(*(i.tolist() for i in make_miner("semi-hard", loss(margin=1.0, squared=squared))(x, y)), strict=True)
    )
    d = torch.cdist(x, x)
    d = d * d if squared else d
    expected = {
        (a, p, n)
        for a in range(len(y))
        for p in range(len(y))
        for n in range(len(y))
        if a != p and y[a] == y[p] and y[a] != y[n] and 1e-4 < d[a, n] - d[a, p] < 1.0 - 1e-4
    }
    assert expected <= found
    assert all(-1e-4 <= d[a, n] - d[a, p] <= 1.0 + 1e-4 for a, p, n in found)


def test_distance_weighted_sees_near_and_far_negatives_alike_where_even_drawing_sees_the_middle_only():
    torch.manual_seed(0)
    x = torch.nn.functional.normalize(torch.randn(400, 16))
    y = torch.arange(200).repeat_interleave(2)
    drawn = {}
    for name in ("random", "distance-weighted"):
        anchor, _, negative = make_miner(name, loss())(x, y)
        drawn[name] = (x[anchor] - x[negative]).norm(dim=1)
    assert drawn["distance-weighted"].max() < 1.4
    assert (drawn["random"] < 1.0).float().mean() < 0.1
    assert (drawn["distance-weighted"] < 1.0).float().mean() > 0.3


def test_drawing_follows_torchs_seed():
    x, y = batch()
    for name in ("random", "distance-weighted"):
        torch.manual_seed(5)
        one = make_miner(name, loss())(x, y)
        torch.manual_seed(5)
        assert all(torch.equal(a, b) for a, b in zip(one, make_miner(name, loss())(x, y), strict=True))


def test_a_miner_of_a_joined_loss_measures_as_its_pair_part_does():
    x, y = batch()
    alone, joined = loss(margin=1.0), loss(margin=1.0, joint=0.5)
    one, other = (make_miner("semi-hard", each)(x, y) for each in (alone, joined))
    assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("name", ["softmax", "centre", "arcface", "cosface", "sphereface", "l-softmax", "normface"])
def test_a_loss_against_peoples_weights_has_no_use_for_a_miner(name):
    other = make_loss(name, 4, 5, **({"scale": 16.0} if name == "normface" else {}))
    with pytest.raises(FaceguardError, match="leave the miner out"):
        make_miner("batch-hard", other)


def test_an_unknown_miner_is_answered_with_all_names():
    with pytest.raises(FaceguardError, match="random, semi-hard, batch-hard, distance-weighted"):
        make_miner("hardest", loss())
