"""What a position of tau means, in sentences that claim no more than was measured."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from faceguard.evaluation.calibration import Estimate, Support
from faceguard.evaluation.door import one_in
from faceguard.evaluation.genuine import ENOUGH_GENUINE, GenuineScores, StaffRate

if TYPE_CHECKING:  # the window is drawn and tested without the store
    from faceguard.tau_picture import TauMeaning, TauPicture

SAME_TAU: Final = 5e-4
"""Positions closer than this are shown as the same number."""
NOT_MEASURED: Final = "Not measured here"
NEXT_SCORES: Final = (
    "Compare people with the camera on the People page; attempts with a right PIN and further pictures count too."
)


@dataclass(frozen=True, slots=True)
class Words:
    """A headline and a sentence below it."""

    headline: str
    detail: str


def percent(rate: float, *, up: bool = False) -> str:
    """``2.1 %``; whole numbers from 10 % on, ``below 0.1 %`` for what would read as nothing.

    Args:
        rate: in [0, 1].
        up: never rounded down, as an upper bound must not be.
    """
    step = 100 if rate >= 0.1 else 1_000
    shown = math.ceil(rate * step - 1e-9) / step if up else rate
    if 0.0 < shown < 5e-4:
        return "below 0.1 %"
    return f"{shown:.{0 if rate >= 0.1 else 1}%}".replace("%", " %")


def often(rate: float) -> str:
    """``1 in 1,400``; percent from a tenth on."""
    return percent(min(1.0, rate), up=True) if rate >= 0.1 else one_in(rate)


def counted(n: int, one: str, many: str) -> str:
    """``1 person``, ``312 people``."""
    return f"1 {one}" if n == 1 else f"{n:,} {many}"


def position_line(meaning: TauMeaning, picture: TauPicture) -> str:
    """tau as distance and, where that is squared, as cosine; and the rate of one comparison."""
    cosine = f", which is a cosine of at least {1.0 - meaning.tau / 2.0:.3f}" if picture.squared else ""
    words = f"d at most {meaning.tau:.3f}{cosine}."
    if meaning.fmr is None:
        return f"{words} How often two strangers lie within was not measured."
    return f"{words} Of two strangers compared, {often(meaning.fmr)} lies within."


def _cases(rate: float) -> str:
    return " of all cases" if rate >= 0.1 else ""


def strangers(found: Estimate | None, people: int) -> Words:
    """How many strangers get in."""
    if not people:
        return Words("Nobody", "Nobody is enrolled, so nobody gets in. Add people first; tau depends on how many.")
    if found is None:
        return Words(NOT_MEASURED, "Nothing says how many strangers pass at this encoder's tau. Do not rely on it.")
    low = f"1 in {_count(found.low, up=True)}" if found.low > 0 else "none at all"
    between = f"between {low} and {often(found.high)}" if found.high < 1 else f"{low} at least"
    kind = "predicted" if found.support is Support.EXTRAPOLATED else "measured on this gallery itself"
    return Words(
        often(found.value),
        f"With {counted(people, 'person', 'people')}: about 1 false accept in {_count(found.value)} strangers "
        f"({between} at 95 % confidence), {kind}.",
    )


def _count(rate: float, *, up: bool = False) -> str:
    """1 / rate to two figures; down unless asked otherwise, so that a risk is never told smaller."""
    count = 1.0 / max(rate, 1e-9)
    step = 10.0 ** (math.floor(math.log10(count)) - 1)
    whole = math.ceil(count / step - 1e-9) if up else math.floor(count / step + 1e-9)
    return f"{whole * step:,.0f}" if count >= 10 else f"{whole * step:.1f}"


def staff(rate: StaffRate | None, scores: GenuineScores) -> Words:
    """How many of the staff are asked to try again."""
    if rate is None:
        return Words(NOT_MEASURED, f"{scores.known} of {ENOUGH_GENUINE} genuine scores. {NEXT_SCORES}")
    bounds = f"{percent(rate.low)} to {percent(rate.high, up=True)}"
    words = (
        f"About {percent(rate.value)} of staff asked to try again ({bounds}): "
        f"{rate.beyond:,} of {rate.n:,} scores of {counted(rate.people, 'person', 'people')}."
    )
    if rate.unexplained:
        words += f" Not in it: {counted(rate.unexplained, 'refusal', 'refusals')} of people nobody knows."
    return Words(percent(rate.value), words)


def domains(scores: GenuineScores) -> str:
    """What the genuine scores compare."""
    return ", ".join(f"{n:,} {domain.value}" for domain, n in scores.by_domain().items())


def what_if(meaning: TauMeaning, picture: TauPicture) -> Words:
    """What the recorded events would have become."""
    replay = picture.replay
    total = replay.grants + replay.denies
    if not total:
        return Words("No events", "In the last 30 days nobody was granted or denied with this encoder.")
    changed = meaning.grants_lost + meaning.denies_gained
    if not changed:
        return Words(
            "No change", f"None of {counted(total, 'event', 'events')} of the last 30 days would end otherwise."
        )
    parts = []
    if meaning.grants_lost:
        parts.append(f"{counted(meaning.grants_lost, 'grant', 'grants')} would be lost")
    if meaning.denies_gained:
        parts.append(f"{counted(meaning.denies_gained, 'refusal', 'refusals')} would be recognised")
    return Words(counted(changed, "event", "events"), f"of {total:,} would end otherwise: {', '.join(parts)}.")


def unsafe(meaning: TauMeaning) -> str:
    """Why a reason is asked for."""
    if meaning.strangers is None:
        return "Nothing says how many strangers this tau lets in."
    return f"This tau lets in about {_share_of_strangers(meaning.strangers.value)}. More than 1 in 100 is not safe."


def _share_of_strangers(rate: float) -> str:
    return f"{percent(rate)} of strangers" if rate >= 0.1 else f"1 in {_count(rate)} strangers"


def named_person(picture: TauPicture) -> str:
    """What is in force where a PIN has named the person."""
    tau = picture.standing.tau_pair
    if tau is None:
        return "For one person whom a PIN has named there is no tau: PIN and face open nothing."
    fmr = picture.standing.door.pair_fmr(tau)
    known = "not measured how often" if fmr is None else f"{often(fmr)}{_cases(fmr)}"
    return f"For one person whom a PIN has named: tau {tau:.3f}. A stranger who knows the PIN passes: {known}."
