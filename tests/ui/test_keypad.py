"""Typing a PIN by finger, mouse and keyboard."""

import pytest
from PySide6.QtCore import Qt

from faceguard.ui.entry import Entry, EntryKind
from faceguard.ui.keypad import CONFIRM, ERASE, Keypad
from faceguard.ui.pin_entry import ENTRY_SECONDS, PinEntry

SECOND = 1_000_000_000


@pytest.fixture
def entry(qtbot, clock):
    made = PinEntry(clock=clock)
    qtbot.addWidget(made)
    made.resize(360, 480)
    made.show()
    return made


def click(qtbot, entry, digits):
    for digit in digits:
        qtbot.mouseClick(entry.keypad.keys[digit], Qt.MouseButton.LeftButton)


def test_digits_by_mouse_and_keyboard_make_one_pin(qtbot, entry, ask):
    entry.ask(ask)
    click(qtbot, entry, "12")
    qtbot.keyClicks(entry, "34")
    with qtbot.waitSignal(entry.pin_entered) as entered:
        click(qtbot, entry, [CONFIRM])
    assert entered.args == ["1234"]


def test_pin_is_forgotten_the_moment_it_is_sent_and_nothing_can_be_typed_meanwhile(qtbot, entry, ask):
    entry.ask(ask)
    qtbot.keyClicks(entry, "123456")
    qtbot.keyClick(entry, Qt.Key.Key_Return)
    assert entry.entry.text == ""
    with qtbot.assertNotEmitted(entry.pin_entered):
        qtbot.keyClicks(entry, "123456")
        qtbot.keyClick(entry, Qt.Key.Key_Return)


def test_erase_takes_one_digit_and_a_short_pin_cannot_be_sent(qtbot, entry, ask):
    entry.ask(ask)
    click(qtbot, entry, "1234")
    assert entry.keypad.keys[CONFIRM].isEnabled()
    click(qtbot, entry, [ERASE])
    assert not entry.keypad.keys[CONFIRM].isEnabled()
    with qtbot.assertNotEmitted(entry.pin_entered):
        qtbot.keyClick(entry, Qt.Key.Key_Return)


def test_same_ask_again_leaves_the_typed_digits_alone(qtbot, entry, ask):
    """The decision stands for seconds and is handed in again and again."""
    entry.ask(ask)
    qtbot.keyClicks(entry, "12")
    entry.ask(ask)
    assert entry.entry.text == "12"


def test_letters_are_no_part_of_a_door_pin(qtbot, entry, ask):
    entry.ask(ask)
    qtbot.keyClicks(entry, "1a2")
    assert entry.entry.text == "12"
    assert entry.entry.typed("٣").text == "12"


def test_claim_asks_for_the_number_then_the_pin(qtbot, entry):
    entry.ask_claim()
    qtbot.keyClicks(entry, "1042")
    qtbot.keyClick(entry, Qt.Key.Key_Return)
    assert entry.entry.kind is EntryKind.CLAIM_PIN
    qtbot.keyClicks(entry, "654321")
    with qtbot.waitSignal(entry.claim_entered) as claimed:
        qtbot.keyClick(entry, Qt.Key.Key_Return)
    assert claimed.args == [1042, "654321"]


def test_number_zero_is_nobody(qtbot, entry):
    entry.ask_claim()
    qtbot.keyClicks(entry, "000")
    qtbot.keyClick(entry, Qt.Key.Key_Return)
    assert entry.entry.kind is EntryKind.NUMBER


def test_refused_claim_says_why_and_starts_again(qtbot, entry):
    entry.ask_claim()
    qtbot.keyClicks(entry, "1042")
    qtbot.keyClick(entry, Qt.Key.Key_Return)
    entry.refuse("That PIN is not right.")
    assert entry.sentence.text() == "That PIN is not right."
    assert entry.entry == Entry(EntryKind.NUMBER)


def test_admin_pin_may_have_letters(qtbot, entry):
    entry.ask_admin()
    qtbot.keyClicks(entry, "Correct horse 7")
    with qtbot.waitSignal(entry.admin_pin_entered) as entered:
        qtbot.keyClick(entry, Qt.Key.Key_Return)
    assert entered.args == ["Correct horse 7"]


def test_countdown_runs_and_ends_a_claim(qtbot, entry, clock):
    entry.ask_claim()
    assert entry.countdown.text() == f"Cancels in {ENTRY_SECONDS} s"
    clock.now_ns += (ENTRY_SECONDS - 5) * SECOND
    qtbot.waitUntil(lambda: entry.countdown.text() == "Cancels in 5 s", timeout=2000)
    with qtbot.waitSignal(entry.cancelled, timeout=2000):
        clock.now_ns += 6 * SECOND


def test_an_ask_is_ended_by_the_session_not_by_the_window(qtbot, entry, clock, ask):
    entry.ask(ask)
    with qtbot.assertNotEmitted(entry.cancelled, wait=600):
        clock.now_ns += 60 * SECOND
    assert entry.countdown.text() == "Cancels in 0 s"


@pytest.mark.parametrize("way", ["escape", "button"])
def test_giving_up_forgets_what_was_typed(qtbot, entry, ask, way):
    entry.ask(ask)
    qtbot.keyClicks(entry, "1234")
    with qtbot.waitSignal(entry.cancelled):
        if way == "escape":
            qtbot.keyClick(entry, Qt.Key.Key_Escape)
        else:
            qtbot.mouseClick(entry.cancel, Qt.MouseButton.LeftButton)
    assert entry.entry.text == ""


def test_hidden_keypad_keeps_no_pin_and_no_timer(qtbot, entry, ask):
    entry.ask(ask)
    qtbot.keyClicks(entry, "1234")
    entry.hide()
    assert entry.entry.text == ""


def test_pin_stays_out_of_logs_and_of_the_accessible_name(qtbot, entry, ask):
    entry.ask(ask)
    qtbot.keyClicks(entry, "9876")
    assert "9876" not in repr(entry.entry)
    assert "9876" not in entry.display.accessibleName()


@pytest.mark.parametrize(("large", "side"), [(False, 44), (True, 72)])
def test_keys_are_large_enough_for_a_finger(qtbot, large, side):
    keypad = Keypad(large=large)
    qtbot.addWidget(keypad)
    if large:
        for key in keypad.keys.values():
            key.set_scale(0.2)
    keypad.resize(keypad.minimumSizeHint())
    keypad.show()
    assert all(key.width() >= side and key.height() >= side for key in keypad.keys.values())
    assert all(key.accessibleName() for key in keypad.keys.values())


@pytest.mark.parametrize("typed", ["", "12", "123456789012"])
def test_circles_fit_whatever_is_typed(qtbot, entry, ask, typed):
    entry.ask(ask)
    qtbot.keyClicks(entry, typed + "99" if len(typed) == 12 else typed)
    assert entry.entry.text == typed
    assert not entry.display.grab().isNull()
