"""What is being typed at the keypad: pure values, so that every key press can be tested without a window."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

PIN_CIRCLES: Final = 6
"""Circles shown at least; a longer entry grows."""


class EntryKind(Enum):
    """What the digits mean."""

    PIN = "pin"
    NUMBER = "number"
    CLAIM_PIN = "claim pin"
    ADMIN_PIN = "admin pin"

    @property
    def secret(self) -> bool:
        """Shown as circles."""
        return self is not EntryKind.NUMBER


SHORTEST: Final = {EntryKind.PIN: 4, EntryKind.CLAIM_PIN: 4, EntryKind.ADMIN_PIN: 1, EntryKind.NUMBER: 1}
LONGEST: Final = {EntryKind.PIN: 12, EntryKind.CLAIM_PIN: 12, EntryKind.ADMIN_PIN: 64, EntryKind.NUMBER: 9}
HEADLINES: Final = {
    EntryKind.PIN: "Please enter your PIN",
    EntryKind.NUMBER: "Enter your number",
    EntryKind.CLAIM_PIN: "Now enter your PIN",
    EntryKind.ADMIN_PIN: "Enter the admin PIN",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """The digits so far.

    Attributes:
        kind: what they mean.
        text: typed so far.
        number: the person's number, once the claim's first half is in.
    """

    kind: EntryKind
    text: str = ""
    number: int | None = None

    def __repr__(self) -> str:
        return f"Entry({self.kind.name}, {len(self.text)} characters)"  # a PIN must not reach a log

    @property
    def complete(self) -> bool:
        """May be confirmed."""
        return len(self.text) >= SHORTEST[self.kind] and (self.kind.secret or int(self.text) > 0)

    def typed(self, character: str) -> Entry:
        """One more character; beyond the longest entry nothing happens. An admin PIN may have letters."""
        fits = len(self.text) < LONGEST[self.kind]
        allowed = character.isascii() and (
            character.isdigit() or (self.kind is EntryKind.ADMIN_PIN and character.isprintable())
        )
        return replace(self, text=self.text + character) if fits and allowed and len(character) == 1 else self

    def erased(self) -> Entry:
        """Without the last character."""
        return replace(self, text=self.text[:-1])

    def cleared(self) -> Entry:
        """Without any."""
        return replace(self, text="")
