"""What operator and admin do, without Qt: command line and window share it. One desk per thread that uses it.

Rights are asked for here, in the service, not in the window: whoever drives the desk another way meets the same wall.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from faceguard.access import enrolment
from faceguard.access.enrolment import Draft, Neighbour
from faceguard.access.roles import Action, Role, RoleSession
from faceguard.config.settings import TABLE, SettingRow, Settings, SettingValue, row_of
from faceguard.config.settings_file import SettingsFile
from faceguard.domain.card import Measured
from faceguard.domain.errors import EnrolmentRefused, ModelFault, NotPermitted
from faceguard.domain.face import AlignedFace, DetectedFace, Frame
from faceguard.domain.observation import QualityAssessment
from faceguard.domain.score import Distance, Threshold
from faceguard.domain.template import ConsentMeans, Embedding, EncoderId, Gallery, Subject, TemplateSource
from faceguard.labelling import Labelling
from faceguard.pictures_desk import PicturesDesk
from faceguard.selftest import LivenessTests
from faceguard.store.audit_log import AuditEvent, AuditLog
from faceguard.store.credentials import Credentials, PinReason
from faceguard.store.database import Database
from faceguard.store.event_pages import EventPages
from faceguard.store.gallery_store import GalleryStore, LoadedGallery, Removal
from faceguard.tau_desk import TAUS, TauDesk


class Examined(Protocol):
    """``pipeline.still.ExaminedPhoto``."""

    @property
    def face(self) -> DetectedFace:
        """The chosen face."""

    @property
    def aligned(self) -> AlignedFace:
        """What the encoder sees."""

    @property
    def quality(self) -> QualityAssessment:
        """Findings."""

    @property
    def embedding(self) -> Embedding:
        """f(x)."""


class Examiner(Protocol):
    """``pipeline.still.StillExaminer``."""

    def examine(self, frame: Frame, choose: int | None = None) -> Examined:
        """Find, align, judge and encode the face of a stored photo."""


@dataclass(frozen=True, slots=True)
class Person:
    """A line of the people list.

    Attributes:
        subject: who.
        templates: of the present encoder.
        enrolled_at: UTC.
        ready: has a template of the present encoder; without one a new photo is needed.
    """

    subject: Subject
    templates: int
    enrolled_at: datetime
    ready: bool


@dataclass(frozen=True, slots=True)
class Identified:
    """Answer to "who is this?" about a stored photo; no grant, no event.

    Attributes:
        subject: who it is; None when nobody is within tau.
        distance: to the nearest person; None in an empty gallery.
        runner_up: to the next other person.
        tau: of the search; None when the encoder has no measured one, then nobody is named.
        reason: why nobody is named, empty otherwise.
    """

    subject: Subject | None
    distance: Distance | None
    runner_up: Distance | None
    tau: Threshold | None
    reason: str


class Desk:
    """One operator's place.

    Args:
        database: this thread's own connection.
        settings_file: where settings are kept.
        examiner: examines stored photos; None for jobs that look at none.
        encoder_id: the present encoder.
        tau_owner: what tau and distances belong to, as text: this encoder, and the comparison that is used with it.
        measured: what is known of these distances; None when nothing is.
        length: D of its embeddings.
        tau: of the 1:N search, None when not measured.
        tau_pair: of the 1:1 comparison, None when not measured.
        search: the two nearest people of a gallery, nearest first.
        compare: the distance of two faces.
        compare_with: distance to the nearest template of one person of a gallery; None when there is none.
        read_photo: reads a photo file.
        role: whose rights count without the admin PIN.
        clock: monotonic nanoseconds.

    Attributes:
        pages: the event log page by page.
        labels: whom events showed, as the desk says it.
        liveness_tests: presentations before a camera, and what they amount to.
    """

    def __init__(
        self,
        database: Database,
        settings_file: SettingsFile,
        *,
        examiner: Examiner | None,
        encoder_id: EncoderId,
        tau_owner: str | None = None,
        measured: Measured | None = None,
        length: int,
        tau: Callable[[Settings], Threshold | None],
        tau_pair: Callable[[Settings], Threshold | None],
        search: Callable[[Gallery, Embedding], Sequence[tuple[int, Distance]]],
        compare_with: Callable[[Gallery, Embedding, int], Distance | None],
        compare: Callable[[Embedding, Embedding], Distance] = Embedding.distance,
        read_photo: Callable[[Path], Frame],
        role: Role = Role.OPERATOR,
        clock: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._database = database
        self._store = GalleryStore(database)
        self._credentials = Credentials(database)
        self._log = AuditLog(database)
        self._file = settings_file
        self._examiner = examiner
        self._encoder_id = encoder_id
        self._tau_owner = tau_owner or str(encoder_id)
        self._length = length
        self._tau = tau
        self._search = search
        self._compare = compare
        self._read_photo = read_photo
        self._roles = RoleSession(clock, role)
        self.liveness_tests = LivenessTests(
            database, self._roles.require, lambda what, detail: self._note(what, None, detail), clock
        )
        self._loaded: LoadedGallery | None = None
        self._installing: set[str] = set()
        self.pages = EventPages(database)
        self.labels = Labelling(
            database, lambda: self.settings().switch("privacy.label_events"), self._roles.require, self._note
        )
        self.taus = TauDesk(self, database, encoder_id, self._tau_owner, compare, measured)
        self.pictures = PicturesDesk(
            database,
            self._tau_owner,
            self.gallery,
            search,
            compare_with,
            lambda: (tau(self.settings()), tau_pair(self.settings())),
            self._roles.require,
            lambda: self._roles.role,
            self._note,
        )

    def close(self) -> None:
        """Let the database go."""
        self._database.close()

    # people

    def people(self) -> tuple[Person, ...]:
        """Everybody who is enrolled, by number."""
        encoder = str(self._encoder_id)
        return tuple(
            Person(p.subject, p.templates.get(encoder, 0), p.enrolled_at, p.ready(self._encoder_id))
            for p in self._store.people()
        )

    def gallery(self) -> LoadedGallery:
        """The present snapshot; read again only when something changed."""
        if self._loaded is None or self._store.changed_since(self._loaded):
            self._loaded = self._store.load_gallery(self._encoder_id, self._length)
        return self._loaded

    def examine(self, path: Path, choose: int | None = None) -> Draft:
        """Look at a photo file; nothing is stored.

        Args:
            path: JPEG, PNG or WebP.
            choose: which face, counted from the left, when there are several of similar size.

        Raises:
            PhotoRefused: unreadable, no face, or several faces and none chosen.
        """
        return self.examine_frame(self.read(path), choose, source=TemplateSource.PHOTO)

    def read(self, path: Path) -> Frame:
        """A photo file as a picture."""
        return self._read_photo(path)

    def examine_frame(
        self, photo: Frame, choose: int | None = None, *, source: TemplateSource = TemplateSource.CAMERA
    ) -> Draft:
        """The same for a picture that is read already, or that the camera has just taken."""
        seen = self._examine(photo, choose)
        return Draft(
            photo, seen.face, seen.aligned, seen.quality, seen.embedding, source, self._nearest(seen.embedding)
        )

    def _examine(self, photo: Frame, choose: int | None = None) -> Examined:
        if self._examiner is None:
            raise ModelFault("This desk was opened without networks.")
        return self._examiner.examine(photo, choose)

    def _nearest(self, embedding: Embedding) -> Neighbour | None:
        gallery = self.gallery().gallery
        found = self._search(gallery, embedding)
        if not found:
            return None
        subject_id, distance = found[0]
        tau = self._tau(self.settings())
        return Neighbour(gallery.subjects[subject_id], distance, tau is not None and distance.within(tau))

    def enrol(
        self,
        draft: Draft,
        name: str,
        consent: ConsentMeans | None,
        *,
        number: int | None = None,
        accept_near: bool = False,
    ) -> Subject:
        """Store a new person with the draft's template; the photo is not kept.

        Raises:
            EnrolmentRefused: no consent, poor photo, or it looks like somebody who is enrolled.
            NotPermitted: the role may not.
        """
        self._roles.require(Action.ENROL)
        # somebody may have been enrolled since the photo was examined
        current = replace(draft, nearest=self._nearest(draft.embedding))
        name = enrolment.check(current, name, consent, accept_near=accept_near)
        subject = self._store.add_subject_with_template(
            name, consent, datetime.now(UTC), draft.embedding, draft.source, number=number
        )
        self._note("enrol", subject.subject_id)
        return subject

    def remove(self, subject_id: int) -> None:
        """Remove a person with every template and the PIN; cannot be undone.

        Raises:
            EnrolmentRefused: nobody has this number.
        """
        self._roles.require(Action.REMOVE)
        if self._store.remove_subject(subject_id) is Removal.NOT_FOUND:
            raise EnrolmentRefused(f"Nobody with the number {subject_id} is enrolled.")
        self._note("remove", subject_id)

    def set_pin(self, subject_id: int, pin: str | None) -> None:
        """Store a person's PIN, or take it away."""
        self._roles.require(Action.SET_PIN)
        self._credentials.set_person_pin(subject_id, pin)
        self._note("set pin" if pin is not None else "remove pin", subject_id)

    # questions about photos; they open nothing and are no access events

    def verify(self, one: Path, other: Path) -> tuple[Distance, Threshold | None]:
        """1:1: the distance between the faces of two photos, and the tau of a pair."""
        first, second = (self._examine(self._read_photo(p)) for p in (one, other))
        return self._compare(first.embedding, second.embedding), self._tau(self.settings())

    def identify(self, path: Path) -> Identified:
        """1:N: who of the gallery is on this photo, if anybody."""
        embedding = self._examine(self._read_photo(path)).embedding
        gallery, tau = self.gallery().gallery, self._tau(self.settings())
        found = self._search(gallery, embedding)
        if not found:
            return Identified(None, None, None, tau, "nobody is enrolled")
        (subject_id, distance), runner_up = found[0], (found[1][1] if len(found) > 1 else None)
        if tau is None:
            return Identified(None, distance, runner_up, None, "no measured tau for this encoder")
        if not distance.within(tau):
            return Identified(None, distance, runner_up, tau, "not recognised")
        margin = self.settings().number("access.margin")
        if runner_up is not None and runner_up.value - distance.value < margin:
            return Identified(None, distance, runner_up, tau, "too like another person")
        return Identified(gallery.subjects[subject_id], distance, runner_up, tau, "")

    # settings and rights

    def rows(self) -> tuple[SettingRow, ...]:
        """The table of settings."""
        return TABLE

    def settings(self) -> Settings:
        """All settings as the file has them now."""
        return self._file.load()

    def get(self, key: str) -> SettingValue:
        """One setting."""
        return self.settings()[key]

    def set(self, key: str, value: object, reason: str = "") -> Settings:
        """Change one setting; see ``put_in_force``."""
        row = row_of(key)
        shown = row.shown(self.tried(key, value)[key]) if row.kind != "text" else "(text)"
        return self.put_in_force({key: value}, f"{key}={shown}", reason)

    def tried(self, key: str, value: object) -> Settings:
        """As ``set``, but nothing is stored: tau while its handle still moves.

        Raises:
            SettingsFault: unknown key, or a value that is not allowed.
            NotPermitted: only the admin may.
        """
        self._require_change(key)
        settings = self.settings()
        return settings.with_values(self._owned(settings, {key: value}))

    def put_in_force(self, changes: Mapping[str, object], detail: str, reason: str = "") -> Settings:
        """Record a change of settings, then store it: no setting is in force that the log does not know.

        Settings that are not named stay as the file has them, whoever changed them meanwhile.

        Args:
            changes: keys and values; a tau brings its encoder along.
            detail: the change in words, for the log.
            reason: why, for the log; a tau that lets strangers in wants one.

        Returns:
            All settings, as they are in force now.

        Raises:
            SettingsFault: unknown key, or a value that is not allowed.
            ReasonWanted: a tau is not safe and no reason is given.
            NotPermitted: one of them only the admin may change, or nobody.
        """
        for key in changes:
            self._require_change(key)
        reason = self.taus.reason_for(changes, reason)
        detail = f"{detail}; {reason}" if reason else detail
        return self._record_and_store(lambda present: self._owned(present, changes), detail)

    def change_list(self, key: str, *, add: Sequence[str] = (), drop: Collection[str] = ()) -> Settings:
        """Add words to a setting that holds several, or take them away; the others stay.

        Raises:
            NotPermitted: only the admin may.
        """
        self._require_change(key)
        return self._store_list(key, add, drop)

    def _store_list(self, key: str, add: Sequence[str] = (), drop: Collection[str] = ()) -> Settings:
        def changed(present: Settings) -> dict[str, object]:
            used = present.listed(key)
            words = ",".join(word for word in dict.fromkeys((*used, *add)) if word not in drop)
            return {} if words == ",".join(used) else {key: words}

        return self._record_and_store(changed, f"{key}=(text)")

    def _record_and_store(self, changes: Callable[[Settings], Mapping[str, object]], detail: str) -> Settings:
        present = self.settings()
        wanted = changes(present)
        present.with_values(wanted)  # what is not allowed is refused before it is on record
        if not wanted:
            return present
        self._note("setting", None, detail)
        return self._file.update(changes)  # asked anew of the settings as they are by then

    def _require_change(self, key: str) -> None:
        row = row_of(key)
        if row.by_program:
            raise NotPermitted(f"{key} is kept by the program itself.")
        self._roles.require(Action.CHANGE_ADMIN_SETTING if row.admin_only else Action.CHANGE_SETTING)

    def _owned(self, present: Settings, changes: Mapping[str, object]) -> Mapping[str, object]:
        """The changes, and with a tau to whom it belongs; the other tau of another encoder would pass as its own."""
        if changes.keys().isdisjoint(TAUS):
            return changes
        foreign = present.text("access.tau_encoder") != self._tau_owner
        dropped: dict[str, object] = dict.fromkeys(TAUS) if foreign else {}
        return {**dropped, "access.tau_encoder": self._tau_owner, **changes}

    def allow_install(self, pack_id: str) -> None:
        """Somebody wants to install a pack: the admin may, and it is on record.

        Raises:
            NotPermitted: only the admin may.
        """
        self._roles.require(Action.MANAGE_MODELS)
        self._note("network", None, f"install {pack_id}")
        self._installing.add(pack_id)

    def finish_install(self, pack_id: str, pad_ids: Sequence[str]) -> Settings:
        """The pack is installed: its liveness networks are put to use.

        The admin's rights may have ended during a long download; what the admin began is finished all the same.

        Args:
            pack_id: for which ``allow_install`` was called at this desk.
            pad_ids: its liveness networks.

        Raises:
            NotPermitted: nobody began it here.
        """
        if pack_id not in self._installing:
            self._roles.require(Action.MANAGE_MODELS)
        self._installing.discard(pack_id)
        return self._store_list("models.pad", add=pad_ids)

    def allow_door_test(self) -> None:
        """Somebody wants to see whether the door opens: the admin may, and it is on record.

        Raises:
            NotPermitted: only the admin may.
        """
        self._roles.require(Action.CHANGE_ADMIN_SETTING)
        self._note("door test", None)

    @property
    def locked(self) -> bool:
        """The admin's rights are not open."""
        return self._roles.role is not Role.ADMIN

    def lock(self) -> None:
        """Give the admin's rights up."""
        self._roles.lock()

    def unlock(self, pin: str) -> None:
        """Open the admin's rights for two minutes of use.

        Raises:
            NotPermitted: wrong PIN, none set, or locked out; the sentence says for how long.
        """
        check = self._credentials.verify_admin(pin)
        if check.ok:
            self._roles.unlock()
            return
        if check.reason is PinReason.NONE_SET:
            raise NotPermitted("No admin PIN is set yet; set one first (faceguard setup).")
        self._note("wrong admin PIN", None)
        wait = f" Try again in {check.wait_s:.0f} s." if check.wait_s > 0 else ""
        what = "The admin PIN is locked after wrong entries." if check.reason is PinReason.LOCKED else "Wrong PIN."
        raise NotPermitted(what + wait)

    def require(self, action: Action) -> None:
        """Raises ``NotPermitted`` unless the present role may."""
        self._roles.require(action)

    def has_admin_pin(self) -> bool:
        """First start is over."""
        return self._credentials.has_admin_pin()

    def set_admin_pin(self, pin: str) -> None:
        """Set the admin PIN: by the operator at the first start, afterwards by the admin only."""
        self._roles.require(Action.CHANGE_ADMIN_SETTING if self.has_admin_pin() else Action.CHANGE_SETTING)
        self._credentials.set_admin_pin(pin)
        self._roles.unlock()
        self._note("admin PIN set", None)

    # events

    def events(self, limit: int = 50) -> tuple[AuditEvent, ...]:
        """The newest events first."""
        return self._log.recent(limit)

    def events_since(self, start: datetime) -> tuple[AuditEvent, ...]:
        """All events from then on, oldest first."""
        return self._log.since(start)

    def counts_today(self) -> dict[str, int]:
        """Number of events of each decision since local midnight."""
        midnight = datetime.now().astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
        return self._log.counts_since(midnight)

    def _note(self, what: str, subject_id: int | None, detail: str = "") -> None:
        self._log.record(AuditEvent(datetime.now(UTC), what, subject_id=subject_id, detail=detail))
