"""False matches within groups, as one object for machines and as lines for people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from faceguard.evaluation.groups import ClosePairs, GroupRate, group_rates, overall_rate

NEAREST = 20
"""Pairs listed by name."""
SAME_NOTE = (
    "Nobody says who is on these photos: every pair counts as two persons. One person on two photos counts as a false "
    "match, so the rates are upper ones."
)


@dataclass(frozen=True, slots=True)
class Grouped:
    """What was measured.

    Attributes:
        names: of the compared photos.
        group: of each; None where unknown.
        close: pairs with d <= tau.
        duplicate: pairs up to this distance may be one picture or one person.
    """

    names: Sequence[str]
    group: Sequence[str | None]
    close: ClosePairs
    duplicate: float


def groups_answer(found: Grouped) -> dict[str, Any]:
    """Rates with and without near duplicates, the worst group first, and the nearest pairs by name."""
    close = found.close
    far = close.farther_than(found.duplicate)
    without = {rate.group: rate for rate in group_rates(far, found.group)}
    return {
        "tau": close.tau,
        "duplicate_bound": found.duplicate,
        "near_duplicates": int(close.d.size - far.d.size),
        "groups": [
            {**_row(rate), "without_near_duplicates": _row(without[rate.group])}
            for rate in group_rates(close, found.group)
        ],
        "overall": {**_row(overall_rate(close)), "without_near_duplicates": _row(overall_rate(far))},
        "of_no_group": sum(name is None for name in found.group),
        "nearest": [
            {"first": found.names[i], "second": found.names[j], "d": float(d)}
            for i, j, d in zip(close.first[:NEAREST], close.second[:NEAREST], close.d[:NEAREST], strict=True)
        ],
    }


def group_lines(answer: dict[str, Any]) -> list[str]:
    """The same for people."""
    text = [
        f"Encoder {answer['encoder']}, detector {answer['detector']}, provider {answer['provider']}.",
        f"{answer['photos']} photos in {answer['seconds']:.0f} s; failures to acquire: {answer['failed_to_acquire']}; "
        f"{answer['from_cache']} known from earlier runs; {answer['of_no_group']} of unknown group.",
        *(f"  {count} x {reason}" for reason, count in answer["failure_reasons"].items()),
        SAME_NOTE,
        "",
        f"False matches within each group at tau {answer['tau']:.4f} (d <= tau accepts), the worst first; bounds by "
        "drawing photos again:",
        f"{'group':<16} {'photos':>7} {'comparisons':>13} {'matches':>8} {'FMR':>9} {'95 % bounds':>20} "
        f"{'without d <= ' + format(answer['duplicate_bound'], 'g'):>19}",
    ]
    text += [_group_line(row) for row in (*answer["groups"], answer["overall"])]
    if answer["groups"] and answer["overall"]["fmr"] and answer["groups"][0]["fmr"]:
        worst = answer["groups"][0]
        text.append(
            f"The worst group, {worst['group']}, has {worst['fmr'] / answer['overall']['fmr']:.1f} times the "
            "overall rate."
        )
    text += [
        "",
        f"{answer['near_duplicates']} pairs with d <= {answer['duplicate_bound']:g} may be one picture or one "
        f"person; the nearest pairs of all:",
    ]
    text += [f"  d {pair['d']:.4f}  {pair['first']}  {pair['second']}" for pair in answer["nearest"]]
    return text


def _row(found: GroupRate) -> dict[str, Any]:
    return {
        "group": found.group,
        "photos": found.photos,
        "n_impostor": found.rate.n,
        "false_matches": found.rate.k,
        "fmr": found.rate.value,
        "bounds_by_photo": found.bounds,
        "fmr_below": found.rate.below,
    }


def _group_line(row: dict[str, Any]) -> str:
    bounds = row["bounds_by_photo"]
    told = f"{bounds[0]:.2e} - {bounds[1]:.2e}" if bounds else f"below {row['fmr_below']:.1e} (3/n)"
    less = row["without_near_duplicates"]
    return (
        f"{row['group']:<16} {row['photos']:>7,} {row['n_impostor']:>13,} {row['false_matches']:>8,} "
        f"{row['fmr']:>9.2e} {told:>20} {less['fmr']:>9.2e} ({less['false_matches']:,})"
    )
