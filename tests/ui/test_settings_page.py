"""Settings: tau by mouse and key, the admin's rows, and values that are refused under their field."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QLabel

from faceguard.config.settings import TABLE, Settings
from faceguard.domain.card import OperatingPoint
from faceguard.domain.errors import NotPermitted
from faceguard.domain.score import Threshold
from faceguard.ui.settings_page import CARDS, TAU_KEY, SettingsPage
from faceguard.ui.tau_meaning import fpir, meaning_of, one_in, percent

POINTS = tuple(
    OperatingPoint(fmr, Threshold(tau), tpr, 3000, 400_000, "the development photos")
    for fmr, tau, tpr in ((1e-2, 1.22, 0.985), (1e-3, 1.07, 0.95), (1e-4, 0.93, 0.89))
)


@pytest.fixture
def page(qtbot):
    page = SettingsPage(TABLE)
    qtbot.addWidget(page)
    page.resize(1104, 760)
    page.show_values(dict(Settings()))
    page.show_recognition(0.93, POINTS, 312, 0.93)
    page.show_provider(("auto", "cpu"), "CPU")
    page.show()
    qtbot.waitExposed(page)
    return page


@pytest.fixture
def unlocked(page):
    page.set_locked(False)
    return page


def test_every_row_of_the_table_is_on_the_page_once(page):
    shown = set(page.fields) | {TAU_KEY}
    assert shown == {row.key for row in TABLE if not row.by_program}
    named = [key for card in CARDS.values() for key in card]
    assert len(named) == len(set(named))


def test_the_admins_rows_open_with_the_pin_only(qtbot, page):
    for row in TABLE:
        if row.key in page.fields:
            assert page.fields[row.key].editor.isEnabled() is not row.admin_only, row.key
    assert not page.tau.isEnabled()
    qtbot.mouseClick(page.unlock, Qt.MouseButton.LeftButton)
    assert page.prompt.field.hasFocus()
    qtbot.keyClicks(page.prompt.field, "482913")
    with qtbot.waitSignal(page.unlock_requested) as asked:
        qtbot.keyClick(page.prompt.field, Qt.Key.Key_Return)
    assert asked.args == ["482913"]
    page.show_unlock_refusal(NotPermitted("Wrong PIN. Try again in 4 s."))
    assert page.prompt.refusal.text() == "Wrong PIN. Try again in 4 s."
    assert page.locked
    page.set_locked(False)
    assert not page.prompt.isVisible()
    assert all(field.editor.isEnabled() for field in page.fields.values())
    with qtbot.waitSignal(page.lock_requested):
        qtbot.mouseClick(page.lock, Qt.MouseButton.LeftButton)


def test_a_locked_slider_does_not_move(qtbot, page):
    with qtbot.assertNotEmitted(page.tau_changed, wait=80):
        qtbot.mouseClick(page.tau.axis, Qt.MouseButton.LeftButton, pos=QPoint(100, 66))
    assert page.tau.axis.tau == 0.93


@pytest.mark.parametrize(
    ("key", "modifier", "tau"),
    [
        (Qt.Key.Key_Right, Qt.KeyboardModifier.NoModifier, 0.935),
        (Qt.Key.Key_Left, Qt.KeyboardModifier.NoModifier, 0.925),
        (Qt.Key.Key_Up, Qt.KeyboardModifier.ShiftModifier, 0.98),
        (Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier, 0.88),
    ],
    ids=["right", "left", "shift up", "shift down"],
)
def test_keys_move_tau_and_the_door_hears_of_it_within_a_moment(qtbot, unlocked, key, modifier, tau):
    with qtbot.waitSignal(unlocked.tau_changed, timeout=500) as changed:
        qtbot.keyClick(unlocked.tau.axis, key, modifier)
    assert changed.args == [pytest.approx(tau)]
    with qtbot.waitSignal(unlocked.setting_changed, timeout=2000) as settled:
        pass
    assert settled.args == [TAU_KEY, pytest.approx(tau)]


def test_dragging_announces_on_its_way_and_is_stored_once(qtbot, unlocked):
    axis = unlocked.tau.axis
    announced: list[float] = []
    stored: list[object] = []
    unlocked.tau_changed.connect(announced.append)
    unlocked.setting_changed.connect(lambda key, value: stored.append(value))
    start, end = round(axis.x_of(0.93)), round(axis.x_of(1.1))
    qtbot.mousePress(axis, Qt.MouseButton.LeftButton, pos=QPoint(start, 66))
    for x in range(start, end + 1, 8):
        qtbot.mouseMove(axis, QPoint(x, 66))
        qtbot.wait(10)
    qtbot.mouseMove(axis, QPoint(end, 66))
    qtbot.mouseRelease(axis, Qt.MouseButton.LeftButton, pos=QPoint(end, 66))
    qtbot.waitUntil(lambda: bool(stored), timeout=2000)
    assert len(announced) >= 2
    assert stored == [pytest.approx(axis.tau)]
    assert axis.tau == pytest.approx(1.1, abs=0.006)


def test_tau_stays_on_the_axis(qtbot, unlocked):
    axis = unlocked.tau.axis
    qtbot.mouseClick(axis, Qt.MouseButton.LeftButton, pos=QPoint(0, 66))
    assert axis.tau == 0.01
    qtbot.mouseClick(axis, Qt.MouseButton.LeftButton, pos=QPoint(axis.width() - 1, 66))
    assert axis.tau == 2.0


def test_a_late_answer_does_not_pull_the_handle_back(qtbot, unlocked):
    qtbot.keyClick(unlocked.tau.axis, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    unlocked.show_recognition(0.93, POINTS, 312, 0.93)
    assert unlocked.tau.axis.tau == pytest.approx(0.98)
    qtbot.waitSignal(unlocked.setting_changed, timeout=2000).wait()


def test_reset_asks_for_the_encoders_own_tau(qtbot, unlocked):
    assert not unlocked.tau.reset.isEnabled()
    unlocked.show_recognition(1.0, POINTS, 312, 0.93)
    assert unlocked.tau.reset.text() == "Reset to 0.93"
    with qtbot.waitSignal(unlocked.setting_changed) as changed:
        qtbot.mouseClick(unlocked.tau.reset, Qt.MouseButton.LeftButton)
    assert changed.args == [TAU_KEY, None]


def test_at_a_measured_tau_the_law_of_k_people_is_applied():
    assert fpir(1e-4, 312) == pytest.approx(1 - (1 - 1e-4) ** 312)
    meaning = meaning_of(0.93, POINTS, 312)
    assert meaning.strangers == "1 in 32"
    assert meaning.staff == "11 %"
    assert "With 312 people" in meaning.strangers_detail


def test_between_two_measured_points_the_worse_one_counts():
    meaning = meaning_of(1.0, POINTS, 1)
    assert meaning.strangers == "at most 1 in 1,000"
    assert meaning.staff == "at most 11 %"


def test_what_was_not_measured_is_not_claimed():
    assert meaning_of(1.5, POINTS, 10).strangers == "Not measured"
    assert meaning_of(0.5, POINTS, 10).staff == "Not measured"
    nothing = meaning_of(1.0, (), 10)
    assert nothing.strangers == nothing.staff == "Not measured"
    assert "no measured tau" in nothing.strangers_detail


@pytest.mark.parametrize(
    ("rate", "words"), [(1e-4, "1 in 10,000"), (1e-3, "1 in 1,000"), (1 / 1499, "1 in 1,400"), (0.25, "25 %")]
)
def test_rates_are_rounded_to_the_unsafe_side(rate, words):
    assert one_in(rate) == words


def test_percentages_have_one_decimal_below_ten():
    assert (percent(0.021), percent(0.11)) == ("2.1 %", "11 %")


def test_a_typed_value_is_handed_over_when_it_is_complete(qtbot, unlocked):
    field = unlocked.fields["camera.width"]
    field.editor.setFocus()
    field.editor.selectAll()
    with qtbot.assertNotEmitted(unlocked.setting_changed):
        qtbot.keyClicks(field.editor, "1280")
    with qtbot.waitSignal(unlocked.setting_changed) as changed:
        qtbot.keyClick(field.editor, Qt.Key.Key_Return)
    assert changed.args == ["camera.width", 1280]


@pytest.mark.parametrize("text", ["abc", "12", "99999", "6,5"])
def test_a_value_that_is_not_allowed_gets_its_sentence_and_the_old_one_stays(qtbot, unlocked, text):
    field = unlocked.fields["camera.width"]
    field.editor.selectAll()
    qtbot.keyClicks(field.editor, text)
    with qtbot.assertNotEmitted(unlocked.setting_changed):
        qtbot.keyClick(field.editor, Qt.Key.Key_Return)
    assert field.error.isVisible() or not field.isVisible()
    assert "from 160 to 3840" in field.error.text()
    assert field.editor.text() == "640"


def test_a_value_refused_by_the_desk_goes_back_too(unlocked):
    field = unlocked.fields["window.mirror"]
    field.editor.click()
    unlocked.show_refusal("window.mirror", "The settings file cannot be written.")
    assert field.editor.isChecked()
    assert field.error.text() == "The settings file cannot be written."
    unlocked.show_values({"window.mirror": False})
    assert field.error.text() == ""
    assert not field.editor.isChecked()


def test_a_switch_and_a_list_are_handed_over(qtbot, unlocked):
    with qtbot.waitSignal(unlocked.setting_changed) as switched:
        unlocked.fields["window.mirror"].editor.click()
    assert switched.args == ["window.mirror", False]
    box = unlocked.fields["window.theme"].editor
    box.setFocus()
    with qtbot.waitSignal(unlocked.setting_changed) as chosen:
        qtbot.keyClick(box, Qt.Key.Key_Down)
    assert chosen.args == ["window.theme", "light"]


def test_off_is_called_what_it_is(qtbot, unlocked):
    field = unlocked.fields["liveness.policy"]
    with qtbot.waitSignal(unlocked.setting_changed) as changed:
        field.choices.button(2).click()
    assert changed.args == ["liveness.policy", "off"]
    unlocked.show_values({"liveness.policy": "off"})
    unlocked.show_values({"liveness.policy": "strict"})
    assert field.choices.checkedId() == 1


def test_the_provider_in_use_is_said_and_a_stored_one_stays_in_the_list(page):
    field = page.fields["models.provider"]
    assert "In use now: CPU." in field.help.text()
    page.show_values({"models.provider": "tensorrt"})
    assert field.editor.currentText() == "tensorrt"


def test_the_relay_is_shown_where_there_is_one_and_can_be_tested(qtbot, unlocked):
    assert unlocked.fields["door.serial_port"].isHidden()
    unlocked.show_values({"door.output": "serial"})
    assert not unlocked.fields["door.serial_port"].isHidden()
    with qtbot.waitSignal(unlocked.door_test_requested):
        unlocked.door_test.click()
    assert not unlocked.door_test.isEnabled()
    unlocked.show_door_result(False, "The relay board does not answer.")
    assert unlocked.door_result.text() == "The relay board does not answer."
    assert unlocked.door_test.isEnabled()


def test_until_the_networks_are_loaded_no_tau_is_shown(qtbot):
    page = SettingsPage(TABLE)
    qtbot.addWidget(page)
    page.show()
    assert not page.tau.isVisible()
    assert page.tau_waiting.isVisible()
    page.show_recognition(0.93, POINTS, 312, 0.93)
    assert page.tau.isVisible()
    assert not page.tau_waiting.isVisible()


def test_every_row_has_a_title_for_people(page):
    for key, field in page.fields.items():
        assert field.title.text(), key
        assert key not in field.title.text(), key


def test_numbers_stand_as_people_type_them_and_units_are_whole(page):
    field = page.fields["quality.max_mask_colour"]
    assert field.editor.text() == "33"
    unit = next(label for label in field.findChildren(QLabel) if label.text() == "grey levels")
    assert unit.fontMetrics().horizontalAdvance(unit.text()) <= unit.width()


def test_a_new_admin_pin_is_typed_twice_and_only_while_unlocked(qtbot, page):
    assert not page.change_pin.isEnabled()
    page.set_locked(False)
    qtbot.mouseClick(page.change_pin, Qt.MouseButton.LeftButton)
    qtbot.keyClicks(page.pin_form.first, "582047")
    qtbot.keyClicks(page.pin_form.second, "582047")
    with qtbot.waitSignal(page.admin_pin_chosen) as chosen:
        qtbot.keyClick(page.pin_form.second, Qt.Key.Key_Return)
    assert chosen.args == ["582047"]
    page.show_admin_pin_refusal("This PIN is too easy to guess.")
    assert page.pin_form.refusal.text() == "This PIN is too easy to guess."
    page.set_locked(True)
    assert page.pin_form.isHidden()
    assert not page.pin_form.first.text()
