"""The curve of heads passing against planes passing."""

from __future__ import annotations

import numpy as np
import pytest

from faceguard.access.challenge import Turn
from faceguard.domain.face import BoundingBox, DetectedFace, Frame, Landmarks
from faceguard.domain.observation import ParallaxReading
from faceguard.evaluation.parallax_curve import Played, Share, limit_for, passing, play, summed_up, table

FACE = DetectedFace(BoundingBox(0, 0, 40, 40), Landmarks(np.arange(10, dtype=np.float32).reshape(5, 2)), 0.9)


def reading(turn_deg, departure):
    return ParallaxReading(turn_deg, departure, departure > 1, 50)


def test_departure_that_two_readings_of_the_requested_turn_reach_counts():
    seen = [reading(20, 9.0), reading(25, 3.0), reading(25, 2.0), reading(5, 8.0), reading(-25, 7.0)]
    assert summed_up(seen, Turn.LEFT, species="head").departure == 3.0
    assert summed_up(seen, Turn.RIGHT, species="head").departure == 0.0, "a single reading confirms nothing"


def test_turn_that_is_never_seen_passes_at_no_limit():
    assert summed_up([], Turn.LEFT, species="head").departure == 0.0


class Camera:
    def __init__(self, frames):
        self.left, self.calls = frames, []

    def open(self):
        self.calls.append("open")

    def read(self):
        self.left -= 1
        return Frame(np.zeros((4, 4, 3), np.uint8), 0, self.left) if self.left >= 0 else None

    def turn(self, direction):
        self.calls.append(direction)

    def close(self):
        self.calls.append("close")


class Probe:
    def __init__(self):
        self.calls = []

    def start(self, frame, face):
        self.calls.append("start")
        return True

    def update(self, frame, face):
        self.calls.append("update")
        return reading(20, 4.0)


def test_presentation_is_played_as_the_door_would():
    camera, probe = Camera(10), Probe()
    played = play(camera, lambda frame: FACE, probe, Turn.RIGHT, species="print", settle_frames=3)
    assert camera.calls == ["open", "right", "close"]
    assert probe.calls == ["start"] + ["update"] * 6
    assert played == Played("print", "", 0.0, -20.0, 6)


def test_limit_is_the_smallest_that_one_percent_of_the_planes_exceed():
    planes = [Played("print", "", number / 100, 20.0, 40) for number in range(200)]
    limit = limit_for(planes)
    assert passing(planes, limit) == Share(2, 200)
    with pytest.raises(ValueError, match="none"):
        limit_for([])


def test_table_gives_counts_intervals_and_the_answer():
    heads = [Played("head", "80 px", 4.0, 25.0, 40)] * 10
    planes = [Played("print, rotated", "80 px", 0.1, 25.0, 40)] * 20
    text = table(heads + planes, 1.0)
    assert "10/10 = 100.0 % [69.2, 100.0]" in text
    assert "0/20 = 0.0 % [0.0, 16.8]" in text
    assert text.endswith("yes")
    assert table(planes, 1.0).endswith("no")
