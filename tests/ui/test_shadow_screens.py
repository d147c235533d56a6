"""What everybody reads while nothing opens: door page, kiosk, banner and summary."""

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication, QLabel

from faceguard.app import status_words
from faceguard.app.desktop import Desktop
from faceguard.app.event_words import line_of, row_of
from faceguard.app.kiosk import Kiosk
from faceguard.compose import House
from faceguard.config.settings import Settings
from faceguard.config.settings_file import SettingsFile
from faceguard.domain.decision import Hint, Pending, WouldGrant
from faceguard.domain.template import ConsentMeans, Embedding, TemplateSource
from faceguard.shadow_summary import summary
from faceguard.store.audit_log import AuditEvent, AuditLog
from faceguard.store.event_labels import EventLabel, LabelKind
from faceguard.store.event_pages import LoggedEvent
from faceguard.store.gallery_store import GalleryStore
from faceguard.ui.event_list import count_words
from faceguard.ui.kiosk_window import KioskWindow
from faceguard.ui.main_window import Banner, MainWindow
from faceguard.ui.number_strip import numbers_of
from faceguard.ui.shadow_page import ShadowPage
from faceguard.ui.tokens import KIOSK_GRANT, KIOSK_SHADOW
from faceguard.ui.verdict_panel import verdict_of
from tests.ui.test_desktop import PIN, empty_room, unlock

ENCODER = "small@0123456789ab/arc112-bgr"
NOW = datetime.now(UTC)
EVENT = AuditEvent(
    NOW,
    "grant",
    subject_id=1,
    gates=("match", "quality", "not static"),
    nearest_id=1,
    distance=0.7,
    runner_up=1.5,
    encoder_id=ENCODER,
    tau=1.1,
    gallery_size=3,
    frames=5,
    ms=1200,
    shadow=True,
    event_id=1,
    subject_name="Ada",
)


def words(widget):
    QApplication.processEvents()  # what was added to a page is shown with its next layout
    return " | ".join(label.text() for label in widget.findChildren(QLabel) if label.isVisible())


# the door page


def test_a_would_be_grant_is_no_welcome(grant):
    verdict = verdict_of(WouldGrant(grant))
    assert verdict.tone == "neutral"
    assert verdict.headline == "Would open for Eileen Collins"
    assert verdict.sentence == "Shadow mode: nothing opens"
    assert verdict_of(WouldGrant(grant), show_names=False).headline == "Would open"


def test_the_admin_sees_its_numbers_as_those_of_a_grant(grant):
    assert numbers_of(WouldGrant(grant), 900) == numbers_of(grant, 900)


def test_the_list_says_would_open_and_counts_it_apart():
    row = row_of(EVENT)
    assert (row.outcome, row.meaning) == ("Would open", "neutral")
    assert row_of(replace(EVENT, shadow=False)).outcome == "Granted"
    assert count_words((), {"grant": 2, "would grant": 3, "deny": 1}) == "2 granted, 3 would open, 1 denied"


def test_the_event_says_that_nothing_opened_and_the_label_who_it_was():
    line = line_of(LoggedEvent(EVENT, "Ada", EventLabel(1, LabelKind.STRANGER, None, NOW)))
    assert ("Shadow mode", "Nothing opened") in line.details
    assert (line.label, line.false_accept) == ("A stranger", True)
    assert ("Distance d", "0.700") in line.numbers
    assert "0.700" not in str(line.details)
    other = line_of(LoggedEvent(EVENT, "Ada", EventLabel(1, LabelKind.STAFF, 2, NOW), "Bo"))
    assert (other.label, other.false_accept) == ("Bo", True)


# the kiosk


@pytest.fixture
def kiosk(qtbot, frame):
    window = KioskWindow(lambda: frame, door_name="Main entrance")
    qtbot.addWidget(window)
    window.resize(960, 540)
    window.show()
    yield window
    window.leave()


@pytest.mark.parametrize("name", ["idle", "approach", "checking", "grant", "ask", "deny", "out"])
@pytest.mark.parametrize("size", [(1920, 1080), (1080, 1920), (800, 480)])
def test_every_page_of_the_kiosk_carries_the_bar(kiosk, decisions, name, size):
    kiosk.resize(*size)
    kiosk.set_shadow(True)
    decision = decisions[name]
    kiosk.show_decision(WouldGrant(decision) if name == "grant" else decision)
    assert kiosk.banner.isVisible()
    assert kiosk.banner.text() == "Shadow mode: nothing opens"
    assert kiosk.banner.width() == kiosk.width()
    assert kiosk.banner.height() >= kiosk.banner.sizeHint().height()
    assert kiosk._pages.geometry().top() == kiosk.banner.height()
    assert kiosk._pages.geometry().bottom() == kiosk.height() - 1
    kiosk.set_shadow(False)
    assert not kiosk.banner.isVisible()
    assert kiosk._pages.geometry() == kiosk.rect()


def test_the_kiosk_says_would_open_on_another_colour_than_green(kiosk, grant):
    kiosk.set_shadow(True)
    kiosk.show_decision(WouldGrant(grant))
    shown = kiosk.verdict.words
    assert (shown.surface, shown.icon, shown.headline) == (KIOSK_SHADOW, "eye", "Would open for Eileen")
    assert "nothing opens" in shown.sentence
    assert "Welcome" not in words(kiosk)
    surface = kiosk.grab().toImage().pixelColor(20, kiosk.height() // 2)
    assert surface == QColor(KIOSK_SHADOW) != QColor(KIOSK_GRANT)


def test_it_ends_as_a_welcome_does(qtbot, kiosk, grant):
    kiosk.welcome_timer.setInterval(10)
    kiosk.show_decision(WouldGrant(grant))
    qtbot.waitUntil(lambda: kiosk.decision == Pending(Hint.STEP_UP))


# the banner


def test_the_banner_leads_to_the_summary(qtbot):
    window = MainWindow()
    qtbot.addWidget(window)
    window.add_page("door", "door", "Door", QLabel())
    window.add_page("events", "list", "Events", QLabel())
    window.add_hidden_page("shadow", QLabel(), under="events")
    window.show()
    (banner,) = status_words.banners(Settings(), None, simulated=False, shadow=True)
    window.show_banners([banner, Banner("Something else.")])
    bar = window._banner_column.itemAt(0).widget()
    qtbot.mouseClick(bar.button, Qt.MouseButton.LeftButton)
    assert window.page == "shadow"
    assert status_words.banners(Settings(), None, simulated=False) == []


# the summary


@pytest.fixture
def page(qtbot):
    page = ShadowPage()
    qtbot.addWidget(page)
    page.resize(1104, 900)
    page.show()
    qtbot.waitExposed(page)
    return page


def found(*events, labels=None):
    said = [replace(e, event_id=n, time=NOW - timedelta(minutes=99 - n * 30)) for n, e in enumerate(events, start=1)]
    return summary(said, labels or {}, {1: "Ada", 2: "Bo"}, ENCODER, labelling=True)


def test_the_summary_says_what_would_have_been_and_what_is_missing(page):
    deny = replace(EVENT, decision="deny", reason="not recognised", subject_id=None, distance=1.3, gates=())
    page.show_summary(found(EVENT, deny, EVENT), 7, on=True)
    said = words(page)
    assert "67 %" in said
    assert "2 of 3; between 9 and 99 %" in said
    assert "Not recognised" in said
    assert "1 of 2 enrolled people were recognised at least once." in said
    assert "Never recognised, or never there: Bo (2)." in said
    assert "0 of 30 genuine scores" in said
    assert "3 attempts" in page.header.subtitle.whole
    assert "on: nothing opens" in page.header.subtitle.whole


def test_distances_are_for_admins(page):
    deny = replace(EVENT, decision="deny", reason="not recognised", subject_id=None, distance=1.3, gates=())
    page.show_summary(found(deny), 7, on=True)
    assert not page.distances.isVisible()
    page.set_admin(True)
    assert page.distances.isVisible()
    page.grab()
    page.set_admin(False)
    assert not page.distances.isVisible()


def test_a_false_accept_is_said_first_and_leads_to_tau(qtbot, page):
    page.show_summary(found(EVENT, labels={1: EventLabel(1, LabelKind.STRANGER, None, NOW)}), 7, on=True)
    assert "1 grant was a false accept" in words(page)
    with qtbot.waitSignal(page.tuning_requested, timeout=2000):
        qtbot.mouseClick(page.tuning, Qt.MouseButton.LeftButton)
    page.show_summary(found(EVENT), 7, on=True)
    assert "false accept" not in words(page)


def test_without_a_shadow_it_says_how_to_begin(qtbot, page):
    page.show_summary(found(), 7, on=False)
    assert "Nothing was decided in shadow mode" in words(page)
    assert "off: grants open the door" in page.header.subtitle.whole


# all of it behind the real window


@pytest.fixture
def house(tmp_path):
    house = House(tmp_path)
    card = house.encoder_card()
    with closing(house.open_desk(networks=False)) as desk:
        desk.set_admin_pin(PIN)
        desk.set("privacy.label_events", True)
    with house.database() as database:
        store, log = GalleryStore(database), AuditLog(database)
        for seed, name in enumerate(("Ada Lovelace", "Bo Diddley")):
            vector = Embedding.normalised(np.random.default_rng(seed).standard_normal(card.length), card.encoder_id)
            store.add_subject_with_template(name, ConsentMeans.PAPER, NOW, vector, TemplateSource.PHOTO)
        mine = replace(EVENT, encoder_id=str(card.encoder_id))
        log.record(replace(mine, decision="deny", reason="not recognised", subject_id=None, distance=1.3, gates=()))
        log.record(mine)
    return house


@pytest.fixture
def desktop(qtbot, house):
    desktop = Desktop(house, empty_room)
    qtbot.addWidget(desktop.window)
    desktop.window.show()
    desktop.start()
    qtbot.waitUntil(lambda: desktop.doorway is not None, timeout=20_000)
    with qtbot.waitSignal(desktop.decided, timeout=20_000):
        pass
    yield desktop
    assert desktop.stop()


def shadow_banner(desktop):
    return any(banner.page == "shadow" for banner in desktop.window.banners)


def open_events(qtbot, desktop):
    button = desktop.window.rail._buttons["events"]
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    page = desktop._events_link.page
    qtbot.waitUntil(lambda: page.model.rowCount() == 2, timeout=20_000)
    qtbot.waitUntil(lambda: not desktop.desk.busy, timeout=20_000)
    return page


@pytest.mark.qt_log_ignore("This plugin does not support (raise|grabbing)")  # of the offscreen platform's popups
def test_an_event_is_labelled_by_clicks_and_the_page_says_what_it_means(qtbot, house, desktop):
    page = open_events(qtbot, desktop)
    page.table.selectRow(0)
    qtbot.mouseClick(page.panel.stranger, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(page.alarm.isVisible, timeout=20_000)
    assert page.model.lines[0].label == "A stranger"
    qtbot.mouseClick(page.panel.take_back, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not page.alarm.isVisible(), timeout=20_000)
    page.table.selectRow(1)
    qtbot.mouseClick(page.panel.staff, Qt.MouseButton.LeftButton)
    qtbot.keyClicks(page.panel.picker.field, "Bo Diddley")
    qtbot.keyClick(page.panel.picker.field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.model.lines[1].label == "Bo Diddley", timeout=20_000)
    with closing(house.open_desk(networks=False)) as desk:
        assert [e.decision for e in desk.events(3)] == ["label", "label taken back", "label"]


def test_search_and_filter_are_asked_of_the_log(qtbot, desktop):
    page = open_events(qtbot, desktop)
    qtbot.keyClicks(page.field, "lovelace")
    qtbot.waitUntil(lambda: [line.who for line in page.model.lines] == ["Ada Lovelace"], timeout=20_000)
    qtbot.mouseClick(page.chip("deny"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: page.model.rowCount() == 0, timeout=20_000)
    page._on_clear()
    qtbot.waitUntil(lambda: page.model.rowCount() == 2, timeout=20_000)


def test_a_new_event_appears_while_one_looks(qtbot, house, desktop):
    page = open_events(qtbot, desktop)
    with house.database() as database:
        AuditLog(database).record(replace(EVENT, decision="deny", subject_id=None, event_id=None))
    desktop.recorded.emit(EVENT)
    qtbot.waitUntil(lambda: page.model.rowCount() == 3, timeout=20_000)
    assert page.chip("all").text().endswith("3")


def test_settings_that_cannot_be_read_for_a_moment_are_said_and_shut_no_door_for_good(qtbot, house, desktop):
    open_events(qtbot, desktop).summary_requested.emit()
    shadow = desktop._events_link.shadow
    qtbot.waitUntil(lambda: "2 attempts" in shadow.header.subtitle.whole, timeout=20_000)
    whole = house.settings_file.path.read_text()
    house.settings_file.path.write_text("door = [broken")  # an exception in the window would fail this test
    with qtbot.waitSignal(desktop.recorded, timeout=20_000):  # the door's own fault
        pass
    qtbot.waitUntil(lambda: not desktop.desk.busy, timeout=20_000)
    assert "cannot be understood" in words(shadow)
    house.settings_file.path.write_text(whole)
    with qtbot.waitSignal(desktop.decided, timeout=20_000, check_params_cb=lambda said: isinstance(said, Pending)):
        pass
    desktop._events_link.on_recorded(None)
    qtbot.waitUntil(lambda: "2 attempts" in shadow.header.subtitle.whole, timeout=20_000)


def test_the_admin_switches_it_and_every_page_says_so_at_once(qtbot, house, desktop):
    desktop.window.show_page("settings")
    unlock(qtbot, desktop)
    desktop.settings.fields["door.shadow"].editor.click()
    qtbot.waitUntil(lambda: shadow_banner(desktop), timeout=20_000)
    qtbot.waitUntil(lambda: desktop.doorway._guard.shadow is True, timeout=20_000)
    assert "Opens nothing" in desktop.door.header.subtitle.whole
    desktop.settings.fields["door.shadow"].editor.click()
    qtbot.waitUntil(lambda: desktop.doorway._guard.shadow is False, timeout=20_000)
    qtbot.waitUntil(lambda: not shadow_banner(desktop), timeout=20_000)


def test_another_process_switches_it_and_the_window_follows_the_door(qtbot, house, desktop):
    file = SettingsFile(house.settings_file.path)
    file.change("door.shadow", True)
    qtbot.waitUntil(lambda: shadow_banner(desktop), timeout=20_000)
    assert "Opens nothing" in desktop.door.header.subtitle.whole
    file.change("door.shadow", False)
    qtbot.waitUntil(lambda: not shadow_banner(desktop), timeout=20_000)


def test_the_output_is_not_tested_in_shadow_mode(qtbot, house, desktop):
    SettingsFile(house.settings_file.path).change("door.shadow", True)
    desktop.doorway.test_door()
    qtbot.waitUntil(lambda: "Shadow mode is on" in desktop.settings.door_result.text(), timeout=20_000)


def test_the_summary_opens_from_the_events_page_and_leads_back(qtbot, desktop):
    page = open_events(qtbot, desktop)
    qtbot.mouseClick(page.summary, Qt.MouseButton.LeftButton)
    shadow = desktop._events_link.shadow
    qtbot.waitUntil(lambda: "2 attempts" in shadow.header.subtitle.whole, timeout=20_000)
    assert desktop.window.page == "shadow"
    qtbot.mouseClick(shadow.back, Qt.MouseButton.LeftButton)
    assert desktop.window.page == "events"


def test_look_at_tau_opens_the_page_where_it_is_set(qtbot, desktop):
    page = open_events(qtbot, desktop)
    page.tuning_requested.emit()
    assert desktop.window.page in ("tuning", "settings")


def test_the_kiosk_follows_the_door_too(qtbot, house):
    file = SettingsFile(house.settings_file.path)
    file.change("door.shadow", True)
    kiosk = Kiosk(house, empty_room)
    qtbot.addWidget(kiosk.window)
    kiosk.window.show()
    kiosk.start()
    try:
        assert kiosk.window.banner.isVisible()  # before the door has said anything
        qtbot.waitUntil(lambda: kiosk.window.idle.prompt.text() == "Step up to the camera", timeout=20_000)
        file.change("door.shadow", False)
        qtbot.waitUntil(lambda: not kiosk.window.banner.isVisible(), timeout=20_000)
        file.change("door.shadow", True)
        qtbot.waitUntil(kiosk.window.banner.isVisible, timeout=20_000)
    finally:
        assert kiosk.stop()
