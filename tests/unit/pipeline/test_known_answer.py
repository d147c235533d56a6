"""A network that computes something else than it did is found at start-up."""

from dataclasses import replace

import numpy as np
import pytest

from faceguard.domain.errors import ModelFault
from faceguard.models.cards import parse_cards, read_cards
from faceguard.pipeline.known_answer import check, measure, open_checked, pattern, prove
from faceguard.pipeline.onnx_model import OnnxModel


@pytest.fixture
def card(stub):
    return parse_cards(stub.toml, "stub.toml")[0]


def test_pattern_is_the_same_for_ever():
    assert pattern(1, 16)[0, 0].tolist() == pattern(1, 112)[5, 5].tolist()
    assert pattern(1, 8)[0, :2].tolist() == [[51, 61, 209], [25, 229, 135]]
    assert not np.array_equal(pattern(1, 8), pattern(2, 8))


def test_bundled_networks_give_their_stored_answers(project):
    for card in read_cards(project / "models" / "cards.toml"):
        open_checked(card, (project / "models" / card.file).read_bytes(), "cpu")


def test_wrong_preprocessing_is_found(project):
    for card in read_cards(project / "models" / "cards.toml"):
        wrong = replace(card, mean=tuple(v + 10 for v in card.mean))
        with pytest.raises(ModelFault, match="wrong answers"):
            open_checked(wrong, (project / "models" / card.file).read_bytes(), "cpu")


def test_network_without_a_stored_answer_does_not_start_but_can_be_proved(card, stub):
    with pytest.raises(ModelFault, match="no known answer"):
        open_checked(card, stub.data, "cpu")
    answered = replace(card, known_answer=prove(card, stub.data))
    assert open_checked(answered, stub.data, "cpu").provider == "cpu"
    assert prove(answered, stub.data) == answered.known_answer


def test_answer_that_came_with_the_card_is_checked_not_replaced(card, stub):
    answer = prove(card, stub.data)
    wrong = replace(card, known_answer=replace(answer, values=(*answer.values[:-1], 99.0)))
    with pytest.raises(ModelFault, match="wrong answers"):
        prove(wrong, stub.data)


def test_runtime_that_computes_something_else_is_found(card, stub, monkeypatch):
    model = OnnxModel(replace(card, known_answer=prove(card, stub.data)), stub.data, "cpu")
    check(model)
    right = model.run
    monkeypatch.setattr(model, "run", lambda x: tuple(o * 1.01 for o in right(x)))
    with pytest.raises(ModelFault, match="wrong answers"):
        check(model)
    monkeypatch.setattr(model, "run", lambda x: tuple(o * np.nan for o in right(x)))
    with pytest.raises(ModelFault, match="not finite"):
        check(model)


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        (np.zeros(8), "without direction"),
        (np.ones(8), "one point"),
        (np.array([1, 0, 0, 0, 0, 0, 0, 0]), "one point"),
    ],
)
def test_encoder_that_maps_everybody_to_one_point_is_refused(stub, columns, words):
    data = stub.network(np.outer(stub.weights[:, 0], columns))
    card = parse_cards(stub.card(data), "stub.toml")[0]
    with pytest.raises(ModelFault, match=words):
        measure(OnnxModel(card, data, "cpu"))
