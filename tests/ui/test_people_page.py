"""The people page: search, selection, PIN and removal, by mouse and by keyboard."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from PySide6.QtCore import QPoint, Qt

from faceguard.domain.errors import StoreFault
from faceguard.domain.score import Distance, Threshold
from faceguard.domain.template import ConsentMeans, Subject
from faceguard.domain.words import folded
from faceguard.pictures_desk import Comparison
from faceguard.ui.people_model import Column, PeopleModel, PeopleSearch, day_words
from faceguard.ui.people_page import PeoplePage, counts

NOW = datetime(2026, 11, 23, 9, 41, tzinfo=UTC)


@dataclass(frozen=True)
class Person:
    subject: Subject
    templates: int = 1
    enrolled_at: datetime = NOW
    ready: bool = True


def person(number: int, name: str, *, has_pin: bool = False, ready: bool = True, days: int = 0) -> Person:
    when = NOW - timedelta(days=days)
    return Person(Subject(number, name, ConsentMeans.PAPER, when, has_pin), 1, when, ready)


PEOPLE = (
    person(1042, "Eileen Collins"),
    person(1187, "Danielle Okafor", has_pin=True),
    person(1203, "Jonas Weber", days=3),
    person(1288, "Tomás Brito", ready=False, days=400),
)


@pytest.fixture
def page(qtbot):
    page = PeoplePage(lambda pin: None if len(pin) >= 6 else "A PIN has at least 6 digits.")
    qtbot.addWidget(page)
    page.resize(1104, 760)
    page.set_people(PEOPLE)
    page.show()
    qtbot.waitExposed(page)
    return page


def names(page: PeoplePage) -> list[str]:
    return [page.search.person(row).subject.name for row in range(page.search.rowCount())]


def test_counts_name_only_what_is_there():
    assert counts(PEOPLE) == "4 people, 3 ready, 1 with a PIN, 1 needs a new photo"
    assert counts(PEOPLE[:1]) == "1 person, 1 ready"
    assert counts(()) == "Nobody is enrolled"


def test_dates_are_said_in_words():
    now = datetime(2026, 11, 23, 12, 0).astimezone()
    assert day_words(now.replace(hour=9, minute=5), now) == "today, 09:05"
    assert day_words(now - timedelta(days=1), now) == "yesterday"
    assert day_words(now - timedelta(days=4), now) == "19 Nov"
    assert day_words(now - timedelta(days=400), now) == "19 Oct 2025"


def test_search_finds_names_without_accents_and_the_beginning_of_numbers(qtbot, page):
    assert folded("Tomás") == "tomas"
    qtbot.keyClicks(page.field, "tomas")
    assert names(page) == ["Tomás Brito"]
    page.field.setText("12")
    assert names(page) == ["Jonas Weber", "Tomás Brito"]
    page.field.setText("weber 1203")
    assert names(page) == ["Jonas Weber"]
    page.field.setText("042")
    assert names(page) == []


def test_a_search_without_a_hit_says_so_and_escape_takes_it_away(qtbot, page):
    qtbot.keyClicks(page.field, "zzz")
    assert page._matches.currentIndex() == 1
    qtbot.keyClick(page.field, Qt.Key.Key_Escape)
    assert page.field.text() == ""
    assert page._matches.currentIndex() == 0


def test_down_walks_from_the_search_into_the_list_and_shows_the_person(qtbot, page):
    page.field.setFocus()
    qtbot.keyClick(page.field, Qt.Key.Key_Down)
    assert page.panel.subject_id == 1187
    qtbot.keyClick(page.table, Qt.Key.Key_Down)
    assert page.panel.subject_id == 1042
    assert page.panel.name.whole == "Eileen Collins"
    assert page.panel.number.text() == "Number 1042"


def test_a_click_on_a_row_shows_the_person(qtbot, page):
    y = page.table.rowViewportPosition(2) + 10
    qtbot.mouseClick(page.table.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(60, y))
    assert page.panel.subject_id == 1203


def test_the_same_person_stays_selected_through_sorting_and_a_new_list(page):
    assert page.select(1203)
    page.table.sortByColumn(Column.NUMBER, Qt.SortOrder.DescendingOrder)
    assert names(page)[0] == "Tomás Brito"
    assert page.table.selectionModel().selectedRows()[0].row() == 1
    page.set_people(PEOPLE[1:])
    assert page.panel.subject_id == 1203
    page.set_people(PEOPLE[:1])
    assert page.panel.subject_id is None


def test_who_needs_a_new_photo_is_told_so(page):
    page.select(1288)
    assert page.panel.warning.isVisible()
    assert page.search.index(page.search.row_of(1288), Column.STATE).data() == "Needs a new photo"
    page.select(1042)
    assert not page.panel.warning.isVisible()


def test_an_empty_gallery_offers_the_first_person(qtbot, page):
    page.set_people(())
    assert page._body.currentIndex() == 1
    assert not page.add.isVisible()
    page.set_people(PEOPLE)
    assert page.add.isVisible()
    with qtbot.waitSignal(page.add_requested):
        qtbot.mouseClick(page.add, Qt.MouseButton.LeftButton)


def test_control_n_adds_a_person(qtbot, page):
    page.field.setFocus()
    with qtbot.waitSignal(page.add_requested):
        qtbot.keyClick(page.field, Qt.Key.Key_N, Qt.KeyboardModifier.ControlModifier)


def test_delete_asks_first_and_the_safe_answer_has_the_focus(qtbot, page):
    page.select(1042)
    page.table.setFocus()
    with qtbot.assertNotEmitted(page.remove_requested):
        qtbot.keyClick(page.table, Qt.Key.Key_Delete)
        assert page.panel.confirm_heading.text() == "Remove Eileen Collins?"
        assert page.panel.keep.hasFocus()
        qtbot.keyClick(page.panel.keep, Qt.Key.Key_Space)
    assert page.panel.remove.isVisible()


def test_removal_is_asked_for_once_confirmed(qtbot, page):
    page.select(1042)
    qtbot.mouseClick(page.panel.remove, Qt.MouseButton.LeftButton)
    with qtbot.waitSignal(page.remove_requested) as asked:
        qtbot.mouseClick(page.panel.really_remove, Qt.MouseButton.LeftButton)
    assert asked.args == [1042]


def test_selecting_another_person_closes_the_question(qtbot, page):
    page.select(1042)
    page.panel.ask_removal()
    page.select(1203)
    assert page.panel.remove.isVisible()
    assert not page.panel.really_remove.isVisible()


def test_a_pin_is_typed_twice_and_handed_over(qtbot, page):
    page.select(1042)
    qtbot.mouseClick(page.panel.set_pin, Qt.MouseButton.LeftButton)
    form = page.panel.pin_form
    qtbot.keyClicks(form.first, "482913")
    qtbot.keyClick(form.first, Qt.Key.Key_Return)
    assert form.second.hasFocus()
    qtbot.keyClicks(form.second, "482913")
    with qtbot.waitSignal(page.pin_requested) as asked:
        qtbot.keyClick(form.second, Qt.Key.Key_Return)
    assert asked.args == [1042, "482913"]
    assert form.first.text() == form.second.text() == ""
    page.finish()
    assert not form.isVisible()


@pytest.mark.parametrize(
    ("first", "second", "sentence"),
    [("123", "123", "A PIN has at least 6 digits."), ("482913", "482914", "The two entries differ")],
    ids=["weak", "different"],
)
def test_a_weak_or_mistyped_pin_is_refused_in_the_form(qtbot, page, first, second, sentence):
    page.select(1042)
    page.panel.ask_pin()
    form = page.panel.pin_form
    with qtbot.assertNotEmitted(page.pin_requested):
        qtbot.keyClicks(form.first, first)
        qtbot.keyClicks(form.second, second)
        qtbot.mouseClick(form.accept, Qt.MouseButton.LeftButton)
    assert form.refusal.text().startswith(sentence)
    assert form.first.hasFocus()
    qtbot.keyClick(form.first, Qt.Key.Key_Escape)
    assert page.panel.remove.isVisible()


def test_a_stored_pin_can_be_cleared(qtbot, page):
    page.select(1042)
    assert not page.panel.clear_pin.isVisible()
    page.select(1187)
    with qtbot.waitSignal(page.pin_clear_requested) as asked:
        qtbot.mouseClick(page.panel.clear_pin, Qt.MouseButton.LeftButton)
    assert asked.args == [1187]


def test_a_refusal_is_shown_beside_the_person_it_is_about(page):
    page.show_refusal(StoreFault("The database is locked by another program."))
    assert page.notice.isVisible()
    page.set_people(PEOPLE)
    page.select(1042)
    page.show_refusal("The database is full.")
    assert not page.notice.isVisible()
    assert page.panel.refusal.isVisible()


def test_names_are_plain_text(page):
    page.set_people((person(1, "<b>Bobby</b>"),))
    page.select(1)
    assert page.panel.name.textFormat() == Qt.TextFormat.PlainText
    assert page.panel.name.whole == "<b>Bobby</b>"


def test_ten_thousand_people_are_searched_and_sorted(qtbot):
    people = [person(i + 1, f"Name{i % 997} Surname{i}", days=i % 300) for i in range(10_000)]
    model = PeopleModel()
    search = PeopleSearch(model)
    model.set_people(people)
    search.look_for("surname99 name99")
    assert search.rowCount() == sum(
        "surname99" in p.subject.name.lower() and "name99" in p.subject.name.lower() for p in people
    )
    search.look_for("")
    search.sort(Column.ENROLLED, Qt.SortOrder.DescendingOrder)
    assert search.rowCount() == 10_000
    assert search.person(0).enrolled_at == NOW


def comparison(page, *, distance=0.5, tau=1.1, number=None):
    shown = page.search.person(0)
    subject = shown.subject if number is None else Subject(number, "Else", ConsentMeans.PAPER, NOW)
    threshold = None if tau is None else Threshold(tau)
    near = threshold is not None and distance <= tau
    return Comparison(subject, None, Distance(distance), threshold, near)


def test_a_person_is_compared_with_the_camera_and_the_picture_kept(qtbot, page):
    page.select(page.search.person(0).subject.subject_id)
    number = page.panel.subject_id
    with qtbot.waitSignal(page.compare_requested) as asked:
        qtbot.mouseClick(page.panel.compare, Qt.MouseButton.LeftButton)
    assert asked.args == [number]
    assert not page.panel.compare.isEnabled()
    page.show_comparison(comparison(page))
    assert page.panel.comparison.isVisible()
    assert "would recognise" in page.panel.comparison.sentence.text()
    assert "within" in page.panel.comparison.bar.accessibleName()
    with qtbot.waitSignal(page.keep_requested):
        qtbot.mouseClick(page.panel.comparison.keep, Qt.MouseButton.LeftButton)
    page.finish()
    assert not page.panel.comparison.isVisible()


@pytest.mark.parametrize(
    ("distance", "tau", "words"),
    [(1.05, 1.1, "only just"), (1.2, 1.1, "would not recognise"), (0.2, None, "no measured tau")],
)
def test_what_the_door_would_do_is_said_without_a_number(page, distance, tau, words):
    page.select(page.search.person(0).subject.subject_id)
    page.show_comparison(comparison(page, distance=distance, tau=tau))
    said = page.panel.comparison.sentence.text()
    assert words in said
    assert not any(letter.isdigit() for letter in said)


def test_a_comparison_of_somebody_else_comes_too_late(page):
    page.select(page.search.person(0).subject.subject_id)
    page.show_comparison(comparison(page, number=99))
    assert not page.panel.comparison.isVisible()


def test_a_refused_comparison_can_be_tried_again(qtbot, page):
    page.select(page.search.person(0).subject.subject_id)
    qtbot.mouseClick(page.panel.compare, Qt.MouseButton.LeftButton)
    page.show_refusal("The picture is not good enough (too dark); take another one.")
    assert page.panel.compare.isEnabled()
    assert page.panel.refusal.isVisible()


def test_whoever_comes_near_to_being_refused_is_named_before_the_door_does_it(page):
    number = page.search.person(0).subject.subject_id
    page.set_drift({number: "The door recognises this person, but only just."})
    row = page.search.row_of(number)
    assert page.search.index(row, Column.STATE).data() == "New photo soon"
    assert "1 should bring a new photo" in page.header.subtitle.whole
    page.select(number)
    assert page.panel.soon.isVisible()
    page.set_drift({})
    assert page.search.index(row, Column.STATE).data() != "New photo soon"
    assert not page.panel.soon.isVisible()
