"""What a report draws: DET, ROC, distances, searches, quality, groups. Each function draws onto empty axes.

The extra ``report`` brings matplotlib; nothing here imports it, the axes are handed in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from faceguard.evaluation.curves import ErrorCurve
from faceguard.evaluation.error_rates import Comparisons, fpir

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GENUINE: Final = "#1f6f8b"
IMPOSTOR: Final = "#c8553d"
TAU: Final = "#333333"
OTHERS: Final = ("#7a4fa3", "#b8860b", "#3c7d3c")
FAINT: Final = "#8a8f98"
BINS: Final = 120
MOST_DOTS: Final = 4_000
QUANTILES: Final = 10
LAW_PEOPLE: Final = (1, 10_000)


def det(
    axes: Axes,
    curve: ErrorCurve,
    equal_error: float,
    tau_point: tuple[float, float] | None,
    others: Mapping[str, ErrorCurve] | None = None,
) -> None:
    """FNMR over FMR, both logarithmic.

    Args:
        axes: empty.
        curve: its points.
        equal_error: where it meets the diagonal.
        tau_point: FMR and FNMR of the threshold in use.
        others: of learned comparisons, by name.
    """
    seen = (curve.fmr > 0) & (curve.fnmr > 0)  # a logarithm shows no rate of zero
    axes.plot(curve.fmr[seen], curve.fnmr[seen], color=GENUINE, linewidth=1.8, label=_own_name(others))
    for (name, other), colour in zip((others or {}).items(), OTHERS * 9, strict=False):
        both = (other.fmr > 0) & (other.fnmr > 0)
        axes.plot(other.fmr[both], other.fnmr[both], color=colour, linewidth=1.4, linestyle="--", label=name)
    if equal_error > 0:
        axes.plot(equal_error, equal_error, "o", color=IMPOSTOR, markersize=5, label=f"EER {equal_error:.2%}")
    if tau_point is not None and min(tau_point) > 0:
        axes.plot(*tau_point, "D", color=TAU, markersize=5, label=f"tau in use: FNMR {tau_point[1]:.2%}")
    axes.set(xscale="log", yscale="log", xlabel="FMR", ylabel="FNMR")
    if seen.any():
        low = min(curve.fmr[seen].min(), curve.fnmr[seen].min())
        axes.plot([low, 1], [low, 1], color=FAINT, linewidth=0.7, linestyle=":")
        axes.set_xlim(curve.fmr[seen].min() / 1.5, 1.0)
        axes.set_ylim(curve.fnmr[seen].min() / 1.5, 1.0)
    else:
        axes.set(xlim=(1e-4, 1.0), ylim=(1e-4, 1.0))
        axes.text(0.5, 0.5, "no threshold makes errors of both kinds", ha="center", transform=axes.transAxes)
    _finish(axes)


def roc(
    axes: Axes,
    curve: ErrorCurve,
    tau_point: tuple[float, float] | None,
    others: Mapping[str, ErrorCurve] | None = None,
) -> None:
    """TPR over FMR, the latter logarithmic; the TPR axis begins where the curve does."""
    seen = curve.fmr > 0
    tpr = 1.0 - curve.fnmr
    axes.step(curve.fmr[seen], tpr[seen], where="post", color=GENUINE, linewidth=1.8, label=_own_name(others))
    for (name, other), colour in zip((others or {}).items(), OTHERS * 9, strict=False):
        axes.step(other.fmr, 1.0 - other.fnmr, where="post", color=colour, linewidth=1.4, linestyle="--", label=name)
    if tau_point is not None and tau_point[0] > 0:
        axes.plot(tau_point[0], 1.0 - tau_point[1], "D", color=TAU, markersize=5, label="tau in use")
    axes.set(xscale="log", xlabel="FMR", ylabel="TPR (1 - FNMR)")
    if seen.any():
        axes.set_xlim(curve.fmr[seen].min() / 1.5, 1.0)
        low = float(tpr[seen].min())
        axes.set_ylim(max(0.0, low - 0.05 * (1.0 - low) - 1e-3), 1.0 + 0.02 * (1.0 - low) + 1e-3)
    _finish(axes)


def _own_name(others: Mapping[str, ErrorCurve] | None) -> str | None:
    """A curve that is alone needs no name."""
    return "squared distance" if others else None


def histogram(axes: Axes, scores: Comparisons, tau: float | None) -> None:
    """How many comparisons have which distance, each class for itself as a density."""
    edges = np.linspace(0.0, max(float(scores.genuine[-1]), float(scores.impostor[-1])) + 1e-9, BINS + 1)
    for values, colour, name in ((scores.genuine, GENUINE, "genuine"), (scores.impostor, IMPOSTOR, "impostor")):
        # both are sorted: counting in bins is looking up their edges
        counts = np.diff(np.searchsorted(values, edges.astype(values.dtype)))
        density = counts / values.size / np.diff(edges)
        axes.stairs(density, edges, fill=True, color=colour, alpha=0.55, label=f"{name} ({values.size:,})")
    if tau is not None:
        axes.axvline(tau, color=TAU, linewidth=1.2, linestyle="--", label=f"tau {tau:.3f}")
    axes.set(xlabel="distance d", ylabel="density")
    axes.set_ylim(bottom=0.0)
    _finish(axes)


def searches(axes: Axes, fmr: Mapping[str, float], measured: Sequence[tuple[int, float]]) -> None:
    """FPIR over the number of people in the gallery: the law of independent comparisons, and what was measured.

    Args:
        axes: empty.
        fmr: of one comparison at each threshold, by its name.
        measured: people and FPIR at the first of these thresholds.
    """
    people = np.unique(np.geomspace(*LAW_PEOPLE, 200).astype(int))
    shades = (GENUINE, "#5b9aaf", "#9cc4d1", FAINT)
    for (name, rate), colour in zip(fmr.items(), shades, strict=False):
        axes.plot(people, [fpir(rate, int(k)) for k in people], color=colour, linestyle="--", linewidth=1.5, label=name)
    shown = [(k, rate) for k, rate in measured if rate > 0]
    if shown:
        axes.plot(*zip(*shown, strict=True), "o", color=IMPOSTOR, markersize=5, label="measured at tau in use")
    axes.set(xscale="log", yscale="log", xlabel="people in the gallery", ylabel="FPIR of one search")
    axes.set_ylim(top=1.2)
    _finish(axes)


def quality(axes: Axes, sharpness: NDArray[np.float64], d: NDArray[np.float64], tau: float | None) -> None:
    """Genuine distances over the sharpness of the poorer photo, with median and 95th percentile of each tenth."""
    step = max(1, d.size // MOST_DOTS)
    axes.plot(sharpness[::step], d[::step], ".", color=GENUINE, alpha=0.18, markersize=2.5, rasterized=True)
    edges = np.unique(np.quantile(sharpness, np.linspace(0, 1, QUANTILES + 1)))
    tenth = np.clip(np.searchsorted(edges, sharpness, side="right") - 1, 0, max(0, edges.size - 2))
    middle = [float(np.median(sharpness[tenth == i])) for i in np.unique(tenth)]
    for percent, style in ((50, "-"), (95, "--")):
        level = [float(np.percentile(d[tenth == i], percent)) for i in np.unique(tenth)]
        name = "median" if percent == 50 else "95th percentile"
        axes.plot(middle, level, style, color=IMPOSTOR, linewidth=1.6, marker="o", markersize=3, label=name)
    if tau is not None:
        axes.axhline(tau, color=TAU, linewidth=1.0, linestyle=":", label=f"tau {tau:.3f}")
    axes.set(xlabel="sharpness of the poorer photo", ylabel="distance d of one person's photos")
    _finish(axes)


def groups(axes: Axes, rows: Sequence[Mapping[str, Any]], overall: float) -> None:
    """FMR of each group with its bounds, the worst on top, and without near duplicates.

    Args:
        axes: empty.
        rows: of ``group_report.groups_answer``.
        overall: the FMR over everybody.
    """
    places = np.arange(len(rows))[::-1]
    for place, row in zip(places, rows, strict=True):
        low, high = row["bounds_by_photo"] or (0.0, row["fmr_below"])
        axes.plot([low, high], [place, place], color=GENUINE, linewidth=2.2, alpha=0.45, solid_capstyle="round")
    axes.plot([row["fmr"] for row in rows], places, "o", color=GENUINE, markersize=6, label="all pairs")
    less = [row["without_near_duplicates"]["fmr"] for row in rows]
    axes.plot(less, places, "o", markerfacecolor="white", color=IMPOSTOR, markersize=5, label="without near duplicates")
    axes.axvline(overall, color=TAU, linewidth=1.0, linestyle=":", label="overall")
    axes.set_yticks(places, [f"{row['group']} ({row['photos']:,})" for row in rows])
    axes.set_xlabel("FMR within the group")
    axes.set_xlim(left=0.0)
    axes.ticklabel_format(axis="x", style="sci", scilimits=(-2, 2))
    _finish(axes)


def _finish(axes: Axes) -> None:
    axes.grid(True, which="major", color="#e3e5e8", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, fontsize=8)
