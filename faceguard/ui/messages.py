"""What the door says: one short sentence for every hint, refusal, question, gate and halt.

At the door nobody hears a score, nobody hears whom a face resembled, and nobody is told who is enrolled or has a PIN.
The event list is for staff and names the finding.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from faceguard.domain.decision import AskReason, DenyReason, Gate, Hint
from faceguard.domain.observation import HaltReason


@dataclass(frozen=True, slots=True)
class Refusal:
    """Headline and sentence for the person at the door, and the finding for staff."""

    headline: str
    sentence: str
    event: str


HINTS: Final[Mapping[Hint, str]] = MappingProxyType(
    {
        Hint.STEP_UP: "Step up to the camera",
        Hint.LOOK_HERE: "Look here",
        Hint.COME_CLOSER: "Come closer",
        Hint.MOVE_BACK: "Move back a little",
        Hint.STEP_INTO_THE_MIDDLE: "Step into the middle",
        Hint.ONE_AT_A_TIME: "One at a time, please",
        Hint.MORE_LIGHT: "Step into the light",
        Hint.LESS_LIGHT: "Step out of the bright light",
        Hint.EVEN_LIGHT: "Turn away from the side light",
        Hint.HOLD_STILL: "Hold still",
        Hint.HEAD_UPRIGHT: "Hold your head upright",
        Hint.UNCOVER: "Uncover your face, please",
        Hint.CHECKING: "Keep looking here",
        Hint.TURN_LEFT: "Turn your head to the left",
        Hint.TURN_RIGHT: "Turn your head to the right",
        Hint.LOOK_STRAIGHT: "Look straight ahead",
        Hint.WAIT: "One moment, please",
    }
)

_USE_PIN: Final = "Please use your PIN, or ask at the desk."
_ASK_DESK: Final = "Please ask at the desk."
_OWN_FACE: Final = "Please show your own face, not a picture."

REFUSALS: Final[Mapping[DenyReason, Refusal]] = MappingProxyType(
    {
        DenyReason.NOT_RECOGNISED: Refusal("Not recognised", _USE_PIN, "Not recognised"),
        DenyReason.GALLERY_EMPTY: Refusal("Not ready yet", _ASK_DESK, "Nobody is enrolled"),
        DenyReason.POOR_PICTURES: Refusal(
            "Not seen clearly", "Please step back, then look at the camera again.", "No good picture"
        ),
        DenyReason.FLAT_PICTURE: Refusal("Not accepted", _OWN_FACE, "A picture was held up"),
        DenyReason.STATIC_PICTURE: Refusal("Not accepted", _OWN_FACE, "A still picture was held up"),
        DenyReason.PASSIVE_ATTACK: Refusal("Not accepted", _OWN_FACE, "A picture or screen was recognised"),
        DenyReason.CHALLENGE_FAILED: Refusal(
            "Turn not seen", "Please try again and turn your head further, slowly.", "The turn was not seen"
        ),
        DenyReason.LIVENESS_UNDECIDED: Refusal(
            "Not accepted", "Please try again, and move your head a little.", "Liveness could not be decided"
        ),
        DenyReason.IDENTITY_CHANGED: Refusal(
            "Please start again", "Only one person at a time, please.", "The face changed during the attempt"
        ),
        DenyReason.TRACK_LOST: Refusal("Please start again", "Stay before the camera until it opens.", "Stepped away"),
        DenyReason.TOO_MANY_ATTEMPTS: Refusal("Please wait a moment", _USE_PIN, "Too many attempts"),
        DenyReason.NO_PIN: Refusal("Not accepted", _ASK_DESK, "No PIN is stored"),
        DenyReason.WRONG_PIN: Refusal("That PIN is not right", "Please try again, or ask at the desk.", "Wrong PIN"),
        DenyReason.PIN_LOCKED: Refusal(
            "Please wait a moment", "There were too many wrong entries. Try later, or ask at the desk.", "PIN locked"
        ),
        DenyReason.PIN_TIMEOUT: Refusal("No PIN was entered", "Please start again.", "No PIN was entered"),
        DenyReason.STALE_EVIDENCE: Refusal(
            "Please start again", "Look at the camera once more.", "The pictures were too old"
        ),
        DenyReason.RULES_CHANGED: Refusal(
            "Please start again", "Look at the camera once more.", "The rules were changed meanwhile"
        ),
        DenyReason.NOT_CALIBRATED: Refusal("Not ready yet", _ASK_DESK, "No tau was measured for this encoder"),
        DenyReason.LIVENESS_MISSING: Refusal("Not ready yet", _ASK_DESK, "The liveness check is missing"),
        DenyReason.AUDIT_UNAVAILABLE: Refusal("Not accepted", _ASK_DESK, "The event could not be recorded"),
    }
)

PIN_DOES_NOT_HELP: Final = frozenset(
    {
        DenyReason.GALLERY_EMPTY,
        DenyReason.NO_PIN,
        DenyReason.PIN_LOCKED,
        DenyReason.NOT_CALIBRATED,
        DenyReason.LIVENESS_MISSING,
        DenyReason.AUDIT_UNAVAILABLE,
    }
)
"""Refusals after which the door does not offer the keypad."""


@dataclass(frozen=True, slots=True)
class Question:
    """Why a PIN is wanted: for the person, and for staff."""

    sentence: str
    event: str


ASK_HEADLINE: Final = "Please enter your PIN"
QUESTIONS: Final[Mapping[AskReason, Question]] = MappingProxyType(
    {
        AskReason.TOO_ALIKE: Question("Your face alone was not clear enough this time.", "Too like another person"),
        AskReason.LIVENESS_UNPROVEN: Question(
            "At this door the PIN follows the face.", "The camera alone proves no living face"
        ),
    }
)

GATES: Final[Mapping[Gate, str]] = MappingProxyType(
    {
        Gate.QUALITY: "good pictures",
        Gate.NOT_STATIC: "not a still picture",
        Gate.PASSIVE_PAD: "no picture or screen recognised",
        Gate.NOT_FLAT: "not flat",
        Gate.LIVENESS_OFF: "liveness switched off",
        Gate.PIN: "PIN",
        Gate.MATCH: "face",
    }
)

HALTS: Final[Mapping[HaltReason, str]] = MappingProxyType(
    {
        HaltReason.NO_FACE: "No face was found",
        HaltReason.SEVERAL_FACES: "There are several faces",
        HaltReason.OUTSIDE_ZONE: "The face is outside the marked zone",
        HaltReason.TOO_SMALL: "The face is too small",
        HaltReason.CUT_OFF: "The face is cut off at the edge",
        HaltReason.TURNED_AWAY: "The face is turned away",
        HaltReason.TILTED: "The head is tilted",
        HaltReason.COVERED: "The face is partly covered",
        HaltReason.TOO_DARK: "The face is too dark",
        HaltReason.TOO_BRIGHT: "The face is too bright",
        HaltReason.UNEVEN_LIGHT: "The light is uneven",
        HaltReason.BLURRED: "The picture is blurred",
        HaltReason.POOR_PICTURE: "The face is hard to recognise",
        HaltReason.BAD_EMBEDDING: "The face could not be encoded",
        HaltReason.TOO_SOON: "Good light, good distance",
    }
)


def reason_words(reason: str) -> str:
    """The domain's word for a reason, as staff read it; empty for none, or one that is not known any more."""
    if reason in set(DenyReason):
        return REFUSALS[DenyReason(reason)].event
    if reason in set(AskReason):
        return QUESTIONS[AskReason(reason)].event
    return ""


DOOR_OPEN: Final = "The door is open"
GRANTED_ONLY: Final = "Access granted"
"""Where no output is set nothing opens, and nothing is said to."""
WOULD_OPEN: Final = "Would open"
NOTHING_OPENS: Final = "Shadow mode: nothing opens"
"""What is said with it and at all times: nobody may take a shadow for a welcome."""
OTHER_WAY: Final = "Please come in another way."
DOOR_SILENT: Final = "The door did not answer. Please ask at the desk."


def welcome(name: str | None) -> str:
    """The greeting; without a name where names are not shown."""
    return f"Welcome, {name}" if name else "Welcome"


def would_open(name: str | None) -> str:
    """What shadow mode says in place of the greeting; a wrong name is seen by whom it is said to."""
    return f"{WOULD_OPEN} for {name}" if name else WOULD_OPEN


def given_name(name: str) -> str:
    """What a door calls out: the first word of the name and no more of it."""
    return name.split()[0]


def clock_words(moment: datetime) -> str:
    """Hours and minutes, ``09:41``."""
    return moment.strftime("%H:%M")


def since_words(since_ns: int, *, now_ns: int | None = None, now: datetime | None = None) -> str:
    """``Since 09:20.`` from a monotonic time; with the day when it was not today.

    Args:
        since_ns: monotonic nanoseconds at which it began.
        now_ns, now: the present on both clocks; read here when not given.
    """
    now_ns = time.monotonic_ns() if now_ns is None else now_ns
    now = datetime.now().astimezone() if now is None else now
    began = now - timedelta(microseconds=max(0, now_ns - since_ns) / 1000)
    if began.date() == now.date():
        return f"Since {clock_words(began)}."
    return f"Since {began.strftime('%d %B')}, {clock_words(began)}."


def desk_words(phone: str) -> str:
    """Whom to turn to."""
    return f"Please ring the desk: {phone}" if phone else "Please ask at the desk."
