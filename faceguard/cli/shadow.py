"""What would the door have done while it opened nothing?"""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import click

from faceguard.cli.context import Context, as_json, json_option
from faceguard.evaluation.error_rates import Share
from faceguard.shadow_summary import ShadowSummary, summary

HISTOGRAM_BIN: Final = 0.1
NAMES_SHOWN: Final = 20


@click.command()
@click.option("--days", type=click.IntRange(1, 3650), default=7, show_default=True, help="How far back.")
@json_option
@click.pass_obj
def shadow(context: Context, days: int, json_: bool) -> None:
    """What the door would have done in shadow mode, and what is missing before that says enough.

    Shadow mode is the setting door.shadow: the door decides, records and shows, and opens nothing.
    """
    house = context.house
    start = datetime.now(UTC) - timedelta(days=days)
    with contextlib.closing(house.open_desk(networks=False)) as desk:
        found = summary(
            desk.events_since(start),
            desk.labels.since(start),
            {person.subject.subject_id: person.subject.name for person in desk.people() if person.ready},
            house.measured().tau_owner,
            labelling=desk.labels.allowed,
        )
        on = desk.settings().switch("door.shadow")
    if json_:
        as_json({"shadow": on, "days": days, **answer(found)})
        return
    for line in lines(found, days, on=on):
        click.echo(line)


def answer(found: ShadowSummary) -> dict[str, Any]:
    """For machines."""
    labels = found.labels
    return {
        "from": None if found.first is None else found.first.isoformat(),
        "to": None if found.last is None else found.last.isoformat(),
        "attempts": found.attempts,
        "would_grant": _share(found.opened),
        "would_ask": {**_share(found.asked), "reasons": dict(found.ask_reasons), "then_grant": found.asked_opened.k},
        "would_deny": {**_share(found.denied), "reasons": dict(found.deny_reasons)},
        "per_day": [
            {"day": d.day.isoformat(), "would_grant": d.opened, "would_ask": d.asked, "would_deny": d.denied}
            for d in found.days
        ],
        "denied_distances": list(found.distances),
        "tau": found.tau,
        "tau_changed": found.tau_changed,
        "seen": [{"subject_id": p.subject_id, "subject": p.name} for p in found.seen],
        "never_seen": [{"subject_id": p.subject_id, "subject": p.name} for p in found.unseen],
        "labels": {
            "strangers": {**_share(labels.let_in), "attempts": labels.stranger_attempts, "at_most": labels.at_most},
            "strangers_asked": labels.asked,
            "strangers_refused_by_liveness": labels.attacks,
            "staff": {"attempts": labels.staff_attempts, "sent_back": labels.sent_back},
            "false_accepts": list(labels.false_accepts),
            "denies_without": labels.open_denies,
        },
        "genuine_scores": found.genuine,
        "faults": found.faults,
        "other_encoders": found.other_encoders,
        "missing": [{"what": m.what, "have": m.have, "wanted": m.wanted} for m in found.missing if not m.enough],
    }


def _share(share: Share) -> dict[str, Any]:
    low, high = share.interval
    return {"k": share.k, "n": share.n, "low": low, "high": high}


def lines(found: ShadowSummary, days: int, *, on: bool) -> list[str]:
    """For people."""
    state = "Shadow mode is on: nothing opens." if on else "Shadow mode is off: grants open the door."
    if found.first is None or found.last is None:
        how = "" if on else " Switch it on: faceguard settings set door.shadow true"
        return [state, f"Nothing was decided in shadow mode in the last {days} days.{how}"]
    first, last = (t.astimezone().strftime("%Y-%m-%d %H:%M") for t in (found.first, found.last))
    text = [state, f"From {first} to {last}: {found.attempts} attempts."]
    for word, share, reasons in (
        ("open", found.opened, ()),
        ("ask for the PIN", found.asked, found.ask_reasons),
        ("stay shut", found.denied, found.deny_reasons),
    ):
        text.append(f"  would {word:<16} {share}")
        text += [f"    {count:>5}  {reason}" for reason, count in reasons]
    if found.asked.k:
        text.append(f"  {found.asked_opened.k} of the {found.asked.k} who were asked gave the right PIN.")
    text.append("Day by day (would open, ask, stay shut):")
    text += [f"  {d.day}  {d.opened:>5} {d.asked:>5} {d.denied:>5}" for d in found.days]
    if found.distances:
        text.append("Nearest distance d of those for whom it would have stayed shut (liveness refusals left out):")
        text += _histogram(found.distances, found.tau)
    text.append(f"{len(found.seen)} of {len(found.seen) + len(found.unseen)} enrolled people were recognised.")
    if found.unseen:
        names = ", ".join(f"{p.name} ({p.subject_id})" for p in found.unseen[:NAMES_SHOWN])
        more = f", and {len(found.unseen) - NAMES_SHOWN} more" if len(found.unseen) > NAMES_SHOWN else ""
        text.append(f"Never recognised, or never there: {names}{more}.")
    if found.labels.false_accepts:
        numbers = ", ".join(map(str, found.labels.false_accepts))
        text.append(f"ATTENTION: {found.labels.false_accept_words} Events {numbers}. Try faceguard calibrate.")
    labels = found.labels
    text += [words for words in (labels.stranger_words, labels.attack_words, labels.staff_words) if words]
    if found.faults:
        text.append(f"The door was out of service {found.faults} times.")
    if found.tau_changed:
        text.append("tau was changed meanwhile; the counts mix what several of them decided.")
    if found.other_encoders:
        text.append(f"{found.other_encoders} events of another encoder were left out.")
    missing = [str(m) for m in found.missing if not m.enough]
    text.append(f"Too early to rely on: {', '.join(missing)}." if missing else "That is enough to start with.")
    return text


def _histogram(distances: tuple[float, ...], tau: float | None) -> list[str]:
    counts: dict[int, int] = {}
    for distance in distances:
        place = int(distance / HISTOGRAM_BIN + 1e-9)  # 0.7 belongs to the bin that begins with it
        counts[place] = counts.get(place, 0) + 1
    text = []
    for place in range(min(counts), max(counts) + 1):
        low, high = place * HISTOGRAM_BIN, (place + 1) * HISTOGRAM_BIN
        mark = "  <- tau" if tau is not None and low <= tau < high else ""
        text.append(f"  {low:.1f} to {high:.1f}  {counts.get(place, 0):>5}{mark}")
    return text
