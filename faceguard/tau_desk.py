"""tau at the desk: what is in force, what is known about strangers and staff, and who may change it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from faceguard.access.roles import Action
from faceguard.config.settings import Settings, row_of
from faceguard.domain.card import Measured
from faceguard.domain.errors import EncoderMismatch, ReasonWanted
from faceguard.domain.head_card import HeadCard
from faceguard.domain.score import Distance, Threshold
from faceguard.domain.template import Embedding, EncoderId
from faceguard.evaluation.door import (
    PAIR_FMR,
    TARGET_FPIR,
    UNSAFE_FPIR,
    DoorCalibration,
    ModelCalibration,
    judge_tau,
    one_in,
)
from faceguard.evaluation.drift import Drift, drifting
from faceguard.evaluation.genuine import GenuineScore, GenuineScores, ScoreOrigin, against_live, own_pairs
from faceguard.evaluation.seen_strangers import SeenStrangers
from faceguard.genuine_events import attempts_of_staff
from faceguard.store.audit_log import AuditEvent, AuditLog
from faceguard.store.calibrations import Calibrations, TakenCalibration
from faceguard.store.database import Database
from faceguard.store.event_labels import EventLabels, StrangerAttempt, fold_strangers
from faceguard.store.gallery_store import GalleryStore, LoadedGallery
from faceguard.store.live_checks import LiveChecks
from faceguard.tau_picture import Standing, TauPicture
from faceguard.what_if import Replay

TAUS: Final = ("access.tau", "access.tau_pair")
"""Both belong to the encoder that ``access.tau_encoder`` names."""
LOOKS_BACK: Final = timedelta(days=180)
"""Genuine scores older than this say little about today's faces."""
REPLAYED: Final = timedelta(days=30)
LEAST_REASON: Final = 10
"""Letters of a reason for a tau that lets strangers in."""
UNSAFE_FMR: Final = 1e-2
"""Beyond one stranger in 100 who is taken for the person named, a tau of a pair wants a reason."""
UNKNOWN: Final = "Nothing says what this tau does to strangers."


class Place(Protocol):
    """What tau needs of ``desk.Desk``."""

    def require(self, action: Action) -> None:
        """Raises ``NotPermitted`` unless the present role may."""

    def settings(self) -> Settings:
        """As the file has them now."""

    def gallery(self) -> LoadedGallery:
        """The present snapshot."""

    def tried(self, key: str, value: object) -> Settings:
        """The settings with one value changed; rights and bounds are checked, nothing is stored."""

    def put_in_force(self, changes: Mapping[str, object], detail: str, reason: str) -> Settings:
        """Record the changes, then store them and nothing else; the settings in force afterwards."""


class TauDesk:
    """Everything about tau that a desk offers.

    Args:
        place: the desk it belongs to.
        database: the desk's own connection.
        encoder_id: the present encoder.
        tau_owner: what its distances belong to, as text: this encoder, and the comparison that is used with it.
        compare: the distance of two faces.
        card: what is known of these distances; None when nothing is.
    """

    def __init__(
        self,
        place: Place,
        database: Database,
        encoder_id: EncoderId,
        tau_owner: str,
        compare: Callable[[Embedding, Embedding], Distance],
        card: Measured | None = None,
    ) -> None:
        self._place = place
        self._card = card
        self._encoder_id = encoder_id
        self._tau_owner = tau_owner
        self._compare = compare
        self._calibrations = Calibrations(database)
        self._log = AuditLog(database)
        self._people = GalleryStore(database)
        self._checks = LiveChecks(database)
        self._labels = EventLabels(database)
        self._known: tuple[LoadedGallery, tuple[StrangerAttempt, ...], DoorCalibration] | None = None

    # what is known

    def standing(self, card: Measured, tau: Threshold | None, tau_pair: Threshold | None) -> Standing:
        """Look at the gallery, the taus in use and the calibration that was taken last.

        Args:
            card: of the encoder in use, or of the comparison that is used with it.
            tau, tau_pair: in use, of the search and of a 1:1 comparison.
        """
        door = self._door(card)
        search, pair = (None if found is None else found.value for found in (tau, tau_pair))
        taken, encoder = self.last(), card.tau_owner
        # One that was recorded and could not be put in force, or was overruled by hand, has agreed to nothing.
        counts = taken is not None and taken.encoder == encoder and search is not None and _same(taken.tau, search)
        agreed = taken if counts else None
        verdict = judge_tau(
            door,
            search,
            TARGET_FPIR if agreed is None else agreed.target_fpir,
            tau_pair=pair,
            pair_target=PAIR_FMR if agreed is None or agreed.pair_fmr is None else agreed.pair_fmr,
            encoder=encoder,
            stored_encoder=None if taken is None else taken.encoder,
            stored_people=None if agreed is None else agreed.people,
        )
        return Standing(card, door, search, pair, verdict, taken, counts)

    def picture(self, standing: Standing) -> TauPicture:
        """Strangers, staff and events, for whoever moves tau.

        Raises:
            NotPermitted: the role may not see distances.
        """
        self._place.require(Action.SEE_SCORES)
        now = datetime.now(UTC)
        events = self._log.since(now - LOOKS_BACK)
        staff = self.staff(events)
        recent = [event for event in events if event.time >= now - REPLAYED]
        margin = self._place.settings().number("access.margin")
        replay = Replay.of(recent, margin, self._tau_owner)
        drift = () if standing.tau is None else drifting(staff.scores, standing.tau)
        return TauPicture.of(standing, self._place.gallery().gallery, staff, replay, drift)

    def staff(self, events: tuple[AuditEvent, ...] | None = None) -> GenuineScores:
        """Genuine scores: pairs of templates, live checks, and attempts of which it is known who made them.

        Args:
            events: of the last 180 days, oldest first; read when not given.
        """
        if events is None:
            events = self._log.since(datetime.now(UTC) - LOOKS_BACK)
        encoder = self._tau_owner
        domains = {person: against_live(found) for person, found in self._people.sources(self._encoder_id).items()}
        said = self._labels.since(datetime.now(UTC) - LOOKS_BACK)
        labels = {number: label.subject_id for number, label in said.items()}
        seen = attempts_of_staff(events, encoder, domains, labels)
        checks = tuple(
            GenuineScore(c.distance, c.subject_id, c.time, against_live(c.sources), ScoreOrigin.LIVE_CHECK)
            for c in self._checks.all(encoder)
        )
        pairs = own_pairs(self._people.several(self._encoder_id), self._compare)
        return GenuineScores(pairs + checks + seen.scores, seen.unexplained, len(domains))

    def drift(self, tau: Threshold | None) -> tuple[Drift, ...]:
        """Who should bring a new photo before the door starts refusing."""
        return () if tau is None else drifting(self.staff().scores, tau.value)

    def _door(self, card: Measured) -> DoorCalibration:
        """Of the present gallery and the labelled strangers; computed again only when these are others."""
        loaded, strangers = (
            self._place.gallery(),
            fold_strangers(self._labels.stranger_distances(self._tau_owner)),
        )
        if self._known is None or self._known[0] is not loaded or self._known[1] != strangers:
            point = card.point_at(PAIR_FMR)
            pair = None if point is None else (point.fmr, point.tau.value)
            head = card.head if isinstance(card, HeadCard) else None
            door = DoorCalibration.of(loaded.gallery, card.impostor, card.rated_size, pair, head)
            seen = SeenStrangers.of([(s.distance, s.gallery_size) for s in strangers], door.people)
            self._known = loaded, strangers, replace(door, seen=seen)
        return self._known[2]

    # what is changed

    def reason_for(self, changes: Mapping[str, object], reason: str) -> str:
        """The reason in one line, whoever changes a tau and by whatever way.

        Args:
            changes: settings that are to be put in force.
            reason: why; required where a tau lets in more than one stranger's attempt in 100, or takes more than one
                comparison in 100 for the person who was named, or where nothing says what it does. A tau outlasts the
                people who are enrolled when it is set: while there are none it is judged as for one.

        Raises:
            ReasonWanted: it is required, and missing or too short.
            SettingsFault: it is no tau.
        """
        reason = " ".join(reason.split())
        settings = self._place.settings().with_values(changes)
        for key in TAUS:
            if key in changes and len(reason) < LEAST_REASON:
                tau = settings.number_or_none(key)
                if tau is None and self._card is not None and self._card.default_tau is not None:
                    tau = self._card.default_tau.value
                why = "" if tau is None else self._unsafe(key, tau)
                if why:
                    raise ReasonWanted(why)
        return reason

    def _unsafe(self, key: str, tau: float) -> str:
        """What a tau does to strangers, where that wants a reason, else nothing."""
        if self._card is None:
            return UNKNOWN
        door = self._door(self._card)
        if not door.people:
            model = None if door.model is None else ModelCalibration(door.model, 1, 1)
            door = replace(door, people=1, templates=1, by_model=model)
        if key == TAUS[0]:
            found = door.at(tau)
            if not door.wants_reason(found):
                return ""
            if found is None:
                return UNKNOWN
            rate = (
                found.value if found.value > UNSAFE_FPIR else found.high
            )  # nothing was seen, and too little looked at
            return f"This tau lets in about {one_in(rate)} strangers' attempts."
        fmr = door.pair_fmr(tau)
        if fmr is None and door.pair_tau is not None and tau <= door.pair_tau[1]:
            fmr = door.pair_tau[0]  # measured on the card, at a greater tau
        if fmr is not None and fmr <= UNSAFE_FMR:
            return ""
        return UNKNOWN if fmr is None else f"This tau takes about {one_in(fmr)} strangers for the person they name."

    def last(self) -> TakenCalibration | None:
        """The calibration that was taken last, of whatever encoder."""
        return self._calibrations.latest()

    def take(self, taken: TakenCalibration, reason: str = "") -> Settings:
        """Put the taus of a calibration to use, and keep what it promised; one it does not have stays as it is.

        Args:
            taken: the calibration.
            reason: why; see ``reason_for``.

        Raises:
            EncoderMismatch: it was made for another encoder than the present one.
            ReasonWanted: one of them is not safe and no reason is given.
            NotPermitted: only the admin may.
        """
        self._place.require(Action.CHANGE_ADMIN_SETTING)
        if taken.encoder != self._tau_owner:
            raise EncoderMismatch("This calibration belongs to another encoder or comparison; calibrate again.")
        settings = self._place.tried(TAUS[0], taken.tau)
        changes: dict[str, object] = {TAUS[0]: taken.tau}
        if taken.tau_pair is not None:
            changes[TAUS[1]] = taken.tau_pair
        settings = settings.with_values(changes)
        detail = ", ".join(f"{key}={row_of(key).shown(settings[key])}" for key in TAUS)
        reason = self.reason_for(changes, reason)
        self._calibrations.record(taken)
        return self._place.put_in_force(changes, detail, reason)

    def apply(self, card: Measured, tau: float, reason: str = "") -> Settings:
        """A tau that the admin has chosen by its meaning; what it promises now is what it will be held to.

        Args:
            card: of the encoder in use, or of the comparison that is used with it.
            tau: of the search.
            reason: why; see ``reason_for``.

        Raises:
            ReasonWanted: it is not safe and no reason is given.
            SettingsFault: it is no tau.
            NotPermitted: only the admin may.
        """
        settings, door = self._place.tried(TAUS[0], tau), self._door(card)
        found = door.at(tau)
        if found is None or not door.people:
            shown = row_of(TAUS[0]).shown(settings[TAUS[0]])
            return self._place.put_in_force({TAUS[0]: tau}, f"{TAUS[0]}={shown}", reason)
        last = self.last()
        # what was agreed for one named person stays agreed, unless that tau has been changed by hand since
        agreed = last is not None and last.encoder == self._tau_owner and settings[TAUS[1]] == last.tau_pair
        return self.take(
            TakenCalibration(
                datetime.now(UTC),
                self._tau_owner,
                door.people,
                door.templates,
                "chosen by hand",
                found.n_strangers,
                min(max(found.value, TARGET_FPIR), UNSAFE_FPIR),
                tau,
                found.low,
                found.value,
                found.high,
                last.pair_fmr if last is not None and agreed else None,
                last.tau_pair if last is not None and agreed else None,
            ),
            reason,
        )


def _same(one: float, other: float) -> bool:
    return math.isclose(one, other)
