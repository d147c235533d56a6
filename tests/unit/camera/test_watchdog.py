"""Whether the camera can be trusted; time is a number here."""

import numpy as np
import pytest

from faceguard.camera.watchdog import CameraStatus, Watchdog, frame_digest
from faceguard.domain.face import Frame

MS = 1_000_000
NOISE = np.random.default_rng(1).integers(0, 256, (10, 12, 3), dtype=np.uint8)


def picture(value):
    """A frame that differs from others in one pixel only."""
    pixels = NOISE.copy()
    pixels[4, 5, 1] = value
    return Frame(pixels, 0, value)


def black(value=0):
    return Frame(np.full((10, 12, 3), value, np.uint8), 0, 0)


@pytest.fixture
def dog():
    return Watchdog("camera 0", stall_ms=1000, now_ns=0)


def streaming(dog, frames=10, step_ms=40):
    """The time of the last of some living frames."""
    for n in range(frames):
        dog.frame(picture(n), n * step_ms * MS)
    return (frames - 1) * step_ms * MS


def test_before_the_first_frame_it_connects(dog):
    assert dog.state(0).status is CameraStatus.CONNECTING
    assert not dog.state(0).usable


def test_changing_frames_stream_at_their_rate(dog):
    now = streaming(dog)
    state = dog.state(now)
    assert state.status is CameraStatus.STREAMING
    assert state.usable
    assert state.since_ns == 0
    assert state.fps == pytest.approx(25.0)


@pytest.mark.parametrize(("silent_ms", "status"), [(1000, CameraStatus.STREAMING), (1001, CameraStatus.STALLED)])
def test_silence_is_a_stall_although_nobody_reports_it(dog, silent_ms, status):
    now = streaming(dog)
    assert dog.state(now + silent_ms * MS).status is status


def test_a_stall_began_when_patience_ended_and_says_what_to_do(dog):
    now = streaming(dog)
    state = dog.state(now + 60_000 * MS)
    assert state.since_ns == now + 1000 * MS
    assert state.sentence == "No pictures come from camera 0; check its cable and its power."
    assert state.fps == 0.0


def test_after_a_stall_the_stream_begins_anew(dog):
    now = streaming(dog) + 3000 * MS
    dog.frame(picture(50), now)
    state = dog.state(now)
    assert state.status is CameraStatus.STREAMING
    assert state.since_ns == now
    assert state.fps == 0.0, "the rate of before the gap means nothing"


def test_the_first_frame_may_take_longer(dog):
    assert dog.state(5000 * MS).status is CameraStatus.CONNECTING
    assert dog.state(5001 * MS).status is CameraStatus.STALLED


@pytest.mark.parametrize(("repeats", "status"), [(2, CameraStatus.STREAMING), (3, CameraStatus.FROZEN)])
def test_three_identical_frames_are_a_frozen_camera(dog, repeats, status):
    now = streaming(dog)
    for n in range(repeats):
        dog.frame(picture(200), now + (n + 1) * 40 * MS)
    assert dog.state(now + repeats * 40 * MS).status is status


def test_one_changed_pixel_ends_the_freeze(dog):
    now = streaming(dog)
    for n in range(10):
        dog.frame(picture(200), now + n * 40 * MS)
    frozen = dog.state(now + 400 * MS)
    assert frozen.since_ns == now + 2 * 40 * MS
    dog.frame(picture(201), now + 440 * MS)
    state = dog.state(now + 440 * MS)
    assert state.status is CameraStatus.STREAMING
    assert state.since_ns == now + 440 * MS


def test_a_camera_frozen_from_its_first_picture_is_frozen(dog):
    for n in range(3):
        dog.frame(picture(7), n * 40 * MS)
    assert dog.state(80 * MS).status is CameraStatus.FROZEN


def test_black_pictures_at_the_start_are_waited_for(dog):
    for n in range(50):
        dog.frame(black(), n * 40 * MS)
        assert dog.state(n * 40 * MS).status is CameraStatus.CONNECTING
    dog.frame(picture(1), 2000 * MS)
    assert dog.state(2000 * MS).status is CameraStatus.STREAMING


def test_a_picture_that_stays_black_is_frozen(dog):
    for n in range(60):
        dog.frame(black(), n * 40 * MS)
    assert dog.state(60 * 40 * MS).status is CameraStatus.FROZEN


def test_black_pictures_later_on_are_judged_like_others(dog):
    now = streaming(dog)
    for n in range(3):
        dog.frame(black(), now + n * 40 * MS)
    assert dog.state(now + 80 * MS).status is CameraStatus.FROZEN


def test_a_frozen_camera_that_comes_back_with_the_same_picture_is_still_frozen(dog):
    now = streaming(dog)
    for n in range(3):
        dog.frame(picture(200), now + n * 40 * MS)
    dog.lost("gone", now + 200 * MS)
    dog.connecting(now + 700 * MS)
    dog.frame(picture(200), now + 800 * MS)
    assert dog.state(now + 800 * MS).status is CameraStatus.FROZEN


def test_a_loss_stays_in_view_until_a_frame_comes(dog):
    dog.lost("Camera 0 was lost; check its cable.", 10)
    dog.connecting(20)
    dog.lost("There is no camera 0; plug it in or choose another one.", 30)
    state = dog.state(10**15)
    assert state.status is CameraStatus.LOST
    assert state.since_ns == 10
    assert state.sentence == "There is no camera 0; plug it in or choose another one."
    dog.frame(picture(1), 10**15)
    assert dog.state(10**15).usable


def test_the_end_of_a_recording_is_no_stall(dog):
    now = streaming(dog)
    dog.ended(now)
    state = dog.state(now + 10**15)
    assert state.status is CameraStatus.ENDED
    assert state.sentence == "Camera 0 has come to its end."


def test_the_digest_sees_every_byte():
    digests = {frame_digest(Frame(np.array([[[a, b, c]]], np.uint8), 0, 0)) for a, b, c in np.eye(3, dtype=int)}
    assert len(digests) == 3
    assert frame_digest(picture(3)) == frame_digest(picture(3))


@pytest.mark.parametrize("stall_ms", [0, -5])
def test_a_stall_takes_some_time(stall_ms):
    with pytest.raises(ValueError, match="stall"):
        Watchdog("camera 0", stall_ms=stall_ms, now_ns=0)
