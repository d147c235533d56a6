"""Recognition in its own thread: decisions come out, nothing stays behind."""

import threading
from dataclasses import dataclass, field

import pytest
from PySide6.QtCore import QObject, Qt, QThread, Signal

from faceguard.domain.decision import Deny, DenyReason, Hint, OutOfService, Pending
from faceguard.domain.face import Frame
from faceguard.ui.worker import INTERNAL_ERROR, RecognitionWorker


@dataclass
class Report:
    decision: object
    observation: object = None
    event: object = None
    notice: str = ""


@dataclass
class FakeGuard:
    """Answers from a list; the last answer stands."""

    answers: list = field(default_factory=lambda: [Report(Pending(Hint.STEP_UP))])
    calls: list = field(default_factory=list)
    threads: set = field(default_factory=set)
    shadow: bool | None = None

    def _answer(self, *call):
        self.calls.append(call)
        self.threads.add(threading.get_ident())
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def step(self, frame):
        return self._answer("step", frame.sequence)

    def fault(self, sentence):
        return self._answer("fault", sentence)

    def submit_pin(self, pin):
        return self._answer("pin", pin)

    def claim(self, subject_id, pin):
        return self._answer("claim", subject_id, pin)

    def cancel_pin(self):
        return self._answer("cancel")

    def look_again(self):
        self.calls.append(("look",))


class Camera:
    """A mailbox that has a new frame whenever it is asked, up to ``last``."""

    def __init__(self, pixels, last=10**9):
        self.pixels, self.last, self.sentence = pixels, last, None

    def take(self, newer_than):
        number = newer_than + 1
        return Frame(self.pixels, number, number) if number <= self.last else None

    def fault(self):
        return self.sentence


class Window(QObject):
    """What the app connects from the window's side."""

    pin = Signal(str)
    claim = Signal(int, str)
    cancel = Signal()
    changed = Signal()
    stop = Signal()


class Running:
    """Worker and thread wired as in the app."""

    def __init__(self, guard, camera, clock):
        self.window = Window()
        self.thread = QThread()
        self.worker = RecognitionWorker(guard, camera.take, camera_fault=camera.fault, clock=clock)
        self.worker.moveToThread(self.thread)
        self.thread.started.connect(self.worker.start)
        self.thread.finished.connect(self.worker.deleteLater)
        for signal, slot in (
            (self.window.pin, self.worker.submit_pin),
            (self.window.claim, self.worker.claim),
            (self.window.cancel, self.worker.cancel_pin),
            (self.window.changed, self.worker.look_again),
            (self.window.stop, self.worker.stop),
        ):
            signal.connect(slot)
        self.worker.stopped.connect(self.thread.quit, Qt.ConnectionType.DirectConnection)
        self.decided, self.observed, self.recorded, self.noticed, self.faulted = [], [], [], [], []
        self.claim_answers = []
        self.worker.decided.connect(self.decided.append)
        self.worker.claim_answered.connect(self.claim_answers.append)
        self.worker.observed.connect(self.observed.append)
        self.worker.recorded.connect(self.recorded.append)
        self.worker.noticed.connect(self.noticed.append)
        self.worker.faulted.connect(self.faulted.append)

    def finish(self):
        if self.thread.isRunning():
            self.window.stop.emit()
            assert self.thread.wait(5000)


@pytest.fixture
def run(qtbot, astronaut, clock):
    running = []

    def start(guard, camera=None):
        made = Running(guard, camera or Camera(astronaut[:48, :64]), clock)
        running.append(made)
        made.thread.start()
        return made

    yield start
    for made in running:
        made.finish()


def test_frames_are_judged_in_the_workers_own_thread(qtbot, run):
    guard = FakeGuard()
    run(guard)
    qtbot.waitUntil(lambda: len(guard.calls) >= 5)
    assert threading.get_ident() not in guard.threads
    assert len(guard.threads) == 1
    assert [call[1] for call in guard.calls[:5]] == [0, 1, 2, 3, 4]


def test_standing_decision_is_told_once(qtbot, run):
    deny = Deny(DenyReason.NOT_RECOGNISED)
    guard = FakeGuard([Report(Pending(Hint.CHECKING, 0.2)), Report(Pending(Hint.CHECKING, 0.2)), Report(deny)])
    running = run(guard)
    qtbot.waitUntil(lambda: len(guard.calls) >= 8)
    assert running.decided == [Pending(Hint.CHECKING, 0.2), deny]


def test_two_equal_refusals_are_two_events(qtbot, run, astronaut):
    guard = FakeGuard([Report(Deny(DenyReason.WRONG_PIN)), Report(Deny(DenyReason.WRONG_PIN))])
    running = run(guard, Camera(astronaut[:48, :64], last=1))
    qtbot.waitUntil(lambda: len(running.decided) == 2)


def test_pin_claim_and_cancel_reach_the_guard(qtbot, run, astronaut):
    guard = FakeGuard()
    running = run(guard, Camera(astronaut[:48, :64], last=-1))
    running.window.pin.emit("4711")
    running.window.claim.emit(1042, "123456")
    running.window.cancel.emit()
    running.window.changed.emit()
    qtbot.waitUntil(lambda: len(guard.calls) == 4)
    assert guard.calls == [
        ("pin", "4711"),
        ("claim", 1042, "123456"),
        ("cancel",),
        ("look",),
    ]
    qtbot.waitUntil(lambda: running.claim_answers == [Pending(Hint.STEP_UP)])


def test_events_notices_and_observations_are_handed_on(qtbot, run, astronaut):
    guard = FakeGuard([Report(Pending(Hint.STEP_UP), "observation", "event", "The relay does not answer.")])
    running = run(guard, Camera(astronaut[:48, :64], last=0))
    qtbot.waitUntil(lambda: bool(running.noticed))
    assert (running.observed, running.recorded, running.noticed) == (
        ["observation"],
        ["event"],
        ["The relay does not answer."],
    )


def test_lost_camera_is_told_to_the_guard_and_comes_back(qtbot, run, astronaut, clock):
    out = OutOfService("The camera is silent.", clock.now_ns)
    guard = FakeGuard([Report(out)])
    camera = Camera(astronaut[:48, :64])
    camera.sentence = "The camera is silent."
    running = run(guard, camera)
    qtbot.waitUntil(lambda: running.decided == [out])
    assert {call[0] for call in guard.calls} == {"fault"}
    guard.answers = [Report(Pending(Hint.STEP_UP))]
    camera.sentence = None
    qtbot.waitUntil(lambda: running.decided[-1] == Pending(Hint.STEP_UP))


def test_bug_shuts_the_door_once_and_the_next_frame_may_recover(qtbot, run, clock, caplog):
    guard = FakeGuard([ValueError("broken"), ValueError("broken"), Report(Pending(Hint.STEP_UP))])
    running = run(guard)
    qtbot.waitUntil(lambda: len(running.decided) == 2)
    assert running.decided == [OutOfService(INTERNAL_ERROR, clock.now_ns), Pending(Hint.STEP_UP)]
    assert running.faulted == ["ValueError: broken"]
    assert "the recognition step failed" in caplog.text


def test_bug_in_a_claim_is_answered_as_well(qtbot, run, astronaut):
    guard = FakeGuard([RuntimeError("broken")])
    running = run(guard, Camera(astronaut[:48, :64], last=-1))
    running.window.claim.emit(7, "1234")
    qtbot.waitUntil(lambda: bool(running.claim_answers))
    assert isinstance(running.claim_answers[0], OutOfService)


def test_stopped_worker_leaves_no_thread_and_judges_nothing_more(qtbot, run):
    guard = FakeGuard()
    running = run(guard)
    qtbot.waitUntil(lambda: len(guard.calls) >= 2)
    stopped = []
    running.worker.stopped.connect(lambda: stopped.append(True))
    running.window.stop.emit()
    qtbot.waitUntil(lambda: bool(stopped))
    assert running.thread.wait(5000)
    judged = len(guard.calls)
    qtbot.wait(60)
    assert len(guard.calls) == judged
    assert running.thread.isFinished()
