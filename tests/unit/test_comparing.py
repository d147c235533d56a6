"""A tau belongs to an encoder and a comparison: with another one, nothing that was stored counts."""

from contextlib import closing
from datetime import UTC, datetime

import numpy as np
import pytest

from faceguard.access.policy import LearnedTaus
from faceguard.comparing import search_tau
from faceguard.compose import GalleryWatch, House
from faceguard.domain.card import OperatingPoint
from faceguard.domain.errors import EncoderMismatch, ModelFault
from faceguard.domain.head_card import HeadCard
from faceguard.domain.score import Threshold
from faceguard.domain.similarity import HeadKind, SimilarityHead
from faceguard.domain.template import ConsentMeans, Embedding, EncoderId, TemplateSource
from faceguard.models.heads import SUFFIX, write_head
from faceguard.pipeline.matcher import Matcher
from faceguard.store.calibrations import TakenCalibration
from faceguard.store.gallery_store import GalleryStore

PIN = "274951"


@pytest.fixture
def house(tmp_path):
    return House(tmp_path)


@pytest.fixture
def place(house):
    """Puts a comparison into the data folder and chooses it."""

    def put(taus=((1e-2, 1.95), (1e-4, 1.7)), *, encoder=None, head_id="tiny", weight=-4.0, length=128):
        head = SimilarityHead(
            HeadKind.ABSOLUTE, encoder or house.encoder_card().encoder_id, np.full(length, weight), 38.0
        )
        measured = tuple(OperatingPoint(fmr, Threshold(tau), 0.9, 100, 100_000, "a test") for fmr, tau in taus)
        card = HeadCard(id=head_id, head=head, origin="a test", operating_points=measured)
        (house.folder / "models").mkdir(exist_ok=True)
        write_head(house.folder / "models" / f"{head_id}{SUFFIX}", card)
        house.settings_file.change("models.comparison", head_id)
        return card

    return put


def two_people(house):
    card, chance = house.encoder_card(), np.random.default_rng(1)
    with house.database() as database:
        for name in ("Ann", "Bob"):
            vector = Embedding.normalised(chance.standard_normal(card.length), card.encoder_id)
            GalleryStore(database).add_subject_with_template(
                name, ConsentMeans.PAPER, datetime.now(UTC), vector, TemplateSource.PHOTO
            )


def test_nothing_chosen_is_the_squared_distance(house):
    assert house.networks.head is None
    assert house.measured() == house.encoder_card()
    assert house.measured().tau_owner == str(house.encoder_card().encoder_id)
    policy = house.policy()
    assert policy.learned is None
    assert policy.tau_single == policy.tau_continuity


def test_a_chosen_one_brings_its_own_taus_and_continuity_stays_squared(house, place):
    squared = house.policy()
    house.forget_networks()
    card = place()
    policy = house.policy()
    assert (policy.tau, policy.tau_pair, policy.tau_single) == (Threshold(1.7), Threshold(1.7), Threshold(1.95))
    assert policy.tau_continuity == squared.tau_continuity
    assert policy.learned == LearnedTaus(Threshold(1.95), house.encoder_card().default_tau)
    assert policy.tau_same_face == house.encoder_card().default_tau
    assert house.measured().tau_owner == card.tau_owner


def test_one_without_a_measured_tau_leaves_the_door_without_any(house, place):
    place(taus=())
    policy = house.policy()
    assert (policy.tau, policy.tau_pair, policy.tau_single) == (None, None, None)


def test_a_tau_of_the_squared_distance_does_not_count_with_a_learned_one_nor_the_other_way_round(house, place):
    encoder = house.encoder_card()
    house.settings_file.change("access.tau", 0.9)
    house.settings_file.change("access.tau_encoder", encoder.tau_owner)
    card = place()
    assert search_tau(house.settings(), encoder) == Threshold(0.9)
    assert search_tau(house.settings(), card) == Threshold(1.7)
    house.settings_file.change("access.tau_encoder", card.tau_owner)
    assert search_tau(house.settings(), card) == Threshold(0.9)
    assert search_tau(house.settings(), encoder) == encoder.default_tau
    trained_anew = place(weight=-4.1)  # under the same name
    assert search_tau(house.settings(), trained_anew) == Threshold(1.7)


def test_a_tau_that_is_set_is_set_for_the_comparison_in_use(house, place):
    card = place()
    with closing(house.open_desk(networks=False)) as desk:
        desk.set_admin_pin(PIN)
        desk.set("access.tau", 1.8, "a test of this comparison")
        assert desk.get("access.tau_encoder") == card.tau_owner
        taken = TakenCalibration(
            datetime.now(UTC), str(house.encoder_card().encoder_id), 2, 2, "a test", 0, 1e-3, 1.1, 0.0, 0.0, 1.0
        )
        with pytest.raises(EncoderMismatch, match="encoder or comparison"):
            desk.taus.take(taken)


def test_the_desk_and_the_door_compare_by_it(house, place):
    two_people(house)
    card, encoder = place(), house.encoder_card()
    probe = Embedding.normalised(np.random.default_rng(1).standard_normal(encoder.length), encoder.encoder_id)  # Ann's
    with closing(house.open_desk(networks=False)) as desk, house.database() as database:
        nearest = desk._nearest(probe)
        assert (nearest.subject.name, nearest.distance.value) == ("Ann", 0.0)
        door = GalleryWatch(GalleryStore(database), house.networks.encoder, house.networks.head).load()
        assert door.search(probe)[0].distance == nearest.distance
        squared = Matcher(door.gallery)
        assert squared.search(probe)[0].distance.value == 0.0
        assert np.array_equal(squared.gallery.matrix, door.gallery.matrix)  # nobody was encoded anew
        assert card.head.distance(probe, probe) == nearest.distance


@pytest.mark.parametrize("what", ["missing", "altered", "another encoder", "another length"])
def test_one_that_cannot_be_used_is_a_fault_never_the_squared_distance(house, place, what):
    two_people(house)
    if what == "missing":
        house.settings_file.change("models.comparison", "gone")
    elif what == "another encoder":
        place(encoder=EncoderId("other", "0123456789ab", "arcface-rgb"))
    elif what == "another length":
        place(length=64)
    else:
        place()
        path = house.folder / "models" / f"tiny{SUFFIX}"
        path.write_bytes(path.read_bytes().replace(b"-4.0", b"-0.1", 1))
    with pytest.raises(ModelFault):
        _ = house.networks
    with pytest.raises(ModelFault):
        house.measured()
    with pytest.raises(ModelFault):
        house.open_desk()
    probe = Embedding.normalised(np.ones(128), house.encoder_card().encoder_id)
    with closing(house.open_desk(networks=False)) as desk:  # the admin can still choose another one
        with pytest.raises(ModelFault):
            desk._nearest(probe)
        desk.set_admin_pin(PIN)
        desk.set("access.tau", 3.9, "a test of this comparison")
        assert desk.get("access.tau_encoder") not in (house.encoder_card().tau_owner, "")
        desk.set("models.comparison", "")
    assert house.networks.head is None
    assert house.policy().tau == house.encoder_card().default_tau
