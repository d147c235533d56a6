"""A network's opinion on how well a face can be recognised, asked behind the quality gate."""

from __future__ import annotations

import math
from typing import Protocol

from faceguard.domain.card import QualityCard
from faceguard.domain.errors import ModelFault
from faceguard.domain.face import AlignedFace, DetectedFace, Frame
from faceguard.domain.observation import HaltReason, QualityAssessment, QualityFinding
from faceguard.pipeline.aligner import Aligner
from faceguard.pipeline.onnx_model import OnnxModel


class QualityNetwork:
    """Scores one face; more is better.

    1. The face is aligned to the template on the card, which need not be the encoder's.
    2. The network gives one number.

    eDifFIQA (Babnik, Peer, Struc: "eDifFIQA: Towards Efficient Face Image Quality Assessment based on Denoising
    Diffusion Probabilistic Models", IEEE TBIOM 2024) is such a network.

    Args:
        model: the network; its card is a ``QualityCard``.
    """

    def __init__(self, model: OnnxModel) -> None:
        card = model.card
        if not isinstance(card, QualityCard):
            raise TypeError("a quality network needs a quality card")
        self.card = card
        self._model = model
        self._aligner = Aligner(card.template, card.template_points, card.input_size)

    def score(self, frame: Frame, face: DetectedFace) -> float:
        """The network's number.

        Raises:
            ModelFault: the network fails, or its answer is no number.
            DegenerateLandmarks: the landmarks show no face.
        """
        aligned = self._aligner.align(frame, face.landmarks)
        answer = self._model.run(aligned.crop[None])[0].reshape(-1)
        if answer.shape != (1,) or not math.isfinite(float(answer[0])):
            raise ModelFault(f"The network {self.card.id} does not answer with one number.", str(answer))
        return float(answer[0])


class Gate(Protocol):
    """``quality.QualityGate``."""

    def assess(self, frame: Frame, face: DetectedFace, aligned: AlignedFace) -> QualityAssessment:
        """All findings of one face."""


class StricterGate:
    """The quality gate, and behind it a network: it can refuse what the gate accepts, never accept what it refuses.

    The network is asked only about faces that the gate lets pass: what the gate names, a person can mend.

    Args:
        gate: asked first.
        network: asked about what it lets pass.
    """

    def __init__(self, gate: Gate, network: QualityNetwork) -> None:
        self._gate = gate
        self._network = network

    def assess(self, frame: Frame, face: DetectedFace, aligned: AlignedFace) -> QualityAssessment:
        """All findings of one face, the network's last.

        Raises:
            ModelFault: the network fails; nothing that was not judged is let through.
            DegenerateLandmarks: the landmarks show no face.
        """
        found = self._gate.assess(frame, face, aligned)
        if not found.acceptable:
            return found
        score, limit = self._network.score(frame, face), self._network.card.min_score
        return QualityAssessment(
            (*found.findings, QualityFinding(HaltReason.POOR_PICTURE, score, limit, score >= limit))
        )
