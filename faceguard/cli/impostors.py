"""Fits the impostor model of an encoder: how often strangers lie within a distance, in few numbers and of nobody."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Final

import click
import numpy as np
import tomlkit

from faceguard.camera.photo_file import SUFFIXES
from faceguard.cli.context import Context, as_json, json_option
from faceguard.cli.models import admin_desk
from faceguard.cli.photo_bench import (
    Bench,
    cache_folder,
    cache_options,
    encoder_options,
    open_bench,
    photo_files,
    require_own_card,
)
from faceguard.domain.errors import FaceguardError
from faceguard.domain.impostor import ImpostorModel
from faceguard.evaluation.datasets import read_identity_folder
from faceguard.evaluation.impostor_fit import fit_impostor_model
from faceguard.models.catalogue import impostor_table

ONE_PLACE: Final = "It speaks for these photos only; other cameras, light and people were not measured."


@click.command()
@click.argument("root", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Of the split of the check.")
@click.option("--limit", type=click.IntRange(2), help="Only the first people by name.")
@click.option("--to-card", is_flag=True, help="Write it onto the card of the encoder, one that was added; admin PIN.")
@click.option("--toml", is_flag=True, help="Print it as it stands on a card, in place of the table.")
@cache_options
@encoder_options
@json_option
@click.pass_obj
def impostors(
    context: Context,
    root: Path,
    seed: int,
    limit: int | None,
    to_card: bool,
    toml: bool,
    encoder_id: str | None,
    mirror: bool | None,
    cache: Path | None,
    no_cache: bool,
    json_: bool,
) -> None:
    """A folder with one folder a person: the distribution of strangers' distances, for the encoder's card.

    A small gallery has no strangers to be measured with; tau for it is read from this. Its tail is checked: fitted on
    half of the people and compared with the other half, and the other way round.
    """
    data = read_identity_folder(root, SUFFIXES, limit)
    if to_card:
        if mirror is not None:
            raise click.UsageError("--to-card measures the encoder as its card says, without --mirror or --no-mirror.")
        require_own_card(context, encoder_id)
        admin_desk(context).close()
    bench = open_bench(context, encoder_id, mirror, cache_folder(context, cache, no_cache))
    acquired = bench.acquire(photo_files(data.photos, root))
    person = np.array(data.person)[acquired.present]
    try:
        model = fit_impostor_model(acquired.matrix[acquired.present], person, data_set_of(bench, root.name), seed)
    except ValueError as error:
        raise FaceguardError(f"{root}: {error}.") from error
    if to_card:
        context.house.catalogue.calibrate(bench.card.id, None, impostor=model)
    if json_:
        as_json({"impostor": dataclasses.asdict(model), "seed": seed, **bench.answer()})
    elif toml:
        click.echo(tomlkit.dumps({"impostor": impostor_table(model)}), nl=False)
    else:
        for line in lines(model):
            click.echo(line)


def data_set_of(bench: Bench, name: str) -> str:
    """Where a model was measured, for its card."""
    networks = bench.networks
    through = f"{networks.detector.card.id} and {networks.landmarks.card.id}"
    return f"{name} through {through}, {'mirror' if bench.card.mirror else 'no mirror'}"


def lines(model: ImpostorModel) -> list[str]:
    """The model for people."""
    text = [
        f"Fitted on {model.data_set}: {model.photos:,} photos of {model.people:,} people, {model.pairs:,} pairs of "
        "people, each weighing the same.",
        f"{'FMR':>9} {'d':>7}   a person's own FMR varies by",
    ]
    known = dict(model.spread)
    for fmr in (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6):
        varies = f"{known[fmr] ** 0.5:>8.0%} of it" if fmr in known else ""
        mark = "" if fmr >= model.measured_to else "   extrapolated"
        text.append(f"{fmr:>9g} {model.tau_at(fmr):>7.4f} {varies}{mark}")
    text.append(
        f"Tail below d {model.knots[-1][0]:.4f} (FMR {model.knots[-1][1]:.2g}): generalised Pareto, scale "
        f"{model.scale:g}, shape {model.shape:g}."
    )
    text.append("Predicted over observed, fitted on one half of the people and counted on the other:")
    for check in model.checks:
        text.append(
            f"{check.fmr:>9g} {check.ratio:>7.2f}, halves changed over {check.ratio_back:.2f} "
            f"({check.pairs:,} pairs of people)"
        )
    if not model.checks:
        text.append("  not checked: too few people")
    return [*text, ONE_PLACE]
