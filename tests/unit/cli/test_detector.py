"""A detector measured from the command line on photographs that come with installed packages."""

import json

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from faceguard.camera.bundled_photos import bundled_photo
from faceguard.cli import detector, faceguard

PEOPLE = ("group 1", "group 2", "group 4")


@pytest.fixture(autouse=True)
def few_pictures(monkeypatch):
    """A thousand pictures take ten seconds."""
    monkeypatch.setattr(detector, "CROPS_EACH", 2)
    monkeypatch.setattr(detector, "TEXTURES_EACH", 2)


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Three people in folders of different depth, a picture without a face, a damaged photo, and a text."""
    root = tmp_path_factory.mktemp("photos")
    (root / "a" / "deep").mkdir(parents=True)
    for place, name in zip(("a/1.png", "a/deep/2.png", "3.png"), PEOPLE, strict=True):
        cv2.imwrite(str(root / place), bundled_photo(name).pixels)
    cv2.imwrite(str(root / "grey.png"), np.full((120, 160, 3), 128, np.uint8))
    (root / "broken.jpg").write_bytes(b"\xff\xd8\xff no more")
    (root / "notes.txt").write_text("no photo")
    return root


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


def run(home, *words):
    return CliRunner().invoke(faceguard, ["--data-dir", str(home), "evaluate", "detector", *map(str, words)])


def test_a_folder_tree_is_measured_and_told_again_the_same(home, photos, project, shipped):
    words = (photos, "--size-px", "30,60", "--json")
    answer = run(home, *words)
    assert answer.exit_code == 0, answer.output
    found = json.loads(answer.stdout)
    assert found["detector"] == found["reference"] == shipped.detector.card.id
    assert (found["photos"], found["faces"], found["without_a_face"], found["unreadable"]) == (5, 3, 1, 1)
    assert sum(found["reasons"].values()) == 1
    plain = next(r for r in found["recall_from_40_px"] if (r["condition"], r["pose"]) == ("plain", "all"))
    assert plain["detector"]["k"] == plain["n"] == 3
    kinds = {row["kind"]: row["n"] for row in found["false_faces"] if row["kind"] != "all"}
    assert (kinds["brick"], kinds["noise"], len(kinds)) == (2, 2, 20)
    assert 2 <= kinds["beside faces"] <= 8, "the grey picture has room, a portrait may have none"
    all_ = found["false_faces"][-1]
    assert all_["n"] == sum(kinds.values())
    assert all_["detector"] == all_["reference"], "a detector beside itself"
    file = project / "models" / shipped.detector.card.file
    again = json.loads(run(home, *words, "--reference", file).stdout)
    differs = {"seconds": 0, "reference": file.stem}
    assert again | differs == found | differs, "the same network, named as a file"


def test_people_read_a_table(home, photos):
    answer = run(home, photos, "--limit", "2", "--size-px", "60")
    assert answer.exit_code == 0, answer.output
    assert "2 of 2 photos" in answer.output
    assert "38 of 38 pictures without a face" in answer.output
    assert "Faces of 40 px and more:" in answer.output


@pytest.mark.parametrize(
    "words",
    [
        ("nowhere",),
        ("PHOTOS", "--detector", "encoder_s"),
        ("PHOTOS", "--detector", "nobody"),
        ("PHOTOS", "--reference", "nobody"),
        ("PHOTOS", "--reference", "PHOTOS/notes.txt"),
        ("PHOTOS", "--reference", "ENCODER"),
        ("PHOTOS", "--size-px", "400"),
        ("PHOTOS", "--size-px", ""),
        ("PHOTOS", "--size-px", "forty"),
        ("PHOTOS", "--limit", "0"),
    ],
)
def test_wrong_use_ends_with_one_sentence(home, photos, project, words):
    encoder = str(project / "models" / "encoder_s.onnx")
    answer = run(home, *(word.replace("PHOTOS", str(photos)).replace("ENCODER", encoder) for word in words))
    assert answer.exit_code == 2
    assert "Traceback" not in answer.output


def test_photos_without_any_face_are_refused(home, tmp_path):
    cv2.imwrite(str(tmp_path / "grey.png"), np.full((120, 160, 3), 128, np.uint8))
    answer = run(home, tmp_path)
    assert answer.exit_code == 2
    assert "no face" in answer.output


@pytest.mark.shared
def test_another_network_says_where_the_faces_are(home, shared):
    reference = shared / "models" / "mirror" / "yunet_n_dynamic.onnx"
    answer = run(home, shared / "data" / "lfw_dev", "--limit", "4", "--reference", reference, "--json")
    assert answer.exit_code == 0, answer.output
    found = json.loads(answer.stdout)
    assert (found["reference"], found["faces"]) == ("yunet_n_dynamic", 4)
    plain = next(r for r in found["recall_from_40_px"] if (r["condition"], r["pose"]) == ("plain", "all"))
    assert plain["n"] == 20
    assert plain["detector"]["k"] >= 19
    assert plain["reference"]["k"] >= 19
