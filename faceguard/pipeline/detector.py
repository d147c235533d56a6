"""Finds faces and their five landmarks in a frame."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from faceguard.domain.card import DetectorCard
from faceguard.domain.face import BoundingBox, DetectedFace, Frame, Landmarks
from faceguard.pipeline.onnx_model import OnnxModel

MAX_FACES: Final = 32
"""Faces reported at most, best score first: a wall of portraits must not cost a second."""
_MAX_CANDIDATES: Final = 400
"""Cells that enter the suppression at most, best score first."""
_MIN_SIDE_PX: Final = 2.0
"""A box with a shorter side (in frame pixels) is no face."""
_MAX_LOG_SIZE: Final = 8.0
"""Bound on a box's log size in strides, before the exponential."""
CLOSE_UP_SIDE: Final = 160
"""Longest side that a stored photo is searched at when the first pass finds nothing: its face may fill the picture."""
LARGE_SIDES: Final = (640, 1280)
"""Longest sides for further passes over a stored photo whose faces are small."""
SMALL_FACE_PX: Final = 40.0
"""A best face that is narrower than this in the network's input deserves a look at a larger size. At 27 px a person of
a darkened group picture was missed and a false face of twice the size appeared; at 52 px neither."""


class Detector:
    """Faces of a frame, by a network with YuNet's output layout.

    W. Wu, H. Peng, S. Yu, "YuNet: A Tiny Millisecond-level Face Detector", Machine Intelligence Research 20, 2023.

    1. The frame is shrunk until its longest side is the card's ``max_side`` (never enlarged) and padded at the right
       and at the bottom to multiples of the last stride, so each source resolution has one input size.
    2. For each stride S the network gives, for each cell (col, row): ``cls_S`` and ``obj_S`` in [0, 1]; ``bbox_S``:
       offset of the centre from the cell's corner and log of width and height, in strides; ``kps_S``: offsets of
       five landmarks, in strides. The score is ``sqrt(cls * obj)``.
    3. Cells above the card's ``score_threshold`` go through greedy non-maximum suppression.
    4. What is left is mapped back to frame pixels.

    Args:
        model: the network; its card is a ``DetectorCard``.
        max_faces: reported at most.
    """

    def __init__(self, model: OnnxModel, max_faces: int = MAX_FACES) -> None:
        card = model.card
        if not isinstance(card, DetectorCard):
            raise TypeError("a detector needs a detector's card")
        self._model = model
        self._card = card
        self._max_faces = max_faces

    @property
    def card(self) -> DetectorCard:
        """Of the network in use."""
        return self._card

    @property
    def provider(self) -> str:
        """Execution provider in use."""
        return self._model.provider

    def detect(self, frame: Frame) -> tuple[DetectedFace, ...]:
        """Faces of a camera frame, best score first; none is an empty tuple.

        Raises:
            ModelFault: the network fails.
        """
        return self._detect_at(frame, self._card.max_side)

    def detect_in_photo(self, frame: Frame) -> tuple[DetectedFace, ...]:
        """Faces of a stored photo, which may be large, best score first; none is an empty tuple.

        1. One pass as for a camera frame; when it finds nothing, one at ``CLOSE_UP_SIDE``.
        2. While nothing is found, or the best face is small in the network's input, a pass at the next larger size.

        Raises:
            ModelFault: the network fails.
        """
        longest = max(frame.width, frame.height)
        side = min(self._card.max_side, longest)
        faces = self._detect_at(frame, side) or self._detect_at(frame, min(CLOSE_UP_SIDE, longest))
        for larger in LARGE_SIDES:
            if side >= longest or (faces and faces[0].box.width * side / longest >= SMALL_FACE_PX):
                break
            side = min(larger, longest)
            faces = self._detect_at(frame, side) or faces
        return faces

    def _detect_at(self, frame: Frame, longest_side: int) -> tuple[DetectedFace, ...]:
        picture, scale = self._fit(frame.pixels, longest_side)
        outputs = self._model.run(picture[np.newaxis])
        maps = {spec.name: output[0] for spec, output in zip(self._card.outputs, outputs, strict=True)}
        scores, boxes, points = self._decode(maps, picture.shape[1])
        boxes /= np.tile(scale, 2)
        points /= scale
        usable = (boxes[:, 2:] - boxes[:, :2]).min(axis=1, initial=np.inf) >= _MIN_SIDE_PX
        scores, boxes, points = scores[usable], boxes[usable], points[usable]
        kept = suppress(boxes, self._card.nms_threshold, self._max_faces)
        return tuple(
            DetectedFace(BoundingBox(*(float(v) for v in boxes[i])), Landmarks(points[i]), float(scores[i]))
            for i in kept
        )

    def _fit(self, pixels: NDArray[np.uint8], longest_side: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """The padded network input and its scale (x, y): input pixels per frame pixel."""
        height, width = pixels.shape[:2]
        factor = min(1.0, longest_side / max(width, height))
        if factor < 1.0:
            size = max(1, round(width * factor)), max(1, round(height * factor))
            # Bilinear taps of a picture that shrinks to less than half skip pixels; the area mean does not.
            shrunk = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if factor <= 0.5 else cv2.INTER_LINEAR)
        else:
            shrunk = pixels
        scale = np.array([shrunk.shape[1] / width, shrunk.shape[0] / height], dtype=np.float32)
        step = self._card.strides[-1]
        below, right = -shrunk.shape[0] % step, -shrunk.shape[1] % step
        padded = np.pad(shrunk, ((0, below), (0, right), (0, 0)))
        return padded, scale

    def _decode(
        self, maps: dict[str, NDArray[np.float32]], input_width: int
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """Scores (n,), boxes (n, 4) as corners and landmarks (n, 5, 2) in input pixels, best score first."""
        all_scores, all_boxes, all_points = [], [], []
        for stride in self._card.strides:
            cls, obj = maps[f"cls_{stride}"][:, 0], maps[f"obj_{stride}"][:, 0]
            scores = np.sqrt(np.clip(cls, 0.0, 1.0) * np.clip(obj, 0.0, 1.0))
            cells = np.flatnonzero(scores >= self._card.score_threshold)  # NaN is no face
            columns = input_width // stride
            corner = np.stack([cells % columns, cells // columns], axis=1).astype(np.float32)
            box = maps[f"bbox_{stride}"][cells]
            centre = (corner + box[:, :2]) * stride
            half = np.exp(np.clip(box[:, 2:], -_MAX_LOG_SIZE, _MAX_LOG_SIZE)) * (stride / 2)
            points = (maps[f"kps_{stride}"][cells].reshape(-1, 5, 2) + corner[:, np.newaxis]) * stride
            all_scores.append(scores[cells])
            all_boxes.append(np.concatenate([centre - half, centre + half], axis=1))
            all_points.append(points)
        scores, boxes, points = np.concatenate(all_scores), np.concatenate(all_boxes), np.concatenate(all_points)
        finite = np.isfinite(boxes).all(axis=1) & np.isfinite(points).all(axis=(1, 2))
        order = np.flatnonzero(finite)[np.argsort(-scores[finite], kind="stable")][:_MAX_CANDIDATES]
        return scores[order], boxes[order], points[order]


def suppress(boxes: NDArray[np.float32], threshold: float, most: int) -> list[int]:
    """Greedy non-maximum suppression.

    Args:
        boxes: (n, 4) left, top, right, bottom, best score first.
        threshold: a box that overlaps a better one by more (intersection over union) is dropped.
        most: boxes kept at most.

    Returns:
        Indices of the boxes that stay, ascending.
    """
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    alive = np.ones(len(boxes), dtype=bool)
    kept: list[int] = []
    for i in range(len(boxes)):
        if not alive[i]:
            continue
        kept.append(i)
        if len(kept) == most:
            break
        size = np.minimum(boxes[i, 2:], boxes[:, 2:]) - np.maximum(boxes[i, :2], boxes[:, :2])
        shared = np.prod(np.clip(size, 0.0, None), axis=1)
        alive &= shared <= threshold * (areas[i] + areas - shared)
    return kept
