"""Which events tell how far members of the staff were, and whose refusals stay unexplained."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from faceguard.domain.decision import DenyReason
from faceguard.evaluation.genuine import ScoreDomain, ScoreOrigin
from faceguard.genuine_events import attempts_of_staff
from faceguard.store.audit_log import AuditEvent

ENCODER = "small@0123456789ab/arc112-bgr"
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
DOMAINS = {1: ScoreDomain.PHOTO_LIVE, 2: ScoreDomain.LIVE_LIVE}
GRANT = AuditEvent(
    NOON,
    "grant",
    gates=("match", "quality"),
    subject_id=1,
    nearest_id=1,
    distance=0.8,
    runner_up=1.5,
    encoder_id=ENCODER,
    tau=1.1,
    gallery_size=20,
)
PIN_GRANT = replace(GRANT, gates=("PIN", "match", "quality"), runner_up=None, distance=0.7)
DENY = replace(GRANT, decision="deny", reason=DenyReason.NOT_RECOGNISED.value, gates=(), subject_id=None, distance=1.2)
ASK = replace(GRANT, decision="ask", gates=(), runner_up=None, distance=0.75)


def after(event, seconds):
    return replace(event, time=NOON + timedelta(seconds=seconds))


def read(*events, labels=None):
    return attempts_of_staff(events, ENCODER, DOMAINS, labels)


def told(found):
    return [(s.subject_id, s.distance, s.origin) for s in found.scores]


def test_a_grant_by_the_face_alone_says_so():
    assert told(read(GRANT)) == [(1, 0.8, ScoreOrigin.FACE)]


def test_after_an_ask_the_search_before_the_pin_counts():
    assert told(read(ASK, after(PIN_GRANT, 9))) == [(1, 0.75, ScoreOrigin.PIN)]
    other = replace(ASK, nearest_id=2)  # two who are alike: the PIN named the second one
    assert told(read(other, after(PIN_GRANT, 9))) == [(1, 0.7, ScoreOrigin.PIN)]


def test_a_pin_that_came_first_counts_whether_the_face_was_near_or_not():
    far = replace(DENY, runner_up=None, distance=1.4)
    assert told(read(PIN_GRANT, after(far, 300))) == [(1, 0.7, ScoreOrigin.PIN), (1, 1.4, ScoreOrigin.PIN)]
    assert not read(far).unexplained


def test_a_refusal_of_whoever_then_typed_the_pin_was_that_persons():
    found = read(DENY, after(PIN_GRANT, 40))
    assert told(found) == [(1, 1.2, ScoreOrigin.PIN)]
    assert not found.unexplained
    nearer_to_another = replace(DENY, nearest_id=2, distance=1.15)
    own = replace(PIN_GRANT, distance=1.19)
    assert told(read(nearer_to_another, after(own, 40))) == [(1, 1.19, ScoreOrigin.PIN)]


def test_a_refusal_before_the_same_persons_second_try_was_that_persons():
    found = read(DENY, after(GRANT, 20))
    assert [(s.distance, s.origin) for s in found.scores] == [(1.2, ScoreOrigin.FACE), (0.8, ScoreOrigin.FACE)]
    assert read(DENY, after(GRANT, 90)).unexplained == (1.2,)
    assert read(replace(DENY, nearest_id=2), after(GRANT, 20)).unexplained == (1.2,)


def test_refusals_that_nobody_explains_are_counted_apart():
    found = read(DENY, after(replace(DENY, distance=1.3), 10))
    assert (found.scores, found.unexplained) == ((), (1.2, 1.3))
    poor = replace(DENY, reason=DenyReason.POOR_PICTURES.value, distance=None)
    assert not read(poor).unexplained


def test_what_the_desk_says_counts():
    assert told(read(replace(DENY, event_id=5), labels={5: 1})) == [(1, 1.2, ScoreOrigin.LABEL)]
    stranger = read(replace(DENY, event_id=5), labels={5: None})
    assert (stranger.scores, stranger.unexplained) == ((), ())
    false_accept = read(replace(GRANT, event_id=6), labels={6: None})
    assert false_accept.scores == ()


def test_other_encoders_and_people_who_are_gone_say_nothing():
    other = replace(GRANT, encoder_id="other@ba9876543210/arc112-bgr")
    gone = replace(GRANT, subject_id=9, nearest_id=9)
    assert read(other, gone, replace(GRANT, distance=None), replace(GRANT, distance=7.0)).scores == ()
