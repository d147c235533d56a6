"""The kiosk: one door full screen, left with the admin PIN only."""

from __future__ import annotations

import logging
from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, Slot

from faceguard.access.roles import Role
from faceguard.app.doorway import Doorway
from faceguard.camera.source import FrameSource
from faceguard.compose import House
from faceguard.config.settings import Settings
from faceguard.domain.decision import OutOfService
from faceguard.domain.errors import FaceguardError
from faceguard.domain.face import Frame
from faceguard.ui.desk_worker import DeskWorker
from faceguard.ui.kiosk_window import KioskWindow

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
        settings = Settings() if fault else house.settings()
        self.window = KioskWindow(
            self._newest,
            door_name="" if fault else settings.text("door.name"),
            phone=settings.text("door.phone"),
            show_names=settings.switch("privacy.show_names"),
            mirrored=settings.switch("window.mirror"),
            clock=house.clock,
        )
        self.window.exit_requested.connect(self._on_exit_requested)
        self.window.admin_pin_entered.connect(self._on_admin_pin)
        self.desk = DeskWorker(lambda: house.open_desk(networks=False, role=Role.KIOSK))

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
            self.doorway = Doorway(self._house, self._make_source(), self)
        except FaceguardError as error:
            log.exception("the kiosk is out of service")
            self.window.show_decision(OutOfService(error.sentence, self._house.clock()))
            return
        queued = Qt.ConnectionType.QueuedConnection
        self.doorway.worker.decided.connect(self.window.show_decision, queued)
        self.doorway.worker.claim_answered.connect(self.window.show_claim_answer, queued)
        self.window.pin_entered.connect(self.doorway.pin_entered)
        self.window.claim_entered.connect(self.doorway.claim_entered)
        self.window.cancelled.connect(self.doorway.cancelled)
        self.doorway.start()

    def stop(self) -> bool:
        """Stop the threads and close the window; False when a thread did not end in time."""
        ended = self.desk.stop()
        if self.doorway is not None:
            ended = self.doorway.stop() and ended
        self.window.leave()
        return ended

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
