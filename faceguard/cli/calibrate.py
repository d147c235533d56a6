"""Both taus for the people who are enrolled now; proposed, and taken when the admin says so."""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import click
import numpy as np

from faceguard.cli.context import Context, as_json, ask_pin, json_option
from faceguard.compose import House, pair_tau, search_tau
from faceguard.desk import Desk
from faceguard.domain.card import EncoderCard
from faceguard.domain.errors import FaceguardError
from faceguard.evaluation.calibration import Estimate
from faceguard.evaluation.door import (
    ENOUGH_GENUINE,
    LOOKS,
    PAIR_FMR,
    TARGET_FPIR,
    DoorCalibration,
    Proposal,
    Verdict,
    judge_tau,
)
from faceguard.evaluation.error_rates import Share
from faceguard.store.calibrations import TakenCalibration

MOST: Final = 0.1
"""Greatest rate that can be asked for: a door that lets in one stranger's attempt in ten is none."""


def one_rate(_context: click.Context, _option: click.Parameter, value: float) -> float:
    """A rate that a door may have: what is meant as per cent must not pass for a share."""
    if not 1e-9 <= value <= MOST:
        raise click.BadParameter(f"a share from 1e-9 to {MOST}, for example 0.001 for one in 1,000")
    return value


@dataclass(frozen=True, slots=True)
class Present:
    """What is in force now.

    Attributes:
        card: of the encoder in use.
        door: what is known about strangers.
        tau: of the search; None when there is none.
        tau_pair: of the 1:1 comparison; None when there is none.
        verdict: on both, against the targets of the calibration whose tau is in force, else one in 1,000 and 1e-4.
        taken: the last calibration.
        counts: it is the one whose tau is in force.
    """

    card: EncoderCard
    door: DoorCalibration
    tau: float | None
    tau_pair: float | None
    verdict: Verdict
    taken: TakenCalibration | None
    counts: bool


def present(house: House, desk: Desk) -> Present:
    """Look at the gallery, the tau in use and the calibration that was taken last."""
    card = house.encoder_card()
    point = card.point_at(PAIR_FMR)
    pair = None if point is None else (point.fmr, point.tau.value)
    door = DoorCalibration.of(desk.gallery().gallery, card.impostor, card.rated_size, pair)
    search, named = search_tau(desk.settings(), card), pair_tau(desk.settings(), card)
    tau, tau_pair = (None if found is None else found.value for found in (search, named))
    taken, encoder = desk.last_calibration(), str(card.encoder_id)
    # One that was recorded and could not be put in force, or was overruled by hand, has agreed to nothing.
    counts = taken is not None and taken.encoder == encoder and tau is not None and math.isclose(taken.tau, tau)
    verdict = judge_tau(
        door,
        tau,
        taken.target_fpir if taken is not None and counts else TARGET_FPIR,
        tau_pair=tau_pair,
        pair_target=taken.pair_fmr if taken is not None and counts and taken.pair_fmr is not None else PAIR_FMR,
        encoder=encoder,
        stored_encoder=None if taken is None else taken.encoder,
        stored_people=taken.people if taken is not None and counts else None,
    )
    return Present(card, door, tau, tau_pair, verdict, taken, counts)


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
@json_option
@click.pass_context
def calibrate(context: click.Context, fpir: float, pair_fmr: float, apply_: bool, json_: bool) -> None:
    """Propose tau for the people who are enrolled now: for the search (1:N) and for one named person (1:1).

    From the impostor model on the encoder's card, and from the gallery against itself. Nothing is changed without
    --apply. Exit code 1 when no tau can be proposed.
    """
    app: Context = context.obj
    with contextlib.closing(app.house.open_desk(networks=False)) as desk:
        now = present(app.house, desk)
        proposal = now.door.propose(fpir, pair_fmr)
        staff = staff_answer(desk.genuine_distances(), None if proposal.search is None else proposal.search.tau)
        if apply_:
            if proposal.search is None or proposal.pair is None:
                raise FaceguardError(f"There are not two taus to take; nothing was taken. {' '.join(proposal.notes)}")
            for line in lines(now, proposal, staff):
                click.echo(line, err=True)
            desk.unlock(ask_pin("Admin PIN"))
            if present(app.house, desk).door.propose(fpir, pair_fmr) != proposal:
                raise FaceguardError("People or networks changed meanwhile; nothing was taken. Calibrate again.")
            desk.take_calibration(taken_of(now, proposal))
            now = present(app.house, desk)
    if json_:
        as_json({**answer(now, proposal), "staff": staff, "applied": apply_})
    else:
        for line in in_force(now) if apply_ else lines(now, proposal, staff):
            click.echo(line)
    context.exit(0 if proposal.search is not None else 1)


def taken_of(now: Present, proposal: Proposal) -> TakenCalibration:
    """What is stored of a proposal that is taken."""
    search, pair = proposal.search, proposal.pair
    assert search is not None
    assert proposal.basis is not None
    return TakenCalibration(
        datetime.now(UTC),
        str(now.card.encoder_id),
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


def staff_answer(genuine: tuple[float, ...], tau: float | None) -> dict[str, Any]:
    """What is known about staff: grants with a right PIN, once there are enough."""
    n = len(genuine)
    if n < ENOUGH_GENUINE or tau is None:
        return {"n_genuine": n, "needed": ENOUGH_GENUINE, "beyond_tau": None}
    beyond = Share(int(np.count_nonzero(np.array(genuine) > tau)), n)
    low, high = beyond.interval
    return {
        "n_genuine": n,
        "needed": ENOUGH_GENUINE,
        "beyond_tau": {"low": low, "value": beyond.value, "high": high},
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


def answer(now: Present, proposal: Proposal) -> dict[str, Any]:
    """All of it for machines."""
    door, search, pair, taken = now.door, proposal.search, proposal.pair, now.taken
    tau = None if search is None else search.tau
    return {
        "encoder": str(now.card.encoder_id),
        "k": door.people,
        "templates": door.templates,
        "looks": LOOKS,
        "target_fpir": proposal.target,
        "tau": tau,
        "basis": None if proposal.basis is None else proposal.basis.value,
        "predicted": estimate_answer(search),
        "by_model": estimate_answer(None if door.by_model is None or tau is None else door.by_model.at(tau)),
        "gallery_itself": estimate_answer(None if door.itself is None or tau is None else door.itself.at(tau)),
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


def lines(now: Present, proposal: Proposal, staff: dict[str, Any]) -> list[str]:
    """The same for people."""
    door, search, pair = now.door, proposal.search, proposal.pair
    text = [f"{door.people} people with {door.templates} templates of {now.card.encoder_id}."]
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
            f"Staff: not measured here ({staff['n_genuine']} of {staff['needed']} genuine scores; a grant with a right "
            "PIN is one)."
        )
    else:
        text.append(
            f"Staff: {measured['value']:.1%} [{measured['low']:.1%}, {measured['high']:.1%}] of {staff['n_genuine']} "
            "grants with a right PIN lie beyond it; whoever was turned away is not among them."
        )
    text += [f"- {note}" for note in proposal.notes]
    return [*text, *in_force(now)]


def in_force(now: Present) -> list[str]:
    """The taus that the door uses, and what is to be said about them."""
    one, other = ("none" if tau is None else f"{tau:.4f}" for tau in (now.tau, now.tau_pair))
    states = " and ".join(state.value for state in now.verdict.states)
    text = [f"In force: tau {one} for the search, {other} for one named person: {states}."]
    if now.taken is not None:
        text.append(
            f"Calibrated on {now.taken.time.date()} for {now.taken.people} people of {now.taken.encoder}"
            f"{'' if now.counts else '; another tau is in force'}."
        )
    return [*text, *(f"! {sentence}" for sentence in now.verdict.sentences)]


def share(rate: float, *, up: bool = False) -> str:
    """A rate in per cent to two figures; an upper bound is never rounded down."""
    if rate <= 0.0:
        return "0 %"
    step = 10.0 ** (math.floor(math.log10(rate)) - 1)
    shown = min(1.0, (math.ceil(rate / step - 1e-9) if up else round(rate / step)) * step)
    return f"{100 * shown:.{max(0, 1 - math.floor(math.log10(100 * shown)))}f} %"
