"""Does the nose leave the plane of the face when it turns? Geometry of a whole face; proves "not flat", never "live".

From a near-frontal reference view on,

1. the plane of the face is followed through the turn: one homography a view (``plane_track.py``);
2. in every view the nose is looked for where the plane puts it, and ahead of it (``nose_shift.py``): *evidence* says
   which explains the picture better, a plane (or a bent sheet) or a nose;
3. a view shows a nose off the plane when the evidence is clear, the plane itself has turned, to the side to which the
   nose has left, and the turn was seen on its way: a picture that is exchanged for one of a turned head jumps, and so
   does a nose that is covered up;
4. a reading is not flat when its last two views both show that.

Five landmarks of a detector are too noisy for this, and corners on a nose are few and slip. What passes all the same: a
video of a turning head on a screen (or photos of every pose, one after the other), a mask, and a print with relief at
the nose, such as a deep dent that a thumb presses out from behind.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, replace
from typing import Final

from faceguard.domain.decision import NS_PER_MS
from faceguard.domain.face import DetectedFace, Frame
from faceguard.domain.observation import ParallaxReading
from faceguard.pipeline.nose_shift import Nose
from faceguard.pipeline.plane_track import PlaneTrack

EVIDENCE_LIMIT: Final = 0.1
"""Evidence beyond which a face is not flat. Where the nose is covered up, both explanations are as bad, and it is 0."""
TURNED_DEG: Final = 8.0
"""The least turn of the plane: what moves on a picture that has not turned is no nose."""
PERSPECTIVE: Final = 0.03
"""The plane's perspective says that it has turned where its foreshortening cannot: from a reference view that was
turned a little to the other side."""
VIEWS: Final = 2
"""Views that must agree."""
JUMP_DEG: Final = 15.0
JUMP_SHIFT: Final = 0.06
"""Between two views a head turns by less than this, and its nose shifts by less (in eye distances)."""
COVERED: Final = 0.2
"""A nose that becomes less alike by so much at once, while nothing turns, was covered up or exchanged."""
GAP_MS: Final = 500
"""A turn that was out of sight for longer was not seen on its way."""
REST_DEG: Final = 6.0
REST_EVIDENCE: Final = -0.5
"""Turned by no more than this, and its nose clearly in the plane, a face is as in the reference view; a turn that was
not seen on its way may begin anew."""
LOST_MS: Final = 2_000
"""The plane may be out of sight for so long, as on the far side of a turn; then the next near-frontal view becomes the
new reference. Earlier, a head that is turned already would be taken for one that looks straight ahead."""


@dataclass(frozen=True, slots=True)
class _View:
    """One view against the reference.

    Attributes:
        captured_ns: of its frame.
        turn_deg: of the plane, signed.
        shift: of the nose, in eye distances.
        evidence: for a nose that has left the plane.
        alike: how much the nose is the reference view's, at most 1.
        on_its_way: the turn was seen from near the reference view to here.
    """

    captured_ns: int
    turn_deg: float
    shift: float
    evidence: float
    alike: float
    on_its_way: bool = True

    def after(self, before: _View) -> _View:
        """This view, knowing the last one in which the plane was found."""
        if abs(self.turn_deg) < REST_DEG and self.evidence < REST_EVIDENCE:
            return self
        jumped = abs(self.turn_deg - before.turn_deg) > JUMP_DEG and abs(self.shift - before.shift) > JUMP_SHIFT
        covered = abs(self.turn_deg) < TURNED_DEG and before.alike - self.alike > COVERED
        gone = self.captured_ns - before.captured_ns > GAP_MS * NS_PER_MS
        return replace(self, on_its_way=before.on_its_way and not (jumped or covered or gone))

    def shows_a_nose(self, limit: float) -> bool:
        """Off the plane, on the side to which it has turned."""
        turned = abs(self.turn_deg) >= TURNED_DEG and self.turn_deg * self.shift > 0
        return self.evidence > limit and turned and self.on_its_way


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
        self._last: _View | None = None

    def reset(self) -> None:
        """Forgets the reference."""
        self._track = self._nose = self._last = None
        self._views.clear()

    def start(self, frame: Frame, face: DetectedFace) -> bool:
        """Takes this view as the reference.

        Returns:
            False when it is not near frontal, not near enough, or too smooth to be tracked; ``update`` then tries
            every next frame.
        """
        self.reset()
        self._track = PlaneTrack.start(frame, face)
        if self._track is None:
            return False
        self._nose = Nose(self._track)
        self._last = _View(frame.captured_ns, 0.0, 0.0, 0.0, 1.0)
        return True

    def update(self, frame: Frame, face: DetectedFace) -> ParallaxReading | None:
        """The next frame of the same track; None while there is no reference view yet.

        Args:
            frame: of the same size as the reference.
            face: the probe in it; its box must hold the plane, and its landmarks help to find it after a fast move.
        """
        if self._track is None or self._nose is None or self._last is None:
            self.start(frame, face)
            return None
        plane = self._track.follow(frame, face)
        nose = None if plane is None else self._nose.shift(plane)
        if plane is None or nose is None or not math.isfinite(nose.evidence):
            return self._missed(frame, self._last)
        turn_deg = plane.turn_deg
        if abs(turn_deg) < TURNED_DEG and abs(plane.perspective) >= PERSPECTIVE:
            turn_deg = math.copysign(TURNED_DEG, plane.perspective)
        view = _View(frame.captured_ns, turn_deg, nose.shift, nose.evidence, nose.alike).after(self._last)
        self._last = view
        self._views.append(view)
        # a turn that was not seen on its way counts neither for nor against
        turn_deg = sum(v.turn_deg for v in self._views) / len(self._views) * all(v.on_its_way for v in self._views)
        evidence = min(v.evidence for v in self._views)
        not_flat = len(self._views) == VIEWS and all(v.shows_a_nose(self._limit) for v in self._views)
        return ParallaxReading(turn_deg=turn_deg, evidence=evidence, not_flat=not_flat, points=plane.corners)

    def _missed(self, frame: Frame, last: _View) -> ParallaxReading:
        self._views.clear()
        if frame.captured_ns - last.captured_ns > LOST_MS * NS_PER_MS:
            self.reset()
        return ParallaxReading(turn_deg=0.0, evidence=0.0, not_flat=False, points=0)
