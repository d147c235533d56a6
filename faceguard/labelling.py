"""The desk says whom an event showed: who may, whether the admin allows it, and that it is on record."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from faceguard.access.roles import Action
from faceguard.domain.errors import NotPermitted
from faceguard.store.database import Database
from faceguard.store.event_labels import EventLabel, EventLabels, LabelKind, StrangerAttempt

SWITCHED_OFF: Final = "Labels are switched off. The admin allows them in Settings, “Labels by the desk”."


class Labelling:
    """Labels of events.

    Args:
        database: the thread's own connection.
        allowed: the setting ``privacy.label_events``.
        require: raises ``NotPermitted`` unless the present role may.
        note: writes an act of the desk to the log, over the same connection: what, whom it concerns, detail.
    """

    def __init__(
        self,
        database: Database,
        allowed: Callable[[], bool],
        require: Callable[[Action], None],
        note: Callable[[str, int | None, str], None],
    ) -> None:
        self._database = database
        self._labels = EventLabels(database)
        self._allowed = allowed
        self._require = require
        self._note = note

    @property
    def allowed(self) -> bool:
        """The admin lets the desk label events."""
        return self._allowed()

    def stranger(self, event_id: int) -> None:
        """It was nobody who is enrolled; see ``staff`` for what it raises."""
        self._put(event_id, LabelKind.STRANGER, None)

    def staff(self, event_id: int, subject_id: int) -> None:
        """It was this person.

        Raises:
            NotPermitted: the role may not, or the admin does not allow labels.
            EnrolmentRefused: nobody has this number.
            FaceguardError: there is no such event, or nobody was compared in it.
        """
        self._put(event_id, LabelKind.STAFF, subject_id)

    def take_back(self, event_id: int) -> None:
        """No label any more; allowed also after the admin has switched labels off.

        Raises:
            NotPermitted: the role may not.
        """
        self._require(Action.LABEL_EVENT)
        with self._database.writing():
            if self._labels.take_back(event_id):
                self._note("label taken back", None, f"event {event_id}")

    def since(self, start: datetime) -> dict[int, EventLabel]:
        """Labels of events from then on, by the event's number."""
        return self._labels.since(start)

    def false_accepts(self, start: datetime) -> int:
        """Grants from then on that let in a stranger, or somebody as another person."""
        return self._labels.false_accepts(start)

    def stranger_distances(self, encoder: str) -> tuple[StrangerAttempt, ...]:
        """Every labelled stranger's search; see ``store.event_labels.EventLabels``."""
        return self._labels.stranger_distances(encoder)

    def _put(self, event_id: int, kind: LabelKind, subject_id: int | None) -> None:
        self._require(Action.LABEL_EVENT)
        if not self._allowed():
            raise NotPermitted(SWITCHED_OFF)
        with self._database.writing():  # both or neither: nothing counts that the log does not know, nothing is lost
            self._labels.put(EventLabel(event_id, kind, subject_id, datetime.now(UTC)))
            self._note("label", subject_id, f"event {event_id}: {kind.value}")
