"""Further pictures of people who are enrolled: compared at the desk, and kept as a template where that is wanted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import numpy as np

from faceguard.access.enrolment import Draft
from faceguard.access.roles import Action, Role
from faceguard.domain.errors import EnrolmentRefused
from faceguard.domain.score import Distance, Threshold
from faceguard.domain.template import Embedding, Gallery, Subject, TemplateSource
from faceguard.store.database import Database
from faceguard.store.gallery_store import GalleryStore, LoadedGallery
from faceguard.store.live_checks import LiveChecks, StoredCheck

MOST_PICTURES: Final = 5
"""Of one person: each template is one more for a stranger to be near to."""
SAME_PICTURE: Final = 0.01
"""Nearer than this it is the same picture, or the next one of the camera."""


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """A picture beside the templates of the person whom it shows by the word of the desk.

    Attributes:
        subject: that person.
        draft: the examined picture; may be kept as a further template.
        distance: to the nearest of the person's templates.
        tau: of the search; None when not measured.
        recognised: within tau, and nobody else is nearer.
    """

    subject: Subject
    draft: Draft
    distance: Distance
    tau: Threshold | None
    recognised: bool


class PicturesDesk:
    """What a desk does with further pictures.

    Args:
        database: the desk's own connection.
        tau_owner: what distances belong to, as text.
        gallery: the present snapshot.
        search: the two nearest people of a gallery, nearest first.
        compare: distance to the nearest template of one person of a gallery; None when there is none.
        taus: of the search and of a 1:1 comparison, now.
        require: raises ``NotPermitted`` unless the present role may.
        role: the present role.
        note: writes what was done, and with whom, into the event log.
    """

    def __init__(
        self,
        database: Database,
        tau_owner: str,
        gallery: Callable[[], LoadedGallery],
        search: Callable[[Gallery, Embedding], Sequence[tuple[int, Distance]]],
        compare: Callable[[Gallery, Embedding, int], Distance | None],
        taus: Callable[[], tuple[Threshold | None, Threshold | None]],
        require: Callable[[Action], None],
        role: Callable[[], Role],
        note: Callable[[str, int | None], None],
    ) -> None:
        self._store = GalleryStore(database)
        self._checks = LiveChecks(database)
        self._tau_owner = tau_owner
        self._gallery = gallery
        self._search = search
        self._compare = compare
        self._taus = taus
        self._require = require
        self._role = role
        self._note = note

    def compare(self, subject_id: int, draft: Draft) -> Comparison:
        """The picture and the person's own templates; a picture of the camera is a live check and is remembered.

        Only the distance is kept. A poor picture, or one in which the door would see somebody else, is not remembered:
        it says nothing about this person.

        Raises:
            EnrolmentRefused: nobody has this number, the person has no template, the picture is poor, or it shows
                somebody else.
            NotPermitted: the role may not.
        """
        self._require(Action.ENROL)
        gallery = self._gallery().gallery
        if subject_id not in gallery.subjects:
            raise EnrolmentRefused(f"Nobody with the number {subject_id} is enrolled.")
        subject = gallery.subjects[subject_id]
        distance = self._compare(gallery, draft.embedding, subject_id)
        if distance is None:
            raise EnrolmentRefused(f"{subject.name} has no picture of the present network; enrol the person anew.")
        _require_good(draft)
        tau, near = self._taus()[0], draft.nearest
        other = near is not None and near.subject.subject_id != subject_id
        if near is not None and other and near.too_near:
            raise EnrolmentRefused(
                f"This picture looks like {near.subject.name} rather than {subject.name}. If it is {subject.name}, "
                "take another picture; if it happens again, the door confuses the two."
            )
        if draft.source is TemplateSource.CAMERA:
            sources = self._store.sources(draft.embedding.encoder_id).get(subject_id, frozenset())
            check = StoredCheck(datetime.now(UTC), subject_id, distance.value, sources)
            self._checks.record(self._tau_owner, check)
            self._note("live check", subject_id)
        recognised = tau is not None and distance.within(tau) and not other
        return Comparison(subject, draft, distance, tau, recognised)

    def keep(self, comparison: Comparison) -> None:
        """One more template of this person; the picture itself is not kept.

        A template of somebody else would let that person in under this name. So everything is looked at again, for
        people and taus may be others by now, and the picture is compared with the first one, of the enrolment: a chain
        of pictures, each a little unlike the one before, leads nowhere. What a 1:1 comparison does not take for the
        same person is kept on the admin's word only, and what is nearer to somebody else on nobody's.

        Raises:
            EnrolmentRefused: it is too unlike, poor, kept already, nearer to somebody else, one too many, or the
                person has gone.
            NotPermitted: the role may not.
        """
        self._require(Action.ENROL)
        subject, draft, gallery = comparison.subject, comparison.draft, self._gallery().gallery
        _require_good(draft)
        own = np.flatnonzero(gallery.subject_ids == subject.subject_id)
        if not own.size:
            raise EnrolmentRefused(f"Nobody with the number {subject.subject_id} is enrolled any more.")
        if own.size >= MOST_PICTURES:
            raise EnrolmentRefused(
                f"{subject.name} has {own.size} pictures, and each one more lets more strangers in. Remove the entry "
                "and enrol the person anew from a good photo."
            )
        nearest, distance = self._search(gallery, draft.embedding)[0]
        if nearest != subject.subject_id:
            raise EnrolmentRefused(
                f"This picture is more like {gallery.subjects[nearest].name} than like {subject.name}; it is not kept."
            )
        if distance.value < SAME_PICTURE:
            raise EnrolmentRefused(f"This picture of {subject.name} is kept already; take another one to add to it.")
        first = Gallery(
            gallery.encoder_id, gallery.matrix[own[:1]], gallery.subject_ids[own[:1]], {subject.subject_id: subject}
        )
        from_first, tau = self._compare(first, draft.embedding, subject.subject_id), self._taus()[1]
        alike = tau is not None and from_first is not None and from_first.within(tau)
        if not alike and self._role() is not Role.ADMIN:
            raise EnrolmentRefused(
                f"This picture is too unlike {subject.name}'s first one to be kept on the operator's word. If it is "
                "the same person, unlock with the admin PIN and keep it then."
            )
        self._note("further picture", subject.subject_id)  # first: nobody has a template that the log does not know
        self._store.add_template(subject.subject_id, draft.embedding, draft.source)


def _require_good(draft: Draft) -> None:
    if not draft.quality.acceptable:
        reasons = ", ".join(reason.value for reason in draft.quality.failures) or "not assessed"
        raise EnrolmentRefused(f"The picture is not good enough ({reasons}); take another one.")
