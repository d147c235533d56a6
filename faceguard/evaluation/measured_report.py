"""What was measured, arranged as a report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faceguard.evaluation import drawings
from faceguard.evaluation.curves import error_curve
from faceguard.evaluation.document import Document, PairList, Plot, ShownPair, Table
from faceguard.evaluation.error_rates import Comparisons, rule_of_three
from faceguard.evaluation.group_report import SAME_NOTE

_CURVE_NOTE = (
    "Curves end where the comparisons do: a smaller rate than one error among them was not measured. d <= tau accepts."
)


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """One measurement with known identities.

    Attributes:
        answer: as ``report`` made it.
        scores: all comparisons.
        tau: the threshold in use; None while there is none.
        missed: genuine pairs, the farthest first.
        mistaken: impostor pairs, the nearest first.
        sharpness: of the poorer photo of genuine pairs; empty where it is not known.
        genuine: the same pairs' distances.
        others: the comparisons as learned ones have them, by name.
    """

    answer: Mapping[str, Any]
    scores: Comparisons
    tau: float | None
    missed: Sequence[ShownPair]
    mistaken: Sequence[ShownPair]
    sharpness: NDArray[np.float64]
    genuine: NDArray[np.float64]
    others: Mapping[str, Comparisons] = field(default_factory=dict)


def rates_document(title: str, measured: Measured, when: datetime) -> Document:
    """The report of pairs, lfw and folder."""
    answer, scores, tau = measured.answer, measured.scores, measured.tau
    rates = [("genuine comparisons", f"{answer['n_genuine']:,} ({answer['lost_genuine']:,} lost to failures)")]
    rates.append(("impostor comparisons", f"{answer['n_impostor']:,} ({answer['lost_impostor']:,} lost to failures)"))
    if answer["accuracy"] is not None:
        error = answer["accuracy_standard_error"]
        rates.append(("accuracy", f"{answer['accuracy']:.2%} +- {error:.2%} (mean and standard error over folds)"))
    rates.append(("equal error rate", f"{answer['eer']:.3%} at tau {answer['eer_tau']:.4f}"))
    rates.append(("tau in use", "not measured for this encoder" if tau is None else _in_use(scores, tau)))
    pairs = [
        PairList("Farthest photos of one person", "Wrong names in a data set come first here.", measured.missed),
        PairList("Nearest photos of two persons", "One person under two names comes first here.", measured.mistaken),
    ]
    return Document(
        title,
        (*_facts(answer, when), *rates),
        tuple(_tables(answer)),
        tuple(_plots(measured)),
        [found for found in pairs if found.pairs],
    )


def groups_document(title: str, answer: Mapping[str, Any], nearest: Sequence[ShownPair], when: datetime) -> Document:
    """The report of groups."""
    rows = [*answer["groups"], answer["overall"]]
    table = Table(
        f"False matches within groups at tau {answer['tau']:.4f}, the worst first",
        ("group", "photos", "comparisons", "false matches", "FMR", "95 % by photo", "FMR without near duplicates"),
        [
            (
                row["group"],
                f"{row['photos']:,}",
                f"{row['n_impostor']:,}",
                f"{row['false_matches']:,}",
                f"{row['fmr']:.2e}",
                _bounds(row),
                f"{row['without_near_duplicates']['fmr']:.2e} ({row['without_near_duplicates']['false_matches']:,})",
            )
            for row in rows
        ],
        SAME_NOTE + " Bounds: whole photos are drawn again; where no match was seen, the rule of three.",
    )
    plot = Plot(
        "FMR by group",
        "Bars are 95 % bounds. The dotted line is the rate over all pairs, of whatever groups.",
        lambda axes: drawings.groups(axes, answer["groups"], answer["overall"]["fmr"]),
    )
    note = (
        f"{answer['near_duplicates']} pairs with d <= {answer['duplicate_bound']:g} may be one picture or one person."
    )
    return Document(
        title,
        (*_facts(answer, when), ("of no known group", f"{answer['of_no_group']:,} photos")),
        (table, *_failures(answer)),
        (plot,),
        (PairList("Nearest pairs of all", note, nearest),) if nearest else (),
    )


def _facts(answer: Mapping[str, Any], when: datetime) -> Iterator[tuple[str, str]]:
    yield "date", when.strftime("%Y-%m-%d %H:%M UTC")
    yield "encoder", f"{answer['encoder']}{', averaged with the mirror image' if answer['mirror'] else ''}"
    for name, digest in answer["networks"].items():
        yield f"SHA-256 of {name}", digest
    yield "provider", answer["provider"]
    people = f" of {answer['people']:,} people" if "people" in answer else ""
    yield "photos", f"{answer['photos']:,}{people}; {answer['from_cache']:,} known from earlier runs"
    for key, name in (("failed_to_acquire", "failures to acquire"), ("failed_to_enrol", "failures to enrol")):
        low, high = answer[f"{key}_bounds"]
        yield name, f"{answer[key]:,} = {answer[key] / answer['photos']:.2%} [{low:.2%}, {high:.2%}]"


def _in_use(scores: Comparisons, tau: float) -> str:
    return f"{tau:.4f}: FMR {scores.fmr(tau):.2e}, FNMR {scores.fnmr(tau):.2%} on these photos"


def _tables(answer: Mapping[str, Any]) -> Iterator[Table]:
    rows = []
    for key, tpr in answer["tpr"].items():
        if tpr is None:
            rows.append((key, "not measurable", "", "", "", "", ""))
            continue
        bounds = answer["bounds"][key]
        rows.append(
            (
                key,
                f"{answer['tau'][key]:.4f}",
                f"{tpr:.2%}",
                _percent(bounds["tpr"]),
                f"{answer['tpr_with_failures'][key]:.2%}",
                f"{answer['false_matches'][key]:,}",
                f"{bounds['fmr'][0]:.1e} - {bounds['fmr'][1]:.1e}",
            )
        )
    headings = ("FMR", "tau", "TPR", "95 % bounds", "with failures", "false matches", "95 % bounds of the FMR")
    note = "Bounds are Clopper-Pearson, as if comparisons were independent; those that share people are not."
    for key, bounds in answer.get("tpr_bounds_by_person", {}).items():
        note += f" TPR at FMR {key} when whole people are drawn again: {_percent(bounds)}."
    for key, below in answer["fmr_below"].items():
        note += f" At FMR {key} no false match was seen: below {below:.1e} (rule of three)."
    yield Table("Operating points", headings, rows, note)
    if "comparisons" in answer:
        yield _comparisons(answer["comparisons"])
    if answer["accuracy"] is not None:
        folds = zip(answer["accuracy_by_fold"], answer["tau_by_fold"], strict=True)
        yield Table(
            "Accuracy by fold",
            ("fold", "accuracy", "tau"),
            [(str(number), f"{share:.2%}", f"{tau:.4f}") for number, (share, tau) in enumerate(folds, 1)],
            f"tau is chosen on the other folds; a pair with a failed photo {answer['pair_with_failure']}.",
        )
    if answer.get("search"):
        yield _searches(answer)
    yield from _failures(answer)


def _comparisons(found: Mapping[str, Any]) -> Table:
    rows = []
    for name, row in found.items():
        for key, tpr in row["tpr"].items():
            by = row.get("difference", {}).get(key)
            against = "" if by is None else f"{by['value']:+.2%} [{by['low']:+.2%}, {by['high']:+.2%}]"
            cost = "" if row["cllr"] is None else f"{row['cllr']:.4f}"
            bounds = _percent(row["tpr_bounds"][key])
            rows.append((name, key, f"{row['tau'][key]:.4f}", f"{tpr:.2%}", bounds, against, f"{row['eer']:.3%}", cost))
    return Table(
        "Learned comparisons beside the squared distance",
        ("comparison", "FMR", "tau", "TPR", "95 % by person", "against squared", "EER", "Cllr (bits)"),
        rows,
        "Bounds: whole people are drawn again. A learned comparison has distances, and a tau, of its own. Where it was "
        "trained on some of these people, it shows them at their best.",
    )


def _searches(answer: Mapping[str, Any]) -> Table:
    rows = []
    for row in answer["search"]:
        at = row.get("at_tau")
        rates = ("", "", "") if at is None else (f"{at['fpir']:.2%}", f"{at['fnir']:.2%}", f"{at['wrong_name']:.2%}")
        first = "" if row["rank_1"] is None else f"{row['rank_1']:.2%}"
        rows.append((f"{row['people']:,}", f"{row['n_mated']:,}", f"{row['n_strangers']:,}", *rates, first))
    return Table(
        "Searches at tau in use",
        ("people", "mated searches", "strangers' searches", "FPIR", "FNIR", "wrong name", "rank 1"),
        rows,
        "Galleries drawn at random, one photo a person; each search is one photo, not a whole attempt at a door.",
    )


def _failures(answer: Mapping[str, Any]) -> Iterator[Table]:
    if answer["failure_reasons"]:
        rows = [(reason, f"{count:,}") for reason, count in answer["failure_reasons"].items()]
        yield Table("Failures to acquire", ("reason", "photos"), rows)


def _plots(measured: Measured) -> Iterator[Plot]:
    scores, tau = measured.scores, measured.tau
    curve = error_curve(scores)
    here = None if tau is None else (scores.fmr(tau), scores.fnmr(tau))
    eer = measured.answer["eer"]
    others = {name: error_curve(found) for name, found in measured.others.items()}
    yield Plot("Detection error trade-off", _CURVE_NOTE, lambda axes: drawings.det(axes, curve, eer, here, others))
    yield Plot("Receiver operating characteristic", "", lambda axes: drawings.roc(axes, curve, here, others))
    yield Plot(
        "Distances",
        "Each class is a density of its own, however many comparisons it has.",
        lambda axes: drawings.histogram(axes, scores, tau),
    )
    law = _law(measured)
    if law:
        found = [(row["people"], row["at_tau"]["fpir"]) for row in measured.answer.get("search", ()) if "at_tau" in row]
        yield Plot(
            "False names by size of the gallery",
            "Dashed: the law 1 - (1 - FMR)^K for independent comparisons, an extrapolation and no measurement.",
            lambda axes: drawings.searches(axes, law, found),
        )
    if measured.sharpness.size:
        yield Plot(
            "Distance and quality",
            "Genuine pairs by the sharpness that the quality gate measured; lines join tenths of them.",
            lambda axes: drawings.quality(axes, measured.sharpness, measured.genuine, tau),
        )


def _law(measured: Measured) -> dict[str, float]:
    """FMR by threshold, the one in use first; what was not seen once is taken at the rule of three."""
    found = {}
    if measured.tau is not None:
        rate = measured.scores.fmr(measured.tau)
        below = rule_of_three(measured.scores.impostor.size)
        found["tau in use" if rate else "tau in use, upper bound"] = rate or below
    found |= {f"FMR {key}": float(key) for key, tpr in measured.answer["tpr"].items() if tpr is not None}
    return found


def _bounds(row: Mapping[str, Any]) -> str:
    if row["bounds_by_photo"] is None:
        return f"below {row['fmr_below']:.1e}"
    low, high = row["bounds_by_photo"]
    return f"{low:.1e} - {high:.1e}"


def _percent(bounds: Sequence[float]) -> str:
    return f"{bounds[0]:.2%} - {bounds[1]:.2%}"
