"""Pictures without a face are drawn from a seed, and keep clear of faces."""

import numpy as np
import pytest

from faceguard.domain.face import BoundingBox
from faceguard.evaluation.face_free import TEXTURES, crop, piece_beside, texture


@pytest.mark.parametrize("kind", TEXTURES)
def test_a_texture_is_a_picture_that_its_seed_gives_again(kind):
    pictures = [texture(kind, seed) for seed in range(12)]
    assert all(p.shape == (256, 256, 3) and p.dtype == np.uint8 for p in pictures)
    assert len({p.tobytes() for p in pictures}) == 12
    assert (texture(kind, 3) == pictures[3]).all()
    assert all(p.std() > 1 for p in pictures), "an even area would be no test"


def test_crops_are_whole_pictures_of_a_part_and_differ():
    rows, columns = np.indices((300, 400))
    picture = np.stack([rows // 2, columns // 2, rows * 0], axis=-1).astype(np.uint8)
    chance = np.random.default_rng(1)
    crops = [crop(picture, chance) for _ in range(20)]
    assert all(c.shape == (256, 256, 3) for c in crops)
    assert len({c.tobytes() for c in crops}) == 20
    widths = [float(np.ptp(c[:, :, 1])) * 2 for c in crops]
    assert 70 < min(widths) < 150
    assert 200 < max(widths) <= 300
    assert (crop(picture, np.random.default_rng(1)) == crops[0]).all()


def test_a_piece_never_shows_a_part_of_a_face():
    face = BoundingBox(80, 60, 160, 160)
    photo = np.zeros((250, 250, 3), np.uint8)
    photo[60:160, 80:160] = 255
    chance = np.random.default_rng(1)
    pieces = [piece_beside(photo, [face], chance) for _ in range(50)]
    found = [piece for piece in pieces if piece is not None]
    assert len(found) > 40
    assert all(piece.shape == (256, 256, 3) and not piece.any() for piece in found)


def test_a_photo_full_of_face_gives_no_piece():
    photo = np.zeros((100, 100, 3), np.uint8)
    assert piece_beside(photo, [BoundingBox(-5, -5, 90, 95)], np.random.default_rng(1)) is None


def test_a_tiny_photo_gives_itself():
    photo = np.full((20, 30, 3), 7, np.uint8)
    piece = piece_beside(photo, [], np.random.default_rng(1))
    assert piece is not None
    assert (piece == 7).all()
