"""By what two faces are compared: squared distance, or the learned comparison that the settings choose; whose tau.

A tau belongs to an encoder and to the comparison that is used with it. ``Measured.tau_owner`` says both in one text,
and every stored tau, calibration, event and genuine score carries it.
"""

from __future__ import annotations

from dataclasses import dataclass

from faceguard.config.settings import Settings
from faceguard.domain.card import EncoderCard, Measured
from faceguard.domain.errors import ModelFault
from faceguard.domain.head_card import HeadCard
from faceguard.domain.score import Distance, Threshold
from faceguard.domain.template import Embedding, Gallery
from faceguard.models.heads import Heads
from faceguard.pipeline.matcher import Matcher

CONTINUITY_FMR = 1e-2
"""The face of one attempt, turned head included, stays within the tau of this FMR of itself. Loose on purpose: it must
not refuse a turned head, and whoever slips in another face still has to be matched again before the door opens."""


def chosen_head(settings: Settings, encoder: EncoderCard, heads: Heads) -> HeadCard | None:
    """The learned comparison that the settings name; None compares by squared distance.

    Raises:
        ModelFault: it is missing, was altered, or belongs to another encoder.
    """
    wanted = settings.text("models.comparison")
    if not wanted:
        return None
    found = heads.card(wanted)
    require_head_of(found, encoder)
    return found


def require_head_of(found: HeadCard, encoder: EncoderCard) -> None:
    """Raises ``ModelFault`` unless the comparison was learned on this encoder's embeddings."""
    if found.head.encoder_id != encoder.encoder_id or found.head.weights.size != encoder.length:
        raise ModelFault(
            f"The comparison '{found.id}' was learned for {found.head.encoder_id} and cannot be used with "
            f"{encoder.encoder_id}; train one for this encoder, or empty models.comparison."
        )


def search_tau(settings: Settings, card: Measured) -> Threshold | None:
    """tau of the 1:N search: the admin's if it belongs to this encoder and comparison, else the measured one."""
    return _tau(settings, card, "access.tau")


def pair_tau(settings: Settings, card: Measured) -> Threshold | None:
    """tau of the 1:1 comparison, in the same way."""
    return _tau(settings, card, "access.tau_pair")


def _tau(settings: Settings, card: Measured, key: str) -> Threshold | None:
    chosen = settings.number_or_none(key)
    if chosen is not None and settings.text("access.tau_encoder") == card.tau_owner:
        return Threshold(chosen)
    return card.default_tau


def loosest_tau(card: Measured) -> Threshold | None:
    """tau at the greatest measured FMR up to ``CONTINUITY_FMR``."""
    points = (p for p in card.operating_points if p.fmr <= CONTINUITY_FMR)
    found = max(points, key=lambda p: p.fmr, default=None)
    return None if found is None else found.tau


@dataclass(frozen=True, slots=True)
class DeskComparison:
    """How a desk compares. A desk whose comparison cannot be used still opens, to choose another one: it compares
    nothing, names nobody, and a tau that is set meanwhile belongs to nothing.

    Attributes:
        tau_owner: see ``Measured``.
        measured: None when it cannot be used.
        head: None is the squared distance.
        fault: why it cannot be used.
    """

    tau_owner: str
    measured: Measured | None
    head: HeadCard | None = None
    fault: ModelFault | None = None

    @classmethod
    def of(cls, settings: Settings, encoder: EncoderCard, heads: Heads) -> DeskComparison:
        """That the settings choose."""
        try:
            head = chosen_head(settings, encoder, heads)
        except ModelFault as fault:
            return cls(f"{encoder.encoder_id}/{settings.text('models.comparison')}", None, None, fault)
        measured: Measured = head or encoder
        return cls(measured.tau_owner, measured, head)

    def tau(self, settings: Settings) -> Threshold | None:
        """Of the search; None when not measured."""
        return None if self.measured is None else search_tau(settings, self.measured)

    def tau_pair(self, settings: Settings) -> Threshold | None:
        """Of a 1:1 comparison; None when not measured."""
        return None if self.measured is None else pair_tau(settings, self.measured)

    def search(self, gallery: Gallery, embedding: Embedding) -> list[tuple[int, Distance]]:
        """The two nearest people."""
        self._require_usable()
        matcher = Matcher(gallery, None if self.head is None else self.head.head)
        return [(c.subject_id, c.distance) for c in matcher.search(embedding)]

    def compare(self, one: Embedding, other: Embedding) -> Distance:
        """Of two faces."""
        self._require_usable()
        return one.distance(other) if self.head is None else self.head.head.distance(one, other)

    def compare_with(self, gallery: Gallery, embedding: Embedding, subject_id: int) -> Distance | None:
        """With the nearest template of one person; None when there is none."""
        self._require_usable()
        return Matcher(gallery, None if self.head is None else self.head.head).compare(embedding, subject_id)

    def _require_usable(self) -> None:
        if self.fault is not None:
            raise self.fault
