"""The reader thread with sources that misbehave; every wait ends with an event, not with luck."""

import threading
from threading import Event

import numpy as np
import pytest

from faceguard.camera.latest_frame import LatestFrame
from faceguard.camera.opencv_source import WebcamSource
from faceguard.camera.reader import BackOff, CameraReader
from faceguard.camera.watchdog import CameraStatus
from faceguard.domain.errors import CameraFault
from faceguard.domain.face import Frame

MS = 1_000_000
PATIENCE_S = 20.0
FROZEN_PICTURE = "frozen"
END = "end"
BLOCK = "block"
AT_ONCE = BackOff(0.0, 0.0)


class ScriptedSource:
    """Plays a list: an exception is raised, FROZEN_PICTURE repeats a picture, BLOCK waits for ``unblock``, END ends.

    A new ``open`` goes on in the list; when it is used up, ``read`` waits as a silent camera does.
    """

    label = "camera 0"
    simulated = True

    def __init__(self, *steps, openings=()):
        self.steps = list(steps)
        self.openings = list(openings)
        self.unblock = Event()
        self.blocked = Event()
        self.calls = []
        self.threads = set()
        self.sequence = 0

    def _called(self, name):
        self.calls.append(name)
        self.threads.add(threading.current_thread())

    def open(self):
        self._called("open")
        if self.openings:
            error = self.openings.pop(0)
            if error is not None:
                raise error

    def read(self):
        self._called("read")
        step = self.steps.pop(0) if self.steps else BLOCK
        if step is BLOCK:
            self.blocked.set()
            assert self.unblock.wait(PATIENCE_S)
            step = 1
        if isinstance(step, BaseException):
            raise step
        if step is END:
            return None
        self.sequence += 1
        pixels = np.random.default_rng(0 if step is FROZEN_PICTURE else self.sequence).integers(
            0, 256, (4, 4, 3), dtype=np.uint8
        )
        return Frame(pixels, self.sequence, self.sequence)

    def close(self):
        self._called("close")


class Watch:
    """Collects states and lets the test wait for one."""

    def __init__(self):
        self.states = []
        self.changed = threading.Condition()

    def __call__(self, state):
        with self.changed:
            self.states.append(state)
            self.changed.notify_all()

    @property
    def statuses(self):
        return [state.status for state in self.states]

    def wait_for(self, *statuses):
        with self.changed:
            assert self.changed.wait_for(lambda: self.statuses[-len(statuses) :] == list(statuses), PATIENCE_S), (
                self.statuses
            )


class HandClock:
    def __init__(self):
        self.ns = 0

    def __call__(self):
        return self.ns


@pytest.fixture
def clock():
    return HandClock()


@pytest.fixture
def watch():
    return Watch()


@pytest.fixture
def box():
    return LatestFrame()


@pytest.fixture
def start(watch, box, clock):
    """Starts a reader; afterwards it must stop, and no thread may be left."""
    before = set(threading.enumerate())
    running = []

    def begin(source, back_off=AT_ONCE):
        reader = CameraReader(source, box, stall_ms=1000, clock=clock, on_state=watch, back_off=back_off)
        running.append((reader, source))
        reader.start()
        return reader

    yield begin
    for reader, source in running:
        source.unblock.set()
        assert reader.stop(PATIENCE_S)
        assert source.calls[-1] == "close"
        assert len(source.threads) == 1, "one thread alone touches the source"
    assert set(threading.enumerate()) <= before


def test_frames_arrive_in_the_mailbox(start, box, watch):
    source = ScriptedSource(1, 1, 1)
    reader = start(source)
    assert source.blocked.wait(PATIENCE_S)
    assert box.peek().sequence == 3
    assert reader.state.status is CameraStatus.STREAMING
    assert watch.statuses == [CameraStatus.CONNECTING, CameraStatus.STREAMING]


def test_a_recording_ends_and_keeps_its_last_frame(start, box, watch):
    start(ScriptedSource(1, 1, END))
    watch.wait_for(CameraStatus.ENDED)
    assert box.peek().sequence == 2


def test_a_silent_camera_is_a_stall_while_read_is_stuck(start, clock):
    source = ScriptedSource(1, 1)
    reader = start(source)
    assert source.blocked.wait(PATIENCE_S)
    clock.ns = 1000 * MS
    assert reader.state.status is CameraStatus.STREAMING
    clock.ns = 1001 * MS
    assert reader.state.status is CameraStatus.STALLED


def test_a_camera_that_wakes_up_streams_again(start, clock, box):
    source = ScriptedSource(1, BLOCK, 1)
    reader = start(source)
    assert source.blocked.wait(PATIENCE_S)
    clock.ns = 5000 * MS
    assert reader.state.status is CameraStatus.STALLED
    source.unblock.set()
    assert box.wait(1, PATIENCE_S) is not None
    assert reader.state.status is CameraStatus.STREAMING


def test_a_repeated_picture_is_reported_and_kept_from_the_pipeline(start, watch, box):
    source = ScriptedSource(1, *[FROZEN_PICTURE] * 10, BLOCK)
    reader = start(source)
    assert source.blocked.wait(PATIENCE_S)
    assert reader.state.status is CameraStatus.FROZEN
    assert box.peek().sequence == 3, "from the third repetition on no frame counts as new"
    source.unblock.set()
    watch.wait_for(CameraStatus.FROZEN, CameraStatus.STREAMING)


def test_a_frozen_webcam_is_opened_anew_and_streams_when_its_picture_moves(watch, box, clock):
    """The driver repeats one picture, 1 s apart, until it has been opened a third time."""
    opened, done = [], Event()

    class Capture:
        def open(self, name, backend, params):
            opened.append(name)
            return True

        def set(self, prop, value):
            return True

        def read(self):
            clock.ns += 1000 * MS
            seed = clock.ns if len(opened) == 3 else 0
            if len(opened) == 3 and watch.statuses[-1] is CameraStatus.STREAMING:
                done.set()
            return True, np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)

        def release(self):
            pass

    source = WebcamSource(0, fps=25, width=4, height=4, clock=clock, platform="test", new_capture=Capture)
    reader = CameraReader(source, box, stall_ms=5000, clock=clock, on_state=watch, back_off=AT_ONCE)
    reader.start()
    assert done.wait(PATIENCE_S)
    assert reader.stop(PATIENCE_S)
    frozen_then_lost = [CameraStatus.FROZEN, CameraStatus.LOST]
    assert watch.statuses == [
        *(CameraStatus.CONNECTING, CameraStatus.STREAMING),
        *frozen_then_lost,
        *frozen_then_lost,
        CameraStatus.STREAMING,
    ]


def test_unplugged_and_back_streams_again_and_no_old_picture_stays(start, watch, box):
    gone = CameraFault("Camera 0 was lost; check its cable.")
    absent = CameraFault("There is no camera 0; plug it in or choose another one.")
    seen_at_loss = []

    class Source(ScriptedSource):
        def open(self):
            seen_at_loss.append(box.peek())
            super().open()

    source = Source(1, 1, gone, 1, openings=[None, absent, absent, None])
    start(source)
    watch.wait_for(CameraStatus.CONNECTING, CameraStatus.STREAMING, CameraStatus.LOST, CameraStatus.STREAMING)
    assert source.blocked.wait(PATIENCE_S)
    assert watch.states[2].sentence == gone.sentence
    assert seen_at_loss == [None] * 4
    assert box.peek().sequence == 3
    assert source.calls == [
        *("open", "read", "read", "read", "close"),
        *("open", "close", "open", "close"),
        *("open", "read", "read"),
    ]


@pytest.mark.parametrize(
    "bug", [RuntimeError("bug"), ValueError("a frame has at least one pixel"), OSError()], ids=repr
)
def test_a_bug_in_a_source_is_a_loss_and_not_the_end(start, watch, bug, caplog):
    start(ScriptedSource(1, bug, 1))
    watch.wait_for(CameraStatus.LOST, CameraStatus.STREAMING)
    assert watch.states[-2].sentence == "Reading camera 0 failed unexpectedly; the log says how."
    assert "unexpected error while reading" in caplog.text


def test_a_source_that_fails_to_close_is_only_logged(start, watch, caplog):
    class Stubborn(ScriptedSource):
        def close(self):
            super().close()
            raise OSError("busy")

    start(Stubborn(1, CameraFault("gone"), 1))
    watch.wait_for(CameraStatus.LOST, CameraStatus.STREAMING)
    assert "could not be released" in caplog.text


def test_stopping_during_a_long_pause_is_immediate(start, watch):
    source = ScriptedSource(openings=[CameraFault("There is no camera 0.")] * 3)
    reader = start(source, BackOff(3600.0, 3600.0))
    watch.wait_for(CameraStatus.LOST)
    assert reader.stop(PATIENCE_S)
    assert source.calls == ["open", "close"]


def test_stopping_a_stuck_read_gives_up_in_time_and_says_so(start, box, caplog):
    source = ScriptedSource(1)
    reader = start(source)
    assert source.blocked.wait(PATIENCE_S)
    assert reader.stop(0.01) is False
    assert "camera 0 did not stop within 0.0 s" in caplog.text
    source.unblock.set()
    assert reader.stop(PATIENCE_S) is True
    assert box.peek().sequence == 1, "what comes after the stop is nobody's"


def test_a_reader_that_never_started_stops(box, clock):
    reader = CameraReader(ScriptedSource(), box, stall_ms=1000, clock=clock)
    assert reader.state.status is CameraStatus.CONNECTING
    assert reader.stop(0.0)


def test_a_reader_lives_once(start):
    reader = start(ScriptedSource(END))
    with pytest.raises(RuntimeError, match="started once"):
        reader.start()


def test_the_pauses_double_up_to_a_limit():
    back_off = BackOff(0.5, 10.0)
    assert [back_off.delay_s(n) for n in range(1, 8)] == [0.5, 1, 2, 4, 8, 10, 10]
    assert back_off.delay_s(10_000) == 10


@pytest.mark.parametrize("pair", [(-1, 1), (2, 1), (float("nan"), 1)])
def test_a_back_off_that_shrinks_is_refused(pair):
    with pytest.raises(ValueError, match="back-off"):
        BackOff(*pair)
