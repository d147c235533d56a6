"""Which events tell how far members of the staff were, and whose refusals stay unexplained."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from faceguard.domain.decision import AskReason, DenyReason
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
    other = replace(ASK, nearest_id=2, reason=AskReason.TOO_ALIKE.value)  # the PIN named the second
    assert told(read(other, after(PIN_GRANT, 9))) == [(1, 0.7, ScoreOrigin.PIN)]


def test_a_pin_that_came_first_counts_whether_the_face_was_near_or_not():
    far = replace(DENY, runner_up=None, distance=1.4)
    assert told(read(PIN_GRANT, after(far, 300))) == [(1, 0.7, ScoreOrigin.PIN), (1, 1.4, ScoreOrigin.PIN)]
    assert not read(far).unexplained


def test_a_refusal_of_whoever_then_typed_the_pin_was_that_persons():
    found = read(DENY, after(PIN_GRANT, 40))
    assert told(found) == [(1, 1.2, ScoreOrigin.PIN)]
    assert not found.unexplained


def test_a_refusal_that_was_nearest_to_another_is_not_explained_by_a_pin():
    stranger = replace(DENY, nearest_id=2, distance=1.7)
    found = read(stranger, after(PIN_GRANT, 100))
    assert (told(found), found.unexplained) == ([(1, 0.7, ScoreOrigin.PIN)], (1.7,))
    far = after(replace(DENY, runner_up=None, distance=1.4), 100)
    found = read(stranger, far)
    assert (told(found), found.unexplained) == ([(1, 1.4, ScoreOrigin.PIN)], (1.7,))


def test_a_pin_in_between_leaves_the_refusal_to_the_person_it_was_nearest_to():
    bo = replace(DENY, nearest_id=2, distance=1.1)
    by_face = replace(GRANT, subject_id=2, nearest_id=2, distance=0.8)
    found = read(bo, after(PIN_GRANT, 30), after(by_face, 50))
    assert told(found) == [(2, 1.1, ScoreOrigin.FACE), (1, 0.7, ScoreOrigin.PIN), (2, 0.8, ScoreOrigin.FACE)]
    assert not found.unexplained


def test_a_clock_that_was_put_back_explains_nothing():
    for entered in (GRANT, PIN_GRANT):
        found = read(after(DENY, 86_400), entered)
        assert (len(found.scores), found.unexplained) == (1, (1.2,))


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


def test_what_the_desk_says_of_an_ask_holds_for_the_attempt():
    ask = replace(ASK, event_id=5)
    assert told(read(ask, after(PIN_GRANT, 9), labels={5: None})) == []
    assert told(read(ask, after(PIN_GRANT, 9), labels={5: 1})) == [(1, 0.75, ScoreOrigin.LABEL)]
    timeout = replace(DENY, reason=DenyReason.PIN_TIMEOUT.value, distance=0.75)
    assert told(read(ask, after(timeout, 31), labels={5: 1})) == [(1, 0.75, ScoreOrigin.LABEL)]
    assert told(read(ask, labels={5: 1})) == [(1, 0.75, ScoreOrigin.LABEL)]
    said_of_both = read(ask, after(replace(PIN_GRANT, event_id=6), 9), labels={5: None, 6: 1})
    assert told(said_of_both) == [(1, 0.75, ScoreOrigin.LABEL)]


def test_whoever_was_not_the_nearest_is_missed_at_every_tau():
    missed = [(1, 4.0, ScoreOrigin.LABEL)]
    neither = replace(DENY, event_id=5, nearest_id=7, runner_up_id=8, runner_up=1.25)
    assert told(read(neither, labels={5: 1})) == missed
    assert told(read(replace(neither, runner_up_id=1), labels={5: 1})) == missed
    as_another = replace(GRANT, event_id=5, subject_id=7, nearest_id=7, distance=0.6)
    assert told(read(as_another, labels={5: 1})) == missed
    asked = replace(ASK, event_id=5, nearest_id=7)
    assert told(read(asked, labels={5: 1})) == missed
    gone = replace(DENY, reason=DenyReason.TRACK_LOST.value, nearest_id=None, distance=None, runner_up=None)
    assert told(read(asked, after(gone, 5), labels={5: 1})) == missed


def test_a_comparison_with_another_person_says_nothing_about_whom_the_desk_names():
    others_pin = replace(PIN_GRANT, event_id=5, subject_id=7, nearest_id=7)
    refused = replace(DENY, event_id=5, nearest_id=7, gates=("PIN",), runner_up=None)
    assert told(read(others_pin, labels={5: 1})) == told(read(refused, labels={5: 1})) == []


def test_whoever_is_refused_after_an_ask_that_nobody_answered_is_not_that_person():
    found = read(ASK, after(replace(DENY, nearest_id=2, distance=1.7), 30))
    assert (found.scores, found.unexplained) == ((), (1.7,))
    nearest_is_the_same = read(ASK, after(replace(DENY, distance=1.7), 30))
    assert (nearest_is_the_same.scores, nearest_is_the_same.unexplained) == ((), (1.7,))
    compared = after(replace(DENY, gates=("PIN",), runner_up=None, distance=1.4), 30)
    assert told(read(ASK, compared)) == [(1, 1.4, ScoreOrigin.PIN)]


def test_with_one_person_enrolled_the_pin_tells_a_comparison_from_a_search():
    alone = replace(DENY, runner_up=None, gallery_size=1)
    assert read(alone).unexplained == (1.2,)
    assert told(read(replace(alone, gates=("PIN",)))) == [(1, 1.2, ScoreOrigin.PIN)]


def test_other_encoders_and_people_who_are_gone_say_nothing():
    other = replace(GRANT, encoder_id="other@ba9876543210/arc112-bgr")
    gone = replace(GRANT, subject_id=9, nearest_id=9)
    assert read(other, gone, replace(GRANT, distance=None), replace(GRANT, distance=7.0)).scores == ()
