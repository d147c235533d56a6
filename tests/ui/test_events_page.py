"""The events page: search, filters, selection and labels, by mouse and by keyboard."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QLabel

from faceguard.ui.events_model import EventLine, day_and_time
from faceguard.ui.events_page import EventsPage
from faceguard.ui.theme import Scheme, apply_theme

NOON = datetime(2026, 5, 4, 12).astimezone()
GRANT = EventLine(
    event_id=1,
    at=NOON,
    who="Eileen Collins",
    number=1042,
    outcome="Granted",
    meaning="grant",
    labelable=True,
    details=(("Time", "12:00:00"), ("Passed", "face, good pictures")),
    numbers=(("Distance d", "0.610"), ("tau", "1.134")),
)
DENY = replace(GRANT, event_id=2, who="Somebody unknown", number=None, outcome="Denied", meaning="deny", reason="Wrong")
FAULT = EventLine(3, NOON, "The door", None, "Out of service", "neutral", "The camera is silent.")
COUNTS = {"grant": 7, "would grant": 2, "deny": 5, "ask": 1, "fault": 1, "enrol": 9}


@pytest.fixture
def page(qtbot):
    page = EventsPage()
    qtbot.addWidget(page)
    page.resize(1104, 760)
    page.set_people({1: "Ada Lovelace", 2: "Jonas Weber", 12: "Karl Weber"})
    page.set_labels_allowed(True)
    page.show_page((FAULT, DENY, GRANT), False, COUNTS)
    page.show()
    qtbot.waitExposed(page)
    return page


def click_row(qtbot, page, row):
    y = page.table.rowViewportPosition(row) + 10
    qtbot.mouseClick(page.table.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(60, y))


def words(widget):
    QApplication.processEvents()  # what was added to a page is shown with its next layout
    return " | ".join(label.text() for label in widget.findChildren(QLabel) if label.isVisible())


def test_times_say_the_day_only_where_it_is_another_one():
    assert day_and_time(NOON, NOON) == "12:00"
    assert day_and_time(NOON, NOON, seconds=True) == "12:00:00"
    assert day_and_time(NOON - timedelta(days=1), NOON) == "yesterday, 12:00"
    assert day_and_time(NOON - timedelta(days=4), NOON) == "30 Apr, 12:00"
    assert day_and_time(NOON - timedelta(days=400), NOON) == "30 Mar 2025, 12:00"


def test_filters_count_the_doors_own_events_and_say_which_opened_nothing(page):
    assert [page.chip(key).text() for key in ("all", "grant", "ask", "deny", "fault")] == [
        "All  16",
        "Granted  9",
        "Asked  1",
        "Denied  5",
        "Faults  1",
    ]
    assert page.header.subtitle.whole == (
        "16 events in the last 30 days, 2 of the grants in shadow mode, when nothing opened"
    )


def test_a_filter_asks_at_once_and_a_search_when_nobody_types_any_more(qtbot, page):
    with qtbot.waitSignal(page.query_changed, timeout=2000) as asked:
        qtbot.mouseClick(page.chip("deny"), Qt.MouseButton.LeftButton)
    assert asked.args == ["", "deny"]
    seen = []
    page.query_changed.connect(lambda *what: seen.append(what))
    with qtbot.waitSignal(page.query_changed, timeout=2000):
        qtbot.keyClicks(page.field, "weber")
    assert seen == [("weber", "deny")]


def test_nothing_found_offers_the_way_back_and_nothing_at_all_says_what_will_come(qtbot, page):
    qtbot.keyClicks(page.field, "zzz")
    page.show_page((), False, COUNTS)
    assert "Nothing matches" in words(page)
    with qtbot.waitSignal(page.query_changed, timeout=2000) as asked:
        page._on_clear()
    assert asked.args == ["", "all"]
    page.show_page((), False, {})
    assert "Nothing has happened in the last 30 days" in words(page)
    assert not page.chip("all").isVisible()


def test_down_walks_from_the_search_into_the_list(qtbot, page):
    page.field.setFocus()
    qtbot.keyClick(page.field, Qt.Key.Key_Down)
    assert page.panel.event_id == FAULT.event_id
    qtbot.keyClick(page.table, Qt.Key.Key_Down)
    assert page.panel.event_id == DENY.event_id
    assert page.panel.who.whole == "Somebody unknown"


def test_distances_and_tau_are_shown_to_admins_only(qtbot, page):
    click_row(qtbot, page, 2)
    assert "face, good pictures" in words(page.panel)
    assert "0.610" not in words(page.panel)
    assert "Distances are shown to admins" in words(page.panel)
    page.set_admin(True)
    assert "0.610" in words(page.panel)
    assert "1.134" in words(page.panel)
    page.set_admin(False)
    assert "0.610" not in words(page.panel)


def test_what_is_new_comes_on_top_and_the_same_event_stays_selected(qtbot, page):
    click_row(qtbot, page, 1)
    page.add_newer((replace(DENY, event_id=5), replace(DENY, event_id=4), DENY), COUNTS)
    assert [line.event_id for line in page.model.lines] == [5, 4, 3, 2, 1]
    assert page.panel.event_id == DENY.event_id
    assert page.table.selectionModel().selectedRows()[0].row() == 3


def test_what_one_looks_at_stays_where_it_is_while_new_events_come(qtbot, page):
    page.show_page([replace(DENY, event_id=n) for n in range(200, 0, -1)], False, COUNTS)
    QApplication.processEvents()
    page.table.scrollTo(page.model.index(40, 0), page.table.ScrollHint.PositionAtTop)
    top = page.table.indexAt(QPoint(20, 5)).row()
    seen = page.model.lines[top].event_id
    page.add_newer([replace(DENY, event_id=n) for n in (203, 202, 201)], COUNTS)
    QApplication.processEvents()
    assert seen == 160
    assert page.model.lines[page.table.indexAt(QPoint(20, 5)).row()].event_id == seen


def test_older_events_are_asked_for_while_there_are_any(qtbot, page):
    assert not page.older.isVisible()
    page.show_page((FAULT, DENY), True, COUNTS)
    with qtbot.waitSignal(page.older_requested, timeout=2000):
        qtbot.mouseClick(page.older, Qt.MouseButton.LeftButton)
    page.add_older((GRANT,), False)
    assert page.model.rowCount() == 3
    assert not page.older.isVisible()


def test_a_stranger_is_one_click(qtbot, page):
    click_row(qtbot, page, 1)
    with qtbot.waitSignal(page.stranger_said, timeout=2000) as said:
        qtbot.mouseClick(page.panel.stranger, Qt.MouseButton.LeftButton)
    assert said.args == [DENY.event_id]
    page.show_line(replace(DENY, label="A stranger", labelled=True))
    assert "A stranger" in words(page.panel)
    assert not page.panel.stranger.isVisible()
    with qtbot.waitSignal(page.label_taken_back, timeout=2000) as back:
        qtbot.mouseClick(page.panel.take_back, Qt.MouseButton.LeftButton)
    assert back.args == [DENY.event_id]


@pytest.mark.parametrize(
    ("typed", "number"),
    [("Karl Weber (12)", 12), ("jonas weber", 2), ("2", 2), ("weber", None), ("", None), ("9", None)],
)
def test_staff_is_found_by_name_or_number(qtbot, page, typed, number):
    click_row(qtbot, page, 1)
    qtbot.mouseClick(page.panel.staff, Qt.MouseButton.LeftButton)
    picker = page.panel.picker
    assert picker.field.hasFocus()
    said = []
    page.staff_said.connect(lambda *what: said.append(what))
    picker.field.setText(typed)
    assert picker.save.isEnabled() is (number is not None)
    qtbot.keyClick(picker.field, Qt.Key.Key_Return)
    assert said == ([] if number is None else [(DENY.event_id, number)])


def test_the_picker_is_left_with_escape_and_with_another_event(qtbot, page):
    click_row(qtbot, page, 1)
    qtbot.mouseClick(page.panel.staff, Qt.MouseButton.LeftButton)
    qtbot.keyClick(page.panel.picker, Qt.Key.Key_Escape)
    assert not page.panel.picker.isVisible()
    qtbot.mouseClick(page.panel.staff, Qt.MouseButton.LeftButton)
    click_row(qtbot, page, 2)
    assert not page.panel.picker.isVisible()
    assert page.panel.stranger.isVisible()


def test_who_may_not_label_reads_why_and_a_fault_asks_nothing(qtbot, page):
    page.set_labels_allowed(False)
    click_row(qtbot, page, 1)
    assert not page.panel.stranger.isVisible()
    assert "The admin can let the desk say" in words(page.panel)
    page.set_labels_allowed(True)
    click_row(qtbot, page, 0)
    assert not page.panel.stranger.isVisible()
    assert "Who was it?" not in words(page.panel)


def test_a_false_accept_is_said_on_the_page_and_beside_the_event(qtbot, page):
    page.show_false_accepts(1)
    assert "1 grant of a stranger" in words(page)
    with qtbot.waitSignal(page.tuning_requested, timeout=2000):
        qtbot.mouseClick(page.tuning, Qt.MouseButton.LeftButton)
    page.show_page((replace(GRANT, label="A stranger", labelled=True, false_accept=True),), False, COUNTS)
    click_row(qtbot, page, 0)
    assert "By its label this was a stranger" in words(page.panel)
    page.show_false_accepts(0)
    assert "grant of a stranger" not in words(page)


def test_a_refusal_stands_beside_the_event(qtbot, page):
    click_row(qtbot, page, 1)
    page.show_refusal("Labels are switched off.")
    assert "Labels are switched off." in words(page.panel)


def test_no_cell_and_no_button_is_cut_in_a_small_window(qapp, qtbot, page):
    page.resize(764, 420)
    for scheme in (Scheme.DARK, Scheme.LIGHT):
        apply_theme(qapp, scheme)
        click_row(qtbot, page, 1)
        assert page.minimumSizeHint().width() <= 764
        assert page.chip("fault").geometry().right() <= page.width()
        assert page.table.isColumnHidden(3)
        assert not page.table.isColumnHidden(2)


def test_a_page_of_ten_thousand_rows_is_shown_at_once(qtbot, page):
    page.show_page([replace(DENY, event_id=n) for n in range(10_000, 0, -1)], True, COUNTS)
    assert page.model.rowCount() == 10_000
    page.table.scrollToBottom()
    page.grab()
