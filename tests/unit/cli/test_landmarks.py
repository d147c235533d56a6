"""Landmarks measured from the command line on photographs that come with installed packages."""

import json

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from faceguard.camera.bundled_photos import bundled_photo
from faceguard.cli import faceguard, landmarks

PEOPLE = ("astronaut", "group 3", "group 4")  # upright: on the tilted ones the detector is no reference


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setattr(landmarks, "FRAMES", 12)
    photos = tmp_path / "photos"
    photos.mkdir()
    for name in PEOPLE:
        cv2.imwrite(str(photos / f"{name}.png"), bundled_photo(name).pixels)
    cv2.imwrite(str(photos / "grey.png"), np.full((120, 160, 3), 128, np.uint8))
    (photos / "broken.jpg").write_bytes(b"\xff\xd8\xff no more")

    def run(*words, code=0):
        command = ["--data-dir", str(tmp_path / "home"), "evaluate", "landmarks", str(photos), *words]
        result = CliRunner().invoke(faceguard, command)
        assert result.exit_code == code, result.output
        return result

    return run


def test_each_is_told_by_its_distances_and_its_shaking(run):
    answer = json.loads(run("--reference", "detector_s", "--json").stdout)
    assert (answer["photos"], answer["left_out"]) == (5, 2)
    mean = answer["from_mean_of_eight_views"]
    assert mean["landmark network"]["n"] == len(PEOPLE)
    assert 0 < mean["landmark network"]["median"] < 0.06
    assert answer["from_single_answer"]["detector"]["median"] < 1e-3  # it is its own reference here
    assert answer["shaking"]["landmark network"]["median"] < 0.01
    assert answer["shaking"]["landmark network"]["n"] == 10


def test_the_table_names_what_it_shows(run):
    said = run("--reference", "detector_s").stdout
    assert "5 photos, 2 left out" in said
    assert "mean over eight views" in said


def test_a_reference_that_is_none_is_said(run):
    assert "nobody is neither" in run("--reference", "nobody", code=2).output
