"""The Door page: verdict, events, numbers for the admin, keypad for an Ask."""

from datetime import datetime, timedelta

import pytest
from PySide6.QtCore import Qt

from faceguard.domain.decision import Deny, DenyReason, Hint, Pending
from faceguard.ui.door_page import DoorPage
from faceguard.ui.event_list import SHOWN, EventRow, count_words
from faceguard.ui.keypad import CONFIRM
from faceguard.ui.number_strip import numbers_of
from faceguard.ui.widgets.text import ElidedText

MORNING = datetime(2026, 11, 22, 9, 41, 7)  # noqa: DTZ001


@pytest.fixture
def page(qtbot, frame, clock):
    made = DoorPage(lambda: frame, door_name="Main entrance", clock=clock)
    qtbot.addWidget(made)
    made.resize(1104, 766)
    made.show()
    return made


def test_title_is_the_doors_name(page):
    assert page.header.title.whole == "Main entrance"
    page.set_door("Back door", "Open on a grant for 4 seconds.")
    assert page.header.title.whole == "Back door"


@pytest.mark.parametrize("name", ["idle", "approach", "checking", "turn", "grant", "deny", "out"])
def test_every_decision_can_be_shown_beside_an_observation(page, decisions, observation, name):
    page.show_decision(decisions[name])
    page.show_observation(observation)
    assert page.verdict.isVisible()
    assert not page.grab().isNull()


def test_numbers_are_for_the_admin_only(page, grant):
    page.show_decision(grant)
    assert not page.numbers.isVisible()
    page.set_admin(True)
    assert page.numbers.isVisible()
    assert [value.text() for value in page.numbers.values] == ["0.61", "0.98", "1.52", "5", "0.50 s"]
    page.set_admin(False)
    assert not page.numbers.isVisible()


def test_numbers_of_the_last_verdict_stay_until_the_next(decisions):
    assert numbers_of(decisions["checking"]) is None
    assert numbers_of(decisions["deny"], 812.0) == ("1.31", "0.98", "1.50", "15", "0.81 s")
    assert numbers_of(Deny(DenyReason.GALLERY_EMPTY)) == ("–", "–", "–", "0", "–")
    assert numbers_of(decisions["ask"]) == ("0.61", "0.98", "–", "5", "–")


def test_ask_brings_the_keypad_and_the_verdict_takes_it_away(qtbot, page, ask, grant):
    page.show_decision(ask)
    assert page.entry.isVisible()
    for key in "4711":
        qtbot.mouseClick(page.entry.keypad.keys[key], Qt.MouseButton.LeftButton)
    with qtbot.waitSignal(page.pin_entered) as entered:
        qtbot.mouseClick(page.entry.keypad.keys[CONFIRM], Qt.MouseButton.LeftButton)
    assert entered.args == ["4711"]
    page.show_decision(grant)
    assert not page.entry.isVisible()
    assert page.verdict.isVisible()


def test_cancelled_ask_is_told_to_the_session(qtbot, page, ask):
    page.show_decision(ask)
    with qtbot.waitSignal(page.cancelled):
        qtbot.keyClick(page.entry, Qt.Key.Key_Escape)


def start_claim(qtbot, page):
    qtbot.mouseClick(page.use_pin, Qt.MouseButton.LeftButton)
    for text in ("1042", "123456"):
        qtbot.keyClicks(page.entry, text)
        qtbot.keyClick(page.entry, Qt.Key.Key_Return)


def test_pin_instead_asks_for_number_and_pin(qtbot, page):
    with qtbot.waitSignal(page.claim_entered) as claimed:
        start_claim(qtbot, page)
    assert claimed.args == [1042, "123456"]


def test_somebody_walking_by_does_not_take_the_keypad_away(qtbot, page, decisions):
    qtbot.mouseClick(page.use_pin, Qt.MouseButton.LeftButton)
    qtbot.keyClicks(page.entry, "10")
    for name in ("idle", "approach", "deny", "ask"):
        page.show_decision(decisions[name])
        assert page.entry.isVisible()
        assert page.entry.entry.text == "10"
    page.show_decision(decisions["out"])
    assert not page.entry.isVisible()


def test_wrong_claim_may_be_tried_again_and_a_right_one_leads_to_the_camera(qtbot, page):
    start_claim(qtbot, page)
    page.show_claim_answer(Deny(DenyReason.WRONG_PIN))
    assert page.entry.isVisible()
    assert "not right" in page.entry.sentence.text()
    page.show_claim_answer(Pending(Hint.LOOK_HERE))
    assert not page.entry.isVisible()


def test_claim_given_up_is_nobodys_business(qtbot, page):
    qtbot.mouseClick(page.use_pin, Qt.MouseButton.LeftButton)
    with qtbot.assertNotEmitted(page.cancelled):
        qtbot.keyClick(page.entry, Qt.Key.Key_Escape)
    assert page.verdict.isVisible()


def test_out_of_service_shows_no_face(page, decisions):
    page.show_decision(decisions["out"])
    assert not page.preview.has_picture()


def test_times_of_a_frame_are_for_the_admin_only(page, observation, monkeypatch):
    notes = []
    monkeypatch.setattr(page.preview, "show_hint", lambda hint, note="": notes.append((hint, note)))
    page.show_observation(observation)
    page.set_admin(True)
    page.show_observation(observation)
    assert notes == [("The face is too dark", ""), ("The face is too dark", "11 ms a frame")]


def rows(count):
    outcomes = [("Denied", "deny"), ("Granted", "grant"), ("Granted", "grant")]
    return [EventRow(MORNING - timedelta(minutes=i), f"Person {i}", *outcomes[i % 3]) for i in range(count)]


def test_events_of_today_with_their_counts(page):
    page.show_events(rows(6))
    assert page.events.counts.text() == "4 granted, 2 denied"
    shown = [label.whole for label in page.events.findChildren(ElidedText)]
    assert shown[0] == "Person 0"


def test_an_empty_day_says_so(page):
    page.show_events([])
    assert page.events.counts.text() == ""
    assert count_words([]) == ""


def test_long_day_shows_its_newest_events_and_counts_all(page, qapp):
    page.show_events(rows(3))
    page.show_events(rows(1000))
    qapp.sendPostedEvents(None, 52)  # DeferredDelete: the rows of before
    assert len(page.events.findChildren(ElidedText)) == SHOWN
    assert page.events.counts.text() == "666 granted, 334 denied"


@pytest.mark.parametrize("size", [(1104, 766), (764, 486), (848, 666)])
@pytest.mark.parametrize("name", ["grant", "ask"])
def test_nothing_is_cut_from_a_small_window_up(qapp, page, decisions, size, name):
    page.set_admin(True)
    page.show_decision(decisions[name])
    page.resize(*size)
    qapp.processEvents()
    for caption in page.numbers.captions:
        assert caption.width() >= caption.fontMetrics().horizontalAdvance(caption.text())
    if name == "ask":
        keys = page.entry.keypad.keys
        assert all(key.height() >= 44 for key in keys.values())
        assert keys["1"].geometry().bottom() < keys["4"].geometry().top()
        assert page.entry.rect().contains(page.entry.cancel.mapTo(page.entry, page.entry.cancel.rect().bottomRight()))
