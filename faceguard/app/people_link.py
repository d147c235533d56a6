"""The people page behind the desk: who is enrolled, PINs, live checks, and who should bring a new photo."""

from __future__ import annotations

import logging
from collections.abc import Callable

from PySide6.QtCore import QObject, Signal, Slot

from faceguard.compose import House
from faceguard.desk import Desk, Person
from faceguard.domain.errors import FaceguardError
from faceguard.domain.face import Frame
from faceguard.domain.template import TemplateSource
from faceguard.evaluation.drift import Drift
from faceguard.pictures_desk import Comparison
from faceguard.ui.desk_worker import DeskWorker
from faceguard.ui.people_page import PeoplePage

log = logging.getLogger(__name__)

NO_PICTURE = "The camera shows no picture now; start the door first."

DRIFT_EVERY_S = 600
"""Nobody's face changes faster."""


class PeopleLink(QObject):
    """Answers the people page.

    Args:
        house: settings and cards.
        desk: does the work.
        page: asks for it.
        newest: the camera's newest frame; None while there is none.

    Signals:
        loaded(int): the list was read; how many the door can recognise.
    """

    loaded = Signal(int)

    def __init__(
        self,
        house: House,
        desk: DeskWorker,
        page: PeoplePage,
        newest: Callable[[], Frame | None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._house = house
        self._desk = desk
        self._page = page
        self._newest = newest
        self._compared: Comparison | None = None
        self._looked_ns: int | None = None
        page.remove_requested.connect(self._remove)
        page.pin_requested.connect(self._set_pin)
        page.pin_clear_requested.connect(self._clear_pin)
        page.compare_requested.connect(self._compare)
        page.keep_requested.connect(self._keep)

    def reload(self) -> None:
        """Read the list again."""
        self._desk.submit(lambda desk: desk.people(), self._on_people, self._page.show_refusal)

    def look_for_drift(self) -> None:
        """Read half a year of events, and say who comes near to being refused; that takes a while, so not often."""
        now_ns = self._house.clock()
        if self._looked_ns is not None and now_ns - self._looked_ns < DRIFT_EVERY_S * 1_000_000_000:
            return
        self._looked_ns = now_ns
        self._desk.submit(self._house.tau_drift, self._on_drift, self._ignore)

    def _on_people(self, people: tuple[Person, ...]) -> None:
        self._page.set_people(people)
        self.loaded.emit(sum(person.ready for person in people))

    def _on_drift(self, drift: tuple[Drift, ...]) -> None:
        self._page.set_drift({found.subject_id: drift_in_words(found) for found in drift})

    @Slot(int)
    def _remove(self, subject_id: int) -> None:
        self._job(lambda desk: desk.remove(subject_id))

    @Slot(int, str)
    def _set_pin(self, subject_id: int, pin: str) -> None:
        self._job(lambda desk: desk.set_pin(subject_id, pin))

    @Slot(int)
    def _clear_pin(self, subject_id: int) -> None:
        self._job(lambda desk: desk.set_pin(subject_id, None))

    def _job(self, job: Callable[[Desk], None]) -> None:
        self._desk.submit(job, self._on_changed, self._page.show_refusal)

    def _on_changed(self, _answer: None) -> None:
        self._compared = None
        self._page.finish()
        self.reload()

    # live checks

    @Slot(int)
    def _compare(self, subject_id: int) -> None:
        self._compared = None
        frame = self._newest()
        if frame is None:
            self._page.show_refusal(NO_PICTURE)
            return

        def compare(desk: Desk) -> Comparison:
            return desk.pictures.compare(subject_id, desk.examine_frame(frame, source=TemplateSource.CAMERA))

        self._desk.submit(compare, self._on_compared, self._page.show_refusal)

    def _on_compared(self, comparison: Comparison) -> None:
        self._compared = comparison
        self._page.show_comparison(comparison)

    @Slot()
    def _keep(self) -> None:
        comparison = self._compared
        if comparison is not None:
            self._job(lambda desk: desk.pictures.keep(comparison))

    def _ignore(self, error: FaceguardError) -> None:
        log.error("%s (%s)", error.sentence, error.detail)


def drift_in_words(drift: Drift) -> str:
    """What the desk should know about one person."""
    if drift.recent > drift.tau:
        how = "The door refuses this person more often than not."
    elif drift.reaches is not None:
        how = f"The face drifts away from the stored picture; about {drift.reaches:%-d %B} the door begins to refuse."
    else:
        how = "The door recognises this person, but only just."
    return f"{how} Compare with the camera and keep that picture, or enrol from a new photo."
