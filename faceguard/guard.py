"""The walk of one frame, without Qt: recogniser, session, event log, door; the same for window, kiosk and demo.

The order is the point: an event is committed before a grant is announced, and the evidence and the rules are looked at
once more before the relay is asked. In shadow mode the walk is the same but for its last step: a Grant becomes a
WouldGrant, and nothing is asked of the relay. Whatever is raised on the way ends in the same place: the session starts
from nothing, the door stays shut, the log has the trace, and the next frame may recover.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Protocol

from faceguard.access.attempt import GallerySearch
from faceguard.access.policy import AccessPolicy
from faceguard.access.session import AccessSession
from faceguard.domain.decision import (
    NS_PER_MS,
    Ask,
    Decision,
    Deny,
    DenyReason,
    Grant,
    Hint,
    OutOfService,
    Pending,
    WouldGrant,
)
from faceguard.domain.errors import DoorFault, FaceguardError, NotPermitted
from faceguard.domain.face import Frame
from faceguard.domain.observation import Halt, HaltReason, Observation, Stage
from faceguard.events import event_of, fault_event
from faceguard.pin_thread import PinAnswer
from faceguard.store.audit_log import AuditEvent
from faceguard.store.credentials import PinReason

log = logging.getLogger(__name__)

POLL_MS = 500
"""How often a running door looks whether another process changed people or rules."""
NO_TEST_IN_SHADOW = "Shadow mode is on, and nothing opens. Switch it off to test the door output."


class Recognising(Protocol):
    """``pipeline.recogniser.Recogniser``."""

    def observe(self, frame: Frame, matcher: GallerySearch, *, challenge: bool) -> Observation:
        """All that one frame teaches."""

    def reset(self) -> None:
        """Forget tracks and liveness history."""


class EventSink(Protocol):
    """``store.audit_log.AuditLog``."""

    def record(self, event: AuditEvent) -> int:
        """Commit an event; raises ``StoreFault`` when it is not on the disk."""


class PinDesk(Protocol):
    """``pin_thread.PinThread``."""

    def verify_any(self, subject_ids: Sequence[int], pin: str) -> Future[PinAnswer]:
        """Whose PIN this is, if anybody's of these people; the answer comes while the frames go on."""


class Opener(Protocol):
    """``door.output.DoorOutput``."""

    def pulse(self, duration_ms: int) -> None:
        """Let one person in."""


@dataclass(frozen=True, slots=True)
class GuardReport:
    """What one step came to.

    Attributes:
        decision: the decision that stands.
        observation: of the frame, for the preview's box; None without a frame.
        event: the event of a verdict that is new with this step; None while nothing new was said.
        notice: something the operator should know though the decision stands, e.g. a relay that does not answer.
    """

    decision: Decision
    observation: Observation | None = None
    event: AuditEvent | None = None
    notice: str = ""


@dataclass(frozen=True, slots=True)
class _Checking:
    """A PIN that is being checked: for the Ask that it answers, or for the number that was typed before it."""

    answer: Future[PinAnswer]
    ask: Ask | None = None
    claim: int | None = None


class Guard:
    """One door.

    Args:
        recogniser: the stages in order.
        gallery: the people.
        policy: the rules.
        events: the event log.
        pins: checks PINs.
        door: what a grant does.
        pulse_ms: how long a grant opens the door.
        tau_owner: what the gallery's distances belong to, where that is not its encoder alone.
        clock: monotonic nanoseconds, the clock that stamps the frames.
        poll_gallery: a new gallery when people have come or gone since it was last asked, else None.
        poll_policy: other rules when the settings have changed since it was last asked, else None.
        session: handed over by tests that need a predictable one.
    """

    def __init__(
        self,
        recogniser: Recognising,
        gallery: GallerySearch,
        policy: AccessPolicy,
        *,
        events: EventSink,
        pins: PinDesk,
        door: Opener,
        pulse_ms: int,
        tau_owner: str | None = None,
        clock: Callable[[], int],
        poll_gallery: Callable[[], GallerySearch | None] | None = None,
        poll_policy: Callable[[], AccessPolicy | None] | None = None,
        session: AccessSession | None = None,
    ) -> None:
        self._recogniser = recogniser
        self._gallery = gallery
        self._policy = policy
        self._session = session or AccessSession(policy, gallery)
        self._events = events
        self._pins = pins
        self._door = door
        self._pulse_ms = pulse_ms
        self._tau_owner = tau_owner
        self._clock = clock
        self._poll_gallery = poll_gallery
        self._poll_policy = poll_policy
        self._polled_ns = clock()
        self._announced: Decision | None = None
        self._said: Decision | None = None
        self._fault: OutOfService | None = None
        self._checking: _Checking | None = None
        self._track_id: int | None = None
        self._since_ns = clock()

    @property
    def shadow(self) -> bool:
        """Nothing opens, by the rules that count now."""
        return self._policy.shadow

    # one frame

    def step(self, frame: Frame) -> GuardReport:
        """Judge the newest frame. Never raises: known faults and bugs alike put the door out of service."""
        observation: Observation | None = None
        try:
            self._poll()
            checked = self._take_checked()
            if checked is not None and checked.event is not None:
                return checked
            observation = self._recogniser.observe(frame, self._gallery, challenge=self._session.challenge is not None)
            self._note_track(observation)
            decision = self._session.observe(observation, self._clock())
            self._fault = None
            return self._announce(decision, observation)
        except Exception as error:
            return self._out_of_service(error, observation)

    def nobody(self) -> GuardReport:
        """The picture has ended and with it the presentation; what was refused so far is said now."""
        try:
            halt = Halt(Stage.CAPTURE, HaltReason.NO_FACE)
            return self._announce(self._session.observe(Observation(self._clock(), 0, halt), self._clock()), None)
        except Exception as error:
            return self._out_of_service(error, None)

    def fault(self, sentence: str) -> GuardReport:
        """There are no usable frames: camera lost, silent or frozen."""
        return self._out_of_service(FaceguardError(sentence), None)

    def _note_track(self, observation: Observation) -> None:
        if observation.track_id is not None and observation.track_id != self._track_id:
            self._track_id = observation.track_id
            self._since_ns = observation.captured_ns

    def _poll(self, *, at_once: bool = False) -> None:
        now_ns = self._clock()
        if not at_once and 0 <= now_ns - self._polled_ns < POLL_MS * NS_PER_MS:
            return
        gallery = None if self._poll_gallery is None else self._poll_gallery()
        if gallery is not None:
            self.replace_gallery(gallery)
        policy = None if self._poll_policy is None else self._poll_policy()
        if policy is not None:
            self.replace_policy(policy)
        self._polled_ns = now_ns  # last: what cannot be read is asked for with every frame, and no frame is judged

    # what people and the window bring in

    def submit_pin(self, pin: str) -> GuardReport:
        """The PIN that answers an Ask; what became of it is said by this or a later step."""
        try:
            targets = self._session.pin_targets
            if not targets or self._checking is not None:
                return GuardReport(self._said or Pending(Hint.STEP_UP))
            self._checking = _Checking(self._pins.verify_any(targets, pin), ask=self._session.ask)
            return self._take_checked() or GuardReport(self._said or Pending(Hint.CHECKING))
        except Exception as error:
            return self._out_of_service(error, None)

    def claim(self, subject_id: int, pin: str) -> GuardReport:
        """Number and PIN before the face: the next attempt is compared with this person only."""
        try:
            if self._checking is None:
                self._checking = _Checking(self._pins.verify_any((subject_id,), pin), claim=subject_id)
            return self._take_checked() or GuardReport(Pending(Hint.CHECKING))
        except Exception as error:
            return self._out_of_service(error, None)

    def _take_checked(self) -> GuardReport | None:
        """What became of the PIN that is being checked; None while it still is, or when there is none."""
        checking = self._checking
        if checking is None or not checking.answer.done():
            return None
        self._checking = None
        subject_id, check = checking.answer.result()
        reason = _PIN_DENIES.get(check.reason, DenyReason.WRONG_PIN)
        if checking.claim is None:
            if checking.ask is not self._session.ask:
                return None  # that visit is over; its PIN says nothing about the next one
            decision = self._session.answer_pin(subject_id if check.ok else None, self._clock(), reason)
        elif check.ok:
            decision = self._session.claim(checking.claim, self._clock())
        else:
            # who has a PIN, and who is enrolled, is nobody's business at the door
            shown = DenyReason.WRONG_PIN if reason is DenyReason.NO_PIN else reason
            decision = self._session.refuse_claim(shown, self._clock())
        return self._announce(decision, None)

    def cancel_pin(self) -> GuardReport:
        """The person gave up."""
        try:
            return self._announce(self._session.cancel_pin(self._clock()), None)
        except Exception as error:
            return self._out_of_service(error, None)

    def replace_policy(self, policy: AccessPolicy) -> None:
        """Other rules from the next frame on; what was said already stays as it was said, and opens nothing later."""
        self._policy = policy
        self._session.replace_policy(policy)

    def look_again(self) -> None:
        """People and rules are asked for with the next frame, without waiting for ``POLL_MS``."""
        self._polled_ns = self._clock() - POLL_MS * NS_PER_MS

    def replace_gallery(self, gallery: GallerySearch) -> None:
        """Other people from the next frame on."""
        self._gallery = gallery
        self._session.replace_gallery(gallery)

    # what follows from a decision

    def _announce(self, decision: Decision, observation: Observation | None) -> GuardReport:
        """Log a new verdict, then act on it; a grant that cannot be logged is none."""
        if decision is self._announced:
            return GuardReport(self._said or decision, observation)
        if isinstance(decision, Pending):
            return GuardReport(decision, observation)
        notice = ""
        said: Decision = decision
        if isinstance(decision, Grant):
            said, event, notice = self._open(decision)
            if isinstance(said, Grant | WouldGrant):
                event = replace(event, subject_name=decision.subject.name)  # for whoever shows it; never stored
            else:
                decision = said
        else:
            event = self._event(decision)
            try:
                self._events.record(event)
            except FaceguardError as error:
                log.exception("a refusal could not be recorded")
                notice = error.sentence
        self._announced, self._said = decision, said
        if not isinstance(decision, Ask):  # the answer to an Ask belongs to the same attempt
            self._since_ns = self._clock()
        return GuardReport(said, observation, event, notice)

    def _open(self, grant: Grant) -> tuple[Decision, AuditEvent, str]:
        """Commit, look at evidence and rules once more, then pulse. No person moves the relay but by this.

        The rules are looked at before the commit too, so that few grants are recorded that are taken back; of one that
        is, the log says so.
        """
        rules = self._policy
        if not self._unchanged(rules):
            return self._taken_back(DenyReason.RULES_CHANGED)
        event = self._event(grant)
        try:
            self._events.record(event)
        except FaceguardError as error:
            log.exception("a grant could not be recorded and was refused")
            deny = self._session.overrule(DenyReason.AUDIT_UNAVAILABLE, self._clock())
            return deny, self._event(deny), error.sentence
        if not grant.fresh_at(self._clock()):
            return self._taken_back(DenyReason.STALE_EVIDENCE)
        if self._policy.shadow:
            return WouldGrant(grant), event, ""
        try:
            unchanged = self._unchanged(rules)
        except Exception:  # out of service, but first: the grant that is on record did not open
            self._taken_back(DenyReason.RULES_CHANGED)
            raise
        if not unchanged:
            return self._taken_back(DenyReason.RULES_CHANGED)
        try:
            self._door.pulse(self._pulse_ms)
        except DoorFault as error:
            log.exception("the door output did not answer")
            self._events.record(fault_event("door output", error.sentence))
            return grant, event, error.sentence
        return grant, event, ""

    def _unchanged(self, rules: AccessPolicy) -> bool:
        """These are still the rules, whoever may have changed the settings since the last frame."""
        found = None if self._poll_policy is None else self._poll_policy()
        if found is not None:
            self.replace_policy(found)
        return self._policy == rules

    def _taken_back(self, reason: DenyReason) -> tuple[Deny, AuditEvent, str]:
        """The grant is none; whoever stands here may try again."""
        deny = self._session.overrule(reason, self._clock())
        event = self._event(deny)
        self._events.record(event)
        return deny, event, ""

    def test_door(self) -> None:
        """One pulse for whoever set the output up; the caller has asked for the right to it.

        Raises:
            NotPermitted: shadow mode is on.
            SettingsFault: whether it is on cannot be read.
            DoorFault: the output did not answer.
        """
        self._poll(at_once=True)
        if self._policy.shadow:
            raise NotPermitted(NO_TEST_IN_SHADOW)
        self._door.pulse(self._pulse_ms)

    def _out_of_service(self, error: Exception, observation: Observation | None) -> GuardReport:
        known = isinstance(error, FaceguardError)
        sentence = error.sentence if isinstance(error, FaceguardError) else "An internal error occurred; see the log."
        self._checking = None
        self._session.reset()
        self._recogniser.reset()
        if self._fault is not None and self._fault.sentence == sentence:
            return GuardReport(self._fault, observation)
        if not known:
            log.error("the door is out of service", exc_info=error)
        self._fault = self._announced = self._said = fault = OutOfService(sentence, self._clock())
        event = self._event(fault)
        try:
            self._events.record(event)
        except Exception:
            log.exception("a fault could not be recorded")
        return GuardReport(fault, observation, event)

    def _event(self, decision: Decision) -> AuditEvent:
        ms = max(0.0, (self._clock() - self._since_ns) / NS_PER_MS)
        return event_of(decision, self._gallery.gallery, ms, self._tau_owner, shadow=self._policy.shadow)


_PIN_DENIES = {
    PinReason.WRONG: DenyReason.WRONG_PIN,
    PinReason.LOCKED: DenyReason.PIN_LOCKED,
    PinReason.NONE_SET: DenyReason.NO_PIN,
}
