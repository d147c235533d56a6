"""Plain softmax, joined losses, centre loss and the floor of a softmax over cosines."""

import math

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("pytorch_metric_learning")

from torch import nn

from faceguard.training.margin_softmax import l_softmax, normface
from faceguard.training.softmax import CentreLoss, JoinedLoss, SoftmaxLoss, softmax_floor


class Constant(nn.Module):
    def __init__(self, value):
        super().__init__()
        self.value, self.seen = value, []

    def forward(self, embeddings, labels, mined=None):
        self.seen.append(mined)
        return torch.tensor(self.value)


def test_softmax_over_equal_logits_costs_the_logarithm_of_the_number_of_people():
    loss = SoftmaxLoss(7, 3)
    nn.init.zeros_(loss.head.weight)
    nn.init.zeros_(loss.head.bias)
    assert loss(torch.randn(5, 3), torch.arange(5)).item() == pytest.approx(math.log(7))


def test_softmax_without_bias_is_the_librarys_l_softmax_with_margin_1():
    torch.manual_seed(1)
    theirs, ours = l_softmax(6, 4, margin=2, ease=None), SoftmaxLoss(6, 4)
    theirs.margin = 1
    theirs.init_margin()
    ours.head.weight.data = theirs.W.data.t().clone()
    nn.init.zeros_(ours.head.bias)
    x, y = torch.randn(9, 4), torch.arange(9) % 6
    assert ours(x, y).item() == pytest.approx(theirs(x, y).item(), abs=1e-5)


def test_a_joined_loss_is_classification_plus_the_weighted_other_which_alone_sees_what_was_mined():
    one, other = Constant(2.0), Constant(3.0)
    mined = (torch.tensor([0]),) * 3
    assert JoinedLoss(one, other, 0.05)(torch.zeros(1, 2), torch.zeros(1), mined).item() == pytest.approx(2.15)
    assert one.seen == [None]
    assert other.seen == [mined]


def test_centre_loss_is_half_the_squared_distance_to_the_own_centre():
    loss = CentreLoss(2, 2).eval()
    loss.centres[:] = torch.tensor([[1.0, 0.0], [0.0, 0.0]])
    x = torch.tensor([[2.0, 0.0], [0.0, 2.0]], requires_grad=True)
    value = loss(x, torch.tensor([0, 1]))
    assert value.item() == pytest.approx(0.5 * (1.0 + 4.0) / 2)
    value.backward()
    assert torch.allclose(x.grad, torch.tensor([[0.5, 0.0], [0.0, 1.0]]))


def test_centres_follow_the_batches_by_the_papers_rule_and_only_in_training():
    loss = CentreLoss(3, 1, rate=0.5)
    x, y = torch.tensor([[3.0], [5.0], [1.0]]), torch.tensor([0, 0, 1])
    loss(x, y)
    # 0.5 (3 + 5) / (1 + 2), 0.5 * 1 / (1 + 1), nobody
    assert loss.centres.flatten().tolist() == pytest.approx([4 / 3, 0.25, 0.0])
    held = loss.centres.clone()
    loss.eval()(x, y)
    assert torch.equal(loss.centres, held)


def test_centres_reach_the_means_of_their_people():
    torch.manual_seed(0)
    loss, means = CentreLoss(4, 3), torch.randn(4, 3)
    y = torch.arange(4).repeat(8)
    for _ in range(60):
        loss(means[y] + 0.01 * torch.randn(32, 3), y)
    assert torch.allclose(loss.centres, means, atol=0.02)


@pytest.mark.parametrize(("classes", "scale"), [(2, 1.0), (10, 1.0), (10, 8.0), (10_000, 1.0), (10_000, 20.0)])
def test_the_floor_is_reached_by_the_best_separated_classes(classes, scale):
    # the right cosine 1, every other one -1 / (C - 1): vertices of a simplex
    exact = math.log(1 + (classes - 1) * math.exp(-scale / (classes - 1) - scale))
    assert softmax_floor(classes, scale) == pytest.approx(exact, rel=1e-9)


def test_the_floor_with_ten_thousand_people():
    assert softmax_floor(10_000, 1.0) == pytest.approx(8.21, abs=0.01)
    assert softmax_floor(10_000, 30.0) < 1e-8


@pytest.mark.parametrize(("scale", "stuck"), [(1.0001, True), (16.0, False)])
def test_normface_is_stuck_at_its_floor_without_a_scale(scale, stuck):
    """Free embeddings, so nothing but the loss itself is in the way: s near 1 ends at the floor, far above 0."""
    torch.manual_seed(0)
    classes = 20
    loss = normface(classes, classes, scale=scale)
    x = nn.Parameter(torch.randn(classes, classes))
    optimiser = torch.optim.Adam([x, *loss.parameters()], lr=0.05)
    for _ in range(400):
        value = loss(x, torch.arange(classes))
        optimiser.zero_grad()
        value.backward()
        optimiser.step()
    floor = softmax_floor(classes, scale)
    assert value.item() >= floor - 1e-6
    assert value.item() == pytest.approx(floor, abs=0.01)
    assert (value.item() > 0.6 * math.log(classes)) is stuck
