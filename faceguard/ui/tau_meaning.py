"""What a position of tau means, in sentences that claim no more than was measured.

Between two measured points nothing is interpolated: strangers are bounded by the next point above, staff by the next
point below. For a gallery of K people one search lets a stranger in with FPIR = 1 - (1 - FMR)^K.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from faceguard.domain.card import OperatingPoint

SAME_TAU: Final = 5e-4
"""Positions closer than this are shown as the same number."""
NOT_MEASURED: Final = "Not measured"


@dataclass(frozen=True, slots=True)
class TauMeaning:
    """Two headlines with a sentence each."""

    strangers: str
    strangers_detail: str
    staff: str
    staff_detail: str


def fpir(fmr: float, gallery_size: int) -> float:
    """1 - (1 - FMR)^K, precise for tiny rates."""
    return -math.expm1(gallery_size * math.log1p(-fmr))


def one_in(rate: float) -> str:
    """A rate as ``1 in 1,400``, two figures and rounded to the unsafe side; common ones as a percentage."""
    if rate >= 0.1:
        return percent(rate)
    count = 1 / rate
    step = 10 ** max(0, math.floor(math.log10(count)) - 1)
    return f"1 in {math.floor(count / step + 1e-9) * step:,.0f}"


def percent(rate: float) -> str:
    """``2.1 %``; whole numbers from 10 % on."""
    return f"{rate:.0%}".replace("%", " %") if rate >= 0.1 else f"{rate:.1%}".replace("%", " %")


def meaning_of(tau: float, points: Sequence[OperatingPoint], gallery_size: int) -> TauMeaning:
    """What the measured points of the encoder's card say about this tau.

    Args:
        tau: the position, in the unit of a squared distance.
        points: measured; any order, may be empty.
        gallery_size: K, people with a template.
    """
    above = min((p for p in points if p.tau.value >= tau - SAME_TAU), key=lambda p: p.tau.value, default=None)
    below = max((p for p in points if p.tau.value <= tau + SAME_TAU), key=lambda p: p.tau.value, default=None)
    people = "1 person" if gallery_size == 1 else f"{gallery_size:,} people"
    if above is None:
        strangers, detail = (
            NOT_MEASURED,
            "So far out nobody has measured how many strangers pass. Do not leave it here.",
        )
        if not points:
            detail = "This encoder's card has no measured tau."
    else:
        exact = abs(above.tau.value - tau) <= SAME_TAU
        rate = above.fmr if gallery_size < 1 else fpir(above.fmr, gallery_size)
        strangers = ("" if exact else "at most ") + one_in(rate)
        who = f"With {people}, one search" if gallery_size else "For each person enrolled"
        detail = (
            f"{who}. One comparison: {one_in(above.fmr)} at tau {above.tau.value:.2f}, measured on {above.data_set}."
        )
    if below is None:
        staff, staff_detail = NOT_MEASURED, "So strict a position was not measured."
        if not points:
            staff_detail = detail
    else:
        exact = abs(below.tau.value - tau) <= SAME_TAU
        staff = ("" if exact else "at most ") + percent(1 - below.tpr)
        staff_detail = f"From {below.n_genuine:,} comparisons of the same person at tau {below.tau.value:.2f}."
    return TauMeaning(strangers, detail, staff, staff_detail)
