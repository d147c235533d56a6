"""The outcomes as a table for people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import shorten

NOTE = (
    "All people are simulated: rendered from photographs that come with installed libraries. Whoever is enrolled is\n"
    "rendered from the enrolment photo itself, degraded; this shows that the door works, not how well it recognises."
)
REASON_WIDTH = 44
HEADINGS = ("scene", "", "verdict", "reason", "d", "tau", "frames", "ms", "")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a scene came to; one line of the table.

    Attributes:
        scene, title: which scene.
        verdict: grant, deny, fault, or none when nothing was decided in time.
        subject: who was granted.
        reason: why not.
        distance, tau, frames, ms: of the event log: d, what it was compared with, frames fused, time to the verdict.
        expected: what the door should have said.
        passed: it did.
        tries: how often the person stepped up; 1 unless the door sent somebody back who ought to get in.
    """

    scene: str
    title: str
    verdict: str
    subject: str
    reason: str
    distance: float | None
    tau: float | None
    frames: int
    ms: float
    expected: str
    passed: bool
    tries: int = 1


def table(outcomes: Sequence[Outcome], passed: bool) -> str:
    """Scene, verdict, reason, distance d, tau, frames, milliseconds to the verdict."""
    rows = [HEADINGS]
    for o in outcomes:
        rows.append(
            (
                o.scene,
                o.title,
                f"{o.verdict} {o.subject}".strip(),
                shorten(o.reason, REASON_WIDTH, placeholder=" ..."),
                "" if o.distance is None else f"{o.distance:.3f}",
                "" if o.tau is None else f"{o.tau:.3f}",
                str(o.frames),
                f"{o.ms:.0f}",
                (
                    f"as expected{f', at try {o.tries}' if o.tries > 1 else ''}"
                    if o.passed
                    else f"expected: {o.expected}"
                ),
            )
        )
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEADINGS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    verdict = "Every verdict is the expected one." if passed else "NOT every verdict is the expected one."
    return "\n".join([*lines, "", verdict, NOTE])
