"""Distillation: a student moves towards its teacher on small data, and what comes out is a network of the program."""

from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from faceguard.domain.errors import FaceguardError
from faceguard.training.distil import digest_of, distil, export, load_run, new_network
from faceguard.training.distil_detector import DetectorDistillation, DetectorRecipe, detector_loss, textures
from faceguard.training.distil_encoder import EncoderDistillation, EncoderRecipe
from faceguard.training.distil_landmarks import TEMPLATE, LandmarkDistillation, LandmarkRecipe
from faceguard.training.export import export as export_any
from faceguard.training.networks import (
    DETECTOR_MAPS,
    STRIDES,
    DetectorExport,
    DetectorNet,
    EncoderNet,
    LandmarkNet,
)
from faceguard.training.recipe import Recipe
from faceguard.training.run import Run
from faceguard.training.teacher import OnnxTeacher

ASTRONAUT = np.array([(205.4, 101.3), (248.1, 103.3), (226.1, 124.9), (205.3, 143.0), (242.9, 144.1)])
CPU = torch.device("cpu")


@pytest.fixture(scope="session")
def faces():
    """Sixteen views of one portrait: 160 px crops, 200 px photos and their points; half of them to measure on."""
    from skimage import data

    picture = np.ascontiguousarray(data.astronaut()[:, :, ::-1])
    random = np.random.default_rng(0)
    crops, photos, points = [], [], []
    for _ in range(16):
        scale, angle = random.uniform(0.75, 0.9), random.normal(0, 4)
        turn = cv2.getRotationMatrix2D((226.0, 122.0), angle, scale)
        for side, pictures in ((160, crops), (200, photos)):
            moved = turn + np.array([[0, 0, side / 2 - 226 + random.normal(0, 2)], [0, 0, side / 2 - 122]])
            pictures.append(cv2.warpAffine(picture, moved, (side, side)))
        points.append((ASTRONAUT @ moved[:, :2].T + moved[:, 2] + 0.5).astype(np.float32))
    return SimpleNamespace(
        crops=np.stack(crops),
        photos=np.stack(photos),
        points=np.stack(points),
        widths=np.full(16, 75.0, np.float32),
        people=np.array(["a", "b"] * 8),
        train=np.arange(16) < 8,
        digest="0" * 64,
    )


@pytest.fixture(scope="session")
def patches():
    """Pictures that differ from each other much more than one face from the next."""
    coarse = np.random.default_rng(1).integers(0, 256, (16, 7, 7, 3), np.uint8)
    return np.stack([cv2.resize(picture, (160, 160), interpolation=cv2.INTER_LINEAR) for picture in coarse])


@pytest.fixture
def encoder_teacher(tmp_path):
    """A network of 8 values that tell such pictures apart, whatever their light."""
    torch.manual_seed(5)
    project = torch.nn.Conv2d(3, 8, 112, bias=False)
    smooth = torch.nn.functional.interpolate(torch.randn(8, 3, 5, 5), size=(112, 112), mode="bilinear")
    project.weight = torch.nn.Parameter((smooth - smooth.mean((2, 3), keepdim=True)) / 1e4)
    net = torch.nn.Sequential(project, torch.nn.Flatten()).eval()
    path = tmp_path / "teacher.onnx"
    path.write_bytes(export_any(net, torch.zeros(1, 3, 112, 112), "x", ["y"], {"x": {0: "n"}, "y": {0: "n"}}))
    return path


def weights_of(net):
    return sum(p.numel() for p in net.parameters())


def run_of(folder: Path, recipe: Recipe) -> Run:
    return Run(folder, recipe.config(), report_s=0.0)


@pytest.mark.parametrize(
    ("net", "most_bytes"),
    [(EncoderNet(), 8_000_000 * 2), (LandmarkNet(24), 500_000 * 2), (DetectorNet(), 400_000)],
    ids=["encoder, stored as float16", "landmarks, stored as float16", "detector"],
)
def test_the_students_keep_to_their_size(net, most_bytes):
    assert 4 * weights_of(net) < most_bytes


def test_the_detector_has_yunets_layout():
    maps = DetectorExport(DetectorNet(16)).eval()(torch.zeros(2, 3, 64, 96))
    shapes = [(2, 64 * 96 // stride**2, channels) for _, channels in DETECTOR_MAPS for stride in STRIDES]
    assert [tuple(m.shape) for m in maps] == shapes
    assert all(((m >= 0) & (m <= 1)).all() for m in maps[:6])


def test_coarse_points_without_error_cut_the_template(faces):
    points = torch.from_numpy(faces.points)
    objective = LandmarkDistillation(torch.from_numpy(faces.photos), points, LandmarkRecipe(turn=0.0))
    torch.manual_seed(0)
    crops, targets, eye = objective.crops(torch.arange(16), torch.zeros(16))
    assert crops.shape == (16, 3, 64, 64)
    placed = (targets + 0.5) * 64
    apart = (placed - torch.tensor(TEMPLATE)).norm(dim=2)
    assert apart.mean() < 4.0  # a real face is no template, and each is scaled by up to a tenth
    assert ((eye > 18) & (eye < 30)).all()
    dark = crops.mean(1)
    for face in range(16):
        x, y = (int(v) for v in placed[face, :2].mean(0))
        assert 5 < x < 59
        assert dark[face, y - 3 : y + 4].std() > 1


def test_a_perfect_detector_loses_next_to_nothing_and_a_blind_one_much():
    torch.manual_seed(0)
    wanted = [torch.zeros(1, cells, channels) for _, channels in DETECTOR_MAPS for cells in (64, 16, 4)]
    for maps in wanted[:6]:
        maps[:, 1] = 0.9
    for maps in wanted[6:]:
        maps[:, 1] = 0.3
    scores = [(c * o).sqrt() for c, o in zip(wanted[:3], wanted[3:6], strict=True)]
    perfect = [
        torch.cat([torch.logit(s.clamp(1e-6, 1 - 1e-6)).expand(-1, -1, 2), wanted[6 + i], wanted[9 + i]], 2)
        for i, s in enumerate(scores)
    ]
    blind = [torch.cat([torch.full_like(level[..., :2], -4.0), level[..., 2:] * 0], 2) for level in perfect]
    assert detector_loss(perfect, wanted)["loss"] < 1e-3
    assert detector_loss(blind, wanted)["loss"] > 1.0


def test_textures_are_pictures_and_differ():
    torch.manual_seed(0)
    made = textures(4, 64, CPU)
    assert made.shape == (4, 3, 64, 64)
    assert made.min() >= 0
    assert made.max() <= 255
    assert (made[0] - made[1]).abs().mean() > 5


def test_the_scenes_of_the_detector_hold_faces(project, faces):
    torch.manual_seed(0)
    teacher = OnnxTeacher(project / "models" / "detector_s.onnx")
    recipe = DetectorRecipe(side=128, least_px=30, most_px=70, pasted=2)
    objective = DetectorDistillation(torch.from_numpy(faces.photos), torch.from_numpy(faces.widths), teacher, recipe)
    scenes = objective.scenes(16)
    assert scenes.shape == (16, 3, 128, 128)
    maps = teacher(scenes)
    best = torch.cat([(c * o).sqrt().amax(1) for c, o in zip(maps[:3], maps[3:6], strict=True)], 1).amax(1)
    assert (best > 0.7).float().mean() > 0.4


def test_several_teachers_are_learned_from_at_once(patches, encoder_teacher):
    torch.manual_seed(0)
    one = OnnxTeacher(encoder_teacher)

    def first(x):
        return one(x)[0]

    def second(x):
        return one(x)[0][:, :5].flip(1)

    objective = EncoderDistillation(torch.from_numpy(patches), [first, second], EncoderRecipe(batch=16, mixed=0.5))
    assert objective.length == 8
    assert [tuple(h.weight.shape) for h in objective.heads] == [(5, 8)]
    net = EncoderNet((8, 8, 8, 8), (1, 1, 1, 1), 8)
    optimiser = torch.optim.Adam([*net.parameters(), *objective.heads.parameters()], 1e-2)
    losses = []
    for _ in range(60):
        answer = objective.loss(net)
        optimiser.zero_grad()
        answer["loss"].backward()
        optimiser.step()
        losses.append(answer["loss"].item())
    assert np.mean(losses[-10:]) < 0.8 * np.mean(losses[:3])


SMALL = {
    "encoder": {"channels": [8, 8, 16, 16], "blocks": [1, 1, 1, 1], "length": 8},
    "detector": {"width": 16, "side": 128},
    "landmarks": {"width": 8},
}


@pytest.mark.parametrize("student", ["encoder", "detector", "landmarks"])
def test_each_student_learns_from_its_teacher_and_becomes_a_network(
    project, faces, patches, encoder_teacher, tmp_path, student
):
    own = SimpleNamespace(**{**vars(faces), "crops": patches}) if student == "encoder" else faces
    teacher = encoder_teacher if student == "encoder" else project / "models" / "detector_s.onnx"
    steps = {"encoder": 80, "detector": 30, "landmarks": 40}[student]
    recipe = Recipe(student=student, steps=steps, batch=8, options=SMALL[student], rate=1e-2)
    with run_of(tmp_path / student, recipe) as run:
        distil(recipe, own, [teacher], run, CPU)
    rows = [row.split(",") for row in (run.folder / "curves.csv").read_text().splitlines()[1:]]
    losses = [float(value) for _, _, name, value in rows if name == "loss"]
    assert np.mean(losses[-4:]) < 0.8 * np.mean(losses[:4])

    found, net = load_run(run.folder)
    assert found.student == student
    made = export(found, net, half=student != "detector")
    assert made.parity.relative < 5e-3
    assert made.latency_ms > 0


def test_a_student_of_another_length_than_its_teachers_is_refused(faces, encoder_teacher, tmp_path):
    recipe = Recipe(student="encoder", steps=1, batch=4, options={**SMALL["encoder"], "length": 9})
    with run_of(tmp_path / "r", recipe) as run, pytest.raises(FaceguardError, match="length=8"):
        distil(recipe, faces, [encoder_teacher], run, CPU)


def test_a_start_of_another_network_is_refused(faces, project, tmp_path):
    torch.save(LandmarkNet(8).state_dict(), tmp_path / "other.pt")
    recipe = Recipe(student="landmarks", steps=1, batch=4)
    teacher = project / "models" / "detector_s.onnx"
    with run_of(tmp_path / "r", recipe) as run, pytest.raises(FaceguardError, match="no start"):
        distil(recipe, faces, [teacher], run, CPU, start=tmp_path / "other.pt")


def test_the_detector_has_one_teacher(faces, project, tmp_path):
    recipe = Recipe(student="detector", steps=1, batch=4)
    teacher = project / "models" / "detector_s.onnx"
    for teachers in ([], [teacher, teacher]):
        with run_of(tmp_path / "r", recipe) as run, pytest.raises(FaceguardError, match="teacher"):
            distil(recipe, faces, teachers, run, CPU)


def test_a_folder_without_weights_is_no_run(tmp_path):
    with pytest.raises(FaceguardError, match="no run"):
        load_run(tmp_path)
    with pytest.raises(FaceguardError, match="cannot be read"):
        digest_of(tmp_path / "none.onnx")


def test_prelu_is_the_quick_start_encoders_network(project):
    """The bundled encoder's recipe names the network that it is."""
    recipe = Recipe(
        student="encoder",
        steps=1,
        options={"channels": [32, 64, 128, 256], "blocks": [1, 2, 3, 2], "prelu": True},
    )
    assert weights_of(new_network(recipe)) == 3_120_128
