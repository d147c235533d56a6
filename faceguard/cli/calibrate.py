"""Both taus for the people who are enrolled now; proposed, and taken when the admin says so."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import click
import numpy as np

from faceguard.cli.context import Context, as_json, ask_pin, json_option
from faceguard.compose import House, search_tau
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


def one_rate(_context: click.Context, _option: click.Parameter, value: float) -> float:
    """A rate between 0 and 1."""
    if not 0.0 < value < 1.0:
        raise click.BadParameter("a rate lies between 0 and 1")
    return value


@dataclass(frozen=True, slots=True)
class Present:
    """What is in force now.

    Attributes:
        card: of the encoder in use.
        door: what is known about strangers.
        tau: of the search; None when there is none.
        verdict: on it, against the target of the calibration that was taken, else of one in 1,000.
        taken: the last calibration.
    """

    card: EncoderCard
    door: DoorCalibration
    tau: float | None
    verdict: Verdict
    taken: TakenCalibration | None


def present(house: House, desk: Desk) -> Present:
    """Look at the gallery, the tau in use and the calibration that was taken last."""
    card = house.encoder_card()
    point = card.point_at(PAIR_FMR)
    pair = None if point is None else (point.fmr, point.tau.value)
    door = DoorCalibration.of(desk.gallery().gallery, card.impostor, card.rated_size, pair)
    threshold, taken, encoder = search_tau(desk.settings(), card), desk.last_calibration(), str(card.encoder_id)
    tau = None if threshold is None else threshold.value
    counts = taken is not None and taken.encoder == encoder
    verdict = judge_tau(
        door,
        tau,
        taken.target_fpir if taken is not None and counts else TARGET_FPIR,
        encoder=encoder,
        stored_encoder=None if taken is None else taken.encoder,
        stored_people=None if taken is None else taken.people,
    )
    return Present(card, door, tau, verdict, taken)


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
            if proposal.search is None:
                raise FaceguardError(f"There is no tau to take. {' '.join(proposal.notes)}")
            desk.unlock(ask_pin("Admin PIN"))
            desk.take_calibration(taken_of(now, proposal))
            now = present(app.house, desk)
    if json_:
        as_json({**answer(now, proposal), "staff": staff, "applied": apply_})
    else:
        for line in [*lines(now, proposal, staff), *(["Both are in force now."] if apply_ else [])]:
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
            "counts": taken.encoder == str(now.card.encoder_id),
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
            f"1:N  tau {search.tau:.4f}: {search.value:.3%} [{search.low:.3%}, {search.high:.3%}] of strangers' "
            f"attempts ({LOOKS} looks each), from the {proposal.basis}, {search.support.value}."
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
            f"1:1  tau {pair.tau:.4f}: {pair.value:.4%} [{pair.low:.4%}, {pair.high:.4%}] of strangers' comparisons "
            f"with one person, from the {pair.basis}."
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
    shown = "none" if now.tau is None else f"{now.tau:.4f}"
    text.append(f"In force: tau {shown}, {' and '.join(state.value for state in now.verdict.states)}.")
    if now.taken is not None:
        text.append(f"Calibrated on {now.taken.time.date()} for {now.taken.people} people of {now.taken.encoder}.")
    return [*text, *(f"! {sentence}" for sentence in now.verdict.sentences)]
