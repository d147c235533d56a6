"""Faces and landmarks in frame pixels, whatever the frame."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from faceguard.domain.card import DetectorCard
from faceguard.domain.face import Frame
from faceguard.pipeline.detector import Detector, suppress


def frame(pixels):
    return Frame(np.ascontiguousarray(pixels), 0, 0)


class Answers:
    """A network that gives prepared maps: (score, box, points) by stride and cell; zero elsewhere."""

    provider = "cpu"

    def __init__(self, card, cells):
        self.card, self.cells, self.shapes = card, cells, []

    def run(self, pictures):
        _, height, width, _ = pictures.shape
        self.shapes.append((height, width))
        maps = {}
        for stride in self.card.strides:
            count = (height // stride) * (width // stride)
            for name, length in (("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10)):
                maps[f"{name}_{stride}"] = np.zeros((1, count, length), np.float32)
        for stride, row, column, cls, obj, box, points in self.cells:
            cell = row * (width // stride) + column
            values = (("cls", cls), ("obj", obj), ("bbox", box), ("kps", points))
            for name, value in values:
                maps[f"{name}_{stride}"][0, cell] = value
        return tuple(maps[spec.name] for spec in self.card.outputs)


@pytest.fixture
def card(shipped) -> DetectorCard:
    return shipped.detector.card


POINTS = [-0.5, -0.5, 0.5, -0.5, 0.0, 0.0, -0.4, 0.5, 0.4, 0.5]


def test_cells_are_decoded_as_the_layout_says(card):
    network = Answers(card, [(16, 3, 5, 0.81, 1.0, [0.5, 0.25, np.log(4.0), np.log(2.0)], POINTS)])
    (face,) = Detector(network).detect(frame(np.zeros((160, 320, 3), np.uint8)))
    assert network.shapes == [(160, 320)]
    assert face.score == pytest.approx(0.9)
    assert face.box.centre == pytest.approx((5.5 * 16, 3.25 * 16))
    assert (face.box.width, face.box.height) == pytest.approx((64, 32))
    assert face.landmarks.points[0] == pytest.approx((4.5 * 16, 2.5 * 16))
    assert face.landmarks.points[4] == pytest.approx((5.4 * 16, 3.5 * 16))


def test_large_frame_is_shrunk_and_padded_and_its_faces_come_back_in_frame_pixels(card):
    network = Answers(card, [(8, 2, 2, 1.0, 1.0, [0, 0, np.log(2.0), np.log(2.0)], POINTS)])
    (face,) = Detector(network).detect(frame(np.zeros((1080, 1920, 3), np.uint8)))
    assert network.shapes == [(192, 320)]
    assert face.box.centre == pytest.approx((96, 96))
    assert face.box.width == pytest.approx(96)
    assert face.landmarks.points[1] == pytest.approx((2.5 * 8 * 6, 1.5 * 8 * 6))


def test_one_input_size_for_each_source_resolution(card):
    network = Answers(card, [])
    for _ in range(3):
        Detector(network).detect(frame(np.zeros((480, 640, 3), np.uint8)))
    assert set(network.shapes) == {(256, 320)}


def test_weaker_overlapping_boxes_are_dropped_and_the_best_comes_first(card):
    size = [0, 0, np.log(4.0), np.log(4.0)]
    cells = [
        (16, 4, 4, 0.9, 0.9, size, POINTS),
        (16, 4, 5, 1.0, 1.0, size, POINTS),
        (16, 4, 15, 0.95, 1.0, size, POINTS),
    ]
    faces = Detector(Answers(card, cells)).detect(frame(np.zeros((320, 320, 3), np.uint8)))
    assert [f.score for f in faces] == pytest.approx([1.0, np.sqrt(0.95)])
    assert suppress(np.empty((0, 4), np.float32), 0.3, 5) == []


def test_number_of_faces_is_capped(card):
    cells = [(8, r, c, 1.0, 1.0, [0, 0, 0, 0], POINTS) for r in range(0, 40, 2) for c in range(0, 40, 2)]
    assert len(Detector(Answers(card, cells)).detect(frame(np.zeros((320, 320, 3), np.uint8)))) == 32


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e30])
def test_broken_maps_make_no_face_and_no_crash(card, bad):
    good = [0, 0, 1.0, 1.0]
    cells = [
        (16, 1, 1, bad, 1.0, good, POINTS),
        (16, 5, 5, 1.0, 1.0, [bad, 0, 1, 1], POINTS),
        (16, 7, 7, 1.0, 1.0, good, [bad] * 10),
        (16, 9, 9, 1.0, 1.0, [0, 0, -1e30, -1e30], POINTS),
    ]
    for face in Detector(Answers(card, cells)).detect(frame(np.zeros((320, 320, 3), np.uint8))):
        assert 0.0 <= face.score <= 1.0


def test_portrait_is_found_with_its_landmarks_in_place(shipped, astronaut):
    best = shipped.detector.detect(frame(astronaut))[0]
    eyes_nose = best.landmarks.points[:3]
    assert np.abs(eyes_nose - [(203, 107), (245, 107), (228, 130)]).max() < 10, eyes_nose


@pytest.mark.parametrize("width", [640, 1280, 2560])
@pytest.mark.parametrize("light", [1.0, 0.5])
def test_six_people_of_a_group_photo_are_its_best_faces_at_any_size_and_in_bad_light(
    shipped, group_photo, width, light
):
    picture = cv2.resize(group_photo, (width, width * 886 // 1280), interpolation=cv2.INTER_AREA)
    faces = shipped.detector.detect_in_photo(frame((picture * light).astype(np.uint8)))[:6]
    places = sorted(f.box.centre[0] / width for f in faces)
    assert places == pytest.approx([0.09, 0.25, 0.40, 0.62, 0.745, 0.92], abs=0.02)


def test_mirrored_picture_gives_mirrored_faces(shipped, astronaut):
    there = shipped.detector.detect(frame(astronaut))[0]
    back = shipped.detector.detect(frame(astronaut[:, ::-1]))[0]
    assert abs((512 - back.box.centre[0]) - there.box.centre[0]) < 8


def test_face_at_the_border_of_a_large_photo_is_found_by_further_passes(shipped, astronaut):
    """Where the first pass at 320 pixels sees a face of a few pixels, the photo search goes on at larger sizes."""
    portrait = cv2.resize(astronaut[:200, 130:330], (100, 100), interpolation=cv2.INTER_AREA)
    photo = np.full((2400, 3200, 3), 127, np.uint8)
    photo[1200:1300, 200:300] = portrait
    assert shipped.detector.detect(frame(photo)) == ()
    (face,) = shipped.detector.detect_in_photo(frame(photo))
    assert 200 < face.box.centre[0] < 300
    assert 1200 < face.box.centre[1] < 1300


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (500, 1), (7, 3), (31, 33), (5000, 20), (3000, 4000)])
@pytest.mark.parametrize("fill", ["grey", "noise"])
def test_pictures_of_nothing_in_any_shape_have_no_face(shipped, shape, fill):
    pixels = np.full((*shape, 3), 128, np.uint8)
    if fill == "noise":
        pixels = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    assert shipped.detector.detect(frame(pixels)) == ()
    shipped.detector.detect_in_photo(frame(pixels))


def test_encoder_is_no_detector(shipped):
    with pytest.raises(TypeError):
        Detector(shipped.encoder._model)


@pytest.mark.shared
def test_faces_of_the_teacher_are_found(shipped, shared):
    """98 % of the faces in the middle of 60 photos, within half the box of the teacher's."""
    import hashlib

    from faceguard.pipeline.onnx_model import OnnxModel

    data = (shared / "models" / "mirror" / "yunet_n_dynamic.onnx").read_bytes()
    card = replace(shipped.detector.card, id="yunet", sha256=hashlib.sha256(data).hexdigest())
    teacher = Detector(OnnxModel(card, data, "cpu"))
    found = expected = 0
    for path in sorted((shared / "data" / "lfw_dev").glob("*/*_0001.jpg"))[:600:10]:
        picture = frame(cv2.imread(str(path)))
        middle = [
            f for f in teacher.detect(picture) if f.box.left < 125 < f.box.right and f.box.top < 125 < f.box.bottom
        ]
        own = shipped.detector.detect(picture)
        expected += len(middle)
        found += sum(any(f.box.overlap(m.box) > 0.5 for f in own) for m in middle)
    assert expected >= 58
    assert found >= 0.98 * expected
