"""The mailbox of one."""

from threading import Event, Thread

import numpy as np

from faceguard.camera.latest_frame import LatestFrame
from faceguard.domain.face import Frame


def frame(sequence):
    return Frame(np.full((2, 2, 3), sequence % 256, np.uint8), sequence * 1000, sequence)


def test_only_the_newest_frame_is_kept():
    box = LatestFrame()
    for sequence in range(1, 100):
        box.put(frame(sequence))
    assert box.take(0).sequence == 99
    assert box.peek().sequence == 99


def test_a_frame_is_given_once_to_each_who_asks_for_a_newer_one():
    box = LatestFrame()
    box.put(frame(1))
    assert box.take(0) is box.take(0)
    assert box.take(1) is None
    assert box.peek().sequence == 1


def test_an_empty_mailbox_gives_nothing():
    box = LatestFrame()
    assert box.peek() is None
    assert box.take(-1) is None
    assert box.wait(-1, 0.0) is None


def test_after_a_loss_nothing_is_left():
    box = LatestFrame()
    box.put(frame(1))
    box.clear()
    assert box.peek() is None
    assert box.take(-1) is None


def test_waiting_returns_at_once_when_a_newer_frame_is_there():
    box = LatestFrame()
    box.put(frame(5))
    assert box.wait(4, 60.0).sequence == 5


def test_waiting_ends_with_the_next_frame():
    box = LatestFrame()
    box.put(frame(1))
    waiting, got = Event(), []

    def look():
        waiting.set()
        got.append(box.wait(1, 60.0))

    thread = Thread(target=look)
    thread.start()
    assert waiting.wait(10)
    box.put(frame(2))
    thread.join(10)
    assert not thread.is_alive()
    assert got[0].sequence == 2


def test_waiting_gives_up_in_time():
    box = LatestFrame()
    box.put(frame(1))
    assert box.wait(1, 0.01) is None
