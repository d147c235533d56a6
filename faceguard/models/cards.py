"""Reads model cards from TOML.

A card file holds tables named after the task, one for each network::

    [[encoder]]
    id = "encoder_s"
    file = "encoder_s.onnx"
    ...
    [[encoder.operating_points]]
    fmr = 1e-4
    ...

Keys are the attributes of the cards in ``domain/card.py``; what has no default there must be present here, and a
key that is not known there is an error, for a misspelt threshold must not be a silent default.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from faceguard.domain.card import (
    AnyCard,
    ColourOrder,
    DetectorCard,
    EncoderCard,
    KnownAnswer,
    LandmarkCard,
    Layout,
    MeasuredRate,
    ModelTask,
    OperatingPoint,
    PadCard,
    QualityCard,
    TensorSpec,
)
from faceguard.domain.errors import ModelFault
from faceguard.domain.impostor import ImpostorModel, TailCheck
from faceguard.domain.score import Threshold
from faceguard.models.tables import as_is, build, list_of, number_of, text_of

CARD_FILE: Final = "cards.toml"
"""Name of the card file beside the bundled networks."""

_CARD_TYPES: Final[Mapping[ModelTask, type[AnyCard]]] = {
    ModelTask.DETECTOR: DetectorCard,
    ModelTask.LANDMARKS: LandmarkCard,
    ModelTask.ENCODER: EncoderCard,
    ModelTask.PAD: PadCard,
    ModelTask.QUALITY: QualityCard,
}


def read_cards(path: Path) -> tuple[AnyCard, ...]:
    """All cards of one file, in its order.

    Raises:
        ModelFault: the file cannot be read, is no TOML, or a card in it is not valid.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ModelFault(f"The model cards {path} are missing.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ModelFault(f"The model cards {path} cannot be read.", str(error)) from error
    return parse_cards(text, path.name)


def parse_cards(text: str, name: str) -> tuple[AnyCard, ...]:
    """Cards of a TOML text.

    Args:
        text: the TOML.
        name: what it is called in a sentence to people.

    Raises:
        ModelFault: no TOML, or a card in it is not valid.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ModelFault(f"The model cards {name} are not valid TOML: {error}.") from error
    cards: list[AnyCard] = []
    for task, tables in document.items():
        known = ", ".join(f"[[{t.value}]]" for t in ModelTask)
        if task not in {t.value for t in ModelTask} or not isinstance(tables, list):
            raise ModelFault(f"{name}: '{task}' is no kind of card; there are {known}.")
        cards += [_card(_CARD_TYPES[ModelTask(task)], table, name) for table in tables]
    ids = [card.id for card in cards]
    for card_id in ids:
        if ids.count(card_id) > 1:
            raise ModelFault(f"{name} holds two cards with the id '{card_id}'.")
    return tuple(cards)


def _card(card_type: type[AnyCard], table: Any, name: str) -> AnyCard:
    label = f"{name}, card '{table.get('id', '?')}'" if isinstance(table, Mapping) else name
    try:
        return build(card_type, table, _CARD_READERS)
    except (ValueError, TypeError) as error:
        raise ModelFault(f"{label}: {error}.") from error


def _tensor(table: Any) -> TensorSpec:
    return build(TensorSpec, table, {"name": text_of, "shape": list_of(as_is), "dtype": text_of})


def _rate(table: Any) -> MeasuredRate:
    return build(MeasuredRate, table, {"name": text_of, "value": number_of, "data_set": text_of})


def point_of(table: Any) -> OperatingPoint:
    """An operating point from its table, else ValueError."""
    readers = {"fmr": number_of, "tau": lambda v: Threshold(number_of(v)), "tpr": number_of, "data_set": text_of}
    return build(OperatingPoint, table, readers)


def impostor_of(table: Any) -> ImpostorModel:
    """An impostor model from its table, else ValueError."""
    numbers = list_of(list_of(number_of))
    check = {"fmr": number_of, "ratio": number_of, "ratio_back": number_of}
    return build(
        ImpostorModel,
        table,
        {
            "knots": numbers,
            "scale": number_of,
            "shape": number_of,
            "spread": numbers,
            "people": _whole,
            "photos": _whole,
            "pairs": _whole,
            "data_set": text_of,
            "checks": list_of(lambda row: build(TailCheck, row, {**check, "pairs": _whole})),
        },
    )


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"a whole number is expected, not {value!r}")
    return value


def _answer(table: Any) -> KnownAnswer:
    return build(KnownAnswer, table, {"values": list_of(number_of), "tolerance": number_of})


_CARD_READERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "id": text_of,
    "file": text_of,
    "sha256": text_of,
    "inputs": list_of(_tensor),
    "outputs": list_of(_tensor),
    "colour_order": lambda v: ColourOrder(text_of(v)),
    "layout": lambda v: Layout(text_of(v)),
    "mean": list_of(number_of),
    "std": list_of(number_of),
    "licence": text_of,
    "origin": text_of,
    "rates": list_of(_rate),
    "known_answer": _answer,
    "score_threshold": number_of,
    "nms_threshold": number_of,
    "strides": list_of(as_is),
    "template": text_of,
    "template_points": list_of(list_of(number_of)),
    "operating_points": list_of(point_of),
    "default_fmr": number_of,
    "impostor": impostor_of,
    "crop_scale": number_of,
    "classes": list_of(text_of),
    "bona_fide": text_of,
    "accept_threshold": number_of,
    "attack_threshold": number_of,
    "min_score": number_of,
}
