"""Learned comparisons: list, add, choose, remove."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any, Final

import click

from faceguard.cli.context import Context, as_json, json_option
from faceguard.cli.models import admin_desk
from faceguard.comparing import require_head_of
from faceguard.domain.errors import ModelFault
from faceguard.domain.head_card import HeadCard
from faceguard.evaluation.side_by_side import SQUARED
from faceguard.models.heads import HeadEntry, read_head

KEY: Final = "models.comparison"


@click.group()
def comparison() -> None:
    """By what two faces are compared: squared distance, or what `faceguard train head` learned."""


@comparison.command("list")
@json_option
@click.pass_obj
def list_heads(context: Context, json_: bool) -> None:
    """The squared distance and all learned comparisons; the one in use has a star."""
    used, entries = context.house.settings().text(KEY), context.house.heads.entries()
    if json_:
        as_json({"in_use": used or SQUARED, "comparisons": [_described(entry, used) for entry in entries]})
        return
    click.echo(f"{' ' if used else '*'} {SQUARED:<32} d = ||f(a) - f(b)||^2")
    for entry in entries:
        star = "*" if entry.id == used else " "
        click.echo(f"{star} {entry.id:<32} {entry.fault if entry.card is None else _summary(entry.card)}")


@comparison.command("add")
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_obj
def add_head(context: Context, file: Path) -> None:
    """Copy the comparison in FILE into the data folder; asks for the admin PIN. It is not used before it is chosen."""
    read_head(file)
    with contextlib.closing(admin_desk(context)):
        card = context.house.heads.add(file)
    click.echo(f"The comparison {card.id} is added; `faceguard models comparison use {card.id}` puts it to use.")
    if card.default_tau is None:
        click.echo(_NO_TAU)


@comparison.command("use")
@click.argument("id_", metavar="ID")
@click.pass_obj
def use_head(context: Context, id_: str) -> None:
    """Compare by ID from the next start, or by `squared` distance again; asks for the admin PIN.

    Templates stay as they are. A tau belongs to its comparison: one that was set, or calibrated, for another does not
    count with this one.
    """
    card: HeadCard | None = None
    if id_ != SQUARED:
        card = context.house.heads.card(id_)
        require_head_of(card, context.house.encoder_card())
    with contextlib.closing(admin_desk(context)) as desk:
        desk.set(KEY, "" if card is None else card.id)
    click.echo(f"{KEY} = {'(squared distance)' if card is None else card.id}; it counts from the next start.")
    click.echo("What was calibrated for another comparison no longer counts: faceguard calibrate --apply.")
    if card is not None and card.default_tau is None:
        click.echo(_NO_TAU)


@comparison.command("remove")
@click.argument("id_", metavar="ID")
@click.pass_obj
def remove_head(context: Context, id_: str) -> None:
    """Delete the comparison ID; asks for the admin PIN."""
    with contextlib.closing(admin_desk(context)):
        if context.house.settings().text(KEY) == id_:
            raise ModelFault(f"The comparison '{id_}' is in use; choose another one first.")
        context.house.heads.remove(id_)
    click.echo(f"The comparison {id_} is removed.")


_NO_TAU: Final = (
    "It has no measured tau: the door lets nobody in until one is set (`faceguard settings set access.tau VALUE`). "
    "`faceguard train head` measures one, given enough people."
)


def _summary(card: HeadCard) -> str:
    tau = "tau not measured" if card.default_tau is None else f"tau {card.default_tau.value:.4f}"
    rated = "not measured" if card.rated_size is None else str(card.rated_size)
    return f"{card.head.kind}, for {card.head.encoder_id}, {tau} at FMR {card.default_fmr:g}, rated size {rated}"


def _described(entry: HeadEntry, used: str) -> dict[str, Any]:
    found: dict[str, Any] = {"id": entry.id, "in_use": entry.id == used, "fault": entry.fault or None}
    card = entry.card
    if card is not None:
        found |= {
            "kind": card.head.kind.value,
            "encoder": str(card.head.encoder_id),
            "digest": card.head.digest,
            "origin": card.origin,
            "tau": None if card.default_tau is None else card.default_tau.value,
            "rated_size": card.rated_size,
        }
    return found
