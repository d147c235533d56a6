"""Settings: the admin's rows, and values that are refused under their field."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from faceguard.config.settings import TABLE, Settings
from faceguard.domain.errors import NotPermitted
from faceguard.ui.settings_page import CARDS, TAU_KEY, SettingsPage


@pytest.fixture
def page(qtbot):
    page = SettingsPage(TABLE)
    qtbot.addWidget(page)
    page.resize(1104, 760)
    page.show_values(dict(Settings()))
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
    qtbot.mouseClick(page.unlock_part.unlock, Qt.MouseButton.LeftButton)
    assert page.unlock_part.prompt.field.hasFocus()
    qtbot.keyClicks(page.unlock_part.prompt.field, "482913")
    with qtbot.waitSignal(page.unlock_requested) as asked:
        qtbot.keyClick(page.unlock_part.prompt.field, Qt.Key.Key_Return)
    assert asked.args == ["482913"]
    page.show_unlock_refusal(NotPermitted("Wrong PIN. Try again in 4 s."))
    assert page.unlock_part.prompt.refusal.text() == "Wrong PIN. Try again in 4 s."
    assert page.locked
    page.set_locked(False)
    assert not page.unlock_part.prompt.isVisible()
    assert all(field.editor.isEnabled() for field in page.fields.values())
    with qtbot.waitSignal(page.lock_requested):
        qtbot.mouseClick(page.unlock_part.lock, Qt.MouseButton.LeftButton)


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
