"""What the networks are worth on photographs with known identities."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import click
import numpy as np

from faceguard.camera.photo_file import SUFFIXES, read_photo
from faceguard.cli.context import Context, as_json, json_option, tell_progress, whole_numbers
from faceguard.cli.detector import detector
from faceguard.cli.landmarks import landmarks
from faceguard.cli.models import admin_desk
from faceguard.cli.pad import pad
from faceguard.cli.parallax import parallax
from faceguard.compose import Networks, load_networks, still_examiner
from faceguard.domain.card import EncoderCard, OperatingPoint
from faceguard.domain.errors import FaceguardError, SeveralFaces
from faceguard.domain.face import Frame
from faceguard.domain.score import Threshold
from faceguard.evaluation import report
from faceguard.evaluation.acquisition import Sample, acquire
from faceguard.evaluation.comparison import all_pairs, compare_fused, pair_distances
from faceguard.evaluation.datasets import read_identity_folder, read_pairs
from faceguard.evaluation.error_rates import FOLDS, Comparisons, accuracy, bootstrap_by_person
from faceguard.evaluation.identification import search_galleries
from faceguard.pipeline.encoder import Encoder
from faceguard.pipeline.onnx_model import OnnxModel
from faceguard.pipeline.still import StillExaminer

PAIR_RATES: Final = (1e-2, 1e-3)
FOLDER_RATES: Final = (1e-2, 1e-3, 1e-4, 1e-5)


@dataclass(frozen=True, slots=True)
class Bench:
    """The networks under test, wired as for stored photos."""

    networks: Networks
    examine: Callable[[Path], Sample]

    @property
    def card(self) -> EncoderCard:
        """Of the encoder, mirror setting as tested."""
        return self.networks.encoder.card

    def answer(self) -> dict[str, Any]:
        """What was tested."""
        return {
            "encoder": str(self.card.encoder_id),
            "mirror": self.card.mirror,
            "detector": self.networks.detector.card.id,
            "provider": self.networks.provider,
        }


def encoder_options(command: Callable[..., None]) -> Callable[..., None]:
    """``--encoder`` and ``--mirror``."""
    command = click.option(
        "--mirror/--no-mirror", default=None, help="Average with the mirror image, or not, whatever the card says."
    )(command)
    return click.option("--encoder", "encoder_id", help="Card id of the encoder to measure (else the one in use).")(
        command
    )


@click.group()
def evaluate() -> None:
    """Measure error rates on photographs.

    For pairs and folder the identities are known. These photos go through the detector, the aligner and the encoder
    with the rules for stored photos. The quality gate refuses none of them; how many it would refuse is told. Where a
    photo shows several faces of similar size the one nearest the centre is taken, and how often is told. Liveness is
    not checked.
    """


evaluate.add_command(detector)
evaluate.add_command(landmarks)
evaluate.add_command(pad)
evaluate.add_command(parallax)


@evaluate.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--root", type=click.Path(path_type=Path), required=True, help="Folder that the file's paths start from.")
@encoder_options
@json_option
@click.pass_obj
def pairs(context: Context, file: Path, root: Path, encoder_id: str | None, mirror: bool | None, json_: bool) -> None:
    """Pairs listed in a CSV FILE with the columns image_a,image_b,same."""
    listed = read_pairs(file, root)
    bench = open_bench(context, encoder_id, mirror)
    acquired = acquire(listed.photos, bench.examine, tell_progress)
    same, first, second = np.array(listed.same), np.array(listed.first), np.array(listed.second)
    made = acquired.present[first] & acquired.present[second]
    d = pair_distances(acquired.matrix, listed.first, listed.second)
    d[~made] = np.inf
    if not (same & made).any() or not (~same & made).any():
        raise FaceguardError(f"No pair of one class in {file} is left: {acquired.failed} photos gave no embedding.")
    scores = Comparisons(d[same & made], d[~same & made])
    enough = min(int(same.sum()), int((~same).sum())) >= FOLDS
    _say(
        {
            **report.accuracy_answer(accuracy(d[same], d[~same]) if enough else None),
            **_rates(scores, PAIR_RATES, int(np.count_nonzero(same & ~made)), int(np.count_nonzero(~same & ~made))),
            **report.acquisition_answer(acquired, None),
            **bench.answer(),
        },
        json_,
    )


@evaluate.command()
@click.argument("root", metavar="DIR", type=click.Path(path_type=Path))
@encoder_options
@click.option(
    "--fuse",
    metavar="M,...",
    callback=whole_numbers,
    help="Also measure templates fused from so many photos, for example 1,3,5.",
)
@click.option(
    "--search",
    metavar="K,...",
    callback=whole_numbers,
    help="Also search galleries of so many people, for example 50,100,500.",
)
@click.option("--limit", type=click.IntRange(2), help="Only the first people by name.")
@click.option("--to-card", is_flag=True, help="Write tau onto the card of the encoder, one that was added; admin PIN.")
@json_option
@click.pass_obj
def folder(
    context: Context,
    root: Path,
    encoder_id: str | None,
    mirror: bool | None,
    fuse: tuple[int, ...],
    search: tuple[int, ...],
    limit: int | None,
    to_card: bool,
    json_: bool,
) -> None:
    """A folder with one folder a person: every photo against every other.

    --fuse m compares templates that are the normalised mean of a person's first m photos with single photos: the
    person's own beyond the greatest m (genuine) and everybody else's (impostor).

    --search K draws galleries of K people with one photo each and searches them with all other photos: FPIR and
    FNIR at the default tau (measured on these very photos, else the card's) and at FPIR 0.001, and what a margin to
    the runner-up costs.
    """
    data = read_identity_folder(root, SUFFIXES, limit)
    if to_card:
        if mirror is not None:
            raise click.UsageError("--to-card measures the encoder as its card says, without --mirror or --no-mirror.")
        _require_own_card(context, encoder_id)
        admin_desk(context).close()
    bench = open_bench(context, encoder_id, mirror)
    acquired = acquire(data.photos, bench.examine, tell_progress)
    matrix, person = acquired.matrix[acquired.present], np.array(data.person)[acquired.present]
    found = all_pairs(matrix, person)
    if not found.genuine.size or not found.impostor.size:
        raise FaceguardError(f"The photos in {root} make no pair of one person, or none of two persons.")
    scores = Comparisons(found.genuine, found.impostor)
    lost_genuine, lost_impostor = _lost(np.array(data.person), found.genuine.size, found.impostor.size)
    answer = {
        **report.accuracy_answer(None),
        **_rates(scores, FOLDER_RATES, lost_genuine, lost_impostor),
        **report.acquisition_answer(acquired, len(data.people)),
        **bench.answer(),
    }
    taus = {key: tau for key, tau in answer["tau"].items() if tau is not None}
    counts, d = np.bincount(found.owner), found.genuine.astype(np.float64)
    answer["tpr_bounds_by_person"] = {
        key: bootstrap_by_person(np.bincount(found.owner, d <= tau), counts) for key, tau in taus.items()
    }
    default_tau = taus.get(report.rate_key(bench.card.default_fmr))
    if default_tau is None and bench.card.default_tau is not None:
        default_tau = bench.card.default_tau.value
    if fuse:
        answer["fused"] = report.fused_answer(compare_fused(matrix, person, fuse), FOLDER_RATES, default_tau)
    if search:
        try:
            searches = [search_galleries(matrix, person, people) for people in search]
        except ValueError as error:
            raise FaceguardError(f"--search: {error}.") from error
        answer |= report.search_answer(searches, default_tau)
    if to_card:
        data_set = f"{root.resolve().name} ({len(data.photos)} photos of {len(data.people)} people, all pairs)"
        _calibrate(context, bench, scores, data_set, answer.get("rated_size"))
    _say(answer, json_)


def _require_own_card(context: Context, encoder_id: str | None) -> None:
    """Raises ``FaceguardError`` for a bundled encoder, whose card stays as it came."""
    wanted = encoder_id or context.house.encoder_card().id
    if any(entry.bundled and entry.id == wanted for entry in context.house.catalogue.entries()):
        raise FaceguardError(
            f"The card of {wanted} comes with the program and stays as it is; "
            "name an encoder that was added with --encoder, or set access.tau."
        )


def _calibrate(context: Context, bench: Bench, scores: Comparisons, data_set: str, rated: int | None) -> None:
    """Write the measured operating points onto the encoder's card.

    Raises:
        ModelFault: the encoder is a bundled one.
    """
    mirror = "mirror" if bench.card.mirror else "no mirror"
    points = []
    for found in scores.points(FOLDER_RATES):
        tau = math.floor(found.tau * 1e4) / 1e4  # rounded to the safe side
        points.append(
            OperatingPoint(
                found.fmr,
                Threshold(tau),
                scores.tpr(tau),
                found.n_genuine,
                found.n_impostor,
                f"{data_set} through {bench.networks.detector.card.id}, {mirror}",
            )
        )
    context.house.catalogue.calibrate(bench.card.id, points, rated)


def open_bench(context: Context, encoder_id: str | None, mirror: bool | None) -> Bench:
    """The networks that the settings name, but for what is overridden.

    Raises:
        ModelFault: a network cannot be used.
    """
    settings = context.house.settings()
    if encoder_id is not None:
        settings = settings.with_value("models.encoder", encoder_id)
    networks = load_networks(settings, context.house.catalogue)
    if mirror is not None and mirror != networks.encoder.card.mirror:
        card, data = context.house.catalogue.resolve(networks.encoder.card.id)
        assert isinstance(card, EncoderCard)
        # another EncoderId follows from the card: what is measured here is not taken for the installed encoder's
        other = replace(card, mirror=mirror, operating_points=(), rated_size=None)
        model = OnnxModel(other, data, settings.text("models.provider"), settings.whole("models.threads"))
        networks = replace(networks, encoder=Encoder(model))
    examiner = still_examiner(networks, settings)

    return Bench(networks, lambda path: sample_of(examiner, read_photo(path)))


def sample_of(examiner: StillExaminer, photo: Frame) -> Sample:
    """What a photo gives; where the program would ask which face is meant, the one nearest the centre is.

    Raises:
        PhotoRefused: no usable face.
    """
    try:
        seen, asked = examiner.examine(photo), False
    except SeveralFaces as question:
        middle = (photo.width / 2, photo.height / 2)
        away = [math.dist(box.centre, middle) for box in question.boxes]
        seen, asked = examiner.examine(photo, 1 + away.index(min(away))), True
    return Sample(seen.embedding, seen.quality.acceptable, asked)


def _rates(scores: Comparisons, rates: tuple[float, ...], lost_genuine: int, lost_impostor: int) -> dict[str, Any]:
    """TPR and tau by FMR over the comparisons made, and the TPR when a lost comparison counts as a miss."""
    answer = report.points_answer(scores.points(rates), rates)
    made = int(scores.genuine.size)
    return {
        **answer,
        "tpr_with_failures": {
            key: None if tpr is None else tpr * made / (made + lost_genuine) for key, tpr in answer["tpr"].items()
        },
        "n_genuine": made,
        "n_impostor": int(scores.impostor.size),
        "lost_genuine": lost_genuine,
        "lost_impostor": lost_impostor,
    }


def _lost(person: np.ndarray[Any, Any], genuine: int, impostor: int) -> tuple[int, int]:
    """Comparisons that failures to acquire cost."""
    counts = np.bincount(person)
    all_genuine = int((counts * (counts - 1) // 2).sum())
    return all_genuine - genuine, person.size * (person.size - 1) // 2 - all_genuine - impostor


def _say(answer: dict[str, Any], json_: bool) -> None:
    if json_:
        as_json(answer)
    else:
        for line in report.lines(answer):
            click.echo(line)
