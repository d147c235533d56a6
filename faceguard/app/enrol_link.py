"""The enrolment page behind the desk: a photo or the camera's picture is examined, and becomes a person."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, Signal, Slot

from faceguard.access.enrolment import Draft
from faceguard.desk import Desk
from faceguard.domain.errors import FaceguardError, SeveralFaces
from faceguard.domain.face import Frame
from faceguard.domain.template import Subject, TemplateSource
from faceguard.ui.desk_worker import DeskWorker
from faceguard.ui.enrol_check import EnrolRequest
from faceguard.ui.enrol_page import EnrolPage
from faceguard.ui.main_window import MainWindow

PEOPLE, ENROL = "people", "enrol"
SEVERAL: Final = (
    "This photo shows several faces of similar size. Choose the one to enrol, or use a photo of one person."
)


class EnrolLink(QObject):
    """Answers the enrolment page.

    Args:
        desk: does the work.
        page: asks for it.
        window: shows it, and the people page afterwards.
        newest: the camera's newest frame; None while there is none.

    Signals:
        changed(): somebody was enrolled, or has a PIN now.
    """

    changed = Signal()

    def __init__(
        self,
        desk: DeskWorker,
        page: EnrolPage,
        window: MainWindow,
        newest: Callable[[], Frame | None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._desk = desk
        self._page = page
        self._window = window
        self._newest = newest
        self._photo: tuple[Frame, TemplateSource] | None = None
        page.photo_chosen.connect(self._examine_file)
        page.camera_requested.connect(self._examine_camera)
        page.face_chosen.connect(self._examine_chosen)
        page.enrol_requested.connect(self._enrol)
        page.pin_requested.connect(self._set_new_pin)
        page.back_requested.connect(self._back_to_people)

    @Slot()
    def open(self) -> None:
        """A new person, from the start."""
        self._page.start()
        self._page.set_camera_available(self._newest() is not None)
        self._window.show_page(ENROL)

    @Slot()
    def _back_to_people(self) -> None:
        self._window.show_page(PEOPLE)

    @Slot(Path)
    def _examine_file(self, path: Path) -> None:
        self._page.show_examining(path.name)

        def read(desk: Desk) -> Frame:
            return desk.read(path)

        self._desk.submit(read, self._on_photo_read, self._page.show_refusal)

    def _on_photo_read(self, photo: Frame) -> None:
        self._examine(photo, TemplateSource.PHOTO, None)

    @Slot()
    def _examine_camera(self) -> None:
        frame = self._newest()
        if frame is None:
            self._page.show_refusal("The camera shows no picture now; choose a photo instead.")
            return
        self._page.show_examining("the camera's picture")
        self._examine(frame, TemplateSource.CAMERA, None)

    @Slot(int)
    def _examine_chosen(self, index: int) -> None:
        if self._photo is not None:
            self._examine(*self._photo, index + 1)

    def _examine(self, photo: Frame, source: TemplateSource, choose: int | None) -> None:
        self._photo = (photo, source)

        def examine(desk: Desk) -> Draft:
            return desk.examine_frame(photo, choose, source=source)

        self._desk.submit(examine, self._page.show_draft, self._on_examination_refused)

    def _on_examination_refused(self, error: FaceguardError) -> None:
        if isinstance(error, SeveralFaces) and self._photo is not None:
            self._page.show_choice(self._photo[0], error.boxes, SEVERAL)
        else:
            self._page.show_refusal(error)

    @Slot(EnrolRequest)
    def _enrol(self, request: EnrolRequest) -> None:
        def enrol(desk: Desk) -> Subject:
            return desk.enrol(
                request.draft, request.name, request.consent, number=request.number, accept_near=request.accept_near
            )

        self._desk.submit(enrol, self._on_enrolled, self._page.show_refusal)

    def _on_enrolled(self, subject: Subject) -> None:
        self._photo = None
        self._page.show_enrolled(subject)
        self.changed.emit()

    @Slot(int, str)
    def _set_new_pin(self, subject_id: int, pin: str) -> None:
        self._desk.submit(lambda desk: desk.set_pin(subject_id, pin), self._on_new_pin_set, self._page.show_refusal)

    def _on_new_pin_set(self, _answer: None) -> None:
        self._page.show_pin_set()
        self.changed.emit()
