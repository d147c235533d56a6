"""Questions about stored photos. They open no door, and liveness is not checked."""

from __future__ import annotations

import contextlib
import math
from pathlib import Path

import click

from faceguard.cli.context import Context, as_json, json_option
from faceguard.domain.errors import FaceguardError
from faceguard.domain.similarity import probability

SKIPPED = "Photos given on the command line are not checked for liveness; this opens no door."


def _prior(_context: click.Context, _option: click.Parameter, value: float | None) -> float | None:
    if value is not None and not 0.0 < value < 1.0:
        raise click.BadParameter("a probability between 0 and 1, for example 0.5")
    return value


def _share(probable: float) -> str:
    """Never rounded to certainty."""
    if probable > 0.99995:
        return "more than 0.9999"
    return "less than 0.0001" if probable < 0.00005 else f"{probable:.4f}"


@click.command()
@click.argument("one", type=click.Path(path_type=Path))
@click.argument("other", type=click.Path(path_type=Path))
@click.option(
    "--prior",
    type=float,
    callback=_prior,
    help="How probable it was before the photos were compared, from 0 to 1; with a learned comparison.",
)
@json_option
@click.pass_context
def verify(context: click.Context, one: Path, other: Path, prior: float | None, json_: bool) -> None:
    """1:1: do the photos ONE and OTHER show the same person? Exit code 0 yes, 1 no.

    A learned comparison gives a likelihood ratio (LLR, its logarithm): how many times as likely these photos are of one
    person as of two. How probable that makes one person depends on how probable it was before: --prior says it.
    """
    app: Context = context.obj
    card = app.house.networks.head
    if prior is not None and card is None:
        raise FaceguardError(
            "The squared distance gives no probability. Choose a learned comparison (faceguard models comparison), or "
            "leave --prior out."
        )
    with contextlib.closing(app.house.open_desk()) as desk:
        distance, tau = desk.verify(one, other)
    same = tau is not None and distance.within(tau)
    llr = None if card is None else float(card.head.llr_of(distance.value))
    probable = None if llr is None or prior is None else probability(llr, prior)
    if json_:
        as_json(
            {
                "distance": distance.value,
                "tau": None if tau is None else tau.value,
                "same": same,
                "encoder": app.house.networks.measured.tau_owner,
                **({} if llr is None else {"llr": llr, "prior": prior, "probability": probable}),
            }
        )
    else:
        limit = "no measured tau" if tau is None else f"tau {tau.value:.3f}"
        click.echo(f"{'The same person' if same else 'Not the same person'}: d {distance.value:.3f}, {limit}.")
        if llr is not None:
            click.echo(f"LLR {llr:+.2f}: {math.exp(llr):.2g} to 1 for one person, before any prior.")
        if probable is not None:
            click.echo(f"P(same person) = {_share(probable)} assuming a prior of {prior:g}.")
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
                "encoder": app.house.networks.measured.tau_owner,
            }
        )
    else:
        who = "Nobody" if found.subject is None else found.subject.name
        numbers = "" if found.distance is None else f", d {found.distance.value:.3f}"
        limit = "" if found.tau is None else f", tau {found.tau.value:.3f}"
        click.echo(f"{who}{f' ({found.reason})' if found.reason else ''}{numbers}{limit}.")
        click.echo(SKIPPED, err=True)
    context.exit(0 if found.subject is not None else 1)
