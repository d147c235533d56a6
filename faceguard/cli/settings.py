"""Read and change settings."""

from __future__ import annotations

import contextlib

import click

from faceguard.cli.context import Context, as_json, ask_pin, json_option
from faceguard.config.settings import TABLE, row_of


@click.group()
def settings() -> None:
    """Read and change settings."""


@settings.command("get")
@click.argument("key", required=False)
@json_option
@click.pass_obj
def get(context: Context, key: str | None, json_: bool) -> None:
    """The value of KEY, or all settings."""
    values = context.house.settings()
    rows = [row_of(key)] if key else list(TABLE)
    if json_:
        as_json({row.key: values[row.key] for row in rows})
    elif key:
        click.echo(rows[0].shown(values[key]))
    else:
        for row in rows:
            click.echo(f"{row.key:<28} {row.shown(values[row.key]):<14} {row.help}")


@settings.command("set")
@click.argument("key")
@click.argument("value")
@click.option("--reason", default="", help="Why, for the event log; a tau that lets strangers in wants one.")
@click.pass_obj
def change(context: Context, key: str, value: str, reason: str) -> None:
    """Set KEY to VALUE. What only the admin may change asks for the admin PIN."""
    row = row_of(key)
    row.parsed(value)
    with contextlib.closing(context.house.open_desk(networks=key.startswith("access.tau"))) as desk:
        if row.admin_only and not row.by_program:
            desk.unlock(ask_pin("Admin PIN"))
        changed = desk.set(key, value, reason)
    click.echo(f"{key} = {row.shown(changed[key])}")
