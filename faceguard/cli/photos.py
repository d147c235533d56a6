"""Questions about stored photos. They open no door, and liveness is not checked."""

from __future__ import annotations

import contextlib
from pathlib import Path

import click

from faceguard.cli.context import Context, as_json, json_option

SKIPPED = "Photos given on the command line are not checked for liveness; this opens no door."


@click.command()
@click.argument("one", type=click.Path(path_type=Path))
@click.argument("other", type=click.Path(path_type=Path))
@json_option
@click.pass_context
def verify(context: click.Context, one: Path, other: Path, json_: bool) -> None:
    """1:1: do the photos ONE and OTHER show the same person? Exit code 0 yes, 1 no."""
    app: Context = context.obj
    with contextlib.closing(app.house.open_desk()) as desk:
        distance, tau = desk.verify(one, other)
    same = tau is not None and distance.within(tau)
    if json_:
        as_json(
            {
                "distance": distance.value,
                "tau": None if tau is None else tau.value,
                "same": same,
                "encoder": str(app.house.networks.encoder.encoder_id),
            }
        )
    else:
        limit = "no measured tau" if tau is None else f"tau {tau.value:.3f}"
        click.echo(f"{'The same person' if same else 'Not the same person'}: d {distance.value:.3f}, {limit}.")
        click.echo(SKIPPED, err=True)
    context.exit(0 if same else 1)


@click.command()
@click.argument("photo", type=click.Path(path_type=Path))
@json_option
@click.pass_context
def identify(context: click.Context, photo: Path, json_: bool) -> None:
    """1:N: who of the enrolled people is on this PHOTO? Exit code 0 recognised, 1 not."""
    app: Context = context.obj
    with contextlib.closing(app.house.open_desk()) as desk:
        found = desk.identify(photo)
    if json_:
        as_json(
            {
                "match": found.subject is not None,
                "subject": None if found.subject is None else found.subject.name,
                "distance": None if found.distance is None else found.distance.value,
                "tau": None if found.tau is None else found.tau.value,
                "runner_up": None if found.runner_up is None else found.runner_up.value,
                "reason": found.reason,
                "encoder": str(app.house.networks.encoder.encoder_id),
            }
        )
    else:
        who = "Nobody" if found.subject is None else found.subject.name
        numbers = "" if found.distance is None else f", d {found.distance.value:.3f}"
        limit = "" if found.tau is None else f", tau {found.tau.value:.3f}"
        click.echo(f"{who}{f' ({found.reason})' if found.reason else ''}{numbers}{limit}.")
        click.echo(SKIPPED, err=True)
    context.exit(0 if found.subject is not None else 1)
