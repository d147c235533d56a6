"""Folds observations into decisions. The only maker of a Grant.

An attempt is one track (architecture: "Decisions taken"). Its good frames, at least 100 ms apart, are fused and
searched once when five are in; unless that names a person clearly, once more at the end (15 good frames or 5 s).
Whoever is named must then pass liveness, and is compared again with the newest frames before the door opens: that
last comparison can only take a match back. Time is the frames' own, so a test plays a minute in a millisecond.
"""

from __future__ import annotations

from random import Random
from typing import assert_never

from faceguard.access.attempt import Attempt, GallerySearch, Look, LookResult, Phase, denial, look, look_pair
from faceguard.access.challenge import Turn
from faceguard.access.failures import FailedFaces
from faceguard.access.hints import hint_for
from faceguard.access.liveness_proof import Refused, asked_turn, confirming, prove, still_picture
from faceguard.access.policy import AccessPolicy, LivenessPolicy
from faceguard.access.standing import Standing
from faceguard.domain.decision import (
    FRESH_MS,
    NS_PER_MS,
    Ask,
    AskReason,
    Decision,
    Deny,
    DenyReason,
    Gate,
    Grant,
    Hint,
    Pending,
)
from faceguard.domain.observation import Observation, PadVerdict
from faceguard.domain.template import Embedding, Subject


class AccessSession:
    """The decision at one door.

    Args:
        policy: the rules; replaced as a whole.
        gallery: the people; replaced as a whole.
        random: for challenges; unpredictable unless a test hands over its own.
    """

    def __init__(self, policy: AccessPolicy, gallery: GallerySearch, random: Random | None = None) -> None:
        self._policy = policy
        self._gallery = gallery
        self._random = random
        self._failures = FailedFaces(policy.failed_attempts, policy.pause_ms)
        self._attempt: Attempt | None = None
        self._standing = Standing()
        self._granted_until_ns = 0
        self._claimed_id: int | None = None
        self._claimed_until_ns = -1
        self._newest_ns = -1

    # what the guard hands in

    def replace_policy(self, policy: AccessPolicy) -> None:
        """Judge by other rules from the next frame on; what was proven for other proofs is proven anew.

        An attempt that began in shadow mode does not end outside it, nor the other way round.
        """
        if policy.proofs != self._policy.proofs or policy.shadow != self._policy.shadow:
            self._attempt = None
        self._policy = policy
        self._failures.configure(policy.failed_attempts, policy.pause_ms)
        self._standing.take_back_blocked()

    def replace_gallery(self, gallery: GallerySearch) -> None:
        """Search another snapshot from the next frame on; what the old one named is named anew."""
        if gallery.gallery.encoder_id != self._gallery.gallery.encoder_id:
            self.reset()
        self._gallery = gallery
        self._standing.take_back_blocked()

    def reset(self) -> None:
        """Forget the attempt: after any fault the next person starts from nothing. Pauses stay."""
        self._attempt = None
        self._claimed_id = None
        self._standing.reset()

    @property
    def challenge(self) -> Turn | None:
        """The turn that is being asked for, while the pipeline should follow its points."""
        return asked_turn(self._attempt)

    @property
    def ask(self) -> Ask | None:
        """The Ask that a PIN would answer now."""
        attempt = self._attempt
        return self._ask_decision if attempt is not None and attempt.phase is Phase.ASK else None

    @property
    def pin_targets(self) -> tuple[int, ...]:
        """The people whose PIN would answer the present Ask, most alike first."""
        attempt = self._attempt
        return attempt.ask_targets if attempt is not None and attempt.phase is Phase.ASK else ()

    def observe(self, observation: Observation, now_ns: int | None = None) -> Decision:
        """Take one frame's evidence in and say what follows.

        Args:
            observation: of the newest frame.
            now_ns: present monotonic time; the frame's own when not given.

        Returns:
            The decision. A verdict that stands is returned as the same object.
        """
        frame_ns = observation.captured_ns
        now_ns = frame_ns if now_ns is None else now_ns
        if frame_ns <= self._newest_ns or now_ns < frame_ns:
            self._attempt = None  # time ran backwards: this is no continuous presentation
            self._newest_ns = max(frame_ns, self._newest_ns) if now_ns >= frame_ns else self._newest_ns
            return self._standing.verdict or Pending(Hint.LOOK_HERE)
        self._newest_ns = frame_ns
        standing = self._standing.at(observation)
        if standing is not None:
            return standing
        lost = self._drop_lost(observation)
        if lost is not None:
            return lost
        if observation.track_id is None:
            return self._waiting(observation)
        attempt = self._attempt or self._begin(observation.track_id, now_ns)
        fresh = attempt.add(observation, self._policy)
        return self._advance(attempt, observation, fresh, now_ns)

    def answer_pin(self, subject_id: int | None, now_ns: int, reason: DenyReason = DenyReason.WRONG_PIN) -> Decision:
        """The outcome of the PIN that answered an Ask.

        Args:
            subject_id: whose PIN it was, one of ``pin_targets``; None when it was nobody's.
            now_ns: present monotonic time.
            reason: why it was refused, when it was.
        """
        attempt = self._attempt
        if attempt is None or attempt.phase is not Phase.ASK:
            return Pending(Hint.STEP_UP)
        if subject_id is not None and now_ns > attempt.ask_expires_ns:
            return self._ask_stands(attempt, now_ns)
        if subject_id is None or subject_id not in attempt.ask_targets:
            charged = reason is DenyReason.WRONG_PIN
            return self._deny(attempt, reason, now_ns, charged=charged, shown=attempt.named)
        attempt.phase = Phase.CONFIRM
        attempt.confirmed_id = subject_id
        attempt.confirm_until_ns = now_ns + self._policy.attempt_ms * NS_PER_MS
        return Pending(Hint.LOOK_HERE, 1.0, attempt.track_id)

    def cancel_pin(self, now_ns: int) -> Decision:
        """The person gave the PIN entry up."""
        attempt = self._attempt
        if attempt is None or attempt.phase is not Phase.ASK:
            return Pending(Hint.STEP_UP)
        return self._deny(attempt, DenyReason.PIN_TIMEOUT, now_ns, charged=False, shown=attempt.named)

    def claim(self, subject_id: int, now_ns: int) -> Decision:
        """A right PIN named a person beforehand: the next attempt compares with that person only (1:1)."""
        self._abandon(now_ns)
        self._claimed_id = subject_id
        self._claimed_until_ns = now_ns + self._policy.ask_ms * NS_PER_MS
        self._standing.take_back_unsettled()
        return Pending(Hint.LOOK_HERE)

    def refuse_claim(self, reason: DenyReason, now_ns: int) -> Deny:
        """Number and PIN did not fit; said once, and whoever stands here may try again after it."""
        self._abandon(now_ns)
        deny = Deny(reason)
        self._standing.say(deny, None, self._hold_until(now_ns))
        return deny

    def _abandon(self, now_ns: int) -> None:
        """Drop the attempt and any claim. The keypad takes no failure back, and draws no other turn for nothing."""
        attempt, self._attempt, self._claimed_id = self._attempt, None, None
        if attempt is not None and (attempt.phase is Phase.PROVE or attempt.last_failed is not None):
            self._failures.charge(attempt.good, now_ns, self._policy.tau_same_face)

    def overrule(self, reason: DenyReason, now_ns: int) -> Deny:
        """The guard could not act on the standing grant: it becomes a deny."""
        standing = self._standing
        grant = standing.verdict if isinstance(standing.verdict, Grant) else None
        deny = Deny(
            reason,
            standing.track_id,
            distance=None if grant is None else grant.evidence.distance,
            tau=None if grant is None else grant.evidence.tau,
            runner_up=None if grant is None else grant.evidence.runner_up,
            nearest_subject_id=None if grant is None else grant.subject.subject_id,
            pin=grant is not None and Gate.PIN in grant.evidence.gates,
        )
        standing.allow_again()
        standing.say(deny, standing.track_id, self._hold_until(now_ns))
        return deny

    # one frame

    def _waiting(self, observation: Observation) -> Decision:
        attempt = self._attempt
        if attempt is not None and attempt.phase is Phase.ASK:
            return self._ask_stands(attempt, observation.captured_ns)
        return Pending(hint_for(observation, Hint.STEP_UP), 0.0, None)

    def _drop_lost(self, observation: Observation) -> Decision | None:
        """End an attempt whose face has gone or is no longer the probe; one that a look had refused is a failed one."""
        attempt = self._attempt
        if attempt is None or observation.track_id == attempt.track_id:
            return None
        gone_ms = (observation.captured_ns - attempt.last_seen_ns) / NS_PER_MS
        if observation.track_id is None and gone_ms <= self._policy.absent_ms:
            return None
        if attempt.phase in (Phase.ASK, Phase.CONFIRM):
            return self._deny(attempt, DenyReason.TRACK_LOST, observation.captured_ns, charged=False)
        if attempt.phase is Phase.PROVE:
            return self._deny(
                attempt, DenyReason.TRACK_LOST, observation.captured_ns, charged=True, shown=attempt.named
            )
        if attempt.last_failed is not None:
            return self._deny(
                attempt, DenyReason.NOT_RECOGNISED, observation.captured_ns, charged=True, shown=attempt.last_failed
            )
        self._attempt = None
        return None

    def _begin(self, track_id: int, now_ns: int) -> Attempt:
        claimed_id = self._claimed_id if now_ns <= self._claimed_until_ns else None
        self._claimed_id = None
        attempt = self._attempt = Attempt(track_id, claimed_id=claimed_id)
        return attempt

    def _advance(self, attempt: Attempt, observation: Observation, fresh: bool, now_ns: int) -> Decision:
        if self._standing.settled(observation.track_id):
            self._attempt = None
            return Pending(Hint.WAIT, 0.0, observation.track_id)
        if still_picture(observation, self._policy):
            return self._deny(attempt, DenyReason.STATIC_PICTURE, now_ns, charged=True, settled=True)
        if attempt.phase is Phase.COLLECT:
            return self._collect(attempt, observation, fresh, now_ns)
        if attempt.phase is Phase.PROVE:
            return self._prove(attempt, observation, now_ns)
        if attempt.phase is Phase.ASK:
            attempt.drop_old(now_ns)
            return self._ask_stands(attempt, now_ns)
        if attempt.phase is Phase.CONFIRM:
            return self._confirm(attempt, observation, now_ns)
        assert_never(attempt.phase)

    @property
    def _checks_liveness(self) -> bool:
        return self._policy.liveness is not LivenessPolicy.OFF

    def _collect(self, attempt: Attempt, observation: Observation, fresh: bool, now_ns: int) -> Decision:
        policy = self._policy
        progress = min(1.0, len(attempt.good) / policy.good_frames)
        if not attempt.good:
            return Pending(hint_for(observation, Hint.LOOK_HERE), progress, attempt.track_id)
        blocked = self._blocked(attempt)
        if blocked is not None:
            return self._deny(attempt, blocked, now_ns, charged=False, settled=True)
        if fresh and len(attempt.good) == 1:
            paused = self._paused(attempt, attempt.good[0].embedding, now_ns)
            if paused is not None:
                return paused
        elapsed_ms = (observation.captured_ns - attempt.good[0].captured_ns) / NS_PER_MS
        ended = len(attempt.good) >= policy.judged_frames or elapsed_ms >= policy.attempt_ms
        first_due = attempt.looks == 0 and len(attempt.good) >= policy.good_frames
        if not first_due and not ended:
            return Pending(hint_for(observation, Hint.CHECKING), progress, attempt.track_id)
        if len(attempt.good) < policy.good_frames:
            return self._deny(attempt, DenyReason.POOR_PICTURES, now_ns, charged=False)
        # the second look prefers frames that the first has not seen
        unseen = len(attempt.good) - attempt.judged_at_look
        result = self._look(attempt, attempt.good[-max(unseen, policy.good_frames) :])
        attempt.looks += 1
        attempt.judged_at_look = len(attempt.good)
        paused = self._paused(attempt, result.fused, now_ns)  # the first frame may have shown somebody else
        if paused is not None:
            return paused
        if result.result is LookResult.CLEAR or (ended and result.result is LookResult.TOO_ALIKE):
            attempt.phase, attempt.named, attempt.named_ns = Phase.PROVE, result, observation.captured_ns
            return self._prove(attempt, observation, now_ns)
        attempt.last_failed = result
        if not ended:
            return Pending(Hint.CHECKING, progress, attempt.track_id)
        return self._deny(attempt, DenyReason.NOT_RECOGNISED, now_ns, charged=True, shown=result)

    def _paused(self, attempt: Attempt, face: Embedding | None, now_ns: int) -> Decision | None:
        """The refusal of a face that failed too often; a PIN that came first stays open to it."""
        retry_ns = None if face is None else self._failures.paused_until(face, now_ns, self._policy.tau_same_face)
        if retry_ns is None or attempt.claimed_id is not None:
            return None
        return self._deny(attempt, DenyReason.TOO_MANY_ATTEMPTS, now_ns, charged=False, retry_ns=retry_ns)

    def _blocked(self, attempt: Attempt) -> DenyReason | None:
        """What keeps this door from recognising anybody at all."""
        policy = self._policy
        if (policy.tau if attempt.claimed_id is None else policy.tau_pair) is None:
            return DenyReason.NOT_CALIBRATED
        if not policy.liveness_available:
            return DenyReason.LIVENESS_MISSING
        if self._gallery.gallery.size == 0:
            return DenyReason.GALLERY_EMPTY
        return None

    def _look(self, attempt: Attempt, frames: list[Observation]) -> Look:
        policy = self._policy
        if attempt.claimed_id is not None:
            assert policy.tau_pair is not None
            return look_pair(frames, self._gallery, attempt.claimed_id, policy.tau_pair, policy.tau_single)
        assert policy.tau is not None
        return look(frames, self._gallery, policy.tau, policy.margin, policy.tau_single)

    # liveness, once somebody is named

    def _prove(self, attempt: Attempt, observation: Observation, now_ns: int) -> Decision:
        if not self._checks_liveness:
            return self._settle(attempt, now_ns)
        found = prove(attempt, observation, self._policy, self._random)
        if isinstance(found, Refused):
            shown = attempt.named if found.shown else None
            return self._deny(attempt, found.reason, now_ns, charged=found.charged, settled=found.settled, shown=shown)
        return self._settle(attempt, now_ns) if found is None else Pending(found, 1.0, attempt.track_id)

    def _settle(self, attempt: Attempt, now_ns: int) -> Decision:
        """Liveness is shown as far as it can be: compare the newest frames again, then grant or ask.

        After a turn these are frames taken since; while the head is still on its way back they may show nobody. That
        is no further look: it can only confirm the person who is named already, or take the match back.
        """
        policy, named = self._policy, attempt.named
        assert named is not None
        assert named.nearest is not None
        blocked = self._blocked(attempt)
        if blocked is not None:
            return self._deny(attempt, blocked, now_ns, charged=False, settled=True)
        frames, late = confirming(attempt, policy, now_ns)
        if not frames:
            if late:
                return self._deny(attempt, DenyReason.STALE_EVIDENCE, now_ns, charged=False)
            return Pending(Hint.LOOK_STRAIGHT, 1.0, attempt.track_id)
        again = self._look(attempt, frames)
        nearest = again.nearest
        if again.result is LookResult.NOBODY or nearest is None:
            if attempt.proven_ns is not None and not late:
                return Pending(Hint.LOOK_STRAIGHT, 1.0, attempt.track_id)
            return self._deny(attempt, DenyReason.NOT_RECOGNISED, now_ns, charged=True, shown=again)
        if LookResult.TOO_ALIKE in (named.result, again.result):
            attempt.named = again
            alike = [c for c in (nearest, again.runner_up) if c is not None and c.distance.within(again.tau)]
            return self._ask(attempt, AskReason.TOO_ALIKE, [c.subject_id for c in alike], now_ns)
        if nearest.subject_id != named.nearest.subject_id:
            return self._deny(attempt, DenyReason.IDENTITY_CHANGED, now_ns, charged=True, settled=True)
        vouched = attempt.passive(policy.passive, policy.good_frames) is PadVerdict.BONA_FIDE
        if self._checks_liveness and policy.pin_after_face and not vouched and attempt.claimed_id is None:
            attempt.named = again
            return self._ask(attempt, AskReason.LIVENESS_UNPROVEN, [nearest.subject_id], now_ns)
        return self._grant(attempt, again, now_ns)

    # PIN

    def _ask(self, attempt: Attempt, reason: AskReason, targets: list[int], now_ns: int) -> Decision:
        subjects = self._gallery.gallery.subjects
        able = tuple(t for t in targets if t in subjects and subjects[t].has_pin)
        if not able:
            return self._deny(attempt, DenyReason.NO_PIN, now_ns, charged=False, shown=attempt.named)
        attempt.phase = Phase.ASK
        attempt.ask_targets = able
        attempt.ask_expires_ns = now_ns + self._policy.ask_ms * NS_PER_MS
        shown = attempt.named
        nearest = shown.nearest if shown is not None else None
        self._ask_decision = Ask(
            reason,
            attempt.ask_expires_ns,
            attempt.track_id,
            nearest_subject_id=None if nearest is None else nearest.subject_id,
            distance=None if nearest is None else nearest.distance,
            tau=None if shown is None else shown.tau,
            frames=0 if shown is None else len(shown.frames),
        )
        return self._ask_decision

    def _ask_stands(self, attempt: Attempt, now_ns: int) -> Decision:
        if now_ns > attempt.ask_expires_ns:
            return self._deny(attempt, DenyReason.PIN_TIMEOUT, now_ns, charged=False, shown=attempt.named)
        return self._ask_decision

    def _confirm(self, attempt: Attempt, observation: Observation, now_ns: int) -> Decision:
        """After a right PIN: the same face, still there, compared 1:1 with the person whom the PIN named."""
        policy = self._policy
        assert attempt.confirmed_id is not None
        attempt.drop_old(now_ns)
        frames = attempt.recent(now_ns, policy.good_frames)
        if len(frames) < policy.good_frames or now_ns - frames[-1].captured_ns > FRESH_MS * NS_PER_MS:
            if now_ns > attempt.confirm_until_ns:
                return self._deny(attempt, DenyReason.STALE_EVIDENCE, now_ns, charged=False)
            return Pending(hint_for(observation, Hint.LOOK_HERE), len(frames) / policy.good_frames, attempt.track_id)
        if policy.tau_pair is None:
            return self._deny(attempt, DenyReason.NOT_CALIBRATED, now_ns, charged=False)
        if self._checks_liveness and attempt.static() is not PadVerdict.BONA_FIDE:
            return self._deny(attempt, DenyReason.LIVENESS_UNDECIDED, now_ns, charged=False)
        if self._checks_liveness and attempt.passive(policy.passive, policy.good_frames) is PadVerdict.ATTACK:
            return self._deny(attempt, DenyReason.PASSIVE_ATTACK, now_ns, charged=True, settled=True)
        again = look_pair(frames, self._gallery, attempt.confirmed_id, policy.tau_pair, policy.tau_single)
        if again.result is not LookResult.CLEAR:
            return self._deny(attempt, DenyReason.NOT_RECOGNISED, now_ns, charged=True, shown=again)
        return self._grant(attempt, again, now_ns)

    # verdicts

    def _deny(
        self,
        attempt: Attempt,
        reason: DenyReason,
        now_ns: int,
        *,
        charged: bool,
        settled: bool = False,
        shown: Look | None = None,
        retry_ns: int | None = None,
    ) -> Decision:
        """End the attempt. ``charged``: it counts as failed; ``settled``: this track gets no other attempt."""
        if charged:
            self._failures.charge(attempt.good, now_ns, self._policy.tau_same_face)
        deny = denial(reason, attempt, shown, retry_ns)
        self._settle_verdict(deny, attempt, now_ns, settled=settled)
        return deny

    def _grant(self, attempt: Attempt, result: Look, now_ns: int) -> Decision:
        """The one place where a Grant is made."""
        nearest = result.nearest
        subject: Subject | None = None
        if nearest is not None:
            subject = self._gallery.gallery.subjects.get(nearest.subject_id)
        if nearest is None or subject is None or result.result is not LookResult.CLEAR:
            return self._deny(attempt, DenyReason.NOT_RECOGNISED, now_ns, charged=True, shown=result)
        if now_ns < self._granted_until_ns:
            return Pending(Hint.WAIT, 1.0, attempt.track_id)
        evidence = result.evidence(attempt.track_id, now_ns, self._gallery.gallery.size, self._gates(attempt))
        grant = Grant(subject, evidence)
        self._failures.forgive(result.fused, self._policy.tau_same_face)
        self._granted_until_ns = now_ns + self._policy.cooldown_ms * NS_PER_MS
        self._settle_verdict(grant, attempt, now_ns, settled=True)
        return grant

    def _gates(self, attempt: Attempt) -> frozenset[Gate]:
        policy = self._policy
        gates = {Gate.QUALITY, Gate.MATCH}
        gates.add(Gate.NOT_STATIC if self._checks_liveness else Gate.LIVENESS_OFF)
        if attempt.passive(policy.passive, policy.good_frames) is PadVerdict.BONA_FIDE:
            gates.add(Gate.PASSIVE_PAD)
        if attempt.proven_ns is not None:
            gates.add(Gate.NOT_FLAT)
        if attempt.pin:
            gates.add(Gate.PIN)
        return frozenset(gates)

    def _settle_verdict(self, verdict: Decision, attempt: Attempt, now_ns: int, *, settled: bool) -> None:
        self._attempt = None
        self._standing.say(verdict, attempt.track_id, self._hold_until(now_ns), settled=settled)

    def _hold_until(self, now_ns: int) -> int:
        return now_ns + self._policy.hold_ms * NS_PER_MS
