"""Runs side by side: what each does otherwise, and how well its encoder tells people apart."""

import csv
import json
from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from click.testing import CliRunner

from faceguard.cli import faceguard
from faceguard.domain.errors import FaceguardError
from faceguard.training import compare_runs
from faceguard.training.compare_runs import compare, options_beside
from faceguard.training.distil import new_network
from faceguard.training.face_set import FaceSet
from faceguard.training.recipe import Recipe
from faceguard.training.verification import accepted_by_person, true_positive_rate

SMALL = {"channels": [8, 8, 8, 8], "blocks": [1, 1, 1, 1], "length": 8}


def made(folder, recipe, *, plain=True, steps=5):
    """A run folder as training leaves it, with weights by chance."""
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(recipe.config()))
    with (folder / "curves.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([["step", "seconds", "name", "value"], [2, 1, "loss", 1], [steps, 2, "loss", 0.5]])
    torch.manual_seed(recipe.seed)
    for file in ("averaged.pt", "plain.pt")[: 2 if plain else 1]:
        torch.save(new_network(recipe).state_dict(), folder / file)
    return folder


@pytest.fixture
def faces(tmp_path):
    pixels = np.random.default_rng(1).integers(0, 256, (8, 160, 160, 3), np.uint8)
    people = np.array(["ada", "ada", "bob", "bob", "bob", "cy", "", "dee"])
    train = np.array([False] * 7 + [True])
    return SimpleNamespace(folder=tmp_path, crops=pixels, people=people, train=train)


def test_pairs_are_counted_person_by_person_and_sum_to_the_rate():
    rows = np.random.default_rng(2).normal(size=(60, 4))
    rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    who = np.arange(60) % 17
    accepted, pairs = accepted_by_person(rows, who, 0.1)
    assert len(pairs) == 17
    assert accepted.sum() / pairs.sum() == pytest.approx(true_positive_rate(rows, who, 0.1))
    assert 0 < accepted.sum() < pairs.sum()


def test_plain_and_averaged_weights_are_told_apart(faces, tmp_path):
    run = made(tmp_path / "run", Recipe(student="encoder", steps=5, batch=4, options=SMALL))
    averaged, plain = compare(faces, [run], [0.5])
    assert (averaged.weights, plain.weights) == ("averaged", "plain")
    assert averaged.samples == plain.samples == 20
    assert averaged.pairs.tolist() == [1, 3]
    assert averaged.cosine is None
    assert 0.0 <= averaged.tpr(0.5) <= 1.0


def test_the_teacher_is_as_near_to_itself_as_can_be(faces, tmp_path, monkeypatch):
    run = made(tmp_path / "run", Recipe(student="encoder", steps=5, batch=4, options=SMALL), plain=False)
    net = compare_runs.load_run(run)[1]

    def answers(_):
        return lambda crops: compare_runs.embed(net, np.ascontiguousarray(crops[..., ::-1]))

    monkeypatch.setattr(compare_runs, "unit_embeddings", answers)
    (found,) = compare(faces, [run], [0.5], tmp_path / "teacher.onnx")
    assert found.cosine == pytest.approx(1.0, abs=1e-5)


def test_what_a_run_does_otherwise_is_named():
    one = Recipe(student="encoder", steps=5, options=SMALL)
    other = Recipe(student="encoder", steps=5, rate=1e-4, options={**SMALL, "mixed": 0.25})
    assert options_beside(other, one) == {"mixed": 0.25, "rate": 1e-4}
    assert options_beside(one, one) == {}


def test_what_cannot_be_compared_is_said(faces, tmp_path):
    landmarks = made(tmp_path / "lm", Recipe(student="landmarks", steps=1, options={"width": 8}))
    with pytest.raises(FaceguardError, match="run of the landmarks"):
        list(compare(faces, [landmarks], [0.5]))
    with pytest.raises(FaceguardError, match="holds no run"):
        list(compare(faces, [tmp_path / "nothing"], [0.5]))
    faces.people = np.array(["a", "b", "c", "d", "e", "f", "g", "h"])
    with pytest.raises(FaceguardError, match="keeps people apart"):
        list(compare(faces, [landmarks], [0.5]))


def test_the_command_prints_a_line_a_run_and_one_object(faces, tmp_path, monkeypatch):
    monkeypatch.setattr(FaceSet, "open", classmethod(lambda cls, folder: faces))
    one = made(tmp_path / "one", Recipe(student="encoder", steps=5, batch=4, options=SMALL), plain=False)
    two = made(tmp_path / "two", Recipe(student="encoder", steps=5, batch=4, seed=2, options=SMALL), plain=False)
    words = ["train", "compare", str(tmp_path), str(one), str(two)]
    said = CliRunner().invoke(faceguard, words)
    assert said.exit_code == 0, said.output
    assert "+0.0 % [+0.0, +0.0] to the first" in said.stdout
    assert "seed=2" in said.stdout
    answer = json.loads(CliRunner().invoke(faceguard, [*words, "--json"]).stdout)
    assert [row["otherwise"] for row in answer["runs"]] == [{}, {"seed": 2}]
    assert answer["runs"][0]["genuine"] == 4
