"""A PAD student learns what its teachers say together, through crops like the program's own."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from click.testing import CliRunner

from faceguard.cli import faceguard
from faceguard.cli.pad import pad_card
from faceguard.domain.errors import FaceguardError, ModelFault
from faceguard.domain.face import BoundingBox, DetectedFace, Frame, Landmarks
from faceguard.models.cards import read_cards
from faceguard.pipeline.onnx_model import OnnxModel
from faceguard.pipeline.passive_pad import PassivePadNetwork, context_crop, square_crop
from faceguard.training.distil import distil, export, load_run
from faceguard.training.distil_pad import (
    BONA_FIDE,
    PadDistillation,
    PadRecipe,
    PadTeacher,
    area_under_curve,
    face_crops,
    fused_logits,
)
from faceguard.training.export import export as export_any
from faceguard.training.networks import PAD_CLASSES, PadNet
from faceguard.training.recipe import Recipe
from faceguard.training.run import Run
from faceguard.training.teacher import OnnxTeacher

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Small scenes, and few to measure on."""
    monkeypatch.setattr("faceguard.training.distil_pad.SIDES", (64,))
    monkeypatch.setattr("faceguard.training.distil.MOST_JUDGED", 50)


def write_teacher(folder: Path, name: str, *, square: bool, classes=PAD_CLASSES, side=16) -> Path:
    """A network whose logits tell the tint of its crop, with its card beside it."""
    torch.manual_seed(len(name))
    project = torch.nn.Conv2d(3, 3, side, bias=False)
    tint = torch.randn(3, 3, 1, 1)
    project.weight = torch.nn.Parameter(4 * (tint - tint.mean(1, keepdim=True)).expand(3, 3, side, side) / side**2)
    net = torch.nn.Sequential(project, torch.nn.Flatten()).eval()
    data = export_any(net, torch.zeros(1, 3, side, side), "x", ["y"], {"x": {0: "n"}, "y": {0: "n"}})
    path = folder / f"{name}.onnx"
    path.write_bytes(data)
    path.with_suffix(".toml").write_text(
        f"""
[[pad]]
id = "{name}"
file = "{name}.onnx"
sha256 = "{hashlib.sha256(data).hexdigest()}"
size_bytes = {len(data)}
inputs = [{{ name = "x", shape = ["n", 3, {side}, {side}] }}]
outputs = [{{ name = "y", shape = ["n", 3] }}]
input_size = {side}
colour_order = "{"RGB" if square else "BGR"}"
std = [100.0, 100.0, 100.0]
crop_scale = {1.5 if square else 2.7}
crop_square = {str(square).lower()}
classes = {json.dumps(list(classes))}
bona_fide = "{classes[1]}"
accept_threshold = 0.9
attack_threshold = 0.5
licence = "none needed"
origin = "made by this test"
"""
    )
    return path


@pytest.fixture
def teachers(tmp_path):
    return [
        write_teacher(tmp_path, "wide", square=False),
        write_teacher(tmp_path, "near", square=True),
    ]


@pytest.fixture(scope="module")
def faces():
    """Twelve smooth random photos with a face's points in the middle; four of them to measure on."""
    coarse = np.random.default_rng(1).integers(0, 256, (12, 7, 7, 3), np.uint8)
    photos = np.stack([cv2.resize(picture, (200, 200), interpolation=cv2.INTER_CUBIC) for picture in coarse])
    points = np.tile(np.float32([(84, 90), (116, 90), (100, 106), (88, 124), (112, 124)]), (12, 1, 1))
    widths = np.full(12, 70, np.float32)
    return SimpleNamespace(photos=photos, points=points, widths=widths, train=np.arange(12) < 8, digest="0" * 64)


def judges(teachers):
    return [PadTeacher(OnnxTeacher(path), pad_card(path)) for path in teachers]


BOXES = ((60, 50, 100, 110), (5, 60, 65, 150), (150, 120, 199, 190), (40, 20, 170, 190))


@pytest.mark.parametrize("square", [False, True])
def test_crops_are_those_of_the_program(faces, square):
    picture = cv2.GaussianBlur(faces.photos[0], (0, 0), 8)
    batch = torch.from_numpy(picture).permute(2, 0, 1).float().expand(len(BOXES), -1, -1, -1)
    scale = 1.5 if square else 2.7
    crops = face_crops(batch, torch.tensor(BOXES, dtype=torch.float32), scale, 40, square=square)
    for crop, box in zip(crops, BOXES, strict=True):
        cut = (square_crop if square else context_crop)(picture, BoundingBox(*box), scale)
        theirs = cv2.resize(cut, (40, 40), interpolation=cv2.INTER_LINEAR).astype(np.float32)
        apart = np.abs(crop.permute(1, 2, 0).numpy() - theirs)
        assert np.median(apart) < 3  # a fraction of a pixel
        assert (
            np.corrcoef(crop.permute(1, 2, 0).numpy().ravel(), theirs.ravel())[0, 1] > 0.95
        )  # black begins half a pixel elsewhere


def test_a_teacher_says_the_same_in_training_and_at_the_door(faces, teachers):
    picture, box = faces.photos[1], (60, 50, 100, 110)
    landmarks = Landmarks(np.float32([[70, 70], [90, 70], [80, 80], [72, 95], [88, 95]]))
    batch = torch.from_numpy(picture).permute(2, 0, 1).float().unsqueeze(0)
    for path, judge in zip(teachers, judges(teachers), strict=True):
        network = PassivePadNetwork(OnnxModel(pad_card(path), path.read_bytes(), "cpu"))
        at_the_door = network.score(Frame(picture, 0, 0), DetectedFace(BoundingBox(*box), landmarks, 0.9))
        assert float(judge(batch, torch.tensor([box]).float())[0, BONA_FIDE]) == pytest.approx(at_the_door, abs=0.05)


def test_fused_logits_are_those_of_the_mean_probability():
    one, other = torch.tensor([[0.2, 0.7, 0.1]]), torch.tensor([[0.6, 0.1, 0.3]])
    assert torch.allclose(fused_logits([one, other]).softmax(1), (one + other) / 2, atol=1e-6)
    assert fused_logits([torch.tensor([[0.0, 1.0, 0.0]])]).abs().max() < 10  # certainty stays finite


def test_classes_are_told_by_name_and_others_are_refused(tmp_path, faces):
    path = write_teacher(tmp_path, "turned", square=False, classes=("screen", "bona fide", "print"))
    same = write_teacher(tmp_path, "upside", square=False)  # as long a name gives the same weights
    batch = torch.from_numpy(faces.photos[:1]).permute(0, 3, 1, 2).float()
    box = torch.tensor([[60.0, 50, 100, 110]])
    (turned,), (plain,) = judges([path])[0](batch, box), judges([same])[0](batch, box)
    assert torch.allclose(turned, plain.flip(0), atol=1e-5)
    with pytest.raises(FaceguardError, match="Name the classes so"):
        judges([write_teacher(tmp_path, "odd", square=False, classes=("flat", "live", "video"))])


def test_scenes_once_judged_are_shown_again(faces, teachers):
    photos, points, widths = (torch.from_numpy(v) for v in (faces.photos, faces.points, faces.widths))
    asked = []

    def judge(pictures, boxes):
        asked.append(len(pictures))
        return torch.full((len(pictures), 3), 1 / 3)

    objective = PadDistillation(photos, points, widths, [judge], PadRecipe(batch=16, fresh=0.25, pool=24))
    net = PadNet(8)
    for _ in range(5):
        assert torch.isfinite(objective.loss(net)["loss"])
    assert asked == [16, 4, 4, 4, 4]


def test_the_student_keeps_to_its_size():
    assert 4 * sum(p.numel() for p in PadNet().parameters()) < 2_000_000


def test_a_student_learns_from_two_teachers_and_becomes_a_network_of_the_program(faces, teachers, tmp_path):
    options = {"width": 8, "fresh": 0.5}
    recipe = Recipe(student="pad", steps=24, batch=12, rate=1e-2, options=options)
    cards = [pad_card(path) for path in teachers]
    with Run(tmp_path / "run", recipe.config(), report_s=0.0) as run:
        distil(recipe, faces, teachers, run, CPU, cards=cards)
    rows = [row.split(",") for row in (tmp_path / "run" / "curves.csv").read_text().splitlines()[1:]]
    losses = [float(value) for _, _, name, value in rows if name == "loss"]
    assert np.mean(losses[-5:]) < 0.8 * np.mean(losses[:5])
    assert {"agree", "auc", "teachers_auc"} <= {name.removeprefix("measured/") for _, _, name, _ in rows}
    found, net = load_run(tmp_path / "run")
    made = export(found, net, half=True)
    assert made.contract["classes"] == list(PAD_CLASSES)
    assert made.parity.relative < 5e-3


def test_teachers_without_cards_are_refused(faces, teachers, tmp_path):
    recipe = Recipe(student="pad", steps=1, batch=4)
    with Run(tmp_path / "run", recipe.config()) as run, pytest.raises(FaceguardError, match="a card each"):
        distil(recipe, faces, teachers, run, CPU)


def test_a_card_is_found_beside_its_file_and_has_to_be_its(tmp_path, teachers):
    installed = tmp_path / "installed"
    installed.mkdir()
    moved = installed / teachers[0].name
    moved.write_bytes(teachers[0].read_bytes())
    with pytest.raises(ModelFault, match="has no card"):
        pad_card(moved)
    (installed / "cards.toml").write_text(teachers[0].with_suffix(".toml").read_text())
    assert replace(pad_card(moved)) == pad_card(teachers[0])
    moved.write_bytes(moved.read_bytes() + b"\0")
    with pytest.raises(ModelFault, match="another file"):
        pad_card(moved)
    (installed / "cards.toml").write_text("")
    with pytest.raises(ModelFault, match="no card of a PAD network"):
        pad_card(moved)


def test_the_command_makes_a_network_that_can_be_added_and_never_vouches(tmp_path, teachers, group_photo):
    photos = tmp_path / "photos"
    for number, (left, top) in enumerate([(60, 150), (262, 130), (430, 260), (620, 200), (830, 170), (1010, 120)]):
        (photos / f"p{number}").mkdir(parents=True)
        piece = group_photo[max(0, top - 90) : top + 260, max(0, left - 60) : left + 230]
        cv2.imwrite(str(photos / f"p{number}" / "0.png"), piece)

    def run(*words):
        result = CliRunner().invoke(faceguard, ["--data-dir", str(tmp_path / "home"), *map(str, words)])
        assert result.exit_code == 0, result.output
        return result.output

    run("train", "prepare", tmp_path / "set", f"{photos}=0.5")
    out = tmp_path / "run"
    options = ("--option", "width=8", "--steps", 2, "--batch", 4, "--out", out)
    run("train", "distil", "pad", tmp_path / "set", "--teacher", teachers[0], "--teacher", teachers[1], *options)
    config = json.loads((out / "config.json").read_text())
    assert len(config["teachers"]) == 2
    assert "wide: 2.7 times the box at 16 px, BGR" in config["note"]
    assert "differs from torch" in run("train", "export", out, "--id", "pad_new", "--half")
    (card,) = read_cards(out / "pad_new.toml")
    assert not card.measured
    picture = Frame(np.full((120, 120, 3), 128, np.uint8), 0, 0)
    landmarks = Landmarks(np.float32([[50, 50], [70, 50], [60, 60], [52, 72], [68, 72]]))
    network = PassivePadNetwork(OnnxModel(card, (out / "pad_new.onnx").read_bytes(), "cpu"))
    assert 0 <= network.score(picture, DetectedFace(BoundingBox(40, 35, 80, 85), landmarks, 0.9)) <= 1


def test_area_under_curve():
    assert area_under_curve(torch.tensor([2.0, 3]), torch.tensor([1.0])) == 1.0
    assert area_under_curve(torch.tensor([1.0]), torch.tensor([1.0, 1])) == 0.5
    assert np.isnan(area_under_curve(torch.tensor([]), torch.tensor([1.0])))
