"""One number on one face, and a new one when in doubt."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceguard.domain.decision import NS_PER_MS
from faceguard.domain.face import BoundingBox, DetectedFace, Frame, Landmarks
from faceguard.pipeline.tracker import MAX_GAP_MS, Tracker

PIXELS = np.zeros((8, 8, 3), np.uint8)
PIXELS.flags.writeable = False
SHAPE = np.array([(0.3, 0.4), (0.7, 0.4), (0.5, 0.6), (0.35, 0.8), (0.65, 0.8)])


def face(x, y, side=80.0):
    box = BoundingBox(x - side / 2, y - side / 2, x + side / 2, y + side / 2)
    return DetectedFace(box, Landmarks(SHAPE * side + (box.left, box.top)), 0.9)


def frame(ms):
    return Frame(PIXELS, int(ms * NS_PER_MS), int(ms))


def play(tracker, *frames):
    """Numbers per frame; each frame is (ms, [faces])."""
    return [[number for number, _ in tracker.update(frame(ms), faces)] for ms, faces in frames]


def test_one_face_that_moves_a_little_keeps_its_number():
    numbers = play(Tracker(), *[(i * 40, [face(200 + 9 * i, 150 + 3 * i, 80 + i)]) for i in range(20)])
    assert {n for row in numbers for n in row} == {1}


def test_a_face_that_jumps_is_another_track():
    assert play(Tracker(), (0, [face(100, 100)]), (40, [face(300, 100)])) == [[1], [2]]


def test_a_face_that_changes_its_size_at_once_is_another_track():
    assert play(Tracker(), (0, [face(100, 100, 60)]), (40, [face(100, 100, 130)])) == [[1], [2]]


def test_a_face_that_was_away_for_a_blink_keeps_its_number():
    assert play(Tracker(), (0, [face(100, 100)]), (100, []), (MAX_GAP_MS, [face(104, 100)])) == [[1], [], [1]]


def test_a_face_that_was_away_for_longer_gets_a_new_number():
    assert play(Tracker(), (0, [face(100, 100)]), (MAX_GAP_MS + 1, [face(100, 100)])) == [[1], [2]]


def test_frames_that_run_backwards_end_the_track():
    assert play(Tracker(), (1000, [face(100, 100)]), (900, [face(100, 100)])) == [[1], [2]]


def test_a_number_is_not_used_again_after_a_reset():
    tracker = Tracker()
    assert play(tracker, (0, [face(100, 100)])) == [[1]]
    tracker.reset()
    assert play(tracker, (40, [face(100, 100)])) == [[2]]


def test_two_people_side_by_side_keep_their_numbers_whatever_the_detectors_order():
    tracker = Tracker()
    one, two = face(100, 100), face(300, 100)
    assert play(tracker, (0, [one, two]), (40, [two, one]), (80, [one, two])) == [[1, 2], [2, 1], [1, 2]]


def test_two_people_who_pass_each_other_get_new_numbers_instead_of_each_others():
    tracker = Tracker()
    right, left = {}, {}
    for i in range(41):  # one walks to the right, one to the left; they meet in the middle
        x = 100 + 5 * i
        numbers = play(tracker, (i * 40, [face(x, 100), face(400 - x, 104)]))[0]
        right[i], left[i] = numbers
    assert not set(right.values()) & set(left.values())
    assert right[0] != right[40]
    assert left[0] != left[40]


def test_a_second_face_in_the_same_place_puts_both_in_doubt():
    tracker = Tracker()
    rows = play(tracker, (0, [face(100, 100)]), (40, [face(95, 100), face(106, 100)]))
    assert rows == [[1], [2, 3]]


@given(
    st.lists(
        st.tuples(
            st.floats(0, 700),
            st.lists(st.tuples(st.floats(0, 640), st.floats(0, 480), st.floats(20, 200)), max_size=4),
        ),
        max_size=12,
    )
)
def test_numbers_are_one_per_face_never_come_back_and_faces_keep_their_order(steps):
    tracker, now = Tracker(), 0.0
    last_seen, everything = {}, set()
    for pause, places in steps:
        now += pause
        faces = [face(*place) for place in places]
        tracked = tracker.update(frame(now), faces)
        assert [f for _, f in tracked] == faces
        numbers = [n for n, _ in tracked]
        assert len(set(numbers)) == len(numbers)
        for number in numbers:
            if number in everything:
                assert now - last_seen[number] <= MAX_GAP_MS + 1e-3
            else:
                assert number > max(everything, default=0)
            last_seen[number] = now
            everything.add(number)


@given(
    st.lists(st.tuples(st.floats(-25, 25), st.floats(-25, 25), st.floats(0.9, 1.1)), min_size=2, max_size=30),
    st.integers(0, 1000),
)
def test_a_lone_face_in_steady_motion_is_one_track(steps, seed):
    tracker, x, y, side = Tracker(), 500.0, 500.0, 90.0
    numbers = set()
    for i, (dx, dy, growth) in enumerate(steps):
        x, y, side = x + dx, y + dy, min(200.0, max(60.0, side * growth))
        numbers.update(n for n, _ in tracker.update(frame(i * 40), [face(x, y, side)]))
    assert numbers == {1}


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_order_of_the_faces_does_not_decide_who_is_who(order):
    tracker = Tracker()
    tracker.update(frame(0), [face(100, 100), face(175, 100)])
    moved = [face(110, 100), face(185, 100)]
    numbers = [n for n, _ in tracker.update(frame(40), [moved[i] for i in order])]
    assert sorted(numbers) == [1, 2] if order == (0, 1) else numbers == [2, 1]
