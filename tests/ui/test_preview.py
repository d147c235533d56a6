"""The live picture: pulled, mirrored, without bars, and gone when the camera is gone."""

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRectF

from faceguard.domain.face import BoundingBox, Frame
from faceguard.ui.cover import Cover
from faceguard.ui.oval_preview import Arrow, OvalPreview
from faceguard.ui.preview import Preview


def two_halves(sequence: int = 1) -> Frame:
    """Left half red, right half blue (BGR)."""
    pixels = np.zeros((120, 160, 3), np.uint8)
    pixels[:, :80, 2] = 255
    pixels[:, 80:, 0] = 255
    return Frame(pixels, 0, sequence)


class Mailbox:
    def __init__(self, frame):
        self.frame = frame
        self.asked = 0

    def __call__(self):
        self.asked += 1
        return self.frame


@pytest.mark.parametrize(("mirrored", "left"), [(True, "blue"), (False, "red")])
def test_person_sees_a_mirror_and_the_pipeline_does_not(qtbot, mirrored, left):
    preview = Preview(Mailbox(two_halves()), mirrored=mirrored)
    qtbot.addWidget(preview)
    preview.resize(400, 300)
    preview.show()
    colour = preview.grab().toImage().pixelColor(60, 150)
    assert (colour.blue() > 200) == (left == "blue")
    preview.set_mirrored(not mirrored)
    assert (preview.grab().toImage().pixelColor(60, 150).blue() > 200) != (left == "blue")


@pytest.mark.parametrize("size", [(400, 300), (600, 200), (200, 500)])
@pytest.mark.parametrize("mirrored", [True, False])
def test_picture_covers_every_shape_without_bars(size, mirrored):
    area = QRectF(0, 0, *size)
    cover = Cover.of(640, 480, area, mirrored=mirrored)
    assert cover.placed.adjusted(-1e-6, -1e-6, 1e-6, 1e-6).contains(area)
    box = cover.box(BoundingBox(300, 220, 340, 260))
    assert box.center().x() == pytest.approx(area.center().x())
    assert box.center().y() == pytest.approx(area.center().y())


def test_mirrored_box_lies_on_the_other_side():
    area = QRectF(0, 0, 640, 480)
    box = BoundingBox(10, 20, 110, 140)
    assert Cover.of(640, 480, area, mirrored=False).box(box) == QRectF(10, 20, 100, 120)
    assert Cover.of(640, 480, area, mirrored=True).box(box) == QRectF(530, 20, 100, 120)


def test_picture_moves_towards_the_focus_but_never_uncovers_the_area():
    area = QRectF(0, 0, 1920, 1080)
    cover = Cover.of(640, 480, area, mirrored=True, focus=QPointF(960, -5000))
    assert cover.placed.bottom() == pytest.approx(1080)


def test_frames_are_pulled_on_a_timer_only_while_visible(qtbot):
    mailbox = Mailbox(two_halves())
    preview = Preview(mailbox)
    qtbot.addWidget(preview)
    assert mailbox.asked == 0
    preview.show()
    qtbot.waitUntil(lambda: mailbox.asked >= 4, timeout=2000)
    preview.hide()
    asked = mailbox.asked
    qtbot.wait(120)
    assert mailbox.asked == asked


def test_shown_picture_is_a_copy_of_its_own(qtbot):
    """The camera may reuse its memory: what is on the screen must not change with it."""
    buffer = np.zeros((120, 160, 3), np.uint8)
    preview = Preview(Mailbox(Frame(buffer, 0, 1)))
    qtbot.addWidget(preview)
    preview.resize(160, 120)
    preview.show()
    buffer[:] = 255
    assert preview.grab().toImage().pixelColor(80, 40).red() < 10


def test_lost_camera_leaves_no_old_face_on_the_screen(qtbot):
    mailbox = Mailbox(two_halves())
    preview = Preview(mailbox)
    qtbot.addWidget(preview)
    preview.show()
    assert preview.has_picture()
    mailbox.frame = None
    preview.pull()
    assert not preview.has_picture()
    preview.grab()


@pytest.mark.parametrize("tone", ["grant", "deny", "ask", "neutral"])
def test_box_and_words_are_painted_over_the_picture(qtbot, tone):
    preview = Preview(Mailbox(two_halves()))
    qtbot.addWidget(preview)
    preview.resize(400, 300)
    preview.show()
    plain = preview.grab().toImage()
    preview.show_box(BoundingBox(40, 30, 120, 90), tone)
    boxed = preview.grab().toImage()
    assert boxed != plain
    preview.show_hint("Come closer, please, and a very long sentence that has no room at all here", "11 ms a frame")
    assert preview.grab().toImage() != boxed


def test_preview_keeps_a_cameras_proportions(qtbot):
    preview = Preview(Mailbox(None))
    qtbot.addWidget(preview)
    assert preview.heightForWidth(640) == 480


@pytest.mark.parametrize("size", [(1920, 1080), (1080, 1920), (1024, 600)])
def test_oval_lies_inside_the_screen_and_leaves_room_for_words(qtbot, size):
    oval = OvalPreview(Mailbox(two_halves()))
    qtbot.addWidget(oval)
    oval.resize(*size)
    area = QRectF(0, 0, *size)
    assert area.contains(oval.oval())
    assert oval.oval().bottom() < size[1] * 0.85
    assert oval.oval().center().x() == pytest.approx(size[0] / 2)


def test_ring_fills_with_the_progress_and_the_arrow_points_to_the_persons_side(qtbot):
    oval = OvalPreview(Mailbox(two_halves()))
    qtbot.addWidget(oval)
    oval.resize(960, 540)
    oval.show()

    def greens():
        image = oval.grab().toImage()
        return sum(
            image.pixelColor(x, y).green() > 180 and image.pixelColor(x, y).red() < 120
            for x in range(0, 960, 3)
            for y in range(0, 540, 3)
        )

    counts = []
    for progress in (0.0, 0.4, 1.0):
        oval.show_progress(progress)
        counts.append(greens())
    assert counts[0] < counts[1] < counts[2]
    oval.show_progress(1.5, Arrow.LEFT)
    assert oval.progress == 1.0
    image = oval.grab().toImage()
    bright = [x for x in range(960) for y in range(200, 280, 4) if image.pixelColor(x, y).lightness() > 250]
    assert bright
    assert max(bright) < 480
