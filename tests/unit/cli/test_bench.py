"""The bench measures and says what it measured; no time is asserted."""

import json

import cv2
import pytest
from click.testing import CliRunner

from faceguard.cli import faceguard


def run(home, *words):
    return CliRunner().invoke(faceguard, ["--data-dir", str(home), "bench", "pipeline", *map(str, words)])


def test_stages_of_a_rendered_head_are_timed(tmp_path):
    answer = run(tmp_path, "--frames", "5", "--no-window", "--json")
    assert answer.exit_code == 0, answer.output
    found = json.loads(answer.stdout)
    assert (found["source"], found["width"], found["height"]) == ("synthetic", 640, 480)
    assert found["threads"] == 1
    assert found["total_ms"]["n"] + sum(found["halted"].values()) == 5
    assert {"detect", "align", "quality", "encode", "match"} <= set(found["stages_ms"])
    assert all(0 < row["p50"] <= row["p95"] <= row["worst"] for row in found["stages_ms"].values())


def test_a_folder_of_pictures_is_played_again_until_there_are_enough(tmp_path, astronaut):
    frames = tmp_path / "frames"
    frames.mkdir()
    cv2.imwrite(str(frames / "1.png"), astronaut)
    answer = run(tmp_path / "data", "--source", frames, "--frames", "4", "--no-window")
    assert answer.exit_code == 0, answer.output
    assert "512 x 512 pixels" in answer.output
    assert "encode" in answer.output


def test_the_window_is_watched_in_a_process_of_its_own(tmp_path):
    answer = run(tmp_path, "--frames", "30", "--json")
    assert answer.exit_code == 0, answer.output
    window = json.loads(answer.stdout)["window"]
    assert window["start_to_first_picture_s"] is None or window["start_to_first_picture_s"] > 0
    assert window["frames"] >= 0


@pytest.mark.parametrize("source", ["nothing.mp4", "/nowhere/at/all"])
def test_a_source_that_is_not_there_has_one_sentence(tmp_path, source):
    answer = run(tmp_path, "--source", source, "--no-window")
    assert answer.exit_code == 2
    assert answer.output.startswith("faceguard: ")
