"""How simulated things move."""

from itertools import pairwise

import numpy as np
import pytest

from faceguard.camera.rendering.mesh import WEBCAM_LENS, Mesh, draw_mesh, grid_triangles
from faceguard.camera.rendering.motion import EasedValue, Sway, ease


def test_eased_value_goes_smoothly_from_rest_to_rest():
    value = EasedValue(1.0)
    value.go(5.0, now_s=2.0, duration_s=1.0)
    path = [value.at(t) for t in np.linspace(1.5, 3.5, 201)]
    assert path[0] == 1.0
    assert path[-1] == 5.0
    assert all(b >= a - 1e-9 for a, b in pairwise(path))
    assert value.at(2.5) == pytest.approx(3.0)


def test_interrupted_movement_turns_back_without_a_jump():
    value = EasedValue(0.0)
    value.go(30.0, 0.0, 1.0)
    value.go(-30.0, 0.5, 1.0)
    path = np.array([value.at(t) for t in np.arange(0, 2, 0.001)])
    assert np.abs(np.diff(path)).max() < 0.2
    assert path[-1] == -30.0


def test_movement_takes_time():
    with pytest.raises(ValueError, match="time"):
        EasedValue(0.0).go(1.0, 0.0, 0.0)


def test_sway_stays_within_its_size():
    sway = Sway(2.0, 3.0, np.random.default_rng(1))
    path = [sway.at(t) for t in np.linspace(0, 60, 2000)]
    assert max(map(abs, path)) <= 2.0
    assert np.std(path) > 0.3


def test_ease_begins_at_nothing_and_ends_complete():
    assert (ease(-1), ease(0), ease(0.5), ease(1), ease(2)) == (0, 0, 0.5, 1, 1)


def test_mesh_seen_from_the_front_shows_its_texture_pixel_for_pixel():
    rng = np.random.default_rng(3)
    texture = np.kron(rng.integers(0, 255, (12, 16, 3)), np.ones((10, 10, 1))).astype(np.uint8)
    width, height = 200, 150
    gx, gy = np.meshgrid(np.linspace(0, 160, 9), np.linspace(0, 120, 7))
    places = np.stack([gx, gy], -1).reshape(-1, 2)
    depth = WEBCAM_LENS * height  # one unit a pixel
    points = np.column_stack([places + np.array([20 - width / 2, 15 - height / 2]), np.full(len(places), depth)])
    mesh = Mesh.of(grid_triangles(7, 9), texture, np.ones((120, 160), np.float32))
    layer = draw_mesh(mesh, points, places, np.ones(len(places)), (width, height))
    picture = np.zeros((height, width, 3), np.uint8)
    layer.over(picture)
    difference = np.abs(picture[20:130, 25:175].astype(int) - texture[5:115, 5:155])
    assert np.median(difference) <= 2
    assert difference.mean() < 10  # half a pixel of interpolation at the borders of the squares


def test_mesh_outside_the_picture_is_not_drawn():
    mesh = Mesh.of(grid_triangles(2, 2), np.zeros((4, 4, 3), np.uint8), np.ones((4, 4), np.float32))
    points = np.array([[50.0, 0, 1], [51, 0, 1], [50, 1, 1], [51, 1, 1]])
    assert draw_mesh(mesh, points, np.zeros((4, 2)), np.ones(4), (64, 48)) is None
