"""Both taus of one door: from the impostor model, unless the gallery itself contradicts it."""

from dataclasses import replace
from datetime import UTC, datetime
from time import process_time

import numpy as np
import pytest

from faceguard.domain.card import EncoderCard
from faceguard.domain.template import ConsentMeans, EncoderId, Gallery, Subject
from faceguard.evaluation.calibration import Support, by_law
from faceguard.evaluation.door import Basis, DoorCalibration, TauState, judge_tau, one_in
from faceguard.evaluation.seen_strangers import SeenStrangers
from faceguard.models.cards import read_cards

ENCODER = EncoderId("small", "0123456789ab", "arc112-bgr")
NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def model(project):
    return next(c for c in read_cards(project / "models" / "cards.toml") if isinstance(c, EncoderCard)).impostor


def gallery(vectors, ids=None):
    matrix = np.asarray(vectors, np.float32)
    ids = np.arange(1, len(matrix) + 1) if ids is None else np.asarray(ids)
    subjects = {int(i): Subject(int(i), f"Person {i}", ConsentMeans.PAPER, NOW) for i in ids}
    return Gallery(ENCODER, matrix, ids, subjects)


def far_apart(people):
    return np.eye(people, 600)


def test_the_model_is_carried_to_the_gallery_by_the_law_and_two_looks(model):
    door = DoorCalibration.of(gallery(far_apart(100)), model, 100)
    proposal = door.propose(1e-3)
    search = proposal.search
    assert proposal.basis is Basis.MODEL
    assert search.support is Support.EXTRAPOLATED
    assert search.value == pytest.approx(2 * by_law(model.fmr(search.tau), 100))
    assert search.value <= 1e-3
    assert door.by_model.at(search.tau + 2e-4).value > 1e-3
    assert search.low < search.value < search.high
    assert round(search.tau, 4) == search.tau


def test_every_template_is_one_more_comparison(model):
    ids = np.repeat(np.arange(1, 11), 3)
    door = DoorCalibration.of(gallery(np.repeat(far_apart(10), 3, axis=0), ids), model, 100)
    assert (door.people, door.templates) == (10, 30)
    one = DoorCalibration.of(gallery(far_apart(10)), model, 100)
    assert door.propose().search.tau < one.propose().search.tau


def test_the_pair_has_its_own_tau_whatever_the_gallery(model):
    small, large = (DoorCalibration.of(gallery(far_apart(n)), model, 100).propose().pair for n in (2, 300))
    assert small == large
    assert small.value <= 1e-4 < model.fmr(small.tau + 1e-3)


def test_a_gallery_of_relatives_contradicts_the_model(model):
    """Twenty families of three: everybody has relatives at d 0.5, and the model's tau would let each take the other."""
    chance = np.random.default_rng(1)
    vectors = np.repeat(far_apart(20), 3, axis=0) + 0.02 * chance.standard_normal((60, 600))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    door = DoorCalibration.of(gallery(vectors), model, 100)
    proposal = door.propose()
    assert proposal.basis is Basis.GALLERY
    assert proposal.search.tau < door.itself.searches.distance[0]
    assert any("resemble each other more" in note for note in proposal.notes)
    assert door.at(1.0).support is not None
    assert door.at(1.0).value > 0.9


def test_one_pair_that_resembles_does_not_decide_for_all(model):
    vectors = far_apart(60)
    vectors[1] = np.sqrt(0.75) * vectors[0] + 0.5 * vectors[1]  # d 0.27
    proposal = DoorCalibration.of(gallery(vectors), model, 100).propose()
    assert proposal.basis is Basis.MODEL


def test_nobody_and_one_person_are_answered(model):
    empty = DoorCalibration.of(Gallery.empty(ENCODER, 8), model, 100)
    proposal = empty.propose()
    assert (proposal.search, proposal.basis) == (None, None)
    assert proposal.pair is not None
    assert empty.at(1.0) is None
    one = DoorCalibration.of(gallery(far_apart(1)), model, 100)
    assert one.propose().basis is Basis.MODEL
    assert one.itself is None


def test_without_a_model_nothing_is_made_up():
    door = DoorCalibration.of(gallery(far_apart(10)), None, None)
    proposal = door.propose()
    assert (proposal.search, proposal.pair) == (None, None)
    assert any("no impostor model" in note for note in proposal.notes)
    assert judge_tau(door, 1.0).states == (TauState.UNKNOWN,)
    measured = DoorCalibration.of(gallery(far_apart(10)), None, None, (1e-4, 1.1)).propose().pair
    assert (measured.tau, measured.basis) == (1.1, Basis.CARD)


def test_a_target_that_no_tau_keeps_is_refused(model):
    proposal = DoorCalibration.of(gallery(far_apart(500)), model, 100).propose(1e-9)
    assert proposal.search is None
    assert any("No tau is small enough" in note for note in proposal.notes)


def test_growth_a_foreign_calibration_and_the_rated_size_are_told(model):
    door = DoorCalibration.of(gallery(far_apart(50)), model, 100)
    tau = door.propose().search.tau
    stored = {"encoder": "a", "stored_encoder": "a", "stored_people": 50}
    assert judge_tau(door, tau, **stored).good
    grown = DoorCalibration.of(gallery(far_apart(60)), model, 100)
    assert judge_tau(grown, tau, **stored).good  # by less than a quarter
    grown = DoorCalibration.of(gallery(far_apart(70)), model, 100)
    verdict = judge_tau(grown, tau, **stored)
    assert verdict.states == (TauState.UNSAFE,)
    assert "calibrated for 50" in verdict.sentences[0]
    foreign = judge_tau(door, tau, **stored | {"stored_encoder": "b"})
    assert foreign.states == (TauState.OTHER_ENCODER,)
    large = DoorCalibration.of(gallery(far_apart(101)), model, 100)
    assert TauState.BEYOND_RATED in judge_tau(large, 0.9, **stored).states
    assert judge_tau(door, None).states == (TauState.UNKNOWN,)


def test_an_empty_gallery_needs_no_tau_but_a_foreign_calibration_is_told(model):
    empty = DoorCalibration.of(Gallery.empty(ENCODER, 8), model, 100)
    assert judge_tau(empty, 1.1).good
    assert judge_tau(empty, 1.1, encoder="a", stored_encoder="b").states == (TauState.OTHER_ENCODER,)


def test_a_model_that_was_wrong_on_other_people_has_wide_bounds(model):
    off = tuple(replace(check, ratio=0.2) for check in model.checks)
    near, wide = (
        DoorCalibration.of(gallery(far_apart(50)), m, 100).propose().search for m in (model, replace(model, checks=off))
    )
    assert wide.tau == near.tau
    assert wide.high > 1.5 * near.high


@pytest.mark.parametrize("targets", [(0.0, 1e-4), (1e-3, 0.0), (float("nan"), 1e-4), (1e-3, 1.0)])
def test_what_is_no_target_is_refused(model, targets):
    with pytest.raises(ValueError, match="target"):
        DoorCalibration.of(gallery(far_apart(3)), model, 100).propose(*targets)


def test_a_slider_may_ask_sixty_times_a_second(model):
    door = DoorCalibration.of(gallery(far_apart(500)), model, 100)
    door.at(1.0)
    begun = process_time()
    for tau in np.linspace(0.8, 1.4, 30):
        door.at(float(tau))
    assert (process_time() - begun) / 30 < 1 / 60


def test_rates_are_told_on_the_unsafe_side():
    assert [one_in(r) for r in (1e-3, 1.29e-3, 0.5, 3e-6)] == ["1 in 1,000", "1 in 770", "50 % of", "1 in 330,000"]


def strangers(*distances, people=40):
    return SeenStrangers.of([(d, people) for d in distances], people)


def test_what_strangers_contradicted_stays_so_at_every_greater_tau(model):
    """Whoever passes at a tau passes at every greater one: no safe place lies behind an unsafe one."""
    door = DoorCalibration.of(gallery(far_apart(40)), model, 100)
    near = float(door.by_model.tau_at(1e-4).tau)
    door = replace(door, seen=strangers(near, near, near, *[1.9] * 97))
    taus = [near - 0.01, near, *np.linspace(near, 1.9, 60)]
    rates = [door.at(float(tau)).value for tau in taus]
    assert rates[0] < 1e-3
    assert min(rates[1:]) >= 0.03
    assert rates == sorted(rates)
    assert [door.unsafe(float(tau)) for tau in taus] == [False] + [True] * 61
    proposal = door.propose(1e-2)
    assert proposal.basis is Basis.STRANGERS
    assert proposal.search.tau < near
    assert any("3 of 100 strangers" in note for note in proposal.notes)


def test_strangers_who_stay_far_change_nothing(model):
    door = DoorCalibration.of(gallery(far_apart(40)), model, 100)
    assert replace(door, seen=strangers(*[1.9] * 100)).propose(1e-3) == door.propose(1e-3)


def test_a_gallery_without_a_model_is_believed_no_further_than_its_bound():
    door = DoorCalibration.of(gallery(far_apart(40)), None, 100)
    assert door.unsafe(0.5)  # 40 people among themselves cannot show one in 100
