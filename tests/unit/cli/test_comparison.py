"""Learned comparisons on the command line: chosen by the admin, shown beside the squared distance, never more."""

import contextlib
import json
import math
from datetime import UTC, datetime
from functools import partial

import numpy as np
import pytest

from faceguard.compose import House
from faceguard.domain.card import OperatingPoint
from faceguard.domain.head_card import HeadCard
from faceguard.domain.impostor import ImpostorModel
from faceguard.domain.score import Threshold
from faceguard.domain.similarity import HeadKind, SimilarityHead
from faceguard.domain.template import ConsentMeans, Embedding, EncoderId, TemplateSource
from faceguard.models.heads import write_head
from faceguard.store.audit_log import AuditEvent, AuditLog
from faceguard.store.gallery_store import GalleryStore
from tests.unit.cli import test_evaluate

PIN = test_evaluate.PIN
people = test_evaluate.people  # four people with two photos each
MODEL = ImpostorModel(
    ((2.65, 0.9), (1.95, 0.01), (1.825, 0.001)), 0.05, -0.04, ((0.01, 0.7),), 900, 1800, 404550, "a test"
)


@pytest.fixture
def house(tmp_path):
    (tmp_path / "home").mkdir()
    return House(tmp_path / "home")


@pytest.fixture
def run(house):
    return partial(test_evaluate.run, house.folder)


@pytest.fixture
def file(tmp_path, house):
    return head_file(tmp_path / "tiny.head.toml", house)


def head_file(path, house, *, taus=((1e-2, 1.95), (1e-4, 1.7)), encoder=None, kind=HeadKind.ABSOLUTE):
    head = SimilarityHead(kind, encoder or house.encoder_card().encoder_id, np.full(128, -4.0), 38.0)
    points = tuple(OperatingPoint(fmr, Threshold(tau), 0.9, 100, 100_000, "a test") for fmr, tau in taus)
    card = HeadCard(
        id=path.name.partition(".")[0],
        head=head,
        origin="a test",
        operating_points=points,
        rated_size=100,
        impostor=MODEL if taus else None,
    )
    write_head(path, card)
    return path


def chosen(run, file):
    assert run("setup", "--pin-stdin", pin=PIN).exit_code == 0
    assert run("models", "comparison", "add", file, pin=PIN).exit_code == 0
    assert run("models", "comparison", "use", "tiny", pin=PIN).exit_code == 0


def test_only_the_admin_adds_chooses_and_removes(run, house, file):
    assert run("setup", "--pin-stdin", pin=PIN).exit_code == 0
    for words in (("add", file), ("use", "squared"), ("remove", "tiny")):
        assert run("models", "comparison", *words, pin="000000").exit_code == 2
    assert house.heads.entries() == ()
    assert run("models", "comparison", "add", file, pin=PIN).exit_code == 0
    listed = json.loads(run("models", "comparison", "list", "--json").stdout)
    assert (listed["in_use"], listed["comparisons"][0]["in_use"]) == ("squared", False)
    assert run("settings", "set", "models.comparison", "tiny", pin="000000").exit_code == 2
    said = run("models", "comparison", "use", "tiny", pin=PIN)
    assert said.exit_code == 0
    assert "no longer counts" in said.stdout
    assert json.loads(run("models", "comparison", "list", "--json").stdout)["in_use"] == "tiny"
    assert "* tiny" in run("models", "comparison", "list").stdout
    in_use = run("models", "comparison", "remove", "tiny", pin=PIN)
    assert in_use.exit_code == 2
    assert "in use" in in_use.output
    assert run("models", "comparison", "use", "squared", pin=PIN).exit_code == 0
    assert run("models", "comparison", "remove", "tiny", pin=PIN).exit_code == 0
    assert house.heads.entries() == ()


def test_one_of_another_encoder_is_not_put_to_use(run, house, tmp_path):
    other = head_file(tmp_path / "other.head.toml", house, encoder=EncoderId("enc", "0123456789ab", "x"))
    assert run("setup", "--pin-stdin", pin=PIN).exit_code == 0
    assert run("models", "comparison", "add", other, pin=PIN).exit_code == 0
    said = run("models", "comparison", "use", "other", pin=PIN)
    assert said.exit_code == 2
    assert "was learned for enc@" in said.output
    assert house.settings()["models.comparison"] == ""
    said = run("evaluate", "folder", tmp_path, "--head", other)
    assert said.exit_code == 2


def test_one_without_a_tau_says_that_the_door_lets_nobody_in(run, house, tmp_path):
    bare = head_file(tmp_path / "tiny.head.toml", house, taus=())
    assert run("setup", "--pin-stdin", pin=PIN).exit_code == 0
    for words in (("add", bare), ("use", "tiny")):
        said = run("models", "comparison", *words, pin=PIN)
        assert said.exit_code == 0
        assert "lets nobody in" in said.stdout
    found = json.loads(run("doctor", "--no-devices", "--json").stdout)
    checks = {check["name"]: check for check in found["checks"]}
    assert checks["comparison"]["ok"]
    assert not checks["tau"]["ok"]


def test_doctor_says_what_is_wrong_with_an_altered_one_and_how_to_go_on(run, house, file):
    chosen(run, file)
    path = house.folder / "models" / "tiny.head.toml"
    path.write_bytes(path.read_bytes() + b"#")
    found = json.loads(run("doctor", "--no-devices", "--json").stdout)
    check = next(check for check in found["checks"] if check["name"] == "comparison")
    assert not check["ok"]
    assert "altered or damaged" in check["found"]
    assert "comparison use squared" in check["advice"]
    assert run("models", "comparison", "use", "squared", pin=PIN).exit_code == 0
    assert json.loads(run("doctor", "--no-devices", "--json").stdout)["checks"]


def test_verify_gives_a_likelihood_ratio_and_a_probability_only_with_its_prior(run, people, file):
    one, two = people / "group_1" / "1.png", people / "group_1" / "2.png"
    plain = json.loads(run("verify", one, two, "--json").stdout)
    assert not {"llr", "prior", "probability"} & plain.keys()
    refused = run("verify", one, two, "--prior", "0.5")
    assert refused.exit_code == 2
    assert "no probability" in refused.output
    chosen(run, file)
    found = json.loads(run("verify", one, two, "--json").stdout)
    assert found["same"] is True
    assert found["encoder"].startswith(f"{plain['encoder']}/tiny@")
    assert found["llr"] == pytest.approx(38.0 - 20.0 * found["distance"])
    assert found["probability"] is None
    said = run("verify", one, two).stdout
    assert "LLR +" in said
    assert "P(" not in said
    assert (
        "P(same person) = more than 0.9999 assuming a prior of 0.5." in run("verify", one, two, "--prior", 0.5).stdout
    )
    other = json.loads(run("verify", one, people / "group_2" / "1.png", "--prior", "0.01", "--json").stdout)
    assert other["same"] is False
    assert other["probability"] == pytest.approx(1 / (1 + 99 * math.exp(-other["llr"])))
    for prior in ("0", "1", "nan", "-1"):
        assert run("verify", one, two, "--prior", prior).exit_code == 2


def test_identify_goes_by_the_comparison_in_use(run, people, file):
    enrolled = run("enrol", people / "group_4" / "1.png", "--name", "Ann", "--consent", "paper")
    assert enrolled.exit_code == 0, enrolled.output
    plain = json.loads(run("identify", people / "group_4" / "2.png", "--json").stdout)
    chosen(run, file)
    found = json.loads(run("identify", people / "group_4" / "2.png", "--json").stdout)
    assert (plain["subject"], found["subject"]) == ("Ann", "Ann")
    assert (found["tau"], plain["tau"]) == (1.7, pytest.approx(1.134, abs=0.01))
    assert found["encoder"] != plain["encoder"]


def test_evaluations_show_it_beside_the_squared_distance(run, house, people, file, tmp_path):
    chi = head_file(tmp_path / "chi.head.toml", house, kind=HeadKind.CHI_SQUARE)
    words = ("evaluate", "folder", people, "--head", file, "--head", chi)
    found = json.loads(run(*words, "--json").stdout)
    rows = found["comparisons"]
    assert list(rows) == ["squared", "tiny", "chi"]
    assert (rows["squared"]["cllr"], rows["squared"]["eer"]) == (None, found["eer"])
    assert 0.0 <= rows["tiny"]["cllr"] < 1.0
    assert (rows["chi"]["kind"], rows["chi"]["origin"]) == ("chi-square", "a test")
    assert "comparisons" not in json.loads(run("evaluate", "folder", people, "--json").stdout)
    page = tmp_path / "report.html"
    said = run(*words, "--report", page)
    assert said.exit_code == 0
    assert "against squared" in said.stdout
    assert "Learned comparisons beside the squared distance" in page.read_text("utf-8")


def test_pairs_show_it_too(run, people, file, tmp_path):
    lines = ["image_a,image_b,same", *(f"group_{i}/1.png,group_{i}/2.png,1" for i in (1, 2, 3, 4))]
    lines += [f"group_{i}/1.png,group_{j}/2.png,0" for i in (1, 2, 3, 4) for j in (1, 2, 3, 4) if i != j] * 9
    (tmp_path / "pairs.csv").write_text("\n".join(lines))
    found = json.loads(
        run("evaluate", "pairs", tmp_path / "pairs.csv", "--root", people, "--head", file, "--json").stdout
    )
    row = found["comparisons"]["tiny"]
    assert row["tpr"] == {"0.01": 1.0}
    assert row["difference"]["0.01"] == {"value": 0.0, "low": 0.0, "high": 0.0}


def enrol_by_chance(house, count):
    card, chance = house.encoder_card(), np.random.default_rng(1)
    with house.database() as database:
        for number in range(count):
            vector = Embedding.normalised(chance.standard_normal(card.length), card.encoder_id)
            GalleryStore(database).add_subject_with_template(
                f"Person {number}", ConsentMeans.PAPER, datetime.now(UTC), vector, TemplateSource.PHOTO
            )


def test_a_calibration_is_made_with_the_comparison_in_use_and_counts_with_no_other(run, house, file):
    enrol_by_chance(house, 20)
    chosen(run, file)
    found = json.loads(run("calibrate", "--apply", "--json", pin=PIN).stdout)
    owner = house.measured().tau_owner
    assert found["encoder"] == house.settings()["access.tau_encoder"] == found["taken"]["encoder"] == owner
    assert found["present"]["tau"] == found["tau"] == house.policy().tau.value
    assert found["present"]["rated_size"] == 100
    assert found["taken"]["counts"] is True
    assert run("models", "comparison", "use", "squared", pin=PIN).exit_code == 0
    house.forget_networks()
    back = json.loads(run("calibrate", "--json").stdout)
    assert back["taken"]["counts"] is False
    assert "calibrated for another encoder" in back["present"]["states"]
    assert back["present"]["tau"] == house.encoder_card().default_tau.value == house.policy().tau.value


def test_the_gallery_against_itself_is_compared_by_it(run, house, file):
    enrol_by_chance(house, 20)
    card = house.encoder_card()
    with house.database() as database:  # somebody enrolled twice
        store = GalleryStore(database)
        again = Embedding(store.load_gallery(card.encoder_id, card.length).gallery.matrix[0], card.encoder_id)
        store.add_subject_with_template("Twin", ConsentMeans.PAPER, datetime.now(UTC), again, TemplateSource.PHOTO)
    chosen(run, file)
    with contextlib.closing(house.open_desk(networks=False)) as desk:
        itself = house.tau_standing(desk).door.itself
        rows, head = desk.gallery().gallery.matrix, house.measured().head
    d = head.table(rows, rows)
    np.fill_diagonal(d, np.inf)
    assert sorted(itself.searches.distance) == pytest.approx(sorted(d.min(axis=1)))
    assert itself.at(0.0).events == 1  # the twins


def test_events_and_genuine_scores_of_another_comparison_do_not_count(run, house, file):
    enrol_by_chance(house, 1)
    chosen(run, file)
    encoder, owner = str(house.encoder_card().encoder_id), house.measured().tau_owner
    event = partial(AuditEvent, datetime.now(UTC), "grant", gallery_size=5, runner_up=1.8, tau=1.9, frames=5)
    with house.database() as database:
        log = AuditLog(database)
        for belongs in (encoder, encoder, owner):
            named = {"subject_id": 1, "nearest_id": 1}
            log.record(event(encoder_id=belongs, distance=1.5, gates=("liveness", "PIN"), **named))
    found = json.loads(run("what-if", "--tau", "1.9", "--json").stdout)
    assert (found["encoder"], found["other_encoders"], found["grants"]["recorded"]) == (owner, 2, 1)
    with contextlib.closing(house.open_desk(networks=False)) as desk:
        assert [score.distance for score in desk.taus.staff().scores] == [1.5]
