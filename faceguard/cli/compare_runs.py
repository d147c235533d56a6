"""Runs of training, side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from faceguard.cli.context import as_json, json_option
from faceguard.evaluation.error_rates import bootstrap_by_person

if TYPE_CHECKING:
    from faceguard.training.compare_runs import Compared

RATES: Final = (1e-3, 1e-4)

_existing = click.Path(path_type=Path, exists=True)


@click.command()
@click.argument("data", type=_existing)
@click.argument("runs", metavar="RUN...", nargs=-1, required=True, type=_existing)
@click.option("--teacher", type=_existing, help="ONNX encoder: also say how near its embeddings are.")
@json_option
def compare(data: Path, runs: tuple[Path, ...], teacher: Path | None, json_: bool) -> None:
    """Measure the encoders of several RUNs on the people of DATA that are never trained on.

    Tells what each run does otherwise than the first, its TPR at FMR 1e-3 and 1e-4, and what that is more than the
    first's, with 95 % bounds by drawing whole people again. Plain weights and weights averaged over the steps are told
    apart; both with mirror averaging.
    """
    from faceguard.training.compare_runs import compare as compared
    from faceguard.training.face_set import FaceSet

    first: Compared | None = None
    rows = []
    for found in compared(FaceSet.open(data), runs, RATES, teacher):
        first = first or found
        rows.append(_row(found, first))
        if not json_:
            click.echo(_line(rows[-1]))
    if json_:
        as_json({"runs": rows})


def _row(found: Compared, first: Compared) -> dict[str, Any]:
    from faceguard.training.compare_runs import options_beside

    points = []
    for rate in RATES:
        low, high = bootstrap_by_person(found.accepted[rate], found.pairs)
        more_low, more_high = bootstrap_by_person(found.accepted[rate] - first.accepted[rate], found.pairs)
        points.append(
            {
                "fmr": rate,
                "tpr": {"low": low, "value": found.tpr(rate), "high": high},
                "more": {"low": more_low, "value": found.tpr(rate) - first.tpr(rate), "high": more_high},
            }
        )
    return {
        "run": str(found.folder),
        "weights": found.weights,
        "otherwise": options_beside(found.recipe, first.recipe),
        "samples": found.samples,
        "genuine": int(found.pairs.sum()),
        "people": len(found.pairs),
        "cosine": found.cosine,
        "points": points,
    }


def _line(row: dict[str, Any]) -> str:
    words = ", ".join(f"{name}={value}" for name, value in row["otherwise"].items())
    near = "" if row["cosine"] is None else f"  cosine to the teacher {row['cosine']:.4f}"
    points = "  ".join(
        f"TPR at {p['fmr']:.0e} {_percent(p['tpr'])}, {_percent(p['more'], signed=True)} to the first"
        for p in row["points"]
    )
    return f"{row['run']} ({row['weights']}, {row['samples']} samples{', ' if words else ''}{words})\n  {points}{near}"


def _percent(span: dict[str, float], *, signed: bool = False) -> str:
    low, value, high = (100 * span[name] for name in ("low", "value", "high"))
    form = "+.1f" if signed else ".1f"
    return f"{value:{form}} % [{low:{form}}, {high:{form}}]"
