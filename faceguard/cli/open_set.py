"""Does a calibrated tau keep what it promises? Half of the people calibrate, the other half tests."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import click
import numpy as np

from faceguard.camera.photo_file import SUFFIXES
from faceguard.cli.context import Context, as_json, json_option, whole_numbers
from faceguard.cli.photo_bench import cache_folder, cache_options, encoder_options, open_bench, photo_files
from faceguard.domain.errors import FaceguardError
from faceguard.evaluation.calibration import Support
from faceguard.evaluation.datasets import read_identity_folder
from faceguard.evaluation.open_set import OpenSetPoint, open_set_test

NOTES: Final = (
    "A rate is that of one search with one photo; an attempt at the door looks once or twice, so at most the double.",
    "Bounds are of prediction at 95 %: for one other gallery of this size and as many other strangers as the test has.",
    "Observed bounds are Clopper-Pearson for the one gallery of the test.",
)


def rates(_context: click.Context, _option: click.Parameter, value: str) -> tuple[float, ...]:
    """``"0.1,0.01"`` -> ``(0.1, 0.01)``, each between 0 and 1."""
    try:
        found = tuple(dict.fromkeys(float(word) for word in value.split(",")))
    except ValueError:
        raise click.BadParameter(f"{value!r} is no list of rates such as 0.1,0.01") from None
    if not all(math.isfinite(rate) and 0.0 < rate < 1.0 for rate in found):
        raise click.BadParameter("a rate lies between 0 and 1")
    return found


@click.command("open-set")
@click.argument("root", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--gallery", metavar="K,...", default="100", show_default=True, callback=whole_numbers)
@click.option("--fpir", metavar="RATE,...", default="0.1,0.01", show_default=True, callback=rates, help="Targets.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Of split and draws.")
@click.option("--limit", type=click.IntRange(2), help="Only the first people by name.")
@cache_options
@encoder_options
@json_option
@click.pass_obj
def open_set(
    context: Context,
    root: Path,
    gallery: tuple[int, ...],
    fpir: tuple[float, ...],
    seed: int,
    limit: int | None,
    encoder_id: str | None,
    mirror: bool | None,
    cache: Path | None,
    no_cache: bool,
    json_: bool,
) -> None:
    """A folder with one folder a person: tau for a target FPIR in galleries of K people, and whether it holds.

    One half of the people, drawn by the seed, gives tau and the bounds of what is to be expected; of the other half a
    gallery is enrolled with one photo a person, and everybody else searches it once. Nobody is in both halves.
    """
    data = read_identity_folder(root, SUFFIXES, limit)
    bench = open_bench(context, encoder_id, mirror, cache_folder(context, cache, no_cache))
    acquired = bench.acquire(photo_files(data.photos, root))
    matrix, person = acquired.matrix[acquired.present], np.array(data.person)[acquired.present]
    try:
        points = [point for people in gallery for point in open_set_test(matrix, person, people, fpir, seed)]
    except ValueError as error:
        raise FaceguardError(f"--gallery: {error}; half of the people in {root} are in the draw.") from error
    if json_:
        as_json(
            {
                "points": [point_answer(point) for point in points],
                "seed": seed,
                "looks": 1,
                "people": len(data.people),
                "photos": len(data.photos),
                "failed_to_acquire": acquired.failed,
                **bench.answer(),
            }
        )
        return
    click.echo(f"Encoder {bench.card.encoder_id}, seed {seed}; {len(data.photos)} photos of {len(data.people)} people.")
    for line in table(points):
        click.echo(line)


def point_answer(point: OpenSetPoint) -> dict[str, Any]:
    """One point for machines."""
    low, high = point.observed_bounds
    predicted = point.predicted
    return {
        "target_fpir": point.target,
        "k": point.people,
        "tau": predicted.tau,
        "predicted": {"low": predicted.low, "value": predicted.value, "high": predicted.high},
        "observed": {"low": low, "value": point.observed, "high": high, "n_strangers": point.n_strangers},
        "fnir": point.fnir,
    }


def table(points: Sequence[OpenSetPoint]) -> list[str]:
    """The same for people."""
    text = [
        f"{'K':>5} {'target':>8} {'tau':>7} {'predicted FPIR':>27} {'pairs':>6} {'observed FPIR':>27} "
        f"{'strangers':>9} {'FNIR':>7}"
    ]
    for point in points:
        predicted = point.predicted
        low, high = point.observed_bounds
        fnir = "-" if point.fnir is None else f"{point.fnir:.1%}"
        text.append(
            f"{point.people:>5} {point.target:>8g} {predicted.tau:>7.4f} "
            f"{predicted.value:>8.2%} [{predicted.low:>6.2%}, {predicted.high:>7.2%}] {predicted.events:>6} "
            f"{point.observed:>8.2%} [{low:>6.2%}, {high:>7.2%}] {point.n_strangers:>9} {fnir:>7}"
            + ("" if point.came_true else "  outside what was predicted")
            + ("  extrapolated: nothing seen" if predicted.support is Support.EXTRAPOLATED else "")
        )
    return [*text, *NOTES]
