"""A liveness test in the real window: the door is shut while it lasts, and comes back however it ends."""

from contextlib import closing

import pytest
from PySide6.QtCore import Qt

from faceguard.app import selftest_link
from faceguard.app.desktop import Desktop
from faceguard.camera.rendering.scene import Scene
from faceguard.camera.synthetic_source import SyntheticSource
from faceguard.compose import House
from faceguard.domain.decision import Grant, OutOfService
from faceguard.domain.presentation import Response, Species
from faceguard.ui.selftest_words import IDLE, TESTED
from tests.props import face_photo, prop, webcam

PIN = "739184"
LONG = 20_000


@pytest.fixture
def house(tmp_path):
    house = House(tmp_path)
    with closing(house.open_desk(networks=False)) as desk:
        desk.set_admin_pin(PIN)
    return house


@pytest.fixture(scope="module")
def photo(shipped):
    return face_photo(shipped.detector)


@pytest.fixture
def opened(qtbot, house):
    """The window on a source; every decision that it shows is in ``desktop.said``."""
    windows = []

    def open_on(make_source):
        desktop = Desktop(house, make_source)
        desktop.said = []
        desktop.decided.connect(desktop.said.append)
        qtbot.addWidget(desktop.window)
        desktop.window.show()
        desktop.start()
        windows.append(desktop)
        qtbot.waitUntil(lambda: desktop.door.verdict.verdict.headline == "Ready", timeout=LONG)
        return desktop

    yield open_on
    for desktop in windows:
        assert desktop.stop()
        assert not any(isinstance(decision, Grant) for decision in desktop.said)


@pytest.fixture
def captures():
    return []


@pytest.fixture
def before_a_camera(opened, captures):
    """A webcam with an empty room before it; what is held up comes with ``captures[-1].source``."""

    def make():
        source, capture = webcam(Scene([], seed=1))
        captures.append(capture)
        return source

    return opened(make)


def unlock(qtbot, desktop):
    desktop.window.show_page("settings")
    qtbot.mouseClick(desktop.settings.unlock_part.unlock, Qt.MouseButton.LeftButton)
    qtbot.keyClicks(desktop.settings.unlock_part.prompt.field, PIN)
    qtbot.keyClick(desktop.settings.unlock_part.prompt.field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: not desktop.settings.locked, timeout=LONG)


def begin(qtbot, desktop):
    unlock(qtbot, desktop)
    qtbot.mouseClick(desktop.settings.liveness.measure, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: desktop.window.page == "selftest", timeout=LONG)
    qtbot.waitUntil(desktop.selftest.start.isEnabled, timeout=LONG)


def hold_up(captures, scene):
    captures[-1].source._scene = scene


def one_trial(qtbot, desktop):
    qtbot.keyClick(desktop.selftest, Qt.Key.Key_Return)
    assert desktop.selftest.running
    qtbot.waitUntil(lambda: not desktop.selftest.running, timeout=40_000)


def door_is_shut(desktop):
    return desktop.doorway is None and desktop.door.verdict.verdict.headline == "Out of service"


def door_is_back(desktop):
    return desktop.doorway is not None and desktop.door.verdict.verdict.headline == "Ready"


def words(desktop):
    return " ".join(item.words for item in desktop.window.status.items)


def note(desktop):
    return f"{desktop.settings.liveness.note._heading.text()} {desktop.settings.liveness.note._sentence.text()}"


def test_a_print_is_tried_undone_tried_again_and_quoted(qtbot, before_a_camera, captures, photo):
    desktop = before_a_camera
    page = desktop.selftest
    assert "not measured on this camera" in words(desktop)
    begin(qtbot, desktop)
    assert door_is_shut(desktop)
    assert desktop.door.verdict.sentence.text().startswith(TESTED)
    assert not page.note.isVisibleTo(page)
    hold_up(captures, prop(photo))
    qtbot.mouseClick(page.species.rows[Species.PRINT_GLOSSY].counter, Qt.MouseButton.LeftButton)
    one_trial(qtbot, desktop)
    row = page.species.rows[Species.PRINT_GLOSSY]
    assert page.panel.headline.text() == "Refused"
    assert row.counter.text() == "0 of 1 passed"
    qtbot.mouseClick(page.undo, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: row.counter.text() == "Not tried", timeout=LONG)
    one_trial(qtbot, desktop)
    qtbot.mouseClick(page.finish, Qt.MouseButton.LeftButton)
    assert desktop.window.page == "settings"
    hold_up(captures, Scene([], seed=1))
    qtbot.waitUntil(lambda: door_is_back(desktop), timeout=LONG)
    qtbot.waitUntil(lambda: "0 of 1 presentations of print glossy passed" in note(desktop), timeout=LONG)
    assert "Strict: not measured on this camera" in note(desktop)
    qtbot.waitUntil(lambda: "0 of 1 passed here (worst: print glossy)" in words(desktop), timeout=LONG)


def test_another_policy_is_not_measured_by_it(qtbot, before_a_camera, captures, photo):
    desktop = before_a_camera
    begin(qtbot, desktop)
    hold_up(captures, prop(photo))
    one_trial(qtbot, desktop)
    qtbot.mouseClick(desktop.selftest.finish, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "passed here" in words(desktop), timeout=LONG)
    desktop.settings.fields["liveness.policy"].choices.button(1).click()
    qtbot.waitUntil(lambda: "not measured on this camera" in words(desktop), timeout=LONG)


def test_another_camera_is_not_measured_by_it_even_before_it_shows_anything(qtbot, opened, captures, photo):
    wanted = [0]

    def make():
        source, capture = webcam(Scene([], seed=1), device=wanted[0])
        captures.append(capture)
        capture.unplugged = wanted[0] > 0
        return source

    desktop = opened(make)
    begin(qtbot, desktop)
    hold_up(captures, prop(photo))
    one_trial(qtbot, desktop)
    desktop.selftest.finish.click()
    hold_up(captures, Scene([], seed=1))
    qtbot.waitUntil(lambda: "passed here" in words(desktop), timeout=LONG)
    wanted[0] = 1
    desktop.start_door()
    qtbot.waitUntil(lambda: "not measured on this camera" in words(desktop), timeout=LONG)
    assert "Not measured on this camera" in note(desktop)
    wanted[0] = 0
    desktop.start_door()
    qtbot.waitUntil(lambda: "0 of 1 passed here" in words(desktop), timeout=LONG)


def test_a_simulation_is_labelled_and_nothing_of_it_is_stored(qtbot, house, opened, photo):
    desktop = opened(lambda: SyntheticSource(Scene([], seed=1), fps=15, seed=1))
    qtbot.waitUntil(lambda: "come from no camera" in note(desktop), timeout=LONG)
    begin(qtbot, desktop)
    page = desktop.selftest
    assert "Simulation" in page.note._sentence.text()
    desktop._selftest_link.way.source._scene = prop(photo)
    one_trial(qtbot, desktop)
    assert page.species.rows[Species.PRINT_MATTE].counter.text() == "0 of 1 passed"
    qtbot.mouseClick(page.undo, Qt.MouseButton.LeftButton)
    assert page.species.rows[Species.PRINT_MATTE].counter.text() == "Not tried"
    one_trial(qtbot, desktop)
    qtbot.mouseClick(page.back, Qt.MouseButton.LeftButton)
    with house.database() as database:
        assert database.connection.execute("SELECT count(*) FROM liveness_trials").fetchone() == (0,)
    assert "not measured on this camera" in words(desktop)


@pytest.mark.parametrize("page", ["door", "people", "settings"])
def test_leaving_the_page_brings_the_door_back(qtbot, before_a_camera, page):
    desktop = before_a_camera
    begin(qtbot, desktop)
    qtbot.keyClick(desktop.selftest, Qt.Key.Key_Return)
    desktop.window.show_page(page)
    assert desktop._selftest_link.way is None
    qtbot.waitUntil(lambda: door_is_back(desktop), timeout=LONG)
    assert desktop.window.page == page


def test_no_setting_starts_the_door_while_the_test_has_the_camera(qtbot, before_a_camera):
    desktop = before_a_camera
    begin(qtbot, desktop)
    desktop._on_setting_changed(desktop._settings, "camera.width")
    desktop.start_door()
    assert door_is_shut(desktop)
    assert desktop.selftest.start.isEnabled()


def test_what_the_door_said_last_does_not_stand_there_while_it_is_shut(qtbot, before_a_camera, grant):
    desktop = before_a_camera
    desktop.doorway.worker.decided.emit(grant)  # on its way when the test begins
    desktop.shut_door(TESTED)
    qtbot.wait(50)
    assert door_is_shut(desktop)


def test_the_admins_two_minutes_end_and_the_series_goes_on(qtbot, before_a_camera, captures, photo):
    desktop = before_a_camera
    begin(qtbot, desktop)
    desktop.desk.submit(lambda desk: desk.lock(), lambda _answer: None, lambda _fault: None)
    desktop._role.ended()
    assert desktop.settings.locked
    hold_up(captures, prop(photo))
    one_trial(qtbot, desktop)
    assert desktop.selftest.species.rows[Species.PRINT_MATTE].counter.text() == "0 of 1 passed"
    desktop.selftest.finish.click()
    qtbot.waitUntil(lambda: not desktop.desk.busy, timeout=LONG)
    assert not desktop.settings.liveness.measure.isEnabled()


def test_a_test_that_nobody_goes_on_with_ends_and_says_so(qtbot, before_a_camera, monkeypatch):
    monkeypatch.setattr(selftest_link, "IDLE_MS", 300)
    desktop = before_a_camera
    unlock(qtbot, desktop)
    qtbot.mouseClick(desktop.settings.liveness.measure, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: desktop.settings.notice._sentence.text() == IDLE, timeout=LONG)
    assert desktop.window.page == "settings"
    qtbot.waitUntil(lambda: door_is_back(desktop), timeout=LONG)


def test_a_camera_that_is_lost_counts_nothing_and_the_door_says_so_afterwards(qtbot, before_a_camera, captures):
    desktop = before_a_camera
    begin(qtbot, desktop)
    qtbot.keyClick(desktop.selftest, Qt.Key.Key_Return)
    captures[-1].unplugged = True
    qtbot.waitUntil(lambda: desktop.selftest.panel.headline.text() == "No picture", timeout=LONG)
    assert not desktop.selftest.running
    assert not desktop.selftest.undo.isEnabled()
    captures[-1].unplugged = False
    qtbot.waitUntil(desktop.selftest.start.isEnabled, timeout=LONG)
    desktop.selftest.finish.click()
    qtbot.waitUntil(lambda: door_is_back(desktop), timeout=LONG)


def test_a_trial_that_is_given_up_is_not_counted(qtbot, before_a_camera):
    desktop = before_a_camera
    begin(qtbot, desktop)
    qtbot.keyClick(desktop.selftest, Qt.Key.Key_Return)
    qtbot.keyClick(desktop.selftest, Qt.Key.Key_Escape)
    assert desktop.selftest.panel.headline.text() == "Not counted"
    assert not desktop.selftest.undo.isEnabled()
    assert desktop.window.page == "selftest"


def test_without_the_pin_nothing_is_tested_and_the_door_stays_open_to_staff(qtbot, before_a_camera):
    desktop = before_a_camera
    desktop.window.show_page("settings")
    assert not desktop.settings.liveness.measure.isEnabled()
    desktop.settings.liveness.test_requested.emit()
    qtbot.waitUntil(lambda: "enter the admin PIN first" in desktop.settings.notice._sentence.text(), timeout=LONG)
    assert desktop.window.page == "settings"
    assert desktop.doorway is not None


def test_with_liveness_off_there_is_nothing_to_test(qtbot, house, before_a_camera):
    desktop = before_a_camera
    unlock(qtbot, desktop)
    house.settings_file.change("liveness.policy", "off")
    qtbot.mouseClick(desktop.settings.liveness.measure, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "switched off" in desktop.settings.notice._sentence.text(), timeout=LONG)
    assert desktop.doorway is not None


def test_settings_that_are_damaged_as_it_begins_are_said_and_nothing_is_tested(qtbot, house, before_a_camera):
    desktop = before_a_camera
    unlock(qtbot, desktop)
    desktop._selftest_link.began.connect(lambda _why: house.settings_file.path.write_text("door = [broken"))
    qtbot.mouseClick(desktop.settings.liveness.measure, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "cannot be understood" in desktop.settings.notice._sentence.text(), timeout=LONG)
    assert desktop.window.page == "settings"
    assert not desktop._selftest_link.testing
    house.settings_file.path.unlink()
    desktop.start_door()
    qtbot.waitUntil(lambda: door_is_back(desktop), timeout=LONG)


def test_whoever_goes_elsewhere_while_it_begins_is_not_fetched_back(qtbot, before_a_camera):
    desktop = before_a_camera
    unlock(qtbot, desktop)
    desktop.settings.liveness.test_requested.emit()
    desktop.window.show_page("people")
    qtbot.waitUntil(lambda: not desktop.desk.busy, timeout=LONG)
    assert desktop.window.page == "people"
    assert desktop.doorway is not None


def test_closed_in_the_middle_of_a_trial(qtbot, before_a_camera):
    begin(qtbot, before_a_camera)
    qtbot.keyClick(before_a_camera.selftest, Qt.Key.Key_Return)
    before_a_camera.window.close()


def test_a_bug_in_the_window_shuts_test_and_door(qtbot, before_a_camera):
    desktop = before_a_camera
    begin(qtbot, desktop)
    desktop.shut_door("An internal error occurred; see the log, and start the program again.")
    assert door_is_shut(desktop)
    assert not desktop.selftest.start.isEnabled()
    assert isinstance(desktop.said[-1], OutOfService)
    qtbot.mouseClick(desktop.selftest.finish, Qt.MouseButton.LeftButton)
    assert desktop.window.page == "settings"
    assert door_is_shut(desktop)  # until a restart


def test_a_face_before_the_camera_gets_no_verdict_of_the_door(qtbot, house, before_a_camera, captures, photo):
    desktop = before_a_camera
    begin(qtbot, desktop)
    before = len(desktop.said)
    hold_up(captures, prop(photo))
    one_trial(qtbot, desktop)
    assert desktop.said[before:] == []
    with house.database() as database:
        decisions = [row[0] for row in database.connection.execute("SELECT decision FROM events")]
        responses = [row[0] for row in database.connection.execute("SELECT response FROM liveness_trials")]
    assert not {"grant", "deny", "ask"} & set(decisions)
    assert responses == [Response.REFUSED]
