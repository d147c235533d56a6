"""Margin softmaxes: target logits that fall along all angles, ArcFace's far side, gradients, the library's numbers."""

import math

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("pytorch_metric_learning")

import torch.nn.functional as F
from pytorch_metric_learning import losses as library

from faceguard.domain.errors import FaceguardError
from faceguard.training.margin_softmax import arcface, cosface, l_softmax, normface, sphereface, target_logits
from faceguard.training.softmax import SoftmaxLoss

CLASSES, LENGTH = 6, 5
ANGLES = torch.linspace(0.0, math.pi, 20_001, dtype=torch.float64)


def make(name, **options):
    makers = {"l": l_softmax, "sphere": sphereface, "norm": normface, "cos": cosface, "arc": arcface}
    return makers[name](CLASSES, LENGTH, **options)


CASES = [
    ("l", {"margin": 2, "ease": None}),
    ("l", {"margin": 4, "ease": None}),
    ("l", {}),
    ("sphere", {"margin": 3, "ease": None}),
    ("sphere", {"margin": 4, "ease": None}),
    ("sphere", {"margin": 5, "ease": None}),
    ("sphere", {}),
    ("norm", {"scale": 20.0}),
    ("cos", {}),
    ("cos", {"margin": 0.9}),
    ("arc", {}),
    ("arc", {"margin": 0.1}),
    ("arc", {"margin": 1.5}),
]


def batch(dtype=torch.float64, n=8):
    torch.manual_seed(4)
    return torch.randn(n, LENGTH, dtype=dtype, requires_grad=True), torch.arange(n) % CLASSES


def double(loss):
    """The same in float64."""
    return loss.double()


@pytest.mark.parametrize(("name", "options"), CASES)
def test_target_logit_falls_from_0_to_pi(name, options):
    values = target_logits(make(name, **options), ANGLES)
    assert (values.diff() <= 1e-9).all()
    assert values[0] - values[-1] >= 2.0 - 1e-9


@pytest.mark.parametrize(("name", "options"), CASES)
def test_target_logit_is_never_above_the_plain_cosine(name, options):
    values = target_logits(make(name, **options), ANGLES)
    assert (values <= torch.cos(ANGLES) + 1e-9).all()


def test_cosine_of_theta_plus_m_alone_would_rise_on_the_far_side():
    bare = torch.cos(ANGLES + 0.5)
    assert (bare.diff() > 0).any()
    assert (bare > torch.cos(ANGLES)).any()  # from pi - m / 2 on


def test_arcface_is_cosine_of_theta_plus_m_up_to_pi_minus_m_and_a_falling_branch_beyond():
    margin = 0.5
    found = target_logits(make("arc", margin=margin), ANGLES)
    near = math.pi - margin - ANGLES >= 0
    assert torch.allclose(found[near], torch.cos(ANGLES[near] + margin), atol=1e-6)
    far = torch.cos(ANGLES[~near]) - margin * math.sin(margin)
    assert torch.allclose(found[~near], far, atol=1e-12)
    assert found[~near].max() < found[near].min()


def test_arcface_pushes_towards_the_right_class_also_from_the_far_side():
    theta = torch.tensor([0.3, 1.5, 2.6, 2.7, 2.9, 3.1], dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(target_logits(make("arc"), theta).sum(), theta)
    assert (slope < 0).all()
    (bare,) = torch.autograd.grad(torch.cos(theta + 0.5).sum(), theta)
    assert (bare > 0).tolist() == [False, False, False, True, True, True]


def test_cosface_is_the_cosine_minus_m():
    assert torch.allclose(target_logits(make("cos"), ANGLES), torch.cos(ANGLES) - 0.35)


@pytest.mark.parametrize("margin", [2, 3, 4, 5])
def test_psi_is_the_papers(margin):
    k = torch.floor(ANGLES * margin / math.pi).clamp(max=margin - 1)
    expected = (-1.0) ** k * torch.cos(margin * ANGLES) - 2 * k
    assert torch.allclose(target_logits(make("l", margin=margin, ease=None), ANGLES), expected, atol=1e-9)


def test_a_full_margin_comes_in_by_and_by():
    loss = make("sphere")
    x, y = batch(torch.float32)
    assert loss.ease == pytest.approx(1000.0)
    for _ in range(10):
        loss(x, y)
    assert loss.ease == pytest.approx(1000.0 / 2.2)
    loss.batches.fill_(1658)
    assert loss.ease == pytest.approx(5.0, abs=0.01)
    loss(x, y)
    loss(x, y)
    assert loss.ease == 5.0
    before = loss.ease, int(loss.batches)
    loss.eval()(x, y)
    target_logits(loss, ANGLES)
    assert (loss.ease, int(loss.batches)) == before
    assert "batches" in loss.state_dict()  # a resumed run goes on where it was
    assert make("sphere", ease=None).ease == 0.0


@pytest.mark.parametrize(("name", "options"), CASES)
def test_gradients_are_those_of_finite_differences(name, options):
    loss = double(make(name, **({"scale": 4.0} if name in ("cos", "arc") else {}), **options)).eval()
    x, y = batch()
    assert torch.autograd.gradcheck(lambda a, w: _with_weights(loss, a, w, y), (x, loss.W.detach().requires_grad_()))


def _with_weights(loss, x, weights, y):
    return torch.func.functional_call(loss, {"W": weights}, (x, y))


@pytest.mark.parametrize(("name", "options"), CASES)
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_an_embedding_exactly_on_its_class_or_opposite_has_a_gradient(name, options, sign):
    loss = make(name, **options)
    loss.W.data = torch.eye(LENGTH, CLASSES)
    x = (sign * torch.eye(LENGTH)[:3]).requires_grad_()
    value = loss(x, torch.arange(3))
    value.backward()
    assert torch.isfinite(value)
    assert torch.isfinite(x.grad).all()
    assert torch.isfinite(loss.W.grad).all()


def test_the_librarys_arcface_has_none_there():
    """Why there is one of our own; when this fails, the library's can be used as it is."""
    theirs = library.ArcFaceLoss(CLASSES, LENGTH)
    theirs.W.data = torch.eye(LENGTH, CLASSES)
    x = torch.eye(LENGTH)[:3].clone().requires_grad_()
    theirs(x, torch.arange(3)).backward()
    assert x.grad.isnan().any()


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (arcface(CLASSES, LENGTH, margin=0.5, scale=16.0), library.ArcFaceLoss(CLASSES, LENGTH, math.degrees(0.5), 16)),
        (cosface(CLASSES, LENGTH, scale=16.0), library.CosFaceLoss(CLASSES, LENGTH, margin=0.35, scale=16)),
        (normface(CLASSES, LENGTH, scale=16.0), library.NormalizedSoftmaxLoss(CLASSES, LENGTH, temperature=1 / 16)),
        (sphereface(CLASSES, LENGTH, ease=None), library.SphereFaceLoss),
        (l_softmax(CLASSES, LENGTH, margin=3, ease=None), library.LargeMarginSoftmaxLoss),
    ],
    ids=["arcface", "cosface", "normface", "sphereface", "l-softmax"],
)
@pytest.mark.filterwarnings(
    "ignore:__array_wrap__ must accept:DeprecationWarning"
)  # of the library's margins in NumPy 2
def test_the_library_computes_the_same(ours, theirs):
    if isinstance(theirs, type):
        theirs = theirs(CLASSES, LENGTH, margin=int(ours.margin))
    theirs.W.data = ours.W.data.clone()
    x, y = batch(torch.float32)
    assert ours(x, y).item() == pytest.approx(theirs(x, y).item(), rel=1e-5)


def test_logits_are_those_of_the_papers():
    x, y = batch(torch.float32)
    cosine = lambda loss: F.normalize(x) @ F.normalize(loss.W, dim=0)  # noqa: E731
    norm = normface(CLASSES, LENGTH, scale=20.0)
    assert norm(x, y).item() == pytest.approx(F.cross_entropy(20.0 * cosine(norm), y).item(), rel=1e-5)
    cos = cosface(CLASSES, LENGTH, scale=20.0)
    logits = 20.0 * (cosine(cos) - 0.35 * F.one_hot(y, CLASSES))
    assert cos(x, y).item() == pytest.approx(F.cross_entropy(logits, y).item(), rel=1e-5)
    sphere = sphereface(CLASSES, LENGTH, margin=3, ease=None)
    angles = torch.acos(cosine(sphere)[torch.arange(len(y)), y])
    logits = cosine(sphere).clone()
    logits[torch.arange(len(y)), y] = target_logits(sphere, angles)
    logits = logits * x.norm(dim=1, keepdim=True)
    assert sphere(x, y).item() == pytest.approx(F.cross_entropy(logits, y).item(), rel=1e-5)
    large = l_softmax(CLASSES, LENGTH, margin=2, ease=None)
    angles = torch.acos(cosine(large)[torch.arange(len(y)), y])
    logits = cosine(large).clone()
    logits[torch.arange(len(y)), y] = target_logits(large, angles)
    logits = logits * x.norm(dim=1, keepdim=True) * large.W.norm(dim=0)
    assert large(x, y).item() == pytest.approx(F.cross_entropy(logits, y).item(), rel=1e-5)


@pytest.mark.parametrize("scale", [None, 0.0, 0.5, 1.0, -3.0, math.nan])
def test_normface_without_a_scale_above_1_is_refused_with_its_floor(scale):
    with pytest.raises(FaceguardError, match=r"does not converge without its scale.*never falls below 8\.21"):
        normface(10_000, 8, scale=scale)
    for other in (cosface, arcface):
        if scale is not None:
            with pytest.raises(FaceguardError, match="its scale"):
                other(10, 8, scale=scale)


@pytest.mark.parametrize(
    ("maker", "margin", "said"),
    [
        (sphereface, 2, "at least 3"),
        (sphereface, 3.5, "whole number"),
        (l_softmax, 1, "plain softmax"),
        (cosface, 0.0, "above 0"),
        (cosface, 1.3, "at most at 1.25"),
        (arcface, 0.0, "radians"),
        (arcface, 28.6, "radians"),
    ],
)
def test_a_margin_that_cannot_work_is_refused(maker, margin, said):
    with pytest.raises(FaceguardError, match=said):
        maker(5, 8, margin=margin)


def test_a_plain_softmax_has_the_cosine_as_its_target():
    assert torch.equal(target_logits(SoftmaxLoss(3, 2), ANGLES), torch.cos(ANGLES))
