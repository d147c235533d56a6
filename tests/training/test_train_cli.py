"""The commands of training, from photos to a network that the program takes."""

import json
import shutil
from pathlib import Path
from statistics import mean

import pytest
from click.testing import CliRunner

torch = pytest.importorskip("torch")

from faceguard.cli import faceguard
from faceguard.models.cards import read_cards
from faceguard.models.catalogue import Catalogue
from faceguard.pipeline.known_answer import prove
from faceguard.pipeline.landmark_refiner import LandmarkRefiner
from faceguard.pipeline.onnx_model import OnnxModel
from faceguard.resources import bundled


@pytest.fixture
def run(tmp_path):
    def run(*words, code=0):
        result = CliRunner().invoke(faceguard, ["--data-dir", str(tmp_path / "home"), *map(str, words)])
        assert result.exit_code == code, result.output
        return result.output

    return run


def losses_of(folder: Path):
    rows = [row.split(",") for row in (folder / "curves.csv").read_text().splitlines()[1:]]
    return [float(value) for _, _, name, value in rows if name == "loss"]


@pytest.fixture(scope="session")
def photos(tmp_path_factory, group_photo):
    """Six people of the bundled group picture, two differently cut photos each, in a folder a person."""
    import cv2

    folder = tmp_path_factory.mktemp("photos")
    boxes = [(60, 150), (262, 130), (430, 260), (620, 200), (830, 170), (1010, 120)]
    for number, (left, top) in enumerate(boxes):
        (folder / f"p{number}").mkdir()
        for cut, (dx, dy) in enumerate(((0, 0), (-12, 8))):
            piece = group_photo[max(0, top + dy - 90) : top + dy + 260, max(0, left + dx - 60) : left + dx + 230]
            cv2.imwrite(str(folder / f"p{number}" / f"{cut}.png"), piece)
    return folder


@pytest.fixture(scope="session")
def prepared(tmp_path_factory, photos):
    folder = tmp_path_factory.mktemp("set") / "faces"
    result = CliRunner().invoke(faceguard, ["train", "prepare", str(folder), f"{photos}=0.5", "--json"])
    assert result.exit_code == 0, result.output
    return folder, json.loads(result.stdout)


def test_photos_are_prepared_and_split_by_person(prepared):
    _, answer = prepared
    assert answer["photos"] == 12
    assert answer["train"] >= 4
    assert answer["development"] >= 4
    assert answer["near_duplicates"] is None


def test_a_landmark_network_is_distilled_exported_added_and_opened(run, project, prepared, tmp_path):
    folder, _ = prepared
    out = tmp_path / "run"
    teacher = project / "models" / "detector_s.onnx"
    words = ("train", "distil", "landmarks", folder, "--teacher", teacher, "--steps", 30, "--batch", 8, "--out", out)
    run(*words, "--option", "width=8")
    config = json.loads((out / "config.json").read_text())
    assert config["options"] == {"width": 8}
    assert len(config["teachers"][0]) == 64
    assert "differs from torch" in run("train", "export", out, "--id", "lm_new", "--half")
    card = read_cards(out / "lm_new.toml")[0]
    LandmarkRefiner(OnnxModel(card, (out / "lm_new.onnx").read_bytes(), "cpu"))


def test_two_processes_distil_one_network_and_write_one_folder(run, project, prepared, tmp_path):
    folder, _ = prepared
    out = tmp_path / "run"
    words = ("train", "distil", "landmarks", folder, "--teacher", project / "models" / "detector_s.onnx", "--out", out)
    run(*words, "--steps", 4, "--batch", 4, "--option", "width=8", "--gpus", 2, "--device", "cpu")
    assert json.loads((out / "config.json").read_text())["processes"] == 2
    assert len(losses_of(out)) == 2  # the first step and the last, each told by one process
    run("train", "export", out, "--id", "lm_two")
    assert read_cards(out / "lm_two.toml")[0].id == "lm_two"


def test_going_on_with_other_options_is_refused(run, project, prepared, tmp_path):
    folder, _ = prepared
    teacher = project / "models" / "detector_s.onnx"
    words = ("train", "distil", "landmarks", folder, "--teacher", teacher, "--batch", 4, "--out", tmp_path / "run")
    run(*words, "--steps", 1)
    assert "other options" in run(*words, "--steps", 2, code=2)


def test_an_encoder_learns_by_triplets_after_a_softmax(run, prepared, tmp_path):
    folder, _ = prepared
    out = tmp_path / "run"
    small = ("--option", "channels=[8,8,8,8]", "--option", "blocks=[1,1,1,1]", "--option", "length=8")
    stages = ("--loss", "triplet", "--miner", "batch-hard", "--margin", 0.2, "--pretrain", 3, "--steps", 3)
    run("train", "encoder", folder, *stages, "--people", 2, "--photos", 2, *small, "--out", out)
    assert (out / "1-softmax" / "averaged.pt").exists()
    assert (out / "2-triplet" / "averaged.pt").exists()
    assert list((out / "tensorboard").rglob("projector_config.pbtxt"))
    run("train", "export", out, "--id", "enc_new")
    assert read_cards(out / "enc_new.toml")[0].length == 8
    said = run("train", "export", out, "--id", "enc_int8", "--int8", "--calibrate", folder)
    assert "cosine to torch" in said
    assert "faces kept apart" in said
    assert "times the time of float32" in said
    catalogue = Catalogue(bundled("models"), tmp_path / "added")
    assert catalogue.add(out / "enc_int8.onnx", out / "enc_int8.toml", prove).known_answer is not None


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--int8",), "belong together"),
        (("--calibrate", "."), "belong together"),
        (("--int8", "--calibrate", ".", "--half"), "choose one"),
    ],
)
def test_options_of_eight_bits_that_make_no_sense_are_refused(run, tmp_path, words, sentence):
    assert sentence in run("train", "export", tmp_path, "--id", "x", *words, code=2)


def test_losses_and_figure(run, tmp_path):
    assert "arcface" in run("train", "losses")
    assert "triplet" in json.loads(run("train", "losses", "--json"))["losses"]
    run("train", "figure", tmp_path / "margins.svg")
    assert (tmp_path / "margins.svg").read_text().startswith("<?xml")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--card", "nobody"), "no recipe of 'nobody'"),
        (("--card", "landmarks_s"), "not the teachers of landmarks_s"),
    ],
)
def test_what_cannot_be_reproduced_is_said(run, project, prepared, tmp_path, words, sentence):
    folder, _ = prepared
    teacher = project / "models" / "detector_s.onnx"
    assert sentence in run("train", "reproduce", folder, "--teacher", teacher, *words, "--out", tmp_path / "r", code=2)


@pytest.mark.shared
@pytest.mark.timeout(1200)  # a minute of one core, and others may want it too
@pytest.mark.parametrize(
    ("card", "teacher", "steps"),
    [
        ("landmarks_s", "yunet_n_dynamic.onnx", 60),
        ("detector_s", "yunet_n_dynamic.onnx", 20),
        ("encoder_s", "mobilefacenet_y1_128.onnx", 40),
    ],
)
def test_a_short_run_of_each_recipe_learns_and_gives_a_network(
    run, shared, tmp_path, monkeypatch, card, teacher, steps
):
    monkeypatch.setattr("faceguard.training.run.REPORT_S", 0.0)  # every step is told, however long it takes
    source = tmp_path / "lfw"
    source.mkdir()
    for person in sorted((shared / "data" / "lfw_dev").iterdir())[:24]:
        shutil.copytree(person, source / person.name)
    run("train", "prepare", tmp_path / "set", f"{source}=0.3")
    path, out = shared / "models" / "mirror" / teacher, tmp_path / "run"
    words = ("train", "reproduce", tmp_path / "set", "--card", card, "--teacher", path, "--steps", steps)
    said = run(*words, "--out", out)
    assert "Put it to use" in said
    losses = losses_of(out)
    assert len(losses) == steps
    third = steps // 3
    assert mean(losses[-third:]) < 0.9 * mean(losses[:third])
    assert read_cards(out / f"{card}.toml")[0].id == card
