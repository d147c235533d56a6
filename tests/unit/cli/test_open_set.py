"""``evaluate open-set``: one half calibrates, the other half tests; ``evaluate impostors``."""

import json

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from faceguard.camera.bundled_photos import bundled_photo
from faceguard.cli import faceguard

PEOPLE = 6


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    """Six people of a group photo, two photos each, the second one darker."""
    root = tmp_path_factory.mktemp("people")
    for number in range(1, PEOPLE + 1):
        folder = root / f"person_{number}"
        folder.mkdir()
        pixels = bundled_photo(f"group {number}").pixels
        cv2.imwrite(str(folder / "1.png"), pixels)
        cv2.imwrite(str(folder / "2.png"), (0.8 * pixels).astype(np.uint8))
    return root


def run(home, *words):
    return CliRunner().invoke(faceguard, ["--data-dir", str(home), "evaluate", "open-set", *map(str, words)])


def test_one_object_with_a_point_for_each_size_and_target(tmp_path, people):
    answer = run(tmp_path, people, "--gallery", "1,2", "--fpir", "0.6,0.1", "--seed", "1", "--json")
    assert answer.exit_code == 0, answer.output
    found = json.loads(answer.stdout)
    assert [(p["k"], p["target_fpir"]) for p in found["points"]] == [(1, 0.6), (1, 0.1), (2, 0.6), (2, 0.1)]
    for point in found["points"]:
        assert set(point) == {"target_fpir", "k", "tau", "predicted", "observed", "fnir"}
        assert set(point["predicted"]) == {"low", "value", "high"}
        assert set(point["observed"]) == {"low", "value", "high", "n_strangers"}
        assert point["observed"]["n_strangers"] == 3 - point["k"]
        assert point["predicted"]["low"] <= point["predicted"]["value"] <= point["predicted"]["high"]
    assert found["encoder"].startswith("encoder_s@")
    assert (found["seed"], found["people"], found["photos"]) == (1, 6, 12)


def test_people_read_a_table_that_says_what_the_bounds_are(tmp_path, people):
    answer = run(tmp_path, people, "--gallery", "2", "--fpir", "0.01")
    assert answer.exit_code == 0, answer.output
    assert "extrapolated: nothing seen" in answer.output
    assert "Bounds are of prediction" in answer.output


@pytest.mark.parametrize(
    "words",
    [
        ("--gallery", "3"),
        ("--gallery", "0"),
        ("--gallery", "many"),
        ("--fpir", "0"),
        ("--fpir", "1"),
        ("--fpir", "nan"),
        ("--fpir", "one"),
    ],
)
def test_wrong_use_ends_with_one_sentence(tmp_path, people, words):
    answer = run(tmp_path, people, *words)
    assert answer.exit_code == 2
    assert "Traceback" not in answer.output


@pytest.mark.shared
def test_strangers_of_the_other_half_are_let_in_as_often_as_predicted(tmp_path, shared):
    answer = run(tmp_path, shared / "data" / "lfw_dev", "--limit", "140", "--gallery", "10,50", "--json")
    assert answer.exit_code == 0, answer.output
    points = json.loads(answer.stdout)["points"]
    assert [(p["k"], p["target_fpir"]) for p in points] == [(10, 0.1), (10, 0.01), (50, 0.1), (50, 0.01)]
    for point in points:
        assert point["predicted"]["low"] <= point["observed"]["value"] <= point["predicted"]["high"], point


def test_six_people_give_no_impostor_model(tmp_path, people):
    answer = CliRunner().invoke(faceguard, ["--data-dir", str(tmp_path), "evaluate", "impostors", str(people)])
    assert answer.exit_code == 2
    assert "too few people for an impostor model" in answer.output


@pytest.mark.shared
def test_impostor_model_of_real_people_agrees_with_the_bundled_card(tmp_path, shared):
    words = ["evaluate", "impostors", str(shared / "data" / "lfw_dev"), "--limit", "120", "--json"]
    answer = CliRunner().invoke(faceguard, ["--data-dir", str(tmp_path), *words])
    assert answer.exit_code == 0, answer.output
    found = json.loads(answer.stdout)["impostor"]
    assert found["people"] == 120
    assert found["knots"][-1] == [pytest.approx(1.51, abs=0.05), pytest.approx(0.01, rel=0.05)]
