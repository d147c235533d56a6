"""Bring your own network, from the command line."""

import json

import pytest
from click.testing import CliRunner

from faceguard.cli import faceguard

PIN = "274951"


@pytest.fixture
def run(tmp_path):
    """Runs a command in a data folder of its own; the answer holds exit code and output."""

    def invoke(*words, pin=None):
        typed = None if pin is None else f"{pin}\n"
        return CliRunner().invoke(faceguard, ["--data-dir", str(tmp_path / "data"), *map(str, words)], input=typed)

    return invoke


@pytest.fixture
def admin(run):
    assert run("setup", "--pin-stdin", pin=PIN).exit_code == 0


@pytest.fixture
def files(tmp_path, stub):
    (tmp_path / "stub.onnx").write_bytes(stub.data)
    (tmp_path / "stub.toml").write_text(stub.toml)
    return tmp_path / "stub.onnx", "--card", tmp_path / "stub.toml"


def listed(run):
    return {model["id"]: model for model in json.loads(run("models", "list", "--json").stdout)["models"]}


def test_the_bundled_networks_are_listed_in_use_and_good(run):
    models = listed(run)
    assert all(models[i]["bundled"] and models[i]["in_use"] for i in ("detector_s", "landmarks_s", "encoder_s"))
    assert models["encoder_s"]["tau"] == models["encoder_s"]["operating_points"][2]["tau"]
    answer = run("models", "verify", "--json")
    assert answer.exit_code == 0
    assert all(model["ok"] for model in json.loads(answer.stdout)["models"])
    assert "* encoder_s" in run("models", "list").output


def test_a_network_is_added_put_to_use_and_removed(run, admin, files):
    added = run("models", "add", *files, pin=PIN)
    assert added.exit_code == 0, added.output
    assert "no measured tau" in added.output
    assert not listed(run)["stub"]["in_use"]

    used = run("models", "use", "stub", pin=PIN)
    assert used.exit_code == 0, used.output
    assert "counts from the next start" in used.output
    assert "nobody is enrolled yet" in used.output
    assert listed(run)["stub"]["in_use"]
    assert not listed(run)["encoder_s"]["in_use"]

    kept = run("models", "remove", "stub", pin=PIN)
    assert kept.exit_code == 2
    assert "is in use" in kept.output

    assert run("models", "use", "encoder_s", pin=PIN).exit_code == 0
    assert run("models", "remove", "stub", pin=PIN).exit_code == 0
    assert "stub" not in listed(run)


@pytest.mark.parametrize("command", ["add", "use", "remove"])
def test_changes_need_the_admin_pin(run, admin, files, command):
    words = files if command == "add" else ("encoder_s",)
    answer = run("models", command, *words, pin="913572")
    assert answer.exit_code == 2
    assert "Wrong PIN" in answer.output
    assert "stub" not in listed(run)


def test_without_an_admin_pin_nothing_is_changed(run, files):
    answer = run("models", "add", *files, pin=PIN)
    assert answer.exit_code == 2
    assert "No admin PIN is set" in answer.output


def test_a_network_that_was_altered_is_found(run, admin, files, tmp_path):
    assert run("models", "add", *files, pin=PIN).exit_code == 0
    path = tmp_path / "data" / "models" / "stub" / "stub.onnx"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    answer = run("models", "verify", "stub")
    assert answer.exit_code == 1
    assert "is not the one on its card" in answer.output
    refused = run("models", "use", "stub", pin=PIN)
    assert refused.exit_code == 2


@pytest.mark.parametrize("words", [("use", "nobody"), ("remove", "nobody"), ("remove", "encoder_s")])
def test_what_cannot_be_done_is_said_in_one_sentence(run, admin, words):
    answer = run("models", *words, pin=PIN)
    assert answer.exit_code == 2
    assert answer.output.startswith("faceguard: ")
    assert "Traceback" not in answer.output


def test_an_unknown_network_is_no_good_one(run):
    answer = run("models", "verify", "nobody")
    assert answer.exit_code == 1
    assert "There is no network 'nobody'" in answer.output


# --- packs --------------------------------------------------------------------------------------------------------

NO_COMMERCE = "non-commercial research only"


@pytest.fixture
def mirror(shared, monkeypatch):
    monkeypatch.setenv("FACEGUARD_MODEL_MIRROR", str(shared / "models" / "mirror"))


@pytest.fixture
def unplugged(monkeypatch):
    """No test asks the internet: every address is out of reach."""
    monkeypatch.setattr("faceguard.models.download.TIMEOUT_S", 0.1)
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")


def packs(run):
    return {pack["id"]: pack for pack in json.loads(run("models", "packs", "--json").stdout)["packs"]}


def test_packs_are_listed_with_size_licence_and_digests(run):
    listed_packs = packs(run)
    assert listed_packs["sface"]["size_bytes"] == 38_696_353
    assert listed_packs["buffalo_l"]["accept"] == NO_COMMERCE
    assert all(len(file["sha256"]) == 64 for pack in listed_packs.values() for file in pack["files"])
    assert not any(pack["installed"] for pack in listed_packs.values())
    text = run("models", "packs").output
    assert "38.7 MB" in text
    assert "Licence: Apache-2.0" in text
    assert "models packs" in run("models", "list").output


@pytest.mark.shared
def test_a_liveness_pack_is_installed_put_to_use_and_removed(run, admin, mirror):
    installed = run("models", "install", "minifasnet", pin=PIN)
    assert installed.exit_code == 0, installed.output
    assert "Fetching 2.7_80x80_MiniFASNetV2.pth" in installed.stderr
    assert "models.pad = minifasnet_v2,minifasnet_v1se" in installed.stdout
    assert packs(run)["minifasnet"]["installed"]
    assert all(listed(run)[i]["in_use"] for i in ("minifasnet_v2", "minifasnet_v1se"))
    assert run("models", "verify").exit_code == 0

    again = run("models", "install", "minifasnet", pin=PIN)
    assert again.exit_code == 2
    assert "installed already" in again.output

    removed = run("models", "remove", "minifasnet", pin=PIN)
    assert removed.exit_code == 0, removed.output
    assert run("settings", "get", "models.pad").output.strip() in ("", "models.pad =")
    assert "minifasnet_v2" not in listed(run)
    assert "is not installed" in run("models", "remove", "minifasnet", pin=PIN).output


@pytest.mark.shared
def test_a_detector_pack_waits_until_it_is_put_to_use(run, admin, mirror):
    assert "models use yunet" in run("models", "install", "yunet", pin=PIN).stdout
    assert not listed(run)["yunet"]["in_use"]
    assert run("models", "use", "yunet", pin=PIN).exit_code == 0
    assert listed(run)["yunet"]["in_use"]
    assert "is in use" in run("models", "remove", "yunet", pin=PIN).output


def test_without_a_connection_it_is_said_what_to_copy_where(run, admin, unplugged, tmp_path):
    answer = run("models", "install", "sface", pin=PIN)
    assert answer.exit_code == 2
    assert "Traceback" not in answer.output
    for words in (
        "media.githubusercontent.com cannot be reached",
        str(tmp_path / "data" / "downloads"),
        "face_recognition_sface_2021dec.onnx (SHA-256 0ba9fbfa01b5270c",
        "FACEGUARD_MODEL_MIRROR",
    ):
        assert words in answer.stderr
    assert "sface" not in listed(run)


def test_a_licence_is_accepted_by_its_name(run, admin, unplugged):
    for words in ((), ("--accept-licence", "yes")):
        answer = run("models", "install", "buffalo_sc", *words, pin=PIN)
        assert answer.exit_code == 2
        assert f"--accept-licence '{NO_COMMERCE}'" in answer.stderr
        assert "Fetching" not in answer.stderr
    assert (
        "cannot be reached" in run("models", "install", "buffalo_sc", "--accept-licence", NO_COMMERCE, pin=PIN).stderr
    )


@pytest.mark.parametrize("words", [("install", "nothing"), ("install", "yunet")], ids=["unknown pack", "wrong PIN"])
def test_what_cannot_be_installed_is_said_in_one_sentence(run, admin, unplugged, words):
    answer = run("models", *words, pin="913572" if words[1] == "yunet" else PIN)
    assert answer.exit_code == 2
    assert ("Wrong PIN" if words[1] == "yunet" else "There is no pack 'nothing'") in answer.stderr
