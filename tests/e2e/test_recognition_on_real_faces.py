"""Who is recognised, apart from who is alive: photographs of real people themselves before the camera, liveness off."""

import random

import cv2
import numpy as np
import pytest

from faceguard.camera.photo_file import read_photo
from faceguard.camera.rendering.sensor import Sensor
from faceguard.domain.decision import Deny, DenyReason, Grant
from tests.e2e.simulated_door import SimulatedDoor
from tests.e2e.test_door_on_real_faces import PEOPLE, RIGHT_AT_LEAST, STRANGERS_AT_MOST, Crowd

WIDTH, HEIGHT = 640, 480
EYES_PX = 67
"""Between the eyes, before the camera: a person half a metre away."""
FRAMES = 16
"""At ten a second: an attempt of two looks, with one frame to spare."""

pytestmark = [pytest.mark.shared, pytest.mark.timeout(900)]


def before_the_camera(face, seed):
    """The face of a ``FacePhoto``, others in the photo cut off, a little moved, through a camera's noise and drift."""
    box, reach = face.box, 0.35
    left, top = (max(0, int(v)) for v in (box.left - reach * box.width, box.top - reach * box.height))
    right, bottom = int(box.right + reach * box.width), int(box.bottom + reach * box.height)
    person = np.ascontiguousarray(face.pixels[top:bottom, left:right])
    height, width = person.shape[:2]
    scale = EYES_PX / face.landmarks.eye_distance
    chance, sensor = np.random.default_rng(seed), Sensor(seed=seed)
    place = np.array([WIDTH / 2, HEIGHT / 2])
    for number in range(FRAMES):
        place += chance.normal(0, 1.5, 2)
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), float(chance.normal(0, 0.5)), scale)
        turn[:, 2] += place - (width / 2, height / 2)
        picture = cv2.warpAffine(person, turn, (WIDTH, HEIGHT), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        yield sensor.expose(picture, number / 10)


@pytest.fixture(scope="module")
def verdicts(shared, tmp_path_factory):
    """Last verdict on everybody: {name: Decision} of members and of strangers."""
    door = SimulatedDoor(tmp_path_factory.mktemp("door"), {"liveness.policy": "off"})
    crowd = Crowd(shared / "data" / "lfw_dev", door)
    door.open()
    chance = random.Random(5)

    def verdict(path):
        face = door.face_photo(read_photo(path))
        if face is None:
            return None
        decisions = door.show(before_the_camera(face, chance.randrange(10**6)))
        return next((d for d in decisions if isinstance(d, Grant | Deny)), None)

    members = {name: verdict(path) for name, (path, _) in crowd.members.items()}
    strangers = {name: verdict(path) for name, path in crowd.strangers.items()}
    door.close()
    for title, found in (("enrolled", members), ("strangers", strangers)):
        for name, decision in found.items():
            if not (title == "enrolled" and granted(decision) == name):
                print(title, name, words(decision))  # noqa: T201
    return members, strangers


def granted(decision):
    return decision.subject.name if isinstance(decision, Grant) else None


def words(decision):
    match decision:
        case Grant(subject):
            return f"granted as {subject.name}"
        case Deny(reason):
            return f"{reason.value} {'' if decision.distance is None else f'd {decision.distance.value:.2f}'}"
        case _:
            return "no verdict"


def test_nine_of_ten_enrolled_people_are_recognised(verdicts):
    members, _ = verdicts
    assert len(members) == PEOPLE
    assert sum(granted(decision) == name for name, decision in members.items()) >= RIGHT_AT_LEAST


def test_nobody_is_taken_for_another_enrolled_person(verdicts):
    members, _ = verdicts
    assert [(n, granted(d)) for n, d in members.items() if granted(d) not in (None, n)] == []


def test_at_most_one_stranger_is_taken_for_somebody(verdicts):
    _, strangers = verdicts
    assert len([n for n, d in strangers.items() if isinstance(d, Grant)]) <= STRANGERS_AT_MOST
    assert all(d.reason is DenyReason.NOT_RECOGNISED for d in strangers.values() if isinstance(d, Deny))
