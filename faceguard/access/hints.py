"""What a person is told to do about a frame that went no further."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from faceguard.domain.decision import Hint
from faceguard.domain.observation import HaltReason, Observation

HINTS: Final[Mapping[HaltReason, Hint]] = MappingProxyType(
    {
        HaltReason.NO_FACE: Hint.STEP_UP,
        HaltReason.SEVERAL_FACES: Hint.ONE_AT_A_TIME,
        HaltReason.OUTSIDE_ZONE: Hint.STEP_INTO_THE_MIDDLE,
        HaltReason.TOO_SMALL: Hint.COME_CLOSER,
        HaltReason.CUT_OFF: Hint.STEP_INTO_THE_MIDDLE,
        HaltReason.TURNED_AWAY: Hint.LOOK_HERE,
        HaltReason.TILTED: Hint.HEAD_UPRIGHT,
        HaltReason.COVERED: Hint.UNCOVER,
        HaltReason.TOO_DARK: Hint.MORE_LIGHT,
        HaltReason.TOO_BRIGHT: Hint.LESS_LIGHT,
        HaltReason.UNEVEN_LIGHT: Hint.EVEN_LIGHT,
        HaltReason.BLURRED: Hint.HOLD_STILL,
        HaltReason.POOR_PICTURE: Hint.LOOK_HERE,
        HaltReason.BAD_EMBEDDING: Hint.LOOK_HERE,
        HaltReason.TOO_SOON: Hint.CHECKING,
    }
)


def hint_for(observation: Observation, otherwise: Hint) -> Hint:
    """What to mend; ``otherwise`` when the frame went all the way."""
    return otherwise if observation.halt is None else HINTS[observation.halt.reason]
