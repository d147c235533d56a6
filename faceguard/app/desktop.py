"""The desktop window: pages connected to the desk's thread and to the door's threads."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QApplication

from faceguard.app import status_words
from faceguard.app.doorway import Doorway
from faceguard.app.enrol_link import ENROL, PEOPLE, EnrolLink
from faceguard.app.event_words import row_of
from faceguard.app.events_link import EventsLink
from faceguard.app.networks_link import NetworksLink
from faceguard.app.people_link import PeopleLink
from faceguard.app.role_link import RoleLink
from faceguard.app.selftest_link import SelftestLink
from faceguard.app.settings_link import SettingsLink
from faceguard.app.tuning_link import TUNING, TuningLink
from faceguard.camera.photo_file import SUFFIXES
from faceguard.camera.source import FrameSource
from faceguard.compose import House, Networks
from faceguard.config.settings import TABLE, Settings
from faceguard.desk import Desk
from faceguard.domain.decision import Ask, Decision, Deny, Grant, Hint, OutOfService, Pending, WouldGrant
from faceguard.domain.errors import FaceguardError, ModelFault
from faceguard.domain.face import Frame
from faceguard.evaluation.door import Verdict
from faceguard.store.audit_log import AuditEvent
from faceguard.store.credentials import admin_pin_refusal, person_pin_refusal
from faceguard.ui.desk_worker import DeskWorker
from faceguard.ui.door_page import DoorPage
from faceguard.ui.enrol_page import EnrolPage
from faceguard.ui.first_start import FirstStartPage
from faceguard.ui.main_window import Banner, MainWindow
from faceguard.ui.people_page import PeoplePage
from faceguard.ui.settings_page import SettingsPage
from faceguard.ui.theme import Scheme, apply_theme

log = logging.getLogger(__name__)

STATUS_MS = 500
EVENTS_SHOWN = 60
POLICY_KEYS = ("access.tau", "access.margin", "access.cooldown", "liveness.", "door.shadow")
"""Settings that make another policy; the door reads it, and it counts from the next frame on."""
WINDOW_KEYS = ("window.", "privacy.", "door.name", "door.phone")
"""Settings that only the window shows. Any other one starts the door anew."""
RESTART_SECTION = "models."
NEXT_START = "The chosen network or provider is used from the next start of the program."
DOOR_TEST_MS = 3_000
"""A door that is set up answers a test within a frame."""


class Desktop(QObject):
    """Window and threads of the desk and of one door.

    Args:
        house: settings, people, networks.
        make_source: makes the camera, again after it was changed.

    Signals:
        decided(Decision): another decision is on the screen.
        verdict(Decision): it is a grant, ask, deny or fault.
        recorded(AuditEvent): written to the log; before ``verdict``.
    """

    decided = Signal(object)
    verdict = Signal(object)
    recorded = Signal(object)

    def __init__(self, house: House, make_source: Callable[[], FrameSource], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._house = house
        self._make_source = make_source
        self._settings: Settings = house.settings()
        self._networks: Networks | None = None
        self._people: int | None = None
        self._verdict: Verdict | None = None
        self._after_ms: float | None = None
        self._notice = ""
        self._fault = ""
        self._shadow = self._settings.switch("door.shadow")
        self._loaded_with = self._settings.section("models")
        self.doorway: Doorway | None = None
        self.desk = DeskWorker(self._open_desk)
        self.window = MainWindow()
        self.door = DoorPage(self._newest, mirrored=self._settings.switch("window.mirror"), clock=house.clock)
        self.people = PeoplePage(person_pin_refusal)
        self.enrol = EnrolPage(person_pin_refusal, SUFFIXES)
        self.settings = SettingsPage(TABLE, admin_pin_refusal)
        self._settings_link = SettingsLink(self.desk, self.settings, self)
        self._networks_link = NetworksLink(house, self.desk, self.settings.networks, self)
        self._events_link = EventsLink(house, self.desk, self.window, self)
        self._enrol_link = EnrolLink(self.desk, self.enrol, self.window, self._newest, self)
        self._people_link = PeopleLink(house, self.desk, self.people, self._newest, self)
        self._add_pages()
        self._role = RoleLink(self.desk, (self.settings, self.tuning.page), self)
        self._wire_pages()
        self._ticker = QTimer(self)
        self._ticker.setInterval(STATUS_MS)
        self._ticker.timeout.connect(self._show_status)
        self._show_settings()
        self._on_role_changed(False)
        self._settings_link.show(self._settings, None)
        self._show_status()
        self._door_test = QTimer(self)
        self._door_test.setSingleShot(True)
        self._door_test.setInterval(DOOR_TEST_MS)
        self._door_test.timeout.connect(self._on_door_test_unanswered)

    def _add_pages(self) -> None:
        self.window.add_page("door", "door", "Door", self.door)
        self.window.add_page(PEOPLE, "people", "People", self.people)
        self.window.add_hidden_page(ENROL, self.enrol, under=PEOPLE)
        self._events_link.add_pages()
        self.tuning = TuningLink(self._house, self.desk, self.window, self)
        self.window.add_page("settings", "settings", "Settings", self.settings)
        self._selftest_link = SelftestLink(self._house, self.desk, self.window, self.settings, self._make_source, self)
        self.selftest = self._selftest_link.page
        self.window.page_changed.connect(self._on_page_changed)

    def _wire_pages(self) -> None:
        self.people.add_requested.connect(self._enrol_link.open)
        self._enrol_link.changed.connect(self._people_link.reload)
        self._people_link.loaded.connect(self._on_people)
        self._settings_link.changed.connect(self._on_setting_changed)
        self._networks_link.changed.connect(self._on_setting_changed)
        self.tuning.changed.connect(self._on_setting_changed)
        self.tuning.judged.connect(self._on_judged)
        for link in (self._settings_link, self._networks_link, self.tuning):
            link.rights_ended.connect(self._role.ended)
        self._role.role_changed.connect(self._on_role_changed)
        self._settings_link.door_test_allowed.connect(self._test_door)
        self._settings_link.changed.connect(self._events_link.on_setting_changed)
        self._role.role_changed.connect(self._events_link.set_admin)
        self._role.role_changed.connect(self.tuning.set_admin)
        self.recorded.connect(self._events_link.on_recorded)
        self._selftest_link.began.connect(self.shut_door)
        self._selftest_link.ended.connect(self.start_door)
        self._selftest_link.measured_changed.connect(self._show_status)

    # life

    def _open_desk(self) -> Desk:
        """In the desk's thread. Without networks nobody is enrolled, but PINs, people and settings can be seen to."""
        try:
            return self._house.open_desk()
        except ModelFault as fault:
            log.error("the desk has no networks: %s (%s)", fault.sentence, fault.detail)
            return self._house.open_desk(networks=False)

    def start(self) -> None:
        """Start the desk; the door starts once an admin PIN is set."""
        self.desk.start()
        self._ticker.start()
        self.desk.submit(lambda desk: desk.has_admin_pin(), self._on_admin_known, self._on_start_refused)

    def stop(self) -> bool:
        """Stop every thread; False when one did not end in time (logged)."""
        self._ticker.stop()
        self._door_test.stop()
        self._role.stop()
        ended = self._networks_link.stop()
        ended = self._selftest_link.stop() and ended
        ended = self.desk.stop() and ended
        return self._stop_door() and ended

    def _on_admin_known(self, known: bool) -> None:
        if known:
            self._begin()
            return
        self.first_start = FirstStartPage(admin_pin_refusal, ("At least 6 digits or characters, not easily guessed.",))
        self.first_start.pin_chosen.connect(self._set_admin_pin)
        self.window.show_cover(self.first_start)

    def _on_start_refused(self, error: FaceguardError) -> None:
        """Database or network fault: the window stands, the door is shut and says why."""
        self._show_decision(OutOfService(error.sentence, self._house.clock()))
        self.people.show_refusal(error)

    @Slot(str)
    def _set_admin_pin(self, pin: str) -> None:
        self.desk.submit(lambda desk: desk.set_admin_pin(pin), self._on_admin_pin_set, self._on_admin_pin_refused)

    def _on_admin_pin_set(self, _answer: None) -> None:
        self.window.drop_cover()
        self._begin()

    def _on_admin_pin_refused(self, error: FaceguardError) -> None:
        self.first_start.show_refusal(error.sentence)

    def _begin(self) -> None:
        self._people_link.reload()
        self._reload_events()
        self.start_door()

    # the door

    def start_door(self) -> None:
        """Camera and recognition, anew when they run already; after a liveness test, while one has the camera."""
        if self._selftest_link.testing:
            return
        self._stop_door()
        self._notice = self._fault = ""
        self.door.show_decision(Pending(Hint.WAIT))
        try:
            doorway = self.doorway = Doorway(self._house, self._make_source(), self)
        except FaceguardError as error:
            log.error("the camera cannot be chosen: %s (%s)", error.sentence, error.detail)
            self._fault = error.sentence
            self._show_decision(OutOfService(error.sentence, self._house.clock()))
            return
        worker, queued = doorway.worker, Qt.ConnectionType.QueuedConnection
        worker.shadowed.connect(self._on_shadowed, queued)
        doorway.decided.connect(self._show_decision)
        doorway.observed.connect(self.door.show_observation)
        worker.claim_answered.connect(self.door.show_claim_answer, queued)
        worker.recorded.connect(self._on_event, queued)
        worker.noticed.connect(self._on_notice, queued)
        doorway.door_tested.connect(self._on_door_tested, queued)
        self.door.pin_entered.connect(doorway.pin_entered)
        self.door.claim_entered.connect(doorway.claim_entered)
        self.door.cancelled.connect(doorway.cancelled)
        doorway.start()

    def shut_door(self, sentence: str) -> None:
        """Stop the door, and a test in its place, and say why; the desk goes on."""
        self._selftest_link.stop()
        self._stop_door()
        self._show_decision(OutOfService(sentence, self._house.clock()))

    def _stop_door(self) -> bool:
        doorway, self.doorway = self.doorway, None
        if doorway is None:
            return True
        for signal, slot in (
            (self.door.pin_entered, doorway.pin_entered),
            (self.door.claim_entered, doorway.claim_entered),
            (self.door.cancelled, doorway.cancelled),
        ):
            signal.disconnect(slot)
        ended = doorway.stop()
        doorway.deleteLater()
        return ended

    def _newest(self) -> Frame | None:
        return self.doorway.newest() if self.doorway is not None else None

    @Slot(object)
    def _show_decision(self, decision: Decision) -> None:
        self.door.show_decision(decision, self._after_ms)
        self._after_ms = None
        if isinstance(decision, OutOfService):
            self._fault = decision.sentence
        elif self._fault:
            self._fault = ""
        self.decided.emit(decision)
        if isinstance(decision, Grant | WouldGrant | Ask | Deny | OutOfService):
            self.verdict.emit(decision)

    @Slot(bool)
    def _on_shadowed(self, shadow: bool) -> None:
        """The door itself says whether anything opens; another process may have switched it."""
        self._shadow = shadow
        self._show_settings()
        self._show_status()

    @Slot(object)
    def _on_event(self, event: AuditEvent) -> None:
        self._notice = ""
        self._after_ms = event.ms
        self.recorded.emit(event)
        self._reload_events()

    @Slot(str)
    def _on_notice(self, sentence: str) -> None:
        self._notice = sentence
        self._show_status()

    def _reload_events(self) -> None:
        def read(desk: Desk) -> tuple[tuple[AuditEvent, ...], dict[str, int]]:
            return desk.events(EVENTS_SHOWN), desk.counts_today()

        self.desk.submit(read, self._on_events, self._ignore)

    def _on_events(self, answer: tuple[tuple[AuditEvent, ...], dict[str, int]]) -> None:
        events, counts = answer
        today = datetime.now().astimezone().date()
        rows = [row for row in map(row_of, events) if row is not None and row.at.date() == today]
        self.door.show_events(rows, counts)

    # people

    @Slot(int)
    def _on_people(self, ready: int) -> None:
        self._people = ready
        self.tuning.look()
        self._show_status()

    # what is always visible

    @Slot()
    def _show_status(self) -> None:
        if self._networks is None and self._house.loaded_networks is not None:
            self._networks = self._house.loaded_networks
            self._settings_link.show(self._settings, self._networks)
        doorway = self._selftest_link.way or self.doorway
        runs = None if self.doorway is None else self.doorway.source
        self._selftest_link.look(runs, self._newest(), self._networks)
        items = []
        if doorway is not None:
            items.append(status_words.camera_item(doorway.source, doorway.camera))
        else:
            items.append(status_words.no_camera_item(self._fault))
        items.append(status_words.people_item(self._people))
        failed = self._networks is None and bool(self._fault) and doorway is not None
        items.append(status_words.encoder_item(self._networks, failed=failed))
        measured = self._selftest_link.measured(self._settings.text("liveness.policy"))
        items.append(status_words.liveness_item(self._settings, self._networks, measured))
        self.window.show_status(items)
        simulated = doorway is not None and doorway.source.simulated
        banners = status_words.banners(
            self._settings, self._networks, simulated=simulated, verdict=self._verdict, shadow=self._shadow
        )
        if self._settings.section("models") != self._loaded_with:
            banners.append(Banner(NEXT_START, "neutral"))
        if self._notice:
            banners.insert(0, Banner(self._notice, "deny"))
        self.window.show_banners(banners)

    # settings

    @Slot(object, str)
    def _on_setting_changed(self, settings: Settings, key: str) -> None:
        self._settings = settings
        if key == "door.shadow":
            self._shadow = settings.switch(key)
        if key.startswith(POLICY_KEYS):
            if self.doorway is not None:
                self.doorway.rules_changed.emit()
        elif not key.startswith((RESTART_SECTION, *WINDOW_KEYS)):
            self.start_door()
        self._settings_link.show(settings, self._networks)
        self._show_settings()
        self._show_status()

    @Slot(object)
    def _on_judged(self, verdict: Verdict) -> None:
        self._verdict = verdict
        self._show_status()

    @Slot(bool)
    def _on_role_changed(self, admin: bool) -> None:
        self.door.set_admin(admin)
        self.window.rail.show_role("Admin" if admin else "Operator", admin=admin)

    @Slot()
    def _test_door(self) -> None:
        if self.doorway is not None:
            self.doorway.test_door()
            self._door_test.start()
        else:
            self._on_door_test_unanswered()

    @Slot(bool, str)
    def _on_door_tested(self, good: bool, sentence: str) -> None:
        self._door_test.stop()
        if good:
            self._notice = ""
        self.settings.show_door_result(good, sentence)

    @Slot()
    def _on_door_test_unanswered(self) -> None:
        """The door is not set up, so nobody could try its output."""
        self.settings.show_door_result(False, self._fault or "The door did not answer.")

    def _show_settings(self) -> None:
        settings = self._settings
        self.door.set_door(settings.text("door.name"), status_words.door_subtitle(settings, shadow=self._shadow))
        self.door.preview.set_mirrored(settings.switch("window.mirror"))
        self.door.verdict.set_show_names(settings.switch("privacy.show_names"))
        app = QApplication.instance()
        if isinstance(app, QApplication):
            apply_theme(app, Scheme(settings.text("window.theme")))

    @Slot(str)
    def _on_page_changed(self, page: str) -> None:
        if page == PEOPLE:
            self._people_link.reload()
            self._people_link.look_for_drift()
        elif page == "settings":
            self._networks_link.refresh()
        elif page == TUNING:
            self.tuning.refresh()

    def _ignore(self, error: FaceguardError) -> None:
        log.error("%s (%s)", error.sentence, error.detail)
