"""Rail, pages, status strip, banners; all of it by keyboard."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit, QWidget

from faceguard.ui.main_window import Banner, MainWindow
from faceguard.ui.rail import RailButton
from faceguard.ui.status_strip import StatusItem
from faceguard.ui.theme import Scheme, apply_theme
from faceguard.ui.widgets.text import ElidedText

STATUS = [
    StatusItem("Camera: front door, 30 frames a second"),
    StatusItem("312 people"),
    StatusItem("Encoder: bundled, on CPU"),
    StatusItem("Liveness: challenge only, not measured on this camera", "ask"),
]


@pytest.fixture
def window(qtbot):
    made = MainWindow()
    qtbot.addWidget(made)
    made.door, made.people = QWidget(), QWidget()
    made.add_page("door", "door", "Door", made.door)
    made.add_page("people", "people", "People", made.people)
    made.show()
    qtbot.waitActive(made)
    return made


def test_first_page_is_open_and_marked(window):
    assert window.page == "door"
    assert window.door.isVisible()
    buttons = window.findChildren(RailButton)
    assert [button.isChecked() for button in buttons] == [True, False]


def test_click_opens_a_page_and_says_so_once(qtbot, window):
    opened = []
    window.page_changed.connect(opened.append)
    qtbot.mouseClick(window.findChildren(RailButton)[1], Qt.MouseButton.LeftButton)
    qtbot.mouseClick(window.findChildren(RailButton)[1], Qt.MouseButton.LeftButton)
    assert opened == ["people"]
    assert window.people.isVisible()


def test_pages_can_be_reached_by_shortcut(qtbot, window):
    qtbot.keyClick(window, Qt.Key.Key_2, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: window.page == "people")
    qtbot.keyClick(window, Qt.Key.Key_1, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: window.page == "door")


def test_tab_reaches_the_rail_and_the_arrows_walk_along_it(qtbot, window):
    door, people = window.findChildren(RailButton)
    assert door.focusPolicy() & Qt.FocusPolicy.TabFocus
    door.setFocus()
    qtbot.keyClick(door, Qt.Key.Key_Down)
    assert window.page == "people"
    assert people.hasFocus()


def test_unknown_page_is_a_mistake(window):
    with pytest.raises(KeyError):
        window.show_page("tuning")


def test_status_says_everything_in_words(window):
    window.show_status(STATUS)
    assert [label.whole for label in window.status.findChildren(ElidedText)] == [item.words for item in STATUS]
    assert "Liveness: challenge only" in window.status.accessibleName()


def test_changed_status_replaces_the_old_one(window, qapp):
    window.show_status(STATUS)
    window.show_status([StatusItem("Camera: lost", "deny")])
    qapp.sendPostedEvents(None, 52)
    assert [label.whole for label in window.status.findChildren(ElidedText)] == ["Camera: lost"]
    assert window.status.items == (StatusItem("Camera: lost", "deny"),)


def test_banners_stay_on_every_page_until_their_cause_is_gone(window, qapp):
    window.show_banners([Banner("Liveness is off.", "deny"), Banner("Simulated camera.")])
    window.show_page("people")
    assert [b.sentence for b in window.banners] == ["Liveness is off.", "Simulated camera."]
    window.grab()
    window.show_banners([])
    qapp.sendPostedEvents(None, 52)
    assert window.banners == ()


def test_cover_hides_everything_until_it_is_done(window):
    cover = QLineEdit()
    window.show_cover(cover)
    assert cover.isVisible()
    assert not window.door.isVisible()
    window.drop_cover()
    assert window.door.isVisible()


@pytest.mark.parametrize("size", [(1024, 700), (960, 540), (1920, 1080)])
def test_window_works_from_a_small_screen_up(window, size):
    window.show_status(STATUS)
    window.resize(*size)
    window.grab()
    assert (window.width(), window.height()) == size
    assert window.status.geometry().bottom() < size[1]


def test_closing_is_told(qtbot, window):
    with qtbot.waitSignal(window.closed):
        window.close()


def test_icons_follow_the_theme(window, qapp):
    def brightest():
        image = window.findChildren(RailButton)[1].icon().pixmap(18, 18).toImage()
        return max(
            image.pixelColor(x, y).lightness()
            for x in range(18)
            for y in range(18)
            if image.pixelColor(x, y).alpha() > 200
        )

    light = brightest()
    apply_theme(qapp, Scheme.DARK)
    assert brightest() > light


def test_role_is_said_in_words(window):
    window.rail.show_role("Admin", admin=True)
    window.grab()
    window.rail.show_role("")
