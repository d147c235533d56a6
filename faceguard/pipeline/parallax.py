"""Does the face leave the plane of a picture when it turns? Geometry of many tracked points; proves "not flat"."""

from __future__ import annotations

from faceguard.domain.face import DetectedFace, Frame
from faceguard.domain.observation import ParallaxReading


class ParallaxProbe:
    """Follows points of one face from a near-frontal reference view through a turn."""

    def start(self, frame: Frame, face: DetectedFace) -> None:
        """A challenge begins: this view is the reference if it is near frontal and near, else the next that is."""

    def update(self, frame: Frame, face: DetectedFace) -> ParallaxReading | None:
        """The next frame of the same track; None while there is no reference view yet."""
        return None

    def reset(self) -> None:
        """Forgets the reference and the points."""
