"""What the file of a learned comparison states, beside its weights."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from faceguard.domain.card import DEFAULT_FMR, Measured, OperatingPoint
from faceguard.domain.impostor import ImpostorModel
from faceguard.domain.similarity import SimilarityHead

_ID: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeadCard(Measured):
    """A learned comparison with what was measured with it.

    Attributes:
        id: short name, lower case.
        head: the comparison.
        origin: how and on what it was made.
        operating_points: measured with it, FMR descending; empty when tau was never measured, and then the door denies.
        default_fmr: the FMR whose tau is the default.
        rated_size: greatest number of subjects at which FNIR <= 10 % at FPIR 1e-3; None means not measured.
        impostor: how often strangers lie within one of its distances; None means not fitted.
    """

    id: str
    head: SimilarityHead
    origin: str
    operating_points: tuple[OperatingPoint, ...] = ()
    default_fmr: float = DEFAULT_FMR
    rated_size: int | None = None
    impostor: ImpostorModel | None = None

    def __post_init__(self) -> None:
        if _ID.fullmatch(self.id) is None:
            raise ValueError("an id has up to 64 lower-case letters, digits, '.', '_' and '-' and begins with neither")
        if not self.origin:
            raise ValueError("a head says how it was made")
        self.require_measured()

    @property
    def tau_owner(self) -> str:
        """The encoder's id with this head's: its weights are in it, so one trained anew is another comparison."""
        return f"{self.head.encoder_id}/{self.id}@{self.head.digest}"
