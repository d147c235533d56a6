"""The kiosk: one door full screen, left with the admin PIN only."""

from __future__ import annotations

import logging
from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, Slot

from faceguard.access.roles import Role
from faceguard.app import status_words
from faceguard.app.doorway import Doorway
from faceguard.camera.photo_file import read_photo
from faceguard.camera.source import FrameSource
from faceguard.compose import House, chosen_encoder
from faceguard.config.settings import Settings
from faceguard.desk import Desk
from faceguard.domain.decision import OutOfService
from faceguard.domain.errors import FaceguardError
from faceguard.domain.face import Frame
from faceguard.ui.desk_worker import DeskWorker
from faceguard.ui.kiosk_window import KioskWindow
from faceguard.ui.messages import DOOR_OPEN, DOOR_SILENT, GRANTED_ONLY

log = logging.getLogger(__name__)


class Kiosk(QObject):
    """Window, camera, recognition and the check of the admin PIN.

    Args:
        house: settings, people, networks.
        make_source: the camera; None when the door is out of service from the start.
        fault: why it is.
    """

    def __init__(
        self,
        house: House,
        make_source: Callable[[], FrameSource] | None,
        *,
        fault: str = "",
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._house = house
        self._make_source = make_source
        self._fault = fault
        self.doorway: Doorway | None = None
        settings = self._settings = Settings() if fault else house.settings()
        self._granted = GRANTED_ONLY if settings.text("door.output") == "none" else DOOR_OPEN
        self.window = KioskWindow(
            self._newest,
            door_name="" if fault else settings.text("door.name"),
            phone=settings.text("door.phone"),
            show_names=settings.switch("privacy.show_names"),
            mirrored=settings.switch("window.mirror"),
            granted=self._granted,
            clock=house.clock,
        )
        self.window.exit_requested.connect(self._on_exit_requested)
        self.window.admin_pin_entered.connect(self._on_admin_pin)
        self.desk = DeskWorker(self._open_desk)

    @classmethod
    def out_of_service(cls, house: House, sentence: str) -> Kiosk:
        """A kiosk whose settings cannot be read: it says so, and stays shut."""
        log.error("the kiosk is out of service: %s", sentence)
        return cls(house, None, fault=sentence)

    def start(self) -> None:
        """Start the threads."""
        self.desk.start()
        try:
            if self._make_source is None:
                raise FaceguardError(self._fault)
            source = self._make_source()
            self.doorway = Doorway(self._house, source, self)
        except FaceguardError as error:
            log.exception("the kiosk is out of service")
            self.window.show_decision(OutOfService(error.sentence, self._house.clock()))
            return
        self.window.set_sign(status_words.kiosk_sign(self._settings, simulated=source.simulated))
        self.window.set_shadow(self._settings.switch("door.shadow"))
        queued = Qt.ConnectionType.QueuedConnection
        self.doorway.worker.shadowed.connect(self.window.set_shadow, queued)
        self.doorway.worker.decided.connect(self.window.show_decision, queued)
        self.doorway.worker.claim_answered.connect(self.window.show_claim_answer, queued)
        self.doorway.worker.recorded.connect(self._on_event, queued)
        self.doorway.worker.noticed.connect(self._on_notice, queued)
        self.window.pin_entered.connect(self.doorway.pin_entered)
        self.window.claim_entered.connect(self.doorway.claim_entered)
        self.window.cancelled.connect(self.doorway.cancelled)
        self.doorway.start()

    def shut_door(self, sentence: str) -> None:
        """Stop the door and say that it is out of service; the window stays, or anybody could reach the desktop."""
        doorway, self.doorway = self.doorway, None
        if doorway is not None:
            doorway.worker.decided.disconnect(self.window.show_decision)
            doorway.stop()
        self.window.show_decision(OutOfService(sentence, self._house.clock()))

    def stop(self) -> bool:
        """Stop the threads and close the window; False when a thread did not end in time."""
        ended = self.desk.stop()
        if self.doorway is not None:
            ended = self.doorway.stop() and ended
        self.window.leave()
        return ended

    def _open_desk(self) -> Desk:
        """For the admin PIN alone; also where the settings cannot be read, or nobody could ever leave the kiosk."""
        if not self._fault:
            return self._house.open_desk(networks=False, role=Role.KIOSK)
        card = chosen_encoder(Settings(), self._house.catalogue)
        return Desk(
            self._house.database(),
            self._house.settings_file,
            examiner=None,
            encoder_id=card.encoder_id,
            length=card.length,
            tau=lambda settings: None,
            tau_pair=lambda settings: None,
            search=lambda gallery, embedding: (),
            compare_with=lambda gallery, embedding, subject_id: None,
            read_photo=read_photo,
            role=Role.KIOSK,
            clock=self._house.clock,
        )

    @Slot(object)
    def _on_event(self, _event: object) -> None:
        self.window.set_granted(self._granted)

    @Slot(str)
    def _on_notice(self, sentence: str) -> None:
        """Comes between the event and its decision: the relay did not answer this grant."""
        log.warning("%s", sentence)
        self.window.set_granted(DOOR_SILENT)

    def _newest(self) -> Frame | None:
        return self.doorway.newest() if self.doorway is not None else None

    @Slot()
    def _on_exit_requested(self) -> None:
        self.window.ask_admin_pin()

    @Slot(str)
    def _on_admin_pin(self, pin: str) -> None:
        self.desk.submit(lambda desk: desk.unlock(pin), self._on_unlocked, self._on_refused)

    def _on_unlocked(self, _answer: None) -> None:
        self.window.leave()

    def _on_refused(self, error: FaceguardError) -> None:
        self.window.refuse_exit(error.sentence)
