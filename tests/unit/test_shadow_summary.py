"""What a door in shadow mode would have done, counted."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from faceguard.domain.decision import AskReason, DenyReason
from faceguard.evaluation.error_rates import Share
from faceguard.shadow_summary import Labels, attempts_of, summary
from faceguard.store.audit_log import AuditEvent
from faceguard.store.event_labels import EventLabel, LabelKind

ENCODER = "small@0123456789ab/arc112-bgr"
NOON = datetime(2026, 5, 4, 12).astimezone()
PEOPLE = {1: "Ada", 2: "Bo", 3: "Cy"}
GRANT = AuditEvent(
    NOON,
    "grant",
    subject_id=1,
    gates=("match", "quality", "not static"),
    nearest_id=1,
    distance=0.7,
    runner_up=1.5,
    encoder_id=ENCODER,
    tau=1.1,
    gallery_size=3,
    shadow=True,
)
DENY = replace(GRANT, decision="deny", reason=DenyReason.NOT_RECOGNISED.value, gates=(), subject_id=None, distance=1.3)
ASK = replace(GRANT, decision="ask", reason=AskReason.LIVENESS_UNPROVEN.value, gates=(), runner_up=None)
PIN_GRANT = replace(GRANT, gates=("PIN", *GRANT.gates), distance=0.8, runner_up=None)
WRONG_PIN = replace(DENY, reason=DenyReason.WRONG_PIN.value)


def played(*events, every=timedelta(minutes=30)):
    """One after the other; what answers an Ask comes ten seconds after it."""
    found, when = [], NOON
    for number, event in enumerate(events, start=1):
        answer = found and found[-1].decision == "ask" and event.decision != "ask"
        when += timedelta(seconds=10) if answer else every
        found.append(replace(event, event_id=number, time=when))
    return found


def of(*events, labels=None, labelling=False, people=PEOPLE, **how):
    return summary(played(*events, **how), labels or {}, people, ENCODER, labelling=labelling)


def stranger(*numbers):
    return {n: EventLabel(n, LabelKind.STRANGER, None, NOON) for n in numbers}


def staff(number, subject):
    return {number: EventLabel(number, LabelKind.STAFF, subject, NOON)}


def test_every_attempt_would_open_ask_or_stay_shut():
    found = of(GRANT, ASK, PIN_GRANT, DENY, ASK, WRONG_PIN, ASK, ASK, PIN_GRANT, PIN_GRANT)
    assert found.attempts == 7
    assert (found.opened.k, found.asked.k, found.denied.k) == (2, 4, 1)
    assert found.opened.n == found.asked.n == found.denied.n == 7
    assert (found.asked_opened.k, found.asked_opened.n) == (2, 4)
    assert found.deny_reasons == (("not recognised", 1),)
    assert found.ask_reasons == ((AskReason.LIVENESS_UNPROVEN.value, 4),)


def test_an_answer_that_comes_too_late_answers_nothing():
    ask, late = replace(ASK, event_id=1), replace(PIN_GRANT, event_id=2, time=NOON + timedelta(minutes=2))
    first, second = attempts_of([ask, late])
    assert (first.end, second.ask) == (None, None)
    assert (first.opened, second.opened) == (False, True)


def test_an_answer_that_came_before_the_question_or_is_about_somebody_else_answers_nothing():
    ask = replace(ASK, event_id=1)
    for other in (
        replace(PIN_GRANT, time=NOON - timedelta(days=1)),
        replace(GRANT, time=NOON + timedelta(seconds=5)),
        replace(DENY, nearest_id=2, time=NOON + timedelta(seconds=5)),
        replace(WRONG_PIN, nearest_id=2, time=NOON + timedelta(seconds=5)),
    ):
        first, second = attempts_of([ask, other])
        assert (first.end, second.ask, second.end) == (None, None, other)


def test_what_was_decided_outside_shadow_mode_and_what_the_desk_did_is_passed_over():
    found = of(GRANT, replace(GRANT, shadow=False), replace(DENY, shadow=False), replace(GRANT, decision="enrol"))
    assert found.attempts == 1
    nothing = of(replace(GRANT, shadow=False))
    assert (nothing.first, nothing.attempts, nothing.days) == (None, 0, ())


def test_another_encoders_events_are_left_out_and_counted():
    other = "other@ba9876543210/arc112-bgr"
    found = of(GRANT, replace(DENY, encoder_id=other), replace(DENY, encoder_id=other, decision="fault"))
    assert (found.attempts, found.other_encoders, found.faults) == (1, 1, 1)


def test_shares_have_their_exact_bounds():
    found = of(GRANT, DENY)
    assert found.opened.interval == pytest.approx((0.0126, 0.9874), abs=1e-3)


def test_days_without_anybody_are_days_too():
    found = of(GRANT, ASK, WRONG_PIN, every=timedelta(days=2))
    assert [(d.opened, d.asked, d.denied) for d in found.days] == [(1, 0, 0), (0, 0, 0), (0, 1, 0)]
    assert str(found.missing[0]) == "3 of 7 days"


def test_distances_are_those_of_refused_searches_and_of_nothing_else():
    paired = replace(DENY, runner_up=None)
    marked = replace(DENY, runner_up=None, gates=("PIN",), gallery_size=1, tau=0.9)
    assert (of(marked).distances, of(marked).tau, of(replace(paired, tau=0.9)).tau) == ((), None, None)
    found = of(DENY, replace(DENY, distance=1.2), paired, GRANT, ASK, WRONG_PIN, replace(DENY, distance=None))
    assert found.distances == (1.2, 1.3)
    assert (found.tau, found.tau_changed) == (1.1, False)
    assert of(DENY, replace(DENY, tau=1.0)).tau_changed


def test_who_was_recognised_and_who_never_was():
    doubtful = replace(ASK, subject_id=3, reason=AskReason.TOO_ALIKE.value)
    found = of(GRANT, replace(ASK, subject_id=2), doubtful)
    assert [p.name for p in found.seen] == ["Ada", "Bo"]
    assert [p.name for p in found.unseen] == ["Cy"]


def test_genuine_scores_come_from_right_pins_and_from_the_desk():
    found = of(ASK, PIN_GRANT, GRANT, DENY, DENY, labels={**staff(4, 1), **staff(5, 2)})
    assert found.genuine == 1  # the PIN's; what the desk names are mostly refusals, and would tilt a rate
    assert of(ASK, PIN_GRANT, labels=stranger(2)).genuine == 0
    assert str(found.missing[1]) == "1 of 30 genuine scores"


def test_no_stranger_let_in_says_at_most_how_many():
    found = of(*[DENY] * 12, labels=stranger(*range(1, 13)), labelling=True)
    assert (found.labels.let_in.k, found.labels.let_in.n) == (0, 12)
    assert found.labels.at_most == pytest.approx(1 - 0.05 ** (1 / 12))
    assert found.labels.stranger_words == (
        "Of 12 labelled strangers 0 would have been let in: at most 23 % of strangers."
    )
    assert str(found.missing[2]) == "12 of 30 labelled strangers"
    assert found.labels.open_denies == 0


@pytest.mark.parametrize(
    ("let_in", "of", "words"),
    [
        (0, 1, "95 %"),
        (0, 29, "9.9 %"),  # 9.8144
        (0, 30, "9.6 %"),  # 9.5034
        (0, 205, "1.5 %"),  # 1.4507
        (0, 700, "0.5 %"),  # 0.4271
        (0, 100_000, "0.1 %"),
        (5, 5, "100 %"),
    ],
)
def test_an_upper_bound_is_rounded_up(let_in, of, words):
    labels = Labels(of, Share(let_in, of), 0, 0, 0, (), 0)
    assert labels.stranger_words.endswith(f"at most {words} of strangers.")


def test_a_picture_that_liveness_refused_is_an_attack_and_no_stranger():
    attack = replace(DENY, reason=DenyReason.CHALLENGE_FAILED.value, distance=0.35)
    found = of(attack, DENY, labels=stranger(1, 2), labelling=True).labels
    assert (found.attacks, found.stranger_attempts, found.let_in.n) == (1, 1, 1)
    assert of(attack, DENY).distances == (1.3,)
    assert "1 attempt labelled as a stranger's was refused by the liveness check" in found.attack_words
    assert not of(DENY, labels=stranger(1)).labels.attack_words
    asked = of(ASK, replace(attack, reason=DenyReason.PASSIVE_ATTACK.value, distance=None), labels=stranger(1)).labels
    assert (asked.attacks, asked.let_in.n) == (1, 0)


def test_strangers_are_people_not_attempts():
    found = of(*[DENY] * 6, labels=stranger(*range(1, 7)), every=timedelta(minutes=5))
    assert (found.labels.stranger_attempts, found.labels.let_in.n) == (6, 1)
    assert "Of 1 labelled stranger (6 attempts) 0" in found.labels.stranger_words


def test_a_stranger_who_would_have_been_let_in_is_a_false_accept():
    found = of(GRANT, DENY, ASK, WRONG_PIN, labels=stranger(1, 2, 3))
    assert (found.labels.let_in.k, found.labels.let_in.n, found.labels.asked) == (1, 3, 1)
    assert found.labels.false_accepts == (1,)
    assert "1 grant was a false accept" in found.labels.false_accept_words
    assert "1 was taken for somebody" in found.labels.stranger_words


def test_a_grant_under_another_name_is_one_too_and_under_the_own_name_is_none():
    assert of(GRANT, labels=staff(1, 2)).labels.false_accepts == (1,)
    assert of(GRANT, labels=staff(1, 1)).labels.false_accepts == ()
    assert of(ASK, PIN_GRANT, labels=staff(1, 2)).labels.false_accepts == (
        2,
    )  # said of the question, true of the grant


def test_staff_who_would_have_been_sent_back():
    found = of(DENY, GRANT, DENY, labels={**staff(1, 1), **staff(2, 1)})
    assert (found.labels.staff_attempts, found.labels.sent_back, found.labels.open_denies) == (2, 1, 1)
    assert found.labels.staff_words == "Of 2 attempts labelled as staff the door would have stayed shut at 1."


def test_labels_are_asked_for_only_where_the_admin_allows_them():
    assert len(of(GRANT).missing) == 2
    assert len(of(GRANT, labelling=True).missing) == 3
