"""Enrolment: photo, check, done; by drop, click and key, with nothing typed ever lost."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QFileDialog

from faceguard.access.enrolment import Draft, Neighbour
from faceguard.domain.errors import EnrolmentRefused
from faceguard.domain.face import AlignedFace, BoundingBox, DetectedFace, Frame, Landmarks
from faceguard.domain.observation import HaltReason, QualityAssessment, QualityFinding
from faceguard.domain.score import Distance
from faceguard.domain.template import ConsentMeans, Embedding, EncoderId, Subject, TemplateSource
from faceguard.ui.drop_area import NOT_A_FILE, ONE_AT_A_TIME
from faceguard.ui.enrol_findings import rows_of
from faceguard.ui.enrol_page import EnrolPage, Step

WHEN = datetime(2026, 11, 4, tzinfo=UTC)
KARL = Subject(1204, "Karl Weber", ConsentMeans.PAPER, WHEN)
EILEEN = Subject(1042, "Eileen Collins", ConsentMeans.PAPER, WHEN)
LEFT, RIGHT = BoundingBox(40, 40, 120, 140), BoundingBox(200, 60, 280, 160)


def quality(*bad: HaltReason) -> QualityAssessment:
    reasons = (HaltReason.TOO_SMALL, HaltReason.TURNED_AWAY, HaltReason.TILTED, HaltReason.TOO_DARK, HaltReason.BLURRED)
    return QualityAssessment(tuple(QualityFinding(r, 12.0 if r in bad else 148.0, 24.0, r not in bad) for r in reasons))


def photo() -> Frame:
    return Frame(np.full((240, 320, 3), 128, np.uint8), 0, 0)


def draft(*bad: HaltReason, nearest: Neighbour | None = None) -> Draft:
    points = np.array([[60, 70], [100, 70], [80, 95], [65, 115], [95, 115]], np.float32)
    return Draft(
        photo(),
        DetectedFace(LEFT, Landmarks(points), 0.9),
        AlignedFace(np.zeros((112, 112, 3), np.uint8), np.eye(2, 3), "arcface", 0),
        quality(*bad),
        Embedding.normalised(np.ones(8), EncoderId("test", "0" * 12, "plain")),
        TemplateSource.PHOTO,
        nearest,
    )


@pytest.fixture
def page(qtbot):
    page = EnrolPage(lambda pin: None if len(pin) >= 6 else "A PIN has at least 6 digits.")
    qtbot.addWidget(page)
    page.resize(1104, 760)
    page.show()
    qtbot.waitExposed(page)
    return page


def drop(target, *urls: str, local: bool = True) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(url) if local else QUrl(url) for url in urls])
    copy, left, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(50, 50), copy, data, left, none)
    target.dragEnterEvent(enter)
    assert enter.isAccepted()
    target.dropEvent(QDropEvent(QPointF(50, 50), copy, data, left, none))


def fill(qtbot, page, name: str = "Eileen Collins", number: str = "") -> None:
    qtbot.keyClicks(page.check.name, name)
    qtbot.keyClicks(page.check.number, number)
    page.check._consent.button(0).click()


def test_a_dropped_photo_is_handed_over_and_the_page_says_that_it_looks(qtbot, page):
    with qtbot.waitSignal(page.photo_chosen) as chosen:
        drop(page.drop, "/photos/eileen.jpg")
    assert chosen.args == [Path("/photos/eileen.jpg")]
    assert page._busy_words.text() == "Looking for the face in eileen.jpg…"


@pytest.mark.parametrize(
    ("urls", "local", "sentence"),
    [(("/a.jpg", "/b.jpg"), True, ONE_AT_A_TIME), (("https://example.org/a.jpg",), False, NOT_A_FILE)],
    ids=["two files", "a web address"],
)
def test_a_drop_that_is_no_single_file_gets_one_sentence(qtbot, page, urls, local, sentence):
    with qtbot.assertNotEmitted(page.photo_chosen):
        drop(page, *urls, local=local)
    assert page.refusal.isVisible()
    assert page.refusal._sentence.text() == sentence


def test_the_file_dialog_hands_its_file_over(qtbot, page, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *args: ("/photos/eileen.png", ""))
    with qtbot.waitSignal(page.photo_chosen) as chosen:
        qtbot.mouseClick(page.drop.choose, Qt.MouseButton.LeftButton)
    assert chosen.args == [Path("/photos/eileen.png")]


def test_a_cancelled_file_dialog_changes_nothing(qtbot, page, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *args: ("", ""))
    with qtbot.assertNotEmitted(page.photo_chosen):
        qtbot.mouseClick(page.drop.choose, Qt.MouseButton.LeftButton)
    assert page.drop.isVisible()


def test_a_picture_can_be_taken_with_the_camera_when_it_runs(qtbot, page):
    page.set_camera_available(False)
    assert not page.drop.camera.isEnabled()
    page.set_camera_available(True)
    with qtbot.waitSignal(page.camera_requested):
        qtbot.mouseClick(page.drop.camera, Qt.MouseButton.LeftButton)


def test_a_refused_photo_is_said_in_the_first_step(page):
    page.show_examining("x.pdf")
    page.show_refusal("This file is a PDF document, not a photo.")
    assert page.step is Step.PHOTO
    assert page.drop.isVisible()
    assert page.refusal._sentence.text() == "This file is a PDF document, not a photo."


@pytest.fixture
def choice(page):
    page.show_choice(photo(), [LEFT, RIGHT], "There are two faces in this photo.")
    return page.choice


def test_one_of_several_faces_is_chosen_by_a_click(qtbot, page, choice):
    with qtbot.waitSignal(page.face_chosen) as clicked:
        qtbot.mouseClick(choice, Qt.MouseButton.LeftButton, pos=choice.area_of(1).center().toPoint())
    assert clicked.args == [1]
    assert not choice.isVisible()


@pytest.mark.parametrize(
    ("keys", "index"),
    [
        ((Qt.Key.Key_Return,), 0),
        ((Qt.Key.Key_Right, Qt.Key.Key_Space), 1),
        ((Qt.Key.Key_Left, Qt.Key.Key_Return), 1),
        ((Qt.Key.Key_2,), 1),
    ],
    ids=["enter", "right and space", "left, round the end", "its number"],
)
def test_one_of_several_faces_is_chosen_by_keys(qtbot, page, choice, keys, index):
    with qtbot.waitSignal(page.face_chosen) as chosen:
        for key in keys:
            qtbot.keyClick(choice, key)
    assert chosen.args == [index]


def test_a_click_beside_the_faces_chooses_nobody(qtbot, page, choice):
    with qtbot.assertNotEmitted(page.face_chosen):
        qtbot.mouseClick(choice, Qt.MouseButton.LeftButton, pos=QPoint(2, 2))


def test_findings_that_pass_share_rows_and_those_that_fail_say_what_to_do():
    assert [w.sentence for w in rows_of(quality())] == [
        "One face, 148 pixels between the eyes",
        "Looks straight at the camera",
        "Well and evenly lit",
        "Sharp",
    ]
    failed = rows_of(quality(HaltReason.TOO_SMALL, HaltReason.TILTED))
    assert [w.good for w in failed] == [False, False, True, True]
    assert failed[0].detail == "12 pixels between the eyes; at least 24 are needed. Use a larger photo."


@pytest.mark.parametrize("reason", list(HaltReason))
def test_every_finding_that_fails_has_a_sentence_and_a_remedy(reason):
    [words] = rows_of(QualityAssessment((QualityFinding(reason, 1.0, 2.0, False),)))
    assert words.sentence
    assert words.detail


def test_enrol_says_what_is_missing_until_nothing_is(qtbot, page):
    page.show_draft(draft())
    assert page.step is Step.CHECK
    assert page.check.consent is None
    assert (page.check.enrol.isEnabled(), page.check.reason.text()) == (False, "Type the person's name.")
    qtbot.keyClicks(page.check.name, "Eileen Collins")
    assert (page.check.enrol.isEnabled(), page.check.reason.text()) == (False, "Say how the person agreed.")
    page.check._consent.button(2).click()
    assert (page.check.enrol.isEnabled(), page.check.reason.text()) == (True, "")
    qtbot.keyClicks(page.check.number, "0")
    assert not page.check.enrol.isEnabled()


def test_a_complete_person_is_handed_over_once(qtbot, page):
    shown = draft()
    page.show_draft(shown)
    fill(qtbot, page, number="1042x")
    with qtbot.waitSignal(page.enrol_requested) as asked:
        qtbot.keyClick(page.check.name, Qt.Key.Key_Return)
    request = asked.args[0]
    assert request.draft is shown
    assert (request.name, request.number, request.consent) == ("Eileen Collins", 1042, ConsentMeans.PAPER)
    assert not request.accept_near
    with qtbot.assertNotEmitted(page.enrol_requested):
        qtbot.keyClick(page.check.name, Qt.Key.Key_Return)


def test_a_poor_photo_cannot_be_enrolled_and_another_one_keeps_what_was_typed(qtbot, page):
    page.show_draft(draft(HaltReason.BLURRED))
    fill(qtbot, page)
    assert not page.check.enrol.isEnabled()
    assert page.check.reason.text() == "This photo is not good enough; choose another one."
    qtbot.mouseClick(page.check.other_photo, Qt.MouseButton.LeftButton)
    assert page.step is Step.PHOTO
    page.show_draft(draft())
    assert page.check.name.text() == "Eileen Collins"
    assert page.check.consent is ConsentMeans.PAPER
    assert page.check.enrol.isEnabled()


def test_somebody_who_looks_like_a_colleague_must_be_confirmed_anew_for_every_photo(qtbot, page):
    near = Neighbour(KARL, Distance(0.71), True)
    page.show_draft(draft(nearest=near))
    fill(qtbot, page)
    assert page.check.reason.text() == "Confirm that this is not Karl Weber."
    page.check.other_person.click()
    assert page.check.enrol.isEnabled()
    page.show_draft(draft(nearest=near))
    assert not page.check.enrol.isEnabled()
    page.check.other_person.click()
    with qtbot.waitSignal(page.enrol_requested) as asked:
        qtbot.mouseClick(page.check.enrol, Qt.MouseButton.LeftButton)
    assert asked.args[0].accept_near


def test_a_colleague_who_is_far_enough_is_not_named(page):
    page.show_draft(draft(nearest=Neighbour(KARL, Distance(1.6), False)))
    assert not page.check.other_person.isVisible()
    texts = [w.text() for w in page.check.findChildren(type(page.check.reason)) if w.isVisible()]
    assert not any("Weber" in text for text in texts)


def test_a_refused_enrolment_is_said_in_the_page_and_nothing_typed_is_lost(qtbot, page):
    page.show_draft(draft())
    fill(qtbot, page, number="1042")
    page.check.enrol.click()
    page.show_refusal(EnrolmentRefused("The number 1042 is taken."))
    assert page.step is Step.CHECK
    assert page.check.refusal.isVisible()
    assert (page.check.name.text(), page.check.number.text()) == ("Eileen Collins", "1042")
    assert page.check.enrol.isEnabled()


def test_done_says_the_number_and_leads_on(qtbot, page):
    page.show_draft(draft())
    fill(qtbot, page)
    page.show_enrolled(EILEEN)
    assert page.step is Step.DONE
    assert page.done_title.text() == "Eileen Collins is enrolled"
    assert page.done_words.text().startswith("Number 1042.")
    with qtbot.waitSignal(page.back_requested):
        qtbot.mouseClick(page.to_people, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(page.add_another, Qt.MouseButton.LeftButton)
    assert page.step is Step.PHOTO
    assert page.check.name.text() == ""
    assert page.check.consent is None


def test_a_pin_can_be_set_at_the_end(qtbot, page):
    page.show_enrolled(EILEEN)
    qtbot.mouseClick(page.set_pin, Qt.MouseButton.LeftButton)
    qtbot.keyClicks(page.pin_form.first, "482913")
    qtbot.keyClicks(page.pin_form.second, "482913")
    with qtbot.waitSignal(page.pin_requested) as asked:
        qtbot.mouseClick(page.pin_form.accept, Qt.MouseButton.LeftButton)
    assert asked.args == [1042, "482913"]
    page.show_refusal("The database is locked by another program.")
    assert page.pin_form.refusal.isVisible()
    page.show_pin_set()
    assert page.pin_words.text() == "A PIN is set."
    assert not page.set_pin.isVisible()


def test_escape_goes_back_one_step(qtbot, page):
    page.show_draft(draft())
    qtbot.keyClick(page.check.name, Qt.Key.Key_Escape)
    assert page.step is Step.PHOTO
    with qtbot.waitSignal(page.back_requested):
        qtbot.keyClick(page.drop.choose, Qt.Key.Key_Escape)
