"""Simulated prints and screens: what they show, where, and what they do to a picture."""

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from faceguard.training.augment import Light
from faceguard.training.recapture import (
    PASTED,
    PRINT,
    SCREEN,
    WHOLE,
    Recapture,
    compressed,
    on_paper,
    on_screen,
    scenes,
)

STILL = Light(contrast=0, brightness=0, cast=0, noise=0, grey=0, blurred=0, hidden=0)


@pytest.fixture(scope="module")
def photos():
    """Eight grey photos of 200 px with a red square of 40 px where the face is, in the middle of the points' box."""
    pictures = np.full((8, 200, 200, 3), 128, np.uint8)
    pictures[:, 70:110, 80:120] = (20, 20, 230)
    points = np.tile(np.float32([(92, 86), (108, 86), (100, 94), (94, 102), (106, 102)]), (8, 1, 1))
    return torch.from_numpy(pictures), torch.from_numpy(points), torch.full((8,), 40.0)


@pytest.mark.parametrize("kind", [WHOLE, PASTED, PRINT, SCREEN])
def test_the_box_lies_where_the_face_is(photos, kind):
    torch.manual_seed(0)
    made = scenes(*photos, torch.full((8,), kind), 160, Recapture(light=STILL))
    assert made.pictures.shape == (8, 3, 160, 160)
    assert (made.pictures >= 0).all()
    assert (made.pictures <= 255).all()
    for picture, box in zip(made.pictures, made.boxes, strict=True):
        # Red over blue, as light and glare differ; the background may hold another photo's grey only.
        red = (picture[2] - picture[0] > 60).float()
        assert red.sum() > 20
        rows, columns = torch.nonzero(red, as_tuple=True)
        x, y = columns.float().mean(), rows.float().mean()
        left, top, right, bottom = box.tolist()
        assert left - 3 < x < right + 3
        assert top - 3 < y < bottom + 3


def test_every_kind_may_stand_in_one_batch(photos):
    torch.manual_seed(0)
    kinds = torch.tensor([WHOLE, PASTED, PRINT, SCREEN] * 2)
    made = scenes(*photos, kinds, 64, Recapture())
    assert torch.equal(made.kinds, kinds)
    assert torch.isfinite(made.pictures).all()


def test_paper_flattens_and_a_screen_patterns():
    torch.manual_seed(0)
    ramp = torch.linspace(0, 255, 96).expand(4, 3, 96, 96)
    row = torch.arange(96.0)
    places = torch.stack(torch.meshgrid(row, row, indexing="xy"), 2).expand(4, 96, 96, 2)
    printed = on_paper(ramp, places, Recapture(contrast=(0.6, 0.7), black=(30, 40), dots=0.0))
    assert printed[..., :4].mean() > 20
    assert printed[..., -4:].mean() < 235
    flat = torch.full((4, 3, 96, 96), 128.0)
    shown = on_screen(flat, places, Recapture(gamma=(1, 1), grid=0.2, band=0.0, moire=0.0))
    assert shown.std(3).mean() > 1.0


def test_compression_loses_what_jpeg_loses():
    torch.manual_seed(0)
    chance = np.random.default_rng(0)
    picture = cv2.resize(chance.integers(60, 200, (9, 9, 3), np.uint8), (64, 64), interpolation=cv2.INTER_CUBIC)
    noisy = np.clip(picture + chance.normal(0, 4, picture.shape), 0, 255).astype(np.float32)
    stack = torch.from_numpy(noisy).permute(2, 0, 1).expand(16, 3, 64, 64).contiguous()
    lossy = compressed(stack, (4.0, 4.0001))
    changed = (lossy - stack).abs().mean((1, 2, 3))
    assert (changed == 0).any()  # half of them are not
    assert (changed > 0.5).any()
    worst = lossy[changed.argmax()].permute(1, 2, 0).numpy()
    assert np.abs(worst - picture).mean() < np.abs(noisy - picture).mean()  # the noise went first
    whole = compressed(stack, (1e-6, 2e-6))
    assert torch.allclose(whole, stack, atol=1e-2)
