"""Error rates from the command line, on a small folder of photographs that come with installed packages."""

import json
import shutil
import zipfile

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from faceguard.camera.bundled_photos import bundled_photo
from faceguard.cli import faceguard
from faceguard.compose import House
from faceguard.pipeline.still import StillExaminer

PEOPLE = ("group 1", "group 2", "group 3", "group 4")
PIN = "274951"


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    """Four people with two photos each (the second one darker, smaller and noisier), and one without a face."""
    root = tmp_path_factory.mktemp("people")
    chance = np.random.default_rng(2)
    for name in PEOPLE:
        folder = root / name.replace(" ", "_")
        folder.mkdir()
        pixels = bundled_photo(name).pixels
        small = cv2.resize(pixels, None, fx=0.8, fy=0.8, interpolation=cv2.INTER_AREA)
        other = np.clip(0.8 * small + chance.normal(0, 4, small.shape), 0, 255).astype(np.uint8)
        cv2.imwrite(str(folder / "1.png"), pixels)
        cv2.imwrite(str(folder / "2.png"), other)
    blank = root / "nobody"
    blank.mkdir()
    cv2.imwrite(str(blank / "1.png"), np.full((200, 200, 3), 128, np.uint8))
    return root


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


def run(home, *words, pin=None):
    typed = None if pin is None else f"{pin}\n"
    return CliRunner().invoke(faceguard, ["--data-dir", str(home), *map(str, words)], input=typed)


def test_a_folder_is_compared_photo_by_photo(home, people):
    answer = run(home, "evaluate", "folder", people, "--json", "--fuse", "1", "--search", "2")
    assert answer.exit_code == 0, answer.output
    found = json.loads(answer.stdout)
    assert (found["photos"], found["people"]) == (9, 5)
    assert found["failed_to_acquire"] == 1
    assert sum(found["failure_reasons"].values()) == 1
    assert (found["n_genuine"], found["n_impostor"]) == (4, 24)
    assert (found["lost_genuine"], found["lost_impostor"]) == (0, 8)
    assert set(found["tpr"]) == set(found["tau"]) == {"0.01", "0.001", "0.0001", "0.00001"}
    assert found["tpr"]["0.01"] is None  # 24 comparisons show no rate of 1 %
    assert found["accuracy"] is None
    assert found["encoder"].startswith("encoder_s@")
    assert found["mirror"] is True
    assert found["fused"][0]["n_genuine"] == 4
    assert found["search"][0]["people"] == 2
    assert found["rated_size"] is None


def test_pairs_give_accuracy_and_rates(home, people, tmp_path):
    lines = ["image_a,image_b,same"]
    names = [name.replace(" ", "_") for name in PEOPLE]
    lines += [f"{a}/{i}.png,{a}/{3 - i}.png,1" for a in names for i in (1, 2)] * 2
    lines += [f"{a}/1.png,{b}/{i}.png,0" for a in names for b in names for i in (1, 2) if a != b] * 5
    lines += [f"{names[0]}/1.png,nobody/1.png,0"]
    (tmp_path / "pairs.csv").write_text("\n".join(lines))
    answer = run(home, "evaluate", "pairs", tmp_path / "pairs.csv", "--root", people, "--json")
    assert answer.exit_code == 0, answer.output
    found = json.loads(answer.stdout)
    assert found["accuracy"] == 1.0
    assert found["accuracy_standard_error"] == 0.0
    assert (found["n_genuine"], found["n_impostor"], found["lost_impostor"]) == (16, 120, 1)
    assert found["failed_to_acquire"] == 1
    assert found["tpr"]["0.01"] == 1.0
    assert found["false_matches"]["0.01"] <= 1
    assert found["tau"]["0.001"] is None
    low, high = found["bounds"]["0.01"]["tpr"]
    assert low < 0.8 < high == 1.0


def test_few_pairs_give_rates_but_no_accuracy(home, people, tmp_path):
    lines = ["image_a,image_b,same", "group_1/1.png,group_1/2.png,1", "group_1/1.png,group_2/2.png,0"]
    (tmp_path / "pairs.csv").write_text("\n".join(lines))
    answer = run(home, "evaluate", "pairs", tmp_path / "pairs.csv", "--root", people, "--json")
    assert answer.exit_code == 0, answer.output
    assert json.loads(answer.stdout)["accuracy"] is None


def test_pairs_of_which_a_class_gave_no_embedding_are_refused(home, people, tmp_path):
    lines = ["image_a,image_b,same", "group_1/1.png,group_1/2.png,1", "group_1/1.png,nobody/1.png,0"]
    (tmp_path / "pairs.csv").write_text("\n".join(lines))
    answer = run(home, "evaluate", "pairs", tmp_path / "pairs.csv", "--root", people)
    assert answer.exit_code == 2
    assert "1 photos gave no embedding" in answer.output


def test_mirror_averaging_can_be_switched_off_for_a_measurement(home, people):
    plain = run(home, "evaluate", "folder", people, "--json", "--no-mirror", "--limit", "2")
    found = json.loads(plain.stdout)
    assert found["mirror"] is False
    assert "-plain-" in found["encoder"]
    assert found["people"] == 2


def test_people_read_a_table(home, people):
    answer = run(home, "evaluate", "folder", people, "--fuse", "1", "--search", "2,3")
    assert answer.exit_code == 0, answer.output
    assert "failures to acquire: 1" in answer.output
    assert "not measurable with 24 impostor comparisons" in answer.output
    assert "Rated size" in answer.output


@pytest.mark.parametrize(
    "words",
    [
        ("folder", "nowhere"),
        ("folder", "PEOPLE", "--encoder", "nobody"),
        ("folder", "PEOPLE", "--search", "5"),
        ("folder", "PEOPLE", "--to-card"),
        ("folder", "PEOPLE", "--fuse", "one"),
        ("folder", "PEOPLE", "--fuse", "0"),
        ("pairs", "nowhere.csv", "--root", "PEOPLE"),
        ("parallax", "--photos", "nowhere"),
    ],
)
def test_wrong_use_ends_with_one_sentence(home, people, words):
    answer = run(home, "evaluate", *(str(people) if word == "PEOPLE" else word for word in words))
    assert answer.exit_code == 2
    assert "Traceback" not in answer.output


def test_the_parallax_of_one_person_is_played(home):
    answer = run(home, "evaluate", "parallax", "--people", "1", "--json")
    assert answer.exit_code == 0, answer.output
    found = json.loads(answer.stdout)
    assert (found["heads"]["n"], found["planes"]["n"]) == (3, 9)
    assert found["people"] == 1


@pytest.mark.shared
def test_an_encoder_that_an_admin_brought_is_measured_and_gets_its_tau(home, shared, tmp_path):
    network = shared / "models" / "mirror" / "mobilefacenet_y1_128.onnx"
    (tmp_path / "teacher.toml").write_text(TEACHER)
    assert run(home, "setup", "--pin-stdin", pin=PIN).exit_code == 0
    added = run(home, "models", "add", network, "--card", tmp_path / "teacher.toml", pin=PIN)
    assert added.exit_code == 0, added.output
    people = shared / "data" / "lfw_dev"
    words = ("evaluate", "folder", people, "--limit", "120", "--encoder", "teacher", "--to-card", "--json")
    answer = run(home, *words, pin=PIN)
    assert answer.exit_code == 0, answer.output
    found = json.loads(answer.stdout)
    assert found["failed_to_acquire"] == 0
    assert found["tpr"]["0.01"] > 0.95
    models = json.loads(run(home, "models", "list", "--json").stdout)["models"]
    points = next(model for model in models if model["id"] == "teacher")["operating_points"]
    assert points[0]["fmr"] == 0.01
    assert found["tau"]["0.01"] - 1e-4 <= points[0]["tau"] <= found["tau"]["0.01"]
    assert "lfw_dev" in points[0]["data_set"]
    impostor = House(home).catalogue.card("teacher").impostor
    assert impostor.people == 120
    assert "lfw_dev" in impostor.data_set


TEACHER = """
[[encoder]]
id = "teacher"
file = "mobilefacenet_y1_128.onnx"
sha256 = "55dd862c058a4296e7306db453e9407b2063bd29cbe287d0a55d4d82aff30a3a"
size_bytes = 4131059
inputs = [{ name = "data", shape = ["batch", 3, 112, 112] }]
outputs = [{ name = "fc1", shape = ["batch", 128] }]
input_size = 112
colour_order = "RGB"
template = "arcface"
template_points = [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]]
mirror = true
length = 128
licence = "non-commercial research"
origin = "converted from MobileFaceNet's parameters"
"""


def lfw_list(people):
    """Two folds over the four people, a photo without a face in the second."""
    for folder in people.iterdir():
        for number, photo in enumerate(sorted(folder.glob("?.png")), 1):
            # the suffix LFW's photos have; the program looks at the content
            (folder / f"{folder.name}_{number:04d}.jpg").write_bytes(photo.read_bytes())
    names = [name.replace(" ", "_") for name in PEOPLE]
    one = [f"{name}\t1\t2" for name in names]
    two = [f"{a}\t1\t{b}\t2" for a, b in zip(names, names[1:] + names[:1], strict=True)]
    return "\n".join(["2\t4", *one, *two, *one, *two[:3], f"{names[0]}\t1\tnobody\t1"])


@pytest.fixture
def lfw_files(people, tmp_path):
    root = tmp_path / "lfw"
    shutil.copytree(people, root)
    (tmp_path / "pairs.txt").write_text(lfw_list(root))
    return tmp_path / "pairs.txt", root


def test_lfw_counts_a_failed_pair_as_wrong_and_the_second_run_knows_the_photos(home, lfw_files, tmp_path):
    words = ("evaluate", "lfw", lfw_files[0], "--root", lfw_files[1], "--cache", tmp_path / "kept")
    answer = run(home, *words, "--json")
    assert answer.exit_code == 0, answer.output
    found = json.loads(answer.stdout)
    assert found["accuracy_by_fold"] == [1.0, 7 / 8]
    assert found["accuracy"] == 15 / 16
    assert (found["n_genuine"], found["n_impostor"], found["lost_genuine"], found["lost_impostor"]) == (8, 7, 0, 1)
    assert set(found["tpr"]) == {"0.01", "0.001"}
    assert (found["from_cache"], found["failed_to_acquire"], found["eer"]) == (0, 1, 0.0)
    again = run(home, *words)
    assert again.exit_code == 0, again.output
    assert "9 photos were known from earlier runs" in again.output
    assert "Accuracy over 2 folds 93.75%" in again.output
    second = json.loads(run(home, *words, "--json").stdout)
    changing = {"seconds", "encoder_seconds", "from_cache"}
    assert {k: v for k, v in found.items() if k not in changing} == {
        k: v for k, v in second.items() if k not in changing
    }


def test_a_damaged_cache_is_told_and_made_anew(home, lfw_files, tmp_path):
    words = ("evaluate", "lfw", lfw_files[0], "--root", lfw_files[1], "--cache", tmp_path / "kept", "--json")
    first = json.loads(run(home, *words).stdout)
    (kept,) = (tmp_path / "kept").iterdir()
    content = kept.read_bytes()
    kept.write_bytes(content[:3000] + b"!" + content[3001:])
    again = run(home, *words)
    assert "1 damaged entries" in again.stderr
    second = json.loads(again.stdout)
    assert second["from_cache"] == 8
    assert second["tau_by_fold"] == first["tau_by_fold"]
    assert "damaged" not in run(home, *words).stderr


def test_ctrl_c_is_told_and_the_same_command_goes_on(home, lfw_files, tmp_path, monkeypatch):
    words = ("evaluate", "lfw", lfw_files[0], "--root", lfw_files[1], "--cache", tmp_path / "kept", "--json")
    encode, done = StillExaminer.encode, []

    def interrupted(self, found):
        if len(done) == 3:
            raise KeyboardInterrupt
        done.append(found)
        return encode(self, found)

    monkeypatch.setattr(StillExaminer, "encode", interrupted)
    stopped = run(home, *words)
    assert stopped.exit_code == 2
    assert "Stopped after 3 of 9 photos" in stopped.stderr
    monkeypatch.setattr(StillExaminer, "encode", encode)
    assert json.loads(run(home, *words).stdout)["from_cache"] == 3


def test_without_a_cache_nothing_is_kept(lfw_files, tmp_path):
    words = ("evaluate", "lfw", lfw_files[0], "--root", lfw_files[1], "--no-cache")
    assert run(tmp_path / "new", *words).exit_code == 0
    assert not (tmp_path / "new" / "embeddings").exists()
    assert run(tmp_path / "new", *words, "--cache", tmp_path / "kept").exit_code == 2


@pytest.fixture
def utk_zip(people, tmp_path):
    """Eight photos and one without a face, named as UTKFace names its own."""
    with zipfile.ZipFile(tmp_path / "faces.zip", "w") as archive:
        for number, photo in enumerate(sorted(people.glob("*/?.png"))):
            archive.write(photo, f"faces/30_{number % 2}_0_{number:05d}.jpg")
        archive.writestr("faces/x_x_x_00099.jpg", b"no photo")
    return tmp_path / "faces.zip"


def test_groups_are_compared_within_themselves_out_of_a_zip(home, utk_zip):
    answer = run(home, "evaluate", "groups", utk_zip, "--tau", "1.2", "--json")
    assert answer.exit_code == 0, answer.output
    found = json.loads(answer.stdout)
    assert found["overall"]["n_impostor"] == 28  # both photos of a person are there: they count as false matches
    assert found["overall"]["false_matches"] == 4
    assert {row["group"] for row in found["groups"]} == {"White male", "White female"}
    assert sum(row["n_impostor"] for row in found["groups"]) == 12
    assert found["failed_to_acquire"] == 2
    assert len(found["nearest"]) == 4
    assert "Fewer than two" in run(home, "evaluate", "groups", utk_zip, "--age-from", "31").output
    told = run(home, "evaluate", "groups", utk_zip, "--age-from", "30")
    assert told.exit_code == 0, told.output
    assert "the worst first" in told.output


def test_groups_of_the_photos_that_training_keeps_apart(home, utk_zip):
    everything = run(home, "evaluate", "groups", utk_zip, "--tau", "1.2", "--kept-apart", "1", "--json")
    assert json.loads(everything.stdout)["overall"]["n_impostor"] == 28
    part = run(home, "evaluate", "groups", utk_zip, "--tau", "1.2", "--kept-apart", "0.6", "--json")
    assert json.loads(part.stdout)["overall"]["n_impostor"] < 28
    assert "Fewer than two" in run(home, "evaluate", "groups", utk_zip, "--kept-apart", "0.0001").output


def test_groups_come_from_a_list_as_well(home, people, tmp_path):
    lines = [f"{photo.relative_to(people).as_posix()},all" for photo in people.glob("*/?.png")]
    (tmp_path / "groups.csv").write_text("\n".join(["file,group", *lines]))
    answer = run(home, "evaluate", "groups", people, "--groups", tmp_path / "groups.csv", "--json")
    assert answer.exit_code == 0, answer.output
    (row,) = json.loads(answer.stdout)["groups"]
    assert (row["photos"], row["n_impostor"]) == (8, 28)
    (tmp_path / "groups.csv").write_text("\n".join(["file,group", *lines[1:]]))
    assert "lacks 1 of 9 photos" in run(home, "evaluate", "groups", people, "--groups", tmp_path / "groups.csv").output


@pytest.mark.shared
def test_the_photos_of_utkface_are_read_out_of_their_zip(home, shared):
    answer = run(home, "evaluate", "groups", shared / "data" / "utkface.zip", "--limit", "40", "--json")
    assert answer.exit_code == 0, answer.output
    found = json.loads(answer.stdout)
    assert found["photos"] == 40
    assert len(found["groups"]) > 3


def test_a_report_is_written_beside_what_is_printed(home, people, tmp_path):
    pytest.importorskip("matplotlib")
    words = ("evaluate", "folder", people, "--search", "2", "--json", "--thumbnails")
    plain = json.loads(run(home, *words).stdout)
    for name in ("r.html", "r.pdf"):
        answer = run(home, *words, "--report", tmp_path / name)
        assert answer.exit_code == 0, answer.output
        assert json.loads(answer.stdout).keys() == plain.keys()
        assert "Report written to" in answer.stderr
    assert "group_1/1.png" in (tmp_path / "r.html").read_text()
    assert (tmp_path / "r.pdf").read_bytes().startswith(b"%PDF-")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r.html", "r.pdf"]


def test_lfw_and_groups_write_one_too(home, lfw_files, utk_zip, tmp_path):
    pytest.importorskip("matplotlib")
    lfw = run(home, "evaluate", "lfw", lfw_files[0], "--root", lfw_files[1], "--report", tmp_path / "lfw.html")
    groups = run(home, "evaluate", "groups", utk_zip, "--report", tmp_path / "groups.html", "--thumbnails")
    assert lfw.exit_code == groups.exit_code == 0, lfw.output + groups.output
    assert "Accuracy by fold" in (tmp_path / "lfw.html").read_text()
    assert "White female" in (tmp_path / "groups.html").read_text()


@pytest.mark.parametrize("name", ["r.txt", "nowhere/r.html"])
def test_a_report_that_cannot_be_is_refused_before_the_work(home, people, tmp_path, name):
    answer = run(home, "evaluate", "folder", people, "--report", tmp_path / name)
    assert answer.exit_code == 2
    assert "photos" not in answer.stderr.replace("faceguard evaluate folder", "")


def test_without_matplotlib_the_extra_is_named(home, people, tmp_path, monkeypatch):
    monkeypatch.setattr("faceguard.cli.report_file.find_spec", lambda name: None)
    answer = run(home, "evaluate", "folder", people, "--report", tmp_path / "r.html")
    assert answer.exit_code == 2
    assert "extra report" in answer.stderr


def test_kept_embeddings_are_counted_and_cleared(home, people, tmp_path):
    kept = tmp_path / "kept"
    assert run(home, "evaluate", "folder", people, "--limit", "2", "--cache", kept).exit_code == 0
    found = json.loads(run(home, "evaluate", "embeddings", "--cache", kept, "--json").stdout)
    assert (found["files"], found["cleared"]) == (1, False)
    assert run(home, "evaluate", "embeddings", "--cache", kept, "--clear").exit_code == 0
    assert list(kept.iterdir()) == []


def test_the_share_of_the_encoder_is_measured(home, people):
    answer = run(home, "bench", "photos", people, "--json")
    assert answer.exit_code == 0, answer.output
    found = json.loads(answer.stdout)
    assert (found["photos"], found["encoded"]) == (9, 8)
    assert found["share"] == pytest.approx(found["encoder_alone_seconds"] / found["seconds"], rel=0.05)
