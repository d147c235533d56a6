"""The figure of the margin softmaxes."""

import math

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("pytorch_metric_learning")

from faceguard.domain.errors import FaceguardError
from faceguard.training.margin_figure import curves, draw_margins


def test_the_curves_are_those_of_the_losses_side_by_side():
    angles, found = curves(91)
    assert angles[-1].item() == pytest.approx(math.pi)
    assert len(found) == 7
    assert torch.equal(found["softmax, NormFace"], torch.cos(angles))
    assert torch.allclose(found["CosFace, m = 0.35"], torch.cos(angles) - 0.35)
    assert found["SphereFace, m = 4"][-1].item() == pytest.approx(-7.0)
    # eased in for good: (5 cos + psi) / 6
    eased = (5.0 * torch.cos(angles) + found["SphereFace, m = 4"]) / 6.0
    assert torch.allclose(found["SphereFace, m = 4, eased by 5"], eased)
    assert all((values.diff() <= 1e-9).all() for values in found.values())


@pytest.mark.parametrize(("suffix", "head"), [(".png", b"\x89PNG"), (".svg", b"<?xml")])
def test_the_figure_is_written_in_both_kinds(tmp_path, suffix, head):
    pytest.importorskip("matplotlib")
    path = tmp_path / f"margins{suffix}"
    draw_margins(path)
    assert path.read_bytes().startswith(head)
    assert path.stat().st_size > 10_000


def test_another_kind_or_a_place_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(FaceguardError, match=r"\.png or \.svg"):
        draw_margins(tmp_path / "margins.jpg")
    pytest.importorskip("matplotlib")
    with pytest.raises(FaceguardError, match="cannot be written"):
        draw_margins(tmp_path / "nowhere" / "margins.png")
