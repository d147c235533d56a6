"""Distils a network by its recipe, from a prepared set of faces, and writes it as ONNX."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from faceguard.domain.card import PadCard
from faceguard.domain.errors import FaceguardError
from faceguard.training import export as exporting
from faceguard.training import together
from faceguard.training.distil_detector import DetectorDistillation, DetectorRecipe
from faceguard.training.distil_encoder import EncoderDistillation, EncoderRecipe
from faceguard.training.distil_landmarks import TEMPLATE, LandmarkDistillation, LandmarkRecipe
from faceguard.training.distil_pad import (
    BONA_FIDE,
    PadDistillation,
    PadRecipe,
    PadTeacher,
    area_under_curve,
    normalised,
)
from faceguard.training.face_set import FaceSet
from faceguard.training.loop import AVERAGED, Loss, Measure, Plan, fit
from faceguard.training.networks import (
    DETECTOR_MAPS,
    ENCODER_SIDE,
    LANDMARK_SIDE,
    PAD_BONA_FIDE,
    PAD_CLASSES,
    PAD_SIDE,
    STRIDES,
    DetectorExport,
    DetectorNet,
    EncoderNet,
    LandmarkNet,
    PadNet,
)
from faceguard.training.recapture import PRINT
from faceguard.training.recipe import Recipe
from faceguard.training.run import CONFIG, Follower, Run
from faceguard.training.teacher import OnnxTeacher, on_processor
from faceguard.training.verification import embed, true_positive_rate

MOST_MEASURED: Final = 3000
"""Photos of the development part that are measured on while training; all pairs of them are held at once."""
MOST_PROJECTED: Final = 1000
"""Photos of the development part that TensorBoard's projector gets."""
MOST_JUDGED: Final = 400
"""Scenes of the development part's photos that a PAD student is compared with its teachers on."""
SEVERAL: Final = ("encoder", "pad")
"""Students that learn from several teachers at once."""
_MEASURED_ERROR: Final = 0.05
"""Standard deviation of the coarse points that landmarks are measured with, in eye distances."""
_JUDGED: Final = 50
"""Scenes at a time."""
_STUDENT: Final = "student."
"""Before the names of its weights where it was trained with heads for further teachers."""
_PARITY: Final = 1e-3
"""Greatest difference between the ONNX file and torch, relative to the greatest output."""


@dataclass(frozen=True, slots=True)
class Exported:
    """A network as ONNX.

    Attributes:
        data: the file.
        parity: its difference from torch.
        latency_ms: median of one run on one core, at ``shape``.
        shape: of the input that was timed.
        contract: what its card says of inputs, outputs and the scaling of pixels, as TOML values.
    """

    data: bytes
    parity: exporting.Parity
    latency_ms: float
    shape: tuple[int, ...]
    contract: Mapping[str, Any]


def digest_of(path: Path) -> str:
    """SHA-256 of a file.

    Raises:
        FaceguardError: it cannot be read.
    """
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise FaceguardError(f"The teacher {path} cannot be read.", str(error)) from error


def new_network(recipe: Recipe) -> nn.Module:
    """The untrained student."""
    if recipe.student == "encoder":
        return EncoderNet(
            recipe.option("channels"), recipe.option("blocks"), recipe.option("length"), recipe.option("prelu")
        )
    if recipe.student == "detector":
        return DetectorNet(recipe.option("width"))
    if recipe.student == "pad":
        return PadNet(recipe.option("width"))
    return LandmarkNet(recipe.option("width"))


def distil(
    recipe: Recipe,
    faces: FaceSet,
    teachers: Sequence[Path],
    run: Run,
    device: torch.device,
    *,
    cards: Sequence[PadCard] = (),
    start: Path | None = None,
    patience: int | None = None,
    compile_: bool = False,
) -> nn.Module:
    """Trains a student; a run folder that was begun is gone on with.

    Args:
        recipe: what and how.
        faces: the training part is learned from, the development part measured on.
        teachers: ONNX files; an encoder and a PAD network may have several, the others have one.
        run: its folder.
        device: where.
        cards: of a PAD network's teachers, in their order: each has a crop of its own.
        start: a state dict to go on from.
        patience: measurements without a better score before it stops early.
        compile_: ask ``torch.compile``.

    Returns:
        The averaged network, on the processor, in evaluation mode.

    Raises:
        FaceguardError: no teacher or too many, a start of another network, or what training itself finds wrong.
    """
    if not teachers or (len(teachers) > 1 and recipe.student not in SEVERAL):
        raise FaceguardError(f"The {recipe.student} learns from {'a' if not teachers else 'one'} teacher.")
    if recipe.student == "pad" and len(cards) != len(teachers):
        raise FaceguardError("A PAD network's teachers need a card each: it says which crop they look at.")
    torch.manual_seed(recipe.seed)
    net = new_network(recipe)
    if start is not None:
        begin_from(net, start)
    net.to(device)
    for parameter in net.parameters():
        if parameter.ndim == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    loss, measure, trained = _objective(recipe, faces, teachers, cards, net, device)
    plan = Plan(
        steps=recipe.steps,
        minutes=recipe.minutes,
        rate=recipe.rate,
        average=recipe.average,
        batch=recipe.batch,
        patience=patience,
        compile=compile_,
    )
    fit(trained, loss, plan, run, measure)
    best = load_run(run.folder)[1]
    if recipe.student == "encoder" and together.first():
        project(best, faces, run)
    return best


def distil_files(
    recipe: Recipe,
    data: Path,
    teachers: Sequence[Path],
    folder: Path,
    say: Callable[[str], None],
    more: Mapping[str, Any],
    device: torch.device,
) -> None:
    """``distil`` for one of the processes that train together (``together.train_together``).

    Args:
        recipe, teachers: of ``distil``.
        data: folder of the prepared faces.
        folder: of the run.
        say: told lines of progress, by the first process.
        more: keyword arguments of ``distil``.
        device: where.

    Raises:
        FaceguardError: as ``distil``; or the faces or the folder cannot be used.
    """
    faces = FaceSet.open(data)
    with Run(folder, recipe.config(), say) if together.first() else Follower(folder) as run:
        distil(recipe, faces, teachers, run, device, **more)


def load_run(folder: Path, weights: str = AVERAGED) -> tuple[Recipe, nn.Module]:
    """The recipe of a run folder and its network, on the processor, in evaluation mode.

    Args:
        folder: of the run.
        weights: the averaged ones, or ``PLAIN``.

    Raises:
        FaceguardError: there is no run that has saved its weights.
    """
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        recipe = Recipe(**{**config, "teachers": tuple(config["teachers"]), "stages": tuple(config["stages"])})
        state = torch.load(folder / weights, map_location="cpu", weights_only=True)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise FaceguardError(f"{folder} holds no run with weights; distil one first.", str(error)) from error
    net = new_network(recipe)
    own = {name.removeprefix(_STUDENT): value for name, value in state.items() if name.startswith(_STUDENT)}
    net.load_state_dict(own or state)
    return recipe, net.eval()


def export(recipe: Recipe, net: nn.Module, *, free: bool = True, half: bool = False) -> Exported:
    """The trained student as ONNX, compared with torch and timed.

    Args:
        recipe: of the student.
        net: on the processor, in evaluation mode.
        free: any batch (and for the detector any size); otherwise one picture of a fixed size.
        half: store the weights as float16.

    Raises:
        FaceguardError: it cannot be written, or the file answers otherwise than torch.
    """
    shape: tuple[int, ...]
    contract: dict[str, Any]
    if recipe.student == "detector":
        net, shape = DetectorExport(net).eval(), (1, 3, 256, 320)
        outputs = [f"{name}_{stride}" for name, _ in DETECTOR_MAPS for stride in STRIDES]
        axes = {"input": {0: "batch", 2: "height", 3: "width"}, **{o: {0: "batch", 1: "cells"} for o in outputs}}
        contract = {
            "inputs": [{"name": "input", "shape": ["batch", 3, "height", "width"]}],
            "outputs": [
                {"name": f"{name}_{stride}", "shape": ["batch", "cells", channels]}
                for name, channels in DETECTOR_MAPS
                for stride in STRIDES
            ],
            "colour_order": "BGR",
            "score_threshold": 0.7,
        }
    else:
        encoder = recipe.student == "encoder"
        side, output = {
            "encoder": (ENCODER_SIDE, "embedding"),
            "landmarks": (LANDMARK_SIDE, "points"),
            "pad": (PAD_SIDE, "logits"),
        }[recipe.student]
        shape, outputs = (1, 3, side, side), [output]
        axes = {"input": {0: "batch"}, output: {0: "batch"}}
        with torch.no_grad():
            length = int(net(torch.zeros(shape)).shape[1])
        contract = {
            "inputs": [{"name": "input", "shape": ["batch", *shape[1:]]}],
            "outputs": [{"name": output, "shape": ["batch", length]}],
            "input_size": side,
            "colour_order": "RGB" if encoder else "BGR",
            "mean": [127.5] * 3,
            "std": [127.5] * 3,
        }
        if encoder:
            contract |= {"template": "arcface", "template_points": ARCFACE, "mirror": True, "length": length}
        elif recipe.student == "pad":
            contract |= {
                "crop_scale": float(recipe.option("crop_scale")),
                "classes": list(PAD_CLASSES),
                "bona_fide": PAD_BONA_FIDE,
                "accept_threshold": 0.9,
                "attack_threshold": 0.5,
            }
        else:
            contract["template_points"] = [list(point) for point in TEMPLATE]
    top = 255.0 if recipe.student == "detector" else 1.0
    generator = torch.Generator().manual_seed(1)
    pictures = torch.rand((3, *shape[1:]), generator=generator) * top
    data = exporting.export(net, pictures[:1], "input", outputs, axes if free else {})
    parity = exporting.parity(net, data, pictures)
    if not parity.relative < _PARITY:
        raise FaceguardError(f"The ONNX file answers otherwise than torch, by {parity.relative:.1e} of its greatest.")
    if half:
        data = exporting.store_half(data)
        parity = exporting.parity(net, data, pictures)
    return Exported(data, parity, exporting.latency_ms(data, shape), shape, contract)


ARCFACE: Final = [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]]
"""InsightFace's five-point template, in pixels of a 112 px crop."""


class _WithHeads(nn.Module):
    """A student with the maps to its further teachers, so that one optimiser and one checkpoint hold both."""

    def __init__(self, student: nn.Module, heads: nn.Module) -> None:
        super().__init__()
        self.student = student
        self.heads = heads

    def forward(self, x: Tensor) -> Tensor:
        answer: Tensor = self.student(x)
        return answer


def _objective(
    recipe: Recipe,
    faces: FaceSet,
    teachers: Sequence[Path],
    cards: Sequence[PadCard],
    net: nn.Module,
    device: torch.device,
) -> tuple[Loss, Measure | None, nn.Module]:
    """The loss, the measurement while training, and the module that is trained."""
    train = faces.train
    if recipe.student == "encoder":
        encoder_recipe = EncoderRecipe(
            batch=recipe.batch,
            mixed=recipe.option("mixed"),
            relations=recipe.option("relations"),
            strength=recipe.option("strength"),
        )
        answers = [_encoder_teacher(path, device) for path in teachers]
        crops = torch.from_numpy(faces.crops[train]).to(device)
        objective = EncoderDistillation(crops, answers, encoder_recipe)
        if objective.length != recipe.option("length"):
            raise FaceguardError(
                f"The first teacher gives {objective.length} values and the student {recipe.option('length')}: "
                f"say --option length={objective.length}."
            )
        trained = _WithHeads(net, objective.heads) if len(objective.heads) else net
        return objective.loss, encoder_measure(faces), trained
    photos = torch.from_numpy(faces.photos[train]).to(device)
    if recipe.student == "detector":
        widths = torch.from_numpy(faces.widths[train]).to(device)
        scenes = DetectorDistillation(
            photos,
            widths,
            OnnxTeacher(teachers[0]).to(device),
            DetectorRecipe(batch=recipe.batch, side=recipe.option("side")),
        )
        return scenes.loss, None, net
    if recipe.student == "pad":
        judges = [PadTeacher(OnnxTeacher(path).to(device), card) for path, card in zip(teachers, cards, strict=True)]
        return _pad(recipe, faces, train, judges, device).loss, _pad_measure(recipe, faces, judges, device), net
    points = torch.from_numpy(faces.points[train]).to(device)
    landmarks = LandmarkDistillation(photos, points, LandmarkRecipe(batch=recipe.batch))
    return landmarks.loss, _landmark_measure(faces, device), net


def project(net: nn.Module, faces: FaceSet, run: Run) -> None:
    """Hands the development part's embeddings to TensorBoard's projector, with whose they are.

    Args:
        net: the encoder, on the processor.
        faces: prepared.
        run: where to.
    """
    held = np.flatnonzero(~faces.train)[:MOST_PROJECTED]
    if held.size:
        people = [str(name) or "?" for name in faces.people[held]]
        run.projection(embed(net, encoder_crops(faces, held), mirror=True), people)


def encoder_crops(faces: FaceSet, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
    """(n, 112, 112, 3) uint8 RGB."""
    margin = (faces.crops.shape[1] - ENCODER_SIDE) // 2
    return np.ascontiguousarray(faces.crops[rows][:, margin:-margin, margin:-margin, ::-1])


def encoder_measure(faces: FaceSet) -> Measure | None:
    """TPR at FMR 1e-4 on the people of the development part, with mirror averaging; None when nobody has two photos."""
    held = np.flatnonzero(~faces.train & (faces.people != ""))[:MOST_MEASURED]
    people = faces.people[held]
    if len(held) == len(set(people)) or len(set(people)) < 2:
        return None
    crops = encoder_crops(faces, held)

    def measure(net: nn.Module) -> Mapping[str, float]:
        rate = true_positive_rate(embed(net, crops, mirror=True), people, 1e-4)
        return {"score": rate, "tpr_1e-4": rate}

    return measure


def _landmark_measure(faces: FaceSet, device: torch.device) -> Measure | None:
    """Median and 95th percentile of the points' error on the development part, in eye distances."""
    held = np.flatnonzero(~faces.train)[:MOST_MEASURED]
    if not held.size:
        return None
    photos = torch.from_numpy(faces.photos[held]).to(device)
    points = torch.from_numpy(faces.points[held]).to(device)
    apart = LandmarkDistillation(photos, points, LandmarkRecipe())

    @torch.no_grad()
    def measure(net: nn.Module) -> Mapping[str, float]:
        index = torch.arange(len(photos), device=device)
        with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
            torch.manual_seed(1)  # the same crops every time
            crops, targets, eye = apart.crops(index, torch.full((len(index),), _MEASURED_ERROR, device=device))
        answers = net((crops - 127.5) / 127.5).view(-1, 5, 2)
        error = (torch.linalg.vector_norm((answers - targets) * LANDMARK_SIDE, dim=2) / eye).flatten()
        return {"score": -float(error.median()), "median": float(error.median()), "p95": float(error.quantile(0.95))}

    return measure


def _pad(
    recipe: Recipe, faces: FaceSet, rows: NDArray[np.bool_], judges: Sequence[PadTeacher], device: torch.device
) -> PadDistillation:
    """Scenes of some of the photos."""
    photos, points, widths = (torch.from_numpy(v[rows]).to(device) for v in (faces.photos, faces.points, faces.widths))
    options = {name: recipe.option(name) for name in ("crop_scale", "fresh", "attacks")}
    return PadDistillation(photos, points, widths, judges, PadRecipe(batch=recipe.batch, **options))


def _pad_measure(recipe: Recipe, faces: FaceSet, judges: Sequence[PadTeacher], device: torch.device) -> Measure | None:
    """How far the student is from its teachers on scenes of the development part, and how each tells attacks there.

    ``apart``: mean difference of the probability of a living face; ``agree``: both on the same side of one half;
    ``auc``, ``teachers_auc``: whether a simulated attack has less of it than the others.
    """
    if np.count_nonzero(~faces.train) < 2:
        return None
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(1)  # the same scenes every time
        made = [
            _pad(recipe, faces, ~faces.train, judges, device).judged(_JUDGED) for _ in range(MOST_JUDGED // _JUDGED)
        ]
    crops, logits, kinds = (torch.cat(parts) for parts in zip(*made, strict=True))
    theirs, attack = logits.softmax(1)[:, BONA_FIDE], kinds >= PRINT

    @torch.no_grad()
    def measure(net: nn.Module) -> Mapping[str, float]:
        ours = torch.cat([net(normalised(part)) for part in crops.split(_JUDGED)]).softmax(1)[:, BONA_FIDE]
        apart = float((ours - theirs).abs().mean())
        return {
            "score": -apart,
            "apart": apart,
            "agree": float(((ours > 0.5) == (theirs > 0.5)).float().mean()),
            "auc": area_under_curve(ours[~attack], ours[attack]),
            "teachers_auc": area_under_curve(theirs[~attack], theirs[attack]),
        }

    return measure


def _encoder_teacher(path: Path, device: torch.device) -> Callable[[Tensor], Tensor]:
    """(N, 3, 112, 112) RGB 0..255 -> (N, D), where that is quickest."""
    if device.type == "cpu":
        answer = on_processor(path)
        return lambda pictures: torch.from_numpy(answer(pictures.numpy()))
    teacher = OnnxTeacher(path).to(device)
    return lambda pictures: teacher(pictures)[0]


def begin_from(net: nn.Module, path: Path) -> None:
    """Loads a state dict.

    Raises:
        FaceguardError: unreadable, or of another network.
    """
    try:
        net.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    except Exception as error:  # torch's errors share no base class but Exception
        raise FaceguardError(f"The weights {path} are no start for this network.", str(error)) from error
