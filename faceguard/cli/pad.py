"""How PAD networks judge real photos, and heads and flat pictures of the program's own renderer: a simulation."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click
import numpy as np
from numpy.typing import NDArray

from faceguard.camera.photo_file import SUFFIXES, read_photo
from faceguard.camera.rendering.head import HeadActor
from faceguard.camera.rendering.plane import AttackMove, Medium, PlaneActor
from faceguard.camera.rendering.portrait import FacePhoto
from faceguard.camera.rendering.scene import Actor, Keyframe, Placed, Scene
from faceguard.camera.rendering.sensor import SensorTraits
from faceguard.camera.synthetic_source import SyntheticSource
from faceguard.cli.context import Context, as_json, json_option, tell_progress
from faceguard.compose import House
from faceguard.domain.card import PadCard
from faceguard.domain.errors import FaceguardError, ModelFault, PhotoRefused
from faceguard.domain.face import DetectedFace, Frame
from faceguard.evaluation.acquisition import counted
from faceguard.evaluation.datasets import read_photo_tree
from faceguard.evaluation.pad_shares import Judged, pad_answer, pad_lines
from faceguard.models.cards import CARD_FILE, read_cards
from faceguard.pipeline.detector import Detector
from faceguard.pipeline.known_answer import open_checked
from faceguard.pipeline.onnx_model import OnnxModel
from faceguard.pipeline.passive_pad import PassivePadNetwork
from faceguard.pipeline.plane_track import near_frontal

FRAMES: Final = 5
"""Of each rendered presentation; their median counts, as at the door."""
FPS: Final = 5.0
HEIGHT: Final = 480
EYES_PX: Final = (72, 88, 105)
KINDS: Final = ("photograph", "head", *(medium.value for medium in Medium))

_FUSED: Final = "all of them, fused"


@click.command()
@click.argument("root", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--network",
    "networks",
    metavar="FILE_OR_ID",
    multiple=True,
    help="A PAD network: a card id, or an ONNX file with its card beside it (FILE.toml); repeat for more (else those "
    "in use).",
)
@click.option(
    "--reference",
    "references",
    metavar="FILE_OR_ID",
    multiple=True,
    help="A PAD network to agree with, for example a student's teacher; several are fused.",
)
@click.option("--limit", type=click.IntRange(1), help="Only so many photos, evenly spread by name.")
@click.option(
    "--photo",
    "single",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Also tell the scores of this one photo, whatever it shows; repeat for more.",
)
@json_option
@click.pass_obj
def pad(
    context: Context,
    root: Path,
    networks: tuple[str, ...],
    references: tuple[str, ...],
    limit: int | None,
    single: tuple[Path, ...],
    json_: bool,
) -> None:
    """What PAD networks say of photographs and of SIMULATED heads, prints, badges and phones.

    Each near-frontal photo in DIR is judged as it is; then its person is rendered as a head, and the photo on paper, on
    a badge and on a phone, each for five frames of a simulated camera, whose median counts. Told are the shares taken
    for attacks, and how well the scores tell attacks from photographs and from heads (AUC; 0.5 is chance). These are
    no PAD error rates: no real print or screen is in them, and nothing is written on a card.
    """
    house = context.house
    judges = _Bench.of(house, networks or house.settings().listed("models.pad"))
    if not judges.networks:
        raise FaceguardError("No PAD network is in use; name one with --network, an id or an ONNX file.")
    asked = _Bench.of(house, references)
    everyone = (*judges.networks, *asked.networks)
    detector = house.networks.detector
    scores: dict[str, list[NDArray[np.float64]]] = {kind: [] for kind in KINDS}
    photos = read_photo_tree(root, SUFFIXES, limit)
    left_out = 0
    for number, path in enumerate(counted(photos, tell_progress)):
        shown = _shown(path, detector)
        if shown is None:
            left_out += 1
            continue
        frame, face = shown
        scores["photograph"].append(_judged([(frame, face)], everyone))
        for kind, actor in _actors(FacePhoto(frame.pixels, face.landmarks, face.box), number):
            scores[kind].append(_judged(_filmed(actor, number, detector), everyone))
    if left_out == len(photos):
        raise FaceguardError(f"None of the {len(photos)} photos in {root} shows a near-frontal face.")
    rows = {kind: np.stack(found) for kind, found in scores.items()}
    answer: dict[str, Any] = {
        **pad_answer(judges.judged(rows, 0), _one(asked.judged(rows, len(judges.networks)))),
        "photos": len(photos),
        "left_out": left_out,
        "single": {str(path): _single(path, detector, everyone) for path in single},
    }
    if json_:
        as_json(answer)
        return
    click.echo(f"{len(photos)} photos, {left_out} left out (no near-frontal face).")
    for line in pad_lines(answer):
        click.echo(line)
    for name, told in answer["single"].items():
        words = ", ".join(f"{network} {score:.2f}" for network, score in told.items()) or "no face was found"
        click.echo(f"{name}: {words}")


@dataclass(frozen=True, slots=True)
class _Bench:
    """PAD networks that are asked side by side."""

    networks: tuple[PassivePadNetwork, ...]

    @classmethod
    def of(cls, house: House, names: Sequence[str]) -> _Bench:
        return cls(tuple(PassivePadNetwork(_opened(*named_pad(house, name))) for name in names))

    def judged(self, rows: Mapping[str, NDArray[np.float64]], first: int) -> list[Judged]:
        """Each network, and where there are several all of them together.

        Args:
            rows: for each kind (N, frames, networks) scores, NaN where no face was found.
            first: column of the first of these networks.
        """
        columns = {n.card.id: ([first + i], n.card.attack_threshold) for i, n in enumerate(self.networks)}
        if len(self.networks) > 1:
            every = [first + i for i in range(len(self.networks))]
            columns[_FUSED] = (every, float(np.mean([n.card.attack_threshold for n in self.networks])))
        return [
            Judged(name, threshold, {kind: _median(found[:, :, which]) for kind, found in rows.items()})
            for name, (which, threshold) in columns.items()
        ]


def _median(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, frames, networks) -> (N,): the mean of the networks, and of the frames with a face the median."""
    fused = scores.mean(axis=2)
    return np.array([np.median(row[np.isfinite(row)]) if np.isfinite(row).any() else np.nan for row in fused])


def _one(judged: Sequence[Judged]) -> Judged | None:
    """The last: of several the one that fuses them."""
    return judged[-1] if judged else None


def named_pad(house: House, file_or_id: str) -> tuple[PadCard, bytes]:
    """An installed PAD network, or a file with its card beside it.

    Raises:
        ModelFault: neither, or no PAD network.
    """
    if any(entry.id == file_or_id for entry in house.catalogue.entries()):
        card, data = house.catalogue.resolve(file_or_id)
        if not isinstance(card, PadCard):
            raise ModelFault(f"The network {file_or_id} is no PAD network; name another one.")
        return card, data
    path = Path(file_or_id)
    if not path.is_file():
        raise ModelFault(f"{file_or_id} is neither the id of an installed PAD network nor an ONNX file.")
    return pad_card(path), path.read_bytes()


def pad_card(path: Path) -> PadCard:
    """The card of an ONNX file: in FILE.toml, or among those of ``cards.toml`` in its folder.

    Raises:
        ModelFault: there is none, it is no PAD network's, or it is of another file.
    """
    places = [place for place in (path.with_suffix(".toml"), path.with_name(CARD_FILE)) if place.is_file()]
    if not places:
        raise ModelFault(
            f"The PAD network {path} has no card: write {path.with_suffix('.toml').name} beside it; it says which "
            f"crop of the face the network looks at."
        )
    cards = [card for card in read_cards(places[0]) if card.file == path.name]
    if len(cards) != 1 or not isinstance(cards[0], PadCard):
        raise ModelFault(f"{places[0]} holds no card of a PAD network with the file {path.name}.")
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ModelFault(f"The PAD network {path} cannot be read.", str(error)) from error
    if digest != cards[0].sha256:
        raise ModelFault(f"{places[0]} is the card of another file than {path}, whose SHA-256 is {digest}.")
    return cards[0]


def _opened(card: PadCard, data: bytes) -> OnnxModel:
    return OnnxModel(card, data, "cpu") if card.known_answer is None else open_checked(card, data, "cpu")


def _shown(path: Path, detector: Detector) -> tuple[Frame, DetectedFace] | None:
    """A photo with its largest face; None unless that is near-frontal."""
    try:
        photo = read_photo(path)
    except PhotoRefused:
        return None
    face = max(detector.detect_in_photo(photo), key=lambda f: f.box.area, default=None)
    return (photo, face) if face is not None and near_frontal(face.landmarks) else None


def _actors(photo: FacePhoto, number: int) -> Iterator[tuple[str, Actor]]:
    yield "head", HeadActor(photo, seed=number)
    for medium in Medium:
        yield medium.value, PlaneActor(photo, medium, seed=number, move=AttackMove.NOTHING)


def _filmed(actor: Actor, number: int, detector: Detector) -> list[tuple[Frame, DetectedFace]]:
    """Some frames with the face in them; head and planes of one photo stand in the same room before the same camera."""
    eyes = EYES_PX[number % len(EYES_PX)] / HEIGHT
    scene = Scene([Placed(actor, (Keyframe(eyes=eyes),))], seed=number)
    traits = SensorTraits.varied(number)
    shown = []
    with closing(SyntheticSource(scene, height=HEIGHT, fps=FPS, paced=False, traits=traits, seed=number)) as source:
        source.open()
        for _ in range(FRAMES):
            frame = source.read()
            face = max(detector.detect(frame), key=lambda f: f.box.area, default=None) if frame else None
            if frame is not None and face is not None:
                shown.append((frame, face))
    return shown


def _judged(shown: Sequence[tuple[Frame, DetectedFace]], networks: Sequence[PassivePadNetwork]) -> NDArray[np.float64]:
    """(FRAMES, networks) scores; NaN where there is no frame."""
    scores = np.full((FRAMES, len(networks)), np.nan)
    for row, (frame, face) in enumerate(shown):
        scores[row] = [network.score(frame, face) for network in networks]
    return scores


def _single(path: Path, detector: Detector, networks: Sequence[PassivePadNetwork]) -> dict[str, float]:
    """Scores of one photo by network; empty where no face is found."""
    photo = read_photo(path)
    face = max(detector.detect_in_photo(photo), key=lambda f: f.box.area, default=None)
    return {} if face is None else {network.card.id: network.score(photo, face) for network in networks}
