"""An active challenge: a random request, and what proves that it was answered by something not flat.

A turn of the head is asked for because one flat picture cannot answer it: whatever is done to the picture, one
homography explains all of it, while the nose of a head runs ahead of its cheeks (``ParallaxReading``).
A replayed video of a turning head turns too, and so do pictures of every pose, one after the other: this proves "not
flat", never "live".
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from random import Random, SystemRandom
from typing import Final

from faceguard.domain.observation import ParallaxReading

MIN_TURN_DEG: Final = 8.0
"""Smallest estimated turn that counts; people turn by 20 degrees and more, the estimate is rough."""
CONFIRMATIONS: Final = 3
"""So many readings that share no view must show something not flat: one may be a slipped corner."""
READINGS_APART: Final = 2
"""A reading sums up the last two views (``pipeline.parallax.VIEWS``): the next after it confirms nothing new."""


class Turn(StrEnum):
    """Direction from the person's own point of view."""

    LEFT = "left"
    RIGHT = "right"


class Answer(StrEnum):
    """What the readings so far amount to."""

    WAITING = "waiting"
    PROVEN = "proven"


@dataclass(frozen=True, slots=True)
class Challenge:
    """One request and the readings that have answered it; immutable, each reading makes the next one.

    It is proven once three readings of the right turn that share no view are not flat, and most readings of that turn
    so far are not flat.

    Attributes:
        turn: what is asked for.
        asked_ns, expires_ns: frame time of the request and of its end.
        confirmations: readings so far that show the right turn, are not explained by a plane, and share no view.
        deep_turns: all readings that show the right turn and are not explained by a plane.
        flat_turns: readings that show the right turn, but as a plane would.
        shared: so many readings still share views with the last confirmation.
    """

    turn: Turn
    asked_ns: int
    expires_ns: int
    confirmations: int = 0
    deep_turns: int = 0
    flat_turns: int = 0
    shared: int = 0

    def read(self, reading: ParallaxReading | None) -> Challenge:
        """The challenge after one more reading; no reading changes nothing."""
        if reading is None:
            return self
        towards = reading.turn_deg if self.turn is Turn.LEFT else -reading.turn_deg
        if towards < MIN_TURN_DEG:
            return self
        shared = max(self.shared - 1, 0)
        if not reading.not_flat:
            return replace(self, flat_turns=self.flat_turns + 1, shared=shared)
        if self.shared:
            return replace(self, deep_turns=self.deep_turns + 1, shared=shared)
        return replace(
            self,
            confirmations=self.confirmations + 1,
            deep_turns=self.deep_turns + 1,
            shared=READINGS_APART - 1,
        )

    @property
    def answer(self) -> Answer:
        """Proven once enough separate readings confirm it and the flat ones do not outweigh."""
        proven = self.confirmations >= CONFIRMATIONS and self.deep_turns > self.flat_turns
        return Answer.PROVEN if proven else Answer.WAITING

    @property
    def looks_flat(self) -> bool:
        """The turn was seen, and mostly as a plane would show it."""
        return self.flat_turns > self.deep_turns


def draw(asked_ns: int, expires_ns: int, random: Random | None = None) -> Challenge:
    """A random request; unpredictable unless a test hands over its own generator."""
    return Challenge((random or SystemRandom()).choice(list(Turn)), asked_ns, expires_ns)
