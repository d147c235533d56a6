"""Is this face good enough to be compared? Cheap measures, each with a reason that a person can act on.

A gate, not a discount: a failed finding stops the frame, it never lowers a score.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from faceguard.domain.face import AlignedFace, DetectedFace, Frame
from faceguard.domain.observation import HaltReason, QualityAssessment, QualityFinding
from faceguard.pipeline.aligner import similarity

_PATCH: Final = 112
_TEMPLATE: Final = np.array(
    [(38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), (41.5493, 92.3655), (70.7299, 92.2041)]
)
"""Where the landmarks of a mean face lie in the patch on which everything is measured: the five-point template of
InsightFace (``arcface_dst``), 35 px between the eyes. Crops of other templates are brought to this size first."""

_HEAD_MM: Final = np.array([(-31.5, 0, 0), (31.5, 0, 0), (0, 42.0, -38), (-26, 73, -8), (26, 73, -8)], np.float64)
"""Mean head: the five landmarks, x to the picture's right, y down, z away from the camera, millimetres. The pupils
63 mm apart (ISO/IEC 19794-5's mean adult), nose tip 38 mm before them; the nose's height is set so that the median
photo of LFW looks straight ahead."""

_HEAD_CENTRED: Final = _HEAD_MM - _HEAD_MM.mean(axis=0)
_HEAD_INVERSE: Final = np.linalg.pinv(_HEAD_CENTRED)


@dataclass(frozen=True, slots=True)
class QualityLimits:
    """What a face must keep to; each field is the setting ``quality.<name>``.

    All are mandatory: a gate without a limit would be a gate that stands open. ``DEFAULT_LIMITS`` holds what the
    program ships with.

    Attributes:
        min_eye_px: pixels between the eyes in the frame.
        min_visible: share of the face's oval that lies inside the frame, 0 to 1.
        max_yaw_deg, max_pitch_deg: turn and nod of the head from five landmarks, degrees; rough (see ``head_pose``).
        max_roll_deg: tilt of the line between the eyes, degrees.
        min_eye_contrast: spread of grey along the flattest row through the eyes, as a share of the face's range.
        min_mouth_contrast: spread of grey in the mouth's region, as a share of the face's range.
        min_mouth_row: the same along the fourth-flattest row of the mouth's region.
        max_mask_colour: distance in (Cr, Cb) between the lower face and the cheeks and nose, grey levels.
        min_brightness: grey level that a quarter of the face exceeds.
        max_brightness: grey level that three quarters of the face exceed.
        max_burnt_out: share of the face at 250 grey levels and above.
        max_uneven: difference of the light on the two sides over their sum, 0 to 1.
        min_sharpness: share of the gradients that a further blur takes away, 0 to 1.

    Raises:
        ValueError: not a number, or out of range.
    """

    min_eye_px: float
    min_visible: float
    max_yaw_deg: float
    max_pitch_deg: float
    max_roll_deg: float
    min_eye_contrast: float
    min_mouth_contrast: float
    min_mouth_row: float
    max_mask_colour: float
    min_brightness: float
    max_brightness: float
    max_burnt_out: float
    max_uneven: float
    min_sharpness: float

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            low, high = LIMIT_BOUNDS[each.name]
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
                raise ValueError(f"{each.name} is a number, not {value!r}")
            if not low <= value <= high:
                raise ValueError(f"{each.name} lies in [{low}, {high}], not {value}")


LIMIT_BOUNDS: Final[dict[str, tuple[float, float]]] = {
    "min_eye_px": (8.0, 400.0),
    "min_visible": (0.5, 1.0),
    "max_yaw_deg": (5.0, 60.0),
    "max_pitch_deg": (5.0, 60.0),
    "max_roll_deg": (5.0, 60.0),
    "min_eye_contrast": (0.0, 0.2),
    "min_mouth_contrast": (0.0, 0.3),
    "min_mouth_row": (0.0, 0.1),
    "max_mask_colour": (5.0, 255.0),
    "min_brightness": (0.0, 200.0),
    "max_brightness": (50.0, 255.0),
    "max_burnt_out": (0.0, 1.0),
    "max_uneven": (0.05, 1.0),
    "min_sharpness": (0.0, 0.3),
}
"""Least and greatest value of each limit."""

DEFAULT_LIMITS: Final = QualityLimits(
    min_eye_px=24.0,
    min_visible=0.9,
    max_yaw_deg=38.0,
    max_pitch_deg=20.0,
    max_roll_deg=25.0,
    min_eye_contrast=0.03,
    min_mouth_contrast=0.1,
    min_mouth_row=0.02,
    max_mask_colour=33.0,
    min_brightness=62.0,
    max_brightness=190.0,
    max_burnt_out=0.08,
    max_uneven=0.42,
    min_sharpness=0.15,
)
"""Set by measurement with the bundled detector on development photos of Labeled Faces in the Wild: each finding
refuses at most about 0.3 % of them (the whole gate under 2 %), and the degradations of the tests are refused.
Brightness is judged by the face's light parts when it is dark and by its dark parts when it is bright, so that skin of
any tone has much the same chance: of 700 UTKFace photos of each labelled group 0.1 to 0.4 % are too dark and 0 to
1.6 % too bright, and the whole gate accepts 94 to 97 %.
24 px between the eyes: shrinking a face to that moves its embedding by a squared L2
of 0.05 (median; 95 % below 0.11), to 16 px by 0.10 (0.24), to 12 px by 0.24 (0.61)."""


class HeadPose(NamedTuple):
    """Degrees. Yaw is positive towards the picture's right, pitch upwards, roll clockwise in the picture."""

    yaw: float
    pitch: float
    roll: float


def head_pose(points: NDArray[np.floating]) -> HeadPose:
    """Pose of a mean head under scaled orthographic projection.

    The first step of POSIT (D. DeMenthon, L. Davis, "Model-based object pose in 25 lines of code", IJCV 15, 1995):
    the two image axes follow by least squares from the five points, the third is their cross product, the nearest
    rotation is taken. Only the nose tip leaves the plane of the other four, so the nose alone carries yaw and pitch:
    a landmark error of 6 % of the eye distance turns the head by 6 degrees.

    Args:
        points: (5, 2) landmarks in pixels, not degenerate.
    """
    points = np.asarray(points, np.float64)
    eyes = points[1] - points[0]
    roll = math.degrees(math.atan2(eyes[1], eyes[0]))
    # Turned upright first: yaw and pitch are the head's own.
    cos, sin = math.cos(math.radians(roll)), math.sin(math.radians(roll))
    upright = (points - points.mean(axis=0)) @ np.array([[cos, -sin], [sin, cos]])
    right, down = (_HEAD_INVERSE @ upright).T
    right, down = right / (np.linalg.norm(right) or 1.0), down / (np.linalg.norm(down) or 1.0)
    u, _, vt = np.linalg.svd(np.stack([right, down, np.cross(right, down)]))
    forward = -(u @ vt)[:, 2]
    yaw = math.degrees(math.atan2(forward[0], -forward[2]))
    pitch = math.degrees(math.atan2(-forward[1], math.hypot(forward[0], forward[2])))
    return HeadPose(yaw, pitch, roll)


class QualityGate:
    """A face against the limits.

    1. The crop is brought to 35 px between the eyes, so that every measure is per face, not per pixel.
    2. Size, cut-off and pose from the landmarks in the frame; everything else from the crop.
    3. The findings in the order in which a person should mend them.

    What it cannot see. Five landmarks are always reported, also for a mouth behind a hand, so covering is judged by
    what the crop shows around them: a bar or a plain mask is flat, a medical mask is of another colour than the
    cheeks. A hand before the mouth (skin on skin), sunglasses with reflections, a patterned or skin-coloured mask
    with folds, a full beard and a scarf may pass or fail; make-up and face paint are not looked for at all. Pose is
    rough. Motion along one direction has to smear over 15 px at 35 px between the eyes before six of seven photos are
    refused for it.

    Args:
        limits: what is refused.
    """

    def __init__(self, limits: QualityLimits) -> None:
        self._limits = limits

    @property
    def limits(self) -> QualityLimits:
        """What is refused."""
        return self._limits

    def assess(self, frame: Frame, face: DetectedFace, aligned: AlignedFace) -> QualityAssessment:
        """All findings of one face, the first to be mended first.

        Raises:
            DegenerateLandmarks: the landmarks show no face.
        """
        limits = self._limits
        points = face.landmarks.points
        pose = head_pose(points)
        patch = _Patch(aligned, points)
        brightest_quarter, darkest_quarter = patch.level(0.75), patch.level(0.25)
        return QualityAssessment(
            (
                _at_least(HaltReason.TOO_SMALL, face.landmarks.eye_distance, limits.min_eye_px, "px"),
                _at_least(HaltReason.CUT_OFF, _visible_share(frame, points), limits.min_visible, "share"),
                _at_most(HaltReason.TURNED_AWAY, abs(pose.yaw), limits.max_yaw_deg, "deg"),
                _at_most(HaltReason.TILTED, abs(pose.pitch), limits.max_pitch_deg, "deg"),
                _at_most(HaltReason.TILTED, abs(pose.roll), limits.max_roll_deg, "deg"),
                _at_least(HaltReason.TOO_DARK, brightest_quarter, limits.min_brightness, "grey levels"),
                _at_most(HaltReason.TOO_BRIGHT, darkest_quarter, limits.max_brightness, "grey levels"),
                _at_most(HaltReason.TOO_BRIGHT, patch.burnt_out(), limits.max_burnt_out, "share"),
                _at_most(HaltReason.UNEVEN_LIGHT, patch.unevenness(), limits.max_uneven, "ratio"),
                _at_least(HaltReason.COVERED, patch.eye_contrast(), limits.min_eye_contrast, "ratio"),
                _at_least(HaltReason.COVERED, patch.mouth_contrast(), limits.min_mouth_contrast, "ratio"),
                _at_least(HaltReason.COVERED, patch.mouth_row(), limits.min_mouth_row, "ratio"),
                _at_most(HaltReason.COVERED, patch.mask_colour(), limits.max_mask_colour, "grey levels"),
                _at_least(HaltReason.BLURRED, patch.sharpness(), limits.min_sharpness, "ratio"),
            )
        )


def _at_least(reason: HaltReason, measured: float, limit: float, unit: str) -> QualityFinding:
    # NaN compares false with everything, so it fails.
    return QualityFinding(reason, float(measured), limit, bool(measured >= limit), unit)


def _at_most(reason: HaltReason, measured: float, limit: float, unit: str) -> QualityFinding:
    return QualityFinding(reason, float(measured), limit, bool(measured <= limit), unit)


_OVAL: Final = np.stack(
    [
        (axis.ravel())
        for axis in np.meshgrid(np.arange(24.0, 89.0, 8.0), np.arange(30.0, 109.0, 6.0))  # brows to chin
    ],
    axis=1,
)


def _visible_share(frame: Frame, points: NDArray[np.float32]) -> float:
    """Share of a grid over the face, brows to chin and temple to temple, that lies inside the frame."""
    matrix = similarity(_TEMPLATE, points)
    x, y = (_OVAL @ matrix[:, :2].T + matrix[:, 2]).T
    return float(np.mean((x >= 0) & (y >= 0) & (x <= frame.width - 1) & (y <= frame.height - 1)))


class _Patch:
    """The face at 35 px between the eyes, and what can be read from it.

    All regions are placed by the face's own landmarks, not by the template, so that a turned head is measured on its
    cheeks and not on the wall behind them.
    """

    def __init__(self, aligned: AlignedFace, points: NDArray[np.float32]) -> None:
        located = points @ aligned.matrix[:, :2].T + aligned.matrix[:, 2]
        to_patch = similarity(located, _TEMPLATE)
        scale = float(np.hypot(to_patch[0, 0], to_patch[1, 0]))
        crop = aligned.crop
        if not 0.97 <= scale <= 1.03:
            crop = np.asarray(
                cv2.resize(
                    crop, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
                ),
                np.uint8,
            )
            located = (located + 0.5) * scale - 0.5
        self._right_eye, self._left_eye, self._nose = located[0], located[1], located[2]
        self._right_mouth, self._left_mouth = located[3], located[4]
        self._mouth = (located[3] + located[4]) / 2
        grey = cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY)
        self._colour = crop
        self._smooth = cv2.GaussianBlur(grey, (0, 0), 1.0)
        centre = located.mean(axis=0)
        self._face = _region(grey, _shifted(centre, 0.0, -2.0), 28, 34)
        self._cumulated = np.cumsum(np.bincount(self._face.ravel(), minlength=256)) / max(1, self._face.size)
        self._range = self.level(0.95) - self.level(0.05) + 1.0
        self._wide_face = (slice(*_span(centre[1] - 44, centre[1] + 36)), slice(*_span(centre[0] - 32, centre[0] + 32)))

    def level(self, share: float) -> float:
        """Grey level below which this share of the face lies."""
        return float(np.searchsorted(self._cumulated, share))

    def burnt_out(self) -> float:
        """Share of the face at 250 grey levels and above."""
        return float(1.0 - self._cumulated[249])

    def unevenness(self) -> float:
        """Difference of the two sides over their sum: brow, below the eye, cheek."""
        right, left = (
            sum(
                _mean(self._smooth, at, width, height)
                for at, width, height in (
                    (_shifted((eye + mouth) / 2, outwards, 0.0), 5, 7),
                    (_shifted(eye, 0.0, -11.0), 6, 3),
                    (_shifted(eye, 0.0, 8.0), 6, 3),
                )
            )
            for eye, mouth, outwards in (
                (self._right_eye, self._right_mouth, -3.0),
                (self._left_eye, self._left_mouth, 3.0),
            )
        )
        return abs(right - left) / (right + left + 1.0)

    def eye_contrast(self) -> float:
        """Spread along the flattest row through both eyes: eye, nose bridge and eye differ, a bar does not."""
        middle = (self._right_eye[1] + self._left_eye[1]) / 2
        top, bottom = _span(middle - 7, middle + 7)
        left, right = _span(self._right_eye[0] - 8, self._left_eye[0] + 8)
        rows = self._smooth[top:bottom, left:right]
        return float(rows.astype(np.float32).std(axis=1).min()) / self._range if rows.size else 0.0

    def mouth_contrast(self) -> float:
        """Spread over the mouth's region: lips, teeth and shadow differ, a mask is flat."""
        region = _region(self._smooth, _shifted(self._mouth, 0.0, -1.0), 14, 8)
        return float(region.astype(np.float32).std()) / self._range if region.size else 0.0

    def mouth_row(self) -> float:
        """Spread along the fourth-flattest row of the mouth's region: none in a bar."""
        region = _region(self._smooth, _shifted(self._mouth, 0.0, -1.0), 14, 8)
        if region.shape[0] < 4 or not region.shape[1]:
            return 0.0
        return float(np.partition(region.astype(np.float32).std(axis=1), 3)[3]) / self._range

    def mask_colour(self) -> float:
        """Distance in (Cr, Cb) between the lower face and the cheeks and nose."""
        lower = _chroma(self._colour, _shifted(self._mouth, 0.0, 1.0), 16, 9)
        upper = np.median(
            [
                _chroma(self._colour, _shifted(self._right_eye, 0.0, 14.0), 5, 4),
                _chroma(self._colour, _shifted(self._left_eye, 0.0, 14.0), 5, 4),
                _chroma(self._colour, _shifted(self._nose, 0.0, -8.0), 5, 6),
            ],
            axis=0,
        )
        return float(np.hypot(*(lower - upper)))

    def sharpness(self) -> float:
        """How much of the gradients a further blur takes away, in the direction where it takes less.

        The re-blur idea of F. Crete et al., "The blur effect: perception and estimation with a new no-reference
        perceptual blur metric", SPIE 6492 (2007): what is blurred already loses little. The picture is smoothed with
        sigma 1 first, which takes the sensor's noise out of the account, and blurred with sigma 2 for the comparison;
        the variance of the Laplacian would call a noisy blur sharp.
        """
        once = self._smooth[self._wide_face].astype(np.float32)
        twice = cv2.GaussianBlur(self._smooth, (0, 0), 2.0)[self._wide_face].astype(np.float32)
        if min(once.shape) < 8:
            return 0.0
        return float(
            min(
                1.0 - np.abs(np.diff(twice, axis=axis)).mean() / (np.abs(np.diff(once, axis=axis)).mean() + 0.01)
                for axis in (0, 1)
            )
        )


def _span(low: float, high: float) -> tuple[int, int]:
    """Index range of the pixels from low to high, both inside, clipped at zero."""
    return max(0, round(float(low))), max(0, round(float(high)) + 1)


def _shifted(point: NDArray[np.float64], right: float, down: float) -> NDArray[np.float64]:
    return np.asarray(point + np.array([right, down]), np.float64)


def _region(
    image: NDArray[np.uint8], centre: NDArray[np.float64], half_width: float, half_height: float
) -> NDArray[np.uint8]:
    top, bottom = _span(centre[1] - half_height, centre[1] + half_height)
    left, right = _span(centre[0] - half_width, centre[0] + half_width)
    return image[top:bottom, left:right]


def _mean(image: NDArray[np.uint8], centre: NDArray[np.float64], half_width: float, half_height: float) -> float:
    region = _region(image, centre, half_width, half_height)
    return float(cv2.mean(region)[0]) if region.size else 0.0


def _chroma(
    image: NDArray[np.uint8], centre: NDArray[np.float64], half_width: float, half_height: float
) -> NDArray[np.float64]:
    """(Cr, Cb) of the region's mean colour, ITU-R BT.601, without offset."""
    region = _region(image, centre, half_width, half_height)
    if not region.size:
        return np.zeros(2)
    blue, green, red, _ = cv2.mean(region)
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    return np.array([(red - luma) * 0.713, (blue - luma) * 0.564])
