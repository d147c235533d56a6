"""The real desk behind the real window: what is in force, what is said before the door stands, and how it all ends."""

from contextlib import closing

import cv2
import pytest
from PySide6.QtCore import Qt

from faceguard.app.desktop import Desktop
from faceguard.app.kiosk import Kiosk
from faceguard.camera.rendering.scene import Scene
from faceguard.camera.rendering.sensor import SensorTraits
from faceguard.camera.synthetic_source import SyntheticSource
from faceguard.compose import House
from faceguard.domain.decision import OutOfService

PIN = "739184"


def empty_room():
    return SyntheticSource(Scene([], seed=1), title="an empty room", fps=15, seed=1, traits=SensorTraits.varied(1))


@pytest.fixture
def house(tmp_path):
    """A data folder with an admin PIN."""
    house = House(tmp_path)
    with closing(house.open_desk(networks=False)) as desk:
        desk.set_admin_pin(PIN)
    return house


@pytest.fixture
def opened(qtbot):
    """Opens a window on a house; whatever is open at the end of the test must end in time."""
    windows = []

    def open_on(house, make_source=empty_room):
        desktop = Desktop(house, make_source)
        qtbot.addWidget(desktop.window)
        desktop.window.show()
        desktop.start()
        windows.append(desktop)
        return desktop

    yield open_on
    for desktop in windows:
        assert desktop.stop()


@pytest.fixture
def running(qtbot, house, opened):
    """A door that judges frames."""
    desktop = opened(house)
    qtbot.waitUntil(lambda: desktop.doorway is not None, timeout=20_000)
    with qtbot.waitSignal(desktop.decided, timeout=20_000):
        pass
    return desktop


def unlock(qtbot, desktop, pin=PIN):
    qtbot.mouseClick(desktop.settings.unlock_part.unlock, Qt.MouseButton.LeftButton)
    qtbot.keyClicks(desktop.settings.unlock_part.prompt.field, pin)
    qtbot.keyClick(desktop.settings.unlock_part.prompt.field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: not desktop.settings.locked, timeout=20_000)


def words(desktop):
    return " ".join(item.words for item in desktop.window.status.items)


def rules(desktop):
    """What the door judges by."""
    return desktop.doorway._guard._guard._policy


def judge_a_frame(qtbot, desktop):
    for _ in range(2):  # the first one may have been begun before
        with qtbot.waitSignal(desktop.doorway.observed, timeout=20_000):
            pass


def test_rules_that_change_while_the_networks_load_are_those_of_the_door_and_stay_so(qtbot, house, opened):
    desktop = opened(house)  # the window has read its settings
    assert house.loaded_networks is None
    with closing(house.open_desk(networks=False)) as desk:  # as another program does it
        desk.unlock(PIN)
        desk.set("access.tau", 0.7)
        desk.set("liveness.policy", "strict")
    qtbot.waitUntil(lambda: desktop._networks is not None, timeout=20_000)
    qtbot.waitUntil(lambda: desktop.doorway and desktop.doorway._guard.shadow is not None, timeout=20_000)
    judge_a_frame(qtbot, desktop)
    assert (rules(desktop).tau.value, rules(desktop).liveness) == (0.7, "strict")


def test_before_the_door_stands_nobody_is_called_up_to_it(qtbot, house, opened):
    desktop = opened(house)
    assert desktop.door.verdict.verdict.headline == "One moment, please"
    assert "Camera: not started" in words(desktop)
    qtbot.waitUntil(lambda: desktop.door.verdict.verdict.headline == "Ready", timeout=20_000)
    assert "not started" not in words(desktop)


def test_tau_is_in_force_with_apply_and_not_while_its_handle_moves(qtbot, house, running):
    page = running.tuning.page
    running.window.show_page("tuning")
    assert not page.plot.isVisible()  # distances are the admin's
    unlock(qtbot, running)
    assert not page.locked  # the rights are open on every page
    qtbot.waitUntil(page.plot_card.isVisible, timeout=20_000)
    stored = rules(running).tau
    told = []
    running.doorway.rules_changed.connect(lambda: told.append(1))
    qtbot.keyClick(page.plot, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    chosen = page.tau
    assert chosen < stored.value
    qtbot.waitUntil(page.apply.isEnabled, timeout=20_000)
    assert not told
    running.doorway.rules_changed.emit()  # had the moving handle stored anything, it would be in force with this
    judge_a_frame(qtbot, running)
    assert rules(running).tau == stored
    with qtbot.waitSignal(running.doorway.rules_changed, timeout=20_000):
        qtbot.mouseClick(page.apply, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: rules(running).tau != stored, timeout=20_000)
    assert rules(running).tau.value == house.settings()["access.tau"] == chosen
    assert len(told) == 2
    qtbot.waitUntil(lambda: not running.desk.busy and not page.apply.isEnabled(), timeout=20_000)


def test_with_nobody_enrolled_an_unsafe_tau_is_asked_a_reason_for_too(qtbot, house, running):
    page = running.tuning.page
    running.window.show_page("tuning")
    unlock(qtbot, running)
    qtbot.waitUntil(page.plot_card.isVisible, timeout=20_000)
    page.plot.go_to(2.2)
    qtbot.waitUntil(page.apply.isEnabled, timeout=20_000)
    qtbot.mouseClick(page.apply, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(page.reason.isVisible, timeout=20_000)
    assert "strangers' attempts" in page.reason.note._sentence.text()
    assert house.settings()["access.tau"] is None
    qtbot.keyClicks(page.reason.field, "a test of one hour")
    qtbot.keyClick(page.reason.field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: house.settings()["access.tau"] == 2.2, timeout=20_000)
    qtbot.waitUntil(lambda: not running.desk.busy and not page.reason.isVisible(), timeout=20_000)


def test_a_move_that_was_not_applied_is_gone_when_the_page_is_locked(qtbot, house, running):
    page = running.tuning.page
    running.window.show_page("tuning")
    unlock(qtbot, running)
    qtbot.waitUntil(page.plot_card.isVisible, timeout=20_000)
    stored = page.tau
    qtbot.keyClick(page.plot, Qt.Key.Key_Left)
    qtbot.mouseClick(page.unlock_part.lock, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: page.locked, timeout=20_000)
    assert running.settings.locked
    assert page.tau == stored
    assert "access.tau" not in house.settings().changed()


def test_the_admin_pin_is_changed_by_whoever_knows_it(qtbot, house, running):
    running.window.show_page("settings")
    unlock(qtbot, running)
    page = running.settings
    qtbot.mouseClick(page.change_pin, Qt.MouseButton.LeftButton)
    for field in (page.pin_form.first, page.pin_form.second):
        qtbot.keyClicks(field, "582047")
    qtbot.keyClick(page.pin_form.second, Qt.Key.Key_Return)
    qtbot.waitUntil(page.pin_result.isVisible, timeout=20_000)
    with closing(house.open_desk(networks=False)) as desk:
        desk.unlock("582047")


def test_a_camera_that_is_not_there_stands_in_the_strip(qtbot, house, opened):
    desktop = opened(house, lambda: house.open_source("/nowhere/film.mp4"))
    qtbot.waitUntil(lambda: "/nowhere/film.mp4" in words(desktop), timeout=20_000)
    assert desktop.door.verdict.verdict.headline == "Out of service"


def test_a_door_test_is_answered_though_the_door_cannot_be_set_up(qtbot, house, opened):
    with closing(house.open_desk(networks=False)) as desk:
        desk.unlock(PIN)
        desk.set("door.output", "serial")
        desk.set("door.serial_port", "/dev/no-such-relay")
    desktop = opened(house)
    with qtbot.waitSignal(desktop.verdict, timeout=20_000) as said:
        pass
    assert isinstance(said.args[0], OutOfService)
    desktop.window.show_page("settings")
    unlock(qtbot, desktop)
    desktop.settings.door_test.click()
    qtbot.waitUntil(lambda: "/dev/no-such-relay" in desktop.settings.door_result.text(), timeout=20_000)
    assert desktop.settings.door_test.isEnabled()


def test_without_networks_the_settings_that_cure_it_can_be_reached(qtbot, house, opened):
    with closing(house.open_desk(networks=False)) as desk:
        desk.unlock(PIN)
        desk.set("models.provider", "no-such-provider")
    desktop = opened(house)
    with qtbot.waitSignal(desktop.verdict, timeout=20_000) as said:
        pass
    assert isinstance(said.args[0], OutOfService)
    desktop.window.show_page("settings")
    unlock(qtbot, desktop)
    qtbot.waitUntil(lambda: "Networks: not loaded" in words(desktop), timeout=20_000)
    desktop.settings.setting_changed.emit("models.provider", "auto")
    qtbot.waitUntil(lambda: house.settings().text("models.provider") == "auto", timeout=20_000)
    qtbot.waitUntil(lambda: any("next start" in banner.sentence for banner in desktop.window.banners))


def test_closed_at_the_first_start(qtbot, tmp_path, opened):
    desktop = opened(House(tmp_path))
    qtbot.waitUntil(lambda: hasattr(desktop, "first_start"), timeout=20_000)
    desktop.window.close()


def test_closed_before_anything_was_loaded(house, opened):
    opened(house).window.close()


def test_closed_while_the_networks_load(qtbot, house, opened):
    desktop = opened(house)
    desktop.start_door()
    desktop.window.close()


def test_closed_while_a_pin_is_checked(qtbot, running):
    running.settings.unlock_requested.emit("000111")
    running.door.claim_entered.emit(1, "000111")
    running.window.close()


def test_closed_while_a_photo_is_examined(qtbot, running, astronaut, tmp_path):
    path = tmp_path / "portrait.png"
    cv2.imwrite(str(path), astronaut)
    running.window.show_page("people")
    running.people.add_requested.emit()
    running.enrol.photo_chosen.emit(path)
    running.window.close()


def test_a_kiosk_whose_settings_are_broken_can_still_be_left(qtbot, house):
    kiosk = Kiosk.out_of_service(house, "The settings file is damaged.")
    qtbot.addWidget(kiosk.window)
    kiosk.window.show()
    kiosk.start()
    try:
        assert kiosk.window.verdict.words.headline == "Out of service"
        qtbot.keyClick(kiosk.window, Qt.Key.Key_Escape)
        qtbot.keyClicks(kiosk.window.entry, PIN)
        qtbot.keyClick(kiosk.window.entry, Qt.Key.Key_Return)
        qtbot.waitUntil(kiosk.window.isHidden, timeout=20_000)
    finally:
        assert kiosk.stop()


def test_a_kiosk_whose_learned_comparison_is_missing_is_out_of_service_and_can_be_left(qtbot, house):
    house.settings_file.change("models.comparison", "gone")
    kiosk = Kiosk(house, empty_room)
    qtbot.addWidget(kiosk.window)
    kiosk.window.show()
    kiosk.start()
    try:
        qtbot.waitUntil(lambda: kiosk.window.verdict.words.headline == "Out of service", timeout=20_000)
        qtbot.keyClick(kiosk.window, Qt.Key.Key_Escape)
        qtbot.keyClicks(kiosk.window.entry, PIN)
        qtbot.keyClick(kiosk.window.entry, Qt.Key.Key_Return)
        qtbot.waitUntil(kiosk.window.isHidden, timeout=20_000)
    finally:
        assert kiosk.stop()


def test_a_kiosk_on_a_simulated_camera_without_an_output_says_both(qtbot, house):
    kiosk = Kiosk(house, empty_room)
    qtbot.addWidget(kiosk.window)
    kiosk.window.show()
    kiosk.start()
    try:
        qtbot.waitUntil(lambda: kiosk.window.idle.prompt.text() == "Step up to the camera", timeout=20_000)
        assert kiosk.window.sign.text() == "Simulation"
        assert kiosk._granted == "Access granted"
    finally:
        assert kiosk.stop()


def test_liveness_off_is_a_banner_on_every_page_at_once(qtbot, running):
    running.window.show_page("settings")
    unlock(qtbot, running)
    running.settings.fields["liveness.policy"].choices.button(2).click()
    qtbot.waitUntil(
        lambda: any("Liveness is switched off" in b.sentence for b in running.window.banners), timeout=20_000
    )
    running.window.show_page("people")
    assert any("Liveness is switched off" in b.sentence for b in running.window.banners)
