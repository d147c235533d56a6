"""The desk's thread: jobs in order, answers in the window's thread, faults as sentences, a clean end."""

from __future__ import annotations

import logging
import threading

import pytest

from faceguard.domain.errors import StoreFault
from faceguard.ui.desk_worker import BUG_SENTENCE, DeskWorker


class FakeDesk:
    def __init__(self) -> None:
        self.made_in = threading.get_ident()
        self.closed_in: int | None = None

    def people(self) -> tuple[str, ...]:
        return ("Eileen",)

    def close(self) -> None:
        self.closed_in = threading.get_ident()


class Answers:
    def __init__(self) -> None:
        self.done: list[object] = []
        self.failed: list[str] = []
        self.threads: set[int] = set()

    def take(self, answer: object) -> None:
        self.done.append(answer)
        self.threads.add(threading.get_ident())

    def refuse(self, fault: Exception) -> None:
        self.failed.append(fault.sentence)
        self.threads.add(threading.get_ident())


@pytest.fixture
def desks() -> list[FakeDesk]:
    return []


@pytest.fixture
def worker(qtbot, desks):
    def make() -> FakeDesk:
        desks.append(FakeDesk())
        return desks[-1]

    worker = DeskWorker(make)
    worker.start()
    yield worker
    assert worker.stop()


def test_jobs_run_in_the_desks_thread_and_answers_arrive_in_the_windows(qtbot, worker, desks):
    answers = Answers()
    worker.submit(lambda desk: (desk.people(), threading.get_ident()), answers.take, answers.refuse)
    qtbot.waitUntil(lambda: bool(answers.done))
    people, ran_in = answers.done[0]
    assert people == ("Eileen",)
    assert ran_in == desks[0].made_in != threading.get_ident()
    assert answers.threads == {threading.get_ident()}


def test_jobs_are_answered_in_order_by_one_desk(qtbot, worker, desks):
    answers = Answers()
    for number in range(50):
        worker.submit(lambda desk, number=number: number, answers.take, answers.refuse)
    qtbot.waitUntil(lambda: len(answers.done) == 50)
    assert answers.done == list(range(50))
    assert len(desks) == 1


def test_busy_is_said_once_for_a_run_of_jobs(qtbot, worker):
    answers = Answers()
    said: list[bool] = []
    worker.busy_changed.connect(said.append)
    for _ in range(3):
        worker.submit(lambda desk: 1, answers.take, answers.refuse)
    assert worker.busy
    qtbot.waitUntil(lambda: len(answers.done) == 3)
    assert said == [True, False]
    assert not worker.busy


def test_a_known_fault_comes_back_as_its_sentence_and_the_next_job_runs(qtbot, worker):
    def fail(desk: object) -> None:
        raise StoreFault("The database is full.", "SQLITE_FULL")

    answers = Answers()
    worker.submit(fail, answers.take, answers.refuse)
    worker.submit(lambda desk: 2, answers.take, answers.refuse)
    qtbot.waitUntil(lambda: bool(answers.done))
    assert answers.failed == ["The database is full."]


def test_a_bug_comes_back_as_one_sentence_and_its_trace_goes_to_the_log(qtbot, worker, caplog):
    answers = Answers()
    with caplog.at_level(logging.ERROR, logger="faceguard.ui.desk_worker"):
        worker.submit(lambda desk: 1 / 0, answers.take, answers.refuse)
        qtbot.waitUntil(lambda: bool(answers.failed))
    assert answers.failed == [BUG_SENTENCE]
    assert "ZeroDivisionError" in caplog.text


def test_a_desk_that_cannot_be_opened_refuses_the_job_and_is_tried_again(qtbot):
    tries: list[int] = []

    def make() -> FakeDesk:
        tries.append(1)
        if len(tries) == 1:
            raise StoreFault("The database is locked by another program.")
        return FakeDesk()

    worker = DeskWorker(make)
    worker.start()
    answers = Answers()
    worker.submit(lambda desk: desk.people(), answers.take, answers.refuse)
    worker.submit(lambda desk: desk.people(), answers.take, answers.refuse)
    qtbot.waitUntil(lambda: bool(answers.done))
    assert answers.failed == ["The database is locked by another program."]
    assert worker.stop()


def test_stop_finishes_the_running_job_drops_the_rest_and_closes_in_the_desks_thread(qtbot, desks):
    worker = DeskWorker(lambda: desks.append(FakeDesk()) or desks[-1])
    started, go_on = threading.Event(), threading.Event()
    ran: list[str] = []

    def long(desk: object) -> None:
        started.set()
        go_on.wait(5)
        ran.append("long")

    answers = Answers()
    worker.start()
    worker.submit(long, answers.take, answers.refuse)
    worker.submit(lambda desk: ran.append("queued"), answers.take, answers.refuse)
    assert started.wait(5)
    threading.Timer(0.05, go_on.set).start()
    assert worker.stop()
    qtbot.wait(20)
    assert ran == ["long"]
    assert answers.done == answers.failed == []
    assert desks[0].closed_in == desks[0].made_in


def test_stop_that_runs_out_of_time_says_so_in_the_log(qtbot, caplog):
    worker = DeskWorker(FakeDesk)
    started, go_on = threading.Event(), threading.Event()
    answers = Answers()
    worker.start()
    worker.submit(lambda desk: started.set() or go_on.wait(5), answers.take, answers.refuse)
    assert started.wait(5)
    with caplog.at_level(logging.ERROR, logger="faceguard.ui.desk_worker"):
        assert not worker.stop(timeout_ms=30)
    assert "did not end" in caplog.text
    go_on.set()
    assert worker._thread.wait(2000)


def test_stop_without_a_job_and_stop_twice_are_clean(qtbot):
    worker = DeskWorker(FakeDesk)
    assert worker.stop()
    worker = DeskWorker(FakeDesk)
    worker.start()
    assert worker.stop()
    assert worker.stop()
    worker.submit(lambda desk: 1, lambda answer: pytest.fail("answered"), lambda fault: pytest.fail("refused"))
