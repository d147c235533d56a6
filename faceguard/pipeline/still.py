"""A stored photo -> its one face, aligned, assessed and encoded: enrolment and the command line."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from faceguard.domain.errors import PhotoRefused, SeveralFaces
from faceguard.domain.face import AlignedFace, BoundingBox, DetectedFace, Frame, Landmarks
from faceguard.domain.observation import QualityAssessment
from faceguard.domain.template import Embedding
from faceguard.pipeline.aligner import DegenerateLandmarks
from faceguard.pipeline.recogniser import SIMILAR_SIZE, FaceAligner, FaceEncoder, FaceLandmarks, FaceQuality

BORDER: Final = 0.25
"""Border added on each side before detecting, as a share of the photo's longer side: on a tight ID photo the face
touches the edge, and detectors have learnt faces with something around them."""

LARGEST_SIDE: Final = 850
"""Longer side to which a larger photo is shrunk for detecting (12 MP photos have 4000); the crop is taken from the
photo itself."""

ENLARGED_SIDE: Final = 160
"""Longer side to which a smaller photo is enlarged for detecting."""

SECOND_LOOK_FACE: Final = 96
"""Longer side of a face, in pixels, when it is looked at a second time: a size at which detectors are at their best."""

SECOND_LOOK_AROUND: Final = 2.4
"""Side of the picture of the second look, in longer sides of the face."""

SMALLEST_SIDE: Final = 32
"""Photos with a shorter side than this have no face that could be compared."""


class PhotoDetector(Protocol):
    """``detector.Detector``."""

    def detect_in_photo(self, frame: Frame) -> tuple[DetectedFace, ...]:
        """The faces of a stored photo, best score first."""

    def detect(self, frame: Frame) -> tuple[DetectedFace, ...]:
        """The faces of a small picture, best score first."""


@dataclass(frozen=True, slots=True, eq=False)
class LocatedFace:
    """The chosen face of a stored photo before it is encoded; fields as of ``ExaminedPhoto``."""

    face: DetectedFace
    aligned: AlignedFace
    quality: QualityAssessment
    faces: tuple[DetectedFace, ...]


@dataclass(frozen=True, slots=True, eq=False)
class ExaminedPhoto:
    """What one stored photo holds.

    Attributes:
        face: the chosen face, in pixels of the photo.
        aligned: its upright crop.
        quality: assessed; the caller decides what a failure means.
        embedding: f(x).
        faces: all faces found, left to right; ``choose`` counts in this order from 1.
    """

    face: DetectedFace
    aligned: AlignedFace
    quality: QualityAssessment
    embedding: Embedding
    faces: tuple[DetectedFace, ...]


class StillExaminer:
    """Stored photos: no tracks, no liveness, and a question where two people are in the picture.

    1. A border is put around the photo; a huge one is shrunk and a tiny one enlarged for the detector.
    2. Each find is looked at a second time, at a size of its own: a pattern on the clothes that looked like a face is
       none then.
    3. The face nearest the centre is taken. Another one of ``SIMILAR_SIZE`` of its area or more makes the program
       ask which one is meant.
    4. Place its landmarks exactly and align, both from the full-size photo; assess, encode.

    Args:
        detector, landmarks, aligner, quality, encoder: the same stages as at the door.
    """

    def __init__(
        self,
        detector: PhotoDetector,
        landmarks: FaceLandmarks,
        aligner: FaceAligner,
        quality: FaceQuality,
        encoder: FaceEncoder,
    ) -> None:
        self._detector = detector
        self._landmarks = landmarks
        self._aligner = aligner
        self._quality = quality
        self._encoder = encoder

    def examine(self, frame: Frame, choose: int | None = None) -> ExaminedPhoto:
        """The one face of a photo.

        Args:
            frame: the photo, any size.
            choose: which face is meant, counted from 1, left to right; None for the one in the middle.

        Raises:
            PhotoRefused: no face, several faces and none chosen, or a number that is not there.
        """
        found = self.locate(frame, choose)
        return ExaminedPhoto(found.face, found.aligned, found.quality, self.encode(found), found.faces)

    def locate(self, frame: Frame, choose: int | None = None) -> LocatedFace:
        """Everything but the encoder, which may work on another photo meanwhile; as ``examine``."""
        faces = self._faces(frame)
        if not faces:
            raise PhotoRefused(
                "No face was found in this photo; use one that shows the whole face from the front, in good light."
            )
        face = _chosen(frame, faces, choose)
        try:
            face = self._landmarks.refine(frame, face)
            aligned = self._aligner.align(frame, face.landmarks)
            quality = self._quality.assess(frame, face, aligned)
        except DegenerateLandmarks as error:
            raise _unusable(error) from error
        return LocatedFace(face, aligned, quality, faces)

    def encode(self, found: LocatedFace) -> Embedding:
        """f(x) of a located face.

        Raises:
            PhotoRefused: the network gives no usable vector for it.
        """
        try:
            return self._encoder.encode(found.aligned)
        except ValueError as error:
            raise _unusable(error) from error

    def _faces(self, frame: Frame) -> tuple[DetectedFace, ...]:
        """All faces whose centre lies in the photo, left to right, in its pixels."""
        if min(frame.width, frame.height) < SMALLEST_SIDE:
            return ()
        bordered, scale, offset = _bordered(frame)
        seen = [f for f in self._detector.detect_in_photo(bordered) if self._seen_again(bordered, f)]
        found = (_moved(f, scale, offset) for f in seen)
        inside = [f for f in found if 0 <= f.box.centre[0] <= frame.width and 0 <= f.box.centre[1] <= frame.height]
        return tuple(sorted(inside, key=lambda f: f.box.centre))

    def _seen_again(self, frame: Frame, face: DetectedFace) -> bool:
        """The detector finds the face in a picture of it alone."""
        (x, y), longer = face.box.centre, max(face.box.width, face.box.height)
        reach = SECOND_LOOK_AROUND * longer / 2
        left, top = max(0, int(x - reach)), max(0, int(y - reach))
        patch = frame.pixels[top : int(y + reach) + 1, left : int(x + reach) + 1]
        scale = SECOND_LOOK_FACE / longer
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        patch = np.asarray(cv2.resize(patch, None, fx=scale, fy=scale, interpolation=how), np.uint8)
        near, width = SECOND_LOOK_FACE / 4, face.box.width * scale
        return any(
            math.dist(again.box.centre, ((x - left) * scale, (y - top) * scale)) < near
            and 0.6 < again.box.width / width < 1.6
            for again in self._detector.detect(Frame(patch, frame.captured_ns, frame.sequence))
        )


def _unusable(error: ValueError) -> PhotoRefused:
    return PhotoRefused("The face in this photo cannot be used; take another photo.", str(error))


def _bordered(frame: Frame) -> tuple[Frame, tuple[float, float], int]:
    """The photo scaled and with a border; photo pixel = (pixel + 0.5 - offset) * scale - 0.5."""
    longer = max(frame.width, frame.height)
    factor = min(max(1.0, ENLARGED_SIDE / longer), LARGEST_SIDE / longer)
    width, height = max(1, round(frame.width * factor)), max(1, round(frame.height * factor))
    pixels: NDArray[np.uint8] = frame.pixels
    if (width, height) != (frame.width, frame.height):
        how = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
        pixels = np.asarray(cv2.resize(pixels, (width, height), interpolation=how), np.uint8)
    offset = round(BORDER * max(width, height))
    # Replicated edges, not a colour: a frame around the face would be an edge of its own.
    padded = cv2.copyMakeBorder(pixels, offset, offset, offset, offset, cv2.BORDER_REPLICATE)
    padded.flags.writeable = False
    scale = (frame.width / width, frame.height / height)
    return Frame(np.asarray(padded, np.uint8), frame.captured_ns, frame.sequence), scale, offset


def _moved(face: DetectedFace, scale: tuple[float, float], offset: int) -> DetectedFace:
    """The face in pixels of the photo."""
    box = face.box
    corners = np.array([(box.left, box.top), (box.right, box.bottom)])
    (left, top), (right, bottom) = _back(corners, scale, offset).tolist()
    points = _back(face.landmarks.points, scale, offset)
    return DetectedFace(BoundingBox(left, top, right, bottom), Landmarks(points.astype(np.float32)), face.score)


def _back(points: NDArray[np.floating], scale: tuple[float, float], offset: int) -> NDArray[np.float64]:
    """Points (x, y) of the bordered picture in pixels of the photo; a pixel's centre is a whole number in both."""
    return np.asarray((points.astype(np.float64) + 0.5 - offset) * np.array(scale) - 0.5)


def _chosen(frame: Frame, faces: tuple[DetectedFace, ...], choose: int | None) -> DetectedFace:
    if choose is not None:
        if not 1 <= choose <= len(faces):
            plural = "one face" if len(faces) == 1 else f"{len(faces)} faces"
            raise PhotoRefused(f"This photo shows {plural}; there is no face number {choose}.")
        return faces[choose - 1]
    middle = (frame.width / 2, frame.height / 2)
    face = min(faces, key=lambda f: math.dist(f.box.centre, middle))
    rivals = [f for f in faces if f is not face and f.box.area >= SIMILAR_SIZE * face.box.area]
    if rivals:
        raise SeveralFaces(
            f"This photo shows several faces of similar size ({_positions(frame, faces)}); "
            "choose one by its number, counted from the left, or use a photo of one person.",
            tuple(f.box for f in faces),
        )
    return face


def _positions(frame: Frame, faces: tuple[DetectedFace, ...]) -> str:
    """Where the faces are, in words: ``1 left, 2 right``."""
    words = []
    for number, face in enumerate(faces, 1):
        x, y = face.box.centre
        side = ("left", "middle", "right")[min(2, int(3 * x / frame.width))]
        level = ("top ", "", "bottom ")[min(2, int(3 * y / frame.height))]
        words.append(f"{number} {level}{side}")
    return ", ".join(words)
