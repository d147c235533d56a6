"""PINs of the admin and of people: argon2id hashes, and a back-off that neither a restart nor a clock can undo.

Order of a check: the attempt is charged and committed first, then the hash is computed, then a right PIN clears
the charge. Killing the program in between therefore costs an attempt and never gives one back.
"""

from __future__ import annotations

import secrets
import time
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError, VerifyMismatchError

from faceguard.domain.errors import NotPermitted, StoreFault
from faceguard.store.database import Database
from faceguard.store.gallery_store import MAX_NUMBER, bump_generation

ADMIN: Final = 0
FREE_ATTEMPTS: Final = 5
FIRST_LOCK_S: Final = 30
LONGEST_LOCK_S: Final = 900
ADMIN_PIN_MIN: Final = 6
ADMIN_PIN_MAX: Final = 64
PERSON_PIN_MIN: Final = 4
PERSON_PIN_MAX: Final = 12
PERSON_PIN_LENGTH: Final = 6
"""Length that the window proposes for a new PIN."""
UNREADABLE_PIN: Final = "A stored PIN cannot be read; set that PIN again."
_TOO_LONG: Final = ADMIN_PIN_MAX + 1


class PinReason(StrEnum):
    """What became of an entered PIN."""

    OK = "right"
    WRONG = "wrong"
    LOCKED = "locked"
    NONE_SET = "no PIN is stored"


@dataclass(frozen=True, slots=True)
class PinCheck:
    """Answer to an entered PIN.

    Attributes:
        ok: right; everything else is not.
        reason: why.
        wait_s: seconds until the next entry is looked at; 0 when at once.
    """

    ok: bool
    reason: PinReason
    wait_s: float = 0.0


class Credentials:
    """Sets and checks PINs over the thread's own connection.

    After five wrong entries in a row each further one is answered only after 30 s, then 60 s, doubling to 15 minutes.
    The lock is kept as length and start on the monotonic clock. That clock starts near zero with the machine, so a
    start that lies in the future shows that the machine was restarted, and the lock begins again; in no case can
    more time seem to have passed than really has.

    Args:
        database: the thread's own connection.
        hasher: argon2id; the library's defaults follow RFC 9106 (64 MiB, 3 passes, 4 lanes).
        clock: seconds, monotonic, the same for all programs of the machine.
    """

    def __init__(
        self,
        database: Database,
        *,
        hasher: PasswordHasher | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._hasher = hasher or PasswordHasher()
        self._clock = clock
        self._nobody: str | None = None

    def has_admin_pin(self) -> bool:
        """The admin PIN has been set.

        Raises:
            StoreFault: the database cannot be read.
        """
        return self._has(ADMIN)

    def has_person_pin(self, subject_id: int) -> bool:
        """This person has a PIN.

        Raises:
            StoreFault: the database cannot be read.
        """
        return 0 < subject_id <= MAX_NUMBER and self._has(subject_id)

    def set_admin_pin(self, pin: str) -> None:
        """Stores the admin PIN; whoever calls this has checked the old one.

        Raises:
            NotPermitted: too short, too long, or too easy to guess.
            StoreFault: nothing was stored.
        """
        self._store(ADMIN, checked_admin_pin(pin))

    def set_person_pin(self, subject_id: int, pin: str | None) -> None:
        """Stores a person's PIN, or takes it away with None; forgets earlier wrong entries.

        Raises:
            NotPermitted: nobody has this number, or the PIN is no 4 to 12 digits, or too easy to guess.
            StoreFault: nothing was changed.
        """
        if not 0 < subject_id <= MAX_NUMBER:  # holder 0 is the admin
            raise NotPermitted(f"Nobody has the number {subject_id}.")
        self._store(subject_id, None if pin is None else checked_person_pin(pin))

    def verify_admin(self, pin: str) -> PinCheck:
        """Checks the admin PIN and charges a wrong one.

        Raises:
            StoreFault: the attempt could not be recorded, so it was not looked at.
        """
        return self._verify(ADMIN, pin)

    def verify_person(self, subject_id: int, pin: str) -> PinCheck:
        """Checks a person's PIN and charges a wrong one to that person's number.

        Raises:
            StoreFault: the attempt could not be recorded, so it was not looked at.
        """
        if not 0 < subject_id <= MAX_NUMBER:
            return self._spend_and_answer(pin, PinReason.NONE_SET)
        return self._verify(subject_id, pin)

    def verify_any(self, subject_ids: Sequence[int], pin: str) -> tuple[int | None, PinCheck]:
        """Whose PIN this is, of a few people whom one face resembles.

        A wrong entry is charged to each of them; a right one to nobody, or the twin of whoever enters every day
        would soon be locked out.

        Args:
            subject_ids: the people, most alike first.
            pin: as entered.

        Returns:
            The person and the check; None with the check of the most alike person when it is nobody's.

        Raises:
            StoreFault: the attempt could not be recorded, so it was not looked at.
        """
        checks: list[tuple[int, PinCheck]] = []
        for subject_id in subject_ids:
            check = self.verify_person(subject_id, pin)
            if check.ok:
                self._take_back([charged for charged, refused in checks if refused.reason is PinReason.WRONG])
                return subject_id, check
            checks.append((subject_id, check))
        known = [check for _, check in checks if check.reason is not PinReason.NONE_SET]
        return None, next(iter(known), PinCheck(False, PinReason.NONE_SET))

    def _take_back(self, holders: Sequence[int]) -> None:
        """One wrong entry less for each, and the lock that it brought."""
        with self._database.writing() as db:
            for holder in holders:
                db.execute("UPDATE pins SET wrong = max(wrong - 1, 0), lock_ms = 0 WHERE holder = ?", [holder])

    def _has(self, holder: int) -> bool:
        with self._database.reading() as db:
            return db.execute("SELECT 1 FROM pins WHERE holder = ?", [holder]).fetchone() is not None

    def _store(self, holder: int, pin: str | None) -> None:
        hashed = None if pin is None else self._hasher.hash(pin)
        with self._database.writing() as db:
            if holder != ADMIN:
                if not list(db.query("SELECT 1 FROM subjects WHERE id = ?", [holder])):
                    raise NotPermitted(f"Nobody has the number {holder}.")
                bump_generation(db)
            db.execute("DELETE FROM pins WHERE holder = ?", [holder])
            if hashed is not None:
                subject_id = None if holder == ADMIN else holder
                db.table("pins").insert({"holder": holder, "subject_id": subject_id, "hash": hashed})

    def _verify(self, holder: int, pin: str) -> PinCheck:
        with self._database.writing() as db:
            row = db.execute(
                "SELECT hash, wrong, lock_ms, locked_at_ms FROM pins WHERE holder = ?", [holder]
            ).fetchone()
            if row is not None:
                hashed, wrong, lock_ms, locked_at_ms = row
                if not (isinstance(hashed, str) and all(isinstance(number, int) for number in row[1:])):
                    raise StoreFault(UNREADABLE_PIN)
                now_ms = int(self._clock() * 1000)
                if now_ms < locked_at_ms:  # the machine was restarted: what was left of the lock begins again
                    locked_at_ms = now_ms
                    db.execute("UPDATE pins SET locked_at_ms = ? WHERE holder = ?", [now_ms, holder])
                left_ms = locked_at_ms + lock_ms - now_ms if lock_ms else 0
                if left_ms <= 0:
                    wrong += 1
                    lock_ms = lock_seconds(wrong) * 1000
                    db.execute(
                        "UPDATE pins SET wrong = ?, lock_ms = ?, locked_at_ms = ? WHERE holder = ?",
                        [wrong, lock_ms, now_ms, holder],
                    )
        if row is None:
            return self._spend_and_answer(pin, PinReason.NONE_SET)
        if left_ms > 0:
            return PinCheck(False, PinReason.LOCKED, left_ms / 1000)
        if not self._matches(hashed, pin):
            return PinCheck(False, PinReason.WRONG, lock_ms / 1000)
        renewed = self._hasher.hash(_normal(pin)) if self._hasher.check_needs_rehash(hashed) else hashed
        with self._database.writing() as db:
            # Only while the PIN is still the one that was checked: somebody may have changed it meanwhile.
            cleared = db.execute(
                "UPDATE pins SET hash = ?, wrong = 0, lock_ms = 0, locked_at_ms = 0 WHERE holder = ? AND hash = ?",
                [renewed, holder, hashed],
            ).rowcount
        return PinCheck(True, PinReason.OK) if cleared else PinCheck(False, PinReason.WRONG)

    def _matches(self, hashed: str, pin: str) -> bool:
        try:
            return bool(self._hasher.verify(hashed, _normal(pin)))
        except VerifyMismatchError:
            return False
        except (InvalidHashError, Argon2Error) as error:
            raise StoreFault(UNREADABLE_PIN, type(error).__name__) from error

    def _spend_and_answer(self, pin: str, reason: PinReason) -> PinCheck:
        """Takes as long as a real check, so that the time does not tell who has a PIN."""
        if self._nobody is None:
            self._nobody = self._hasher.hash(secrets.token_hex())
        self._matches(self._nobody, pin)
        return PinCheck(False, reason)


def lock_seconds(wrong: int) -> int:
    """Seconds of pause after that many wrong entries in a row: 0 up to four, then 30, 60, 120 ... at most 900."""
    if wrong < FREE_ATTEMPTS:
        return 0
    return min(LONGEST_LOCK_S, FIRST_LOCK_S * (1 << min(wrong - FREE_ATTEMPTS, 16)))


def checked_admin_pin(pin: str) -> str:
    """A new admin PIN in its one form; raises ``NotPermitted`` when too short, too long, or too easy to guess."""
    pin = _normal(pin)
    if not ADMIN_PIN_MIN <= len(pin) <= ADMIN_PIN_MAX or not pin.isprintable():
        raise NotPermitted(f"The admin PIN has {ADMIN_PIN_MIN} to {ADMIN_PIN_MAX} digits or characters.")
    _refuse_weak(pin)
    return pin


def checked_person_pin(pin: str) -> str:
    """A new PIN of a person in its one form; raises ``NotPermitted`` when no 4 to 12 digits, or too easy to guess."""
    pin = _normal(pin)
    if not (PERSON_PIN_MIN <= len(pin) <= PERSON_PIN_MAX and pin.isascii() and pin.isdigit()):
        raise NotPermitted(f"A PIN has {PERSON_PIN_MIN} to {PERSON_PIN_MAX} digits.")
    _refuse_weak(pin)
    return pin


def admin_pin_refusal(pin: str) -> str | None:
    """Why this cannot become the admin PIN, in one sentence; None when it can."""
    return _refusal(checked_admin_pin, pin)


def person_pin_refusal(pin: str) -> str | None:
    """Why this cannot become a person's PIN, in one sentence; None when it can."""
    return _refusal(checked_person_pin, pin)


def _refusal(checked: Callable[[str], str], pin: str) -> str | None:
    try:
        checked(pin)
    except NotPermitted as error:
        return error.sentence
    return None


def _normal(pin: str) -> str:
    """One form for the same digits of any keyboard; cut just above what can ever be right."""
    return unicodedata.normalize("NFKC", pin[:_TOO_LONG])[:_TOO_LONG].encode("utf-8", "replace").decode()


def _refuse_weak(pin: str) -> None:
    """Raises ``NotPermitted`` for one repeated character, a straight run, or a short block over and over."""
    steps = {ord(b) - ord(a) for a, b in pairwise(pin)}
    if pin.isdigit():
        steps = {step % 10 for step in steps}  # 7890 and 2109 go round
    straight = len(steps) == 1 and steps <= {0, 1, -1, 9}
    repeated = any(
        len(pin) % size == 0 and pin == pin[:size] * (len(pin) // size) for size in range(1, len(pin) // 2 + 1)
    )
    if straight or repeated:
        raise NotPermitted("This PIN is too easy to guess; avoid repeated, rising or falling digits.")
