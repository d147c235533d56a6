"""Several comparisons of the same embeddings on the same pairs, side by side; all are held against the first.

Bounds: whole people are drawn again with all their genuine pairs, while tau stays. The difference of two comparisons is
taken person by person, on the same draws: what makes a person hard for both does not blur it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from faceguard.evaluation.curves import equal_error
from faceguard.evaluation.error_rates import Comparisons, bootstrap_by_person, rate_key

SQUARED = "squared"
"""Name of the squared distance among comparisons."""


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """What one comparison says of the pairs.

    Attributes:
        genuine: (n,) distances of pairs of one person, in the same order for every comparison.
        owner: (n,) that person, from 0.
        impostor: (m,) distances of pairs of two people.
        llr: makes LLR in nats of distances; None where the comparison gives none.
    """

    genuine: NDArray[np.floating]
    owner: NDArray[np.int64]
    impostor: NDArray[np.floating]
    llr: Callable[[NDArray[np.floating]], NDArray[np.float64]] | None = None


def compared_answer(judged: Mapping[str, Judged], rates: Sequence[float]) -> dict[str, Any]:
    """By name: TPR with bounds and tau by FMR, EER, Cllr, and the difference in TPR to the first, each for machines.

    A rate that the pairs cannot show is left out.
    """
    found: dict[str, Any] = {}
    first: dict[str, NDArray[np.int64]] = {}
    for name, one in judged.items():
        scores = Comparisons(one.genuine, one.impostor)
        counts = np.bincount(one.owner)
        points = {rate_key(point.fmr): point for point in scores.points(rates)}
        # as the scores have them: compared in float64, whatever the distances are kept in
        d = one.genuine.astype(np.float64)
        accepted = {key: np.bincount(one.owner[d <= p.tau], minlength=counts.size) for key, p in points.items()}
        equal = equal_error(scores)
        missed = np.bincount(one.owner[d > equal.tau], minlength=counts.size)
        row: dict[str, Any] = {
            "tpr": {key: point.tpr for key, point in points.items()},
            "tpr_bounds": {key: bootstrap_by_person(accepted[key], counts) for key in points},
            "tau": {key: point.tau for key, point in points.items()},
            "false_matches": {key: point.false_matches for key, point in points.items()},
            "eer": equal.rate,
            "eer_bounds": bootstrap_by_person(missed, counts),
            "cllr": None,
            "cllr_bounds": None,
        }
        if one.llr is not None:
            same, other = one.llr(one.genuine), one.llr(one.impostor)
            row["cllr"] = cllr(same, other)
            low, high = bootstrap_by_person(np.bincount(one.owner, _cost_of_same(same)), counts)
            rest = row["cllr"] - float(_cost_of_same(same).mean()) / 2.0
            row["cllr_bounds"] = (low / 2.0 + rest, high / 2.0 + rest)
        if first:
            row["difference"] = {key: _difference(accepted[key] - first[key], counts) for key in points}
        first = first or accepted
        found[name] = row
    return found


def cllr(same: ArrayLike, different: ArrayLike) -> float:
    """Cost of the log-likelihood ratios in bits: 0 is perfect, 1 knows nothing, above 1 misleads.

    N. Bruemmer, J. du Preez, "Application-independent evaluation of speaker detection", Computer Speech and Language
    20, 2006.

    Args:
        same, different: LLR in nats of pairs of one person and of two.
    """
    other = np.logaddexp(0.0, np.asarray(different, np.float64)).mean() / np.log(2.0)
    return float((_cost_of_same(np.asarray(same, np.float64)).mean() + other) / 2.0)


def compared_lines(answer: Mapping[str, Any]) -> list[str]:
    """The same for people: a line for each comparison and rate."""
    heading = f"{'comparison':<12} {'FMR':>8} {'tau':>7} {'TPR':>8} {'95 % by person':<18}"
    if len(answer) > 1:
        heading += f" {'against ' + next(iter(answer)):>18}"
    text = [heading]
    for name, row in answer.items():
        for key, tpr in row["tpr"].items():
            low, high = row["tpr_bounds"][key]
            line = f"{name:<12} {key:>8} {row['tau'][key]:>7.4f} {tpr:>8.2%} {f'[{low:.2%}, {high:.2%}]':<18}"
            if "difference" in row:
                by = row["difference"][key]
                line += f" {by['value']:>+8.2%} [{by['low']:+.2%}, {by['high']:+.2%}]"
            text.append(line.rstrip())
    for name, row in answer.items():
        low, high = row["eer_bounds"]
        line = f"{name:<12} EER {row['eer']:.3%} [{low:.3%}, {high:.3%}]"
        if row["cllr"] is not None:
            low, high = row["cllr_bounds"]
            line += f", Cllr {row['cllr']:.4f} [{low:.4f}, {high:.4f}] bits"
        text.append(line)
    return text


def _cost_of_same(llr: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) bits, of pairs of one person."""
    found: NDArray[np.float64] = np.logaddexp(0.0, -llr) / np.log(2.0)
    return found


def _difference(more: NDArray[np.int64], counts: NDArray[np.int64]) -> dict[str, float]:
    low, high = bootstrap_by_person(more, counts)
    return {"value": float(more.sum() / counts.sum()), "low": low, "high": high}
