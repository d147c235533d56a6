"""Cards from TOML: the bundled ones are true, and every mistake has one sentence."""

import hashlib

import pytest

from faceguard.domain.card import DetectorCard, EncoderCard, PadCard
from faceguard.domain.errors import ModelFault
from faceguard.models.cards import parse_cards, read_cards


@pytest.fixture
def bundled_cards(project):
    return read_cards(project / "models" / "cards.toml")


def test_bundled_cards_name_the_very_files_that_lie_beside_them(bundled_cards, project):
    for card in bundled_cards:
        data = (project / "models" / card.file).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (card.size_bytes, card.sha256)
    assert {type(card) for card in bundled_cards} >= {DetectorCard, EncoderCard}


def test_bundled_cards_have_known_answers_licences_and_measured_rates(bundled_cards):
    for card in bundled_cards:
        assert card.known_answer is not None
        assert "non-commercial" in card.licence
    encoder = next(c for c in bundled_cards if isinstance(c, EncoderCard))
    assert encoder.default_tau is not None
    assert encoder.mirror


def test_card_of_a_test_is_read(stub):
    (card,) = parse_cards(stub.toml, "stub.toml")
    assert card.encoder_id.model_id == "stub"
    assert card.default_tau is None


def test_pad_card_is_read(stub):
    text = stub.toml.replace("[[encoder]]", "[[pad]]")
    for key in ("template =", "template_points", "mirror", "length ="):
        text = "\n".join(line for line in text.splitlines() if not line.startswith(key))
    text += '\ncrop_scale = 2.7\nclasses = ["live", "print"]\nbona_fide = "live"\n'
    text += "accept_threshold = 0.8\nattack_threshold = 0.3\n"
    assert isinstance(parse_cards(text, "pad.toml")[0], PadCard)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("mirror = true", "", "'mirror' is missing"),
        ("mirror = true", "miror = true", "'miror' is not known"),
        ("length = 8", "length = true", "length"),
        ("input_size = 16\n", "", "'input_size' is missing"),
        ('colour_order = "RGB"', 'colour_order = "GBR"', "colour_order"),
        ("mean = [127.5, 127.5, 127.5]", 'mean = ["a", 1, 1]', "'mean'"),
        ("mean = [127.5, 127.5, 127.5]", "mean = 3", "'mean'"),
        ("[[encoder]]", "[[decoder]]", "decoder"),
        ("[[encoder]]", "[[encoder]", "not valid TOML"),
        ("[[encoder]]", "encoder = 3\n", "encoder"),
        ('id = "stub"', "id = 3", "'id'"),
        ('sha256 = "', 'sha256 = "x', "sha256"),
        ("inputs = [", "inputs = [3, ", "inputs"),
        (
            'origin = "exported by a test"',
            'origin = "x"\noperating_points = [{ fmr = 1e-4, tau = 9.0, tpr = 1.0, '
            'n_genuine = 1, n_impostor = 1, data_set = "x" }]',
            "tau",
        ),
        (
            'origin = "exported by a test"',
            'origin = "x"\nknown_answer = { seed = 1, values = [], tolerance = 1 }',
            "known",
        ),
    ],
)
def test_every_mistake_in_a_card_has_one_sentence_that_names_it(stub, old, new, words):
    assert old in stub.toml
    with pytest.raises(ModelFault, match=words) as caught:
        parse_cards(stub.toml.replace(old, new), "mine.toml")
    assert caught.value.sentence.endswith(".")
    assert "\n" not in caught.value.sentence


def test_two_cards_with_one_id_are_refused(stub):
    with pytest.raises(ModelFault, match="two cards"):
        parse_cards(stub.toml + stub.toml, "mine.toml")


def test_missing_and_binary_card_files_have_a_sentence(tmp_path):
    with pytest.raises(ModelFault, match="missing"):
        read_cards(tmp_path / "cards.toml")
    (tmp_path / "cards.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ModelFault, match="cannot be read"):
        read_cards(tmp_path / "cards.toml")
