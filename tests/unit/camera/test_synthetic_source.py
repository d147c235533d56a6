"""The simulated camera: what it promises to readers, and that its people are solid and its pictures flat."""

import threading
from itertools import pairwise

import cv2
import numpy as np
import pytest

from faceguard.camera.rendering.head import HeadActor
from faceguard.camera.rendering.plane import AttackMove, Medium, PlaneActor
from faceguard.camera.rendering.portrait import FacePhoto
from faceguard.camera.rendering.scene import Keyframe, Placed, Scene
from faceguard.camera.rendering.sensor import SensorTraits, retaken
from faceguard.camera.synthetic_source import SyntheticSource
from faceguard.domain.errors import CameraFault
from faceguard.domain.face import BoundingBox, Landmarks

SIZE = (640, 480)
EYES = Landmarks(np.array([[203, 103], [247, 103], [224, 128], [205, 143], [242, 143]], np.float32))
BOX = BoundingBox(179, 63, 271, 176)
DOTS = {"right eye": (255, 0, 0), "left eye": (0, 255, 0), "nose": (0, 0, 255), "brow": (255, 0, 255)}


@pytest.fixture(scope="module")
def photo(astronaut) -> FacePhoto:
    return FacePhoto(astronaut, EYES, BOX)


@pytest.fixture(scope="module")
def dotted(astronaut) -> FacePhoto:
    """A plain grey person with a coloured dot on each eye, the tip of the nose and the brow."""
    picture = cv2.addWeighted(astronaut, 0.1, np.full_like(astronaut, 128), 0.9, 0)
    places = [*EYES.points[:3], (225, 88)]
    for (x, y), colour in zip(places, DOTS.values(), strict=True):
        cv2.circle(picture, (round(float(x)), round(float(y))), 4, colour, -1)
    return FacePhoto(picture, EYES, BOX)


def source_of(*actors, **more) -> SyntheticSource:
    scene = Scene([Placed(actor) for actor in actors])
    source = SyntheticSource(scene, paced=False, **more)
    source.open()
    return source


def dots(picture: np.ndarray) -> dict[str, np.ndarray]:
    """Centre of each coloured dot."""
    found = {}
    top, left = picture.shape[0] // 4, picture.shape[1] // 3  # the face is there, and no hand, header or door
    face = picture[top : 3 * top, left : 2 * left].astype(int)
    for name, colour in DOTS.items():
        near = np.abs(face - colour).max(axis=2) < 110
        rows, columns = np.nonzero(near)
        assert rows.size > 8, f"the dot on the {name} is not seen"
        found[name] = np.array([np.median(columns) + left, np.median(rows) + top])
    return found


def nose_offset(picture: np.ndarray) -> float:
    """How far the nose is to the right of the middle between the eyes, in eye distances."""
    at = dots(picture)
    eyes = at["left eye"] - at["right eye"]
    return float((at["nose"] - (at["left eye"] + at["right eye"]) / 2)[0] / np.linalg.norm(eyes))


def after_turn(actor, direction: str) -> np.ndarray:
    scene = Scene([Placed(actor)])
    scene.turn(direction, 0.0)
    return scene.draw(*SIZE, 3.0)


def test_every_frame_is_newer_and_another(photo):
    source = source_of(HeadActor(photo), fps=20)
    frames = [source.read() for _ in range(6)]
    assert [f.sequence for f in frames] == [1, 2, 3, 4, 5, 6]
    assert {b.captured_ns - a.captured_ns for a, b in pairwise(frames)} == {50_000_000}
    assert all(f.width == 640 and f.height == 480 for f in frames)
    assert len({f.pixels.tobytes() for f in frames}) == 6


def test_frozen_camera_repeats_its_frame_bit_for_bit_with_new_times(photo):
    source = source_of(HeadActor(photo))
    source.read()
    source.freeze()
    one, two = source.read(), source.read()
    assert one.pixels.tobytes() == two.pixels.tobytes()
    assert two.captured_ns > one.captured_ns
    source.thaw()
    assert source.read().pixels.tobytes() != two.pixels.tobytes()


def test_simulation_is_said_in_the_label_and_in_the_corner_of_the_picture(photo):
    source = source_of(HeadActor(photo), title="an enrolled person", traits=SensorTraits(noise=0))
    assert source.simulated
    assert source.label == "Simulation: an enrolled person"
    corner = source.read().pixels[455:478, 5:110].astype(int)
    assert corner.max() - corner.min() > 120


def test_same_seeds_render_the_same_frames(photo):
    one, two = (source_of(HeadActor(photo, seed=3), seed=4).read() for _ in range(2))
    assert one.pixels.tobytes() == two.pixels.tobytes()


def test_source_refuses_to_be_read_before_it_is_opened_and_after_it_is_closed(photo):
    source = SyntheticSource(Scene([Placed(HeadActor(photo))]), paced=False)
    with pytest.raises(CameraFault):
        source.read()
    source.open()
    assert source.read() is not None
    source.close()
    source.close()
    with pytest.raises(CameraFault):
        source.read()
    source.open()
    assert source.read().sequence == 2


def test_scene_with_a_length_ends_like_a_recording(photo):
    source = source_of(HeadActor(photo), fps=10, duration_s=0.45)
    frames = [source.read() for _ in range(7)]
    assert [f is None for f in frames] == [False] * 5 + [True] * 2


@pytest.mark.parametrize("size", [(0, 480), (640, 5000)])
def test_impossible_picture_size_is_refused(size):
    with pytest.raises(CameraFault):
        SyntheticSource(Scene([]), width=size[0], height=size[1])


def test_requests_may_come_from_another_thread_while_frames_are_read(photo):
    source = source_of(HeadActor(photo))
    asking = threading.Thread(target=lambda: [source.turn(d) for d in ("left", "right", "straight") * 20])
    asking.start()
    frames = [source.read() for _ in range(5)]
    asking.join()
    assert all(frames)
    with pytest.raises(KeyError):
        source.turn("up")


def test_turning_left_moves_the_nose_of_a_head_to_the_right_of_the_picture_past_the_eyes(dotted):
    straight = nose_offset(Scene([Placed(HeadActor(dotted, lively=0))]).draw(*SIZE, 0.0))
    left = nose_offset(after_turn(HeadActor(dotted, lively=0), "left"))
    right = nose_offset(after_turn(HeadActor(dotted, lively=0), "right"))
    assert left > straight + 0.12
    assert right < straight - 0.12


@pytest.mark.parametrize("medium", list(Medium))
def test_a_picture_that_is_rotated_shows_no_parallax(dotted, medium):
    actor = PlaneActor(dotted, medium, tilt_deg=0, steady=0)
    straight = nose_offset(Scene([Placed(actor)]).draw(*SIZE, 0.0))
    assert abs(nose_offset(after_turn(actor, "left")) - straight) < 0.05
    at = dots(after_turn(PlaneActor(dotted, medium, tilt_deg=0, steady=0), "right"))
    assert (at["left eye"] - at["right eye"])[0] < 0.9 * 0.13 * 480  # but it has turned: it is foreshortened


def test_attacker_who_does_nothing_leaves_the_picture_where_it_is(dotted):
    actor = PlaneActor(dotted, Medium.PRINT, move=AttackMove.NOTHING, steady=0)
    before = Scene([Placed(actor)]).draw(*SIZE, 0.0)
    assert np.array_equal(before, after_turn(actor, "left"))


def test_shaken_and_bent_pictures_move(dotted):
    for move in (AttackMove.SHAKE, AttackMove.BEND):
        actor = PlaneActor(dotted, Medium.PRINT, move=move, seed=2)
        before = Scene([Placed(actor)]).draw(*SIZE, 0.0)
        assert not np.array_equal(before, after_turn(actor, "left"))


def test_who_comes_closer_gets_larger(dotted):
    scene = Scene([Placed(HeadActor(dotted, lively=0))])

    def eye_distance(now_s: float) -> float:
        at = dots(scene.draw(*SIZE, now_s))
        return float(np.linalg.norm(at["left eye"] - at["right eye"]))

    assert eye_distance(0.0) == pytest.approx(0.13 * 480, rel=0.03)
    before = eye_distance(0.0)
    scene.come_closer(0.0)
    assert eye_distance(3.0) > 1.25 * before


def test_background_is_the_room_and_stays_when_the_head_turns(dotted):
    scene = Scene([Placed(HeadActor(dotted, lively=0))], seed=5)
    empty = Scene([], seed=5).draw(*SIZE, 0.0)
    before = scene.draw(*SIZE, 0.0)
    scene.turn("left", 0.0)
    after = scene.draw(*SIZE, 3.0)
    for picture in (before, after):
        assert np.array_equal(picture[:200, :120], empty[:200, :120])
        assert not np.array_equal(picture[150:300, 250:390], empty[150:300, 250:390])


def test_actor_follows_its_path_and_hears_only_when_it_is_told_to(dotted):
    actor = HeadActor(dotted, lively=0)
    placed = Placed(
        actor, (Keyframe(0, x=-0.6), Keyframe(1, x=0.5), Keyframe(2, x=0.5), Keyframe(3, y=1.9)), answers=False
    )
    scene = Scene([placed], seed=1)
    empty = Scene([], seed=1).draw(*SIZE, 0.0)
    assert np.array_equal(scene.draw(*SIZE, 0.0), empty)
    assert placed.at(1.5) == (0.5, 0.42, 0.13)
    assert 0.42 < placed.at(2.5)[1] < 1.9
    assert np.array_equal(scene.draw(*SIZE, 3.5), empty)
    scene.turn("left", 0.0)
    assert actor.yaw_at(3.0) == actor.base_yaw_deg


@pytest.mark.parametrize("times", [(), (0.0, 0.0), (1.0, 0.5)])
def test_path_without_order_is_refused(photo, times):
    with pytest.raises(ValueError, match="path"):
        Placed(HeadActor(photo), tuple(Keyframe(t) for t in times))


def test_door_camera_and_id_photo_never_show_the_same_pixels(photo):
    again = retaken(photo, 7)
    assert again.pixels.shape == photo.pixels.shape
    assert again.landmarks is photo.landmarks
    difference = np.abs(again.pixels.astype(int) - photo.pixels)[60:180, 180:270].mean()
    assert 2 < difference < 60
    assert np.array_equal(again.pixels, retaken(photo, 7).pixels)
    assert not np.array_equal(again.pixels, retaken(photo, 8).pixels)


def test_photo_cut_close_around_a_face_still_makes_a_person(astronaut):
    close = FacePhoto(
        np.ascontiguousarray(astronaut[60:180, 178:272]), Landmarks(EYES.points - (178, 60)), BoundingBox(1, 3, 93, 116)
    )
    picture = Scene([Placed(HeadActor(close))]).draw(*SIZE, 0.0)
    assert picture.shape == (480, 640, 3)


def test_one_coloured_photo_still_renders(astronaut):
    blank = FacePhoto(np.full_like(astronaut, 90), EYES, BOX)
    assert Scene([Placed(HeadActor(blank))]).draw(*SIZE, 0.0).shape == (480, 640, 3)


def test_other_resolutions_show_the_same_scene(dotted):
    small = dots(Scene([Placed(HeadActor(dotted, lively=0))]).draw(640, 480, 0.0))
    large = dots(Scene([Placed(HeadActor(dotted, lively=0))]).draw(1280, 960, 0.0))
    for name, place in small.items():
        assert np.allclose(large[name], 2 * place, atol=4), name


def test_rendered_person_is_found_and_is_the_one_of_the_photo_through_the_turn(photo, shipped):
    def embedding(picture: np.ndarray):
        from faceguard.domain.face import Frame

        frame = Frame(picture, 0, 1)
        faces = shipped.detector.detect(frame)
        assert faces, "no face is found"
        return shipped.encoder.encode(shipped.aligner.align(frame, faces[0].landmarks))

    enrolled = embedding(photo.pixels)
    source = source_of(HeadActor(retaken(photo, 1), seed=1), traits=SensorTraits.varied(2))
    straight = source.read()
    assert enrolled.distance(embedding(straight.pixels)).value < 0.8
    for direction in ("left", "right"):
        source.turn(direction)
        turned = [source.read() for _ in range(45)][-1]
        assert enrolled.distance(embedding(turned.pixels)).value < 1.3
