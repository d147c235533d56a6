"""Everything that can go wrong, drawn before it is raised.

::

    FaceguardError             a sentence for people, a detail for the log
    +-- CameraFault            not there, unplugged, silent, frozen
    +-- ModelFault             a network is missing, altered, of the wrong shape, or answers wrongly
    +-- StoreFault             the database is corrupt, newer than this program, full, locked, unreadable
    +-- SettingsFault          unknown key, value out of range, unreadable file
    |   +-- ReasonWanted       a tau that lets strangers in, and nobody said why it is wanted
    +-- DoorFault              the relay does not answer
    +-- EncoderMismatch        embeddings of two encoders were about to meet
    +-- PhotoRefused           a stored photo cannot be used: unreadable, no face
    |   +-- SeveralFaces       somebody has to say which one is meant
    +-- EnrolmentRefused       no consent, poor quality, somebody else's face
    +-- NotPermitted           wrong PIN, locked out, or the role may not do this

A refusal at the door (no face, blur, attack, stranger) is not an error: it is a value, see ``decision.py``.
"""

from __future__ import annotations

from faceguard.domain.face import BoundingBox


class FaceguardError(Exception):
    """Base of all known faults.

    Args:
        sentence: what happened, with what, and what to do; shown to people as it is.
        detail: technical addition for the log only, never shown at the door.
    """

    def __init__(self, sentence: str, detail: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.detail = detail


class CameraFault(FaceguardError):
    """The camera is missing, unplugged, silent, or repeats one frame."""


class ModelFault(FaceguardError):
    """A network or its card is missing, altered, of the wrong shape, or gives wrong answers."""


class StoreFault(FaceguardError):
    """The database cannot be read or written."""


class SettingsFault(FaceguardError):
    """A setting is unknown, out of range, or the file is unreadable."""


class ReasonWanted(SettingsFault):
    """A tau is not safe and no reason was given for it.

    Attributes:
        why: what it does, in a sentence.
    """

    def __init__(self, why: str) -> None:
        super().__init__(f"{why} Say why it is wanted all the same, in a few words (on the command line: --reason).")
        self.why = why


class DoorFault(FaceguardError):
    """The door output does not answer. Never turns a deny into a grant."""


class EncoderMismatch(FaceguardError):
    """Two embeddings of different encoders were about to be compared."""


class PhotoRefused(FaceguardError):
    """A stored photo cannot be used."""


class SeveralFaces(PhotoRefused):
    """A stored photo shows several faces of similar size.

    Attributes:
        boxes: of all faces, left to right; the choice counts in this order from 1.
    """

    def __init__(self, sentence: str, boxes: tuple[BoundingBox, ...]) -> None:
        super().__init__(sentence)
        self.boxes = boxes


class EnrolmentRefused(FaceguardError):
    """This enrolment must not be stored."""


class NotPermitted(FaceguardError):
    """Wrong PIN, locked out, or the role may not do this."""
