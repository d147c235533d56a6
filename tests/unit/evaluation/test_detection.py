"""Faces placed at a known size and found by detectors that are told what to report."""

import numpy as np
import pytest

from faceguard.domain.face import BoundingBox, DetectedFace, Frame, Landmarks
from faceguard.evaluation.detection import (
    Condition,
    FaceFree,
    Pose,
    Shown,
    false_faces,
    largest,
    recall,
    score_at,
    show,
    show_face_free,
    views,
)
from faceguard.evaluation.error_rates import Share

BOX = BoundingBox(60, 40, 140, 140)
POINTS = Landmarks(np.arange(10, dtype=np.float32).reshape(5, 2))


def photo(box=BOX, size=(200, 240)):
    """A grey photo whose face is a bright rectangle."""
    pixels = np.full((*size, 3), 40, np.uint8)
    left, top, right, bottom = (max(0, int(v)) for v in (box.left, box.top, box.right, box.bottom))
    pixels[top:bottom, left:right] = 240
    return Frame(pixels, 0, 0)


def face(box, score):
    return DetectedFace(box, POINTS, score)


def bright_box(frame):
    rows, columns = np.nonzero(frame.pixels[:, :, 0] > frame.pixels.max() * 0.6)
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


def view(condition, size_px=40):
    return next(v for v in views(photo(), BOX, [size_px]) if v.condition is condition)


@pytest.mark.parametrize("size_px", [20, 40, 80, 160])
def test_face_is_placed_in_the_middle_at_the_wanted_width(size_px):
    shown = view(Condition.PLAIN, size_px)
    assert shown.frame.pixels.shape == (256, 320, 3)
    assert shown.box.centre == (160, 128)
    assert shown.box.width == pytest.approx(size_px, rel=0.02)
    assert shown.box.height == pytest.approx(size_px * 100 / 80, rel=0.02)
    expected = (shown.box.left, shown.box.top, shown.box.right, shown.box.bottom)
    assert bright_box(shown.frame) == pytest.approx(expected, abs=1.5)
    assert shown.enlarged == (size_px > 80)


def test_darkness_leaves_a_quarter_of_the_light():
    plain, dark = view(Condition.PLAIN).frame.pixels, view(Condition.DARK).frame.pixels
    assert (dark[128, 160] == 60).all()
    assert (dark[0, 0] == 10).all()
    assert (plain[0, 0] == 40).all()


def test_tilt_turns_the_face_about_its_middle():
    shown = view(Condition.TILTED)
    left, top, right, bottom = bright_box(shown.frame)
    turned = np.deg2rad(20)
    assert right - left == pytest.approx(40 * np.cos(turned) + 50 * np.sin(turned), abs=3)
    assert bottom - top == pytest.approx(50 * np.cos(turned) + 40 * np.sin(turned), abs=3)
    assert ((left + right) / 2, (top + bottom) / 2) == pytest.approx((160, 128), abs=1.5)


def test_every_size_comes_in_every_condition():
    seen = [(v.size_px, v.condition) for v in views(photo(), BOX, [20, 60])]
    assert seen == [(size, condition) for size in (20, 60) for condition in Condition]


@pytest.mark.parametrize(
    "box", [BoundingBox(-60, -70, 20, 30), BoundingBox(200, 150, 300, 280), BoundingBox(0, 0, 3, 3)]
)
def test_face_that_reaches_over_the_border_is_shown_with_what_there_is(box):
    for shown in views(photo(box), box, [20, 200]):
        assert shown.box.centre == (160, 128)


def test_a_large_photo_is_not_enlarged_as_a_whole():
    wide = Frame(np.zeros((3000, 4000, 3), np.uint8), 0, 0)
    box = BoundingBox(2000, 1500, 2008, 1510)
    assert [v.frame.pixels.shape for v in views(wide, box, [200])] == [(256, 320, 3)] * 3


def test_a_face_counts_where_it_overlaps_the_placed_one_by_a_third():
    placed = BoundingBox(0, 0, 100, 100)
    assert score_at([face(BoundingBox(50, 0, 150, 100), 0.8)], placed) == 0.8  # 1/3
    assert score_at([face(BoundingBox(60, 0, 160, 100), 0.9)], placed) == 0.0  # 1/4
    assert score_at([face(placed, 0.6), face(BoundingBox(10, 0, 110, 100), 0.7)], placed) == 0.7
    assert score_at([], placed) == 0.0


def test_the_largest_sure_face_is_the_photos_face():
    small, large, unsure = (
        face(BOX, 0.95),
        face(BoundingBox(0, 0, 150, 150), 0.7),
        face(BoundingBox(0, 0, 190, 190), 0.69),
    )
    assert largest([small, large, unsure], 0.7) is large
    assert largest([unsure], 0.7) is None


def test_detectors_are_shown_the_same_views_side_by_side():
    def sees_all(frame):
        return [face(BoundingBox(140, 103, 180, 153), 0.8)]

    def sees_light_only(frame):
        return [face(BoundingBox(140, 103, 180, 153), 0.6)] if frame.pixels.max() > 100 else []

    shown = show(photo(), BOX, Pose.TURNED, (sees_all, sees_light_only), [40, 200])
    at_40 = {one.condition: one.scores for one in shown if one.size_px == 40}
    assert at_40 == {Condition.PLAIN: (0.8, 0.6), Condition.DARK: (0.8, 0.0), Condition.TILTED: (0.8, 0.6)}
    assert all(one.scores == (0.0, 0.0) for one in shown if one.size_px == 200)  # a box of 40 px is not there
    assert {one.pose for one in shown} == {Pose.TURNED}
    assert [one.enlarged for one in shown] == [False] * 3 + [True] * 3


def test_recall_counts_views_at_the_threshold_and_above():
    scores = (0.9, 0.7, 0.69, 0.0)
    shown = [Shown(40, Condition.PLAIN, Pose.FRONTAL, False, (score, 0.0)) for score in scores]
    assert recall(shown, 0, 0.7) == Share(2, 4)
    assert recall(shown, 0, 0.5) == Share(3, 4)
    assert recall(shown, 1, 0.5) == Share(0, 4)
    assert recall(shown, 0, 0.0) == Share(0, 4), "nothing found is nothing found at any threshold"


def test_a_picture_with_several_false_faces_counts_once():
    def dreams(frame):
        return [face(BOX, 0.75), face(BoundingBox(0, 0, 9, 9), 0.8)]

    pictures = [show_face_free("textures", "noise", np.zeros((64, 64, 3), np.uint8), (dreams, lambda frame: []))]
    assert pictures == [FaceFree("textures", "noise", (0.8, 0.0))]
    assert false_faces(pictures, 0, 0.8) == Share(1, 1)
    assert false_faces(pictures, 0, 0.9) == Share(0, 1)
    assert false_faces(pictures, 1, 0.5) == Share(0, 1)
