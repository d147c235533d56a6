"""The kiosk: seven faces, no number, nobody shown while nobody is there, and no way out without the admin PIN."""

import re
from datetime import datetime

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QLabel

from faceguard.domain.decision import Deny, DenyReason, Hint, Pending
from faceguard.ui.entry import EntryKind
from faceguard.ui.kiosk_window import KioskWindow
from faceguard.ui.oval_preview import Arrow

MORNING = datetime(2026, 11, 22, 9, 41, 7).astimezone()


@pytest.fixture
def kiosk(qtbot, frame, clock):
    made = KioskWindow(lambda: frame, door_name="Main entrance", phone="1234", clock=clock, now=lambda: MORNING)
    qtbot.addWidget(made, before_close_func=lambda window: setattr(window, "_may_leave", True))
    made.resize(1280, 720)
    made.show()
    return made


def words(kiosk):
    """All that can be read on the screen."""
    return " ".join(label.text() for label in kiosk.findChildren(QLabel) if label.isVisible())


def test_idle_shows_the_clock_and_nobody(kiosk, decisions):
    kiosk.show_decision(decisions["idle"])
    text = words(kiosk)
    for part in ("09:41", "Sunday, 22 November", "Step up to the camera", "Main entrance", "1234"):
        assert part in text
    assert not kiosk.live.isVisible()
    assert not kiosk.live.picture.isVisible()


def test_approach_gives_one_instruction_over_the_picture(kiosk, decisions):
    kiosk.show_decision(decisions["approach"])
    assert kiosk.live.picture.isVisible()
    assert kiosk.live.instruction.text() == "Come closer"
    assert kiosk.live.picture.arrow is None


def test_checking_fills_the_ring(kiosk, decisions):
    kiosk.show_decision(decisions["checking"])
    assert kiosk.live.picture.progress == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("hint", "arrow", "side"), [(Hint.TURN_LEFT, Arrow.LEFT, "left"), (Hint.TURN_RIGHT, Arrow.RIGHT, "right")]
)
def test_challenge_points_to_the_persons_own_side(kiosk, hint, arrow, side):
    kiosk.show_decision(Pending(hint, 1.0, 1))
    assert kiosk.live.picture.arrow is arrow
    assert kiosk.live.instruction.text() == f"Turn your head to the {side}"


@pytest.mark.parametrize(
    ("name", "colour", "headline"),
    [
        ("grant", "#0b6b43", "Welcome, Eileen"),
        ("deny", "#8c1d18", "Not recognised"),
        ("out", "#39434e", "Out of service"),
    ],
)
def test_verdict_fills_the_whole_screen(kiosk, decisions, name, colour, headline):
    kiosk.show_decision(decisions[name])
    picture = kiosk.grab().toImage()
    corners = [(2, 2), (1277, 2), (2, 717), (1277, 717)]
    assert {picture.pixelColor(x, y).name() for x, y in corners} == {colour}
    assert kiosk.verdict.headline.text() == headline


def test_name_is_kept_back_where_names_are_not_shown(kiosk, grant):
    kiosk.set_show_names(False)
    kiosk.show_decision(grant)
    assert kiosk.verdict.headline.text() == "Welcome"
    assert "Eileen" not in words(kiosk)


def test_out_of_service_says_since_when_and_whom_to_ring_but_not_what_broke(kiosk, decisions):
    kiosk.show_decision(decisions["out"])
    assert kiosk.verdict.sentence.text() == "Since 09:20. Please ring the desk: 1234"
    assert "unplugged" not in words(kiosk)


@pytest.mark.parametrize("reason", list(DenyReason))
def test_nobody_sees_a_number_or_a_name_in_a_refusal(kiosk, decisions, reason):
    deny = decisions["deny"]
    kiosk.show_decision(Deny(reason, 1, deny.distance, deny.tau, deny.runner_up, 1042, 15))
    text = words(kiosk).replace("09:41", "")
    assert not re.search(r"\d", text)
    assert "Eileen" not in text


def test_locked_pin_is_not_offered_again(kiosk):
    kiosk.show_decision(Deny(DenyReason.PIN_LOCKED))
    assert not kiosk.verdict.use_pin.isVisible()
    kiosk.show_decision(Deny(DenyReason.NOT_RECOGNISED))
    assert kiosk.verdict.use_pin.isVisible()


def test_ask_shows_a_large_keypad_that_answers(qtbot, kiosk, ask):
    kiosk.show_decision(ask)
    assert all(key.width() >= 72 and key.height() >= 72 for key in kiosk.entry.keypad.keys.values())
    qtbot.keyClicks(kiosk.entry, "4711")
    with qtbot.waitSignal(kiosk.pin_entered) as entered:
        qtbot.keyClick(kiosk.entry, Qt.Key.Key_Return)
    assert entered.args == ["4711"]


def test_cancelled_ask_is_told_to_the_session(qtbot, kiosk, ask):
    kiosk.show_decision(ask)
    with qtbot.waitSignal(kiosk.cancelled):
        qtbot.mouseClick(kiosk.entry.cancel, Qt.MouseButton.LeftButton)
    assert not kiosk.entry.isVisible()


def test_pin_instead_stays_while_others_walk_by(qtbot, kiosk, decisions):
    qtbot.mouseClick(kiosk.use_pin, Qt.MouseButton.LeftButton)
    qtbot.keyClicks(kiosk.entry, "10")
    for name in ("idle", "approach", "deny"):
        kiosk.show_decision(decisions[name])
        assert kiosk.entry.entry.text == "10"
    qtbot.keyClicks(kiosk.entry, "42")
    qtbot.keyClick(kiosk.entry, Qt.Key.Key_Return)
    qtbot.keyClicks(kiosk.entry, "123456")
    with qtbot.waitSignal(kiosk.claim_entered) as claimed:
        qtbot.keyClick(kiosk.entry, Qt.Key.Key_Return)
    assert claimed.args == [1042, "123456"]
    kiosk.show_claim_answer(Deny(DenyReason.WRONG_PIN))
    assert kiosk.entry.isVisible()
    kiosk.show_claim_answer(Pending(Hint.LOOK_HERE))
    assert kiosk.live.isVisible()


@pytest.mark.parametrize("way", ["close", "escape"])
def test_nobody_leaves_without_the_admin_pin(qtbot, kiosk, way):
    with qtbot.waitSignal(kiosk.exit_requested):
        if way == "close":
            kiosk.close()
        else:
            qtbot.keyClick(kiosk, Qt.Key.Key_Escape)
    assert kiosk.isVisible()


def test_admin_pin_is_typed_in_the_same_window_and_leaves_only_when_the_app_says_so(qtbot, kiosk, decisions):
    kiosk.exit_requested.connect(kiosk.ask_admin_pin)
    kiosk.close()
    assert kiosk.entry.entry.kind is EntryKind.ADMIN_PIN
    kiosk.show_decision(decisions["approach"])
    assert kiosk.entry.isVisible()
    qtbot.keyClicks(kiosk.entry, "314159")
    with qtbot.waitSignal(kiosk.admin_pin_entered) as entered:
        qtbot.keyClick(kiosk.entry, Qt.Key.Key_Return)
    assert entered.args == ["314159"]
    kiosk.refuse_exit("Wrong PIN.")
    assert kiosk.isVisible()
    assert kiosk.entry.sentence.text() == "Wrong PIN."
    kiosk.leave()
    assert not kiosk.isVisible()


def test_given_up_admin_pin_leads_back_to_the_door(qtbot, kiosk, decisions):
    kiosk.show_decision(decisions["idle"])
    kiosk.ask_admin_pin()
    with qtbot.assertNotEmitted(kiosk.cancelled):
        qtbot.keyClick(kiosk.entry, Qt.Key.Key_Escape)
    assert kiosk.idle.isVisible()


def test_no_menus_no_selection_no_markup_no_dialogs(kiosk, decisions):
    assert kiosk.contextMenuPolicy() is Qt.ContextMenuPolicy.NoContextMenu
    for name in decisions:
        kiosk.show_decision(decisions[name])
        assert not kiosk.findChildren(QDialog)
    for label in kiosk.findChildren(QLabel):
        assert label.textFormat() is Qt.TextFormat.PlainText
        assert not label.textInteractionFlags() & Qt.TextInteractionFlag.TextSelectableByMouse


@pytest.mark.parametrize("size", [(1920, 1080), (1080, 1920), (1024, 600), (1366, 768)])
@pytest.mark.parametrize("name", ["idle", "approach", "turn", "grant", "ask", "deny", "out"])
def test_every_face_fits_every_screen(kiosk, decisions, size, name):
    kiosk.resize(*size)
    kiosk.show_decision(decisions[name])
    kiosk.grab()
    assert (kiosk.width(), kiosk.height()) == size
    for label in kiosk.findChildren(QLabel):
        if label.isVisible() and label.text():
            placed = label.rect().translated(label.mapTo(kiosk, label.rect().topLeft()))
            assert kiosk.rect().contains(placed), label.text()
            if label.wordWrap():
                assert label.height() >= label.heightForWidth(label.width()), label.text()
    for key in kiosk.entry.keypad.keys.values():
        if key.isVisible():
            assert kiosk.rect().contains(key.rect().translated(key.mapTo(kiosk, key.rect().topLeft())))


@pytest.mark.parametrize("name", ["deny", "out", "ask", "approach"])
def test_words_may_be_forty_percent_longer(qapp, kiosk, decisions, name):
    """Translations are longer than English."""
    kiosk.show_decision(decisions[name])
    for label in (kiosk.verdict.headline, kiosk.verdict.sentence, kiosk.live.instruction, kiosk.entry.headline):
        label.setText(label.text() + " und so" * max(1, round(len(label.text()) * 0.4 / 7)))
    qapp.processEvents()
    for label in kiosk.findChildren(QLabel):
        if label.isVisible() and label.wordWrap():
            assert label.height() >= label.heightForWidth(label.width()), label.text()


def test_before_the_first_word_of_the_door_nobody_is_called_up(kiosk, decisions):
    assert "One moment, please" in words(kiosk)
    kiosk.show_decision(decisions["idle"])
    assert "One moment, please" not in words(kiosk)


def test_what_is_switched_off_stands_on_every_page(kiosk, decisions):
    kiosk.set_sign("Liveness check off")
    for decision in decisions.values():
        kiosk.show_decision(decision)
        assert "Liveness check off" in words(kiosk)


def test_a_grant_promises_only_what_happens(kiosk, decisions):
    kiosk.show_decision(decisions["grant"])
    assert "The door is open" in words(kiosk)
    kiosk.set_granted("Access granted")
    kiosk.show_decision(decisions["grant"])
    assert "The door is open" not in words(kiosk)


def test_upright_keys_stand_in_the_middle(kiosk, decisions):
    kiosk.resize(720, 1280)
    kiosk.show_decision(decisions["ask"])
    keypad = kiosk.entry.keypad
    middle = keypad.mapTo(kiosk, keypad.rect().center()).x()
    assert abs(middle - kiosk.width() / 2) <= 2


def test_a_welcome_ends_though_the_person_stays(qtbot, kiosk, decisions):
    kiosk.welcome_timer.setInterval(0)
    kiosk.show_decision(decisions["grant"])
    assert kiosk.verdict.isVisible()
    qtbot.waitUntil(kiosk.idle.isVisible)
    assert "The door is open" not in words(kiosk)


def test_the_end_of_a_welcome_takes_no_other_page_away(qtbot, kiosk, decisions):
    kiosk.show_decision(decisions["grant"])
    kiosk.show_decision(decisions["deny"])
    kiosk.welcome_timer.timeout.emit()
    assert kiosk.verdict.isVisible()
    assert kiosk.decision is decisions["deny"]
