"""``faceguard train head``: learned from half of the people, measured on the others, written with its own tau."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner

pytest.importorskip("sklearn")
pytest.importorskip("torch")  # the group of commands asks for the whole extra

from faceguard.cli import faceguard
from faceguard.cli.photo_bench import Bench
from faceguard.cli.train_head import verdict
from faceguard.compose import House
from faceguard.domain.similarity import HeadKind
from faceguard.models.heads import read_head

PEOPLE, PHOTOS, LENGTH = 240, 3, 128


@pytest.fixture
def home(tmp_path):
    return House(tmp_path / "home")


@pytest.fixture
def run(home):
    def run(*words, code=0):
        result = CliRunner().invoke(faceguard, ["--data-dir", str(home.folder), *map(str, words)])
        assert result.exit_code == code, result.output
        return result

    return run


@pytest.fixture
def people(tmp_path, monkeypatch):
    """Folders of people whose photos are empty: their embeddings are made up, by the names of the files."""
    root = tmp_path / "people"
    for person in range(PEOPLE):
        (root / f"p{person:03}").mkdir(parents=True)
        for photo in range(PHOTOS):
            (root / f"p{person:03}" / f"{photo}.png").touch()

    def embedding(name):
        person, photo = int(name[1:4]), int(name[5])
        own = np.random.default_rng(person).normal(size=LENGTH)
        row = own + np.random.default_rng([person, photo]).normal(scale=1.1, size=LENGTH)
        return row / np.linalg.norm(row)

    def acquire(_bench, photos):
        matrix = np.array([embedding(photo.name) for photo in photos], np.float32)
        present = np.ones(len(photos), np.bool_)
        present[1] = False  # one photo without a face
        return SimpleNamespace(matrix=matrix, present=present)

    monkeypatch.setattr(Bench, "acquire", acquire)
    return root


def test_both_forms_beside_the_squared_distance_on_people_seen_and_unseen(run, people):
    found = json.loads(run("train", "head", people, "--json").stdout)
    assert found["seen"]["people"] == found["unseen"]["people"] == PEOPLE // 2
    pairs = found["seen"]["n_genuine"] + found["unseen"]["n_genuine"]
    assert pairs == PEOPLE * 3 - 2  # the photo without a face costs two
    for half in ("seen", "unseen"):
        rows = found[half]["comparisons"]
        assert list(rows) == ["squared", "absolute", "chi-square"]
        for name, row in rows.items():
            assert set(row["tpr"]) == {"0.01", "0.001", "0.0001"}  # 64,000 comparisons show no 1e-5
            low, high = row["tpr_bounds"]["0.01"]
            assert low <= row["tpr"]["0.01"] <= high
            assert row["cllr_bounds"][0] <= row["cllr"] <= row["cllr_bounds"][1] < 1.0
            assert 0.0 < row["eer"] < 0.2
            assert ("difference" in row) == (name != "squared")
        by = rows["absolute"]["difference"]["0.01"]
        assert by["value"] == pytest.approx(rows["absolute"]["tpr"]["0.01"] - rows["squared"]["tpr"]["0.01"])
    assert set(found["verdict"]) == {"absolute", "chi-square"}
    assert found["verdict"]["absolute"]["fmr"] == "0.0001"
    assert found["out"] is None


def test_the_same_seed_gives_the_same_numbers_and_another_one_other_halves(run, people):
    one, again, other = (
        run("train", "head", people, "--json", "--kind", "absolute", "--seed", seed).stdout for seed in (1, 1, 2)
    )
    assert one == again
    assert json.loads(other)["unseen"] != json.loads(one)["unseen"]


def test_people_read_a_table_and_an_answer(run, people):
    said = run("train", "head", people, "--kind", "chi-square").stdout
    assert "people it never saw" in said
    assert "people it was trained on" in said
    assert "against squared" in said
    assert "Cllr" in said
    assert "new staff" in said.lower()
    assert "absolute" not in said


def test_what_is_written_was_measured_on_the_people_it_never_saw(run, home, people, tmp_path):
    out = tmp_path / "own.head.toml"
    found = json.loads(run("train", "head", people, "--kind", "absolute", "--out", out, "--json").stdout)
    card = read_head(out)
    unseen = found["unseen"]
    assert (card.id, card.head.kind) == ("own", HeadKind.ABSOLUTE)
    assert card.head.encoder_id == home.encoder_card().encoder_id
    assert [p.fmr for p in card.operating_points] == [1e-2, 1e-3, 1e-4]
    for point in card.operating_points:
        key = {1e-2: "0.01", 1e-3: "0.001", 1e-4: "0.0001"}[point.fmr]
        assert 0.0 <= unseen["comparisons"]["absolute"]["tau"][key] - point.tau.value <= 1e-4
        assert (point.n_genuine, point.n_impostor) == (unseen["n_genuine"], unseen["n_impostor"])
        assert "it never saw" in point.data_set
    assert card.impostor.people == unseen["people"]
    assert "seed 1" in card.origin
    assert card.default_tau is not None
    assert found["rated_size"] == card.rated_size


def test_a_list_of_pairs_is_split_by_people_and_nothing_is_made_up(run, people, tmp_path):
    lines = ["image_a,image_b,same"]
    lines += [f"p{i:03}/{a}.png,p{i:03}/{b}.png,1" for i in range(PEOPLE) for a, b in ((0, 2), (2, 0))]
    lines += [f"p{i:03}/0.png,p{(i + k) % PEOPLE:03}/2.png,0" for i in range(PEOPLE) for k in range(1, 9)]
    (tmp_path / "pairs.csv").write_text("\n".join(lines))
    out = tmp_path / "listed.head.toml"
    words = ("train", "head", tmp_path / "pairs.csv", "--root", people, "--kind", "absolute", "--out", out, "--json")
    found = json.loads(run(*words).stdout)
    assert found["seen"]["n_genuine"] + found["unseen"]["n_genuine"] == 2 * PEOPLE - 2  # one photo has no face
    assert abs(found["seen"]["n_genuine"] - found["unseen"]["n_genuine"]) == 2
    assert 0 < found["unseen"]["n_impostor"] < PEOPLE * 8 / 2
    assert found["training_pairs"]["different"] == found["seen"]["n_impostor"]
    card = read_head(out)
    assert (card.impostor, card.rated_size) == (None, None)
    assert card.default_tau is None  # so few pairs show no FMR of 1e-4: with it the door denies
    assert run("train", "head", tmp_path / "pairs.csv", code=2).output.count("--root is missing") == 1


def test_wrong_use_is_told_before_anything_is_encoded(run, people, tmp_path):
    assert "say which with --kind" in run("train", "head", people, "--out", tmp_path / "x.head.toml", code=2).output
    said = run("train", "head", people, "--kind", "absolute", "--out", tmp_path / "x.toml", code=2).output
    assert "ID.head.toml" in said


def gains(low, value, high):
    return {"comparisons": {"a": {"difference": {"0.01": {}, "0.0001": {"low": low, "value": value, "high": high}}}}}


@pytest.mark.parametrize(
    ("seen", "unseen", "helps", "retrain"),
    [
        ((0.01, 0.02, 0.03), (0.02, 0.03, 0.04), "yes", "no"),
        ((0.01, 0.02, 0.03), (-0.03, -0.02, -0.01), "no", "yes"),
        ((-0.01, 0.0, 0.01), (-0.02, -0.005, 0.01), "not shown", "not shown"),
    ],
)
def test_the_answer_about_new_staff_follows_the_bounds(seen, unseen, helps, retrain):
    found = verdict("a", gains(*seen), gains(*unseen))
    assert (found["fmr"], found["helps"], found["retrain"]) == ("0.0001", helps, retrain)
