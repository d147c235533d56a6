"""Follows the plane of a face from a reference view through a turn: one homography a view.

Two views of a plane are related by a homography, wherever the camera stands and however the plane is tilted, moved or
shaken. It is fitted to corners of brow, temples, cheeks, mouth and jaw. Nose, hair, neck, a picture's frame and the
room are left out: behind a living face they neither turn with it nor lie in its plane, so they would only loosen the
fit; the corners on a picture of a face determine the picture's plane well enough.

Every view is measured against the reference view itself, never against the view before: what wanders over a picture
(the moire of a screen, a reflection) would otherwise carry the points along a little in each frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from faceguard.domain.face import DetectedFace, Frame, Landmarks

MIN_EYE_PX: Final = 54.0
"""Smallest distance between the eyes in the reference view, in frame pixels: 60 less the detector's landmark error."""
WORK_EYE_PX: Final = 80.0
"""Nearer faces are scaled down to this eye distance, so that the cost does not grow with them."""
FRONTAL_OFFSET: Final = 0.2
"""A view is near frontal while the nose tip lies this near to the middle between the eyes, in eye distances."""

CORNERS: Final = 70
MIN_CORNERS: Final = 14
"""Fewer than these are no measurement."""
MIN_INSIDE: Final = 0.6
"""Share of the corners that must still lie in the face's box; else they follow something else."""
FIT_SCALE: Final = 0.03
"""Smallest scale of the Cauchy weights, in eye distances."""
MAX_PERSPECTIVE: Final = 0.3
"""Beyond this a fit is none, per eye distance. A picture at 30 cm has 0.16 when it has turned by 50 degrees. A head has
up to 0.3 in a turn of 20 to 28, as its cheeks curve away: to refuse that loses it just where it answers."""

_WINDOW: Final = (21, 21)
_LEVELS: Final = (3, 1)
"""Pyramid levels of the rounds: the first finds the view, the second is exact."""
_CRITERIA: Final = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 20, 0.02)
_FORWARD_BACKWARD_PX: Final = 0.7
_RIM_PX: Final = 3
_FACE_CENTRE: Final = np.array([0.0, 0.45])
_FACE_RADII: Final = np.array([1.0, 1.35])
"""The ellipse of the corners in eye distances from the middle between the eyes: temples, brow and jaw, no hair."""

Vectors = NDArray[np.float64]
Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class PlaneView:
    """One view of the face, as the plane of the reference view explains it.

    Lengths are eye distances of the reference view, from the middle between its eyes, x along them, y down.

    Attributes:
        grey: (H, W) uint8, the working picture.
        plane: (3, 3), places on the face in the reference view to places in this view.
        corners: how many of them it rests on.
    """

    grey: NDArray[np.uint8]
    plane: Matrix
    corners: int

    @property
    def eye_line(self) -> Vectors:
        """(2,) unit vector along the eyes in this view, towards the right of the picture."""
        right, left = mapped(self.plane, np.array([[-0.5, 0.4], [0.5, 0.4]]))
        return np.asarray((left - right) / np.linalg.norm(left - right))

    @property
    def perspective(self) -> float:
        """How much more one half of the face is seen from near than the other, per eye distance; signed as the turn.

        A picture at half a metre has 0.03 at 15 degrees, a head more, as its cheeks curve away. It grows evenly
        from any reference view.
        """
        return float(self.plane[2, 0])

    @property
    def turn_deg(self) -> float:
        """Turn about the face's upright axis since the reference view, signed as in ``ParallaxReading``; rough.

        The arc cosine of the foreshortening; the side is the perspective's, as the half that turns away shrinks. From
        a reference view that was turned to the other side it is too little.
        """
        x0, x1, y0, y1 = mapped(self.plane, np.array([[-0.05, 0.4], [0.05, 0.4], [0.0, 0.35], [0.0, 0.45]]))
        wide, high = (x1 - x0) / 0.1, (y1 - y0) / 0.1
        foreshortening = abs(wide[0] * high[1] - wide[1] * high[0]) / max(float(high @ high), 1e-9)
        return float(np.degrees(np.arccos(min(foreshortening, 1.0))) * np.sign(self.perspective))


class PlaneTrack:
    """The reference view and where its plane was seen last; made by ``start``.

    Attributes:
        reference: the reference view.
        nose_y: height of the nose tip in it, in eye distances below the eyes.
        work_eye: eye distance in working pixels.
    """

    def __init__(self, frame: Frame, landmarks: Landmarks, window: tuple[int, int, int, int], scale: float) -> None:
        middle, to_face = _face_frame(landmarks)
        left, top = window[:2]
        self._window = window
        self._frame_shape = frame.pixels.shape
        self._scale = scale
        self._landmarks = landmarks.points.astype(np.float64)
        self._to_face = np.eye(3)
        self._to_face[:2, :2] = to_face / scale
        self._to_face[:2, 2] = -(to_face / scale) @ ((middle - (left, top)) * scale)
        self._to_pixels: Matrix = np.asarray(np.linalg.inv(self._to_face), np.float64)
        self.nose_y = float((to_face @ (landmarks.points[2] - middle))[1])
        self.work_eye = landmarks.eye_distance * scale
        grey = _grey(frame, window, scale)
        self._corners = mapped(self._to_face, self._find_corners(grey))
        self._plane: Matrix = np.eye(3)
        self.reference = PlaneView(grey, self._plane, len(self._corners))
        self._halfway = self.reference

    @classmethod
    def start(cls, frame: Frame, face: DetectedFace) -> PlaneTrack | None:
        """Takes this view as the reference; None when it is not near frontal, not near enough, or too smooth."""
        eye = face.landmarks.eye_distance
        if eye < MIN_EYE_PX or not near_frontal(face.landmarks):
            return None
        middle, _ = _face_frame(face.landmarks)
        reach = np.array([[-3.0, -2.6], [3.0, 3.4]]) * eye
        (left, top), (right, bottom) = np.clip(middle + reach, 0, (frame.width, frame.height)).astype(int).tolist()
        if right - left < 3 * eye or bottom - top < 3 * eye:
            return None
        track = cls(frame, face.landmarks, (left, top, right, bottom), min(1.0, WORK_EYE_PX / eye))
        return track if track.reference.corners >= MIN_CORNERS else None

    def follow(self, frame: Frame, face: DetectedFace) -> PlaneView | None:
        """The plane in the next view, None when it is not found there.

        1. From where the plane was last, and where that fails from where the landmarks say that the face is now:
        2. the reference view is brought into this view by that homography;
        3. its corners are looked for nearby (pyramidal Lucas-Kanade, forward and backward);
        4. a homography is fitted robustly to those found; once more from 2. with it.
        5. Where a head has turned so far that too few are found, the last view in which most were found stands in for
           the reference view in 2. What wanders then errs once, by the little that it wandered since, and no more.

        Args:
            frame: of the same size as the reference.
            face: the probe in it.
        """
        if frame.pixels.shape != self._frame_shape:
            return None
        grey = _grey(frame, self._window, self._scale)
        view = self._seen(grey, self.reference, self._plane)
        if view is None or view.corners < len(self._corners) / 2:
            other = self._seen(grey, self.reference, self._by_landmarks(face.landmarks))
            if other is not None and (view is None or other.corners > view.corners):
                view = other
        if view is not None and view.corners >= len(self._corners) / 2:
            self._halfway = view
        elif view is None:
            view = self._seen(grey, self._halfway, self._plane)
        if view is None or not self._on_face(view, face):
            return None
        self._plane = view.plane
        return view

    def pixels(self, places: Vectors) -> Vectors:
        """Places (..., 2) in eye distances to working pixels."""
        return np.asarray(places @ self._to_pixels[:2, :2].T + self._to_pixels[:2, 2])

    def _find_corners(self, grey: NDArray[np.uint8]) -> Vectors:
        """Shi-Tomasi corners (N, 2) of the face without the nose, working pixels."""
        rows, columns = np.indices(grey.shape, dtype=np.float64)
        places = np.stack([columns, rows], axis=-1) @ self._to_face[:2, :2].T + self._to_face[:2, 2]
        across, below = np.abs(places[..., 0]), places[..., 1] - self.nose_y
        nose = (across < 0.40) & (below > -0.50) & (below < 0.30)
        oval = (((places - _FACE_CENTRE) / _FACE_RADII) ** 2).sum(axis=-1) < 1
        where = (oval & ~nose).astype(np.uint8) * 255
        found = cv2.goodFeaturesToTrack(grey, CORNERS, 0.005, 0.10 * self.work_eye, mask=where, blockSize=5)
        return np.empty((0, 2)) if found is None else np.asarray(found, np.float64).reshape(-1, 2)

    def _by_landmarks(self, landmarks: Landmarks) -> Matrix:
        """The affine map of the five landmarks from the reference to this view, by least squares."""
        corner = np.array(self._window[:2])
        before, after = (
            mapped(self._to_face, (points - corner) * self._scale)
            for points in (self._landmarks, landmarks.points.astype(np.float64))
        )
        rough = np.eye(3)
        rough[:2] = np.linalg.lstsq(np.column_stack([before, np.ones(5)]), after, rcond=None)[0].T
        return rough

    def _seen(self, grey: NDArray[np.uint8], known: PlaneView, plane: Matrix) -> PlaneView | None:
        """Steps 2 to 4 of ``follow``, with a view whose plane is known."""
        count = 0
        for levels in _LEVELS:
            expected = mapped(self._to_pixels @ plane, self._corners)
            left, top, right, bottom = around(expected, 0.5 * self.work_eye, grey.shape)
            if min(right - left, bottom - top) <= max(_WINDOW):
                return None
            corner = np.array([left, top], np.float64)
            now = grey[top:bottom, left:right]
            onto = shifted(-corner) @ self._to_pixels @ plane @ np.linalg.inv(known.plane) @ self._to_face
            then = cv2.warpPerspective(known.grey, onto, (right - left, bottom - top), borderMode=cv2.BORDER_REPLICATE)
            start = (expected - corner).astype(np.float32)
            options: dict[str, Any] = {"winSize": _WINDOW, "maxLevel": levels, "criteria": _CRITERIA}
            found, there_too, _ = cv2.calcOpticalFlowPyrLK(then, now, start, None, **options)
            back, back_too, _ = cv2.calcOpticalFlowPyrLK(now, then, found, None, **options)
            kept = (there_too.ravel() == 1) & (back_too.ravel() == 1)
            kept &= np.linalg.norm(back - start, axis=1) < _FORWARD_BACKWARD_PX
            kept &= ((found > _RIM_PX) & (found < (right - left - 1 - _RIM_PX, bottom - top - 1 - _RIM_PX))).all(axis=1)
            count = int(kept.sum())
            if count < MIN_CORNERS:
                return None
            places = mapped(self._to_face, found[kept].astype(np.float64) + corner)
            fitted = _homography(self._corners[kept], places)
            if fitted is None:
                return None
            plane = fitted
        return PlaneView(grey, plane, count)

    def _on_face(self, view: PlaneView, face: DetectedFace) -> bool:
        """Do most corners lie in the probe's box?"""
        x, y = (mapped(self._to_pixels @ view.plane, self._corners) / self._scale + self._window[:2]).T
        inside = (x > face.box.left) & (x < face.box.right) & (y > face.box.top) & (y < face.box.bottom)
        return float(inside.mean()) >= MIN_INSIDE


def near_frontal(landmarks: Landmarks) -> bool:
    """Is the nose tip as near to the middle between the eyes as in a reference view?"""
    middle, to_face = _face_frame(landmarks)
    return abs(float((to_face @ (landmarks.points[2] - middle))[0])) <= FRONTAL_OFFSET


def mapped(homography: Matrix, points: Vectors) -> Vectors:
    """Points (N, 2) through a homography."""
    lifted = np.concatenate([points, np.ones((len(points), 1))], axis=1) @ homography.T
    return np.asarray(lifted[:, :2] / np.where(np.abs(lifted[:, 2:]) < 1e-6, 1e-6, lifted[:, 2:]))


def shifted(offset: Vectors) -> Matrix:
    """The homography that moves by (x, y)."""
    move = np.eye(3)
    move[:2, 2] = offset
    return move


def around(points: Vectors, margin: float, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """The part (left, top, right, bottom) of a picture of this shape about points (..., 2); a pixel at least."""
    flat, size = points.reshape(-1, 2), np.array([shape[1], shape[0]])
    left, top = np.clip(flat.min(axis=0) - margin, 0, size - 1).astype(int).tolist()
    right, bottom = np.clip(flat.max(axis=0) + margin, (left + 1, top + 1), size).astype(int).tolist()
    return left, top, right, bottom


def _face_frame(landmarks: Landmarks) -> tuple[Vectors, Matrix]:
    """Middle between the eyes, and the (2, 2) matrix that turns pixels into eye distances: x along the eyes, y down."""
    right, left = landmarks.points[:2].astype(np.float64)
    x, y = left - right
    return (right + left) / 2, np.linalg.inv(np.array([[x, -y], [y, x]]))


def _grey(frame: Frame, window: tuple[int, int, int, int], scale: float) -> NDArray[np.uint8]:
    left, top, right, bottom = window
    grey = cv2.cvtColor(np.ascontiguousarray(frame.pixels[top:bottom, left:right]), cv2.COLOR_BGR2GRAY)
    if scale < 1.0:
        grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.asarray(grey, dtype=np.uint8)


def _homography(before: Vectors, after: Vectors) -> Matrix | None:
    """The plane's map from reference to view, (3, 3), by iterated least squares with Cauchy weights.

    A consensus search (RANSAC) settles on any few points of a head that happen to lie in a plane, and on another few
    in the next view; the weighted fit changes steadily, which separated heads from planes better.
    """
    centre = after.mean(axis=0)
    after = after - centre  # keeps the fit well conditioned when the face has moved far
    x, y = before.T
    u, v = after.T
    zero, one = np.zeros_like(x), np.ones_like(x)
    design = np.concatenate(
        [
            np.stack([x, y, one, zero, zero, zero, -u * x, -u * y], axis=1),
            np.stack([zero, zero, zero, x, y, one, -v * x, -v * y], axis=1),
        ]
    )
    wanted = np.concatenate([u, v])
    weights = np.ones(len(x))
    fit = np.eye(3)
    for _ in range(5):
        weighted = design * np.concatenate([weights, weights])[:, None]
        try:
            fit = np.append(np.linalg.solve(weighted.T @ design, weighted.T @ wanted), 1.0).reshape(3, 3)
        except np.linalg.LinAlgError:
            return None
        error = np.linalg.norm(mapped(fit, before) - after, axis=1)
        scale = max(FIT_SCALE, 1.5 * float(np.median(error)))
        weights = 1.0 / (1.0 + (error / scale) ** 2)
    plausible = np.isfinite(fit).all() and 0.1 < np.linalg.det(fit[:2, :2]) < 10.0
    if not plausible or np.abs(fit[2, :2]).max() >= MAX_PERSPECTIVE:
        return None
    return np.asarray(shifted(centre) @ fit)
