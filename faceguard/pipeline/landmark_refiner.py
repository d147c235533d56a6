"""Places the five landmarks of a face more exactly than the detector did."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import cv2
import numpy as np

from faceguard.domain.card import LandmarkCard
from faceguard.domain.face import DetectedFace, Frame, Landmarks
from faceguard.pipeline.aligner import DegenerateLandmarks, similarity, warped
from faceguard.pipeline.onnx_model import OnnxModel

MAX_MOVE: Final = 0.6
"""A point that moves by more than this share of the crop's side left what the network saw of the face."""


class LandmarkRefiner:
    """A second, closer look at one face.

    1. The least-squares similarity from the detector's landmarks to the card's template cuts a small upright crop; what
       lies outside of the frame is filled with the nearest pixels.
    2. The network gives the five points in the crop; they are mapped back to the frame.

    Positions count from the picture's edge in both networks (the first pixel's centre is at 0.5) and from the first
    pixel's centre in the warp.

    Args:
        model: the network; its card is a ``LandmarkCard``.
    """

    def __init__(self, model: OnnxModel) -> None:
        card = model.card
        if not isinstance(card, LandmarkCard):
            raise TypeError("a landmark refiner needs a landmark network's card")
        self._model = model
        self._card = card
        self._template = np.array(card.template_points, dtype=np.float64)

    @property
    def card(self) -> LandmarkCard:
        """Of the network in use."""
        return self._card

    def refine(self, frame: Frame, face: DetectedFace) -> DetectedFace:
        """The same face with other landmarks.

        Raises:
            DegenerateLandmarks: the detector's landmarks show no face, or the network finds none there.
            ModelFault: the network fails.
        """
        size = self._card.input_size
        matrix = similarity(np.asarray(face.landmarks.points, np.float64) - 0.5, self._template - 0.5)
        crop = warped(frame.pixels, matrix, size, cv2.BORDER_REPLICATE)
        answer = self._model.run(crop[np.newaxis])[0].astype(np.float64).reshape(5, 2)
        points = (answer + 0.5) * size - 0.5
        # NaN is no point either
        if not (np.abs(points + 0.5 - self._template) <= MAX_MOVE * size).all():
            raise DegenerateLandmarks("the landmarks left the face")
        placed = (points - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T + 0.5
        return replace(face, landmarks=Landmarks(placed.astype(np.float32)))
