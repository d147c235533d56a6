"""Does the nose leave the plane of the face when it turns? Geometry of a whole face; proves "not flat", never "live".

From a near-frontal reference view on,

1. the plane of the face is followed through the turn: one homography a view (``plane_track.py``);
2. in every view the nose is looked for where the plane puts it, and ahead of it (``nose_shift.py``): *evidence* says
   which explains the picture better, a plane (or a bent sheet) or a nose;
3. the turn is read from the plane's foreshortening, and from the nose where it stands clearly off the plane;
4. the mean of the last two views is reported.

Five landmarks of a detector are too noisy for this, and corners on a nose are few and slip. What passes all the same: a
video of a turning head on a screen, a mask, and a print that has relief at the nose.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import Final

import numpy as np

from faceguard.domain.face import DetectedFace, Frame
from faceguard.domain.observation import ParallaxReading
from faceguard.pipeline.nose_shift import NOSE_SHIFT, Nose
from faceguard.pipeline.plane_track import PlaneTrack

EVIDENCE_LIMIT: Final = 0.0
"""Evidence beyond which a face is not flat: a nose explains the picture better than a plane or a bent sheet does."""
VIEWS: Final = 2
"""Views whose mean is reported."""
LOST_MS: Final = 2_000
"""The plane may be out of sight for so long, as on the far side of a turn; then the next near-frontal view becomes the
new reference. Earlier, a head that is turned already would be taken for one that looks straight ahead."""


@dataclass(frozen=True, slots=True)
class _View:
    """One view against the reference.

    Attributes:
        evidence: for a nose that has left the plane.
        side: to which it has, -1, 0 or 1.
        turn_deg: signed; the nose's word counts for the side where it stands clearly off the plane, as the plane's own
            is none while the reference view was turned to the other side.
    """

    evidence: float
    side: float
    turn_deg: float


class ParallaxProbe:
    """Follows one face from a near-frontal reference view through a turn.

    Each reading stands for its view; the caller remembers whether one was not flat while the wanted turn was seen.
    A view in which the plane is not found reads as nothing (turn 0, never not flat).

    Args:
        limit: evidence that makes a face not flat.
    """

    def __init__(self, *, limit: float = EVIDENCE_LIMIT) -> None:
        self._limit = limit
        self._track: PlaneTrack | None = None
        self._nose: Nose | None = None
        self._views: deque[_View] = deque(maxlen=VIEWS)
        self._seen_ns = 0

    def reset(self) -> None:
        """Forgets the reference."""
        self._track = self._nose = None
        self._views.clear()

    def start(self, frame: Frame, face: DetectedFace) -> bool:
        """Takes this view as the reference.

        Returns:
            False when it is not near frontal, not near enough, or too smooth to be tracked; ``update`` then tries
            every next frame.
        """
        self.reset()
        self._track = PlaneTrack.start(frame, face)
        self._seen_ns = frame.captured_ns
        self._nose = None if self._track is None else Nose(self._track)
        return self._track is not None

    def update(self, frame: Frame, face: DetectedFace) -> ParallaxReading | None:
        """The next frame of the same track; None while there is no reference view yet.

        Args:
            frame: of the same size as the reference.
            face: the probe in it; its box must hold the plane, and its landmarks help to find it after a fast move.
        """
        if self._track is None or self._nose is None:
            self.start(frame, face)
            return None
        view = self._track.follow(frame, face)
        nose = None if view is None else self._nose.shift(view)
        if view is None or nose is None or not math.isfinite(nose.evidence):
            return self._missed(frame)
        self._seen_ns = frame.captured_ns
        side, turn_deg = float(np.sign(nose.shift)), view.turn_deg
        if abs(nose.shift) >= NOSE_SHIFT:
            turn_deg = side * max(abs(turn_deg), abs(nose.turn_deg))
        self._views.append(_View(nose.evidence, side, turn_deg))
        evidence = float(np.mean([v.evidence for v in self._views]))
        side = float(np.mean([v.side for v in self._views]))
        turn_deg = float(np.mean([v.turn_deg for v in self._views]))
        not_flat = len(self._views) == VIEWS and evidence > self._limit and side * turn_deg > 0
        return ParallaxReading(turn_deg=turn_deg, evidence=evidence, not_flat=not_flat, points=view.corners)

    def _missed(self, frame: Frame) -> ParallaxReading:
        self._views.clear()
        if frame.captured_ns - self._seen_ns > LOST_MS * 1_000_000:
            self.reset()
        return ParallaxReading(turn_deg=0.0, evidence=0.0, not_flat=False, points=0)
