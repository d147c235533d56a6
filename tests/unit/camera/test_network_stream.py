"""Reader, watchdog and OpenCV against a real HTTP camera on this machine that breaks off once."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np
import pytest

from faceguard.camera.latest_frame import LatestFrame
from faceguard.camera.opencv_source import StreamSource
from faceguard.camera.reader import BackOff, CameraReader
from faceguard.camera.watchdog import CameraStatus

FRAMES_OF_THE_FIRST = 20


@pytest.fixture
def camera_url(monkeypatch):
    """A motion-JPEG camera; its first connection breaks off after some frames."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    over = threading.Event()
    connections = []

    class Camera(BaseHTTPRequestHandler):
        def log_message(self, *args):
            pass

        def do_GET(self):
            connections.append(self)
            first = len(connections) == 1
            noise = np.random.default_rng(len(connections))
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
            self.end_headers()
            sent = 0
            while not over.wait(0.005) and not (first and sent == FRAMES_OF_THE_FIRST):
                picture = noise.integers(0, 256, (48, 64, 3), dtype=np.uint8)
                jpeg = cv2.imencode(".jpg", picture)[1].tobytes()
                head = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(jpeg)
                try:
                    self.wfile.write(head + jpeg + b"\r\n")
                except OSError:
                    return
                sent += 1

    server = ThreadingHTTPServer(("127.0.0.1", 0), Camera)
    server.daemon_threads = False
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://admin:s3cret@127.0.0.1:{server.server_port}/video"
    over.set()
    server.shutdown()
    server.server_close()  # waits for the connections' threads
    thread.join()


def test_a_network_camera_that_breaks_off_is_lost_and_comes_back(camera_url, caplog, capfd):
    statuses, back = [], threading.Event()

    def told(state):
        statuses.append(state.status)
        if statuses.count(CameraStatus.STREAMING) == 2:
            back.set()

    box = LatestFrame()
    source = StreamSource(camera_url, timeout_ms=2000)
    before = set(threading.enumerate())
    reader = CameraReader(source, box, stall_ms=1000, on_state=told, back_off=BackOff(0.01, 0.1))
    reader.start()
    try:
        assert back.wait(20), statuses
        frame = box.wait(FRAMES_OF_THE_FIRST, 20)
    finally:
        assert reader.stop(20)
    assert statuses == [
        *(CameraStatus.CONNECTING, CameraStatus.STREAMING),
        *(CameraStatus.LOST, CameraStatus.STREAMING),
    ]
    assert frame.pixels.shape == (48, 64, 3)
    assert not [t for t in set(threading.enumerate()) - before if t.name.startswith("camera")]
    assert "s3cret" not in caplog.text + "".join(capfd.readouterr())
