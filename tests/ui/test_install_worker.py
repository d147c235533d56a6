"""An installation beside the window: every end is told, and the program never waits for a network that hangs."""

import threading
from types import SimpleNamespace

import pytest

from faceguard.domain.errors import FaceguardError, ModelFault
from faceguard.ui.install_worker import InstallWorker


@pytest.fixture
def worker(qtbot):
    worker = InstallWorker()
    yield worker
    worker.stop()


def step(done, doing="Fetching"):
    return SimpleNamespace(doing=doing, done=done, total=10_000)


def test_steps_and_success_arrive_in_the_windows_thread(qtbot, worker):
    seen, threads = [], set()
    worker.progressed.connect(lambda *told: seen.append(told))
    worker.installed.connect(lambda pack: threads.add(threading.current_thread()))

    def install(progress, cancelled):
        for done in (0, 1, 2, 9, 10, 5000, 10_000):
            progress(step(done))

    with qtbot.waitSignal(worker.installed, timeout=5000) as installed:
        assert worker.begin("pack", install)
    assert installed.args == ["pack"]
    qtbot.waitUntil(lambda: len(seen) == 4, timeout=5000)
    assert seen == [("pack", "Fetching", n) for n in (0, 1, 500, 1000)]
    assert threads == {threading.main_thread()}


@pytest.mark.parametrize("error", [ModelFault("Not the file.", "detail"), ZeroDivisionError("a bug")])
def test_a_fault_and_a_bug_come_back_as_one_sentence(qtbot, worker, error, caplog):
    def install(progress, cancelled):
        raise error

    with qtbot.waitSignal(worker.refused, timeout=5000) as refused:
        worker.begin("pack", install)
    pack, fault = refused.args
    assert pack == "pack"
    assert isinstance(fault, FaceguardError)
    assert fault.sentence == (error.sentence if isinstance(error, ModelFault) else fault.sentence)
    assert "Traceback" not in fault.sentence
    caplog.clear()


def test_one_at_a_time_and_cancelled_at_once(qtbot, worker):
    begun = threading.Event()

    def install(progress, cancelled):
        begun.set()
        while not cancelled():
            threading.Event().wait(0.005)
        raise ModelFault("Cancelled.")

    assert worker.begin("pack", install)
    assert begun.wait(5)
    assert not worker.begin("other", install)
    with qtbot.waitSignal(worker.refused, timeout=5000):
        worker.cancel()
    qtbot.waitUntil(lambda: not worker.busy, timeout=5000)
    begun.clear()
    assert worker.begin("pack", install)  # and the next one is not cancelled by the cancellation of before
    assert begun.wait(5)
    assert worker.busy


def test_a_network_that_hangs_is_not_waited_for_and_says_nothing_later(qtbot, worker, caplog):
    release = threading.Event()

    def install(progress, cancelled):
        release.wait(10)
        progress(step(1))
        raise ModelFault("Too late.")

    worker.begin("pack", install)
    with qtbot.assertNotEmitted(worker.refused, wait=200), qtbot.assertNotEmitted(worker.progressed):
        assert not worker.stop(timeout_s=0.05)
        release.set()
    assert worker.stop()
    assert not worker.begin("pack", install)
    caplog.clear()
