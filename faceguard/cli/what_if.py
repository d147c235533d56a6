"""How would the recorded events have ended at another tau?"""

from __future__ import annotations

import contextlib
import math
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from faceguard.cli.context import Context, as_json, json_option
from faceguard.domain.score import Threshold
from faceguard.what_if import CANNOT_KNOW, Replay, WhatIf


def _tau(_context: click.Context, _option: click.Parameter, value: float) -> Threshold:
    if not (math.isfinite(value) and 0.0 < value <= 4.0):
        raise click.BadParameter("tau is greater than 0 and at most 4")
    return Threshold(value)


@click.command("what-if")
@click.option("--tau", type=float, required=True, callback=_tau, help="tau of the search (1:N) to be tried.")
@click.option("--days", type=click.IntRange(1, 3650), default=30, show_default=True, help="How far back.")
@json_option
@click.pass_obj
def what_if(context: Context, tau: Threshold, days: int, json_: bool) -> None:
    """Replay the recorded events at another tau: which grants and denies would have ended otherwise.

    By the door's own rule on the recorded distances; nothing is changed and no picture is needed, for none is kept.
    """
    with contextlib.closing(context.house.open_desk(networks=False)) as desk:
        events = desk.events_since(datetime.now(UTC) - timedelta(days=days))
        margin = desk.settings().number("access.margin")
    encoder = context.house.measured().tau_owner
    found = Replay.of(events, margin, encoder).at(tau)
    if json_:
        as_json({**answer(found), "days": days, "margin": margin, "encoder": encoder})
        return
    for line in lines(found, days, margin):
        click.echo(line)


def answer(found: WhatIf) -> dict[str, Any]:
    """For machines."""
    return {
        "tau": found.tau,
        "grants": {"recorded": found.grants, "flipped": found.grants_lost},
        "denies": {"recorded": found.denies, "flipped": found.denies_gained},
        "flips": [
            {"time": f.time.isoformat(), "event": f.event_id, "was": f.was.value, "would_be": f.would_be.value}
            for f in found.flips
        ],
        "asks": found.undecided,
        "without_search": found.pairs,
        "other_encoders": found.other_encoders,
        "cannot_know": list(CANNOT_KNOW),
    }


def lines(found: WhatIf, days: int, margin: float) -> list[str]:
    """For people."""
    text = [
        f"The last {days} days at tau {found.tau:.4f}, margin {margin:g}:",
        f"{found.grants_lost} of {found.grants} grants would have been none; "
        f"{found.denies_gained} of {found.denies} denies would have been recognised.",
    ]
    text += [
        f"  {f.time.isoformat(sep=' ', timespec='seconds')}  event {f.event_id}: {f.was}, would be {f.would_be}"
        for f in found.flips
    ]
    if found.pairs:
        text.append(f"{found.pairs} of them compared with one person only, whom a PIN had named, and are untouched.")
    if found.other_encoders:
        text.append(f"{found.other_encoders} events of another encoder or comparison were left out.")
    return [*text, *(f"- {sentence}" for sentence in CANNOT_KNOW)]
