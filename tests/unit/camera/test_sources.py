"""Webcams (played by a fake capture), streams, video files and folders of pictures."""

import socket

import cv2
import numpy as np
import pytest
from PIL import Image

from faceguard.camera.opencv_source import (
    StreamSource,
    VideoFileSource,
    WebcamSource,
    device_backend,
    stream_label,
)
from faceguard.camera.pacing import Pace
from faceguard.camera.replay_source import ReplaySource
from faceguard.camera.source import open_source
from faceguard.domain.errors import CameraFault

S = 1_000_000_000
BGR = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)


class FakeCapture:
    """Has ``cv2.VideoCapture``'s few methods; gives ``pictures`` one by one, then nothing."""

    def __init__(self, pictures=(), opens=True):
        self.pictures = list(pictures)
        self.opens = opens
        self.opened_with = None
        self.asked = {}
        self.released = 0

    def open(self, name, backend, params):
        if isinstance(self.opens, Exception):
            raise self.opens
        self.opened_with = (name, backend, list(params))
        return self.opens

    def set(self, prop, value):
        self.asked[prop] = value
        return False

    def get(self, prop):
        return 0.0

    def read(self):
        picture = self.pictures.pop(0) if self.pictures else None
        if isinstance(picture, Exception):
            raise picture
        return picture is not None, picture

    def release(self):
        self.released += 1


class HandClock:
    """Sleeping moves it on."""

    def __init__(self):
        self.ns = 0
        self.slept = []

    def __call__(self):
        return self.ns

    def sleep(self, seconds):
        self.slept.append(round(seconds, 6))
        self.ns += round(seconds * S)


@pytest.fixture
def clock():
    return HandClock()


@pytest.fixture
def folder(tmp_path):
    """Four pictures whose brightness tells their names, and files that are none."""
    folder = tmp_path / "frames"
    folder.mkdir()
    for name, value in (("b.png", 20), ("a.png", 10), ("c.PNG", 30), ("d.webp", 40)):
        Image.new("RGB", (4, 4), (value,) * 3).save(folder / name, lossless=True)
    (folder / "notes.txt").write_text("not a picture")
    (folder / "e.png").mkdir()
    return folder


@pytest.fixture
def video(tmp_path):
    """Five frames of increasing brightness at 10 per second."""
    path = tmp_path / "door.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 10, (64, 48))
    for n in range(5):
        writer.write(np.full((48, 64, 3), 40 * n, np.uint8))
    writer.release()
    return path


def webcam(capture, device=0, **options):
    options = {"fps": 25.0, "width": 640, "height": 480, "clock": lambda: 7, "platform": "linux"} | options
    return WebcamSource(device, new_capture=lambda: capture, **options)


def everything(source):
    source.open()
    frames = []
    while (frame := source.read()) is not None:
        frames.append(frame)
    source.close()
    return frames


# webcams


@pytest.mark.parametrize(
    ("platform", "backend"),
    [("linux", cv2.CAP_V4L2), ("win32", cv2.CAP_DSHOW), ("darwin", cv2.CAP_AVFOUNDATION), ("freebsd14", cv2.CAP_ANY)],
)
def test_a_webcam_is_opened_through_the_systems_own_backend(platform, backend):
    capture = FakeCapture([BGR])
    webcam(capture, platform=platform).open()
    assert device_backend(platform) == backend
    assert capture.opened_with == (0, backend, [])


def test_a_webcam_is_asked_for_size_and_rate():
    capture = FakeCapture()
    webcam(capture).open()
    assert capture.asked == {cv2.CAP_PROP_FRAME_WIDTH: 640, cv2.CAP_PROP_FRAME_HEIGHT: 480, cv2.CAP_PROP_FPS: 25.0}


def test_a_webcams_frames_carry_the_clock_and_count_on_over_a_new_opening():
    source = webcam(FakeCapture([BGR.copy() for _ in range(3)]))
    source.open()
    first, second = source.read(), source.read()
    source.open()
    third = source.read()
    assert [f.sequence for f in (first, second, third)] == [1, 2, 3]
    assert first.captured_ns == 7
    assert np.array_equal(first.pixels, BGR)
    assert not first.pixels.flags.writeable
    assert source.label == "camera 0"
    assert source.simulated is False


def test_an_unplugged_webcam_is_a_fault():
    source = webcam(FakeCapture([BGR.copy()]))
    source.open()
    source.read()
    with pytest.raises(CameraFault) as fault:
        source.read()
    assert fault.value.sentence == "Camera 0 was lost; check its cable."


@pytest.mark.parametrize(
    ("pixels", "expected"),
    [
        (np.full((4, 6), 9, np.uint8), np.full((4, 6, 3), 9, np.uint8)),
        (np.full((4, 6, 1), 9, np.uint8), np.full((4, 6, 3), 9, np.uint8)),
        (np.dstack([BGR, np.zeros((4, 6), np.uint8)]), BGR),
        (np.zeros((1, 1, 3), np.uint8), np.zeros((1, 1, 3), np.uint8)),
    ],
    ids=["grey", "one channel", "with alpha", "one pixel"],
)
def test_a_webcam_of_another_kind_of_picture_still_gives_bgr(pixels, expected):
    source = webcam(FakeCapture([pixels]))
    source.open()
    assert np.array_equal(source.read().pixels, expected)


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((4, 6, 3), np.uint16),
        np.full((4, 6, 3), np.nan, np.float32),
        np.zeros((0, 6, 3), np.uint8),
        np.zeros((4, 6, 2), np.uint8),
        np.zeros((4,), np.uint8),
    ],
    ids=["16 bit", "not a number", "no rows", "two channels", "a line"],
)
def test_what_is_no_picture_is_a_fault(pixels):
    source = webcam(FakeCapture([pixels] * 2))
    source.open()
    with pytest.raises(CameraFault, match="Camera 0 sends pictures of an unknown kind"):
        source.read()


@pytest.mark.parametrize("opens", [False, cv2.error("boom")], ids=["refused", "raises"])
def test_a_webcam_that_does_not_open_says_what_to_do_and_is_released(tmp_path, opens):
    device = tmp_path / "video0"
    device.touch()
    capture = FakeCapture(opens=opens)
    with pytest.raises(CameraFault, match="cannot be opened; plug it in, close other programs that use it"):
        webcam(capture, str(device)).open()
    assert capture.released == 1


def test_closing_twice_and_before_opening_is_harmless_and_reading_then_a_fault():
    capture = FakeCapture([BGR])
    source = webcam(capture)
    source.close()
    source.open()
    source.close()
    source.close()
    assert capture.released == 1
    with pytest.raises(CameraFault, match="was not opened"):
        source.read()


def test_there_is_no_camera_999(capfd):
    with pytest.raises(CameraFault) as fault:
        open_source("999").open()
    assert "camera 999" in fault.value.sentence
    assert capfd.readouterr() == ("", ""), "OpenCV's own messages stay off the terminal"


# streams


@pytest.mark.parametrize(
    ("url", "label"),
    [
        ("rtsp://10.0.0.5:554/stream1", "rtsp stream of 10.0.0.5:554"),
        ("RTSP://admin:s3cret@cam.local/stream1", "rtsp stream of cam.local"),
        ("http://[fe80::1]:8080/video?password=s3cret", "http stream of [fe80::1]:8080"),
        ("rtsp://cam/user=admin&password=s3cret&channel=1", "rtsp stream of cam"),
        ("rtsp://admin:s3cret/word@cam/x", "rtsp stream"),
        ("rtsp://admin:x@s3cret@cam/x", "rtsp stream"),
        ("rtsp://admin:x?s3cret@cam/x", "rtsp stream"),
        ("rtsp://admin@cam/x?pwd=s3cret@more", "rtsp stream"),
        ("rtsp://s3cret&y/x", "rtsp stream"),
        ("http://", "http stream"),
    ],
)
def test_no_password_is_in_a_streams_label(url, label):
    assert stream_label(url) == label
    assert "s3cret" not in label


@pytest.mark.parametrize(
    "failure", [False, cv2.error("cannot open rtsp://admin:s3cret@cam/x")], ids=["refused", "raises"]
)
def test_no_password_is_in_a_streams_faults(failure, caplog, capfd):
    source = StreamSource("rtsp://admin:s3cret@cam/x", new_capture=lambda: FakeCapture(opens=failure))
    with pytest.raises(CameraFault) as fault:
        source.open()
    assert fault.value.sentence == "The rtsp stream of cam does not answer; check its address, password and network."
    assert "s3cret" not in repr(fault.value) + fault.value.detail + caplog.text + "".join(capfd.readouterr())
    assert fault.value.__context__ is None


def test_a_streams_time_outs_are_given_when_it_is_opened():
    capture = FakeCapture()
    StreamSource("rtsp://cam/x", timeout_ms=1234, new_capture=lambda: capture).open()
    assert capture.opened_with == (
        "rtsp://cam/x",
        cv2.CAP_FFMPEG,
        [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, 1234, cv2.CAP_PROP_READ_TIMEOUT_MSEC, 1234],
    )


@pytest.mark.parametrize("end", [None, cv2.error("boom")], ids=["nothing", "raises"])
def test_a_stream_that_breaks_off_is_a_fault_and_opens_anew(end):
    source = StreamSource("rtsp://cam/x", new_capture=lambda: FakeCapture([BGR.copy(), end]))
    for sequence in (1, 2):
        source.open()
        assert source.read().sequence == sequence
        with pytest.raises(CameraFault, match="The rtsp stream of cam broke off"):
            source.read()


@pytest.mark.parametrize("scheme", ["rtsp", "http"])
def test_a_server_that_accepts_and_stays_silent_is_given_up(scheme, capfd):
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"{scheme}://admin:s3cret@127.0.0.1:{server.getsockname()[1]}/x"
        with pytest.raises(CameraFault, match="does not answer"):
            StreamSource(url, timeout_ms=200).open()
    assert capfd.readouterr() == ("", "")


# video files


def test_a_video_is_read_to_its_end_at_its_own_rate(video, clock):
    frames = everything(VideoFileSource(video, clock=clock, sleep=clock.sleep))
    assert [f.sequence for f in frames] == [1, 2, 3, 4, 5]
    assert [f.captured_ns for f in frames] == [n * S // 10 for n in range(5)]
    assert clock.slept == [0.1] * 4
    assert [round(float(f.pixels.mean()) / 40) for f in frames] == [0, 1, 2, 3, 4]


def test_a_rate_given_wins_over_the_files_own(video, clock):
    frames = everything(open_source(str(video), fps=20, clock=clock, sleep=clock.sleep))
    assert frames[-1].captured_ns == 4 * S // 20


def test_unpaced_nothing_waits_and_time_advances_all_the_same(video, clock):
    clock.ns = 3 * S
    frames = everything(open_source(str(video), paced=False, clock=clock, sleep=clock.sleep))
    assert [f.captured_ns for f in frames] == [3 * S + n * S // 10 for n in range(5)]
    assert clock.slept == []


def test_a_video_opened_again_begins_anew_and_counts_on(video):
    source = open_source(str(video), paced=False)
    assert len(everything(source)) == 5
    assert [f.sequence for f in everything(source)] == [6, 7, 8, 9, 10]


@pytest.mark.parametrize("content", [b"", b"no video at all" * 50], ids=["empty", "text"])
def test_a_file_that_is_no_video_is_said_without_noise(tmp_path, content, capfd):
    path = tmp_path / "film.mp4"
    path.write_bytes(content)
    with pytest.raises(CameraFault) as fault:
        open_source(str(path)).open()
    assert fault.value.sentence == '"film.mp4" is not a video that can be played; save it as MP4 or AVI.'
    assert capfd.readouterr() == ("", "")


def test_a_video_without_one_good_frame_is_said(video):
    source = VideoFileSource(video, new_capture=lambda: FakeCapture([]))
    source.open()
    with pytest.raises(CameraFault, match="not a video that can be played"):
        source.read()


def test_a_video_that_vanished_is_said(tmp_path):
    with pytest.raises(CameraFault, match="There is no video"):
        VideoFileSource(tmp_path / "gone.mp4").open()


# folders of pictures


def test_a_folder_is_played_in_the_order_of_names(folder, clock):
    frames = everything(open_source(str(folder), fps=5, clock=clock, sleep=clock.sleep))
    assert [int(f.pixels[0, 0, 0]) for f in frames] == [10, 20, 30, 40]
    assert [f.captured_ns for f in frames] == [0, S // 5, 2 * S // 5, 3 * S // 5]


def test_a_folder_unpaced_waits_for_nothing(folder, clock):
    frames = everything(open_source(str(folder), paced=False, clock=clock, sleep=clock.sleep))
    assert [f.captured_ns for f in frames] == [n * S // 25 for n in range(4)]
    assert clock.slept == []


def test_one_picture_is_a_recording_of_one_frame(folder):
    assert len(everything(open_source(str(folder / "b.png")))) == 1


def test_a_folder_begins_anew_after_its_end_and_after_a_stop_on_the_way(folder):
    source = ReplaySource(folder, fps=25, paced=False)
    assert len(everything(source)) == 4
    source.open()
    source.read()
    source.close()
    assert [f.sequence for f in everything(source)] == [6, 7, 8, 9]


def test_a_damaged_picture_is_one_sentence_and_the_next_opening_goes_on_behind_it(folder):
    (folder / "b.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    source = ReplaySource(folder, fps=25, paced=False)
    source.open()
    source.read()
    with pytest.raises(CameraFault, match=r'"b\.png" is damaged'):
        source.read()
    source.close()
    assert [int(f.pixels[0, 0, 0]) for f in everything(source)] == [30, 40]


def test_a_folder_without_pictures_or_one_that_vanished_is_said(tmp_path):
    with pytest.raises(CameraFault, match="has no JPEG, PNG or WebP picture"):
        open_source(str(tmp_path)).open()
    with pytest.raises(CameraFault, match="cannot be read"):
        ReplaySource(tmp_path / "gone", fps=25).open()


# what a person writes


@pytest.mark.parametrize(
    ("spec", "kind", "label"),
    [
        ("0", WebcamSource, "camera 0"),
        (" 2 ", WebcamSource, "camera 2"),
        ("/dev/video1", WebcamSource, "camera /dev/video1"),
        ("rtsp://u:p@cam/1", StreamSource, "rtsp stream of cam"),
        ("HTTPS://cam/1", StreamSource, "https stream of cam"),
    ],
)
def test_number_path_and_address_mean_their_source(spec, kind, label):
    source = open_source(spec)
    assert isinstance(source, kind)
    assert source.label == label


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        ("", "No camera is chosen; "),
        ("nowhere.mp4", 'There is no camera, file or folder called "nowhere.mp4"; '),
        ("12345", 'There is no camera, file or folder called "12345"; '),
        ("-1", 'There is no camera, file or folder called "-1"; '),
        ("ftp://cam/x", "Addresses that begin with ftp:// are not known; "),
        ("file:///etc/passwd", "Addresses that begin with file:// are not known; "),
        ("admin:s3cret@cam", "There is no camera, file or folder called that; "),
        ("a\0b", "There is no camera, file or folder called that; "),
        ("x" * 5000, "There is no camera, file or folder called that; "),
    ],
)
def test_what_means_nothing_is_said_with_what_to_write(spec, sentence):
    with pytest.raises(CameraFault) as fault:
        open_source(spec)
    assert fault.value.sentence == (
        sentence + "give a camera's number, an rtsp:// or http:// address, a video file or a folder of pictures."
    )


@pytest.mark.parametrize("fps", [0, 0.5, -3, 241, float("nan"), float("inf")])
def test_a_rate_that_is_not_possible_is_said(folder, fps):
    with pytest.raises(CameraFault, match="choose one from 1 to 240"):
        open_source(str(folder), fps=fps)


def test_a_recording_that_fell_far_behind_does_not_race(clock):
    pace = Pace(10, paced=True, clock=clock, sleep=clock.sleep)
    pace.next_ns()
    clock.ns = 5 * S
    assert [pace.next_ns() for _ in range(3)] == [5 * S, 5 * S + S // 10, 5 * S + 2 * S // 10]
