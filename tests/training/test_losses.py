"""The losses by name: what each is called, takes and refuses."""

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("pytorch_metric_learning")

from faceguard.domain.errors import FaceguardError
from faceguard.training.losses import LOSSES, loss_spec, make_loss, pair_part
from faceguard.training.softmax import JoinedLoss

NEEDED = {"normface": {"scale": 16.0}}


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_learns_from_a_batch_and_states_its_paper(name):
    torch.manual_seed(0)
    loss = make_loss(name, 4, 5, **NEEDED.get(name, {}))
    x = torch.randn(12, 5, requires_grad=True)
    value = loss(x, torch.arange(4).repeat_interleave(3))
    value.backward()
    assert value.shape == ()
    assert torch.isfinite(value)
    assert torch.isfinite(x.grad).all()
    assert x.grad.abs().sum() > 0
    assert "et al." in LOSSES[name].paper
    assert "20" in LOSSES[name].paper
    assert "L = " in LOSSES[name].make.__doc__ or "logit" in LOSSES[name].make.__doc__


def test_an_unknown_loss_is_answered_with_all_names():
    with pytest.raises(FaceguardError, match=r"no loss arc; choose one of contrastive, triplet, .*arcface"):
        make_loss("arc", 4, 5)


def test_an_unknown_option_is_answered_with_those_there_are():
    with pytest.raises(FaceguardError, match="triplet has no option scale; it has: margin, squared, unit, joint"):
        make_loss("triplet", 4, 5, scale=30.0)
    with pytest.raises(FaceguardError, match="softmax has no option margin; it has: none"):
        make_loss("softmax", 4, 5, margin=0.5)


def test_contrastive_loss_comes_joined_to_a_softmax_and_triplet_alone_unless_told_otherwise():
    assert isinstance(make_loss("contrastive", 4, 5), JoinedLoss)
    assert make_loss("contrastive", 4, 5).weight == loss_spec("contrastive").options["joint"] == 0.05
    assert not isinstance(make_loss("contrastive", 4, 5, joint=None), JoinedLoss)
    assert not isinstance(make_loss("triplet", 4, 5), JoinedLoss)
    joined = make_loss("triplet", 4, 5, joint=0.5, margin=0.3)
    assert joined.weight == 0.5
    assert pair_part(joined).margin == 0.3
    with pytest.raises(FaceguardError, match="above 0"):
        make_loss("triplet", 4, 5, joint=0.0)


def test_a_joined_loss_is_the_sum_of_its_parts():
    torch.manual_seed(0)
    joined = make_loss("triplet", 4, 5, joint=0.5)
    x, y = torch.randn(12, 5), torch.arange(4).repeat_interleave(3)
    expected = joined.classification(x, y) + 0.5 * make_loss("triplet", 4, 5)(x, y)
    assert joined(x, y).item() == pytest.approx(expected.item())


def test_defaults_are_the_papers():
    assert loss_spec("cosface").options["margin"] == 0.35
    assert loss_spec("arcface").options["margin"] == 0.5
    assert loss_spec("sphereface").options["margin"] == 4
    assert loss_spec("triplet").options["margin"] == 0.2
    assert loss_spec("normface").options["scale"] is None  # to be chosen


def test_one_person_is_nobody_to_learn_from():
    with pytest.raises(FaceguardError, match="at least two people"):
        make_loss("softmax", 1, 5)


@pytest.mark.parametrize("options", [{"weight": 0.0}, {"rate": 0.0}, {"rate": 1.5}])
def test_centre_loss_refuses_a_weight_or_rate_out_of_range(options):
    with pytest.raises(FaceguardError, match="weight above 0"):
        make_loss("centre", 4, 5, **options)
