"""Who stands before the door in the demonstration, and what the door must say.

There is no second photo of anybody, so whoever is enrolled and stands at the door is rendered from the enrolment photo,
in another light, size and sharpness. Nothing here reaches the pipeline but the rendered picture.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from faceguard.camera.rendering.head import HeadActor
from faceguard.camera.rendering.plane import AttackMove, Medium, PlaneActor
from faceguard.camera.rendering.portrait import FacePhoto
from faceguard.camera.rendering.scene import Keyframe, Placed, Scene
from faceguard.camera.rendering.sensor import retaken
from faceguard.domain.decision import DenyReason

NEAR: Final = 0.15
"""Eye distance as a share of the picture's height: 72 px of 480, a person half a metre before a door's camera."""
BADGE: Final = 0.085
STAFF, COLLEAGUE, STRANGER = "staff", "colleague", "stranger"


@dataclass(frozen=True, slots=True)
class Cast:
    """The photographs by part; another photo in a part is another person at the door."""

    staff: FacePhoto
    colleague: FacePhoto
    stranger: FacePhoto


@dataclass(frozen=True, slots=True)
class Part:
    """One scene of the demonstration.

    Attributes:
        key: number and letter.
        title: what happens.
        make: the actors.
        verdict: what the door must say in the end: grant, deny or fault.
        who: whose name a grant must carry, one of STAFF, COLLEAGUE.
        reasons: reasons that a deny may give; empty for any.
        freeze_after_s: the camera stops at its last picture.
        answers: the people do what the door asks for.
    """

    key: str
    title: str
    make: Callable[[Cast], Scene]
    verdict: str
    who: str = ""
    reasons: tuple[DenyReason, ...] = ()
    freeze_after_s: float | None = None


FLAT: Final = (DenyReason.FLAT_PICTURE, DenyReason.CHALLENGE_FAILED, DenyReason.STATIC_PICTURE)


def _steps_up(cast: Cast) -> Scene:
    return Scene([Placed(HeadActor(retaken(cast.staff, 1), seed=11), (Keyframe(eyes=NEAR),))], seed=1)


def _stranger(cast: Cast) -> Scene:
    return Scene([Placed(HeadActor(retaken(cast.stranger, 1), seed=12), (Keyframe(eyes=NEAR),))], seed=2)


def _badge_held_up(cast: Cast) -> Scene:
    holder = Placed(HeadActor(retaken(cast.stranger, 1), seed=13), (Keyframe(x=0.42, eyes=NEAR),))
    badge = PlaneActor(cast.staff, Medium.BADGE, seed=3, move=AttackMove.ROTATE)
    return Scene([holder, Placed(badge, (Keyframe(x=0.75, y=0.62, eyes=BADGE),))], seed=3)


def _badge_lowered(cast: Cast) -> Scene:
    holder = Placed(HeadActor(retaken(cast.staff, 1), seed=14), (Keyframe(x=0.45, eyes=NEAR),))
    badge = PlaneActor(cast.colleague, Medium.BADGE, seed=4, move=AttackMove.NOTHING)
    path = (Keyframe(0.0, 0.72, 0.6, BADGE), Keyframe(1.5, 0.72, 0.62, BADGE), Keyframe(2.5, 0.74, 1.6, BADGE))
    return Scene([holder, Placed(badge, path, answers=False)], seed=4)


def _print(cast: Cast) -> Scene:
    photo = PlaneActor(cast.staff, Medium.PRINT, seed=5, move=AttackMove.ROTATE)
    return Scene([Placed(photo, (Keyframe(eyes=NEAR),))], seed=5)


def _phone(cast: Cast) -> Scene:
    photo = PlaneActor(cast.staff, Medium.PHONE, seed=6, move=AttackMove.ROTATE)
    return Scene([Placed(photo, (Keyframe(eyes=NEAR),))], seed=6)


PARTS: Final = (
    Part("1", "an enrolled person steps up", _steps_up, "grant", STAFF),
    Part("2", "a stranger steps up", _stranger, "deny", reasons=(DenyReason.NOT_RECOGNISED,)),
    Part("3a", "a stranger holds up the badge photo of staff", _badge_held_up, "deny"),
    Part("3b", "an enrolled person lowers a colleague's badge", _badge_lowered, "grant", STAFF),
    Part("4a", "the enrolled person's photo as a print", _print, "deny", reasons=FLAT),
    Part("4b", "the same photo on a phone", _phone, "deny", reasons=FLAT),
    Part("5", "the camera freezes", _steps_up, "fault", freeze_after_s=1.0),
)
