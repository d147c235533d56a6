"""The operator's and the visitor's story at the desktop window and at the kiosk, by clicks and keys alone."""

import threading

import cv2
import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest

from faceguard.app.desktop import Desktop
from faceguard.app.kiosk import Kiosk
from faceguard.camera.bundled_photos import bundled_photo
from faceguard.camera.rendering.head import HeadActor
from faceguard.camera.rendering.portrait import FacePhoto
from faceguard.camera.rendering.scene import Keyframe, Placed, Scene
from faceguard.camera.synthetic_source import SyntheticSource
from faceguard.compose import open_house
from faceguard.domain.decision import Ask, Deny, DenyReason, Grant, Hint, Pending
from faceguard.domain.face import Frame
from faceguard.domain.template import ConsentMeans
from faceguard.ui.enrol_page import Step
from faceguard.ui.keypad import CONFIRM
from tests.e2e.simulated_door import NEAR

ADMIN_PIN, STAFF_PIN, WRONG_PIN = "739184", "402957", "111999"
NAME = "Eileen Collins"
PATIENCE_MS = 60_000
LEFT = Qt.MouseButton.LeftButton

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(autouse=True)
def _style_of_before(qapp):
    before = qapp.styleSheet(), qapp.palette()  # the font is set once, by the first window
    yield
    qapp.setStyleSheet(before[0])
    qapp.setPalette(before[1])


@pytest.fixture(autouse=True)
def _no_thread_stays():
    before = set(threading.enumerate())
    yield
    # Qt's threads leave an entry without a thread behind; that they ended is what stop() answers
    left = [t for t in threading.enumerate() if t not in before and not isinstance(t, threading._DummyThread)]
    assert left == []


@pytest.fixture
def house(tmp_path):
    return open_house(tmp_path / "data")


@pytest.fixture
def portrait(tmp_path):
    path = tmp_path / "astronaut.png"
    cv2.imwrite(str(path), bundled_photo("astronaut").pixels)
    return path


@pytest.fixture
def furnished(house):
    """An admin PIN is set and the astronaut is enrolled, with a PIN of her own."""
    desk = house.open_desk()
    desk.set_admin_pin(ADMIN_PIN)
    draft = desk.examine_frame(Frame(bundled_photo("astronaut").pixels, 0, 0))
    subject = desk.enrol(draft, NAME, ConsentMeans.SPOKEN)
    desk.set_pin(subject.subject_id, STAFF_PIN)
    desk.close()
    return draft.face


@pytest.fixture
def desktop(qtbot, house):
    """Makes the window with a camera, shows and starts it; afterwards every thread has ended."""
    made = []

    def opened(source):
        desktop = Desktop(house, lambda: source)
        qtbot.addWidget(desktop.window)
        made.append(desktop)
        desktop.window.resize(1280, 800)
        desktop.window.show()
        desktop.start()
        return desktop

    yield opened
    for desktop in made:
        assert desktop.stop()
        desktop.window.close()
        desktop.deleteLater()


def empty_room():
    return SyntheticSource(Scene([]), fps=10, title="an empty room")


def until(qtbot, condition):
    qtbot.waitUntil(condition, timeout=PATIENCE_MS)


def click(widget):
    QTest.mouseClick(widget, LEFT)


def open_page(window, key):
    window.show_page(key)


def drop(target, path):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    event = QDropEvent(QPointF(20, 20), Qt.DropAction.CopyAction, data, LEFT, Qt.KeyboardModifier.NoModifier)
    target.dropEvent(event)


def test_the_first_start_asks_for_an_admin_pin_and_takes_no_easy_one(qtbot, house, desktop):
    started = desktop(empty_room())
    until(qtbot, lambda: hasattr(started, "first_start") and started.first_start.isVisible())
    form = started.first_start.form
    for pin in ("123456", ADMIN_PIN):
        form.first.clear()
        form.second.clear()
        QTest.keyClicks(form.first, pin)
        QTest.keyClicks(form.second, pin)
        click(form.accept)
        assert form.refusal.isVisible() is (pin != ADMIN_PIN)
    until(qtbot, lambda: started.doorway is not None)
    with_desk = house.open_desk(networks=False)
    assert with_desk.has_admin_pin()
    with_desk.unlock(ADMIN_PIN)
    with_desk.close()


def test_a_person_is_added_from_a_dropped_photo_and_removed_again(qtbot, house, desktop, portrait):
    desk = house.open_desk(networks=False)
    desk.set_admin_pin(ADMIN_PIN)
    desk.close()
    started = desktop(empty_room())
    until(qtbot, lambda: started.doorway is not None)
    open_page(started.window, "people")
    click(started.people.add)
    assert started.window.page == "enrol"
    drop(started.enrol.drop, portrait)
    until(qtbot, lambda: started.enrol.step is Step.CHECK)
    check = started.enrol.check
    assert not check.enrol.isEnabled()
    QTest.keyClicks(check.name, NAME)
    assert not check.enrol.isEnabled()
    check._consent.button(0).click()
    assert check.enrol.isEnabled()
    click(check.enrol)
    until(qtbot, lambda: started.enrol.step is Step.DONE)
    click(started.enrol.to_people)
    until(qtbot, lambda: people(house) == [NAME] and started.people.select(1))
    click(started.people.panel.remove)
    assert people(house) == [NAME]
    click(started.people.panel.really_remove)
    until(qtbot, lambda: people(house) == [])
    until(qtbot, lambda: not started.people.select(1))


def people(house):
    desk = house.open_desk(networks=False)
    found = [person.subject.name for person in desk.people()]
    desk.close()
    return found


def test_a_person_turns_as_asked_types_the_pin_and_is_granted(qtbot, furnished, desktop):
    photo = FacePhoto(bundled_photo("astronaut").pixels, furnished.landmarks, furnished.box)
    source = SyntheticSource(Scene([Placed(HeadActor(photo, seed=11), (Keyframe(eyes=NEAR),))], seed=1), seed=1)
    started = desktop(source)
    seen = []

    def obey(decision):
        seen.append(decision)
        if isinstance(decision, Pending):
            turn = {Hint.TURN_LEFT: "left", Hint.TURN_RIGHT: "right", Hint.LOOK_STRAIGHT: "straight"}
            if decision.hint in turn:
                source.turn(turn[decision.hint])

    started.decided.connect(obey)
    until(qtbot, lambda: any(isinstance(d, Ask | Deny) for d in seen))
    assert isinstance(seen[-1], Ask), seen[-1]
    keypad = started.door.entry.keypad
    until(qtbot, keypad.isVisible)
    for face in (*STAFF_PIN, CONFIRM):
        click(keypad.keys[face])
    until(qtbot, lambda: isinstance(seen[-1], Grant | Deny))
    assert isinstance(seen[-1], Grant), seen[-1]
    assert seen[-1].subject.name == NAME


def test_a_wrong_pin_at_the_door_is_refused(qtbot, furnished, house, desktop):
    started = desktop(empty_room())
    until(qtbot, lambda: started.doorway is not None and started.doorway.newest() is not None)
    seen = []
    started.decided.connect(seen.append)
    click(started.door.use_pin)
    keypad = started.door.entry.keypad
    for face in ("1", CONFIRM, *WRONG_PIN, CONFIRM):
        click(keypad.keys[face])
    until(qtbot, lambda: any(isinstance(d, Deny) and d.reason is DenyReason.WRONG_PIN for d in seen))


def test_the_admin_unlocks_the_settings_and_a_change_is_stored(qtbot, furnished, house, desktop):
    started = desktop(empty_room())
    until(qtbot, lambda: started.doorway is not None)
    open_page(started.window, "settings")
    page = started.settings
    click(page.unlock_part.unlock)
    QTest.keyClicks(page.unlock_part.prompt.field, WRONG_PIN)
    click(page.unlock_part.prompt.accept)
    until(qtbot, page.unlock_part.prompt.refusal.isVisible)
    page.unlock_part.prompt.field.clear()
    QTest.keyClicks(page.unlock_part.prompt.field, ADMIN_PIN)
    click(page.unlock_part.prompt.accept)
    until(qtbot, page.unlock_part.lock.isVisible)
    assert house.settings().switch("liveness.pin_after_face")
    page.fields["liveness.pin_after_face"].editor.click()
    until(qtbot, lambda: not house.settings().switch("liveness.pin_after_face"))


def test_the_kiosk_is_left_with_the_admin_pin_only(qtbot, furnished, house):
    kiosk = Kiosk(house, empty_room)
    qtbot.addWidget(kiosk.window)
    kiosk.window.resize(1280, 800)
    kiosk.window.show()
    kiosk.start()
    keypad = kiosk.window.entry.keypad
    kiosk.window.close()
    assert kiosk.window.isVisible()
    for pin in (WRONG_PIN, ADMIN_PIN):
        QTest.keyClick(kiosk.window, Qt.Key.Key_Escape)
        until(qtbot, keypad.isVisible)
        for face in (*pin, CONFIRM):
            click(keypad.keys[face])
        if pin == WRONG_PIN:
            until(qtbot, lambda: "Wrong PIN" in kiosk.window.entry.sentence.text())
            assert kiosk.window.isVisible()
    until(qtbot, lambda: not kiosk.window.isVisible())
    assert kiosk.stop()
    kiosk.deleteLater()
