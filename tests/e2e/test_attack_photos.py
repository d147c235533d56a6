"""Photographs of a real print, a real screen and a real face, as a camera's still view: none opens the door.

Whoever is on the picture is enrolled from it, so that the match can refuse nothing, and the print, which the quality
gate would stop as blurred, passes it: what refuses is liveness alone.
"""

from datetime import UTC, datetime

import pytest

from faceguard.camera.photo_file import read_photo
from faceguard.camera.rendering.sensor import Sensor
from faceguard.domain.decision import Deny, DenyReason, Grant
from faceguard.domain.template import ConsentMeans
from faceguard.store.gallery_store import GalleryStore
from tests.e2e.simulated_door import SimulatedDoor

FRAMES = 100
"""Ten seconds at ten a second: longer than a challenge."""

pytestmark = pytest.mark.shared


def pictures(shared):
    return sorted(p for p in (shared / "data" / "pad").iterdir() if p.suffix in (".jpg", ".png"))


@pytest.fixture(scope="module")
def verdicts(shared, tmp_path_factory):
    """{file name: decisions}"""
    found = {}
    for number, path in enumerate(pictures(shared)):
        door = SimulatedDoor(tmp_path_factory.mktemp("pad"), {"quality.min_sharpness": 0.1})
        photo = read_photo(path)
        draft = door.desk.examine_frame(photo)
        with door.house.database() as database:  # past the desk, which would refuse some of these pictures
            GalleryStore(database).add_subject_with_template(
                "Somebody", ConsentMeans.SPOKEN, datetime.now(UTC), draft.embedding, draft.source
            )
        door.open()
        sensor = Sensor(seed=number)
        found[path.name] = door.show(sensor.expose(photo.pixels, i / 10) for i in range(FRAMES))
        door.close()
    return found


def test_there_are_three_pictures(verdicts):
    assert len(verdicts) == 3


def test_none_of_them_is_granted(verdicts):
    assert not [d for decisions in verdicts.values() for d in decisions if isinstance(d, Grant)]


def test_each_is_refused_for_what_it_is_a_still_picture(verdicts):
    for name, decisions in verdicts.items():
        assert {d.reason for d in decisions if isinstance(d, Deny)} == {DenyReason.STATIC_PICTURE}, name
