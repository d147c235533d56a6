"""Keeps one number on one face across frames; when in doubt, a new number."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Final

from faceguard.domain.face import DetectedFace, Frame

MAX_GAP_MS: Final = 1000.0
"""A face that was not seen for longer than this is another visit."""

MIN_OVERLAP: Final = 0.15
"""Intersection over union of two boxes of one face in neighbouring frames, at least."""

MAX_SHIFT: Final = 0.6
"""Shift of the centre in face widths, at most: half a head's breadth between two frames."""

MAX_GROWTH: Final = 1.6
"""Ratio of the box sizes (side of the square of equal area), at most."""

MIN_ADVANTAGE: Final = 0.25
"""By how much the best pairing must be nearer than any rival, in face widths, or both are in doubt."""


@dataclass(frozen=True, slots=True)
class _Track:
    """Where a face was last."""

    track_id: int
    face: DetectedFace
    seen_ns: int


class Tracker:
    """Greedy association, gated and cautious: a track number is evidence that all frames show one person.

    1. Tracks that were not seen for ``max_gap_ms`` (by the frames' own time) end.
    2. A face may continue a track if boxes overlap, the centre moved by less than ``MAX_SHIFT`` face widths and the
       size changed by less than ``MAX_GROWTH``.
    3. Where a face could continue two tracks, or a track two faces, and the nearer one is not nearer by
       ``MIN_ADVANTAGE``, nobody can say who is who: every face and track in the doubt ends, and new numbers begin.
       (An optimal assignment would always find an answer, also for two people who change places.)
    4. What is left continues its track; other faces get new numbers. A number is never used twice.

    It knows places, not people: two who change places between two frames without a blur in between, or a face that is
    replaced where it is, keep the numbers of the places. The attempt therefore also demands one nearest person in
    every frame.

    Args:
        max_gap_ms: longest time without the face, milliseconds.
    """

    def __init__(self, *, max_gap_ms: float = MAX_GAP_MS) -> None:
        self._max_gap_ns = int(max_gap_ms * 1e6)
        self._numbers = count(1)
        self._tracks: list[_Track] = []

    def reset(self) -> None:
        """Ends all tracks; numbers go on where they were."""
        self._tracks = []

    def update(self, frame: Frame, faces: Sequence[DetectedFace]) -> list[tuple[int, DetectedFace]]:
        """The faces of the next frame with their track numbers, in the given order."""
        now = frame.captured_ns
        alive = [t for t in self._tracks if 0 <= now - t.seen_ns <= self._max_gap_ns]
        cost = {
            (i, j): distance
            for i, track in enumerate(alive)
            for j, face in enumerate(faces)
            if (distance := _step(track.face, face)) is not None
        }
        continued = {j: i for i, j in cost if not _in_doubt(cost, i, j)}
        doubted = {i for i, _ in cost} - set(continued.values())
        numbered = [
            (alive[continued[j]].track_id if j in continued else next(self._numbers), face)
            for j, face in enumerate(faces)
        ]
        waiting = [t for i, t in enumerate(alive) if i not in doubted and i not in continued.values()]
        self._tracks = waiting + [_Track(number, face, now) for number, face in numbered]
        return numbered


def _step(before: DetectedFace, after: DetectedFace) -> float | None:
    """Shift between two frames in face widths, or None if it cannot be the same face."""
    old, new = before.box, after.box
    old_size, new_size = math.sqrt(old.area), math.sqrt(new.area)
    shift = math.dist(old.centre, new.centre) / min(old_size, new_size)
    growth = max(old_size, new_size) / min(old_size, new_size)
    if shift > MAX_SHIFT or growth > MAX_GROWTH or old.overlap(new) < MIN_OVERLAP:
        return None
    return shift


def _in_doubt(cost: dict[tuple[int, int], float], i: int, j: int) -> bool:
    """Another pairing of this track or of this face is about as near, or nearer."""
    own = cost[i, j]
    return any((a == i) != (b == j) and rival < own + MIN_ADVANTAGE for (a, b), rival in cost.items())
