"""The list of packs: true, complete, and every mistake in it one sentence."""

import importlib.util

import pytest

from faceguard.domain.card import ModelTask
from faceguard.domain.errors import ModelFault
from faceguard.models.packs import Recipe, read_packs

PACK = """
[[pack]]
id = "one"
title = "One"
about = "For tests."
licence = "MIT"
[[pack.files]]
name = "one.onnx"
address = "https://files.example/one.onnx"
sha256 = "{digest}"
size_bytes = 10
[[pack.networks]]
source = "one.onnx"
task = "encoder"
[pack.networks.card]
id = "one"
""".replace("{digest}", "0" * 64)


@pytest.fixture
def packs(project):
    return {pack.id: pack for pack in read_packs(project / "models" / "packs.toml")}


def test_the_packs_are_there(packs):
    assert set(packs) == {"yunet", "minifasnet", "sface", "ediffiqa", "buffalo_l", "buffalo_sc"}
    tasks = {i: {network.task for network in pack.networks} for i, pack in packs.items()}
    assert tasks["yunet"] == {ModelTask.DETECTOR}
    assert tasks["minifasnet"] == {ModelTask.PAD}
    assert tasks["ediffiqa"] == {ModelTask.QUALITY}
    assert tasks["sface"] == tasks["buffalo_l"] == tasks["buffalo_sc"] == {ModelTask.ENCODER}


def test_no_pack_has_the_id_of_a_bundled_network(packs, project):
    from faceguard.models.cards import read_cards

    bundled = {card.id for card in read_cards(project / "models" / "cards.toml")}
    assert bundled.isdisjoint(i for pack in packs.values() for i in pack.network_ids)


def test_the_licence_of_insightface_is_accepted_by_its_name_only(packs):
    for pack in packs.values():
        insightface = any(network.recipe is Recipe.INSIGHTFACE for network in pack.networks)
        assert ("non-commercial" in pack.licence) is insightface is bool(pack.accept)
        assert pack.accepted("") is not insightface
    pack = packs["buffalo_l"]
    assert pack.accepted("  Non-commercial  research ONLY ")
    for typed in ("yes", "y", "non-commercial", "non-commercial research", "commercial research only"):
        assert not pack.accepted(typed)


def test_insightface_packs_lie_where_the_library_says(packs):
    if importlib.util.find_spec("insightface") is None:
        pytest.skip("insightface is not installed")
    from insightface.utils.storage import model_zoo_download_url

    for pack in packs.values():
        if pack.accept:
            assert [file.address for file in pack.files] == [model_zoo_download_url(f"{pack.id}.zip")]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("https://", "http://", "https"),
        ("https://", "file:///", "https"),
        ('name = "one.onnx"', 'name = "../one.onnx"', "plain name"),
        ('name = "one.onnx"', 'name = ".one"', "plain name"),
        ("0" * 64, "0" * 63, "64 lower-case hex"),
        ("size_bytes = 10", "size_bytes = 9999999999", "size_bytes"),
        ("size_bytes = 10", "size_bytes = true", "size_bytes"),
        ('task = "encoder"', 'task = "cook"', "cook"),
        ('source = "one.onnx"', 'source = "two.onnx"', "a file of its pack"),
        ('source = "one.onnx"', 'source = "one.onnx"\nrecipe = "insightface"', "only a zip has members"),
        ('licence = "MIT"', "", "'licence' is missing"),
        ('licence = "MIT"', 'licence = "MIT"\nprice = 3', "'price' is not known"),
        ('id = "one"\ntitle', 'id = "one two"\ntitle', "plain word"),
        ("[[pack]]", "[[packet]]", "nothing else"),
        ("[[pack]]", "[[pack", "not valid"),
        ("[pack.networks.card]\n", "", "not known"),
    ],
)
def test_mistakes_have_one_sentence(tmp_path, old, new, words):
    assert old in PACK
    (tmp_path / "packs.toml").write_text(PACK)
    read_packs(tmp_path / "packs.toml")
    (tmp_path / "packs.toml").write_text(PACK.replace(old, new, 1))
    with pytest.raises(ModelFault, match=words):
        read_packs(tmp_path / "packs.toml")


def test_an_id_twice_is_refused(tmp_path):
    (tmp_path / "packs.toml").write_text(PACK + PACK)
    with pytest.raises(ModelFault, match="used twice"):
        read_packs(tmp_path / "packs.toml")
    with pytest.raises(ModelFault, match="cannot be read"):
        read_packs(tmp_path / "none.toml")
