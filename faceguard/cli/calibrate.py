"""Both taus for the people who are enrolled now; proposed, and taken when the admin says so."""

from __future__ import annotations

import contextlib
import math
from datetime import UTC, datetime
from typing import Any, Final

import click

from faceguard.cli.context import Context, as_json, ask_pin, json_option
from faceguard.domain.errors import FaceguardError
from faceguard.evaluation.calibration import Estimate
from faceguard.evaluation.door import (
    LOOKS,
    PAIR_FMR,
    TARGET_FPIR,
    Proposal,
)
from faceguard.evaluation.genuine import ENOUGH_GENUINE, GenuineScores
from faceguard.store.calibrations import TakenCalibration
from faceguard.tau_picture import Standing

MOST: Final = 0.1
"""Greatest rate that can be asked for: a door that lets in one stranger's attempt in ten is none."""
CHOOSE: Final = "Take the proposal: faceguard calibrate --apply."


def one_rate(_context: click.Context, _option: click.Parameter, value: float) -> float:
    """A rate that a door may have: what is meant as per cent must not pass for a share."""
    if not 1e-9 <= value <= MOST:
        raise click.BadParameter(f"a share from 1e-9 to {MOST}, for example 0.001 for one in 1,000")
    return value


@click.command()
@click.option(
    "--fpir",
    type=float,
    default=TARGET_FPIR,
    show_default=True,
    callback=one_rate,
    help="Share of strangers' attempts that may be let in, 1:N.",
)
@click.option(
    "--pair-fmr",
    type=float,
    default=PAIR_FMR,
    show_default=True,
    callback=one_rate,
    help="False matches of one comparison, 1:1.",
)
@click.option("--apply", "apply_", is_flag=True, help="Take both taus; admin PIN.")
@click.option("--reason", default="", help="Why, for the event log; taus that let strangers in want one.")
@json_option
@click.pass_context
def calibrate(context: click.Context, fpir: float, pair_fmr: float, apply_: bool, reason: str, json_: bool) -> None:
    """Propose tau for the people who are enrolled now: for the search (1:N) and for one named person (1:1).

    From the impostor model on the encoder's card, and from the gallery against itself. Nothing is changed without
    --apply. Exit code 1 when no tau can be proposed.
    """
    app: Context = context.obj
    with contextlib.closing(app.house.open_desk(networks=False)) as desk:
        now = app.house.tau_standing(desk)
        proposal = now.door.propose(fpir, pair_fmr)
        staff = staff_answer(desk.taus.staff(), None if proposal.search is None else proposal.search.tau)
        if apply_:
            if proposal.search is None or proposal.pair is None:
                raise FaceguardError(f"There are not two taus to take; nothing was taken. {' '.join(proposal.notes)}")
            for line in lines(now, proposal, staff):
                click.echo(line, err=True)
            desk.unlock(ask_pin("Admin PIN"))
            if app.house.tau_standing(desk).door.propose(fpir, pair_fmr) != proposal:
                raise FaceguardError("People or networks changed meanwhile; nothing was taken. Calibrate again.")
            desk.taus.take(taken_of(now, proposal), reason)
            now = app.house.tau_standing(desk)
    if json_:
        as_json({**answer(now, proposal), "staff": staff, "applied": apply_})
    else:
        for line in in_force(now) if apply_ else lines(now, proposal, staff):
            click.echo(line)
    context.exit(0 if proposal.search is not None else 1)


def taken_of(now: Standing, proposal: Proposal) -> TakenCalibration:
    """What is stored of a proposal that is taken."""
    search, pair = proposal.search, proposal.pair
    assert search is not None
    assert proposal.basis is not None
    return TakenCalibration(
        datetime.now(UTC),
        now.card.tau_owner,
        now.door.people,
        now.door.templates,
        proposal.basis.value,
        search.n_strangers,
        proposal.target,
        search.tau,
        search.low,
        search.value,
        search.high,
        None if pair is None else pair.fmr,
        None if pair is None else pair.tau,
    )


def staff_answer(staff: GenuineScores, tau: float | None) -> dict[str, Any]:
    """What is known about staff, once there are enough scores."""
    rate = None if tau is None else staff.beyond(tau)
    return {
        "n_genuine": staff.known,
        "needed": ENOUGH_GENUINE,
        "by_domain": {domain.value: n for domain, n in staff.by_domain().items()},
        "by_origin": {origin.value: n for origin, n in staff.by_origin().items()},
        "beyond_tau": None
        if rate is None
        else {
            "low": rate.low,
            "value": rate.value,
            "high": rate.high,
            "n": rate.n,
            "people": rate.people,
            "unexplained_refusals": rate.unexplained,
        },
    }


def estimate_answer(found: Estimate | None) -> dict[str, Any] | None:
    """One estimate for machines."""
    if found is None:
        return None
    return {
        "tau": found.tau,
        "low": found.low,
        "value": found.value,
        "high": found.high,
        "n_strangers": found.n_strangers,
        "events": found.events,
        "support": found.support.value,
    }


def answer(now: Standing, proposal: Proposal) -> dict[str, Any]:
    """All of it for machines."""
    door, search, pair, taken = now.door, proposal.search, proposal.pair, now.taken
    tau = None if search is None else search.tau
    return {
        "encoder": now.card.tau_owner,
        "k": door.people,
        "templates": door.templates,
        "looks": LOOKS,
        "target_fpir": proposal.target,
        "tau": tau,
        "basis": None if proposal.basis is None else proposal.basis.value,
        "predicted": estimate_answer(search),
        "by_model": estimate_answer(None if door.by_model is None or tau is None else door.by_model.at(tau)),
        "gallery_itself": estimate_answer(None if door.itself is None or tau is None else door.itself.at(tau)),
        "labelled_strangers": estimate_answer(None if door.seen is None or tau is None else door.seen.at(tau)),
        "pair": None
        if pair is None
        else {
            "tau": pair.tau,
            "target_fmr": pair.fmr,
            "basis": pair.basis.value,
            "predicted": {"low": pair.low, "value": pair.value, "high": pair.high},
        },
        "notes": list(proposal.notes),
        "present": {
            "tau": now.tau,
            "tau_pair": now.tau_pair,
            "states": [state.value for state in now.verdict.states],
            "predicted": estimate_answer(now.verdict.estimate),
            "sentences": list(now.verdict.sentences),
            "rated_size": door.rated_size,
        },
        "taken": None
        if taken is None
        else {
            "time": taken.time.isoformat(),
            "encoder": taken.encoder,
            "k": taken.people,
            "target_fpir": taken.target_fpir,
            "tau": taken.tau,
            "tau_pair": taken.tau_pair,
            "counts": now.counts,
        },
    }


def lines(now: Standing, proposal: Proposal, staff: dict[str, Any]) -> list[str]:
    """The same for people."""
    door, search, pair = now.door, proposal.search, proposal.pair
    text = [f"{door.people} people with {door.templates} templates of {now.card.tau_owner}."]
    if search is None:
        text.append("1:N  no tau can be proposed.")
    else:
        text.append(
            f"1:N  tau {search.tau:.4f}: {share(search.value)} [{share(search.low)}, {share(search.high, up=True)}] of "
            f"strangers' attempts ({LOOKS} looks each; {share(proposal.target)} asked for), from the {proposal.basis}, "
            f"{search.support.value}."
        )
        if door.itself is not None:
            own = door.itself.at(search.tau)
            text.append(
                f"     The gallery against itself there: {own.events} pairs of people too near; so at most "
                f"{own.high:.2%} at 95 % confidence."
            )
        if door.seen is not None:
            seen = door.seen.at(search.tau)
            text.append(
                f"     Strangers who came here, as the desk says: {seen.events} of {seen.n_strangers} would be let in; "
                f"so at most {seen.high:.1%} at 95 % confidence."
            )
    if pair is None:
        text.append("1:1  no tau can be proposed.")
    else:
        text.append(
            f"1:1  tau {pair.tau:.4f}: {share(pair.value)} [{share(pair.low)}, {share(pair.high, up=True)}] of "
            f"strangers' comparisons with one person ({share(pair.fmr)} asked for), from the {pair.basis}."
        )
    measured = staff["beyond_tau"]
    if measured is None:
        text.append(
            f"Staff: not measured here ({staff['n_genuine']} of {staff['needed']} genuine scores: live checks, further "
            "pictures, attempts with a right PIN)."
        )
    else:
        text.append(
            f"Staff: {measured['value']:.1%} [{measured['low']:.1%}, {measured['high']:.1%}] of {measured['n']} scores "
            f"of {measured['people']} people lie beyond it; {measured['unexplained_refusals']} refusals that nobody "
            "explained are not in it."
        )
        text.append("       " + ", ".join(f"{n} {domain}" for domain, n in staff["by_domain"].items()) + ".")
    text += [f"- {note}" for note in proposal.notes]
    return [*text, *in_force(now)]


def in_force(now: Standing) -> list[str]:
    """The taus that the door uses, and what is to be said about them."""
    one, other = ("none" if tau is None else f"{tau:.4f}" for tau in (now.tau, now.tau_pair))
    states = " and ".join(state.value for state in now.verdict.states)
    text = [f"In force: tau {one} for the search, {other} for one named person: {states}."]
    if now.taken is not None:
        text.append(
            f"Calibrated on {now.taken.time.date()} for {now.taken.people} people of {now.taken.encoder}"
            f"{'' if now.counts else '; another tau is in force'}."
        )
    text += [f"! {sentence}" for sentence in now.verdict.sentences]
    return [*text, CHOOSE] if now.verdict.outgrown else text


def share(rate: float, *, up: bool = False) -> str:
    """A rate in per cent to two figures; an upper bound is never rounded down."""
    if rate <= 0.0:
        return "0 %"
    step = 10.0 ** (math.floor(math.log10(rate)) - 1)
    shown = min(1.0, (math.ceil(rate / step - 1e-9) if up else round(rate / step)) * step)
    return f"{100 * shown:.{max(0, 1 - math.floor(math.log10(100 * shown)))}f} %"
