"""The curve of heads passing against planes passing."""

from __future__ import annotations

import math

import numpy as np
import pytest

from faceguard.access.challenge import Turn
from faceguard.domain.face import BoundingBox, DetectedFace, Frame, Landmarks
from faceguard.domain.observation import ParallaxReading
from faceguard.evaluation.error_rates import Share
from faceguard.evaluation.parallax_curve import Played, limit_for, passing, play, summed_up, table

NEVER = -math.inf
FACE = DetectedFace(BoundingBox(0, 0, 40, 40), Landmarks(np.arange(10, dtype=np.float32).reshape(5, 2)), 0.9)


def reading(turn_deg, evidence):
    return ParallaxReading(turn_deg, evidence, evidence > 0, 50)


def test_largest_limit_at_which_the_doors_rule_is_met_counts():
    seen = [reading(20, 2.0)] * 5 + [reading(20, 3.0)] * 5 + [reading(25, 4.0)] * 15
    assert summed_up(seen, Turn.LEFT, species="head").evidence == 4.0
    assert summed_up(seen[:20], Turn.LEFT, species="head").evidence == 3.0
    assert summed_up(seen, Turn.RIGHT, species="head").evidence == NEVER


def test_readings_that_share_views_confirm_nothing_more():
    assert summed_up([reading(20, 9.0)] * 4, Turn.LEFT, species="print").evidence == NEVER


def test_flat_readings_of_the_same_turn_outweigh():
    seen = [reading(20, 0.0)] * 30 + [reading(20, 9.0)] * 25
    assert summed_up(seen, Turn.LEFT, species="print").evidence == NEVER
    assert summed_up(seen[5:], Turn.LEFT, species="print").evidence == NEVER
    assert summed_up(seen[6:], Turn.LEFT, species="print").evidence == 9.0


def test_turn_that_is_never_seen_passes_at_no_limit():
    assert summed_up([], Turn.LEFT, species="head").evidence == NEVER


class Camera:
    def __init__(self, frames):
        self.left, self.now_ns, self.calls = frames, 0, []

    def open(self):
        self.calls.append("open")

    def read(self):
        self.left -= 1
        self.now_ns += 500_000_000
        return Frame(np.zeros((4, 4, 3), np.uint8), self.now_ns, self.left) if self.left >= 0 else None

    def turn(self, direction):
        self.calls.append(direction)

    def close(self):
        self.calls.append("close")


class Probe:
    def __init__(self):
        self.calls = []

    def update(self, frame, face):
        self.calls.append("update")
        return reading(20, 4.0)


def test_presentation_is_played_as_the_door_would():
    camera, probe = Camera(100), Probe()
    played = play(camera, lambda frame: FACE, probe, Turn.RIGHT, species="print")
    assert camera.calls == ["open", "right", "close"]
    assert len(probe.calls) == 12, "six seconds at two frames a second"
    assert played == Played("print", "", NEVER, -20.0, 12)


def test_presentation_that_ends_early_is_summed_up_too():
    assert play(Camera(8), lambda frame: FACE, Probe(), Turn.LEFT, species="print").readings == 4
    assert play(Camera(2), lambda frame: FACE, Probe(), Turn.LEFT, species="print").readings == 0
    assert play(Camera(8), lambda frame: None, Probe(), Turn.LEFT, species="print").readings == 0


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
