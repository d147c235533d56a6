"""Packs become networks in the catalogue, all of a pack or nothing of it."""

import hashlib
import io
import zipfile

import numpy as np
import pytest

from faceguard.domain.card import EncoderCard, ModelTask
from faceguard.domain.errors import ModelFault
from faceguard.models.catalogue import Catalogue
from faceguard.models.download import Downloads
from faceguard.models.installer import Installer
from faceguard.models.packs import Pack, PackNetwork, PinnedFile, Recipe, read_packs
from faceguard.pipeline.encoder import Encoder
from faceguard.pipeline.known_answer import open_checked, prove

CARD = {
    "input_size": 16,
    "colour_order": "RGB",
    "mean": [127.5] * 3,
    "std": [127.5] * 3,
    "template": "stub",
    "template_points": [[5.0, 6.0], [11.0, 6.0], [8.0, 9.0], [6.0, 12.0], [10.0, 12.0]],
    "mirror": True,
    "length": 8,
    "origin": "exported by a test",
}


@pytest.fixture
def catalogue(project, tmp_path):
    return Catalogue(project / "models", tmp_path / "data" / "models")


@pytest.fixture
def downloads(tmp_path, open_local):
    return Downloads(tmp_path / "data" / "downloads", None, open_local)


@pytest.fixture
def installer(catalogue, downloads):
    def make(*packs):
        return Installer(catalogue, packs, downloads, prove)

    return make


def pack_of(*files, card=CARD, accept="", recipe=Recipe.ONNX, member=None):
    networks = tuple(
        PackNetwork(file.name, ModelTask.ENCODER, {"id": f"net_{i}", **card}, recipe, member)
        for i, file in enumerate(files)
    )
    return Pack("pack", "Pack", "For tests.", "MIT", files, networks, accept)


def files_of(tmp_path):
    return sorted(str(p.relative_to(tmp_path / "data")) for p in (tmp_path / "data").rglob("*") if p.is_file())


def test_a_network_is_installed_with_a_complete_card(installer, catalogue, offered, stub, tmp_path):
    steps = []
    (card,) = installer(pack_of(offered("a.onnx", stub.data))).install("pack", progress=steps.append)
    assert isinstance(card, EncoderCard)
    assert (card.id, card.file, card.licence) == ("net_0", "a.onnx", "MIT")
    assert card.inputs[0].shape == ("batch", 3, 16, 16)
    assert card.known_answer is not None
    assert catalogue.verify("net_0", prove) == card
    assert files_of(tmp_path) == ["models/net_0/a.onnx", "models/net_0/cards.toml"]
    assert steps[0].done == 0
    assert steps[-2].done == steps[-2].total == len(stub.data)


def test_an_output_that_is_fixed_to_the_exporters_example_still_takes_a_mirrored_pair(
    installer, catalogue, offered, stub
):
    """InsightFace's files name an output of [1, 512] beside an input of any batch."""
    import onnx

    model = onnx.load_from_string(stub.data)
    axis = model.graph.output[0].type.tensor_type.shape.dim[0]
    axis.Clear()
    axis.dim_value = 1
    installer(pack_of(offered("a.onnx", model.SerializeToString()))).install("pack")
    encoder = Encoder(open_checked(*catalogue.resolve("net_0")))
    assert encoder.card.mirror
    from faceguard.domain.face import AlignedFace

    crop = np.random.default_rng(0).integers(0, 255, (16, 16, 3), dtype=np.uint8)
    assert encoder.encode(AlignedFace(crop, np.eye(2, 3), "stub", 0)).values.shape == (8,)


def test_of_two_networks_both_appear_or_none(installer, offered, stub, tmp_path):
    other = stub.network(stub.weights[:, ::-1])
    wrong = offered("b.onnx", b"no network at all")
    with pytest.raises(ModelFault, match=r"b\.onnx is no ONNX network"):
        installer(pack_of(offered("a.onnx", stub.data), wrong)).install("pack")
    assert not any(name.startswith("models") for name in files_of(tmp_path))
    cards = installer(pack_of(offered("a.onnx", stub.data), offered("c.onnx", other))).install("pack")
    assert [card.id for card in cards] == ["net_0", "net_1"]


def test_a_network_that_fails_its_test_leaves_nothing_behind(installer, catalogue, offered, stub, tmp_path):
    flat = stub.network(np.outer(np.full(len(stub.weights), 1e-3), np.ones(8)))
    with pytest.raises(ModelFault, match=r"one point|without direction"):
        installer(pack_of(offered("a.onnx", stub.data), offered("b.onnx", flat))).install("pack")
    assert [entry.id for entry in catalogue.entries()] == ["detector_s", "landmarks_s", "encoder_s"]


def test_what_is_missing_of_a_pack_is_added(installer, catalogue, offered, stub, server):
    pack = pack_of(offered("a.onnx", stub.data), offered("b.onnx", stub.network(stub.weights + 1.0)))
    installing = installer(pack)
    installing.install("pack")
    with pytest.raises(ModelFault, match="installed already"):
        installing.install("pack")
    catalogue.remove("net_1")
    server.asked.clear()
    assert [card.id for card in installing.install("pack")] == ["net_1"]
    assert server.asked == [("b.onnx", 0)]


def test_without_a_connection_it_is_said_what_to_copy_where(installer, downloads, offered, stub, server):
    files = offered("a.onnx", stub.data), offered("b.onnx", stub.network(stub.weights + 1.0))
    server.status = 503
    installing = installer(pack_of(*files))
    with pytest.raises(ModelFault) as caught:
        installing.install("pack")
    for words in (
        str(downloads.folder),
        "FACEGUARD_MODEL_MIRROR",
        *(f.sha256 for f in files),
        *(f.name for f in files),
    ):
        assert words in caught.value.sentence
    downloads.folder.mkdir(parents=True, exist_ok=True)
    for file in files:  # and then it is done
        (downloads.folder / file.name).write_bytes(server.files[file.name])
    assert len(installing.install("pack")) == 2


def test_the_licence_comes_before_the_download(installer, offered, stub, server):
    installing = installer(pack_of(offered("a.onnx", stub.data), accept="non-commercial research only"))
    for typed in ("", "yes", "MIT"):
        with pytest.raises(ModelFault, match="'non-commercial research only'"):
            installing.install("pack", typed)
    assert server.asked == []
    assert len(installing.install("pack", "Non-commercial research only")) == 1


def test_an_unknown_pack_is_named_with_those_there_are(installer, offered, stub):
    with pytest.raises(ModelFault, match="no pack 'other'; there are: pack"):
        installer(pack_of(offered("a.onnx", stub.data))).install("other")


def test_cancelling_installs_nothing(installer, catalogue, offered, stub):
    steps = []
    with pytest.raises(ModelFault, match="Cancelled"):
        installer(pack_of(offered("a.onnx", stub.data))).install(
            "pack", progress=steps.append, cancelled=lambda: any(step.doing.startswith("Testing") for step in steps)
        )
    assert all(entry.bundled for entry in catalogue.entries())


def test_a_disk_that_fails_between_two_networks_takes_the_first_back(installer, offered, stub, tmp_path, monkeypatch):
    from pathlib import Path

    rename = Path.rename

    def failing(self, target):
        if Path(target).name == "net_1":
            raise OSError("No space left on device")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    files = offered("a.onnx", stub.data), offered("b.onnx", stub.network(stub.weights + 1.0))
    with pytest.raises(ModelFault, match="cannot be copied"):
        installer(pack_of(*files)).install("pack")
    assert not any(name.startswith("models") for name in files_of(tmp_path))


# --- InsightFace --------------------------------------------------------------------------------------------------

SIDE = 112
FACE_CARD = {key: value for key, value in CARD.items() if key not in {"input_size", "mean", "std"}}
FACE_CARD["template_points"] = [[38.3, 51.7], [73.5, 51.5], [56.0, 71.7], [41.5, 92.4], [70.7, 92.2]]


@pytest.fixture(scope="module")
def recognition():
    """A recognition network by the library's rules: one square input of 112, one output."""
    from tests.unit.conftest import linear_network

    return linear_network(np.random.default_rng(4).normal(size=(3 * SIDE * SIDE, 8)), side=SIDE)


def zipped(**members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "/") + ".onnx", data)
    return file.getvalue()


def pinned(data, name="rec.onnx"):
    return PinnedFile(name, hashlib.sha256(data).hexdigest(), len(data))


def insightface_pack(file, member):
    return pack_of(
        file, card=FACE_CARD, recipe=Recipe.INSIGHTFACE, member=member, accept="non-commercial research only"
    )


@pytest.mark.parametrize("inside", ["rec", "buffalo__rec"])
def test_the_encoder_of_an_insightface_pack_is_scaled_as_the_library_says(installer, offered, recognition, inside):
    pytest.importorskip("insightface")
    file = offered("buffalo.zip", zipped(**{inside: recognition, "det": b"a detector"}))
    (card,) = installer(insightface_pack(file, pinned(recognition))).install("pack", "non-commercial research only")
    assert (card.file, card.input_size, card.mean, card.std) == ("rec.onnx", SIDE, (127.5,) * 3, (127.5,) * 3)


def test_a_pack_without_its_network_or_with_another_one_is_refused(installer, offered, recognition, tmp_path):
    other = recognition[:-1] + b"\0"
    for number, (data, words) in enumerate(
        (
            (zipped(det=b"a detector"), "does not hold the one network"),
            (zipped(rec=other), "is not the one that was published"),
            (zipped(rec=recognition + b"more"), "is not the one that was published"),
            (b"no zip at all", "cannot be read"),
        )
    ):
        file = offered(f"{number}.zip", data)
        with pytest.raises(ModelFault, match=words):
            installer(insightface_pack(file, pinned(recognition))).install("pack", "non-commercial research only")
    assert not any(name.startswith("models") for name in files_of(tmp_path))


def test_a_network_that_the_library_takes_for_something_else_is_no_encoder(installer, offered):
    pytest.importorskip("insightface")
    from tests.unit.conftest import linear_network

    small = linear_network(np.random.default_rng(4).normal(size=(3 * 96 * 96, 8)), side=96)
    file = offered("buffalo.zip", zipped(rec=small))
    with pytest.raises(ModelFault, match=r"does not take|cannot open"):
        installer(insightface_pack(file, pinned(small))).install("pack", "non-commercial research only")


# --- the real ones ------------------------------------------------------------------------------------------------


@pytest.mark.shared
def test_yunet_of_the_mirror_finds_the_portraits_face(catalogue, project, shared, tmp_path, astronaut):
    from faceguard.domain.face import Frame
    from faceguard.pipeline.detector import Detector

    mirrored = Downloads(tmp_path / "data" / "downloads", shared / "models" / "mirror")
    Installer(catalogue, read_packs(project / "models" / "packs.toml"), mirrored, prove).install("yunet")
    faces = Detector(open_checked(*catalogue.resolve("yunet"))).detect(Frame(astronaut, 0, 0))
    assert 170 < faces[0].box.left < 190
    assert faces[0].score > 0.9
