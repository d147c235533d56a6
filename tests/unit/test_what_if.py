"""The recorded events at another tau, judged by the rule of the door."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from faceguard.access.attempt import LookResult, judged
from faceguard.domain.decision import AskReason, DenyReason
from faceguard.domain.score import Distance, Threshold
from faceguard.store.audit_log import AuditEvent
from faceguard.what_if import Outcome, Replay

ENCODER = "small@0123456789ab/arc112-bgr"
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
GRANT = AuditEvent(
    NOON,
    "grant",
    gates=("match", "quality", "not static"),
    subject_id=1,
    nearest_id=1,
    distance=0.8,
    runner_up=1.5,
    encoder_id=ENCODER,
    tau=1.1,
    gallery_size=20,
    event_id=1,
)
DENY = replace(GRANT, decision="deny", reason=DenyReason.NOT_RECOGNISED.value, gates=(), subject_id=None, distance=1.2)
ASK = replace(GRANT, decision="ask", reason=AskReason.LIVENESS_UNPROVEN.value, gates=(), runner_up=None)
PIN_GRANT = replace(GRANT, gates=("PIN", *GRANT.gates), distance=0.7, runner_up=None, time=NOON + timedelta(seconds=9))


def at(tau, *events, margin=0.1):
    found = Replay.of(events, margin, ENCODER)
    counted = found.at(Threshold(tau))
    assert (found.grants_lost(tau), found.denies_gained(tau)) == (counted.grants_lost, counted.denies_gained)
    return counted


@pytest.mark.parametrize(
    ("tau", "flips"),
    [(0.7, ["grant"]), (0.8, []), (1.1, []), (1.2, ["deny"]), (np.nextafter(1.2, 0), []), (4.0, ["deny"])],
)
def test_a_grant_beyond_tau_is_lost_and_a_refusal_within_it_is_recognised(tau, flips):
    found = at(tau, GRANT, DENY)
    assert (found.grants, found.denies) == (1, 1)
    assert [flip.was.value for flip in found.flips] == flips


def test_the_list_says_when_and_how():
    (flip,) = at(0.5, replace(GRANT, event_id=7)).flips
    assert (flip.time, flip.event_id, flip.was, flip.would_be) == (NOON, 7, Outcome.GRANT, Outcome.DENY)


def test_who_would_be_too_like_another_would_be_asked():
    (flip,) = at(1.3, replace(DENY, runner_up=1.25)).flips
    assert flip.would_be is Outcome.ASK
    (flip,) = at(1.3, replace(DENY, runner_up=1.25), margin=0.05).flips
    assert flip.would_be is Outcome.GRANT


@pytest.mark.parametrize(
    "reason",
    [r for r in DenyReason if r is not DenyReason.NOT_RECOGNISED],
)
def test_a_refusal_for_quality_liveness_or_pin_stays_one(reason):
    found = at(4.0, replace(DENY, reason=reason.value), replace(DENY, reason=reason.value, distance=None, tau=None))
    assert (found.denies, found.flips) == (2, ())


def test_who_was_near_enough_and_refused_by_single_frames_stays_refused():
    assert not at(1.5, replace(DENY, distance=1.0)).flips


def test_the_search_before_the_pin_decides_about_a_grant_after_it():
    assert not at(0.8, ASK, PIN_GRANT).flips
    found = at(0.75, ASK, PIN_GRANT)  # the grant's own distance, 0.7, was compared 1:1
    assert [(f.was, f.would_be) for f in found.flips] == [(Outcome.GRANT, Outcome.DENY)]
    assert (found.undecided, found.grants, found.pairs) == (1, 1, 0)


def test_a_pin_that_came_first_needs_no_search():
    found = at(0.1, PIN_GRANT)
    assert (found.grants, found.pairs, found.flips) == (1, 1, ())
    late = replace(PIN_GRANT, time=NOON + timedelta(minutes=5))
    assert at(0.1, ASK, late).pairs == 1
    assert at(0.1, ASK, replace(DENY, reason="wrong PIN"), PIN_GRANT).pairs == 1


def test_a_refused_comparison_with_one_person_is_untouched():
    found = at(4.0, replace(DENY, runner_up=None))
    assert (found.pairs, found.flips) == (1, ())
    alone = at(4.0, replace(DENY, runner_up=None, gallery_size=1))  # one person: it may have been a search
    assert [f.would_be for f in alone.flips] == [Outcome.GRANT]
    marked = at(4.0, replace(DENY, gates=("PIN",), runner_up=None, gallery_size=1))
    assert (marked.pairs, marked.flips) == (1, ())


def test_whoever_is_searched_after_an_ask_that_nobody_answered_is_somebody_else():
    found = at(4.0, ASK, replace(DENY, nearest_id=2, time=NOON + timedelta(seconds=30)))
    assert (found.pairs, found.denies_gained) == (0, 1)
    by_face = at(0.75, replace(ASK, distance=0.7), replace(GRANT, time=NOON + timedelta(seconds=9)))
    assert by_face.grants_lost == 1


def test_a_pin_names_another_person_than_the_ask_only_where_two_are_alike():
    other = replace(PIN_GRANT, subject_id=2, nearest_id=2)
    assert at(0.1, ASK, other).pairs == 1
    assert at(0.1, replace(ASK, reason=AskReason.TOO_ALIKE.value), other).pairs == 0


def test_what_came_before_the_ask_by_a_clock_that_was_put_back_is_no_answer():
    assert at(0.1, ASK, replace(PIN_GRANT, time=NOON - timedelta(days=1))).pairs == 1
    assert at(0.1, ASK, replace(PIN_GRANT, time=NOON)).pairs == 0


def test_events_of_another_encoder_are_left_out_and_counted():
    other = replace(GRANT, encoder_id="other@ba9876543210/arc112-bgr")
    found = at(0.1, other, replace(other, decision="deny"), replace(other, decision="setting"), GRANT)
    assert (found.other_encoders, found.grants, len(found.flips)) == (2, 1, 1)


def test_what_is_no_decision_is_passed_over():
    found = at(0.1, replace(GRANT, decision="enrol"), replace(GRANT, decision="fault"))
    assert (found.grants, found.denies, found.other_encoders) == (0, 0, 0)


def test_numbers_that_are_no_distances_name_nobody():
    assert not at(4.0, replace(DENY, distance=7.0)).flips
    assert at(4.0, replace(GRANT, distance=-1.0)).grants_lost == 1


def test_the_rule_at_the_very_tau_and_margin():
    tau = Threshold(1.0)
    assert judged(Distance(1.0), None, tau, 0.1) is LookResult.CLEAR
    assert judged(Distance(float(np.nextafter(1.0, 2))), None, tau, 0.1) is LookResult.NOBODY
    assert judged(Distance(0.5), Distance(0.75), tau, 0.25) is LookResult.CLEAR
    assert judged(Distance(0.5), Distance(0.625), tau, 0.25) is LookResult.TOO_ALIKE
    assert judged(None, None, tau, 0.1) is LookResult.NOBODY
