"""False matches within groups of people, on photos of unknown identity."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import click

from faceguard.camera.photo_file import SUFFIXES
from faceguard.cli.context import Context, as_json, json_option
from faceguard.cli.photo_bench import Bench, cache_folder, cache_options, encoder_options, open_bench, photo_files
from faceguard.cli.report_file import now, report_options, shown_pairs, write_report
from faceguard.domain.errors import FaceguardError, PhotoRefused
from faceguard.domain.score import MAX_DISTANCE
from faceguard.evaluation import report
from faceguard.evaluation.datasets import read_photo_tree
from faceguard.evaluation.group_report import Grouped, group_lines, groups_answer
from faceguard.evaluation.groups import close_pairs, read_groups, utk_age, utk_group
from faceguard.evaluation.measured_report import groups_document
from faceguard.evaluation.photo_run import PhotoFile
from faceguard.training.photo_zip import PhotoZip
from faceguard.training.split import SplitPhoto, held_out

DUPLICATE: Final = 0.4


@click.command()
@click.argument("place", metavar="DIR_OR_ZIP", type=click.Path(path_type=Path))
@click.option(
    "--groups",
    "listed",
    metavar="CSV",
    type=click.Path(path_type=Path),
    help="File with the columns file,group (else the names say it: AGE_GENDER_GROUP_NUMBER.jpg, as UTKFace's do).",
)
@click.option(
    "--tau",
    type=click.FloatRange(0.0, MAX_DISTANCE),
    help="Greatest distance that counts as a match (else the encoder's default one).",
)
@click.option(
    "--duplicate",
    type=click.FloatRange(0.0, MAX_DISTANCE),
    default=DUPLICATE,
    show_default=True,
    help="Pairs up to this distance may be one picture or one person; rates are told with and without them.",
)
@click.option(
    "--age-from",
    type=click.IntRange(0, 120),
    metavar="YEARS",
    help="Leave out photos whose names say a lower age, or none: small children resemble each other.",
)
@click.option("--limit", type=click.IntRange(2), help="Only so many photos, evenly spread by name.")
@click.option(
    "--kept-apart",
    type=click.FloatRange(0.0, 1.0, min_open=True),
    help="Only the photos that `train prepare` keeps apart with this fraction.",
)
@encoder_options
@cache_options
@report_options
@json_option
@click.pass_obj
def groups(
    context: Context,
    place: Path,
    listed: Path | None,
    tau: float | None,
    duplicate: float,
    age_from: int | None,
    limit: int | None,
    kept_apart: float | None,
    encoder_id: str | None,
    mirror: bool | None,
    cache: Path | None,
    no_cache: bool,
    report_path: Path | None,
    thumbnails: bool,
    json_: bool,
) -> None:
    """False match rate within groups, such as origin and gender, the worst group first.

    DIR_OR_ZIP holds photos of people whose names nobody knows, nearly every photo of another person. Every pair within
    a group is compared, and over all groups. One person on two photos counts as a false match; the nearest pairs are
    listed by name, so that one can look.

    UTKFace's names: gender 0 male, 1 female; group 0 White, 1 Black, 2 Asian, 3 Indian, 4 other; x unknown.
    """
    photos = photos_in(place, limit)
    if kept_apart is not None:
        photos = _kept_apart(photos, place.name, kept_apart)
    if age_from is not None:
        photos = _grown_up(photos, age_from)
    group = _groups([photo.name for photo in photos], listed)
    bench = open_bench(context, encoder_id, mirror, cache_folder(context, cache, no_cache))
    limit_d = _tau(bench, tau)
    acquired = bench.acquire(photos)
    used = [number for number, present in enumerate(acquired.present) if present]
    close = close_pairs(acquired.matrix[acquired.present], limit_d)
    found = Grouped([photos[i].name for i in used], [group[i] for i in used], close, min(duplicate, limit_d))
    answer = {**groups_answer(found), **report.acquisition_answer(acquired, None), **bench.answer()}
    if json_:
        as_json(answer)
    else:
        for line in group_lines(answer):
            click.echo(line)
    if report_path is not None:
        kept = [photos[i] for i in used]
        nearest = shown_pairs(kept, (close.first, close.second, close.d), close.d, thumbnails)
        title = f"Groups of {place.resolve().name}"
        write_report(report_path, groups_document(title, answer, nearest, now()))


def photos_in(place: Path, limit: int | None) -> list[PhotoFile]:
    """The photos below a folder or in a zip, by name; with a limit so many, evenly spread.

    Raises:
        FaceguardError: there is none, or the zip cannot be used.
    """
    if place.is_file() and zipfile.is_zipfile(place):
        files = [PhotoFile(record.key, _readable(record.load)) for record in PhotoZip(place)]
        if limit is not None and limit < len(files):
            files = [files[i * len(files) // limit] for i in range(limit)]
        return files
    if place.is_file():
        raise FaceguardError(f"{place} is no zip; name a folder or a zip of photos.")
    return photo_files(read_photo_tree(place, SUFFIXES, limit), place)


def _readable(load: Callable[[], bytes]) -> Callable[[], bytes]:
    """One photo of a zip that cannot be read is a failure to acquire, not the end."""

    def read() -> bytes:
        try:
            return load()
        except FaceguardError as error:
            raise PhotoRefused("A photo in the zip cannot be read; make the zip again.", error.sentence) from error

    return read


def _kept_apart(photos: list[PhotoFile], source: str, fraction: float) -> list[PhotoFile]:
    """Those of the development part; a photo that cannot be read stays, and is counted as a failure later."""
    kept = []
    for photo in photos:
        try:
            digest = hashlib.sha256(photo.read()).hexdigest()
        except PhotoRefused:
            kept.append(photo)
            continue
        if held_out(SplitPhoto(source, photo.name, None, digest), {source: fraction}):
            kept.append(photo)
    if len(kept) < 2:
        raise FaceguardError(f"Fewer than two photos are kept apart with the fraction {fraction:g}.")
    return kept


def _grown_up(photos: list[PhotoFile], age_from: int) -> list[PhotoFile]:
    try:
        ages = [utk_age(photo.name) for photo in photos]
    except ValueError as error:
        raise FaceguardError(f"{error}; --age-from reads the age there.") from error
    kept = [photo for photo, age in zip(photos, ages, strict=True) if age is not None and age >= age_from]
    if len(kept) < 2:
        raise FaceguardError(f"Fewer than two photos show somebody of {age_from} years or more.")
    return kept


def _groups(names: list[str], listed: Path | None) -> list[str | None]:
    """Of each photo."""
    if listed is not None:
        by_name: Mapping[str, str | None] = read_groups(listed)
        missing = [name for name in names if name not in by_name]
        if missing:
            raise FaceguardError(f"{listed} lacks {len(missing)} of {len(names)} photos, the first is {missing[0]}.")
        found = [by_name[name] for name in names]
    else:
        try:
            found = [utk_group(name) for name in names]
        except ValueError as error:
            raise FaceguardError(f"{error}; name the groups in a file with --groups.") from error
    if not any(found):
        raise FaceguardError("Not one of the photos belongs to a known group.")
    return found


def _tau(bench: Bench, chosen: float | None) -> float:
    if chosen is not None:
        return chosen
    if bench.tau is None:
        raise FaceguardError(f"The encoder {bench.card.id} has no measured tau; name one with --tau.")
    return bench.tau
