"""What may become a template, and what must not."""

from __future__ import annotations

from dataclasses import dataclass

from faceguard.domain.errors import EnrolmentRefused
from faceguard.domain.face import AlignedFace, DetectedFace, Frame
from faceguard.domain.observation import QualityAssessment
from faceguard.domain.score import Distance
from faceguard.domain.template import ConsentMeans, Embedding, Subject, TemplateSource

MAX_NAME_LENGTH = 120


@dataclass(frozen=True, slots=True)
class Neighbour:
    """The enrolled person whose face is nearest to the new one.

    Attributes:
        subject: who.
        distance: to the nearest of that person's templates.
        too_near: within tau: the door would take one for the other, or they are one person.
    """

    subject: Subject
    distance: Distance
    too_near: bool


@dataclass(frozen=True, slots=True, eq=False)
class Draft:
    """A face that was examined and may become a template; nothing is stored yet.

    Attributes:
        photo: the picture, never kept.
        face: the chosen face in it.
        aligned: what the encoder sees.
        quality: findings, acceptable or not.
        embedding: f(x).
        source: photo file or camera.
        nearest: the nearest enrolled person; None in an empty gallery.
    """

    photo: Frame
    face: DetectedFace
    aligned: AlignedFace
    quality: QualityAssessment
    embedding: Embedding
    source: TemplateSource
    nearest: Neighbour | None


def clean_name(name: str) -> str:
    """The name with its white space tidied.

    Raises:
        EnrolmentRefused: empty, too long, or with characters that do not print.
    """
    name = " ".join(name.split())
    if not name:
        raise EnrolmentRefused("Enter the person's name.")
    if len(name) > MAX_NAME_LENGTH:
        raise EnrolmentRefused(f"The name is longer than {MAX_NAME_LENGTH} characters; shorten it.")
    if not name.isprintable():
        raise EnrolmentRefused("The name holds characters that cannot be shown; type it again.")
    return name


def check(draft: Draft, name: str, consent: ConsentMeans | None, *, accept_near: bool) -> str:
    """The cleaned name, when this draft may be stored.

    Args:
        draft: the examined face.
        name: of the person.
        consent: how the person agreed; without it nothing is stored.
        accept_near: the operator has looked and says that the near colleague is another person.

    Raises:
        EnrolmentRefused: with what to do about it.
    """
    name = clean_name(name)
    if consent is None:
        raise EnrolmentRefused("Record how the person agreed (paper, screen or spoken) before enrolling.")
    if not draft.quality.acceptable:
        reasons = ", ".join(reason.value for reason in draft.quality.failures) or "not assessed"
        raise EnrolmentRefused(f"The photo is not good enough ({reasons}); take another one.")
    near = draft.nearest
    if near is not None and near.too_near and not accept_near:
        raise EnrolmentRefused(
            f"This face looks like {near.subject.name}, who is enrolled already (d {near.distance.value:.2f}). "
            "If it is another person, confirm that; the door may then ask both for their PIN.",
        )
    return name
