"""Labels of the desk: only where the admin allows them, by whom the role lets, and on record."""

from datetime import UTC, datetime

import pytest

from faceguard.access.roles import Role
from faceguard.domain.errors import EnrolmentRefused, NotPermitted, StoreFault
from faceguard.domain.template import ConsentMeans, Embedding, TemplateSource
from faceguard.store.audit_log import AuditEvent, AuditLog
from faceguard.store.gallery_store import GalleryStore
from tests.unit.test_desk import OLD, PIN, admin, open_desk  # noqa: F401 - fixtures

NOW = datetime.now(UTC)
DENY = AuditEvent(NOW, "deny", "not recognised", nearest_id=1, distance=1.3, runner_up=1.6, encoder_id=str(OLD))


@pytest.fixture
def desk(admin):  # noqa: F811
    """Labels are allowed, one person is enrolled, one attempt was refused (event 2 or later)."""
    admin.set("privacy.label_events", True)
    admin.lock()
    store = GalleryStore(admin._database)
    embedding = Embedding.normalised([1.0, 2.0, 3.0, 4.0], OLD)
    store.add_subject_with_template("Ada", ConsentMeans.PAPER, NOW, embedding, TemplateSource.PHOTO)
    return admin


@pytest.fixture
def event(desk):
    return AuditLog(desk._database).record(DENY)


def test_the_operator_says_who_it_was_and_it_is_on_record(desk, event):
    desk.labels.staff(event, 1)
    (noted,) = desk.events(1)
    assert (noted.decision, noted.subject_id, noted.detail) == ("label", 1, f"event {event}: staff")
    assert desk.labels.since(NOW)[event].subject_id == 1
    desk.labels.take_back(event)
    assert desk.events(1)[0].decision == "label taken back"
    assert desk.labels.since(NOW) == {}


def test_a_stranger_is_nobodys_number(desk, event):
    desk.labels.stranger(event)
    assert desk.events(1)[0].subject_id is None
    assert [a.distance for a in desk.labels.stranger_distances(str(OLD))] == [1.3]


def test_labels_are_off_until_the_admin_allows_them_and_can_be_taken_back_afterwards(desk, event):
    desk.labels.stranger(event)
    desk.unlock(PIN)
    desk.set("privacy.label_events", False)
    assert not desk.labels.allowed
    with pytest.raises(NotPermitted, match="switched off"):
        desk.labels.staff(event, 1)
    desk.labels.take_back(event)
    assert desk.labels.since(NOW) == {}


def test_only_the_admin_allows_them(open_desk):  # noqa: F811
    with pytest.raises(NotPermitted):
        open_desk().set("privacy.label_events", True)
    with pytest.raises(NotPermitted):
        open_desk().set("door.shadow", True)


def test_the_kiosk_labels_nothing(desk, event, open_desk):  # noqa: F811
    kiosk = open_desk(role=Role.KIOSK)
    for act in (lambda: kiosk.labels.stranger(event), lambda: kiosk.labels.take_back(event)):
        with pytest.raises(NotPermitted):
            act()


def test_a_refused_label_is_not_on_record(desk, event):
    with pytest.raises(EnrolmentRefused):
        desk.labels.staff(event, 99)
    assert desk.events(1)[0].decision == "deny"


def test_a_label_that_cannot_be_recorded_is_none(desk, event, monkeypatch):
    def full(*_):
        raise StoreFault("The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr(AuditLog, "record", full)
        with pytest.raises(StoreFault):
            desk.labels.stranger(event)
        assert desk.labels.since(NOW) == {}
    desk.labels.staff(event, 1)
    labelled = desk.labels.since(NOW)
    monkeypatch.setattr(AuditLog, "record", full)
    for act in (lambda: desk.labels.stranger(event), lambda: desk.labels.take_back(event)):
        with pytest.raises(StoreFault):
            act()
        assert desk.labels.since(NOW) == labelled
    assert desk.events(1)[0].detail == f"event {event}: staff"
