"""What was measured, as one object for machines and as lines for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from faceguard.evaluation.acquisition import Acquired
from faceguard.evaluation.comparison import FusedComparison
from faceguard.evaluation.curves import equal_error
from faceguard.evaluation.error_rates import (
    Accuracy,
    Comparisons,
    MeasuredPoint,
    clopper_pearson,
)
from faceguard.evaluation.error_rates import rate_key as rate_key
from faceguard.evaluation.identification import Searches, rated_curve, rated_size
from faceguard.evaluation.side_by_side import compared_lines

MARGINS = (0.0, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2)


def acquisition_answer(acquired: Acquired, people: int | None) -> dict[str, Any]:
    """Photos, failures to acquire, and what the quality gate would refuse."""
    photos = int(acquired.present.size)
    answer: dict[str, Any] = {
        "photos": photos,
        "people": people,
        "failed_to_acquire": acquired.failed,
        "failed_to_acquire_bounds": clopper_pearson(acquired.failed, photos),
        "failed_to_enrol": acquired.failed_to_enrol,
        "failed_to_enrol_bounds": clopper_pearson(acquired.failed_to_enrol, photos),
        "failure_reasons": dict(acquired.failures),
        "quality_would_refuse": acquired.refused_by_quality,
        "several_faces": acquired.asked,
        "from_cache": acquired.from_cache,
        "seconds": round(acquired.seconds, 1),
        "encoder_seconds": round(acquired.encoder_seconds, 1),
    }
    return answer if people is not None else {k: v for k, v in answer.items() if k != "people"}


def points_answer(points: Sequence[MeasuredPoint], asked: Sequence[float]) -> dict[str, Any]:
    """TPR, tau and bounds by FMR; a rate that the data cannot show is ``None``."""
    by_rate = {rate_key(point.fmr): point for point in points}
    keys = [rate_key(rate) for rate in asked]
    return {
        "tpr": {key: by_rate[key].tpr if key in by_rate else None for key in keys},
        "tau": {key: by_rate[key].tau if key in by_rate else None for key in keys},
        "fmr_below": {key: by_rate[key].fmr_below for key in keys if key in by_rate and not by_rate[key].false_matches},
        "false_matches": {key: by_rate[key].false_matches if key in by_rate else None for key in keys},
        "bounds": {
            key: {"tpr": by_rate[key].tpr_bounds, "fmr": by_rate[key].fmr_bounds} for key in keys if key in by_rate
        },
    }


def rates_answer(scores: Comparisons, rates: Sequence[float], lost_genuine: int, lost_impostor: int) -> dict[str, Any]:
    """TPR and tau by FMR over the comparisons made, the TPR when a lost comparison counts as a miss, and the EER."""
    answer = points_answer(scores.points(rates), rates)
    made, equal = int(scores.genuine.size), equal_error(scores)
    return {
        **answer,
        "tpr_with_failures": {
            key: None if tpr is None else tpr * made / (made + lost_genuine) for key, tpr in answer["tpr"].items()
        },
        "eer": equal.rate,
        "eer_tau": equal.tau,
        "n_genuine": made,
        "n_impostor": int(scores.impostor.size),
        "lost_genuine": lost_genuine,
        "lost_impostor": lost_impostor,
    }


def accuracy_answer(found: Accuracy | None, failures: str = "counts as 'not the same'") -> dict[str, Any]:
    """Accuracy over folds; None where the data set has no folds.

    Args:
        found: the accuracy.
        failures: what became of pairs with a failed photo.
    """
    if found is None:
        return {"accuracy": None, "accuracy_standard_error": None}
    return {
        "accuracy": found.mean,
        "accuracy_standard_error": found.standard_error,
        "accuracy_by_fold": list(found.folds),
        "tau_by_fold": list(found.taus),
        "pair_with_failure": failures,
    }


def fused_answer(found: Sequence[FusedComparison], rates: Sequence[float], tau: float | None) -> list[dict[str, Any]]:
    """TPR of fused templates at each FMR, and what they do at the tau of single photos.

    Args:
        found: for each m.
        rates: FMR.
        tau: of single photos, measured on the same data.
    """
    answers = []
    for one in found:
        if not one.genuine.size or not one.impostor.size:
            continue
        scores = Comparisons(one.genuine, one.impostor)
        answer: dict[str, Any] = {
            "photos": one.photos,
            "people": one.people,
            "n_genuine": int(one.genuine.size),
            "n_impostor": int(one.impostor.size),
            **points_answer(scores.points(rates), rates),
        }
        if tau is not None:
            answer["at_single_photo_tau"] = {"tau": tau, "tpr": scores.tpr(tau), "fmr": scores.fmr(tau)}
        answers.append(answer)
    return answers


def search_answer(all_searches: Sequence[Searches], tau: float | None) -> dict[str, Any]:
    """FPIR and FNIR by gallery size, at the tau in use and at FPIR 1e-3, and what margins cost.

    Args:
        all_searches: one for each gallery size.
        tau: in use at the door; None when it was not measured.
    """
    rows = []
    for searches in all_searches:
        strangers, mated = len(searches.strangers), len(searches.mated)
        row: dict[str, Any] = {
            "people": searches.people,
            "galleries": searches.draws,
            "n_mated": mated,
            "n_strangers": strangers,
            "rank_1": searches.rank_one if mated else None,
        }
        if tau is not None and mated:
            row["at_tau"] = {
                "tau": tau,
                "fpir": searches.fpir(tau),
                "fnir": searches.fnir(tau),
                "wrong_name": searches.wrong_name(tau),
                "greatest_margin": searches.greatest_margin(tau),
                "margins": [
                    {
                        "margin": margin,
                        "cost": searches.margin_cost(tau, margin),
                        "fpir": searches.fpir(tau, margin),
                        "wrong_name": searches.wrong_name(tau, margin),
                    }
                    for margin in MARGINS
                ],
            }
        rows.append(row)
    curve = rated_curve(all_searches)
    return {
        "search": rows,
        "at_fpir_0.001": [
            {"people": p.people, "tau": p.tau, "fnir": p.fnir, "n_mated": p.mated, "n_strangers": p.strangers}
            for p in curve
        ],
        "rated_size": rated_size(curve),
    }


def lines(answer: dict[str, Any]) -> list[str]:
    """The same for people; tables are aligned with spaces."""
    text = [
        f"Encoder {answer['encoder']}, detector {answer['detector']}, provider {answer['provider']}.",
        f"{answer['photos']} photos"
        + (f" of {answer['people']} people" if "people" in answer else "")
        + f" in {answer['seconds']:.0f} s; failures to acquire: {answer['failed_to_acquire']}; "
        f"the quality gate would refuse {answer['quality_would_refuse']} more (failures to enrol: "
        f"{answer['failed_to_enrol']}).",
        f"{answer['from_cache']} photos were known from earlier runs; encoding took {answer['encoder_seconds']:.0f} "
        f"of the {answer['seconds']:.0f} s.",
        f"{answer['several_faces']} photos show several faces of similar size; the one nearest the centre was taken.",
    ]
    text += [f"  {count} x {reason}" for reason, count in answer["failure_reasons"].items()]
    text.append(
        f"{answer['n_genuine']:,} genuine and {answer['n_impostor']:,} impostor comparisons; "
        f"{answer['lost_genuine']:,} genuine and {answer['lost_impostor']:,} impostor ones lost to failures."
    )
    if answer["accuracy"] is not None:
        text.append(
            f"Accuracy over {len(answer['accuracy_by_fold'])} folds {answer['accuracy']:.2%} +- "
            f"{answer['accuracy_standard_error']:.2%} (standard error; a pair with a failed photo "
            f"{answer['pair_with_failure']})."
        )
    text += ["", f"{'FMR':>9} {'TPR':>8} {'95 % bounds':>18} {'with failures':>14} {'tau':>8} {'false matches':>14}"]
    for key, tpr in answer["tpr"].items():
        if tpr is None:
            text.append(f"{key:>9} not measurable with {answer['n_impostor']:,} impostor comparisons")
            continue
        low, high = answer["bounds"][key]["tpr"]
        text.append(
            f"{key:>9} {tpr:>8.2%} {low:>8.2%} - {high:>7.2%} {answer['tpr_with_failures'][key]:>14.2%} "
            f"{answer['tau'][key]:>8.4f} {answer['false_matches'][key]:>14,}"
        )
    for key, below in answer["fmr_below"].items():
        text.append(f"At FMR {key} no false match was seen, which proves an FMR below {below:.1e} (rule of three).")
    text.append(f"Equal error rate {answer['eer']:.3%} at tau {answer['eer_tau']:.4f}. d <= tau accepts.")
    text.append("Bounds are Clopper-Pearson, as if comparisons were independent; those that share people are not.")
    if "tpr_bounds_by_person" in answer:
        for key, (low, high) in answer["tpr_bounds_by_person"].items():
            text.append(f"TPR at FMR {key} when whole people are drawn again: {low:.2%} to {high:.2%}.")
    if "comparisons" in answer:
        text += ["", *compared_lines(answer["comparisons"])]
        text.append("Where a comparison was trained on some of these people, it shows them at their best.")
    if answer.get("fused"):
        text += ["", *_fused_lines(answer)]
    if answer.get("search"):
        text += ["", *_search_lines(answer)]
    return text


def _fused_lines(answer: dict[str, Any]) -> list[str]:
    fused = answer["fused"]
    most = max(one["photos"] for one in fused)
    text = [
        f"Templates fused from m photos ({fused[0]['people']} people with more than {most} photos). The template is "
        "the normalised mean of a person's first m photos,",
        f"genuine: against that person's photos from number {most + 1} on ({fused[0]['n_genuine']:,}), "
        f"impostor: against every photo of everybody else ({fused[0]['n_impostor']:,}).",
        f"{'m':>3} " + " ".join(f"{'TPR @ ' + key:>14} {'tau':>7}" for key in fused[0]["tpr"]),
    ]
    for one in fused:
        cells = [
            f"{'-':>14} {'-':>7}" if tpr is None else f"{tpr:>14.2%} {one['tau'][key]:>7.3f}"
            for key, tpr in one["tpr"].items()
        ]
        text.append(f"{one['photos']:>3} " + " ".join(cells))
    for one in fused:
        if "at_single_photo_tau" in one:
            at = one["at_single_photo_tau"]
            rates = f"TPR {at['tpr']:.2%}, FMR {at['fmr']:.1e}"
            text.append(f"m = {one['photos']} at tau {at['tau']:.4f} of single photos: {rates}.")
    return text


def _search_lines(answer: dict[str, Any]) -> list[str]:
    text = ["Searches (galleries drawn at random, one photo a person; each search is one photo, not a whole attempt):"]
    for row in answer["search"]:
        head = f"K = {row['people']}: {row['n_mated']:,} mated and {row['n_strangers']:,} strangers' searches"
        at = row.get("at_tau")
        if at is None:
            text.append(head + "; no tau.")
            continue
        text.append(
            f"{head} in {row['galleries']} galleries; at tau {at['tau']:.4f} FPIR {at['fpir']:.2%}, "
            f"FNIR {at['fnir']:.2%}, wrong name {at['wrong_name']:.2%}; the right person is nearest "
            f"(rank 1) in {row['rank_1']:.2%}"
        )
        costs = ", ".join(f"{m['margin']:.2f} costs {m['cost']:.2%}" for m in at["margins"] if m["margin"])
        text.append(f"    margin {costs}; the greatest that costs at most 0.5 %: {at['greatest_margin']:.3f}")
    text += ["", "At FPIR 0.001:"]
    text += [
        f"K = {p['people']:>5}: tau {p['tau']:.4f}, FNIR {p['fnir']:.2%} "
        f"({p['n_mated']:,} mated, {p['n_strangers']:,} strangers' searches)"
        for p in answer["at_fpir_0.001"]
    ]
    size = answer["rated_size"]
    text.append(f"Rated size (greatest K above with FNIR <= 10 %): {'not measured' if size is None else size}.")
    return text
