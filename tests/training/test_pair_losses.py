"""Contrastive, triplet and margin-based loss: known answers, the papers' formulas, gradients, collapse."""

import math

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("pytorch_metric_learning")

from pytorch_metric_learning import losses as library

from faceguard.domain.errors import FaceguardError
from faceguard.training.pair_losses import (
    contrastive,
    contrastive_terms,
    euclidean,
    margin_based,
    soft_triplet,
    triplet,
)

A, P = [1.0, 1.0], [1.2, 1.1]
LABELS = torch.tensor([0, 0, 1])
ONE_TRIPLET = tuple(torch.tensor([i]) for i in (0, 1, 2))


def rows(*points, dtype=torch.float64):
    return torch.tensor(points, dtype=dtype, requires_grad=True)


def batch(seed=0, people=5, photos=3, length=6):
    torch.manual_seed(seed)
    labels = torch.arange(people).repeat_interleave(photos)
    return torch.randn(len(labels), length, dtype=torch.float64, requires_grad=True), labels


def on_a_line(*places):
    """Points whose distances are the differences of these numbers."""
    return rows(*([place, 0.0] for place in places))


@pytest.mark.parametrize(
    ("negative", "d_negative", "loss"), [([2.5, 2.0], 3.25, 0.0), ([1.5, 1.3], 0.34, 0.05 - 0.34 + 0.5)]
)
def test_known_triplets_have_the_known_squared_distances_and_loss(negative, d_negative, loss):
    points = rows(A, P, negative)
    distances = euclidean(squared=True, unit=False)(points)
    assert distances[0, 1].item() == pytest.approx(0.05)
    assert distances[0, 2].item() == pytest.approx(d_negative)
    assert triplet(margin=0.5)(points, LABELS, ONE_TRIPLET).item() == pytest.approx(loss, abs=1e-12)


def test_the_second_known_triplet_costs_0_21():
    assert triplet(margin=0.5)(rows(A, P, [1.5, 1.3]), LABELS, ONE_TRIPLET).item() == pytest.approx(0.21)


@pytest.mark.parametrize(
    ("d_negative", "loss"), [(0.51, 0.19), (0.6, 0.1), (0.699, 0.001), (0.7, 0.0), (0.701, 0.0), (5.0, 0.0)]
)
def test_a_negative_is_far_enough_from_the_positives_distance_plus_the_margin_on(d_negative, loss):
    points = on_a_line(0.0, 0.5, -d_negative)
    plain = triplet(margin=0.2, squared=False)
    assert plain(points, LABELS, ONE_TRIPLET).item() == pytest.approx(loss, abs=1e-12)


@pytest.mark.parametrize("squared", [True, False])
@pytest.mark.parametrize("margin", [0.2, 0.5, 3.0])
def test_an_encoder_that_maps_every_face_to_one_point_loses_the_margin(squared, margin):
    points = rows(*[[0.3, -0.7]] * 6)
    labels = torch.tensor([0, 0, 1, 1, 2, 2])
    loss = triplet(margin=margin, squared=squared)(points, labels)
    assert loss.item() == pytest.approx(margin)
    loss.backward()
    assert torch.isfinite(points.grad).all()


def test_a_triplet_loss_without_a_margin_would_reward_the_one_point_and_is_refused():
    for make in (triplet, contrastive, margin_based):
        with pytest.raises(FaceguardError, match="one point"):
            make(margin=0.0)


def test_vectors_count_as_they_are_unless_unit_length_is_asked_for():
    points, labels = batch()
    longer = (3.0 * points).detach()
    assert triplet()(longer, labels).item() != pytest.approx(triplet()(points, labels).item())
    assert triplet(unit=True)(longer, labels).item() == pytest.approx(triplet(unit=True)(points, labels).item())


@pytest.mark.parametrize("squared", [True, False])
def test_triplet_loss_is_the_formula_over_all_triplets(squared):
    points, labels = batch()
    expected = []
    for a in range(len(labels)):
        for p in range(len(labels)):
            for n in range(len(labels)):
                if a != p and labels[a] == labels[p] and labels[a] != labels[n]:
                    to_p, to_n = (points[a] - points[p]).norm(), (points[a] - points[n]).norm()
                    cost = (to_p**2 - to_n**2 if squared else to_p - to_n) + 0.2
                    expected += [cost.item()] if cost > 0 else []
    found = triplet(squared=squared)(points, labels).item()
    assert found == pytest.approx(sum(expected) / len(expected))


def test_soft_margin_is_the_logarithm_of_one_plus_the_exponential():
    points = on_a_line(0.0, 0.5, -0.9)
    found = soft_triplet()(points, LABELS, ONE_TRIPLET).item()
    assert found == pytest.approx(math.log(1.0 + math.exp(0.5 - 0.9)))
    squared = soft_triplet(squared=True)(points, LABELS, ONE_TRIPLET).item()
    assert squared == pytest.approx(math.log(1.0 + math.exp(0.25 - 0.81)))


def test_a_soft_margin_pulls_on_where_a_hard_one_has_stopped():
    for make, moves in ((soft_triplet, True), (triplet, False)):
        points = on_a_line(0.0, 0.1, -2.0)
        make()(points, LABELS, ONE_TRIPLET).backward()
        assert bool(points.grad.abs().sum() > 0) is moves


@pytest.mark.parametrize("distance", [0.0, 0.3, 0.99, 1.0, 1.5])
def test_contrastive_terms_are_those_of_deepid2(distance):
    d = torch.tensor([distance], dtype=torch.float64)
    assert contrastive_terms(d, 1, 1.0).item() == pytest.approx(0.5 * distance**2)
    assert contrastive_terms(d, -1, 1.0).item() == pytest.approx(0.5 * max(0.0, 1.0 - distance) ** 2)
    both = contrastive_terms(d.repeat(2), torch.tensor([1, -1]), 1.0)
    assert both.tolist() == pytest.approx([0.5 * distance**2, 0.5 * max(0.0, 1.0 - distance) ** 2])


def test_contrastive_loss_of_one_pair_of_each_kind():
    pairs = tuple(torch.tensor([i]) for i in (0, 1, 0, 2))  # 0 and 1 are one person, 0 and 2 are two
    found = contrastive(margin=1.0)(on_a_line(0.0, 0.4, -0.7), LABELS, pairs).item()
    assert found == pytest.approx(0.5 * 0.4**2 + 0.5 * 0.3**2)


def test_contrastive_loss_squares_the_hinge_which_the_library_does_not():
    points, labels = batch()
    ours, theirs = contrastive(margin=4.0), library.ContrastiveLoss(neg_margin=4.0, distance=ours_distance())
    assert ours(points, labels).item() != pytest.approx(theirs(points, labels).item())


def ours_distance():
    return euclidean(squared=False, unit=False)


def test_margin_based_loss_judges_each_pair_against_the_boundary():
    # unit vectors at 0, 0.4 and 1.3 rad: chords 2 sin(angle / 2)
    points = rows(*([math.cos(t), math.sin(t)] for t in (0.0, 0.4, 1.3)))
    near, far = 2 * math.sin(0.2), 2 * math.sin(0.65)
    beta, alpha = 0.5, 0.2
    parts = [max(0.0, alpha + near - beta), max(0.0, alpha - far + beta)]
    loss = margin_based(margin=alpha, beta=beta)
    expected = sum(parts) / max(1, sum(part > 0 for part in parts))
    assert loss(points, LABELS, ONE_TRIPLET).item() == pytest.approx(expected, abs=1e-6)


def test_the_boundary_of_the_margin_based_loss_is_learned_and_may_cost():
    points, labels = batch()
    loss = margin_based(nu=0.0)
    loss(points, labels).backward()
    assert loss.beta.grad is not None
    assert loss.beta.grad.abs().item() > 0
    dearer = margin_based(nu=0.5)
    assert dearer(points, labels).item() == pytest.approx(loss(points, labels).item() + 0.5 * 1.2, abs=1e-6)
    assert not list(margin_based(learn_beta=False).parameters())
    with pytest.raises(FaceguardError, match="between 0 and 2"):
        margin_based(beta=2.5)


@pytest.mark.parametrize(
    "loss",
    [
        contrastive(margin=3.0),
        triplet(margin=0.5),
        triplet(margin=0.5, squared=False),
        triplet(margin=0.5, unit=True),
        soft_triplet(),
        margin_based(learn_beta=False),
    ],
    ids=["contrastive", "triplet", "plain", "unit", "soft", "margin"],
)
def test_gradients_are_those_of_finite_differences(loss):
    points, labels = batch(seed=3)
    assert torch.autograd.gradcheck(lambda x: loss(x, labels), (points,), eps=1e-6, atol=1e-5)


def test_a_batch_without_a_triplet_costs_nothing_and_can_still_be_stepped():
    points = rows([0.0, 1.0], [1.0, 0.0])
    nothing = tuple(torch.empty(0, dtype=torch.int64) for _ in range(3))
    for loss in (triplet(), soft_triplet(), contrastive(), margin_based()):
        value = loss(points, torch.tensor([0, 1]), nothing)
        value.backward()
        assert value.item() == 0.0
        assert (points.grad == 0).all()
