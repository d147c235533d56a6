"""Live checks and further pictures: what is remembered, and what the operator's word is enough for."""

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import numpy as np
import pytest

from faceguard.access.enrolment import Draft, Neighbour
from faceguard.access.roles import Role
from faceguard.config.settings_file import SettingsFile
from faceguard.desk import Desk
from faceguard.domain.errors import EnrolmentRefused, NotPermitted
from faceguard.domain.score import Threshold
from faceguard.domain.template import ConsentMeans, Embedding, EncoderId, TemplateSource
from faceguard.evaluation.genuine import ScoreDomain, ScoreOrigin
from faceguard.pipeline.matcher import Matcher
from faceguard.store.database import Database
from faceguard.store.gallery_store import GalleryStore
from faceguard.store.live_checks import LiveChecks

ENCODER = EncoderId("small", "0123456789ab", "arc112-bgr")
PIN = "824691"
GOOD = SimpleNamespace(acceptable=True, failures=())
POOR = SimpleNamespace(acceptable=False, failures=(SimpleNamespace(value="blurred"),))


def vector(degrees):
    turn = np.radians(degrees)
    return Embedding.normalised(np.array([np.cos(turn), np.sin(turn), 0.0, 0.0]), ENCODER)


@pytest.fixture
def open_desk(tmp_path):
    """Ada at 0 degrees and Bo at 120; tau 1.0 (60 degrees) for the search, 0.5 (41 degrees) for one person."""
    with closing(Database(tmp_path / "faceguard.db")) as database:
        store = GalleryStore(database)
        for name, degrees in (("Ada", 0), ("Bo", 120)):
            store.add_subject_with_template(
                name, ConsentMeans.PAPER, datetime.now(UTC), vector(degrees), TemplateSource.PHOTO
            )
    opened = []

    def make(role=Role.OPERATOR):
        desk = Desk(
            Database(tmp_path / "faceguard.db"),
            SettingsFile(tmp_path / "settings.toml"),
            examiner=None,
            encoder_id=ENCODER,
            length=4,
            tau=lambda _settings: Threshold(1.0),
            tau_pair=lambda _settings: Threshold(0.5),
            search=lambda gallery, embedding: [(c.subject_id, c.distance) for c in Matcher(gallery).search(embedding)],
            compare_with=lambda gallery, embedding, subject_id: Matcher(gallery).compare(embedding, subject_id),
            read_photo=lambda _path: np.zeros(1),
            role=role,
            clock=lambda: 0,
        )
        opened.append(desk)
        return desk

    yield make
    for desk in opened:
        desk.close()


def draft(desk, degrees, *, source=TemplateSource.CAMERA, quality=GOOD):
    gallery = desk.gallery().gallery
    (first, *_) = Matcher(gallery).search(vector(degrees))
    near = Neighbour(gallery.subjects[first.subject_id], first.distance, first.distance.within(Threshold(1.0)))
    return Draft(None, None, None, quality, vector(degrees), source, near)


def test_a_live_check_is_remembered_as_a_number_and_counts_for_staff(open_desk):
    desk = open_desk()
    found = desk.pictures.compare(1, draft(desk, 30))
    assert found.recognised
    assert found.distance.value == pytest.approx(2 - 2 * np.cos(np.radians(30)))
    (score,) = desk.taus.staff().scores
    assert (score.subject_id, score.domain, score.origin) == (1, ScoreDomain.PHOTO_LIVE, ScoreOrigin.LIVE_CHECK)
    assert score.distance == pytest.approx(found.distance.value)
    assert desk.events(1)[0].decision == "live check"


def test_a_check_beyond_tau_is_remembered_too(open_desk):
    desk = open_desk()
    assert not desk.pictures.compare(2, draft(desk, 190)).recognised
    assert desk.taus.staff().scores[0].distance > 1.0


def test_a_photo_is_compared_and_not_remembered(open_desk):
    desk = open_desk()
    desk.pictures.compare(1, draft(desk, 30, source=TemplateSource.PHOTO))
    assert desk.taus.staff().scores == ()


@pytest.mark.parametrize(
    ("subject_id", "degrees", "quality", "words"),
    [(1, 100, GOOD, "looks like Bo"), (1, 10, POOR, "blurred"), (9, 0, GOOD, "Nobody")],
)
def test_what_says_nothing_about_this_person_is_not_remembered(open_desk, subject_id, degrees, quality, words):
    desk = open_desk()
    with pytest.raises(EnrolmentRefused, match=words):
        desk.pictures.compare(subject_id, draft(desk, degrees, quality=quality))
    assert desk.taus.staff().scores == ()


def test_a_kept_picture_is_a_template_and_the_pair_a_score(open_desk):
    desk = open_desk()
    desk.pictures.keep(desk.pictures.compare(1, draft(desk, 30)))
    assert [p.templates for p in desk.people()] == [2, 1]
    origins = {s.origin for s in desk.taus.staff().scores}
    assert origins == {ScoreOrigin.LIVE_CHECK, ScoreOrigin.TEMPLATES}
    assert desk.events(1)[0].decision == "further picture"
    later = desk.pictures.compare(1, draft(desk, 31))
    assert later.distance.value < 0.01
    with pytest.raises(EnrolmentRefused, match="kept already"):
        desk.pictures.keep(later)


def test_a_face_unlike_the_persons_is_kept_on_the_admins_word_only(open_desk):
    desk = open_desk()
    desk.set_admin_pin(PIN)
    desk.lock()
    unlike = desk.pictures.compare(1, draft(desk, -50))
    assert unlike.recognised
    with pytest.raises(EnrolmentRefused, match="operator's word"):
        desk.pictures.keep(unlike)
    assert [p.templates for p in desk.people()] == [1, 1]
    desk.unlock(PIN)
    desk.pictures.keep(unlike)
    assert [p.templates for p in desk.people()] == [2, 1]


def test_a_picture_of_somebody_who_was_removed_meanwhile_is_not_kept(open_desk):
    desk = open_desk()
    compared = desk.pictures.compare(1, draft(desk, 30))
    desk.remove(1)
    with pytest.raises(EnrolmentRefused, match="any more"):
        desk.pictures.keep(compared)


def test_checks_go_with_the_person(open_desk, tmp_path):
    desk = open_desk()
    desk.pictures.compare(1, draft(desk, 30))
    desk.remove(1)
    with closing(Database(tmp_path / "faceguard.db")) as database:
        assert LiveChecks(database).all(str(ENCODER)) == ()


def test_the_kiosk_may_do_neither(open_desk):
    desk, kiosk = open_desk(), open_desk(Role.KIOSK)
    compared = desk.pictures.compare(1, draft(desk, 30))
    with pytest.raises(NotPermitted):
        kiosk.pictures.compare(1, draft(desk, 30))
    with pytest.raises(NotPermitted):
        kiosk.pictures.keep(compared)


def test_a_chain_of_pictures_each_a_little_further_leads_nowhere(open_desk):
    """0, 40, 80, 120 degrees: each is near the one before, and the last one is somebody else."""
    desk = open_desk()
    desk.pictures.keep(desk.pictures.compare(1, draft(desk, -40)))
    with pytest.raises(EnrolmentRefused, match="first one"):
        desk.pictures.keep(desk.pictures.compare(1, draft(desk, -80)))
    assert [p.templates for p in desk.people()] == [2, 1]


def test_a_picture_that_is_nearer_to_somebody_else_is_kept_on_nobodys_word(open_desk):
    desk = open_desk()
    desk.set_admin_pin(PIN)
    compared = desk.pictures.compare(1, draft(desk, 40))
    store = GalleryStore(desk._database)
    now = datetime.now(UTC)
    store.add_subject_with_template("Mallory", ConsentMeans.PAPER, now, vector(45), TemplateSource.PHOTO)
    desk.unlock(PIN)
    with pytest.raises(EnrolmentRefused, match="more like Mallory"):
        desk.pictures.keep(compared)
    assert [p.templates for p in desk.people()] == [1, 1, 1]


def test_a_poor_picture_is_not_kept_whoever_made_the_comparison(open_desk):
    desk = open_desk()
    good = desk.pictures.compare(1, draft(desk, 30))
    with pytest.raises(EnrolmentRefused, match="blurred"):
        desk.pictures.keep(replace(good, draft=draft(desk, 30, quality=POOR)))


def test_nobody_has_more_than_five_pictures(open_desk):
    desk = open_desk()
    for degrees in (10, 20, 30, -15):
        desk.pictures.keep(desk.pictures.compare(1, draft(desk, degrees)))
    with pytest.raises(EnrolmentRefused, match="5 pictures"):
        desk.pictures.keep(desk.pictures.compare(1, draft(desk, -30)))
