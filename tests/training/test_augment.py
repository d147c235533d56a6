"""Changes of a batch: what they keep, and that they are those that were asked for."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from faceguard.pipeline import aligner
from faceguard.training.augment import Geometry, Light, jitter, mixtures, relight, similarity

STILL = Geometry(angle=0.0, log_scale=0.0, shift=0.0, mirror=0.0)
PLAIN = Light(contrast=0, brightness=0, cast=0, noise=0, grey=0, blurred=0, hidden=0)


@pytest.fixture
def pictures():
    return torch.rand((8, 3, 40, 40), generator=torch.Generator().manual_seed(3)) * 255


def test_without_any_change_the_middle_is_cut_out(pictures):
    torch.testing.assert_close(jitter(pictures, 28, STILL), pictures[..., 6:34, 6:34], atol=1e-2, rtol=0)


def test_a_mirror_image_is_the_mirrored_middle(pictures):
    mirrored = jitter(pictures, 28, Geometry(angle=0.0, log_scale=0.0, shift=0.0, mirror=1.0))
    torch.testing.assert_close(mirrored, pictures[..., 6:34, 6:34].flip(3), atol=1e-2, rtol=0)


def test_without_any_change_the_light_stays(pictures):
    torch.testing.assert_close(relight(pictures, PLAIN), pictures, atol=1e-3, rtol=0)


def test_every_change_stays_within_0_and_255(pictures):
    torch.manual_seed(0)
    changed = relight(pictures, Light(contrast=1, brightness=90, cast=40, noise=30, grey=0.5, blurred=0.9, hidden=0.9))
    assert changed.shape == pictures.shape
    assert changed.min() >= 0
    assert changed.max() <= 255


def test_grey_pictures_are_grey_and_covered_ones_have_a_flat_rectangle(pictures):
    grey = relight(pictures, Light(contrast=0, brightness=0, cast=0, noise=0, grey=1, blurred=0, hidden=0))
    torch.testing.assert_close(grey[:, 0], grey[:, 2])
    torch.manual_seed(0)
    hidden = relight(pictures, Light(contrast=0, brightness=0, cast=0, noise=0, grey=0, blurred=0, hidden=1))
    changed = ((hidden - pictures).abs() > 0.01).any(1)
    share = changed.float().mean((1, 2))
    assert (share > 0.02).all()
    assert (share < 0.25).all()
    for picture, there in zip(hidden, changed, strict=True):
        assert len(picture[:, there].unique()) == 1


def test_a_mixture_lies_between_its_two_faces(pictures):
    torch.manual_seed(0)
    others = pictures.flip(0)
    mixed = mixtures(pictures, others)
    assert (mixed >= torch.minimum(pictures, others) - 1e-3).all()
    assert (mixed <= torch.maximum(pictures, others) + 1e-3).all()
    assert not torch.allclose(mixed, pictures)


def test_the_similarity_is_the_aligners():
    random = np.random.default_rng(0)
    target = np.array([(20, 25), (44, 25), (32, 38), (23, 50), (41, 50)], float)
    source = target * 2.3 @ np.array([[0.9, 0.3], [-0.3, 0.9]]) + 17 + random.normal(0, 2, (5, 2))
    found = similarity(torch.tensor(source[None]), torch.tensor(target[None]))[0].numpy()
    np.testing.assert_allclose(found, aligner.similarity(source, target), atol=1e-6)


def test_changes_scale_together_and_none_is_left_at_zero():
    assert Geometry(mirror=0.5).scaled(0.0) == Geometry(angle=0, log_scale=0, shift=0, mirror=0.5)
    assert Light().scaled(0.0) == PLAIN
    assert Light(blurred=0.6, contrast=0.1).scaled(2.0).blurred == 1.0
    assert Light(contrast=0.1).scaled(2.0).contrast == pytest.approx(0.2)
