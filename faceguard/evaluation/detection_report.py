"""What a detector found, as one object for machines and as lines for people; see ``evaluation.detection``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from faceguard.evaluation.detection import (
    OVERLAP,
    RATED_FROM_PX,
    THRESHOLDS,
    Condition,
    FaceFree,
    Pose,
    Shown,
    false_faces,
    recall,
)
from faceguard.evaluation.error_rates import Share

ROLES: Final = ("detector", "reference")
"""Keys of the answer, in the order of the scores."""
_LARGE: Final = f"from_{RATED_FROM_PX}_px"
_ALL: Final = "all"


@dataclass(frozen=True, slots=True)
class Measured:
    """One measurement.

    Attributes:
        ids: of the card of the detector and of the reference's.
        thresholds: scores on those cards.
        shown: every view of every face; each scored by the detector, then by the reference.
        face_free: every picture without a face, scored in the same way.
    """

    ids: tuple[str, str]
    thresholds: tuple[float, float]
    shown: Sequence[Shown]
    face_free: Sequence[FaceFree]


def detection_answer(measured: Measured) -> dict[str, Any]:
    """Recall by size, condition and pose, false faces by kind of picture, and both by threshold."""
    shown, sizes = measured.shown, _sizes(measured)
    large = [one for one in shown if one.size_px >= RATED_FROM_PX]
    kinds = list(dict.fromkeys((one.group, one.kind) for one in measured.face_free))
    groups = list(dict.fromkeys(one.group for one in measured.face_free))
    return {
        **dict(zip(ROLES, measured.ids, strict=True)),
        "score_thresholds": dict(zip(ROLES, measured.thresholds, strict=True)),
        "recall": [
            {"size_px": size, **row}
            for size in sizes
            for row in _recall_rows(measured, [one for one in shown if one.size_px == size])
        ],
        f"recall_{_LARGE}": _recall_rows(measured, large),
        "false_faces": [
            *(_false_row(measured, group, kind) for group, kind in kinds),
            *(_false_row(measured, group, _ALL) for group in (*groups, _ALL)),
        ],
        "by_threshold": [_threshold_row(measured, groups, threshold) for threshold in THRESHOLDS],
    }


def detection_lines(answer: Mapping[str, Any]) -> list[str]:
    """The same for people; tables are aligned with spaces.

    Args:
        answer: of ``detection_answer``, with ``photos``, ``faces``, ``without_a_face``, ``unreadable``, ``reasons``,
            ``provider`` and ``seconds`` beside it.
    """
    thresholds = answer["score_thresholds"]
    names = [f"{answer[role]} at {thresholds[role]:g}" for role in ROLES]
    text = [
        f"Detector {names[0]} beside the reference {names[1]} (smallest score), provider {answer['provider']}.",
        f"{answer['photos']} photos in {answer['seconds']:.0f} s: {answer['faces']} faces named by the reference, "
        f"{answer['without_a_face']} photos without one, {answer['unreadable']} unreadable.",
        *(f"  {count} x {reason}" for reason, count in answer["reasons"].items()),
        "",
        f"Faces found (overlap with the placed box at least {OVERLAP:g}):",
        f"{'width':>6}  {'condition':<9}  {names[0]:<38}  {names[1]}",
    ]
    for row in answer["recall"]:
        if row["pose"] == _ALL:
            size = f"{row['size_px']:>3} px"
            text.append(f"{size:>6}  {row['condition']:<9}  {_cell(row, 'detector'):<38}  {_cell(row, 'reference')}")
    enlarged = [row for row in answer["recall"] if row["pose"] == _ALL and row["condition"] == Condition.PLAIN]
    text.append(
        "Enlarged beyond the photograph: "
        + ", ".join(f"{row['enlarged']} of {row['n']} at {row['size_px']} px" for row in enlarged if row["enlarged"])
        if any(row["enlarged"] for row in enlarged)
        else "No face was enlarged."
    )
    text += ["", f"Faces of {RATED_FROM_PX} px and more:"]
    text += [
        f"{row['condition']:<9} {row['pose']:<8}  {_cell(row, 'detector'):<38}  {_cell(row, 'reference')}"
        for row in answer[f"recall_{_LARGE}"]
    ]
    text += ["", "Pictures without a face in which one was reported:"]
    text += [
        f"{row['group']:<9} {row['kind']:<13}  {_cell(row, 'detector'):<38}  {_cell(row, 'reference')}"
        for row in answer["false_faces"]
    ]
    for role in ROLES:
        text += ["", *_threshold_lines(answer, role)]
    text.append(
        "Bounds are Clopper-Pearson at 95 %, as if pictures were independent; views of one face and crops of one "
        "picture are not."
    )
    return text


def _recall_rows(measured: Measured, shown: Sequence[Shown]) -> list[dict[str, Any]]:
    """One row for each condition with all poses, then one for each pose that there is."""
    rows = []
    for condition in Condition:
        for pose in (None, *Pose):
            chosen = [one for one in shown if one.condition is condition and pose in (None, one.pose)]
            if not chosen:
                continue
            rows.append(
                {
                    "condition": condition.value,
                    "pose": _ALL if pose is None else pose.value,
                    "n": len(chosen),
                    "enlarged": sum(one.enlarged for one in chosen),
                    **{
                        role: _share(recall(chosen, number, measured.thresholds[number]))
                        for number, role in enumerate(ROLES)
                    },
                }
            )
    return rows


def _false_row(measured: Measured, group: str, kind: str) -> dict[str, Any]:
    chosen = [one for one in _of_group(measured.face_free, group) if kind in (_ALL, one.kind)]
    return {
        "group": group,
        "kind": kind,
        "n": len(chosen),
        **{role: _share(false_faces(chosen, number, measured.thresholds[number])) for number, role in enumerate(ROLES)},
    }


def _threshold_row(measured: Measured, groups: Sequence[str], threshold: float) -> dict[str, Any]:
    large = [one for one in measured.shown if one.size_px >= RATED_FROM_PX]
    plain = [one for one in measured.shown if one.condition is Condition.PLAIN]
    row: dict[str, Any] = {"threshold": threshold}
    for number, role in enumerate(ROLES):
        row[role] = {
            "recall_plain": {
                str(size): _share(recall([one for one in plain if one.size_px == size], number, threshold))
                for size in _sizes(measured)
            },
            f"recall_{_LARGE}": {
                condition.value: _share(recall([one for one in large if one.condition is condition], number, threshold))
                for condition in Condition
            },
            "false_faces": {
                group: _share(false_faces(_of_group(measured.face_free, group), number, threshold))
                for group in (*groups, _ALL)
            },
        }
    return row


def _threshold_lines(answer: Mapping[str, Any], role: str) -> list[str]:
    rows = answer["by_threshold"]
    groups = list(rows[0][role]["false_faces"])
    text = [
        f"{answer[role]} by smallest score: recall of faces of {RATED_FROM_PX} px and more (worst: of the plain "
        "width that is found least), pictures with a false face",
        "  score "
        + " ".join(f"{head:>9}" for head in (*Condition, "worst"))
        + " "
        + " ".join(f"{group:>14}" for group in groups),
    ]
    for row in rows:
        found, false = row[role][f"recall_{_LARGE}"], row[role]["false_faces"]
        recalls = [_percent(found[condition.value]) for condition in Condition]
        by_size = row[role]["recall_plain"].items()
        rates = [share["rate"] for size, share in by_size if int(size) >= RATED_FROM_PX]
        recalls.append(_percent({"rate": min(rates, default=None)}))
        counts = [f"{false[group]['k']} of {false[group]['n']}" for group in groups]
        text.append(
            f"{row['threshold']:>7.1f} "
            + " ".join(f"{recall_:>9}" for recall_ in recalls)
            + " "
            + " ".join(f"{count:>14}" for count in counts)
        )
    return text


def _sizes(measured: Measured) -> list[int]:
    return sorted({one.size_px for one in measured.shown})


def _of_group(pictures: Sequence[FaceFree], group: str) -> Sequence[FaceFree]:
    return pictures if group == _ALL else [one for one in pictures if one.group == group]


def _share(share: Share) -> dict[str, Any]:
    """Counts, rate and bounds; no rate without trials."""
    rate, bounds = (share.value, share.interval) if share.n else (None, None)
    return {"k": share.k, "n": share.n, "rate": rate, "bounds": bounds}


def _cell(row: Mapping[str, Any], role: str) -> str:
    return str(Share(row[role]["k"], row[role]["n"]))


def _percent(share: Mapping[str, Any]) -> str:
    return "-" if share["rate"] is None else f"{share['rate']:.2%}"
