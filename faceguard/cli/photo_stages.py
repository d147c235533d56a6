"""The steps from a stored photo to its embedding, as evaluation takes them: no photo is asked about."""

from __future__ import annotations

import math
from dataclasses import dataclass

from faceguard.camera.photo_file import decode_photo
from faceguard.domain.errors import SeveralFaces
from faceguard.domain.face import Frame
from faceguard.evaluation.acquisition import Sample
from faceguard.evaluation.photo_run import Stages
from faceguard.pipeline.still import LocatedFace, StillExaminer


@dataclass(frozen=True, slots=True)
class FoundFace:
    """A face to encode; ``asked`` as of ``Sample``."""

    located: LocatedFace
    asked: bool


def stages_of(examiner: StillExaminer) -> Stages[Frame, FoundFace]:
    """The steps of ``StillExaminer`` one by one."""

    def encode(found: FoundFace) -> Sample:
        assessed = found.located.quality
        measured = {finding.reason.value: finding.measured for finding in assessed.findings}
        measured = {word: value for word, value in measured.items() if math.isfinite(value)}
        return Sample(examiner.encode(found.located), assessed.acceptable, found.asked, measured)

    return Stages(decode_photo, lambda photo: found_face(examiner, photo), encode)


def found_face(examiner: StillExaminer, photo: Frame) -> FoundFace:
    """The face of a photo; where the program would ask which one is meant, the one nearest the centre is.

    Raises:
        PhotoRefused: no usable face.
    """
    try:
        return FoundFace(examiner.locate(photo), asked=False)
    except SeveralFaces as question:
        middle = (photo.width / 2, photo.height / 2)
        away = [math.dist(box.centre, middle) for box in question.boxes]
        return FoundFace(examiner.locate(photo, 1 + away.index(min(away))), asked=True)
