"""What the networks are worth on photographs with known identities."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Final

import click
import numpy as np

from faceguard.camera.photo_file import SUFFIXES
from faceguard.cli.comparisons import beside, beside_pairs, head_option, read_heads
from faceguard.cli.context import Context, json_option, whole_numbers
from faceguard.cli.detector import detector
from faceguard.cli.embedding_files import embeddings
from faceguard.cli.groups import groups
from faceguard.cli.landmarks import landmarks
from faceguard.cli.lfw import lfw
from faceguard.cli.models import admin_desk
from faceguard.cli.pad import pad
from faceguard.cli.parallax import parallax
from faceguard.cli.photo_bench import (
    Bench,
    cache_folder,
    cache_options,
    encoder_options,
    open_bench,
    photo_files,
    require_own_card,
    say,
)
from faceguard.cli.report_file import WORST, report_options, report_rates
from faceguard.domain.card import OperatingPoint
from faceguard.domain.errors import FaceguardError
from faceguard.domain.impostor import ImpostorModel
from faceguard.domain.score import Threshold
from faceguard.domain.similarity import SimilarityHead
from faceguard.evaluation import report
from faceguard.evaluation.comparison import all_pairs, compare_fused, pair_distances, same_pairs
from faceguard.evaluation.datasets import read_identity_folder, read_pairs
from faceguard.evaluation.error_rates import FOLDS, Comparisons, accuracy, bootstrap_by_person
from faceguard.evaluation.groups import close_pairs
from faceguard.evaluation.identification import search_galleries
from faceguard.evaluation.impostor_fit import fit_impostor_model

PAIR_RATES: Final = (1e-2, 1e-3)
FOLDER_RATES: Final = (1e-2, 1e-3, 1e-4, 1e-5)


@click.group()
def evaluate() -> None:
    """Measure error rates on photographs.

    For pairs and folder the identities are known. These photos go through the detector, the aligner and the encoder
    with the rules for stored photos. The quality gate refuses none of them; how many it would refuse is told. Where a
    photo shows several faces of similar size the one nearest the centre is taken, and how often is told. Liveness is
    not checked.
    """


evaluate.add_command(detector)
evaluate.add_command(embeddings)
evaluate.add_command(groups)
evaluate.add_command(landmarks)
evaluate.add_command(lfw)
evaluate.add_command(pad)
evaluate.add_command(parallax)


@evaluate.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--root", type=click.Path(path_type=Path), required=True, help="Folder that the file's paths start from.")
@encoder_options
@cache_options
@head_option
@report_options
@json_option
@click.pass_obj
def pairs(
    context: Context,
    file: Path,
    root: Path,
    encoder_id: str | None,
    mirror: bool | None,
    cache: Path | None,
    no_cache: bool,
    head_files: tuple[Path, ...],
    report_path: Path | None,
    thumbnails: bool,
    json_: bool,
) -> None:
    """Pairs listed in a CSV FILE with the columns image_a,image_b,same."""
    listed = read_pairs(file, root)
    bench = open_bench(context, encoder_id, mirror, cache_folder(context, cache, no_cache))
    heads = read_heads(head_files, bench)
    photos = photo_files(listed.photos, root)
    acquired = bench.acquire(photos)
    same, first, second = np.array(listed.same), np.array(listed.first), np.array(listed.second)
    made = acquired.present[first] & acquired.present[second]
    d = pair_distances(acquired.matrix, listed.first, listed.second)
    d[~made] = np.inf
    if not (same & made).any() or not (~same & made).any():
        raise FaceguardError(f"No pair of one class in {file} is left: {acquired.failed} photos gave no embedding.")
    scores = Comparisons(d[same & made], d[~same & made])
    enough = min(int(same.sum()), int((~same).sum())) >= FOLDS
    compared, others = beside_pairs(heads, acquired.matrix, first, second, same & made, ~same & made, PAIR_RATES)
    answer = {
        **report.accuracy_answer(accuracy(d[same], d[~same]) if enough else None),
        **report.rates_answer(scores, PAIR_RATES, int((same & ~made).sum()), int((~same & ~made).sum())),
        **report.acquisition_answer(acquired, None),
        **bench.answer(),
        **compared,
    }
    say(answer, json_)
    if report_path is not None:
        genuine, impostor = ((first[kind], second[kind], d[kind]) for kind in (same & made, ~same & made))
        report_rates(
            report_path,
            f"Pairs of {file.name}",
            answer,
            scores,
            bench.tau,
            photos,
            acquired.quality,
            genuine,
            impostor,
            thumbnails=thumbnails,
            others=others,
        )


@evaluate.command()
@click.argument("root", metavar="DIR", type=click.Path(path_type=Path))
@encoder_options
@cache_options
@head_option
@report_options
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
    cache: Path | None,
    no_cache: bool,
    head_files: tuple[Path, ...],
    report_path: Path | None,
    thumbnails: bool,
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
        require_own_card(context, encoder_id)
        admin_desk(context).close()
    bench = open_bench(context, encoder_id, mirror, cache_folder(context, cache, no_cache))
    heads = read_heads(head_files, bench)
    photos = photo_files(data.photos, root)
    acquired = bench.acquire(photos)
    matrix, person = acquired.matrix[acquired.present], np.array(data.person)[acquired.present]
    found = all_pairs(matrix, person)
    if not found.genuine.size or not found.impostor.size:
        raise FaceguardError(f"The photos in {root} make no pair of one person, or none of two persons.")
    scores = Comparisons(found.genuine, found.impostor)
    lost_genuine, lost_impostor = _lost(np.array(data.person), found.genuine.size, found.impostor.size)
    answer = {
        **report.accuracy_answer(None),
        **report.rates_answer(scores, FOLDER_RATES, lost_genuine, lost_impostor),
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
    compared, others = beside(
        heads, scores, found.genuine, found.owner, lambda head: _all_pairs(matrix, person, head), FOLDER_RATES
    )
    answer |= compared
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
        try:
            model = fit_impostor_model(matrix, person, data_set)
        except ValueError as error:
            model = None
            click.echo(f"No impostor model was written: {error}.", err=True)
        _calibrate(context, bench, scores, data_set, answer.get("rated_size"), model)
    say(answer, json_)
    if report_path is not None:
        used, here = [photo for photo, there in zip(photos, acquired.present, strict=True) if there], acquired.quality
        quality = [found for found, there in zip(here, acquired.present, strict=True) if there]
        near = close_pairs(matrix, float(found.impostor[:WORST][-1]) + 1e-6)
        other = person[near.first] != person[near.second]
        impostor = near.first[other], near.second[other], near.d[other]
        report_rates(
            report_path,
            f"People of {root.resolve().name}",
            answer,
            scores,
            default_tau,
            used,
            quality,
            same_pairs(matrix, person),
            impostor,
            thumbnails=thumbnails,
            others=others,
        )


def _all_pairs(
    matrix: np.ndarray[Any, Any], person: np.ndarray[Any, Any], head: SimilarityHead
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    found = all_pairs(matrix, person, head=head)
    return found.genuine, found.impostor


def _calibrate(
    context: Context,
    bench: Bench,
    scores: Comparisons,
    data_set: str,
    rated: int | None,
    impostor: ImpostorModel | None,
) -> None:
    """Write the measured operating points, and the impostor model, onto the encoder's card.

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
    context.house.catalogue.calibrate(bench.card.id, points, rated, impostor)


def _lost(person: np.ndarray[Any, Any], genuine: int, impostor: int) -> tuple[int, int]:
    """Comparisons that failures to acquire cost."""
    counts = np.bincount(person)
    all_genuine = int((counts * (counts - 1) // 2).sum())
    return all_genuine - genuine, person.size * (person.size - 1) // 2 - all_genuine - impostor
