"""Tricks against the door, each of which opened it once, or would have."""

from dataclasses import replace
from random import Random

from faceguard.access.policy import LivenessPolicy, PassiveRule
from faceguard.domain.decision import NS_PER_MS, Ask, Deny, DenyReason, Gate, Grant, Pending
from faceguard.domain.observation import HaltReason, PadVerdict, ParallaxReading
from faceguard.domain.score import Threshold
from tests.unit.access.paper_door import ANSWER_FRAMES, POLICY, ListSearch, Play, gallery_of
from tests.unit.access.test_session import STRANGER, reason, twin_of

PAD = PassiveRule(accept=0.8, attack=0.3)


def now(play: Play) -> int:
    return play.now_ms * NS_PER_MS


def mix(play: Play):
    """Photo of person 1 and the attacker's own face by turns, in one place."""
    for person in (1, STRANGER, 1, STRANGER, 1):
        play.frame(person)
    return play.last


class TestTwoFacesInOneAttempt:
    def test_photo_and_own_head_by_turns_are_nobody_even_where_one_person_is_enrolled(self, make_play):
        play = make_play(1)
        mix(play)
        mix(play)
        assert play.session.challenge is None
        mix(play)
        assert reason(play.last) is DenyReason.NOT_RECOGNISED

    def test_photo_and_own_head_by_turns_are_nobody_behind_a_stolen_pin(self, make_play):
        play = make_play(1, 2, pins=(1,))
        play.session.claim(1, now(play))
        mix(play)
        assert play.session.challenge is None

    def test_photo_slipped_in_after_the_turn_is_no_part_of_the_last_comparison(self, make_play):
        play = make_play(1)
        play.frames(6, 1)
        play.turn_head()
        play.frame(STRANGER)
        assert reason(play.last) is DenyReason.IDENTITY_CHANGED

    def test_own_living_face_does_not_vouch_for_the_photo_that_follows(self, make_play):
        play = make_play(1, 2, passive=PAD)
        play.frames(5, STRANGER, passive=0.95)
        decision = play.frames(5, 1, passive=0.75, step_ms=920)
        assert not isinstance(decision, Grant)
        assert play.session.challenge is not None

    def test_own_face_does_not_lend_its_life_to_a_photo_that_a_network_vouched_for(self, make_play):
        play = make_play(1, passive=PAD)
        play.frames(5, 1, passive=0.9, static=PadVerdict.UNDECIDED)
        assert reason(play.frame(STRANGER, passive=0.9)) is DenyReason.IDENTITY_CHANGED


class TestPauseAndCharge:
    def test_wrong_claim_does_not_wash_a_failed_look_away(self, make_play):
        play = make_play(1, failed_attempts=3)
        for track in range(1, 4):
            play.frames(6, STRANGER, track=track)
            play.session.refuse_claim(DenyReason.WRONG_PIN, now(play))
            play.frames(40, None)
        assert reason(play.frame(STRANGER, track=4)) is DenyReason.TOO_MANY_ATTEMPTS

    def test_wrong_claim_does_not_draw_another_challenge_for_free(self, make_play):
        play = make_play(1, failed_attempts=3)
        for track in range(1, 4):
            play.frames(6, 1, track=track)
            assert play.session.challenge is not None
            play.session.refuse_claim(DenyReason.WRONG_PIN, now(play))
            play.frames(40, None)
        assert reason(play.frame(1, track=4)) is DenyReason.TOO_MANY_ATTEMPTS

    def test_claim_before_any_look_is_nobodys_failure(self, make_play):
        play = make_play(1, failed_attempts=1)
        play.frames(3, 1)
        play.session.refuse_claim(DenyReason.WRONG_PIN, now(play))
        play.frames(40, None)
        assert isinstance(play.grant(1, track=2), Grant)

    def test_paused_face_does_not_hide_behind_another_first_frame(self, make_play):
        play = make_play(1, failed_attempts=1)
        play.frames(6, 1)
        play.turn_head(not_flat=False, frames=63)
        play.frames(40, None)
        play.frame(STRANGER, track=2)
        assert reason(play.frames(14, 1, track=2)) is DenyReason.TOO_MANY_ATTEMPTS

    def test_wrong_claim_takes_an_earlier_right_one_back(self, make_play):
        play = make_play(1, 2, pins=(1,), pin_after_face=True)
        play.session.claim(1, now(play))
        play.session.refuse_claim(DenyReason.WRONG_PIN, now(play))
        play.frames(40, None)
        assert isinstance(play.grant(1), Ask)


class TestRulesThatChangeMeanwhile:
    def test_liveness_switched_on_while_a_pin_is_awaited_is_asked_for(self, make_play):
        play = make_play(1, 2, pins=(1, 2), alike={2: twin_of(1, 0.1)}, liveness=LivenessPolicy.OFF)
        assert isinstance(play.frames(15, 1), Ask)
        play.session.replace_policy(replace(play.session._policy, liveness=LivenessPolicy.STANDARD))
        play.session.answer_pin(1, now(play))
        assert not isinstance(play.frames(20, 1), Grant)
        assert play.session.challenge is not None

    def test_pad_network_that_is_lost_during_an_attempt_lets_nobody_in(self, make_play):
        play = make_play(1)
        play.frames(6, 1)
        play.turn_head()
        play.session.replace_policy(replace(play.session._policy, liveness_available=False))
        assert reason(play.frames(5, 1)) is DenyReason.LIVENESS_MISSING

    def test_tau_that_is_withdrawn_after_the_look_lets_nobody_in(self, make_play):
        play = make_play(1)
        play.frames(6, 1)
        play.turn_head()
        play.session.replace_policy(replace(play.session._policy, tau=None))
        assert reason(play.frames(3, 1)) is DenyReason.NOT_CALIBRATED

    def test_tau_lowered_between_look_and_grant_counts(self, make_play):
        play = make_play(1)
        vector = twin_of(1, 1.0)  # d = 0.586
        play.frames(6, 1, vector=vector)
        play.turn_head(vector=vector)
        play.session.replace_policy(replace(play.session._policy, tau=Threshold(0.5)))
        assert reason(play.frames(60, 1, vector=vector)) is DenyReason.NOT_RECOGNISED


class TestTracks:
    def test_many_later_refusals_do_not_wear_an_attack_verdict_out(self, make_play):
        play = make_play(1)
        play.frame(1, static=PadVerdict.ATTACK)
        for track in range(2, 200):
            play.frames(1, STRANGER, track=track, static=PadVerdict.ATTACK, step_ms=4_000)
        assert isinstance(play.frames(3, 1, track=1, static=PadVerdict.ATTACK, step_ms=4_000), Deny)

    def test_turn_while_two_people_stand_there_needs_the_same_track(self, make_play):
        play = make_play(1)
        play.frames(6, 1)
        play.turn_head(person=1, track=2)
        assert not isinstance(play.frames(3, 1), Grant)

    def test_networks_judge_on_while_a_pin_is_awaited(self, make_play):
        play = make_play(1, 2, pins=(1, 2), alike={2: twin_of(1, 0.1)}, passive=PAD)
        assert isinstance(play.frames(15, 1, passive=0.95), Ask)
        play.frames(55, 1, passive=0.1)
        play.session.answer_pin(1, now(play))
        assert reason(play.frames(2, 1, passive=0.1)) is DenyReason.PASSIVE_ATTACK


class Street:
    """A door where anything may happen at any time, and a witness who looks at each grant."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)
        self.play = Play(gallery_of(1, 2, pins=(1, 2)), replace(POLICY, pin_after_face=self.chance.random() < 0.5))
        self.people = (1, 2)
        self.shown: dict[int, int] = {}
        self.track, self.person = 1, 1
        self.granted_ns: list[int] = []
        self.last: Grant | None = None

    def happen(self) -> None:
        if isinstance(self.play.last, Grant | Deny):
            self.leave()
        usual = [self.stand, self.turn, self.type_pin] * 5
        odd = [self.claim, self.swap, self.leave, self.leave, self.fault, self.other_rules, self.other_people]
        self.chance.choice(usual + odd)()

    def see(self, person: int | None, **parts) -> None:
        decision = self.play.frame(person, track=self.track, step_ms=self.chance.choice([40, 100, 150]), **parts)
        if person is not None:
            self.shown[self.play.sequence] = person
        if isinstance(decision, Grant) and decision is not self.last:
            self.last = decision
            self.witness(decision)

    def witness(self, grant: Grant) -> None:
        policy, evidence = self.play.session._policy, grant.evidence
        assert {self.shown[number] for number in evidence.sequences} == {grant.subject.subject_id}
        assert grant.subject.subject_id in self.people
        assert evidence.tau in (policy.tau, policy.tau_pair)
        if policy.liveness is not LivenessPolicy.OFF:
            assert {Gate.NOT_STATIC, Gate.NOT_FLAT} <= evidence.gates
            assert Gate.PIN in evidence.gates or not policy.pin_after_face
        if self.granted_ns:
            assert evidence.decided_ns - self.granted_ns[-1] >= policy.cooldown_ms * NS_PER_MS
        self.granted_ns.append(evidence.decided_ns)

    def stand(self) -> None:
        person = self.somebody()
        for _ in range(self.chance.randint(3, 9)):
            self.see(person)

    def somebody(self) -> int:
        """Mostly whoever stood there before."""
        if self.chance.random() < 0.15:
            self.person = self.chance.choice([1, 2, STRANGER])
        return self.person

    def turn(self) -> None:
        sign = 1.0 if self.play.session.challenge == "left" else -1.0
        reading = ParallaxReading(sign * 25.0, 4.0, self.chance.random() < 0.8, 30)
        person = self.somebody()
        for _ in range(ANSWER_FRAMES):
            self.see(person, failing=HaltReason.TURNED_AWAY, embed=True, parallax=reading)

    def swap(self) -> None:
        for _ in range(8):
            self.see(self.chance.choice([1, 2, STRANGER, None]), failing=self.chance.choice([None, HaltReason.BLURRED]))

    def leave(self) -> None:
        verdict = not isinstance(self.play.last, Pending | Ask)
        for _ in range(35 if verdict else self.chance.choice([1, 8])):
            self.see(None)
        self.track += 1 if verdict else self.chance.randint(0, 1)

    def type_pin(self) -> None:
        targets = self.play.session.pin_targets
        self.play.session.answer_pin(self.chance.choice([*targets, None]) if targets else 1, now(self.play))

    def claim(self) -> None:
        if self.chance.random() < 0.3:
            self.play.session.claim(self.chance.choice(self.people), now(self.play))
        elif self.chance.random() < 0.3:
            self.play.session.refuse_claim(DenyReason.WRONG_PIN, now(self.play))

    def fault(self) -> None:
        if self.chance.random() < 0.3:
            self.play.session.reset()

    def other_rules(self) -> None:
        change = self.chance.choice(
            [
                {"tau": self.chance.choice([None, Threshold(0.5), *[Threshold(1.0)] * 6])},
                {"liveness": self.chance.choice(list(LivenessPolicy))},
                {"pin_after_face": self.chance.random() < 0.5},
            ]
        )
        self.play.session.replace_policy(replace(self.play.session._policy, **change))

    def other_people(self) -> None:
        self.people = self.chance.choice([(1, 2), (1,), (2,)])
        self.play.search = ListSearch(gallery_of(*self.people, pins=self.people))
        self.play.session.replace_gallery(self.play.search)


def test_whatever_happens_a_grant_has_all_that_the_rules_ask_for():
    granted = 0
    for seed in range(250):
        street = Street(seed)
        for _ in range(50):
            street.happen()
        granted += len(street.granted_ns)
    assert granted > 100
